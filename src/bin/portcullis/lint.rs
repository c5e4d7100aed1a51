//! `portcullis lint`: what is likely not meant.

use std::path::PathBuf;

use clap::Args;
use portcullis::anomaly::MonitorPolicy;
use portcullis::{AgentPolicy, Finding};
use serde::Serialize;

use crate::output::Output;
use crate::{Exit, Failure};

/// Finds what loads but is likely not meant, with what to write instead
#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// A policy in JSON or TOML, by its extension; may be repeated
    #[arg(long, value_name = "FILE", required_unless_present = "monitor")]
    policy: Vec<PathBuf>,
    /// A monitor policy in JSON or TOML, by its extension; may be repeated
    #[arg(long, value_name = "FILE")]
    monitor: Vec<PathBuf>,
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
            policies: self.policy.len() + self.monitor.len(),
            findings: 0,
        };
        for file in &self.policy {
            let findings = AgentPolicy::from_file(file)?.lint();
            summary.findings += self.tell(&findings, output)?;
        }
        for file in &self.monitor {
            let findings = MonitorPolicy::from_file(file)?.lint();
            summary.findings += self.tell(&findings, output)?;
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

    /// Tells findings: how many there are.
    fn tell(&self, findings: &[Finding], output: &mut Output) -> Result<usize, Failure> {
        for finding in findings {
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
        Ok(findings.len())
    }
}
