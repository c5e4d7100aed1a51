//! Many keys under one counter, and how many of them each owner may keep alive.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use smallvec::SmallVec;

use super::amount::Amount;
use super::window::{Refused, Retention, Window};

/// Live keys that one owner may have in one counter.
pub(crate) const MAX_KEYS_PER_OWNER: u32 = 1024;

/// What a keyed counter counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// On whose account the key stands while it is alive: the agent that first used it.
    /// Two owners that name the same key share it; mix the owner into `hash` where they should not.
    pub(crate) owner: u64,
    /// A keyed hash of the values that make up the key, so that nobody can aim for a collision.
    pub(crate) hash: u128,
}

/// One shard of a keyed counter: the logs of the keys that have live entries.
///
/// A key is dropped as soon as its last entry is given back, and some time after its last entry expires: each key has a
/// ticket in `due`, never later than its newest entry, and tickets are looked at a few a call once their time has come.
pub(super) struct Table {
    records: HashMap<u128, Record, BuildHasherDefault<Prehashed>>,
    due: BinaryHeap<Reverse<(u64, u128)>>,
    owners: Arc<Owners>,
}

struct Record {
    window: Window,
    owner: u64,
    /// The time on the one ticket of this key that counts; others are stale.
    ticket: u64,
}

impl Table {
    pub(super) fn new(owners: Arc<Owners>) -> Self {
        Self {
            records: HashMap::default(),
            due: BinaryHeap::new(),
            owners,
        }
    }

    /// The same history on the accounts of `owners`.
    pub(super) fn fork(&self, owners: &Arc<Owners>) -> Self {
        let mut counts = owners.counts.lock();
        let records: HashMap<_, _, _> = self
            .records
            .iter()
            .map(|(hash, record)| (*hash, record.fork()))
            .collect();
        for record in records.values() {
            counts.add(record.owner);
        }
        drop(counts);
        let mut fork = Self {
            records,
            due: BinaryHeap::new(),
            owners: Arc::clone(owners),
        };
        fork.reissue_tickets();
        fork
    }

    /// Lets go of a key whose entries have all expired if it is on another account.
    pub(super) fn settle(&mut self, now: u64, key: Key, kept: Retention) {
        if let Some(record) = self.records.get_mut(&key.hash)
            && !record.goes_on(now, kept, key.owner)
        {
            self.remove(key.hash);
        }
    }

    /// Whether `amount` more fits; if so, whether the key is known. Expects a [settled](Self::settle) key, and locks nothing.
    pub(super) fn check(
        &self,
        now: u64,
        key: Key,
        span: u64,
        kept: Retention,
        limit: Amount,
        amount: Amount,
    ) -> Result<bool, Refused> {
        match self.records.get(&key.hash) {
            Some(record) => record
                .window
                .check(now, span, kept, limit, amount)
                .map(|()| true),
            None if amount > limit => Err(Refused::never(Amount::ZERO)),
            None => Ok(false),
        }
    }

    /// Enters `amount` if it fits and, where the key is new, there is room for it.
    pub(super) fn reserve(
        &mut self,
        now: u64,
        key: Key,
        span: u64,
        kept: Retention,
        limit: Amount,
        amount: Amount,
    ) -> Result<(), Refused> {
        if let Some(record) = self.records.get_mut(&key.hash) {
            if record.goes_on(now, kept, key.owner) {
                return record.window.reserve(now, span, kept, limit, amount);
            }
            self.remove(key.hash);
        }
        if amount > limit {
            return Err(Refused::never(Amount::ZERO));
        }
        if !self.owners.admit(key.owner) {
            return Err(Refused::KeysFull);
        }
        self.add(now, key, amount, kept);
        Ok(())
    }

    /// Enters `amount` for a key. A new one must have been [admitted](Admissions::admit).
    pub(super) fn add(&mut self, now: u64, key: Key, amount: Amount, kept: Retention) {
        let due = &mut self.due;
        let record = self.records.entry(key.hash).or_insert_with(|| {
            due.push(Reverse((now, key.hash)));
            Record {
                window: Window::new(now),
                owner: key.owner,
                ticket: now,
            }
        });
        record.window.add(now, amount, kept);
    }

    pub(super) fn give_back(&mut self, hash: u128, at: u64, amount: Amount) {
        let Some(record) = self.records.get_mut(&hash) else {
            return;
        };
        record.window.give_back(at, amount);
        match record.window.newest() {
            None => self.remove(hash),
            Some(newest) if newest < record.ticket => {
                record.ticket = newest;
                self.due.push(Reverse((newest, hash)));
            }
            Some(_) => {}
        }
        // Stale tickets never outnumber the valid ones by much, and a purge is paid for by the tickets that went stale.
        if self.due.len() > 2 * self.records.len() + 32 {
            self.reissue_tickets();
        }
    }

    /// Drops keys without live entries, looking at no more than `budget` of those that may be.
    pub(super) fn reclaim(&mut self, now: u64, kept: Retention, budget: usize) {
        for _ in 0..budget {
            let Some(&Reverse((at, hash))) = self.due.peek() else {
                return;
            };
            if now.saturating_sub(at) < kept.span {
                return;
            }
            self.due.pop();
            let Some(record) = self
                .records
                .get_mut(&hash)
                .filter(|record| record.ticket == at)
            else {
                continue;
            };
            record.window.expire(now, kept);
            match record.window.newest() {
                None => self.remove(hash),
                Some(newest) => {
                    record.ticket = newest;
                    self.due.push(Reverse((newest, hash)));
                }
            }
        }
    }

    /// Returns memory that a past flood of keys has left behind.
    pub(super) fn shrink(&mut self) {
        if self.records.capacity() > 4 * self.records.len() + 16 {
            self.records.shrink_to_fit();
            self.reissue_tickets();
            self.due.shrink_to_fit();
        }
    }

    fn remove(&mut self, hash: u128) {
        if let Some(record) = self.records.remove(&hash) {
            self.owners.counts.lock().remove(record.owner);
        }
    }

    fn reissue_tickets(&mut self) {
        self.due.clear();
        self.due.extend(
            self.records
                .iter()
                .map(|(hash, record)| Reverse((record.ticket, *hash))),
        );
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let slots = self.records.capacity() * 8 / 7 * (size_of::<(u128, Record)>() + 1);
        let tickets = self.due.capacity() * size_of::<Reverse<(u64, u128)>>();
        slots
            + tickets
            + self
                .records
                .values()
                .map(|record| record.window.bytes())
                .sum::<usize>()
    }
}

impl Record {
    /// Whether `owner` may go on with it: it is alive, or on this account anyway.
    fn goes_on(&mut self, now: u64, kept: Retention, owner: u64) -> bool {
        self.window.expire(now, kept);
        self.owner == owner || !self.window.is_empty()
    }

    fn fork(&self) -> Self {
        Self {
            window: self.window.fork(),
            ..*self
        }
    }
}

/// How many live keys each owner has in one counter, over all shards.
///
/// Touched only when a key comes or goes. Its lock is taken after those of shards, never before.
pub(super) struct Owners {
    /// Lock order among the owners of different counters.
    id: u64,
    max: u32,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts(HashMap<u64, u32>);

impl Owners {
    pub(super) fn new(id: u64, max: u32) -> Self {
        Self {
            id,
            max,
            counts: Mutex::default(),
        }
    }

    pub(super) fn max(&self) -> u32 {
        self.max
    }

    /// Puts a new key on the account of `owner`, if there is room.
    pub(super) fn admit(&self, owner: u64) -> bool {
        let mut counts = self.counts.lock();
        let fits = counts.of(owner) < self.max;
        if fits {
            counts.add(owner);
        }
        fits
    }

    #[cfg(test)]
    pub(super) fn count(&self, owner: u64) -> u32 {
        self.counts.lock().of(owner)
    }
}

impl Counts {
    fn of(&self, owner: u64) -> u32 {
        self.0.get(&owner).copied().unwrap_or(0)
    }

    fn add(&mut self, owner: u64) {
        let count = self.0.entry(owner).or_insert(0);
        *count = count.saturating_add(1);
    }

    fn remove(&mut self, owner: u64) {
        if let Some(count) = self.0.get_mut(&owner) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.0.remove(&owner);
            }
        }
    }
}

/// The new keys of one reservation, checked while the accounts they go to are locked.
#[derive(Default)]
pub(super) struct Admissions<'a> {
    accounts: SmallVec<[Account<'a>; 1]>,
}

struct Account<'a> {
    owners: &'a Owners,
    counts: MutexGuard<'a, Counts>,
    new: SmallVec<[Key; 2]>,
}

impl<'a> Admissions<'a> {
    /// Whether there is room for `key`, counting the keys admitted before it. Callers name counters in the order of their ids.
    pub(super) fn admit(&mut self, owners: &'a Owners, key: Key) -> bool {
        let account = match self.accounts.last_mut() {
            Some(account) if account.owners.id == owners.id => account,
            _ => {
                self.accounts.push(Account {
                    owners,
                    counts: owners.counts.lock(),
                    new: SmallVec::new(),
                });
                match self.accounts.last_mut() {
                    Some(account) => account,
                    None => return false,
                }
            }
        };
        account.admit(key)
    }

    pub(super) fn commit(&mut self) {
        for account in &mut self.accounts {
            for key in &account.new {
                account.counts.add(key.owner);
            }
        }
    }
}

impl Account<'_> {
    fn admit(&mut self, key: Key) -> bool {
        if self.new.iter().any(|new| new.hash == key.hash) {
            return true;
        }
        let pending = self.new.iter().filter(|new| new.owner == key.owner).count();
        let room = self.owners.max.saturating_sub(self.counts.of(key.owner));
        let fits = usize::try_from(room).is_ok_and(|room| pending < room);
        if fits {
            self.new.push(key);
        }
        fits
    }
}

/// Keys are hashes already.
#[derive(Default)]
struct Prehashed(u64);

impl Hasher for Prehashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
