//! `portcullis check`: decides one call.

use clap::Args;

use crate::call::{CallText, Object};
use crate::input::{Input, json_problem};
use crate::output::Output;
use crate::policies::PolicyFiles;
use crate::simulation::{ClockKind, Simulation};
use crate::{Exit, Failure};

/// Decides one call, as a fresh guard with empty limits would
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    policies: PolicyFiles,
    #[command(flatten)]
    call: CallArgument,
    /// Print one JSON object: decision, code, message, rule
    #[arg(long)]
    json: bool,
}

/// The call to decide.
#[derive(Debug, Args)]
pub(crate) struct CallArgument {
    /// The call: {"tool": "..", "args": {..}}; - reads it from standard input
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    call: String,
}

impl Check {
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let policies = self.policies.load()?;
        let text = self.call.read()?;
        let call = parse(&text)?;
        let simulation = Simulation::new(&policies, ClockKind::Simulated)?;
        let decided = simulation.decide(&call.tool, call.args.get());
        let written = if self.json {
            output.json(&decided.json())
        } else {
            decided.write(output)
        };
        written.map_err(Failure::Output)?;
        Ok(decided.exit())
    }
}

impl CallArgument {
    pub(crate) fn read(&self) -> Result<String, Failure> {
        if self.call == "-" {
            return Ok(Input::stdin().read_all()?);
        }
        Ok(self.call.clone())
    }
}

pub(crate) fn parse(text: &str) -> Result<CallText<'_>, Failure> {
    let parsed = serde_json::from_str(text).map(|Object(call)| call);
    parsed.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let problem = json_problem(&error);
        Failure::Usage(format!("the call, line {line} column {column}: {problem}"))
    })
}
