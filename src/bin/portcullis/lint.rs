//! `portcullis lint`: what is likely not meant.

use clap::Args;
use portcullis::AgentPolicy;
use serde::Serialize;

use crate::output::Output;
use crate::policies::PolicyFiles;
use crate::{Exit, Failure};

/// Finds what loads but is likely not meant, with what to write instead
#[derive(Debug, Args)]
pub(crate) struct Lint {
    #[command(flatten)]
    policies: PolicyFiles,
    /// Print JSON Lines: one finding each, then a summary
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    lint: &'a str,
    message: &'a str,
    why: &'a str,
    instead: &'a str,
}

#[derive(Serialize)]
struct SummaryJson {
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    policies: usize,
    findings: usize,
}

impl Lint {
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let mut summary = Summary {
            policies: 0,
            findings: 0,
        };
        for file in self.policies.files() {
            let policy = AgentPolicy::from_file(file)?;
            summary.policies += 1;
            for finding in policy.lint() {
                summary.findings += 1;
                let written = if self.json {
                    output.json(&FindingJson {
                        file: finding.file(),
                        line: finding.line(),
                        column: finding.column(),
                        lint: finding.kind().as_str(),
                        message: finding.message(),
                        why: finding.why(),
                        instead: finding.instead(),
                    })
                } else {
                    output.line(format_args!("{finding}\n"))
                };
                written.map_err(Failure::Output)?;
            }
        }
        let findings = summary.findings;
        let written = if self.json {
            output.json(&SummaryJson { summary })
        } else {
            output.line(match findings {
                0 => "no findings".to_owned(),
                1 => "1 finding".to_owned(),
                many => format!("{many} findings"),
            })
        };
        written.map_err(Failure::Output)?;
        Ok(if findings == 0 {
            Exit::Fine
        } else {
            Exit::Denied
        })
    }
}
