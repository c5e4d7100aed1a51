//! Whether the payloads of a log are what its entries say, or gone for a reason that is on record.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Payload, PayloadKind, Payloads, Place};
use crate::audit::log::read::read_in;
use crate::audit::log::{LogEntry, LogError};
use crate::journal::Files;

/// What has become of the payloads of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PayloadCounts {
    /// They are what was committed to.
    pub kept: u64,
    /// They were erased, which is on record.
    pub erased: u64,
    /// They outlived their time, which is on record.
    pub expired: u64,
    /// They were lost in a crash before they were durable, which is on record.
    pub lost: u64,
}

/// As many payloads and volumes wait for a record at a time. If there are more, the log is read again for the next ones.
const WAITING: usize = 1 << 18;

/// Holds every payload of the first `size` entries against its commitment, in bounded memory.
///
/// One that is gone must be excused by an entry. The log may be written and payloads be erased meanwhile: then the
/// entry that says so is there, before the payload is not.
pub(in crate::audit::log) fn check(
    files: &Arc<dyn Files>,
    size: u64,
) -> Result<PayloadCounts, LogError> {
    let mut counts = PayloadCounts::default();
    let mut from = Some(0);
    while let Some(first) = from {
        let mut pass = Pass::new(files, first..size);
        read_in(Arc::clone(files), |entry| pass.entry(entry))?;
        if !pass.is_settled() {
            // What was erased after this reading had passed the end of the log is on record by now.
            read_in(Arc::clone(files), |entry| {
                pass.excuse(entry);
                Ok::<_, LogError>(())
            })?;
        }
        from = pass.finish(&mut counts)?;
    }
    Ok(counts)
}

/// One reading of the log.
struct Pass {
    payloads: Payloads,
    entries: std::ops::Range<u64>,
    counts: PayloadCounts,
    /// Payloads that are not what was committed to, by entry and kind.
    waiting: BTreeMap<(u64, PayloadKind), (Problem, Place)>,
    /// Volumes that are not there, and the payloads in them.
    missing: BTreeMap<u64, Missing>,
    /// Volumes up to this one have expired.
    expired: Option<u64>,
    /// Where the next reading has to begin.
    next: Option<u64>,
}

/// How it differs.
type Problem = &'static str;

struct Missing {
    first: (u64, PayloadKind),
    payloads: u64,
}

impl Pass {
    fn new(files: &Arc<dyn Files>, entries: std::ops::Range<u64>) -> Self {
        Self {
            payloads: Payloads::in_files(Arc::clone(files)),
            entries,
            counts: PayloadCounts::default(),
            waiting: BTreeMap::new(),
            missing: BTreeMap::new(),
            expired: None,
            next: None,
        }
    }

    fn entry(&mut self, entry: &LogEntry<'_>) -> Result<(), LogError> {
        self.excuse(entry);
        let index = entry.index();
        if !self.entries.contains(&index) || self.next.is_some() {
            return Ok(());
        }
        if self.waiting.len().saturating_add(self.missing.len()) >= WAITING {
            self.next = Some(index);
            return Ok(());
        }
        for payload in entry.payloads() {
            let at = (index, payload.kind);
            let problem = match self.payloads.read_at(&payload)? {
                Payload::Kept(_) => {
                    self.counts.kept += 1;
                    continue;
                }
                Payload::Missing if !self.payloads.has_volume(&payload)? => {
                    let volume = payload.place.volume;
                    let first = Missing {
                        first: at,
                        payloads: 0,
                    };
                    self.missing.entry(volume).or_insert(first).payloads += 1;
                    continue;
                }
                Payload::Missing => "is missing",
                Payload::Erased => "was erased, and nothing on record says so",
                Payload::Damaged => "is not what was recorded",
            };
            self.waiting.insert(at, (problem, payload.place));
        }
        Ok(())
    }

    /// Learns from an entry that payloads of earlier ones are gone for a reason.
    fn excuse(&mut self, entry: &LogEntry<'_>) {
        match entry.kind() {
            "expired" => self.expired(entry),
            "erased" => {
                // No more than it names: the entry's other payloads may be gone for no reason.
                let places = entry.places();
                let erased = PayloadKind::ALL
                    .map(|kind| self.excused(entry, kind, |place| places.contains(&place)));
                self.counts.erased += erased.into_iter().map(u64::from).sum::<u64>();
            }
            "payload_lost" => {
                let kind = entry.text("payload");
                let kind = PayloadKind::ALL
                    .into_iter()
                    .find(|known| Some(known.as_str()) == kind);
                let lost = kind.is_some_and(|kind| self.excused(entry, kind, |_| true));
                self.counts.lost += u64::from(lost);
            }
            _ => {}
        }
    }

    /// Whether a payload of the entry that this one is about was waiting for it, at a place that it speaks of.
    fn excused(
        &mut self,
        by: &LogEntry<'_>,
        kind: PayloadKind,
        speaks_of: impl Fn(Place) -> bool,
    ) -> bool {
        let Some(entry) = by.number("entry").filter(|entry| *entry < by.index()) else {
            return false;
        };
        let at = (entry, kind);
        let is_meant = |(_, place): &(Problem, Place)| speaks_of(*place);
        self.waiting.get(&at).is_some_and(is_meant) && self.waiting.remove(&at).is_some()
    }

    /// Also of entries that come later: their payloads were kept before they were appended, and no volume that has expired
    /// is written to again.
    fn expired(&mut self, entry: &LogEntry<'_>) {
        let Some(through) = entry.number("through") else {
            return;
        };
        self.expired = self.expired.max(Some(through));
    }

    fn settle_expired(&mut self) {
        let expired = self.expired;
        let counts = &mut self.counts;
        self.missing.retain(|volume, missing| {
            let has_expired = Some(*volume) <= expired;
            if has_expired {
                counts.expired += missing.payloads;
            }
            !has_expired
        });
    }

    fn is_settled(&mut self) -> bool {
        self.settle_expired();
        self.waiting.is_empty() && self.missing.is_empty()
    }

    /// Where the next reading has to begin, if there is to be one.
    fn finish(mut self, counts: &mut PayloadCounts) -> Result<Option<u64>, LogError> {
        self.settle_expired();
        let missing = self
            .missing
            .values()
            .map(|missing| (missing.first, "is missing"));
        let waiting = self
            .waiting
            .into_iter()
            .map(|(at, (problem, _))| (at, problem));
        if let Some(((index, kind), problem)) = waiting.chain(missing).min() {
            return Err(LogError::Payload {
                index,
                kind,
                problem,
            });
        }
        counts.kept += self.counts.kept;
        counts.erased += self.counts.erased;
        counts.expired += self.counts.expired;
        counts.lost += self.counts.lost;
        Ok(self.next)
    }
}
