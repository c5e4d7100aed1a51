//! Real threads, changing policies and a clock that jumps: no limit gives way, and every call is on record once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use portcullis::{
    CallId, Clock, Decided, Ended, Event, Guard, Record, RecordError, Recorder, Refusal, Session,
    Verdict,
};

use crate::support::{AGENT, agent, agent_policy};

const SECOND: u64 = 1_000_000_000;
/// What the looser of the two policies allows.
const PER_AGENT: usize = 12;
const PER_KEY: usize = 5;
const KEYS: usize = 3;
const THREADS: u64 = 4;
/// How long the clock runs.
const LAST: u64 = 6_000 * SECOND;

/// Runs forward in leaps, and each reading may lie up to 25 seconds back.
#[derive(Debug, Default)]
struct Jumpy {
    high: AtomicU64,
    readings: AtomicU64,
}

impl Jumpy {
    /// No reading so far was above this.
    fn high_water(&self) -> u64 {
        self.high.load(Ordering::SeqCst)
    }
}

impl Clock for Jumpy {
    fn monotonic(&self) -> Duration {
        let jitter = self
            .readings
            .fetch_add(1, Ordering::SeqCst)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            % (25 * SECOND);
        Duration::from_nanos(self.high_water().saturating_sub(jitter))
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

/// When an allowed call took its places: not before its reading, not after the highest reading when it was recorded.
#[derive(Clone, Copy, Debug)]
struct Interval {
    from: u64,
    to: u64,
}

#[derive(Debug, Default)]
struct Log {
    clock: Arc<Jumpy>,
    decided: Mutex<HashMap<CallId, (Verdict, Interval)>>,
    ended: Mutex<HashMap<CallId, u32>>,
    repeated: AtomicBool,
}

impl Recorder for Log {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        match record.event {
            Event::Decided(Decided {
                subject, verdict, ..
            }) => {
                let interval = Interval {
                    from: record.at.as_nanos() as u64,
                    to: self.clock.high_water(),
                };
                if self
                    .decided
                    .lock()
                    .unwrap()
                    .insert(subject.call, (verdict, interval))
                    .is_some()
                {
                    self.repeated.store(true, Ordering::SeqCst);
                }
            }
            Event::Ended(Ended { subject, .. }) => {
                *self.ended.lock().unwrap().entry(subject.call).or_insert(0) += 1
            }
            _ => {}
        }
        Ok(())
    }
}

fn permissions(per_agent: usize, per_key: usize) -> String {
    format!(
        r#"[{{"tool_name": "t", "max_calls_per_minute": {per_agent}, "limits": [{{"calls": {per_key}, "per": "30s", "by": ["param:k"]}}]}}]"#
    )
}

/// The calls of one thread that were allowed, by key, and how many it made.
fn work(
    session: &Session,
    shared: &Session,
    seed: u64,
    done: &AtomicBool,
) -> (Vec<(CallId, usize)>, usize) {
    let (mut allowed, mut calls, mut random) = (Vec::new(), 0, seed | 1);
    while !done.load(Ordering::Relaxed) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let key = (random >> 8) as usize % KEYS;
        let session = if random & 1 == 0 { session } else { shared };
        calls += 1;
        // A permit that is not run gives its places back, and must not be counted: here every permit runs or was run.
        if let Ok(permit) = session.call("t", format!(r#"{{"k": {key}}}"#).as_str()) {
            let call = permit.call();
            if permit.run(|_| Ok::<(), Refusal>(())).is_ok() {
                allowed.push((call, key));
            }
        }
    }
    (allowed, calls)
}

#[test]
fn no_limit_gives_way() {
    let clock = Arc::new(Jumpy::default());
    let log = Arc::new(Log {
        clock: Arc::clone(&clock),
        ..Log::default()
    });
    let policies = [
        permissions(PER_AGENT, PER_KEY),
        permissions(PER_AGENT - 4, PER_KEY - 2),
    ];
    let builder = Guard::builder()
        .policy(agent_policy(&policies[0]))
        .clock(Arc::clone(&clock));
    let guard = builder.recorder(Arc::clone(&log)).build().unwrap();
    let shared = guard.vouched_session(agent(AGENT)).unwrap();
    let done = AtomicBool::new(false);
    let (allowed, calls) = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|seed| {
                let (own, shared, done) =
                    (guard.vouched_session(agent(AGENT)).unwrap(), &shared, &done);
                scope.spawn(move || work(&own, shared, seed * 0x51ed_270b + 7, done))
            })
            .collect();
        let mut leap = 0;
        while clock.high_water() < LAST {
            leap += 1;
            clock.high.fetch_add(
                [SECOND, 7 * SECOND, 29 * SECOND, 1][leap % 4],
                Ordering::SeqCst,
            );
            if leap % 3 == 0 {
                guard.swap([agent_policy(&policies[leap % 2])]).unwrap();
                guard.tick();
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        done.store(true, Ordering::Relaxed);
        let mut all = (Vec::new(), 0);
        for worker in workers {
            let (allowed, calls) = worker.join().unwrap();
            all.0.extend(allowed);
            all.1 += calls;
        }
        all
    });
    let decided = log.decided.lock().unwrap();
    assert!(
        !log.repeated.load(Ordering::SeqCst),
        "a call was decided twice"
    );
    assert_eq!(decided.len(), calls);
    let permits = decided
        .iter()
        .filter(|(_, (verdict, _))| *verdict == Verdict::Allow);
    let ended = log.ended.lock().unwrap();
    assert_eq!(permits.clone().count(), ended.len());
    permits.for_each(|(call, _)| assert_eq!(ended.get(call), Some(&1)));
    let intervals = |key: Option<usize>| {
        let of_key = allowed
            .iter()
            .filter(move |(_, one)| key.is_none_or(|key| key == *one));
        of_key.map(|(call, _)| decided[call].1).collect::<Vec<_>>()
    };
    check(intervals(None), 60 * SECOND, PER_AGENT);
    (0..KEYS).for_each(|key| check(intervals(Some(key)), 30 * SECOND, PER_KEY));
    assert!(
        allowed.len() > 300,
        "only {} of {calls} calls were allowed",
        allowed.len()
    );
}

/// In no window are more calls than `max` that surely took their places inside it, and all together there are not more
/// than fit into the time that the clock has shown.
fn check(mut calls: Vec<Interval>, window: u64, max: usize) {
    calls.sort_by_key(|call| call.from);
    for (index, first) in calls.iter().enumerate() {
        let near = calls[index..]
            .iter()
            .take_while(|call| call.from < first.from + window);
        let inside = near.filter(|call| call.to < first.from + window).count();
        assert!(
            inside <= max,
            "{inside} calls within {window} ns from {}",
            first.from
        );
    }
    let windows = calls.iter().map(|call| call.to).max().unwrap_or(0) / window + 1;
    assert!(
        calls.len() <= max * windows as usize,
        "{} calls in {windows} windows",
        calls.len()
    );
}
