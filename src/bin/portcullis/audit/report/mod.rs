//! `portcullis audit report`: what a log holds evidence for.
//!
//! [`controls`] is the table: a row a control, which entries are evidence for it, and what the log does not show.
//! [`evidence`] says which entries those are. [`tally`] counts them in one pass, and [`tell`] writes it down.

mod controls;
mod evidence;
mod tally;
mod tell;

use std::path::PathBuf;

use clap::Args;
use portcullis::audit::LogEntry;
use serde_json::json;

use self::controls::Framework;
use self::tally::Tally;
use self::tell::Told;
use super::filter::PeriodArgs;
use super::kept::is_finding;
use super::reading::Reading;
use super::verify::AgainstArgs;
use crate::output::Output;
use crate::{Exit, Failure};

/// Counts what a log holds evidence for, control by control
///
/// It never says that a control is met: that is for an auditor to say, with what the log does not show. The log is
/// verified first. Exit code 2 if it was tampered with; then nothing is counted.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// The log's directory
    directory: PathBuf,
    /// Whose controls, all of them if nothing is said; may be repeated
    #[arg(long = "framework", value_enum, value_name = "FRAMEWORK")]
    frameworks: Vec<Framework>,
    #[command(flatten)]
    period: PeriodArgs,
    #[command(flatten)]
    against: AgainstArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Report {
    pub(super) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let options = self.against.options()?;
        let frameworks = self.frameworks();
        let mut tally = Tally::new(&frameworks, self.period.filter());
        let mut reading = Reading::new(&self.directory, 1);
        let verified = options.verify_with(&self.directory, |index, line| {
            reading.entry(line.len());
            tally.count(&LogEntry::parse(index, line)?);
            Ok::<_, Failure>(())
        });
        reading.clear();
        let verified = match verified {
            Ok(verified) => verified,
            Err(Failure::Log(error)) if is_finding(&error) => {
                self.tell_problem(&error.to_string(), output)
                    .map_err(Failure::Output)?;
                return Ok(Exit::Denied);
            }
            Err(failure) => return Err(failure),
        };
        let told = Told {
            frameworks: &frameworks,
            tally: &tally,
            verified: &verified,
            period: &self.period,
        };
        let written = if self.json {
            output.json(&told.json())
        } else {
            output.text(&told.text())
        };
        written.map_err(Failure::Output)?;
        Ok(Exit::Fine)
    }

    fn frameworks(&self) -> Vec<Framework> {
        let all = Framework::ALL.into_iter();
        all.filter(|framework| self.frameworks.is_empty() || self.frameworks.contains(framework))
            .collect()
    }

    fn tell_problem(&self, problem: &str, output: &mut Output) -> std::io::Result<()> {
        if self.json {
            return output.json(&json!({"verified": false, "problem": problem}));
        }
        output.text(&format!(
            "NOT VERIFIED: {problem}\nNothing in this log is evidence of anything until that is explained, so nothing is counted.\n"
        ))
    }
}
