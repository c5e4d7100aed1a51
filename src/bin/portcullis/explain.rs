//! `portcullis explain`: one call, with the trace of every rule.

use std::io;

use clap::Args;
use portcullis::{Explanation, Step, Verdict};
use serde::Serialize;

use crate::check::{CallArgument, parse};
use crate::output::Output;
use crate::policies::PolicyFiles;
use crate::report::{Decided, DecisionJson, PrincipalJson, RuleJson};
use crate::simulation::{ClockKind, Simulation};
use crate::{Exit, Failure};

/// Decides one call and shows what every rule says to it, with its place
#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    policies: PolicyFiles,
    #[command(flatten)]
    call: CallArgument,
    /// Print one JSON object: as `check`, and the steps
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ExplanationJson<'a> {
    #[serde(flatten)]
    decision: DecisionJson<'a>,
    steps: Vec<StepJson<'a>>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    decision: Verdict,
    finding: &'a str,
    place: Option<&'a str>,
    /// Null where the policy has no permission for the tool; then `policy` says whose it is.
    rule: Option<RuleJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PrincipalJson<'a>>,
}

impl Explain {
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let policies = self.policies.load()?;
        let text = self.call.read()?;
        let call = parse(&text)?;
        let simulation = Simulation::new(&policies, ClockKind::Simulated)?;
        let (decided, steps) = match simulation.explain(&call.tool, call.args.get()) {
            Ok(explanation) => (Decided::from(explanation.decision()), Some(explanation)),
            Err(refusal) => (Decided::from(&refusal), None),
        };
        let steps = steps.as_ref().map_or(&[][..], Explanation::steps);
        let written = if self.json {
            let steps = steps.iter().map(step_json).collect();
            output.json(&ExplanationJson {
                decision: decided.json(),
                steps,
            })
        } else {
            decided
                .write(output)
                .and_then(|()| write_steps(output, steps))
        };
        written.map_err(Failure::Output)?;
        Ok(decided.exit())
    }
}

fn step_json(step: &Step) -> StepJson<'_> {
    StepJson {
        decision: step.verdict,
        finding: &step.finding,
        place: step.place.as_deref(),
        rule: step.rule.as_ref().map(RuleJson::new),
        policy: step
            .rule
            .is_none()
            .then_some(PrincipalJson(&step.principal)),
    }
}

/// A heading for each rule, and below it what it found.
fn write_steps(output: &mut Output, steps: &[Step]) -> io::Result<()> {
    let mut last = None;
    for step in steps {
        let heading = step.heading();
        if last.as_ref() != Some(&heading) {
            output.line(format_args!("  {heading}"))?;
            last = Some(heading);
        }
        let verdict = output.verdict(step.verdict);
        output.line(format_args!("    {verdict:<5} {step}"))?;
    }
    Ok(())
}
