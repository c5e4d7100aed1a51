//! Runs of agents that solved their tasks and were not attacked, from AgentDojo: how much is told of them.
//!
//! Each suite is one agent, whose runs follow each other in the order of the file, which is by model and task. The data has no
//! times: a call comes five seconds after the one before, a run a minute after the one before, from 9 to 17 o'clock on weekdays;
//! a call that the tool answered with an error fails. Nothing is declared, and every tool of the suite may be called with any
//! arguments.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portcullis::anomaly::Monitor;
use portcullis::{AgentId, AgentPolicy, Args, Guard, ManualClock, Refusal, RingRecorder};
use serde::Deserialize;

use crate::data;
use crate::traffic::{DAY, MINUTE, MONDAY};

#[derive(Deserialize)]
struct Run {
    suite: String,
    calls: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    tool: String,
    args: serde_json::Value,
    result: Option<String>,
    error: Option<String>,
}

#[derive(Default)]
struct Told {
    runs: usize,
    runs_with_alerts: usize,
    calls: usize,
    alerts: BTreeMap<&'static str, usize>,
}

pub(crate) fn report() {
    let Some(text) = data::text("agentdojo/benign.jsonl.gz") else {
        return;
    };
    let mut suites: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    for line in text.lines() {
        let run: Run = serde_json::from_str(line).unwrap();
        suites.entry(run.suite.clone()).or_default().push(run);
    }
    println!("\n## AgentDojo, runs without attack\n");
    println!(
        "| suite | runs | calls | alerts | alerts per run | runs with any | by kind |\n|---|--:|--:|--:|--:|--:|---|"
    );
    let mut all = Told::default();
    for (suite, runs) in &suites {
        let told = watch(suite, runs);
        told.print(suite);
        all.add(told);
    }
    all.print("all");
}

fn watch(suite: &str, runs: &[Run]) -> Told {
    let name = format!("spiffe://example.org/suite/{suite}");
    let clock = Arc::new(ManualClock::new());
    let monitor = Monitor::builder().clock(Arc::clone(&clock)).build();
    let alerts = monitor.subscribe(100_000);
    let policy = format!(
        r#"{{"agent_id": "{name}", "permissions": [{{"tool_name": "*", "max_calls_per_minute": 100000}}]}}"#
    );
    let guard = Guard::builder()
        .policy(AgentPolicy::from_json(&policy).unwrap())
        .clock(Arc::clone(&clock))
        .recorder(monitor.watch(RingRecorder::new(1)))
        .build()
        .unwrap();
    let session = guard
        .vouched_session(AgentId::parse(&name).unwrap())
        .unwrap();
    let (mut told, mut time) = (Told::default(), MONDAY + 540 * MINUTE);
    for run in runs {
        time = at_work(time + MINUTE);
        for step in &run.calls {
            clock.set(Duration::from_millis(time));
            let args = Args::parse(&step.args.to_string()).unwrap();
            let _ = session.run(&step.tool, args, |_| match &step.error {
                None => Ok(step.result.clone().unwrap_or_default()),
                Some(_) => Err(Failure),
            });
            time += 5000;
        }
        told.runs += 1;
        told.calls += run.calls.len();
        let new: Vec<_> = alerts.try_iter().filter(|alert| !alert.is_update).collect();
        told.runs_with_alerts += usize::from(!new.is_empty());
        for alert in new {
            *told.alerts.entry(alert.kind.as_str()).or_default() += 1;
        }
    }
    told
}

/// The tool said that it could not.
struct Failure;

impl From<Refusal> for Failure {
    fn from(_: Refusal) -> Self {
        Self
    }
}

/// This time, or 9 o'clock of the next working day.
fn at_work(time: u64) -> u64 {
    if time % DAY < 1020 * MINUTE {
        return time;
    }
    let day = (time - MONDAY) / DAY + 1;
    let day = if day % 7 >= 5 { day + 7 - day % 7 } else { day };
    MONDAY + day * DAY + 540 * MINUTE
}

impl Told {
    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.runs_with_alerts += other.runs_with_alerts;
        self.calls += other.calls;
        for (kind, count) in other.alerts {
            *self.alerts.entry(kind).or_default() += count;
        }
    }

    fn print(&self, name: &str) {
        let alerts: usize = self.alerts.values().sum();
        let kinds: Vec<String> = self
            .alerts
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        println!(
            "| {name} | {} | {} | {alerts} | {:.3} | {} | {} |",
            self.runs,
            self.calls,
            alerts as f64 / self.runs as f64,
            self.runs_with_alerts,
            kinds.join(", ")
        );
    }
}
