//! The queue in front of the disk, and who takes it there.
//!
//! There is no thread of its own. Whoever finds the writer free and wants something on disk takes the writer and all that
//! is queued, and writes it while others go on filling a second buffer. Whoever finds the writer taken waits, and is mostly
//! spared the trip: the next one takes everybody's records along and syncs once for all of them.

use std::io;
use std::mem;
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::error::JournalError;
use super::frame::{self, Payload, Seed};
use super::writer::Writer;

/// Sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// The longest payload.
    pub(super) max_payload: usize,
    /// From here on, a buffered append writes what is queued.
    pub(super) write_at: usize,
    /// From here on, the queue takes no more records. It is passed by one record at most.
    pub(super) queue: usize,
}

/// How often a thread that is about to sync gives way, as long as records come in meanwhile.
const GIVE_WAY: usize = 64;

/// What an append does when the queue is full and the writer is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WhenFull {
    Refuse,
    Wait,
}

/// How far a turn goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Written,
    Synced,
}

/// Makes durable what records refer to, before they are.
pub(super) type BeforeSync = Box<dyn Fn() -> io::Result<()> + Send + Sync>;

/// Records on their way to the disk.
pub(super) struct Commits {
    sizes: Sizes,
    seed: Seed,
    before_sync: BeforeSync,
    state: Mutex<State>,
    /// Someone gave the writer back.
    turn_over: Condvar,
}

struct State {
    /// Whole frames that nobody has taken to the disk yet.
    queue: Vec<u8>,
    /// The other buffer, empty, where its memory is kept while nobody writes.
    spare: Vec<u8>,
    /// The number of the first frame in the queue.
    queued_from: u64,
    /// The number that the next frame gets.
    next: u64,
    /// Every frame with a smaller number is durable.
    durable: u64,
    /// `None` while someone has it.
    writer: Option<Writer>,
    poison: Option<Arc<JournalError>>,
}

impl Commits {
    /// All records before `next` are durable.
    pub(super) fn new(sizes: Sizes, seed: Seed, next: u64, writer: Writer) -> Self {
        Self {
            sizes,
            seed,
            before_sync: Box::new(|| Ok(())),
            state: Mutex::new(State {
                queue: Vec::new(),
                spare: Vec::new(),
                queued_from: next,
                next,
                durable: next,
                writer: Some(writer),
                poison: None,
            }),
            turn_over: Condvar::new(),
        }
    }

    pub(super) fn before_sync(&mut self, sync: BeforeSync) {
        self.before_sync = sync;
    }

    /// Queues a record; what is queued is written once it is enough to be worth it.
    pub(super) fn append_with<T, E: From<JournalError>>(
        &self,
        kind: u8,
        write: impl FnOnce(u64, &mut Payload<'_>) -> Result<T, E>,
    ) -> Result<(u64, T), E> {
        let (mut state, seq, value) = self.enqueue(kind, WhenFull::Refuse, write)?;
        if state.queue.len() >= self.sizes.write_at && state.writer.is_some() {
            self.take_turn(&mut state, Reach::Written)?;
        }
        Ok((seq, value))
    }

    /// Queues a record and returns when it is durable.
    pub(super) fn append_durable(&self, kind: u8, payload: &[u8]) -> Result<u64, JournalError> {
        let (mut state, seq, ()) =
            self.enqueue(kind, WhenFull::Wait, |_, record| record.push(payload))?;
        self.make_durable(&mut state, seq)?;
        Ok(seq)
    }

    /// Returns when the record and all before it are durable.
    pub(super) fn sync_through(&self, seq: u64) -> Result<(), JournalError> {
        self.make_durable(&mut self.state.lock(), seq)
    }

    /// Returns when everything appended so far is durable.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        let mut state = self.state.lock();
        state.check()?;
        match state.next.checked_sub(1) {
            Some(last) => self.make_durable(&mut state, last),
            None => Ok(()),
        }
    }

    /// Returns when everything appended so far was handed to the system.
    pub(super) fn flush(&self) -> Result<(), JournalError> {
        let mut state = self.state.lock();
        let end = state.next;
        loop {
            state.check()?;
            if state.writer.is_none() {
                self.turn_over.wait(&mut state);
            } else if state.queued_from >= end {
                return Ok(());
            } else {
                self.take_turn(&mut state, Reach::Written)?;
            }
        }
    }

    /// The number that the next record gets.
    pub(super) fn next(&self) -> u64 {
        self.state.lock().next
    }

    fn enqueue<T, E: From<JournalError>>(
        &self,
        kind: u8,
        when_full: WhenFull,
        write: impl FnOnce(u64, &mut Payload<'_>) -> Result<T, E>,
    ) -> Result<(MutexGuard<'_, State>, u64, T), E> {
        let mut state = self.state.lock();
        self.make_room(&mut state, when_full)?;
        let seq = state.next;
        let limit = self.sizes.max_payload;
        let value = frame::encode(&mut state.queue, self.seed, limit, (kind, seq), |payload| {
            write(seq, payload)
        })?;
        state.next = seq.saturating_add(1);
        Ok((state, seq, value))
    }

    fn make_room(
        &self,
        state: &mut MutexGuard<'_, State>,
        when_full: WhenFull,
    ) -> Result<(), JournalError> {
        loop {
            state.check()?;
            let queued = state.queue.len();
            if queued < self.sizes.queue {
                return Ok(());
            }
            if state.writer.is_some() {
                self.take_turn(state, Reach::Written)?;
            } else if when_full == WhenFull::Wait {
                self.turn_over.wait(state);
            } else {
                return Err(JournalError::Full { queued });
            }
        }
    }

    fn make_durable(
        &self,
        state: &mut MutexGuard<'_, State>,
        seq: u64,
    ) -> Result<(), JournalError> {
        loop {
            // Also of a poisoned journal: what was durable before still is.
            if seq < state.durable {
                return Ok(());
            }
            state.check()?;
            if seq >= state.next {
                let next = state.next;
                return Err(JournalError::NotAppended { seq, next });
            }
            if state.writer.is_some() {
                self.take_turn(state, Reach::Synced)?;
            } else {
                self.turn_over.wait(state);
            }
        }
    }

    /// Takes all that is queued to the disk, with the lock released meanwhile. To be called when the writer is there.
    fn take_turn(
        &self,
        state: &mut MutexGuard<'_, State>,
        reach: Reach,
    ) -> Result<(), JournalError> {
        let Some(mut writer) = state.writer.take() else {
            return Ok(());
        };
        if reach == Reach::Synced {
            gather(state);
        }
        let spare = mem::take(&mut state.spare);
        let mut batch = mem::replace(&mut state.queue, spare);
        let end = state.next;
        let first = mem::replace(&mut state.queued_from, end);
        let outcome =
            MutexGuard::unlocked(state, || self.commit(&mut writer, &batch, first, reach));
        batch.clear();
        // One long record does not hold its memory for ever.
        batch.shrink_to(self.sizes.queue.saturating_mul(2));
        state.spare = batch;
        state.writer = Some(writer);
        match &outcome {
            Ok(()) if reach == Reach::Synced => state.durable = end,
            Ok(()) => {}
            Err(error) => state.poison = Some(Arc::new(error.clone())),
        }
        self.turn_over.notify_all();
        outcome
    }

    fn commit(
        &self,
        writer: &mut Writer,
        batch: &[u8],
        first: u64,
        reach: Reach,
    ) -> Result<(), JournalError> {
        if !batch.is_empty() {
            writer.write(batch, first)?;
        }
        match reach {
            Reach::Written => Ok(()),
            Reach::Synced => {
                (self.before_sync)()
                    .map_err(|cause| writer.failed("sync what belongs to", cause))?;
                writer.sync()
            }
        }
    }
}

impl State {
    fn check(&self) -> Result<(), JournalError> {
        match &self.poison {
            Some(first) => Err(JournalError::Poisoned {
                first: Arc::clone(first),
            }),
            None => Ok(()),
        }
    }
}

/// Threads that the last sync has released are about to append again. Those that are ready to run do so before the next
/// sync begins, or it would be for one record, and all the others would wait for it and for the one behind. Giving way costs
/// next to nothing beside a sync.
fn gather(state: &mut MutexGuard<'_, State>) {
    for _ in 0..GIVE_WAY {
        let next = state.next;
        MutexGuard::unlocked(state, thread::yield_now);
        if state.next == next {
            return;
        }
    }
}
