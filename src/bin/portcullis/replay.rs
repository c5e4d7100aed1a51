//! `portcullis replay`: what a policy would have said to calls that were made.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use portcullis::{Plain, Refusal, ToolName, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{Object, TracedCall};
use crate::input::{Input, InputError, Lines, paths_or_stdin};
use crate::output::Output;
use crate::policies::PolicyFiles;
use crate::progress::Progress;
use crate::simulation::{ClockKind, Simulation};
use crate::{Exit, Failure};

/// Decides recorded tool calls, each trace under a fresh guard with empty limits
///
/// A line is a trace: {"id": .., "calls": [{"tool": "..", "args": {..}}]}. `id` may be left out, and other fields
/// are ignored. A denial does not stop a trace. Exit code 0 unless the input is bad.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    policies: PolicyFiles,
    /// JSON Lines; - or nothing reads standard input
    #[arg(value_name = "TRACES")]
    traces: Vec<PathBuf>,
    /// Which time limits go by
    #[arg(long, value_enum, default_value = "simulated")]
    clock: ClockKind,
    /// Print JSON Lines: one trace each, then a summary
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Trace<'a> {
    id: Option<Value>,
    #[serde(borrow)]
    calls: Vec<Object<TracedCall<'a>>>,
}

#[derive(Serialize)]
struct TraceJson<'a> {
    id: &'a Option<Value>,
    allowed: bool,
    calls: Vec<CallJson<'a>>,
}

#[derive(Serialize)]
struct CallJson<'a> {
    tool: Cow<'a, str>,
    decision: Verdict,
    code: &'static str,
}

#[derive(Serialize)]
struct SummaryJson<'a> {
    summary: &'a Summary,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    traces: u64,
    /// Traces all of whose calls are allowed.
    allowed: u64,
    calls: u64,
    allow: u64,
    ask: u64,
    deny: u64,
    /// How often each code decided.
    codes: BTreeMap<&'static str, u64>,
}

impl Replay {
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let policies = self.policies.load()?;
        let mut run = Run {
            simulation: Simulation::new(&policies, self.clock)?,
            json: self.json,
            summary: Summary::default(),
            progress: Progress::new(),
            output,
        };
        let done = paths_or_stdin(&self.traces)
            .iter()
            .try_for_each(|path| run.file(Input::open(path)?.lines()));
        run.progress.clear();
        done?;
        run.finish()?;
        Ok(Exit::Fine)
    }
}

/// A replay under way.
struct Run<'r> {
    simulation: Simulation<'r>,
    json: bool,
    summary: Summary,
    progress: Progress,
    output: &'r mut Output,
}

impl Run<'_> {
    fn file(&mut self, mut lines: Lines) -> Result<(), Failure> {
        loop {
            if lines.must_wait() {
                self.output.flush().map_err(Failure::Output)?;
                if self.output.is_closed() {
                    return Ok(());
                }
                if self.progress.is_shown() {
                    self.progress
                        .show(lines.progress(), self.summary.calls, "calls");
                }
            }
            if !lines.advance()? {
                return Ok(());
            }
            self.trace(&lines)?;
        }
    }

    fn trace(&mut self, lines: &Lines) -> Result<(), Failure> {
        let trace = read(lines)?;
        let mut answers = Vec::with_capacity(trace.calls.len());
        for (index, Object(call)) in trace.calls.iter().enumerate() {
            let refused = self.simulation.call(&call.tool, call.args.get()).err();
            let (decision, code) = match &refused {
                None => (Verdict::Allow, "allowed"),
                Some(refusal) => (refusal.verdict(), refusal.code().as_str()),
            };
            self.count(decision, code);
            if let (Some(refusal), false) = (refused, self.json) {
                let called = format!(
                    "{} call {} `{}`",
                    title(&trace, lines),
                    index + 1,
                    Plain(&call.tool)
                );
                self.tell_refused(&called, &refusal)?;
            }
            answers.push(CallJson {
                tool: shown(&call.tool),
                decision,
                code,
            });
            self.simulation.pass_a_second();
        }
        self.simulation.renew()?;
        let allowed = answers.iter().all(|call| call.decision == Verdict::Allow);
        self.summary.traces += 1;
        self.summary.allowed += u64::from(allowed);
        if !self.json {
            return Ok(());
        }
        let told = self.output.json(&TraceJson {
            id: &trace.id,
            allowed,
            calls: answers,
        });
        told.map_err(Failure::Output)
    }

    fn tell_refused(&mut self, called: &str, refusal: &Refusal) -> Result<(), Failure> {
        self.progress.clear();
        let verdict = self.output.verdict(refusal.verdict());
        let told = self
            .output
            .line(format_args!("{verdict} {called}: {}", refusal.reason()));
        told.map_err(Failure::Output)
    }

    fn count(&mut self, verdict: Verdict, code: &'static str) {
        let summary = &mut self.summary;
        summary.calls += 1;
        *match verdict {
            Verdict::Allow => &mut summary.allow,
            Verdict::Ask => &mut summary.ask,
            Verdict::Deny => &mut summary.deny,
        } += 1;
        *summary.codes.entry(code).or_default() += 1;
    }

    fn finish(self) -> Result<(), Failure> {
        let summary = &self.summary;
        let written = if self.json {
            self.output.json(&SummaryJson { summary })
        } else {
            self.output.text(&summary.to_string())
        };
        written.map_err(Failure::Output)
    }
}

fn read(lines: &Lines) -> Result<Trace<'_>, InputError> {
    let Object::<Trace<'_>>(trace) = lines.json()?;
    match &trace.id {
        None | Some(Value::Null | Value::Number(_)) => Ok(trace),
        Some(Value::String(id)) if id.len() <= MAX_ID => Ok(trace),
        Some(_) => Err(lines.problem(format!(
            "`id` must be a number or a string of at most {MAX_ID} bytes"
        ))),
    }
}

/// An id is told again for each trace, so it must be one.
const MAX_ID: usize = 1024;

/// What people know a trace by.
fn title(trace: &Trace<'_>, lines: &Lines) -> String {
    match &trace.id {
        Some(Value::String(id)) => Plain(id).to_string(),
        Some(Value::Number(id)) => id.to_string(),
        _ => lines.place(),
    }
}

/// A tool name as it was given, or cut and made plain if it cannot be one.
fn shown(name: &str) -> Cow<'_, str> {
    match ToolName::parse(name) {
        Ok(_) => Cow::Borrowed(name),
        Err(_) => Cow::Owned(Plain(name).to_string()),
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            traces,
            allowed,
            calls,
            allow,
            ask,
            deny,
            codes,
        } = self;
        writeln!(f, "{allowed} of {traces} traces allowed")?;
        writeln!(f, "{calls} calls: {allow} allow, {ask} ask, {deny} deny")?;
        codes
            .iter()
            .filter(|(code, _)| **code != "allowed")
            .try_for_each(|(code, count)| writeln!(f, "{count:>9} {code}"))
    }
}
