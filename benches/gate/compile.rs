//! Ten thousand permissions from text.

use criterion::Criterion;
use portcullis::{AgentPolicy, Guard, PolicySet, RingRecorder};

use crate::fixture;
use crate::rounds::{Contender, Rounds, repeated, report};
use crate::table::{Goal, Table};

const PERMISSIONS: usize = 10_000;

fn compile(text: &str) -> PolicySet {
    PolicySet::new([AgentPolicy::from_json(text).unwrap()])
}

fn build(text: &str) -> Guard {
    let policy = AgentPolicy::from_json(text).unwrap();
    Guard::builder()
        .policy(policy)
        .recorder(RingRecorder::new(1))
        .build()
        .unwrap()
}

fn contenders(text: &str) -> Vec<Contender<'_>> {
    vec![
        Contender::new(
            "serde_json",
            repeated(|| serde_json::from_str::<serde_json::Value>(text).unwrap()),
        ),
        Contender::new("policy set", repeated(|| compile(text))),
        Contender::new("guard", repeated(|| build(text))),
    ]
}

pub(crate) fn groups(criterion: &mut Criterion) {
    let text = fixture::policy_text(PERMISSIONS, 60);
    report(criterion, "compile", contenders(&text));
}

pub(crate) fn compare(table: &mut Table, rounds: usize) {
    let text = fixture::policy_text(PERMISSIONS, 60);
    let rounds = Rounds::run(contenders(&text), rounds);
    let serde_json = ["serde_json"];
    let what = "compile 10000 permissions / read the JSON with serde_json";
    table.ratio(
        what,
        rounds.against("policy set", &serde_json),
        Goal::AtMost(100.0),
    );
    table.ratio(
        "… and build a guard",
        rounds.against("guard", &serde_json),
        Goal::AtMost(100.0),
    );
    table.count(
        "10000 permissions: bytes kept, policy and set",
        kept(|| compile(&text)),
        Goal::AtMost(1e7),
    );
    table.count(
        "10000 permissions: bytes kept, guard",
        kept(|| build(&text)),
        Goal::None,
    );
}

/// The heap that a value holds.
fn kept<T>(make: impl FnOnce() -> T) -> f64 {
    let mut made = None;
    let counted = allocation_counter::measure(|| made = Some(make()));
    drop(made);
    counted.bytes_current as f64
}
