//! The records of one partition.

use std::collections::HashMap;
use std::sync::Arc;

use zeroize::Zeroize as _;

use super::column::Column;
use super::plan::PartitionPlan;
use super::{MemoryError, RecordKey};
use crate::privacy::{DataSubject, Delta, Epsilon, PartitionName};

/// Keys, subjects, labels and vectors. What is protected, labels and vectors, is overwritten when it goes.
pub(super) struct Records {
    pub(super) vectors: Column<f32>,
    /// Empty where the partition has no labels.
    pub(super) labels: Column<u16>,
    /// In the order of the rows.
    entries: Vec<Entry>,
    places: HashMap<RecordKey, usize>,
    of_subject: HashMap<DataSubject, u32>,
    next_version: u64,
}

/// What is public of a record, and what was told of it.
pub(super) struct Entry {
    pub(super) key: RecordKey,
    pub(super) subject: Option<DataSubject>,
    /// No two contents of any record have the same.
    pub(super) version: u64,
    told: Vec<Told>,
}

/// A vector as it was told, with this much noise on it: to be told again for nothing.
pub(super) struct Told {
    pub(super) at: Price,
    pub(super) vector: Arc<[f32]>,
}

/// With little noise on it, it is as good as the vector itself.
impl Drop for Told {
    fn drop(&mut self) {
        overwrite(&mut self.vector);
    }
}

/// Overwrites what nobody else has. Whoever asked for it may keep it.
fn overwrite(vector: &mut Arc<[f32]>) {
    if let Some(values) = Arc::get_mut(vector) {
        values.zeroize();
    }
}

/// What noise a vector is told with, beside the norm of the plan.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Price {
    pub(super) epsilon: Epsilon,
    pub(super) delta: Delta,
}

/// How many ways of telling a record are kept. The one that is forgotten first must be paid again.
pub(super) const MOST_TOLD: usize = 4;

impl Records {
    pub(super) fn new(plan: &PartitionPlan) -> Self {
        Self {
            vectors: Column::new(plan.dimension),
            labels: Column::new(1),
            entries: Vec::new(),
            places: HashMap::new(),
            of_subject: HashMap::new(),
            next_version: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn place(&self, key: &RecordKey) -> Result<usize, MemoryError> {
        let place = self.places.get(key).copied();
        place.ok_or_else(|| MemoryError::UnknownRecord { key: key.clone() })
    }

    pub(super) fn entry(&self, place: usize) -> Option<&Entry> {
        self.entries.get(place)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether a record may be stored: it depends on keys and subjects only.
    pub(super) fn check(
        &self,
        name: &PartitionName,
        plan: &PartitionPlan,
        key: &RecordKey,
        subject: Option<&DataSubject>,
    ) -> Result<(), MemoryError> {
        if let Ok(place) = self.place(key) {
            let known = self.entry(place).and_then(|entry| entry.subject.as_ref());
            let is_same = known == subject;
            return is_same
                .then_some(())
                .ok_or_else(|| MemoryError::OtherSubject { key: key.clone() });
        }
        let (partition, most) = (*name, plan.most_records.get());
        if self.len() as u64 >= u64::from(most) {
            return Err(MemoryError::Full { partition, most });
        }
        let (most, has) = (plan.most_of_subject.get(), self.records_of(subject));
        if plan.is_protected() && has >= most {
            return Err(MemoryError::TooManyOfSubject { partition, most });
        }
        Ok(())
    }

    fn records_of(&self, subject: Option<&DataSubject>) -> u32 {
        let count = subject.and_then(|subject| self.of_subject.get(subject));
        count.copied().unwrap_or(0)
    }

    /// Stores what was checked. A record of the same key is replaced, and what was told of it is not told again.
    pub(super) fn put(
        &mut self,
        key: RecordKey,
        subject: Option<DataSubject>,
        label: Option<u16>,
        vector: &[f32],
    ) {
        let version = self.next_version;
        self.next_version = version.wrapping_add(1);
        let place = self.places.get(&key).copied();
        let old = place.and_then(|place| Some((place, self.entries.get_mut(place)?)));
        if let Some((place, entry)) = old {
            (entry.version, entry.told) = (version, Vec::new());
            self.vectors.replace(place, vector);
            self.labels.replace(place, label.as_slice());
            return;
        }
        self.vectors.push(vector);
        if let Some(label) = label {
            self.labels.push(&[label]);
        }
        if let Some(subject) = subject {
            *self.of_subject.entry(subject).or_default() += 1;
        }
        self.places.insert(key.clone(), self.entries.len());
        self.entries.push(Entry {
            key,
            subject,
            version,
            told: Vec::new(),
        });
    }

    /// Takes all records of a subject out: how many there were.
    pub(super) fn forget(&mut self, subject: &DataSubject) -> usize {
        let mut forgotten = 0;
        for place in (0..self.entries.len()).rev() {
            let is_theirs = self.entry(place).is_some_and(|entry| entry.is_of(subject));
            if is_theirs {
                self.remove(place);
                forgotten += 1;
            }
        }
        self.of_subject.remove(subject);
        forgotten
    }

    /// Takes out the record of a key.
    pub(super) fn take_out(&mut self, key: &RecordKey) -> Result<(), MemoryError> {
        let place = self.place(key)?;
        let subject = self.entry(place).and_then(|entry| entry.subject);
        self.remove(place);
        if let Some(subject) = subject
            && let Some(count) = self.of_subject.get_mut(&subject)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_subject.remove(&subject);
            }
        }
        Ok(())
    }

    fn remove(&mut self, place: usize) {
        if place >= self.entries.len() {
            return;
        }
        let removed = self.entries.swap_remove(place);
        self.places.remove(&removed.key);
        if let Some(moved) = self.entries.get(place) {
            self.places.insert(moved.key.clone(), place);
        }
        self.vectors.swap_remove(place);
        self.labels.swap_remove(place);
    }

    /// Keeps what was told of a record, unless it is another one by now.
    pub(super) fn keep_told(
        &mut self,
        key: &RecordKey,
        version: u64,
        told: Told,
    ) -> Result<(), MemoryError> {
        let place = self.place(key)?;
        let entry = self.entries.get_mut(place);
        match entry.filter(|entry| entry.version == version) {
            Some(entry) => {
                entry.keep(told);
                Ok(())
            }
            None => Err(MemoryError::UnknownRecord { key: key.clone() }),
        }
    }

    /// As it is read from a file, for the record that was stored last.
    pub(super) fn keep_told_of_last(&mut self, told: Told) {
        if let Some(entry) = self.entries.last_mut() {
            entry.keep(told);
        }
    }
}

impl Entry {
    fn is_of(&self, subject: &DataSubject) -> bool {
        self.subject.as_ref() == Some(subject)
    }

    /// The vector as it was told at this price, if it was.
    pub(super) fn told_at(&self, price: Price) -> Option<&Arc<[f32]>> {
        let told = self.told.iter().find(|told| told.at == price);
        told.map(|told| &told.vector)
    }

    pub(super) fn told(&self) -> &[Told] {
        &self.told
    }

    fn keep(&mut self, told: Told) {
        if self.told.len() >= MOST_TOLD {
            self.told.remove(0);
        }
        self.told.push(told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_overwritten_but_not_for_who_has_it() {
        let mut vector: Arc<[f32]> = Arc::new([0.5, -1.0]);
        let answer = Arc::clone(&vector);
        overwrite(&mut vector);
        assert_eq!(answer[..], [0.5, -1.0]);
        drop(answer);
        overwrite(&mut vector);
        assert_eq!(vector[..], [0.0, 0.0]);
    }

    /// A record that is replaced or removed and stored again while it is told is another one, whatever its key.
    #[test]
    fn what_was_told_of_one_content_is_not_kept_for_another() {
        let mut records = Records::new(&PartitionPlan::central(2, 1.0).unwrap());
        let key: RecordKey = "ticket".parse().unwrap();
        let subject = DataSubject::new("user");
        let price = Price {
            epsilon: Epsilon::new(1.0).unwrap(),
            delta: Delta::default(),
        };
        let told = || Told {
            at: price,
            vector: Arc::new([0.5, -1.0]),
        };
        let put = |records: &mut Records| {
            records.put(key.clone(), Some(subject), None, &[1.0, 2.0]);
            let place = records.place(&key).unwrap();
            records.entry(place).unwrap().version
        };
        let first = put(&mut records);
        let second = put(&mut records);
        assert!(records.keep_told(&key, first, told()).is_err());
        records.keep_told(&key, second, told()).unwrap();
        assert_eq!(records.forget(&subject), 1);
        assert!(records.keep_told(&key, second, told()).is_err());
        let third = put(&mut records);
        assert!(records.keep_told(&key, second, told()).is_err());
        let entry = |records: &Records| records.entries()[0].told_at(price).is_some();
        assert!(!entry(&records));
        records.keep_told(&key, third, told()).unwrap();
        assert!(entry(&records));
        put(&mut records);
        assert!(!entry(&records));
    }
}
