//! `portcullis audit`: an audit log, offline.

mod export;
mod filter;
mod kept;
mod prove;
mod reading;
mod replay;
mod report;
mod show;
mod verify;

use clap::{Args, Subcommand};

pub(crate) use self::filter::PeriodArgs;
pub(crate) use self::reading::Reading;

use crate::output::Output;
use crate::{Exit, Failure};

/// Verifies, shows, exports, proves, reports and replays what stands in an audit log
#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Verify(verify::Verify),
    Show(show::Show),
    Export(export::Export),
    Prove(prove::Prove),
    Report(report::Report),
    Replay(replay::Replay),
}

impl Audit {
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        match self.verb {
            Verb::Verify(verify) => verify.run(output),
            Verb::Show(show) => show.run(output),
            Verb::Export(export) => export.run(output),
            Verb::Prove(prove) => prove.run(output),
            Verb::Report(report) => report.run(output),
            Verb::Replay(replay) => replay.run(output),
        }
    }
}
