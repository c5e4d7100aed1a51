//! The policies in `examples/policies` against agent runs that did nothing wrong.
//!
//! A trace passes when every call of it is allowed at once, one call a second. The rest is told by code: some runs
//! hold calls that their tools do not even declare, and some do what a person has to approve.

#![cfg(feature = "toml")]

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flate2::read::GzDecoder;
use portcullis::{AgentId, AgentPolicy, Guard, ManualClock, Principal, Refusal, RingRecorder};
use serde_json::Value;

/// Suites, how many traces each has, and how many of them must pass.
const SUITES: [(&str, usize, usize); 4] = [
    ("banking", 70, 62),
    ("slack", 111, 104),
    ("travel", 70, 68),
    ("workspace", 164, 160),
];

#[test]
fn the_example_policies_load() {
    for (suite, ..) in SUITES {
        assert_eq!(
            policy(suite).principal(),
            &Principal::Agent(agent(suite)),
            "{suite}"
        );
    }
}

#[test]
fn benign_runs_pass() {
    let Some(data) = env::var_os("PORTCULLIS_TEST_DATA") else {
        eprintln!("skipped: PORTCULLIS_TEST_DATA is not set");
        return;
    };
    let traces = traces(&Path::new(&data).join("agentdojo/benign.jsonl.gz"));
    for (suite, expected, floor) in SUITES {
        let policy = policy(suite);
        let mut total = 0;
        let mut passed = 0;
        let mut stopped = BTreeMap::<String, usize>::new();
        for trace in traces.iter().filter(|trace| trace["suite"] == suite) {
            total += 1;
            match replay(&policy, suite, trace) {
                Ok(()) => passed += 1,
                Err((tool, refusal)) => {
                    let why = format!("{} {tool}", refusal.code().as_str());
                    *stopped.entry(why).or_default() += 1;
                }
            }
        }
        println!("{suite}: {passed} of {total} pass; stopped by {stopped:?}");
        assert_eq!(total, expected, "{suite}: traces in the corpus");
        assert!(
            passed >= floor,
            "{suite}: {passed} pass, expected at least {floor}"
        );
    }
}

/// Makes the calls of one run, a second apart, with limits and budgets untouched by any other run.
fn replay(policy: &AgentPolicy, suite: &str, trace: &Value) -> Result<(), (String, Refusal)> {
    let clock = Arc::new(ManualClock::new());
    let guard = Guard::builder()
        .policy(policy.clone())
        .clock(Arc::clone(&clock))
        .recorder(RingRecorder::new(64))
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(suite)).unwrap();
    for call in trace["calls"].as_array().unwrap() {
        let tool = call["tool"].as_str().unwrap();
        session
            .run(tool, &call["args"], |_| Ok::<(), Refusal>(()))
            .map_err(|refusal| (tool.to_owned(), refusal))?;
        clock.advance(Duration::from_secs(1));
    }
    Ok(())
}

fn traces(path: &Path) -> Vec<Value> {
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    lines
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect()
}

fn policy(suite: &str) -> AgentPolicy {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "examples", "policies", suite]
        .iter()
        .collect();
    AgentPolicy::from_file(path.with_extension("toml")).unwrap()
}

fn agent(suite: &str) -> AgentId {
    AgentId::parse(&format!("spiffe://example.org/agent/{suite}")).unwrap()
}
