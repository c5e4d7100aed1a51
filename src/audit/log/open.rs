//! Opening a log, and putting on record what a crash left open.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parking_lot::Mutex;

use super::agreement::{check_checkpoint, check_kept, check_not_cut, check_origin};
use super::key::digest_key;
use super::payload::{Payload, PayloadKind, PayloadRef, PayloadStore, Payloads, Place, Stock};
use super::read::LogEntry;
use super::sink::{CheckpointSink, SinkError};
use super::{AuditLog, LogError, PURPOSE, kind};
use crate::audit::{Checkpoint, CheckpointSigner, LeafHash, Origin, Tree};
use crate::clock::{Clock, SystemClock};
use crate::digest::DigestKey;
use crate::journal::{Directory, Files, Frame, OpenOptions, Recovered};

/// How a log is opened.
#[derive(Debug)]
#[must_use]
pub struct AuditLogOptions {
    origin: Origin,
    clock: Box<dyn Clock>,
    signer: Option<Box<dyn CheckpointSigner>>,
    sinks: Vec<Box<dyn CheckpointSink>>,
    every: u64,
    retention: Option<Duration>,
    pub(super) journal: OpenOptions,
}

/// Entries between two checkpoints where nothing is said.
const EVERY: u64 = 1024;

impl AuditLogOptions {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            origin,
            clock: Box::new(SystemClock::new()),
            signer: None,
            sinks: Vec::new(),
            every: EVERY,
            retention: None,
            journal: OpenOptions::new(PURPOSE),
        }
    }

    /// Signs checkpoints. Without a signer they are unsigned: then only what a sink has kept shows a log that was
    /// exchanged as a whole.
    pub fn signer(mut self, signer: impl CheckpointSigner + 'static) -> Self {
        self.signer = Some(Box::new(signer));
        self
    }

    /// Gives every checkpoint to this too.
    pub fn sink(mut self, sink: impl CheckpointSink + 'static) -> Self {
        self.sinks.push(Box::new(sink));
        self
    }

    /// How many entries there are between two checkpoints: 1024 where nothing is said, at least 1.
    pub fn checkpoint_every(mut self, entries: u64) -> Self {
        self.every = entries.max(1);
        self
    }

    /// The clock for what the log notes about itself; the operating system's where none is given.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// How long arguments, results and context are kept beside the log, counted by the wall clock. They go on
    /// [`Guard::tick`](crate::Guard::tick) and when the log is opened, whole volumes at a time: an eighth of the time late at
    /// most, where that much is written. Without it they are kept until they are [erased](AuditLog::erase). The log itself, with
    /// its digests, is kept for good.
    pub fn retain_payloads(mut self, time: Duration) -> Self {
        self.retention = Some(time);
        self
    }

    /// Opens a log whose last segment has a hole, by cutting it off there. For an operator who has looked at the refusal:
    /// a crash of the machine can leave a hole before entries that were never reported as durable, but damage looks the same.
    pub fn accept_loss(mut self) -> Self {
        self.journal = self.journal.accept_loss(true);
        self
    }

    /// Opens the log in a directory, which is created if it is not there.
    ///
    /// All of it is read and held against its own checkpoints first. Calls that a crash left open are put on record as
    /// `unknown`, or as `abandoned` where they cannot have run, and what was cut off a torn end as `recovered`.
    ///
    /// It must have grown out of what its sinks have kept last, or its end was cut off or all of it replaced.
    ///
    /// # Errors
    /// [`LogError`]: another writer has it open, it is damaged, of another origin, not what a sink has kept, or the system
    /// refuses.
    pub fn open(self, directory: impl AsRef<Path>) -> Result<AuditLog, LogError> {
        self.open_in(Arc::new(Directory::create(directory.as_ref())?))
    }

    /// As [`open`](Self::open), over any files.
    pub(crate) fn open_in(self, files: Arc<dyn Files>) -> Result<AuditLog, LogError> {
        let mut replay = Replay::new(&self.origin, self.kept()?);
        let (mut journal, report) = self
            .journal
            .open_in(Arc::clone(&files), |frame| replay.frame(&frame))?;
        replay.check_all_kept()?;
        let is_new = replay.tree.size() == 0;
        let payloads = PayloadStore::new(Arc::clone(&files), self.retention);
        payloads.resume(&replay.stock)?;
        let lost = mend(&payloads, &files, &replay)?;
        let Replay {
            tree,
            covered,
            pending,
            to_erase,
            ..
        } = replay;
        let payloads = Arc::new(payloads);
        let kept = Arc::clone(&payloads);
        journal.before_sync(move || kept.sync());
        let log = AuditLog {
            digest_key: DigestKey::from_bytes(&digest_key(&*files, is_new)?),
            due: AtomicU64::new(covered.saturating_add(self.every)),
            covered: Mutex::new(covered),
            tree: Mutex::new(tree),
            journal,
            payloads,
            files,
            origin: self.origin,
            clock: self.clock,
            signer: self.signer,
            sinks: self.sinks,
            every: self.every,
            any_unfinished_erasure: Mutex::new(false),
        };
        let found = Found {
            is_new,
            recovered: report.recovered,
            pending,
            lost,
            any_erased: !to_erase.is_empty(),
        };
        log.note_opened(&found)?;
        log.let_payloads_expire()?;
        Ok(log)
    }

    /// The last checkpoint of each sink that can tell it.
    fn kept(&self) -> Result<Vec<Checkpoint>, LogError> {
        let mut kept = Vec::new();
        for sink in &self.sinks {
            if let Some(text) = sink.last().map_err(LogError::Sink)? {
                let checkpoint = Checkpoint::parse_kept(&text);
                kept.push(
                    checkpoint.map_err(|error| LogError::Sink(SinkError(error.to_string())))?,
                );
            }
        }
        Ok(kept)
    }
}

/// Completes erasures that a crash may have cut short, and tells which payloads it may have lost.
fn mend(
    store: &PayloadStore,
    files: &Arc<dyn Files>,
    replay: &Replay<'_>,
) -> Result<Vec<(u64, PayloadKind)>, LogError> {
    for place in &replay.to_erase {
        store.erase(*place)?;
    }
    let mut payloads = Payloads::in_files(Arc::clone(files));
    let mut lost = Vec::new();
    for (index, payload) in replay.before.values().chain(replay.recent.values()) {
        let has_expired = replay.stock.has_expired(payload.place());
        if !has_expired && !matches!(payloads.read_at(payload)?, Payload::Kept(_)) {
            lost.push((*index, payload.kind));
        }
    }
    Ok(lost)
}

/// What was found when a log was opened.
struct Found {
    is_new: bool,
    recovered: Option<Recovered>,
    pending: BTreeMap<String, Pending>,
    /// Payloads that may not have been durable and are gone, as after a crash of the machine.
    lost: Vec<(u64, PayloadKind)>,
    /// Whether erasures were completed.
    any_erased: bool,
}

impl AuditLog {
    fn note_opened(&self, found: &Found) -> Result<(), LogError> {
        self.note("log_opened", |entry| {
            entry.text("origin", self.origin.as_str());
            entry.text("version", env!("CARGO_PKG_VERSION"));
            if let Some(signer) = &self.signer {
                entry.text("key", &signer.key().to_string());
            }
        })?;
        if let Some(recovered) = &found.recovered {
            self.note("recovered", |entry| {
                entry.text("segment", &recovered.segment);
                entry.number("offset", recovered.offset);
                entry.number("bytes", recovered.bytes);
                entry.text("sha256", &recovered.digest.to_string());
            })?;
        }
        for (call, open) in &found.pending {
            let kind = if open.may_have_run() {
                "unknown"
            } else {
                "abandoned"
            };
            self.note(kind, |entry| {
                entry.text("call", call);
                for (key, value) in &open.subject {
                    entry.text(key, value);
                }
            })?;
        }
        for (index, kind) in &found.lost {
            self.note("payload_lost", |entry| {
                entry.number("entry", *index);
                entry.word("payload", kind.as_str());
            })?;
        }
        if found.any_erased {
            self.note_erasures_done()?;
        }
        let is_news = found.recovered.is_some() || !found.pending.is_empty();
        if found.is_new || is_news || !found.lost.is_empty() {
            self.journal.sync()?;
        }
        Ok(())
    }
}

/// What the log's records say, read again in their order.
struct Replay<'o> {
    origin: &'o Origin,
    tree: Tree,
    covered: u64,
    /// What the sinks have kept.
    kept: Vec<Checkpoint>,
    /// Calls that were allowed and have not ended, by their ids.
    pending: BTreeMap<String, Pending>,
    stock: Stock,
    /// Payloads that may not have been durable when the log was left.
    recent: Recent,
    /// The same, of the entries before the last checkpoint.
    before: Recent,
    /// What is on record as erased, and may not be yet.
    to_erase: BTreeSet<Place>,
}

/// Payloads with the entries that they belong to, by where they stand.
type Recent = BTreeMap<Place, (u64, PayloadRef)>;

/// A call that was allowed.
struct Pending {
    subject: Vec<(&'static str, String)>,
    writes: bool,
    began: bool,
}

impl<'o> Replay<'o> {
    fn new(origin: &'o Origin, kept: Vec<Checkpoint>) -> Self {
        Self {
            origin,
            tree: Tree::new(),
            covered: 0,
            kept,
            pending: BTreeMap::new(),
            stock: Stock::default(),
            recent: Recent::default(),
            before: Recent::default(),
            to_erase: BTreeSet::new(),
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), LogError> {
        match frame.kind {
            kind::ENTRY => {
                let entry = LogEntry::parse(self.tree.size(), frame.payload)?;
                self.tree.append(LeafHash::of(frame.payload))?;
                self.kept
                    .iter()
                    .try_for_each(|kept| check_kept(kept, &self.tree).map(drop))?;
                self.entry(&entry)
            }
            kind::CHECKPOINT => {
                let found = self.tree.head();
                self.covered = check_checkpoint(frame.payload, self.origin, found)?.size;
                // It is written before it is synced, but not before the one before it was.
                self.before = mem::take(&mut self.recent);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn check_all_kept(&self) -> Result<(), LogError> {
        self.kept
            .iter()
            .try_for_each(|kept| check_not_cut(kept, self.origin, self.tree.size()))
    }

    fn entry(&mut self, entry: &LogEntry<'_>) -> Result<(), LogError> {
        if entry.kind() == "log_opened" {
            return check_origin(entry, self.origin);
        }
        self.payloads(entry);
        let Some(call) = entry.call() else {
            return Ok(());
        };
        match entry.kind() {
            "decided" if entry.decision() == Some("allow") => {
                self.pending.insert(call.to_owned(), Pending::of(entry));
            }
            "decided" => {}
            "executing" => {
                let open = self.pending.entry(call.to_owned());
                open.or_insert_with(|| Pending::of(entry)).began = true;
            }
            _ => drop(self.pending.remove(call)),
        }
        Ok(())
    }
}

impl Replay<'_> {
    fn payloads(&mut self, entry: &LogEntry<'_>) {
        for payload in entry.payloads() {
            self.stock.uses(payload.place(), entry.wall());
            self.recent
                .insert(payload.place(), (entry.index(), payload));
        }
        match entry.kind() {
            "erased" => {
                for place in entry.places() {
                    self.recent.remove(&place);
                    self.before.remove(&place);
                    self.to_erase.insert(place);
                }
            }
            "erasures_done" => self.to_erase.clear(),
            "expired" => {
                if let Some(through) = entry.number("through") {
                    self.stock.expired(through);
                }
            }
            "log_closed" => {
                let durable = entry.number("durable").unwrap_or(0);
                for part in [&mut self.before, &mut self.recent] {
                    part.retain(|_, (index, _)| *index >= durable);
                }
            }
            _ => {}
        }
    }
}

impl Pending {
    fn of(entry: &LogEntry<'_>) -> Self {
        const KEYS: [&str; 5] = ["session", "agent", "user", "task", "tool"];
        let subject = KEYS
            .into_iter()
            .filter_map(|key| Some((key, entry.text(key)?.to_owned())));
        Self {
            subject: subject.collect(),
            writes: entry.text("effect") != Some("read"),
            began: false,
        }
    }

    /// That a call with an effect begins is durable before it does. Of a read it may have been lost.
    fn may_have_run(&self) -> bool {
        self.began || !self.writes
    }
}
