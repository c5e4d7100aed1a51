//! Verifying a log offline.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use super::agreement::{check_checkpoint, check_kept, check_not_cut, check_origin};
use super::payload::{PayloadCounts, check};
use super::read::LogEntry;
use super::{LogError, PURPOSE, kind};
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
        let mut pass = Pass::new(self);
        pass.check_kept()?;
        let reader = Reader::over(Arc::clone(&files), PURPOSE);
        let report = reader.read(|frame| pass.frame(&frame))?;
        let has_payloads = pass.has_payloads;
        let mut verified = pass.finish(report.torn_tail.map_or(0, |tail| tail.bytes))?;
        if report.id.is_none() {
            return Err(LogError::NoLog);
        }
        if has_payloads {
            verified.payloads = check(&files, verified.head.size)?;
        }
        Ok(verified)
    }
}

/// One reading of a log.
struct Pass<'v> {
    options: &'v VerifyOptions,
    origin: Option<Origin>,
    tree: Tree,
    has_payloads: bool,
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
            has_payloads: false,
            checkpoints: 0,
            covered: 0,
            signed: 0,
            kept: 0,
            recent: VecDeque::new(),
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), LogError> {
        match frame.kind {
            kind::ENTRY => self.entry(frame.payload),
            kind::CHECKPOINT => self.checkpoint(frame.payload),
            kind::SIGNED => self.signed(frame.payload),
            _ => Err(LogError::NotAnEntry {
                index: self.tree.size(),
            }),
        }
    }

    fn entry(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        let index = self.tree.size();
        let head = LogEntry::head_at(index, bytes)?;
        self.has_payloads |= head.has_payloads;
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
        self.tree.append(LeafHash::of(bytes))?;
        self.check_kept()
    }

    /// Holds the log as it has come so far against what was kept of that length.
    fn check_kept(&mut self) -> Result<(), LogError> {
        for kept in &self.options.kept {
            self.kept += u64::from(check_kept(kept, &self.tree)?);
        }
        Ok(())
    }

    fn checkpoint(&mut self, text: &[u8]) -> Result<(), LogError> {
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
        self.recent.push_back(Checkpoint::new(origin.clone(), head));
        Ok(())
    }

    fn signed(&mut self, note: &[u8]) -> Result<(), LogError> {
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
        Ok(())
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
        for kept in &self.options.kept {
            let origin = self.origin.as_ref().unwrap_or(kept.origin());
            check_not_cut(kept, origin, head.size)?;
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
            torn,
            payloads: PayloadCounts::default(),
        })
    }
}
