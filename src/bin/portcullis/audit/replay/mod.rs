//! `portcullis audit replay`: what other policies would have said to the calls in a log.
//!
//! [`recorded`] reads what was decided, [`rerun`] decides it anew, [`summary`] counts how the two compare, and [`tell`]
//! writes a comparison down.

mod recorded;
mod rerun;
mod summary;
mod tell;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::Args;
use portcullis::audit::{EntryFilter, LogEntry, Payloads, read};
use portcullis::{PolicySet, Verdict};
use serde::Serialize;

use self::recorded::{Asked, Recorded, Skipped, arguments};
use self::rerun::{Answer, Rerun, verdict};
use self::summary::Summary;
use self::tell::Told;
use super::filter::FilterArgs;
use super::reading::Reading;
use crate::output::Output;
use crate::policies::PolicyFiles;
use crate::{Exit, Failure};

/// Decides the calls in a log anew, under these policies, and lists what is decided differently
///
/// That takes arguments, which are kept whole at the audit level `full`; what cannot be replayed is counted by reason.
/// The clock is set to the times in the log. All calls count against limits, also those that the options leave out; one
/// that was not allowed and now is counts as made. What the deny list refused is not replayed. Calls made at the same
/// time may have been counted in another order than they stand in the log. Nothing is verified: `audit verify` does
/// that. Exit code 2 if anything differs.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The log's directory
    directory: PathBuf,
    #[command(flatten)]
    policies: PolicyFiles,
    #[command(flatten)]
    filter: FilterArgs,
    /// List every decision, not only those that differ
    #[arg(long)]
    all: bool,
    /// Print JSON Lines: one decision each, then a summary
    #[arg(long)]
    json: bool,
}

/// What comes of a decision in the log.
enum Finding {
    Decided(Answer),
    Skipped(Skipped),
}

impl Replay {
    pub(super) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let policies = self.policies.load_all()?;
        let set = PolicySet::new(policies.iter().cloned());
        let mut reading = Reading::new(&self.directory, 1);
        let mut run = Run {
            digest: set.digest().to_string(),
            filter: self.filter.filter(),
            payloads: Payloads::of(&self.directory),
            rerun: Rerun::new(&policies),
            summary: Summary::default(),
            all: self.all,
            json: self.json,
            output,
        };
        let read = read(&self.directory, |entry| {
            reading.entry(entry.line().len());
            match entry.kind() {
                _ if run.output.is_closed() => Ok(()),
                "decided" => run.decided(entry, &mut reading),
                _ => {
                    run.rerun.follow(entry);
                    Ok(())
                }
            }
        });
        reading.clear();
        read?;
        run.finish()
    }
}

/// A replay under way.
struct Run<'r> {
    /// Of the given policies, as entries write it.
    digest: String,
    filter: EntryFilter,
    payloads: Payloads,
    rerun: Rerun<'r>,
    summary: Summary,
    all: bool,
    json: bool,
    output: &'r mut Output,
}

impl Run<'_> {
    fn decided(&mut self, entry: &LogEntry<'_>, reading: &mut Reading) -> Result<(), Failure> {
        let recorded = Recorded::of(entry, &self.digest);
        let finding = match recorded {
            Some(recorded) => self.decide(entry, recorded)?,
            None => Finding::Skipped(Skipped::Unreadable),
        };
        if may_have_counted(recorded, &finding) {
            self.rerun.miss();
        }
        if !self.filter.matches(entry) {
            return Ok(());
        }
        self.summary.count(recorded, &finding);
        if self.all || finding.differs_from(recorded) {
            reading.clear();
            self.tell(&Told {
                entry,
                recorded,
                finding: &finding,
            })?;
        }
        Ok(())
    }

    /// Decides anew what was decided.
    fn decide(&mut self, entry: &LogEntry<'_>, recorded: Recorded<'_>) -> Result<Finding, Failure> {
        if let Some(why) = recorded.beside_policies() {
            return Ok(Finding::Skipped(why));
        }
        let Some(asked) = Asked::of(entry) else {
            return Ok(Finding::Skipped(Skipped::Unreadable));
        };
        Ok(match arguments(entry, &mut self.payloads)? {
            Ok(args) => {
                let waits_as = recorded.call.filter(|_| recorded.verdict == Verdict::Allow);
                Finding::Decided(self.rerun.decide(&asked, args, waits_as)?)
            }
            Err(why) => match self.rerun.decide_without_arguments(&asked)? {
                Some(answer) => Finding::Decided(answer),
                None => Finding::Skipped(why),
            },
        })
    }

    fn tell(&mut self, told: &Told<'_, '_>) -> Result<(), Failure> {
        let written = match self.json {
            true => told.json(self.output),
            false => told.line(self.output),
        };
        written.map_err(Failure::Output)
    }

    fn finish(mut self) -> Result<Exit, Failure> {
        self.summary.doubt(self.rerun.doubts());
        let summary = &self.summary;
        let written = match self.json {
            true => self.output.json(&SummaryJson { summary }),
            false => self.output.text(&summary.to_string()),
        };
        written.map_err(Failure::Output)?;
        Ok(match summary.has_differences() {
            true => Exit::Denied,
            false => Exit::Fine,
        })
    }
}

impl Finding {
    fn differs_from(&self, recorded: Option<Recorded<'_>>) -> bool {
        match (self, recorded) {
            (Self::Decided(answer), Some(recorded)) => verdict(answer) != recorded.verdict,
            _ => false,
        }
    }
}

/// Whether a call that was not decided anew may have taken places in limits: it did then, or might under other policies.
fn may_have_counted(recorded: Option<Recorded<'_>>, finding: &Finding) -> bool {
    match finding {
        Finding::Decided(_) | Finding::Skipped(Skipped::Malformed | Skipped::NoPolicy) => false,
        Finding::Skipped(_) => recorded
            .is_none_or(|recorded| recorded.verdict == Verdict::Allow || !recorded.same_policies),
    }
}

#[derive(Serialize)]
struct SummaryJson<'s> {
    summary: &'s Summary,
}
