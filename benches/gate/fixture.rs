//! The tools, policies and calls that all themes use, and the floor of a look-up.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use portcullis::json::{Number, View};
use portcullis::{AgentId, AgentPolicy, Args, Caller, Clock, Guard, RingRecorder};
use serde_json::{Value, json};

pub(crate) const EXCHANGES: [&str; 3] = ["NYSE", "NASDAQ", "LSE"];
pub(crate) const REQUESTS: usize = 64;

const AGENT: &str = "spiffe://example.org/agent/trading-analyzer";

pub(crate) fn agent() -> AgentId {
    AgentId::parse(AGENT).unwrap()
}

pub(crate) fn caller() -> Caller {
    agent().into()
}

fn tool(index: usize) -> String {
    format!("tool_{index:05}")
}

/// One call in each form in which it can be asked about.
pub(crate) struct Request {
    pub(crate) tool: String,
    pub(crate) json: Value,
    pub(crate) args: Args,
    exchange: &'static str,
}

/// Parameters as Rust values, sorted by name.
pub(crate) type Typed<'a> = [(&'a str, Option<View<'a>>); 3];

impl Request {
    fn new(tool: String, exchange: &'static str) -> Self {
        let json = json!({"exchange": exchange, "symbol": "AAPL", "depth": 5});
        Self {
            tool,
            args: Args::try_from(&json).unwrap(),
            json,
            exchange,
        }
    }

    pub(crate) fn typed(&self) -> Typed<'_> {
        [
            ("depth", Some(View::Number(Number::from(5)))),
            ("exchange", Some(View::String(self.exchange))),
            ("symbol", Some(View::String("AAPL"))),
        ]
    }
}

/// Calls spread over the tools of a policy of `permissions`, all allowed.
pub(crate) fn allowed(permissions: usize) -> Vec<Request> {
    spread(permissions, |tool| Request::new(tool, "NYSE"))
}

/// The same calls with a value that the policy does not admit.
pub(crate) fn bad_values(permissions: usize) -> Vec<Request> {
    spread(permissions, |tool| Request::new(tool, "TSE"))
}

/// Calls of tools that no policy names.
pub(crate) fn unknown_tools() -> Vec<Request> {
    (0..REQUESTS)
        .map(|index| Request::new(format!("absent_{index:03}"), "NYSE"))
        .collect()
}

fn spread(permissions: usize, request: impl Fn(String) -> Request) -> Vec<Request> {
    (0..REQUESTS)
        .map(|index| request(tool((index * 37 % REQUESTS) * permissions / REQUESTS)))
        .collect()
}

/// A policy of so many tools, each with one parameter constrained and the others let through.
pub(crate) fn policy_text(permissions: usize, calls_per_minute: u32) -> String {
    let permission = |index| {
        json!({
            "tool_name": tool(index),
            "max_calls_per_minute": calls_per_minute,
            "allowed_params": {"exchange": EXCHANGES},
            "other_params": "allow",
        })
    };
    json!({"agent_id": AGENT, "permissions": (0..permissions).map(permission).collect::<Vec<_>>()})
        .to_string()
}

/// A guard of such a policy that records in memory.
pub(crate) fn guard(permissions: usize) -> Guard {
    let policy = AgentPolicy::from_json(&policy_text(permissions, u32::MAX)).unwrap();
    Guard::builder()
        .policy(policy)
        .recorder(RingRecorder::new(RECORDS))
        .clock(FastClock::default())
        .build()
        .unwrap()
}

/// Records kept, here and by the floor.
pub(crate) const RECORDS: usize = 1000;

/// Reads the system's clock and lets time pass [`SPEED`] times as fast.
///
/// A benchmark makes a minute's calls in a moment. So that limits hold as many calls as in life, tens to hundreds, a
/// minute has to pass in a moment too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FastClock(Instant);

const SPEED: u32 = 20_000;

impl Default for FastClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for FastClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed() * SPEED
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// The floor of a look-up: for each tool, parameters and the values they may have.
pub(crate) type Plain = HashMap<String, Vec<(String, Vec<Value>)>>;

pub(crate) fn plain(permissions: usize) -> Plain {
    let values = || EXCHANGES.iter().map(|exchange| json!(exchange)).collect();
    (0..permissions)
        .map(|index| (tool(index), vec![("exchange".to_owned(), values())]))
        .collect()
}

pub(crate) fn plain_decide(map: &Plain, tool: &str, params: &Value) -> bool {
    map.get(tool).is_some_and(|allowed| {
        allowed
            .iter()
            .all(|(name, values)| params.get(name).is_none_or(|value| values.contains(value)))
    })
}

/// The next of a list, round and round.
pub(crate) fn cycle<'a, T>(list: &'a [T], first: usize) -> impl FnMut() -> &'a T {
    let mut at = first;
    move || {
        at = (at + 1) % list.len();
        std::hint::black_box(&list[at])
    }
}
