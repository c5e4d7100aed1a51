//! What the audit log costs, as ratios within one run: a table, medians over rounds.
//!
//! `PORTCULLIS_BENCH_QUICK=1` makes the run short. What is asserted, and fails the run: buffered appends do not allocate
//! once the buffers have grown.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on should stop"
)]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis::audit::{AuditLog, Origin, VerifyOptions};
use portcullis::{
    AgentId, AgentPolicy, Guard, Record, RecordError, Recorder, Refusal, RingRecorder, Session,
};
use sha2::{Digest as _, Sha256};

const AGENT: &str = "spiffe://example.org/agent/reporter";
const POLICY: &str = r#"{"agent_id": "spiffe://example.org/agent/reporter", "permissions": [
    {"tool_name": "look", "effect": "read", "max_calls_per_minute": 4000000000},
    {"tool_name": "pay", "max_calls_per_minute": 4000000000},
    {"tool_name": "look_full", "effect": "read", "audit_level": "full", "max_calls_per_minute": 4000000000}]}"#;

fn main() {
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let quick = std::env::var_os("PORTCULLIS_BENCH_QUICK").is_some_and(|value| value != "0");
    let rounds = if quick { 5 } else { 15 };
    let folder = Folder::new();
    println!("\n| what | beside | ratio | goal |\n|---|---|--:|---|");
    buffered(&folder.0, rounds);
    kept(&folder.0, rounds);
    durable(&folder.0, if quick { 20 } else { 100 });
    verifying(&folder.0, rounds);
}

struct Folder(PathBuf);

impl Folder {
    /// Beside the build, which is on a real disk.
    fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("audit-bench");
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(path: &Path) -> Arc<AuditLog> {
    let origin = Origin::parse("example.org/bench").unwrap();
    let options = AuditLog::options(origin).checkpoint_every(u64::MAX);
    Arc::new(options.open(path).unwrap())
}

fn session(recorder: impl Recorder + 'static) -> Session {
    let guard = Guard::builder()
        .policy(AgentPolicy::from_json(POLICY).unwrap())
        .recorder(recorder)
        .build()
        .unwrap();
    guard
        .vouched_session(AgentId::parse(AGENT).unwrap())
        .unwrap()
}

fn read_call(session: &Session) {
    let ran: Result<(), Refusal> = session.run("look", "{}", |_| Ok(()));
    ran.unwrap();
}

/// Drops all records, to tell the calls from what is made of them.
#[derive(Debug)]
struct Nothing;

impl Recorder for Nothing {
    fn record(&self, _: &Record<'_>) -> Result<(), RecordError> {
        Ok(())
    }
}

/// A buffered call makes three entries of about 300 bytes each.
fn buffered(folder: &Path, rounds: usize) {
    const CALLS: u32 = 2000;
    let path = folder.join("buffered");
    let log = open(&path);
    let (logged, ringed, bare) = (
        session(Arc::clone(&log)),
        session(RingRecorder::new(1000)),
        session(Nothing),
    );
    let run = |session: &Session| timed(|| (0..CALLS).for_each(|_| read_call(session)));
    run(&logged);
    let entry = [b'x'; 300];
    let mut file = BufWriter::with_capacity(8 << 10, File::create(folder.join("floor")).unwrap());
    let mut floor = || {
        timed(|| {
            for _ in 0..3 * CALLS {
                black_box(Sha256::digest(black_box(&entry)));
                file.write_all(&entry).unwrap();
            }
        })
    };
    let mut append = Vec::new();
    let mut whole = Vec::new();
    for _ in 0..rounds {
        let (with, without, ring, least) = (run(&logged), run(&bare), run(&ringed), floor());
        append.push((with.saturating_sub(without)).as_secs_f64() / least.as_secs_f64());
        whole.push(with.as_secs_f64() / ring.as_secs_f64());
    }
    tell(
        "append an entry, buffered",
        "SHA-256 of 300 bytes and a write into 8 KiB",
        median(append),
        "≤ 3",
    );
    tell(
        "a whole call that reads, on the log",
        "the same on the ring in memory",
        median(whole),
        "",
    );
    let counted = allocation_counter::measure(|| (0..100).for_each(|_| read_call(&logged)));
    let without = allocation_counter::measure(|| (0..100).for_each(|_| read_call(&bare)));
    assert_eq!(
        counted.count_total, without.count_total,
        "an append allocates"
    );
}

/// Arguments and results are written beside the log at once, one write each.
fn kept(folder: &Path, rounds: usize) {
    const CALLS: u32 = 1000;
    let session = session(open(&folder.join("kept")));
    let run = |tool: &str| {
        timed(|| {
            for _ in 0..CALLS {
                let found: Result<&str, Refusal> = session.run(tool, "{}", |_| Ok("a result"));
                black_box(found.unwrap());
            }
        })
    };
    let ratios = (0..rounds).map(|_| run("look_full").as_secs_f64() / run("look").as_secs_f64());
    tell(
        "a whole call that reads, at the audit level `full`",
        "the same at `standard`",
        median(ratios.collect()),
        "",
    );
}

/// 64 callers whose tools have effects, against one caller, who pays a sync for each call.
fn durable(folder: &Path, calls: u32) {
    const CALLERS: u32 = 64;
    let log = open(&folder.join("durable"));
    let session = session(Arc::clone(&log));
    let pay = || {
        let ran: Result<(), Refusal> = session.run("pay", "{}", |_| Ok(()));
        ran.unwrap();
    };
    let alone = timed(|| (0..calls).for_each(|_| pay())) / calls;
    let together = timed(|| {
        std::thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| (0..calls).for_each(|_| pay()));
            }
        });
    }) / (calls * CALLERS);
    let ratio = alone.as_secs_f64() / together.as_secs_f64();
    tell(
        "durable calls a second, 64 callers",
        "one caller, a sync each",
        ratio,
        "≥ 10",
    );
}

fn verifying(folder: &Path, rounds: usize) {
    let path = folder.join("verify");
    let log = open(&path);
    let session = session(Arc::clone(&log));
    (0..20_000).for_each(|_| read_call(&session));
    drop(session);
    log.close().unwrap();
    let bytes: Vec<u8> = std::fs::read_dir(&path)
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.unwrap().path()).ok())
        .flatten()
        .collect();
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let verify = timed(|| {
            black_box(VerifyOptions::new().verify(&path).unwrap());
        });
        let hash = timed(|| {
            black_box(Sha256::digest(black_box(&bytes)));
        });
        ratios.push(verify.as_secs_f64() / hash.as_secs_f64());
    }
    tell(
        "verify a log",
        "SHA-256 of the same bytes",
        median(ratios),
        "≤ 3",
    );
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap()
}

fn tell(what: &str, beside: &str, ratio: f64, goal: &str) {
    println!("| {what} | {beside} | {ratio:.2} | {goal} |");
}
