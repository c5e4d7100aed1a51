//! How well the monitor tells attacks from work, beside what one would do by hand.
//!
//! - `--seeds A..B`: the worlds of made-up work that are looked at. What is published uses seeds from 1000 on; thresholds are
//!   set on seeds below.
//! - `--only synthetic|monitor|darpa|nab|agentdojo`: one part; `monitor` is `synthetic` without contenders.
//!
//! Data that others labelled is looked at where `PORTCULLIS_TEST_DATA` says where it is. `PORTCULLIS_BENCH_QUICK=1` makes the
//! run short.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on should stop"
)]

mod agentdojo;
mod attacks;
mod contenders;
mod darpa;
mod data;
mod midas;
mod nab;
mod numbers;
mod synthetic;
mod traffic;
mod watchers;

use std::ops::Range;

fn main() {
    if option("--test").is_some() || std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let quick = std::env::var_os("PORTCULLIS_BENCH_QUICK").is_some_and(|value| value != "0");
    let only = option("--only");
    let is_wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if is_wanted("synthetic") || only.as_deref() == Some("monitor") {
        let worlds = if quick { 10 } else { 60 };
        let seeds = option("--seeds").map_or(1000..1000 + worlds, |seeds| range(&seeds));
        synthetic::report(seeds, is_wanted("synthetic").then_some(0..worlds));
    }
    for (part, report) in [
        ("darpa", darpa::report as fn()),
        ("nab", nab::report),
        ("agentdojo", agentdojo::report),
    ] {
        if is_wanted(part) {
            report();
        }
    }
}

/// What stands after a word of the command line.
fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg != name).nth(1)
}

fn range(text: &str) -> Range<u64> {
    let ends = text
        .split_once("..")
        .and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    ends.unwrap_or_else(|| panic!("expected `--seeds A..B`, not `{text}`"))
}
