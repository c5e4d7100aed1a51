//! Counting evidence in one pass, in memory that does not grow with the log.

use std::fmt::Write as _;

use portcullis::audit::{EntryFilter, LogEntry};
use serde::Serialize;

use super::controls::Framework;
use super::evidence::{Evidence, Said};

/// What was found of all evidence that some control asks for.
#[derive(Debug)]
pub(super) struct Tally {
    filter: EntryFilter,
    found: Vec<(&'static Evidence, Found)>,
    /// All entries, of whatever time.
    pub(super) all: Found,
    /// Whose log it is, once it has said so.
    pub(super) origin: Option<String>,
    /// The time of the entry at hand.
    time: String,
}

/// Entries of one kind.
#[derive(Debug, Default, Serialize)]
pub(super) struct Found {
    pub(super) count: u64,
    pub(super) first: Option<Mark>,
    pub(super) last: Option<Mark>,
}

/// Which entry, and when.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Mark {
    pub(super) entry: u64,
    pub(super) time: String,
}

impl Tally {
    pub(super) fn new(frameworks: &[Framework], filter: EntryFilter) -> Self {
        let mut found: Vec<(&'static Evidence, Found)> = Vec::new();
        let controls = frameworks.iter().flat_map(|framework| framework.controls());
        for evidence in controls.flat_map(|control| control.evidence) {
            if !found.iter().any(|(known, _)| known == evidence) {
                found.push((evidence, Found::default()));
            }
        }
        Self {
            filter,
            found,
            all: Found::default(),
            origin: None,
            time: String::new(),
        }
    }

    pub(super) fn count(&mut self, entry: &LogEntry<'_>) {
        if self.origin.is_none() {
            self.origin = entry.text("origin").map(str::to_owned);
        }
        self.time.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.time, "{}", entry.time());
        self.all.add(entry.index(), &self.time);
        if !self.filter.matches(entry) {
            return;
        }
        let said = Said::new(entry);
        for (evidence, found) in &mut self.found {
            if evidence.holds(&said) {
                found.add(entry.index(), &self.time);
            }
        }
    }

    pub(super) fn of(&self, evidence: &Evidence) -> Option<&Found> {
        let found = self.found.iter().find(|(known, _)| *known == evidence);
        found.map(|(_, found)| found)
    }
}

impl Found {
    fn add(&mut self, entry: u64, time: &str) {
        self.count += 1;
        let last = self.last.get_or_insert_default();
        last.entry = entry;
        last.time.clear();
        last.time.push_str(time);
        if self.first.is_none() {
            self.first.clone_from(&self.last);
        }
    }
}
