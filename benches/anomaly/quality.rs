//! How well the monitor tells attacks from work, on made-up traffic with fixed seeds.
//!
//! An agent works on weekdays from 8 to 18 o'clock. The calls of a minute are negative binomial (shape 2) about a mean of its
//! own, between 0.5 and 6, that follows the time of day. It goes through five tools in an order that it keeps to nine times of
//! ten, names ten hosts, the first ones most, and is refused one time in fifty. Sizes and latencies are lognormal. It is
//! watched for four weeks; only the last two are looked at. Nothing is declared. Attacks come in the last week, each on an
//! agent of its own; one is recalled if anything is told within ten minutes of its beginning that would not have been told
//! without it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use portcullis::anomaly::{Alert, AlertKind, Monitor};
use portcullis::{AgentId, AgentPolicy, Args, Guard, ManualClock, Refusal, RingRecorder, Session};

const AGENT: &str = "spiffe://example.org/agent/a";
const TOOLS: [&str; 5] = ["search", "read", "summarise", "write", "send"];
const MINUTE: u64 = 60_000;
const DAY: u64 = 1440 * MINUTE;
/// 1970-01-05 was a Monday.
const MONDAY: u64 = 4 * DAY;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Attack {
    Burst,
    Drip,
    Probing,
    Destination,
    Loop,
    Night,
}

const ATTACKS: [Attack; 6] = [
    Attack::Burst,
    Attack::Drip,
    Attack::Probing,
    Attack::Destination,
    Attack::Loop,
    Attack::Night,
];

/// Steele and others, *Fast splittable pseudorandom number generators* (2014).
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((mixed ^ (mixed >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn below(&mut self, end: usize) -> usize {
        ((self.uniform() * end as f64) as usize).min(end - 1)
    }

    fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    fn normal(&mut self) -> f64 {
        let (radius, angle) = ((2.0 * self.exponential()).sqrt(), self.uniform());
        radius * (angle * std::f64::consts::TAU).cos()
    }

    /// Poisson about a gamma of shape 2.
    fn negative_binomial(&mut self, mean: f64) -> usize {
        let rate = mean / 2.0 * (self.exponential() + self.exponential());
        let (mut events, mut time) = (0, self.exponential());
        while time < rate {
            events += 1;
            time += self.exponential();
        }
        events
    }
}

struct Agent {
    numbers: Numbers,
    clock: Arc<ManualClock>,
    session: Session,
    alerts: Receiver<Alert>,
    mean: f64,
    tool: usize,
    calls: u64,
}

impl Agent {
    fn new(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::new());
        let monitor = Monitor::builder().clock(Arc::clone(&clock)).build();
        let permissions: Vec<String> = TOOLS
            .iter()
            .map(|tool| format!(r#"{{"tool_name": "{tool}", "max_calls_per_minute": 100000, "audit_level": "full"}}"#))
            .collect();
        let policy = format!(
            r#"{{"agent_id": "{AGENT}", "permissions": [{}, {{"tool_name": "strict", "allowed_params": {{"path": ["a"]}}}}]}}"#,
            permissions.join(",")
        );
        let guard = Guard::builder()
            .policy(AgentPolicy::from_json(&policy).unwrap())
            .clock(Arc::clone(&clock))
            .recorder(monitor.watch(RingRecorder::new(1)))
            .build()
            .unwrap();
        let mut numbers = Numbers(seed << 32);
        Self {
            mean: 0.5 * 12_f64.powf(numbers.uniform()),
            numbers,
            session: guard
                .vouched_session(AgentId::parse(AGENT).unwrap())
                .unwrap(),
            alerts: monitor.subscribe(100_000),
            clock,
            tool: 0,
            calls: 0,
        }
    }

    fn at(&self, millis: u64) {
        self.clock.set(Duration::from_millis(millis));
    }

    fn call(&mut self, tool: &str, args: &str, size: usize) {
        let _ = self.session.run(tool, Args::parse(args).unwrap(), |_| {
            Ok::<_, Refusal>("x".repeat(size))
        });
    }

    fn work(&mut self) {
        self.calls += 1;
        self.tool = if self.numbers.uniform() < 0.9 {
            (self.tool + 1) % TOOLS.len()
        } else {
            self.numbers.below(TOOLS.len())
        };
        if self.numbers.uniform() < 0.02 {
            return self.call("strict", r#"{"path": "b"}"#, 0);
        }
        let host = (self.numbers.exponential() * 2.0) as usize % 10;
        let args = format!(
            r#"{{"n": {}, "to": "https://host{host}.example/"}}"#,
            self.calls
        );
        let size = (500.0 * (0.5 * self.numbers.normal()).exp()) as usize;
        self.call(TOOLS[self.tool], &args, size);
    }

    /// A minute of work, `factor` times as busy as usual.
    fn minute(&mut self, start: u64, factor: f64) {
        let (day, hour) = ((start - MONDAY) / DAY % 7, start % DAY / (60 * MINUTE));
        if day >= 5 || !(8..18).contains(&hour) {
            return;
        }
        let bend = [0.6, 1.0, 1.3, 1.1, 0.5, 0.9, 1.2, 1.3, 1.0, 0.6][hour as usize - 8];
        let calls = self.numbers.negative_binomial(self.mean * bend * factor);
        let mut times: Vec<u64> = (0..calls)
            .map(|_| self.numbers.below(60_000) as u64)
            .collect();
        times.sort_unstable();
        for time in times {
            self.at(start + time);
            self.work();
        }
    }

    fn attack(&mut self, attack: Attack, start: u64) {
        match attack {
            Attack::Burst => (0..60).for_each(|call| {
                self.at(start + call * 900);
                self.call("read", &format!(r#"{{"burst": {call}}}"#), 500);
            }),
            Attack::Drip => (0..10).for_each(|minute| self.minute(start + minute * MINUTE, 5.0)),
            Attack::Probing => (0..10).for_each(|call| {
                self.at(start + call * 10_000);
                self.call("strict", &format!(r#"{{"path": "probe{call}"}}"#), 0);
            }),
            Attack::Destination => {
                self.at(start);
                self.call("send", r#"{"to": "https://evil.example/"}"#, 500);
            }
            Attack::Loop => (0..5).for_each(|call| {
                self.at(start + call * 5000);
                self.call("search", r#"{"same": 1}"#, 100);
            }),
            Attack::Night => (0..5).for_each(|call| {
                self.at(start + call * 20_000);
                self.work();
            }),
        }
    }

    /// Four weeks, with an attack in the last. Tells what was told from the third week on.
    fn live(&mut self, attack: Option<(Attack, u64)>) -> Vec<Alert> {
        for minute in 0..28 * 1440 {
            let start = MONDAY + minute * MINUTE;
            if let Some((attack, _)) = attack.filter(|(_, at)| *at == start) {
                self.attack(attack, start);
            }
            self.minute(start, 1.0);
        }
        let from = Duration::from_millis(MONDAY + 14 * DAY);
        let since = |alert: &Alert| {
            alert
                .at
                .duration_since(std::time::SystemTime::UNIX_EPOCH)
                .unwrap()
        };
        self.alerts
            .try_iter()
            .filter(|alert| !alert.is_update && since(alert) >= from)
            .collect()
    }
}

/// Prints false alerts per agent and week, and the share of attacks that are told.
pub(crate) fn report(agents: u64) {
    let mut false_alerts: BTreeMap<AlertKind, usize> = BTreeMap::new();
    let mut recalled: BTreeMap<Attack, (usize, usize, Vec<AlertKind>)> = BTreeMap::new();
    for seed in 0..agents {
        let quiet = Agent::new(seed).live(None);
        quiet
            .iter()
            .for_each(|alert| *false_alerts.entry(alert.kind).or_default() += 1);
        let known: HashSet<_> = quiet.iter().map(|alert| (alert.kind, alert.at)).collect();
        let attack = ATTACKS[seed as usize % ATTACKS.len()];
        let day = 21 + (seed / 6) % 5;
        let hour = if attack == Attack::Night {
            2
        } else {
            9 + seed % 8
        };
        let start = MONDAY + day * DAY + hour * 60 * MINUTE + 17 * MINUTE;
        let told = Agent::new(seed).live(Some((attack, start)));
        let new: Vec<AlertKind> = told
            .iter()
            .filter(|alert| {
                let at = alert
                    .at
                    .duration_since(std::time::SystemTime::UNIX_EPOCH)
                    .unwrap();
                let within =
                    Duration::from_millis(start)..Duration::from_millis(start + 10 * MINUTE);
                within.contains(&at) && !known.contains(&(alert.kind, alert.at))
            })
            .map(|alert| alert.kind)
            .collect();
        let entry = recalled.entry(attack).or_default();
        entry.0 += usize::from(!new.is_empty());
        entry.1 += 1;
        entry.2.extend(new);
    }
    let weeks = 2.0 * agents as f64;
    println!("\n| false alerts per agent and week | |\n|---|--:|");
    for (kind, count) in &false_alerts {
        println!("| {kind} | {:.3} |", *count as f64 / weeks);
    }
    let all: usize = false_alerts.values().sum();
    println!("| all | {:.3} |", all as f64 / weeks);
    println!("\n| attack | told | of | by |\n|---|--:|--:|---|");
    for (attack, (told, of, mut kinds)) in recalled {
        kinds.sort_unstable();
        kinds.dedup();
        let by: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        println!("| {attack:?} | {told} | {of} | {} |", by.join(", "));
    }
}
