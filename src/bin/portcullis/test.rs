//! `portcullis test`: a policy against what it is meant to say.

use std::path::PathBuf;

use clap::Args;
use portcullis::{LoadError, LoadErrorKind, Plain, Verdict};
use serde::{Deserialize, Serialize};

use crate::call::{CallText, Object};
use crate::input::{Input, Lines};
use crate::output::Output;
use crate::policies::PolicyFiles;
use crate::report::DecisionJson;
use crate::simulation::{ClockKind, Simulation};
use crate::{Exit, Failure};

/// Decides the policies' own examples and the cases of files, and tells which are decided otherwise
///
/// A line of a file is a case: {"call": {"tool": "..", "args": {..}}, "expect": "allow|ask|deny", "code": ".."}; `code`
/// may be left out. Each case meets empty limits.
#[derive(Debug, Args)]
pub(crate) struct Test {
    #[command(flatten)]
    policies: PolicyFiles,
    /// JSON Lines; - reads standard input
    #[arg(value_name = "CASES")]
    cases: Vec<PathBuf>,
    /// Print JSON Lines: one failure each, then a summary
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case<'a> {
    #[serde(borrow)]
    call: Object<CallText<'a>>,
    expect: Verdict,
    code: Option<String>,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    case: String,
    tool: String,
    expect: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    got: DecisionJson<'a>,
}

#[derive(Serialize)]
struct ExampleJson<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct SummaryJson<'a> {
    summary: &'a Summary,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    passed: usize,
    failed: usize,
}

impl Test {
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let mut run = Run {
            json: self.json,
            summary: Summary::default(),
            output,
        };
        let policies = match self.policies.load() {
            Ok(policies) => policies,
            Err(Failure::Policy(error)) if error.kind() == LoadErrorKind::Example => {
                run.wrong_examples(&error)?;
                return run.finish();
            }
            Err(failure) => return Err(failure),
        };
        run.summary.passed += policies.example_count();
        let simulation = Simulation::new(&policies, ClockKind::Simulated)?;
        for path in &self.cases {
            let mut lines = Input::open(path)?.lines();
            while lines.advance()? {
                run.case(&simulation, &lines)?;
            }
        }
        run.finish()
    }
}

struct Run<'r> {
    json: bool,
    summary: Summary,
    output: &'r mut Output,
}

impl Run<'_> {
    /// A policy with a wrong example does not load anywhere, so there is nothing to run cases against.
    fn wrong_examples(&mut self, error: &LoadError) -> Result<(), Failure> {
        self.summary.failed += 1 + error.others().len();
        if !self.json {
            return self.output.line(error).map_err(Failure::Output);
        }
        for error in std::iter::once(error).chain(error.others()) {
            let written = self.output.json(&ExampleJson {
                file: error.file(),
                line: error.line(),
                column: error.column(),
                message: error.message(),
                reason: error.suggestion(),
            });
            written.map_err(Failure::Output)?;
        }
        Ok(())
    }

    fn case(&mut self, simulation: &Simulation<'_>, lines: &Lines) -> Result<(), Failure> {
        let Object::<Case<'_>>(case) = lines.json()?;
        let Object(call) = &case.call;
        let decided = simulation.decide(&call.tool, call.args.get());
        let code = decided.reason.code().as_str();
        let right =
            case.expect == decided.verdict && case.code.as_ref().is_none_or(|want| want == code);
        if right {
            self.summary.passed += 1;
            return Ok(());
        }
        self.summary.failed += 1;
        let written = if self.json {
            self.output.json(&FailureJson {
                case: lines.place(),
                tool: Plain(&call.tool).to_string(),
                expect: case.expect,
                code: case.code.as_deref(),
                got: decided.json(),
            })
        } else {
            let verdict = self.output.verdict(decided.verdict);
            let (place, tool) = (lines.place(), Plain(&call.tool));
            let (expect, reason) = (case.wanted(), &decided.reason);
            self.output.line(format_args!(
                "{place}: `{tool}` should be {expect}, but is {verdict}: {reason}"
            ))
        };
        written.map_err(Failure::Output)
    }

    fn finish(self) -> Result<Exit, Failure> {
        let Summary { passed, failed } = self.summary;
        let written = if self.json {
            let summary = &self.summary;
            self.output.json(&SummaryJson { summary })
        } else {
            self.output
                .line(format_args!("{passed} passed, {failed} failed"))
        };
        written.map_err(Failure::Output)?;
        Ok(if failed == 0 {
            Exit::Fine
        } else {
            Exit::Denied
        })
    }
}

impl Case<'_> {
    /// What was expected, for people.
    fn wanted(&self) -> String {
        match &self.code {
            Some(code) => format!("{} with code `{}`", self.expect, Plain(code)),
            None => self.expect.to_string(),
        }
    }
}
