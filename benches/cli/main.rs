//! What the command line costs: a replay from standard input against `serde_json` reading the same lines.
//!
//! A hundred thousand traces of one call each, and the same calls ten to a trace; `PORTCULLIS_BENCH_QUICK=1` takes a
//! tenth. Both contenders are run in turn, and a ratio is the median of those within the rounds.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on should stop"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/trading.toml");
const ROUNDS: usize = 7;

fn main() {
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let quick = std::env::var_os("PORTCULLIS_BENCH_QUICK").is_some_and(|value| value != "0");
    let calls = if quick { 10_000 } else { 100_000 };
    println!(
        "{calls} calls from standard input, replay --json / serde_json reading the same lines; goal: at most 3"
    );
    for per_trace in [1, 10] {
        let lines = traces(calls, per_trace);
        let mut ratios: Vec<f64> = (0..ROUNDS)
            .map(|_| replay(&lines).as_secs_f64() / parse(&lines).as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        let ratio = ratios.get(ROUNDS / 2).unwrap();
        println!("{per_trace:>4} calls a trace: {ratio:.2}");
    }
}

fn traces(calls: usize, per_trace: usize) -> String {
    let call = |n: usize| {
        if n.is_multiple_of(2) {
            format!(
                r#"{{"tool": "query_market_data", "args": {{"exchange": "NYSE", "symbol": "KVELD", "days": {}}}}}"#,
                n % 40
            )
        } else {
            r#"{"tool": "run_backtest", "args": {"symbol": "QZA", "fast": 3, "slow": 20}}"#
                .to_owned()
        }
    };
    (0..calls / per_trace)
        .map(|trace| {
            let calls: Vec<String> = (0..per_trace)
                .map(|n| call(trace * per_trace + n))
                .collect();
            format!("{{\"id\": {trace}, \"calls\": [{}]}}\n", calls.join(", "))
        })
        .collect()
}

/// The whole program, its start included.
fn replay(lines: &str) -> Duration {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["replay", "--json", "--policy", POLICY])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    start.elapsed()
}

fn parse(lines: &str) -> Duration {
    let start = Instant::now();
    for line in lines.lines() {
        std::hint::black_box(serde_json::from_str::<serde_json::Value>(line).unwrap());
    }
    start.elapsed()
}
