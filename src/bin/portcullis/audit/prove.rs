//! `portcullis audit prove`

use std::path::PathBuf;

use clap::Args;
use portcullis::Plain;
use portcullis::audit::{EntryEvidence, GrowthEvidence, LogError, ProvenEntry, ProvenGrowth};

use super::kept::{checkpoint, is_finding};
use super::reading::Reading;
use crate::output::{Output, complain};
use crate::{Exit, Failure};

/// Proves that an entry is in the log, or that the log only grew
///
/// For an entry, prints a C2SP tlog-proof if the log signs its checkpoints. With --from, prints what a C2SP witness is
/// sent, for whoever kept that checkpoint. Without signatures, prints the proof and the checkpoint that it is for. Exit
/// code 2 if the log was tampered with, or a given checkpoint is not of this log.
#[derive(Debug, Args)]
pub(super) struct Prove {
    /// The log's directory
    directory: PathBuf,
    /// The entry's number
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    index: Option<u64>,
    /// A checkpoint that was kept elsewhere, out of which the log must have grown
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// A later one, up to which; the last one in the log if nothing is said
    #[arg(long, value_name = "FILE", requires = "from")]
    to: Option<PathBuf>,
}

impl Prove {
    pub(super) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let kept = |path: &Option<PathBuf>| path.as_deref().map(checkpoint).transpose();
        let (from, to) = (kept(&self.from)?, kept(&self.to)?);
        // Without a checkpoint up to which, it has to be found first.
        let mut reading = Reading::new(&self.directory, if to.is_some() { 1 } else { 2 });
        let watch = |length| reading.entry(length);
        let proved = match from {
            Some(from) => {
                ProvenGrowth::between(&self.directory, &from, to.as_ref(), watch).map(growth)
            }
            None => {
                let index = self.index.unwrap_or_default();
                ProvenEntry::of(&self.directory, index, watch).map(entry)
            }
        };
        reading.clear();
        match proved {
            Ok(proof) => print(&proof, output),
            Err(error) => told(error),
        }
    }
}

fn entry(proven: ProvenEntry) -> String {
    match proven.signed {
        Some(signed) => EntryEvidence::new(proven.proof, signed).to_string(),
        None => format!("{}\n{}", proven.proof, proven.checkpoint),
    }
}

fn growth(grown: ProvenGrowth) -> String {
    match grown.signed {
        Some(signed) => GrowthEvidence::new(grown.proof, signed).to_string(),
        None => format!("{}\n{}", grown.proof, grown.to),
    }
}

/// It must be printed byte for byte or not at all, and whoever wrote the log may aim at the terminal.
fn print(proof: &str, output: &mut Output) -> Result<Exit, Failure> {
    let is_plain = |line: &str| format!("{:#}", Plain(line)) == line;
    if !proof.lines().all(is_plain) {
        let message = "the checkpoint holds characters that play tricks on a terminal";
        return Err(Failure::Usage(message.to_owned()));
    }
    output.text(proof).map_err(Failure::Output)?;
    Ok(Exit::Fine)
}

/// On standard error, since what stands on standard output is a proof.
fn told(error: LogError) -> Result<Exit, Failure> {
    if !is_finding(&error) {
        return Err(error.into());
    }
    complain(&format_args!("NOT PROVED: {error}"));
    Ok(Exit::Denied)
}
