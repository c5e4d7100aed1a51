//! The gate for policy authors, reviewers and CI: check, explain, replay, lint, test; and what logs say.
//!
//! Every verb is a few lines over the library; nothing is decided here. Exit codes are a contract with scripts, see
//! [`Exit`].

mod alerts;
mod audit;
mod call;
mod check;
mod explain;
mod graph;
mod input;
mod lint;
mod output;
mod policies;
mod progress;
mod replay;
mod report;
mod schema;
mod simulation;
mod test;
mod watching;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use output::Output;

/// A gate in front of every tool an AI agent can call: policies from the command line.
///
/// Exit codes: 0 allowed (or fine), 2 denied (or findings, or failed cases), 3 a person must approve,
/// 1 error, with the reason on standard error.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(check::Check),
    Explain(explain::Explain),
    Replay(replay::Replay),
    Lint(lint::Lint),
    Test(test::Test),
    Schema(schema::Schema),
    Audit(audit::Audit),
    Graph(graph::Graph),
    Alerts(alerts::Alerts),
}

/// How a verb ended, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Allowed, or nothing to complain about.
    Fine = 0,
    /// Could not be done, also for bad usage.
    Error = 1,
    /// Denied, or findings, or failed cases.
    Denied = 2,
    /// A person must approve.
    Ask = 3,
}

/// Why a verb could not do its work. `Display` is the reason, for people.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Policy(#[from] portcullis::LoadError),
    #[error(transparent)]
    Guard(#[from] portcullis::BuildError),
    #[error(transparent)]
    Session(#[from] portcullis::SessionError),
    #[error(transparent)]
    Log(#[from] portcullis::audit::LogError),
    #[error(transparent)]
    Input(#[from] input::InputError),
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
    #[error("{0}")]
    Usage(String),
}

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => run(cli.verb),
        Err(error) => usage(&error),
    };
    ExitCode::from(exit as u8)
}

fn run(verb: Verb) -> Exit {
    let mut output = Output::stdout();
    let result = match verb {
        Verb::Check(check) => check.run(&mut output),
        Verb::Explain(explain) => explain.run(&mut output),
        Verb::Replay(replay) => replay.run(&mut output),
        Verb::Lint(lint) => lint.run(&mut output),
        Verb::Test(test) => test.run(&mut output),
        Verb::Schema(schema) => schema.run(&mut output),
        Verb::Audit(audit) => audit.run(&mut output),
        Verb::Graph(graph) => graph.run(&mut output),
        Verb::Alerts(alerts) => alerts.run(&mut output),
    };
    // What was found before an error is still told.
    let finished = output.finish().map_err(Failure::Output);
    match result.and_then(|exit| finished.map(|()| exit)) {
        Ok(exit) => exit,
        Err(failure) => {
            output::complain(&format_args!("error: {failure}"));
            Exit::Error
        }
    }
}

/// Help and version are what was asked for; anything else clap has to say is an error, and 2 would mean `deny`.
fn usage(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let mut output = Output::stdout();
            let written = output
                .text(&error.to_string())
                .and_then(|()| output.finish());
            match written {
                Ok(()) => Exit::Fine,
                Err(_) => Exit::Error,
            }
        }
        _ => {
            output::complain(&error.to_string().trim_end());
            Exit::Error
        }
    }
}
