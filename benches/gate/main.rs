//! What the gate costs.
//!
//! Absolute times drift with the machine, so after criterion's groups the program measures once more against floors,
//! plain code that does the least one could do by hand, and prints one table of ratios. All contenders of a theme run in
//! every round, in turn, and a ratio is the median of those within the rounds.
//!
//! `PORTCULLIS_BENCH_QUICK=1` makes the whole run short, and `PORTCULLIS_BENCH_TABLE=1` leaves out criterion. Other
//! arguments are criterion's. What is asserted here, and fails the run: answers are right, and what must not allocate
//! does not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on should stop"
)]

mod compile;
mod digest;
mod evaluation;
mod fixture;
mod json;
mod limits;
mod rounds;
mod scaling;
mod table;
mod whole_call;

#[allow(
    dead_code,
    unused_imports,
    reason = "it is measured apart from the rest of the crate, which uses all of it"
)]
#[path = "../../src/limit/mod.rs"]
mod limit;

use std::time::Duration;

use criterion::Criterion;

use table::Table;

fn main() {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| value != "0");
    let quick = is_set("PORTCULLIS_BENCH_QUICK");
    // `cargo test --benches` asks for no more than that it runs.
    let testing = std::env::args().any(|arg| arg == "--test");
    if !is_set("PORTCULLIS_BENCH_TABLE") || testing {
        let mut criterion = criterion(quick).configure_from_args();
        evaluation::groups(&mut criterion);
        limits::groups(&mut criterion);
        digest::groups(&mut criterion);
        whole_call::groups(&mut criterion);
        compile::groups(&mut criterion);
        json::groups(&mut criterion);
        criterion.final_summary();
    }
    if !testing {
        let rounds = if quick { 101 } else { 401 };
        let mut table = Table::default();
        evaluation::compare(&mut table, rounds);
        limits::compare(&mut table, rounds);
        digest::compare(&mut table, rounds);
        whole_call::compare(&mut table, rounds);
        scaling::compare(&mut table, rounds);
        compile::compare(&mut table, rounds / 20);
        json::compare(&mut table, rounds);
        table.print();
    }
}

fn criterion(quick: bool) -> Criterion {
    let criterion = Criterion::default().without_plots();
    if quick {
        criterion
            .sample_size(10)
            .nresamples(1000)
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(300))
    } else {
        criterion
            .warm_up_time(Duration::from_secs(1))
            .measurement_time(Duration::from_secs(3))
    }
}
