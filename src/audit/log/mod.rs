//! A log of decisions and outcomes that survives crashes and shows tampering.

mod agreement;
mod entry;
mod erase;
mod error;
mod filter;
mod key;
mod open;
mod payload;
mod prove;
mod read;
mod recorded;
mod shut_out;
mod sink;
#[cfg(test)]
mod tests;
mod utc;
mod verify;
mod watch;

use std::cell::RefCell;
use std::fmt;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use smallvec::SmallVec;

pub use erase::Erasure;
pub use error::LogError;
pub use filter::EntryFilter;
pub use open::AuditLogOptions;
pub use payload::{Payload, PayloadCounts, PayloadForm, PayloadKind, PayloadRef, Payloads};
pub use prove::{ProvenEntry, prove};
pub use read::{LogEntry, read};
pub use recorded::EntryRecord;
pub use shut_out::restore_quarantine;
pub use sink::{CallbackSink, CheckpointSink, FileSink, SinkError};
pub use utc::Utc;
pub use verify::{Verification, VerifyOptions};
pub use watch::{LogWatch, warm_up};

use self::entry::{EntryText, since_epoch};
use self::payload::PayloadStore;
use super::{Checkpoint, CheckpointSigner, LeafHash, NoteError, Origin, SignError, Tree, TreeHead};
use crate::clock::Clock;
use crate::decision::{AuditLevel, Effect};
use crate::digest::DigestKey;
use crate::journal::{Files, Journal, Purpose};
use crate::record::{Decided, Event, Record, RecordError, Recorder};
use crate::text::Plain;

/// A log of decisions and outcomes, in a directory of its own: give it to a guard as its recorder.
///
/// Every entry is a line of JSON and a leaf of a Merkle tree, so that an edit, a gap or an exchange shows wherever a
/// checkpoint was kept. What a guard must know before a tool with an effect runs is synced before it runs; calls that wait
/// at the same time share syncs. After a crash, a call that had begun and not ended is recorded as `unknown`.
///
/// Arguments, results and the [context](crate::DecisionContext) of decisions are in it as keyed digests. What the audit level
/// of a permission lets it keep of them beside that stands in files of their own, as [`Payloads`], and can be
/// [erased](Self::erase) or [expire](AuditLogOptions::retain_payloads) while every proof stays valid: at `detailed` the names,
/// kinds and sizes of arguments; at `full` arguments, results (of long ones, the first MiB) and context. Of secret
/// parameters none of it has more than the name; but a tool that returns one makes it part of a result.
///
/// What reads and refusals leave is gathered, up to 8 KiB, before it is written: a process that is killed, or exits without
/// dropping the log, loses that much of it. A call with an effect takes all before it along to the disk, and so does
/// [`Guard::tick`](crate::Guard::tick) once there is something new.
///
/// ```
/// use portcullis::audit::{AuditLog, Origin, VerifyOptions};
/// use portcullis::{AgentId, AgentPolicy, Guard, Refusal};
/// use std::sync::Arc;
///
/// # let folder = std::env::temp_dir().join(format!("portcullis-doc-{}", std::process::id()));
/// # let _ = std::fs::remove_dir_all(&folder);
/// let log = Arc::new(AuditLog::options(Origin::parse("example.org/agents")?).open(&folder)?);
/// let policy = AgentPolicy::from_json(
///     r#"{"agent_id": "spiffe://example.org/a", "permissions": [{"tool_name": "pay"}]}"#,
/// )?;
/// let guard = Guard::builder().policy(policy).recorder(Arc::clone(&log)).build()?;
/// let session = guard.vouched_session(AgentId::parse("spiffe://example.org/a")?)?;
/// let paid: Result<(), Refusal> = session.run("pay", r#"{"amount": 5}"#, |_| Ok(()));
/// paid?;
/// log.close()?;
///
/// let verified = VerifyOptions::new().verify(&folder)?;
/// assert_eq!(verified.head.size, verified.covered);
/// # drop((guard, session, log));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AuditLog {
    journal: Journal,
    payloads: Arc<PayloadStore>,
    files: Arc<dyn Files>,
    /// Locked under the journal's own lock only, so that leaves and frames have one order.
    tree: Mutex<Tree>,
    origin: Origin,
    digest_key: DigestKey,
    clock: Box<dyn Clock>,
    signer: Option<Box<dyn CheckpointSigner>>,
    sinks: Vec<Box<dyn CheckpointSink>>,
    /// Entries between two checkpoints.
    every: u64,
    /// How many entries the last checkpoint covers; held while one is made, so that they go out in order.
    covered: Mutex<u64>,
    /// From this size on, a checkpoint is due.
    due: AtomicU64,
    /// Whether something on record as erased is not, until the log is opened again; held while erasing.
    any_unfinished_erasure: Mutex<bool>,
}

/// What the frames of the journal are.
mod kind {
    /// A leaf of the tree.
    pub(super) const ENTRY: u8 = 1;
    /// A checkpoint over all entries before it, unsigned.
    pub(super) const CHECKPOINT: u8 = 2;
    /// One of the checkpoints before it, signed.
    pub(super) const SIGNED: u8 = 3;
}

const PURPOSE: Purpose = Purpose::new(b"audit");

thread_local! {
    /// Memory for the entry that this thread writes.
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

impl AuditLog {
    /// Begins to open a log. The origin names it in checkpoints: a host name and a path, say.
    pub fn options(origin: Origin) -> AuditLogOptions {
        AuditLogOptions::new(origin)
    }

    /// How many entries there are, and what they come to.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.tree.lock().head()
    }

    /// Makes a checkpoint over all entries, syncs, and gives it to the sinks.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be written or the checkpoint not signed. That a sink did not take it goes on record.
    pub fn checkpoint(&self) -> Result<Checkpoint, LogError> {
        let mut covered = self.covered.lock();
        self.checkpoint_holding(&mut covered)
    }

    /// Puts the head of another store on record, durably: of a privacy [`Ledger`](crate::privacy::Ledger), or of anything else
    /// whose digest shows whether it was put back to an older state. It is an entry of type `anchored`, with `name` and `head`;
    /// the last of a name is what the store must have grown from.
    ///
    /// ```
    /// # use portcullis::audit::{AuditLog, LogError, Origin, read};
    /// # use portcullis::privacy::{Budget, BudgetPlan, Delta, Ledger, LedgerHead, LedgerOptions, Rho};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("portcullis-doc-anchor-{}", std::process::id()));
    /// # let log = AuditLog::options(Origin::parse("example.org/a")?).open(folder.join("log"))?;
    /// # let plan = || Ok::<_, Box<dyn std::error::Error>>(BudgetPlan::new(Budget::zcdp(Rho::new(1.0)?, Delta::ZERO)));
    /// let ledger = Ledger::open(folder.join("ledger"), plan()?)?;
    /// if let Some(head) = ledger.head() {
    ///     log.anchor("ledger", &head.to_string())?;
    /// }
    /// # drop((ledger, log));
    /// // After a restart:
    /// let mut options = LedgerOptions::new(plan()?);
    /// read(folder.join("log"), |entry| {
    ///     if entry.kind() == "anchored" && entry.text("name") == Some("ledger") {
    ///         let head: Option<LedgerHead> = entry.text("head").and_then(|head| head.parse().ok());
    ///         options = head.into_iter().fold(options.clone(), LedgerOptions::kept);
    ///     }
    ///     Ok::<_, LogError>(())
    /// })?;
    /// let ledger = options.open(folder.join("ledger"))?;
    /// # drop(ledger);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LogError`] if it cannot be written.
    pub fn anchor(&self, name: &str, head: &str) -> Result<(), LogError> {
        self.note("anchored", |entry| {
            entry.text("name", &Plain(name).to_string());
            entry.text("head", &Plain(head).to_string());
        })?;
        Ok(self.journal.sync()?)
    }

    /// Hands everything recorded so far to the system, so that readers of the files see it. It survives the process then,
    /// not the machine; a [`checkpoint`](Self::checkpoint) survives both.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be written.
    pub fn flush(&self) -> Result<(), LogError> {
        Ok(self.journal.flush()?)
    }

    /// Records that the log is closed, and makes the last checkpoint. What is recorded later opens it again.
    ///
    /// # Errors
    /// As for [`checkpoint`](Self::checkpoint).
    pub fn close(&self) -> Result<Checkpoint, LogError> {
        let durable = self.head().size;
        self.journal.sync()?;
        // Whoever opens the log then knows that no crash can have cost it any of these.
        self.note("log_closed", |entry| entry.number("durable", durable))?;
        self.checkpoint()
    }

    fn checkpoint_holding(&self, covered: &mut u64) -> Result<Checkpoint, LogError> {
        let (_, checkpoint) = self.waiting(|| {
            self.journal.append_with(kind::CHECKPOINT, |_, payload| {
                let checkpoint = Checkpoint::new(self.origin.clone(), self.head());
                payload.push(checkpoint.to_string().as_bytes())?;
                Ok::<_, LogError>(checkpoint)
            })
        })?;
        let size = checkpoint.head().size;
        *covered = size;
        self.due
            .store(size.saturating_add(self.every), Ordering::Relaxed);
        // A signer may take its time, so it is asked outside the journal's lock.
        let text = match &self.signer {
            None => checkpoint.to_string(),
            Some(signer) => {
                let sign = || checkpoint.sign(&**signer);
                let signed = unless_it_panics(sign, |problem| NoteError::Sign(SignError(problem)));
                if signed.is_err() {
                    // The next checkpoint must not come before this one is durable: opening relies on that.
                    self.journal.sync()?;
                }
                let text = signed.map_err(LogError::Sign)?.to_string();
                self.waiting(|| Ok(self.journal.append(kind::SIGNED, text.as_bytes())?))?;
                text
            }
        };
        // What a checkpoint elsewhere covers must not be gone after a crash.
        self.journal.sync()?;
        for sink in &self.sinks {
            if let Err(error) = unless_it_panics(|| sink.push(&text), SinkError) {
                self.note("checkpoint_not_kept", |entry| {
                    entry.number("size", size);
                    entry.text("reason", &Plain(&error.0).to_string());
                })?;
            }
        }
        Ok(checkpoint)
    }

    /// Makes a checkpoint if enough entries have come since the last, and nobody else is at it.
    fn checkpoint_if_due(&self, frame: u64) -> Result<(), LogError> {
        // There are at least as many frames as entries.
        if frame.saturating_add(1) < self.due.load(Ordering::Relaxed) {
            return Ok(());
        }
        let Some(mut covered) = self.covered.try_lock() else {
            return Ok(());
        };
        if self.head().size < self.due.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.unattended_checkpoint(&mut covered)
    }

    /// A checkpoint that nobody asked for. That a signer is out of reach goes on record, and stops no call.
    fn unattended_checkpoint(&self, covered: &mut u64) -> Result<(), LogError> {
        match self.checkpoint_holding(covered) {
            Err(LogError::Sign(error)) => {
                let write = |entry: &mut EntryText<'_>| {
                    entry.number("size", *covered);
                    entry.text("reason", &Plain(&error.to_string()).to_string());
                };
                self.note("checkpoint_not_signed", write).map(drop)
            }
            made => made.map(drop),
        }
    }

    /// Appends what a guard records, its payloads first; the number of its frame.
    fn append_record(&self, record: &Record<'_>) -> Result<u64, LogError> {
        let kept = self.keep_payloads(record)?;
        let frame = with_text(|text| {
            EntryText::record(text, record, &kept);
            match record.event {
                // A call that is not decided yet can still be refused.
                Event::Decided(_) => self.append(text),
                _ => self.append_waiting(text),
            }
        });
        if frame.is_err() {
            // Without its entry nobody could find a payload to erase it. Where this fails, as the disk does, opening the log
            // does it.
            for payload in &kept {
                let _ = self.payloads.erase(payload.place());
            }
        }
        frame
    }

    /// Keeps what the audit level allows beside the entry.
    fn keep_payloads(&self, record: &Record<'_>) -> Result<SmallVec<[PayloadRef; 2]>, LogError> {
        let wall = since_epoch(record.wall);
        let mut kept = SmallVec::new();
        match &record.event {
            Event::Decided(decided) => {
                if let Some(form) = form_of_arguments(decided) {
                    kept.push(with_text(|text| {
                        text.clear();
                        decided.write_arguments(text);
                        self.payloads
                            .append((PayloadKind::Arguments, form), text, wall)
                    })?);
                }
                if let Some(context) = decided.context() {
                    let kind = (PayloadKind::Context, PayloadForm::Whole);
                    kept.push(self.payloads.append(kind, context, wall)?);
                }
            }
            Event::Ended(ended) => {
                if let Some((result, text)) = ended.result.and_then(|it| Some((it, it.text?))) {
                    let form = match result.size == text.len() as u64 {
                        true => PayloadForm::Whole,
                        false => PayloadForm::Beginning,
                    };
                    kept.push(
                        self.payloads
                            .append((PayloadKind::Result, form), text, wall)?,
                    );
                }
            }
            _ => {}
        }
        Ok(kept)
    }

    /// Records something about the log itself.
    fn note(&self, kind: &str, write: impl FnOnce(&mut EntryText<'_>)) -> Result<u64, LogError> {
        let mut text = String::new();
        let (wall, monotonic) = (self.clock.wall(), self.clock.monotonic());
        write(&mut EntryText::begin(&mut text, kind, wall, monotonic));
        self.append_waiting(&text)
    }

    /// As [`append`](Self::append), but where the queue is full this waits for the disk: what has happened cannot be
    /// refused any more.
    fn append_waiting(&self, members: &str) -> Result<u64, LogError> {
        self.waiting(|| self.append(members))
    }

    fn waiting<T>(&self, append: impl Fn() -> Result<T, LogError>) -> Result<T, LogError> {
        loop {
            match append() {
                Err(LogError::Full { .. }) => self.journal.flush()?,
                appended => return appended,
            }
        }
    }

    /// Appends an entry, whose members are given; the number of its frame.
    fn append(&self, members: &str) -> Result<u64, LogError> {
        let (frame, _) = self.journal.append_with(kind::ENTRY, |_, payload| {
            let mut tree = self.tree.lock();
            let written = write!(payload, "{{\"seq\":{},{members}}}", tree.size());
            written.map_err(|error| LogError::Storage(error.to_string()))?;
            Ok::<_, LogError>(tree.append(LeafHash::of(payload.bytes()))?)
        })?;
        Ok(frame)
    }
}

impl Recorder for AuditLog {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        let recorded = self.append_record(record).and_then(|frame| {
            if must_be_durable(&record.event) {
                self.journal.sync_through(frame)?;
            }
            Ok(frame)
        });
        let frame = recorded.map_err(|error| RecordError(error.to_string()))?;
        // From here on it is recorded, and a failure must not say otherwise. One of the disk is final, and refuses the
        // next record.
        let _ = self.checkpoint_if_due(frame);
        Ok(())
    }

    fn digest_key(&self) -> Option<DigestKey> {
        Some(self.digest_key.clone())
    }

    fn tick(&self) -> Result<(), RecordError> {
        self.let_payloads_expire()
            .map_err(|error| RecordError(error.to_string()))?;
        let mut covered = self.covered.lock();
        let done = match self.head().size == *covered {
            // There is nothing to write, but a log that has stopped says so.
            true => self.flush(),
            false => self.unattended_checkpoint(&mut covered),
        };
        done.map_err(|error| RecordError(error.to_string()))
    }
}

/// How much of a call's arguments is kept; `None` for nothing.
fn form_of_arguments(decided: &Decided<'_>) -> Option<PayloadForm> {
    decided.arguments?;
    match decided.audit_level {
        AuditLevel::Standard => None,
        AuditLevel::Detailed => Some(PayloadForm::Shapes),
        AuditLevel::Full if decided.has_secrets() => Some(PayloadForm::WithoutSecrets),
        AuditLevel::Full => Some(PayloadForm::Whole),
    }
}

/// This thread's memory for an entry; memory of its own while the thread ends, when a permit may still be dropped.
fn with_text<T>(write: impl Fn(&mut String) -> T) -> T {
    let kept = TEXT.try_with(|text| text.try_borrow_mut().ok().map(|mut text| write(&mut text)));
    match kept {
        Ok(Some(written)) => written,
        _ => write(&mut String::new()),
    }
}

/// What the host has given may panic; that is a failure like any other.
fn unless_it_panics<T, E>(
    work: impl FnOnce() -> Result<T, E>,
    error: impl FnOnce(String) -> E,
) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(error("it panicked".to_owned())))
}

/// What has to be on disk before it happens.
fn must_be_durable(event: &Event<'_>) -> bool {
    match event {
        Event::Executing(executing) => executing.effect == Effect::Write,
        Event::PolicyLoaded { .. } => true,
        // Who is shut out must be after a crash too.
        Event::Responded(responded) => responded.quarantine.is_some(),
        Event::Released(released) => released.quarantine.is_some(),
        _ => false,
    }
}

/// Makes a last checkpoint, as far as that goes; to see whether it went well, call [`close`](AuditLog::close) before.
impl Drop for AuditLog {
    fn drop(&mut self) {
        if self.head().size != *self.covered.lock() {
            // Nobody is left to be told.
            let _ = self.checkpoint();
        }
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
