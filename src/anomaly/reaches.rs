//! Who reaches what through others, for lateral movement.

use std::collections::HashMap;

use parking_lot::Mutex;
use smallvec::SmallVec;

use super::policy::Lateral;
use super::snapshot::{Input, Stored, stored};
use crate::ids::AgentId;

/// For each agent, who spoke to it of late and which classes of resources it has reached, itself or through others.
///
/// It is asked only where a policy names classes of resources. An agent is remembered for a week after it was last heard of;
/// where there is no room for one more, what that one does is not seen here. Names that one agent speaks to, and that nobody
/// heard of before, take only so much of the room: it may have made them up.
#[derive(Debug)]
pub(super) struct Reaches(Mutex<Agents>);

#[derive(Debug)]
struct Agents {
    by_hash: HashMap<u64, Reach>,
    most: usize,
    /// When there was last a look for who may be forgotten, so that a flood does not make each event one.
    swept: u32,
}

#[derive(Clone, Debug)]
struct Reach {
    agent: AgentId,
    /// The second in which it was first heard of.
    since: u32,
    last: u32,
    callers: Vec<Caller>,
    /// Tags of classes.
    classes: Vec<u32>,
    brought: Brought,
}

/// How many agents were first heard of because this one spoke to them, in a week since the clock began.
#[derive(Clone, Copy, Debug, Default)]
struct Brought {
    week: u32,
    agents: u16,
}

/// One who spoke to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Caller {
    hash: u64,
    first: u32,
    last: u32,
    /// Whether a declared path led there.
    is_declared: bool,
}

/// An agent, by the hash under which it is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) hash: u64,
    pub(super) agent: &'a AgentId,
}

/// Somebody who has reached a class for the first time, by a path that is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) agent: AgentId,
    /// Steps from it to what was reached.
    pub(super) hops: u32,
    /// Between whom the step is that is new; the first, where there are several.
    pub(super) step: [AgentId; 2],
}

/// The last so many who spoke to an agent are remembered. One who has more is at the centre of things, and for them a path through
/// it is seldom new.
const MOST_CALLERS: usize = 16;
/// Agents that one may bring in within a week.
const MOST_BROUGHT: u16 = 64;
/// Seconds between two looks for who may be forgotten.
const SWEEP_EVERY: u32 = 60;
/// As many classes as a policy can name.
const MOST_CLASSES: usize = 64;
/// Seconds.
const FORGOTTEN_AFTER: u32 = 7 * 86_400;

stored!(
    Caller {
        hash,
        first,
        last,
        is_declared
    },
    |_| true
);
stored!(Brought { week, agents }, |_| true);
stored!(
    Reach {
        agent,
        since,
        last,
        callers,
        classes,
        brought
    },
    |reach| { reach.callers.len() <= MOST_CALLERS && reach.classes.len() <= MOST_CLASSES }
);

impl Reaches {
    pub(super) fn new(most: usize) -> Self {
        Self::of(HashMap::new(), most)
    }

    fn of(by_hash: HashMap<u64, Reach>, most: usize) -> Self {
        Self(Mutex::new(Agents {
            by_hash,
            most,
            swept: 0,
        }))
    }

    /// One agent spoke to another.
    pub(super) fn spoke(
        &self,
        source: Known<'_>,
        target: Known<'_>,
        is_declared: bool,
        second: u32,
    ) {
        let mut agents = self.0.lock();
        // Whoever has no room has no history to be new in.
        if agents.remember(source, second).is_none() {
            return;
        }
        let is_known = agents.by_hash.contains_key(&target.hash);
        let speaker = agents.by_hash.get_mut(&source.hash);
        if !is_known && !speaker.is_some_and(|speaker| speaker.brought.one_more(second)) {
            return;
        }
        if let Some(target) = agents.remember(target, second) {
            target.hear(source.hash, is_declared, second);
        }
    }

    /// An agent reached a class: who has reached it through that agent, and never before, over something that is new.
    pub(super) fn reached(
        &self,
        agent: Known<'_>,
        class: u32,
        rule: Lateral,
        second: u32,
    ) -> Vec<Moved> {
        let mut agents = self.0.lock();
        if agents.remember(agent, second).is_none() {
            return Vec::new();
        }
        let mut moved: Vec<Moved> = Vec::new();
        // It may be reached over several paths at once, of which one that is new counts.
        let mut first: SmallVec<[u64; 16]> = SmallVec::new();
        let mut visited: SmallVec<[(u64, bool); 16]> = SmallVec::new();
        let mut next: SmallVec<[Path; 16]> = SmallVec::new();
        next.push(Path {
            hash: agent.hash,
            until: second,
            hops: 1,
            new: None,
        });
        while let Some(path) = next.pop() {
            let step = path.new.and_then(|step| agents.names(step));
            let Some(reach) = agents.by_hash.get_mut(&path.hash) else {
                continue;
            };
            if reach.reach(class) {
                first.push(path.hash);
            }
            let is_settled = second.saturating_sub(reach.since) >= rule.after;
            let is_told = moved.iter().any(|it| it.agent == reach.agent);
            let is_moved = is_settled && first.contains(&path.hash) && !is_told;
            moved.extend(step.filter(|_| is_moved).map(|step| Moved {
                agent: reach.agent.clone(),
                hops: path.hops,
                step,
            }));
            if path.hops >= rule.hops {
                continue;
            }
            for caller in &reach.callers {
                let Some(longer) = path.before(caller, rule.within, second) else {
                    continue;
                };
                let key = (longer.hash, longer.new.is_some());
                if !visited.contains(&key) {
                    visited.push(key);
                    next.push(longer);
                }
            }
        }
        moved
    }

    pub(super) fn store(&self, out: &mut Vec<u8>) {
        let agents = self.0.lock();
        agents.by_hash.len().store(out);
        for (hash, reach) in &agents.by_hash {
            hash.store(out);
            reach.store(out);
        }
    }

    /// With room for so many. Nothing in it is later than this second.
    pub(super) fn load(input: &mut Input<'_>, most: usize, second: u32) -> Option<Self> {
        let mut agents = HashMap::new();
        for _ in 0..usize::load(input)? {
            let hash = u64::load(input)?;
            let reach = Reach::load(input)?;
            let is_sound = reach.last <= second && agents.len() < most;
            if !is_sound || agents.insert(hash, reach).is_some() {
                return None;
            }
        }
        Some(Self::of(agents, most))
    }
}

impl Agents {
    /// What is known of an agent from now on; `None` if there is no room for it.
    fn remember(&mut self, known: Known<'_>, second: u32) -> Option<&mut Reach> {
        let is_known = self.by_hash.contains_key(&known.hash);
        if !is_known && self.by_hash.len() >= self.most {
            self.sweep(second);
        }
        if !is_known && self.by_hash.len() >= self.most {
            return None;
        }
        let reach = self.by_hash.entry(known.hash);
        let reach = reach.or_insert_with(|| Reach::new(known.agent, second));
        reach.last = second;
        Some(reach)
    }

    /// The two ends of a step.
    fn names(&self, step: [u64; 2]) -> Option<[AgentId; 2]> {
        let [source, target] = step.map(|hash| self.by_hash.get(&hash));
        Some([source?.agent.clone(), target?.agent.clone()])
    }

    /// Forgets who was not heard of for long.
    fn sweep(&mut self, second: u32) {
        if second.saturating_sub(self.swept) >= SWEEP_EVERY {
            self.by_hash
                .retain(|_, reach| second.saturating_sub(reach.last) < FORGOTTEN_AFTER);
            self.swept = second;
        }
    }
}

impl Brought {
    /// Tells whether one more may be brought in, and counts it.
    fn one_more(&mut self, second: u32) -> bool {
        let week = second / FORGOTTEN_AFTER;
        if week > self.week {
            *self = Self { week, agents: 0 };
        }
        let has_room = self.agents < MOST_BROUGHT;
        self.agents += u16::from(has_room);
        has_room
    }
}

/// A way that leads to what was reached, followed backwards.
#[derive(Clone, Copy, Debug)]
struct Path {
    /// Where it begins.
    hash: u64,
    /// What leads there must not be later.
    until: u32,
    hops: u32,
    /// The first step of it that is new.
    new: Option<[u64; 2]>,
}

impl Path {
    /// The path with one more step before it, if that was taken in time. Of one that was taken again later, the times between
    /// are not known, and are taken to fit: or speaking once more would hide it.
    fn before(self, caller: &Caller, within: u32, second: u32) -> Option<Self> {
        let until = caller.last.min(self.until);
        let is_in_time = caller.first <= self.until && second.saturating_sub(until) <= within;
        let is_new = !caller.is_declared && second.saturating_sub(caller.first) <= within;
        is_in_time.then(|| Self {
            hash: caller.hash,
            until,
            hops: self.hops.saturating_add(1),
            new: is_new.then_some([caller.hash, self.hash]).or(self.new),
        })
    }
}

impl Reach {
    fn new(agent: &AgentId, second: u32) -> Self {
        Self {
            agent: agent.clone(),
            since: second,
            last: second,
            callers: Vec::new(),
            classes: Vec::new(),
            brought: Brought::default(),
        }
    }

    fn hear(&mut self, hash: u64, is_declared: bool, second: u32) {
        if let Some(caller) = self.callers.iter_mut().find(|caller| caller.hash == hash) {
            caller.last = second;
            caller.is_declared = is_declared;
            return;
        }
        if self.callers.len() >= MOST_CALLERS {
            let places = (0..).zip(&self.callers);
            let oldest = places.min_by_key(|(_, caller)| caller.last);
            if let Some((at, _)) = oldest {
                self.callers.swap_remove(at);
            }
        }
        self.callers.push(Caller {
            hash,
            first: second,
            last: second,
            is_declared,
        });
    }

    /// Tells whether it is for the first time.
    fn reach(&mut self, class: u32) -> bool {
        if self.classes.contains(&class) {
            return false;
        }
        if self.classes.len() >= MOST_CLASSES {
            // Those of former policies.
            self.classes.remove(0);
        }
        self.classes.push(class);
        true
    }
}

#[cfg(test)]
mod tests;
