//! What one would do by hand: a z-score over a window, and a counter that decays, both with the cool-down of the monitor.

use std::collections::{HashMap, VecDeque};
use std::mem;

use crate::traffic::{Happening, Listener, MINUTE, What};
use crate::watchers::{Told, Watcher};

/// Tells the same thing again after 10 minutes, then 20, and so on up to 4 hours, or after one if it has become half as
/// bad again; anew after twice its silence without an event.
#[derive(Clone, Default)]
struct CoolDown {
    told_at: Option<u64>,
    seen_at: u64,
    doublings: u32,
    score: f64,
}

impl CoolDown {
    fn admits(&mut self, at: u64, score: f64) -> bool {
        let silence = ((10 * MINUTE) << self.doublings.min(16)).min(240 * MINUTE);
        let Some(told_at) = self.told_at else {
            (self.told_at, self.seen_at, self.score) = (Some(at), at, score);
            return true;
        };
        if at - self.seen_at >= 2 * silence {
            (self.doublings, self.score) = (0, 0.0);
        }
        self.seen_at = at;
        let since = at - told_at;
        if since < silence && (since < MINUTE || score < 1.5 * self.score) {
            return false;
        }
        self.doublings += u32::from(since < 2 * silence);
        (self.told_at, self.score) = (Some(at), score);
        true
    }
}

/// The calls of an agent in a minute, against those of its last 200 minutes with calls: how many deviations they differ by.
/// At least five such minutes must have passed, since the last deploy, which it is told of. Minutes without calls are not looked
/// at.
///
/// This is what `rogue_detector` of Microsoft's agent governance toolkit does (commit b5705588), from its description. A
/// minute is looked at when it is over.
#[derive(Clone)]
pub(crate) struct WindowedZ {
    pub(crate) threshold: f64,
    agents: [Buckets; 2],
    told: Vec<Told>,
}

#[derive(Clone, Default)]
struct Buckets {
    minute: u64,
    count: f64,
    past: VecDeque<f64>,
    cool_down: CoolDown,
}

impl WindowedZ {
    pub(crate) fn new(threshold: f64) -> Self {
        Self {
            threshold,
            agents: Default::default(),
            told: Vec::new(),
        }
    }
}

impl Buckets {
    /// The deviations of the minute that is over.
    fn close(&mut self) -> f64 {
        let count = self.past.len() as f64;
        let mean = self.past.iter().sum::<f64>() / count;
        let squares = self
            .past
            .iter()
            .map(|past| (past - mean).powi(2))
            .sum::<f64>();
        let deviation = (squares / count).sqrt();
        let z = if count >= 5.0 && deviation > 0.0 {
            (self.count - mean) / deviation
        } else {
            0.0
        };
        self.past.push_back(self.count);
        if self.past.len() > 200 {
            self.past.pop_front();
        }
        z.abs()
    }
}

impl Watcher for WindowedZ {
    fn see(&mut self, happening: &Happening) {
        let buckets = &mut self.agents[happening.agent];
        let minute = happening.at / MINUTE;
        if matches!(happening.what, What::Deployed) {
            buckets.past.clear();
            return;
        }
        if minute > buckets.minute {
            if buckets.count > 0.0 {
                let at = (buckets.minute + 1) * MINUTE;
                let z = buckets.close();
                if z >= self.threshold && buckets.cool_down.admits(at, z) {
                    self.told.push(Told { at, kind: "z" });
                }
            }
            (buckets.minute, buckets.count) = (minute, 0.0);
        }
        buckets.count += 1.0;
    }

    fn told(&mut self) -> Vec<Told> {
        mem::take(&mut self.told)
    }

    fn fork(&self) -> Self {
        self.clone()
    }
}

/// How often something happened of late, halved each minute: the largest of that for the agent, for what it used, and for
/// credentials.
#[derive(Clone)]
pub(crate) struct Counter {
    pub(crate) threshold: f64,
    counts: HashMap<(usize, Key), (f64, u64)>,
    cool_downs: [CoolDown; 2],
    told: Vec<Told>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    All,
    Tool(usize),
    Agent(Listener),
    Credentials,
}

impl Counter {
    pub(crate) fn new(threshold: f64) -> Self {
        Self {
            threshold,
            counts: HashMap::new(),
            cool_downs: Default::default(),
            told: Vec::new(),
        }
    }

    fn count(&mut self, agent: usize, key: Key, at: u64) -> f64 {
        let (count, last) = self.counts.entry((agent, key)).or_insert((0.0, at));
        *count = *count * (-((at - *last) as f64) / MINUTE as f64).exp2() + 1.0;
        *last = at;
        *count
    }
}

impl Watcher for Counter {
    fn see(&mut self, happening: &Happening) {
        let (agent, at) = (happening.agent, happening.at);
        let key = match happening.what {
            What::Call(call) => Key::Tool(call.tool),
            What::Spoke(listener) => Key::Agent(listener),
            What::Issued => Key::Credentials,
            What::Deployed => return,
        };
        let count = self
            .count(agent, Key::All, at)
            .max(self.count(agent, key, at));
        if count >= self.threshold && self.cool_downs[agent].admits(at, count) {
            self.told.push(Told { at, kind: "count" });
        }
    }

    fn told(&mut self) -> Vec<Told> {
        mem::take(&mut self.told)
    }

    fn fork(&self) -> Self {
        self.clone()
    }
}
