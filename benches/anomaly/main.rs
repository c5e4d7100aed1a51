//! What watching costs.
//!
//! One event through all detectors, against a floor that does the least one could do by hand: it reads the clock, counts
//! per pair of agents and keeps a fading mean of the counts. All contenders run in every round, in turn, and a ratio is the
//! median of those within the rounds. What is asserted, and fails the run: that nothing is told of ordinary traffic.
//!
//! `PORTCULLIS_BENCH_QUICK=1` makes the run short.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on should stop"
)]

#[allow(dead_code, reason = "it is shared with the other benchmarks")]
#[path = "../gate/rounds.rs"]
mod rounds;
#[allow(dead_code, reason = "it is shared with the other benchmarks")]
#[path = "../gate/table.rs"]
mod table;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use portcullis::anomaly::{AgentInteraction, InteractionStatus, Monitor, MonitorPolicy};
use portcullis::{AgentId, AgentPolicy, Args, Clock, Guard, Recorder, Refusal, RingRecorder};

use rounds::{Batch, Contender, Rounds, Team, median, on_two_threads, repeated};
use table::{Goal, Table};

fn main() {
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let quick = std::env::var_os("PORTCULLIS_BENCH_QUICK").is_some_and(|value| value != "0");
    let rounds = if quick { 51 } else { 201 };
    let mut table = Table::default();
    one_event(&mut table, rounds);
    past_events(&mut table, rounds);
    many_agents(&mut table, rounds);
    whole_call(&mut table, rounds);
    two_threads(&mut table, rounds);
    table.print();
}

/// A minute's events are made in a moment; so that rates are those of life, a minute passes in a moment too.
#[derive(Clone, Copy, Debug)]
struct FastClock(Instant);

const SPEED: u32 = 20_000;

impl Clock for FastClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed() * SPEED
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

struct Watched {
    monitor: Monitor,
    pairs: Vec<(AgentId, AgentId)>,
    now: SystemTime,
}

impl Watched {
    /// So many agents, each of which speaks to four others.
    fn new(agents: usize) -> Self {
        let name = |number: usize| {
            AgentId::parse(&format!("spiffe://example.org/agent/{number:06}")).unwrap()
        };
        let policy = r#"{
            "agents": [{"agent_id": "spiffe://example.org/agent/*", "hours": [{}]}],
            "paths": [{"source": "spiffe://example.org/agent/*", "target": "spiffe://example.org/agent/*"}]
        }"#;
        let monitor = Monitor::builder()
            .policy(MonitorPolicy::from_json(policy).unwrap())
            .clock(FastClock(Instant::now()))
            .agents(agents * 2 + 10_000)
            .build();
        let pairs = (0..agents * 4).map(|pair| {
            // An order in which neighbours in memory are not neighbours in time.
            let source = pair * 7919 % agents;
            (name(source), name((source + pair / agents + 1) % agents))
        });
        Self {
            monitor,
            pairs: pairs.collect(),
            now: SystemTime::now(),
        }
    }

    fn see(&self, at: usize, number: u64) {
        let (source, target) = &self.pairs[at % self.pairs.len()];
        self.monitor.interaction(&AgentInteraction {
            source,
            target,
            action: "ask",
            payload: None,
            // No two are the same.
            at: self.now + Duration::from_nanos(number % 1_000_000_000),
            latency: Duration::from_millis(3),
            status: InteractionStatus::Succeeded,
        });
    }

    fn batch(&self, from: usize) -> Batch<'_> {
        let mut number = from;
        repeated(move || {
            number += 1;
            self.see(number, number as u64);
        })
    }

    fn see_all(&self, times: usize) {
        (0..times).for_each(|number| self.see(number, number as u64));
    }
}

/// Counts per pair, and a fading mean of the counts a minute.
#[derive(Default)]
struct Floor(Mutex<HashMap<(AgentId, AgentId), Pair>>);

#[derive(Default)]
struct Pair {
    minute: u64,
    count: f64,
    mean: f64,
}

impl Floor {
    fn batch<'a>(&'a self, watched: &'a Watched, from: usize) -> Batch<'a> {
        let clock = FastClock(Instant::now());
        let mut number = from;
        repeated(move || {
            number += 1;
            let (source, target) = &watched.pairs[number % watched.pairs.len()];
            let minute = clock.monotonic().as_secs() / 60;
            let mut pairs = self.0.lock().unwrap();
            let pair = pairs.entry((source.clone(), target.clone())).or_default();
            if minute != pair.minute {
                pair.mean += (pair.count - pair.mean) / 16.0;
                (pair.minute, pair.count) = (minute, 0.0);
            }
            pair.count += 1.0;
            pair.count > 3.0 * pair.mean
        })
    }
}

fn one_event(table: &mut Table, rounds: usize) {
    let watched = Watched::new(100);
    watched.see_all(100_000);
    let floor = Floor::default();
    let contenders = vec![
        Contender::new("floor", floor.batch(&watched, 0)),
        Contender::new("event", watched.batch(0)),
    ];
    let figures = Rounds::run(contenders, rounds).against("event", &["floor"]);
    table.ratio("one event, 100 agents / floor", figures, Goal::AtMost(5.0));
}

/// A call is two events, and its result has to be read for them.
fn whole_call(table: &mut Table, rounds: usize) {
    let monitor = Monitor::builder().clock(FastClock(Instant::now())).build();
    let (plain, watched) = (
        guard(RingRecorder::new(1000)),
        guard(monitor.watch(RingRecorder::new(1000))),
    );
    let call = |guard: &Guard| {
        let session = guard
            .vouched_session(AgentId::parse(AGENT).unwrap())
            .unwrap();
        let args: Vec<Args> = (0..64)
            .map(|number| {
                Args::parse(&format!(r#"{{"n": {number}, "to": "x@a.example"}}"#)).unwrap()
            })
            .collect();
        let mut number = 0_u64;
        repeated(move || {
            number += 1;
            let args = args[number as usize % 64].clone();
            session
                .run("read", args, |_| Ok::<_, Refusal>(number))
                .unwrap()
        })
    };
    let contenders = vec![
        Contender::new("plain", call(&plain)),
        Contender::new("watched", call(&watched)),
    ];
    let figures = Rounds::run(contenders, rounds).against("watched", &["plain"]);
    table.ratio("one call, watched / not", figures, Goal::None);
}

const AGENT: &str = "spiffe://example.org/agent/a";

fn guard(recorder: impl Recorder + 'static) -> Guard {
    let policy = format!(
        r#"{{"agent_id": "{AGENT}", "permissions": [{{"tool_name": "read", "max_calls_per_minute": 4294967295}}]}}"#
    );
    let builder = Guard::builder().policy(AgentPolicy::from_json(&policy).unwrap());
    builder
        .clock(FastClock(Instant::now()))
        .recorder(recorder)
        .build()
        .unwrap()
}

fn past_events(table: &mut Table, rounds: usize) {
    let (young, old) = (Watched::new(100), Watched::new(100));
    young.see_all(1000);
    old.see_all(1_000_000);
    let contenders = vec![
        Contender::new("young", young.batch(0)),
        Contender::new("old", old.batch(0)),
    ];
    let figures = Rounds::run(contenders, rounds).against("old", &["young"]);
    table.ratio(
        "one event, after 1,000,000 / after 1,000",
        figures,
        Goal::AtMost(1.5),
    );
}

fn many_agents(table: &mut Table, rounds: usize) {
    let (few, many) = (Watched::new(10), Watched::new(100_000));
    few.see_all(400_000);
    many.see_all(400_000);
    let (floor_few, floor_many) = (Floor::default(), Floor::default());
    let contenders = vec![
        Contender::new("floor, few", floor_few.batch(&few, 0)),
        Contender::new("floor, many", floor_many.batch(&many, 0)),
        Contender::new("few", few.batch(0)),
        Contender::new("many", many.batch(0)),
    ];
    let rounds = Rounds::run(contenders, rounds);
    table.ratio(
        "one event, 100,000 agents / 10 agents",
        rounds.against("many", &["few"]),
        Goal::None,
    );
    table.ratio(
        "… the floor's",
        rounds.against("floor, many", &["floor, few"]),
        Goal::None,
    );
    table.ratio(
        "one event, 100,000 agents / floor",
        rounds.against("many", &["floor, many"]),
        Goal::AtMost(5.0),
    );
}

fn two_threads(table: &mut Table, rounds: usize) {
    let watched = [Watched::new(100), Watched::new(100)];
    let one = Watched::new(100);
    watched
        .iter()
        .chain([&one])
        .for_each(|watched| watched.see_all(10_000));
    let floors = [Floor::default(), Floor::default()];
    let mut teams = [
        Team::new("floor", |thread| floors[thread].batch(&watched[thread], 0)),
        Team::new("one monitor, other agents", |thread| {
            let mut number = 0;
            let one = &one;
            repeated(move || {
                // Every other agent.
                number += 1;
                let at = (number * 2 + thread) * 7919 % 400;
                one.see(at, number as u64);
            })
        }),
    ];
    let rounds = on_two_threads(&mut teams, rounds / 2);
    let reached = |[one, two]: [f64; 2]| one / two;
    let of = |figure: &dyn Fn(&[[f64; 2]]) -> f64| median(rounds.iter().map(|round| figure(round)));
    let figures = [
        of(&|round| round[1][1]),
        of(&|round| round[0][1]),
        of(&|round| reached(round[1]) / reached(round[0])),
    ];
    table.ratio(
        "2 threads, one monitor: scaling / that of the floor",
        figures,
        Goal::AtLeast(0.9),
    );
}
