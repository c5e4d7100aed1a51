//! `portcullis schema`: the policy format for editors.

use clap::Args;
use portcullis::AgentPolicy;

use crate::output::Output;
use crate::{Exit, Failure};

/// Prints the JSON Schema of the policy format, for editors
#[derive(Debug, Args)]
pub(crate) struct Schema {}

impl Schema {
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let written = output.text(AgentPolicy::JSON_SCHEMA);
        written.map_err(Failure::Output)?;
        Ok(Exit::Fine)
    }
}
