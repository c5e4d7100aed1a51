//! `portcullis audit prove`

use std::path::PathBuf;

use clap::Args;
use portcullis::Plain;
use portcullis::audit::{EntryEvidence, prove};

use crate::output::Output;
use crate::{Exit, Failure};

/// Prints the proof that an entry is in the log: a C2SP tlog-proof if the log signs its checkpoints
#[derive(Debug, Args)]
pub(super) struct Prove {
    /// The log's directory
    directory: PathBuf,
    /// The entry's number
    index: u64,
}

impl Prove {
    pub(super) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let proven = prove(&self.directory, self.index)?;
        let text = match proven.signed {
            Some(signed) => EntryEvidence::new(proven.proof, signed).to_string(),
            None => format!("{}\n{}", proven.proof, proven.checkpoint),
        };
        // It must be printed byte for byte or not at all, and whoever wrote the log may aim at the terminal.
        if text
            .lines()
            .any(|line| format!("{:#}", Plain(line)) != line)
        {
            let message = "the checkpoint holds characters that play tricks on a terminal";
            return Err(Failure::Usage(message.to_owned()));
        }
        output.text(&text).map_err(Failure::Output)?;
        Ok(Exit::Fine)
    }
}
