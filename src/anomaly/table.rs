//! The memories of all agents, in a space that is bounded.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use parking_lot::Mutex;

use super::agent::AgentState;
use super::snapshot::{Input, SnapshotError, Stored};

/// Agents by a keyed hash of their names, in shards, so that threads that work for different agents seldom meet.
///
/// Once a shard is full, a new agent takes the place of one that has been silent for [`AT_REST`], longer than any rule looks
/// back: forgetting it silences nothing. Where there is none, the agents that came too late share one memory. Their events
/// add up in it, so that it speaks sooner than theirs would, not later.
#[derive(Debug)]
pub(super) struct Table {
    shards: Box<[Shard]>,
    capacity: usize,
}

/// Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Agents>);

#[derive(Debug, Default)]
struct Agents {
    states: HashMap<u64, Box<AgentState>, BuildHasherDefault<Prehashed>>,
    /// Every agent once, with the second in which it was looked at last or came.
    queue: VecDeque<(u64, u32)>,
    /// For those that found no room.
    shared: Option<Box<AgentState>>,
}

/// Whose memory it is.
pub(super) struct Place<'t> {
    pub(super) state: &'t mut AgentState,
    pub(super) is_shared: bool,
    /// The memory that had to give way.
    pub(super) evicted: Option<Box<AgentState>>,
}

impl Table {
    /// Room for about so many agents.
    pub(super) fn new(agents: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            capacity: agents.div_ceil(SHARDS).max(1),
        }
    }

    /// Looks at the memory of an agent, or makes it one.
    pub(super) fn with<T>(&self, hash: u64, second: u32, then: impl FnOnce(Place<'_>) -> T) -> T {
        let Some(shard) = self.shards.get(shard_of(hash, SHARDS)) else {
            // There is one for every value of these bits; if not, nothing is remembered.
            let state = &mut AgentState::new(second);
            return then(Place {
                state,
                is_shared: true,
                evicted: None,
            });
        };
        then(shard.0.lock().place(hash, second, self.capacity))
    }

    /// Looks at the memory of an agent, if it has one of its own.
    pub(super) fn find(&self, hash: u64, then: impl FnOnce(&mut AgentState)) {
        let shard = self.shards.get(shard_of(hash, SHARDS));
        let mut agents = shard.map(|shard| shard.0.lock());
        let states = agents.as_mut().map(|agents| &mut agents.states);
        if let Some(state) = states.and_then(|states| states.get_mut(&hash)) {
            then(state);
        }
    }

    /// Every memory, shard by shard, and that which is shared.
    pub(super) fn store(&self, out: &mut Vec<u8>) {
        for shard in &self.shards {
            let agents = shard.0.lock();
            agents.states.len().store(out);
            for (hash, state) in &agents.states {
                hash.store(out);
                state.store(out);
            }
            agents.shared.store(out);
        }
    }

    /// With room for about so many agents. Nothing in it is later than this second.
    pub(super) fn load(
        input: &mut Input<'_>,
        agents: usize,
        second: u32,
    ) -> Result<Self, SnapshotError> {
        let table = Self::new(agents);
        for (index, shard) in table.shards.iter().enumerate() {
            let mut agents = shard.0.lock();
            let count = usize::load(input).ok_or(SnapshotError::Damaged)?;
            if count > table.capacity {
                return Err(SnapshotError::TooManyAgents);
            }
            for _ in 0..count {
                agents
                    .load_one(input, index, second)
                    .ok_or(SnapshotError::Damaged)?;
            }
            let shared: Option<Box<AgentState>> =
                Stored::load(input).ok_or(SnapshotError::Damaged)?;
            if shared.as_ref().is_some_and(|state| state.last() > second) {
                return Err(SnapshotError::Damaged);
            }
            agents.shared = shared;
        }
        Ok(table)
    }

    /// Looks at every memory, a shard at a time.
    pub(super) fn for_each(&self, mut then: impl FnMut(&mut AgentState)) {
        for shard in &self.shards {
            let mut agents = shard.0.lock();
            let Agents { states, shared, .. } = &mut *agents;
            states
                .values_mut()
                .chain(shared.iter_mut())
                .for_each(|state| then(state));
        }
    }
}

impl Agents {
    fn load_one(&mut self, input: &mut Input<'_>, shard: usize, second: u32) -> Option<()> {
        let hash = u64::load(input)?;
        let state: Box<AgentState> = Stored::load(input)?;
        let last = state.last();
        let is_new = self.states.insert(hash, state).is_none();
        self.queue.push_back((hash, last));
        (is_new && shard_of(hash, SHARDS) == shard && last <= second).then_some(())
    }

    fn place(&mut self, hash: u64, second: u32, capacity: usize) -> Place<'_> {
        let mut evicted = None;
        if !self.states.contains_key(&hash) {
            if self.states.len() >= capacity {
                evicted = self.make_room(second);
            }
            if self.states.len() >= capacity {
                let state = self
                    .shared
                    .get_or_insert_with(|| Box::new(AgentState::new(second)));
                return Place {
                    state,
                    is_shared: true,
                    evicted,
                };
            }
            self.queue.push_back((hash, second));
        }
        let state = self
            .states
            .entry(hash)
            .or_insert_with(|| Box::new(AgentState::new(second)));
        Place {
            state,
            is_shared: false,
            evicted,
        }
    }

    /// Looks at a few of those that were looked at longest ago.
    fn make_room(&mut self, second: u32) -> Option<Box<AgentState>> {
        for _ in 0..LOOKS {
            let (hash, at) = *self.queue.front()?;
            if second.saturating_sub(at) < AT_REST {
                return None;
            }
            self.queue.pop_front();
            let last = self.states.get(&hash).map_or(0, |state| state.last());
            if second.saturating_sub(last) >= AT_REST {
                return self.states.remove(&hash);
            }
            self.queue.push_back((hash, last));
        }
        None
    }
}

/// The map makes use of the lowest bits and the highest.
pub(super) fn shard_of(hash: u64, shards: usize) -> usize {
    (hash >> 32) as usize % shards.max(1)
}

const SHARDS: usize = 64;
/// Seconds after which no rule looks at anything that happened.
const AT_REST: u32 = 3 * 3600 + 1;
const LOOKS: usize = 8;

/// Keys are hashes already.
#[derive(Default)]
pub(super) struct Prehashed(u64);

impl Hasher for Prehashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::anomaly::learned::Learned;
    use crate::anomaly::moment::Moment;
    use crate::anomaly::tags::Tags;

    fn sizes(table: &Table) -> (usize, usize) {
        let of = |shard: &Shard| {
            let agents = shard.0.lock();
            (agents.states.len(), agents.queue.len())
        };
        let sizes = table.shards.iter().map(of);
        sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1))
    }

    /// A hundred thousand agents, some of whom come again, over two days.
    #[test]
    fn a_flood_takes_no_more_than_its_room() {
        let (table, tags) = (Table::new(640), Tags::random());
        for number in 0..200_000_u32 {
            let agent = if number % 3 == 0 {
                number % 100
            } else {
                number
            };
            let now = Moment::new(Duration::from_secs(number.into()), SystemTime::UNIX_EPOCH);
            table.with(tags.long(agent), number, |place| {
                place.state.flush(now, &mut Vec::new());
            });
        }
        assert_eq!(sizes(&table), (640, 640));
    }

    /// What a monitor says of itself.
    #[test]
    fn an_agent_takes_less_than_two_kibibytes() {
        let bytes = size_of::<AgentState>() + size_of::<Learned>();
        assert!(bytes <= 2048, "{bytes}");
    }
}
