//! Verifying a log offline.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use super::agreement::{check_checkpoint, check_kept, check_not_cut, check_origin};
use super::payload::{PayloadCounts, check};
use super::read::{LogEntry, Stopped};
use super::{LogError, PURPOSE, kind};
use crate::audit::growth::Seen;
use crate::audit::{Checkpoint, LeafHash, Origin, SignedCheckpoint, Tree, TreeHead, VerifyingKey};
use crate::journal::{Directory, Files, Frame, Reader};

/// What a log is held against.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct VerifyOptions {
    origin: Option<Origin>,
    kept: Vec<Checkpoint>,
    keys: Vec<VerifyingKey>,
}

/// What was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// How many entries there are, and what they come to.
    pub head: TreeHead,
    /// How many checkpoints stand in the log.
    pub checkpoints: u64,
    /// How many of the entries a checkpoint in the log covers.
    pub covered: u64,
    /// How many of the entries a checkpoint covers that one of the given keys signed.
    pub signed: u64,
    /// How many checkpoints that were kept elsewhere the log agrees with: all that were given.
    pub kept: u64,
    /// How many of the entries something vouches for that was given: a checkpoint kept elsewhere, or a key. Whoever can write
    /// the log could have made those behind them anew, with the log's own checkpoints.
    pub vouched: u64,
    /// Bytes at the end that are no entry: one that is being written, or that a crash tore.
    pub torn: u64,
    /// What has become of arguments, results and context that were kept beside the entries.
    pub payloads: PayloadCounts,
}

impl VerifyOptions {
    /// Against the log's own checkpoints. That shows accidents, and edits by whoever does not redo all checkpoints; that
    /// the end was cut off or all of it exchanged only shows against a checkpoint kept elsewhere, or a signature.
    pub fn new() -> Self {
        Self::default()
    }

    /// The log must be of this origin.
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The log must have grown out of what this checkpoint, kept elsewhere, was made over.
    pub fn kept(mut self, checkpoint: Checkpoint) -> Self {
        self.kept.push(checkpoint);
        self
    }

    /// The log must have signed checkpoints, and all of them must be signed by a key that was given. What comes after the
    /// last one, see [`Verification::signed`], may have been written by anybody.
    #[cfg(feature = "sign")]
    pub fn key(mut self, key: VerifyingKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Reads the whole log, in bounded memory, also while it is being written: once and, if anything is kept beside the
    /// entries, once more to hold that against them. What is gone of it must have been erased, expired or lost on record.
    ///
    /// # Errors
    /// [`LogError`] for the first thing that is wrong.
    pub fn verify(&self, directory: impl AsRef<Path>) -> Result<Verification, LogError> {
        self.verify_in(Arc::new(Directory::existing(directory.as_ref())))
    }

    /// As [`verify`](Self::verify), over any files.
    pub(crate) fn verify_in(&self, files: Arc<dyn Files>) -> Result<Verification, LogError> {
        self.verify_over(&files, |_| Ok(()))
    }

    /// As [`verify`](Self::verify), and calls `visit` with the number and the line of every entry on the way, for
    /// [`LogEntry::parse`]. Until this returns without an error, nothing that was visited counts as verified.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify), and whatever `visit` answers.
    pub fn verify_with<E: From<LogError>>(
        &self,
        directory: impl AsRef<Path>,
        mut visit: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<Verification, E> {
        let files: Arc<dyn Files> = Arc::new(Directory::existing(directory.as_ref()));
        self.verify_over(&files, |seen| match seen {
            Seen::Entry { index, line, .. } => visit(*index, line),
            Seen::Checkpoint(_) | Seen::Signed(_) => Ok(()),
        })
    }

    fn verify_over<E: From<LogError>>(
        &self,
        files: &Arc<dyn Files>,
        mut see: impl FnMut(&Seen<'_>) -> Result<(), E>,
    ) -> Result<Verification, E> {
        let mut any_payloads = false;
        let mut verified = self.read_over(files, |seen| {
            if let Seen::Entry { has_payloads, .. } = &seen {
                any_payloads |= has_payloads;
            }
            see(&seen)
        })?;
        if any_payloads {
            verified.payloads = check(files, verified.head.size)?;
        }
        Ok(verified)
    }

    /// Verifies all but the payloads, and calls `see` with all that stands in the log, each thing once it was checked.
    pub(in crate::audit) fn read_with<E: From<LogError>>(
        &self,
        directory: &Path,
        see: impl FnMut(Seen<'_>) -> Result<(), E>,
    ) -> Result<Verification, E> {
        let files: Arc<dyn Files> = Arc::new(Directory::existing(directory));
        self.read_over(&files, see)
    }

    fn read_over<E: From<LogError>>(
        &self,
        files: &Arc<dyn Files>,
        mut see: impl FnMut(Seen<'_>) -> Result<(), E>,
    ) -> Result<Verification, E> {
        let mut pass = Pass::new(self);
        pass.check_kept()?;
        let read = Reader::over(Arc::clone(files), PURPOSE).read(|frame| {
            let seen = pass.frame(&frame).map_err(|error| Stopped(error.into()))?;
            see(seen).map_err(Stopped)
        });
        let report = read.map_err(|Stopped(error)| error)?;
        let verified = pass.finish(report.torn_tail.map_or(0, |tail| tail.bytes))?;
        match report.id {
            Some(_) => Ok(verified),
            None => Err(LogError::NoLog.into()),
        }
    }
}

/// One reading of a log.
struct Pass<'v> {
    options: &'v VerifyOptions,
    origin: Option<Origin>,
    tree: Tree,
    checkpoints: u64,
    covered: u64,
    signed: u64,
    kept: u64,
    /// The last checkpoints, which a signed one may repeat a little later.
    recent: VecDeque<Checkpoint>,
}

/// Signing takes its time, and other checkpoints may come meanwhile. They are made one at a time, so few are enough.
const RECENT: usize = 8;

impl<'v> Pass<'v> {
    fn new(options: &'v VerifyOptions) -> Self {
        Self {
            options,
            origin: options.origin.clone(),
            tree: Tree::new(),
            checkpoints: 0,
            covered: 0,
            signed: 0,
            kept: 0,
            recent: VecDeque::new(),
        }
    }

    fn frame<'f>(&mut self, frame: &Frame<'f>) -> Result<Seen<'f>, LogError> {
        match frame.kind {
            kind::ENTRY => self.entry(frame.payload),
            kind::CHECKPOINT => self.checkpoint(frame.payload),
            kind::SIGNED => self.signed(frame.payload),
            _ => Err(LogError::NotAnEntry {
                index: self.tree.size(),
            }),
        }
    }

    fn entry<'f>(&mut self, bytes: &'f [u8]) -> Result<Seen<'f>, LogError> {
        let index = self.tree.size();
        let head = LogEntry::head_at(index, bytes)?;
        let opens = head.kind == "log_opened";
        if opens {
            let entry = LogEntry::parse(index, bytes)?;
            match &self.origin {
                Some(origin) => check_origin(&entry, origin)?,
                None => self.origin = entry.text("origin").and_then(|text| text.parse().ok()),
            }
        }
        // A log begins by saying whose it is.
        if self.origin.is_none() || index == 0 && !opens {
            return Err(LogError::NotAnEntry { index });
        }
        let leaf = LeafHash::of(bytes);
        self.tree.append(leaf)?;
        self.check_kept()?;
        Ok(Seen::Entry {
            index,
            line: bytes,
            leaf,
            has_payloads: head.has_payloads,
        })
    }

    /// Holds the log as it has come so far against what was kept of that length.
    fn check_kept(&mut self) -> Result<(), LogError> {
        for kept in &self.options.kept {
            self.kept += u64::from(check_kept(kept, &self.tree)?);
        }
        Ok(())
    }

    fn checkpoint<'f>(&mut self, text: &[u8]) -> Result<Seen<'f>, LogError> {
        let found = self.tree.head();
        let Some(origin) = &self.origin else {
            return Err(LogError::NotAnEntry { index: found.size });
        };
        let head = check_checkpoint(text, origin, found)?;
        self.checkpoints += 1;
        self.covered = head.size;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        let checkpoint = Checkpoint::new(origin.clone(), head);
        self.recent.push_back(checkpoint.clone());
        Ok(Seen::Checkpoint(checkpoint))
    }

    fn signed<'f>(&mut self, note: &[u8]) -> Result<Seen<'f>, LogError> {
        let covered = self.covered;
        let signed =
            SignedCheckpoint::parse(note).map_err(|error| LogError::checkpoint(covered, &error))?;
        let head = *signed.unverified().head();
        if !self.recent.contains(signed.unverified()) {
            let found = self.tree.head();
            let checkpoint = head;
            return Err(LogError::Mismatch { checkpoint, found });
        }
        if self.is_signed_by_a_given_key(&signed)? {
            self.signed = head.size;
        }
        Ok(Seen::Signed(signed))
    }

    #[cfg(feature = "sign")]
    fn is_signed_by_a_given_key(&self, signed: &SignedCheckpoint) -> Result<bool, LogError> {
        let keys = &self.options.keys;
        if keys.is_empty() {
            return Ok(false);
        }
        let origin = signed.unverified().origin();
        let verified = signed.verify(origin, keys);
        let checked = verified.map_err(|error| LogError::Checkpoint {
            size: signed.unverified().head().size,
            problem: error.to_string(),
        });
        checked.map(|_| true)
    }

    #[cfg(not(feature = "sign"))]
    fn is_signed_by_a_given_key(&self, _: &SignedCheckpoint) -> Result<bool, LogError> {
        // There are no keys without the feature.
        Ok(!self.options.keys.is_empty())
    }

    fn finish(self, torn: u64) -> Result<Verification, LogError> {
        let head = self.tree.head();
        let mut vouched = self.signed;
        for kept in &self.options.kept {
            let origin = self.origin.as_ref().unwrap_or(kept.origin());
            check_not_cut(kept, origin, head.size)?;
            vouched = vouched.max(kept.head().size);
        }
        if !self.options.keys.is_empty() && self.signed == 0 {
            return Err(LogError::Unsigned);
        }
        Ok(Verification {
            head,
            checkpoints: self.checkpoints,
            covered: self.covered,
            signed: self.signed,
            kept: self.kept,
            vouched,
            torn,
            payloads: PayloadCounts::default(),
        })
    }
}
