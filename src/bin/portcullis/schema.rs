//! `portcullis schema`: the policy format for editors.

use clap::Args;

use crate::output::Output;
use crate::{Exit, Failure};

/// Prints the JSON Schema of the policy format, for editors
#[derive(Debug, Args)]
pub(crate) struct Schema {}

impl Schema {
    #[cfg(feature = "schema")]
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        output
            .text(&portcullis::AgentPolicy::json_schema_text())
            .map_err(Failure::Output)?;
        Ok(Exit::Fine)
    }

    #[cfg(not(feature = "schema"))]
    pub(crate) fn run(self, _: &mut Output) -> Result<Exit, Failure> {
        let message = "`schema` needs the crate feature `schema`, which is not compiled in";
        Err(Failure::Usage(message.to_owned()))
    }
}
