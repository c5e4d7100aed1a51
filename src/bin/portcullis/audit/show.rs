//! `portcullis audit show`

use std::path::PathBuf;

use clap::Args;
use portcullis::audit::read;

use super::filter::FilterArgs;
use super::reading::Reading;
use crate::output::Output;
use crate::{Exit, Failure};

/// Prints entries, all of them or those that the options name
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The log's directory
    directory: PathBuf,
    #[command(flatten)]
    filter: FilterArgs,
    /// Print the entries as they stand in the log, but in ASCII: JSON Lines
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let filter = self.filter.filter();
        let mut reading = Reading::new(&self.directory, 1);
        let read = read(&self.directory, |entry| {
            reading.entry(entry.line().len());
            if output.is_closed() || !filter.matches(entry) {
                return Ok(());
            }
            reading.clear();
            let told = if self.json {
                output.json_line(entry.line())
            } else {
                output.line(entry)
            };
            told.map_err(Failure::Output)
        });
        reading.clear();
        read.map(|()| Exit::Fine)
    }
}
