//! `portcullis audit export`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use portcullis::audit::{OcsfEvents, read};

use super::filter::FilterArgs;
use super::reading::Reading;
use crate::output::Output;
use crate::{Exit, Failure};

/// Prints entries for other programs, one JSON object a line: all of them or those that the options name
///
/// Nothing is verified, and an OCSF event is no evidence: the entry is, with its proof.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The log's directory
    directory: PathBuf,
    /// As what
    #[arg(long, value_enum)]
    format: Format,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The entries as they stand in the log, but in ASCII
    Jsonl,
    /// Events of OCSF 1.8.0, mostly API Activity
    Ocsf,
}

impl Export {
    pub(super) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let filter = self.filter.filter();
        let mut events = OcsfEvents::new();
        let mut reading = Reading::new(&self.directory, 1);
        let read = read(&self.directory, |entry| {
            reading.entry(entry.line().len());
            if output.is_closed() {
                return Ok(());
            }
            if !filter.matches(entry) {
                events.skip(entry);
                return Ok(());
            }
            reading.clear();
            let told = match self.format {
                Format::Jsonl => output.json_line(entry.line()),
                Format::Ocsf => output.json(&events.event(entry)),
            };
            told.map_err(Failure::Output)
        });
        reading.clear();
        read.map(|()| Exit::Fine)
    }
}
