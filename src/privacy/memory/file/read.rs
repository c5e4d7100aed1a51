//! What is read, and held against the plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Input, MAGIC, VERSION, damaged};
use crate::privacy::memory::plan::{Keeping, MOST_PARTITIONS, PartitionPlan};
use crate::privacy::memory::records::{MOST_TOLD, Price, Told};
use crate::privacy::memory::{AgentMemory, MemoryError, Partition, RecordKey};
use crate::privacy::sensitivity::Norm as _;
use crate::privacy::{Clip, DataSubject, Delta, Epsilon, L2, PartitionName};

impl AgentMemory {
    pub(super) fn read(&self, mut input: Input<'_>) -> Result<(), MemoryError> {
        if input.array()? != *MAGIC {
            return damaged("it does not begin like one");
        }
        if input.u32()? != VERSION {
            return damaged("its version is another");
        }
        let count = input.u32()?;
        if count as usize > MOST_PARTITIONS {
            return damaged("there are too many partitions");
        }
        let mut names = BTreeSet::new();
        for _ in 0..count {
            let Some(name) = PartitionName::from_padded(&input.array()?) else {
                return damaged("the name of a partition is none");
            };
            if !names.insert(name) {
                return damaged("a partition is there twice");
            }
            self.partition(&name)?.read(&mut input)?;
        }
        input.finish()
    }
}

impl Partition {
    fn read(&self, input: &mut Input<'_>) -> Result<(), MemoryError> {
        if let Some(differs) = self.plan.difference(input)? {
            let partition = self.name;
            return Err(MemoryError::OtherPlan { partition, differs });
        }
        let is_in = flag(input)?;
        let count = input.u32()?;
        if !is_in && (count > 0 || !self.is_central()) {
            return damaged("records are left out that are there, or are never left out");
        }
        let mut row = Zeroizing::new(vec![0.0; self.plan.dimension]);
        for _ in 0..count {
            self.read_record(input, &mut row)?;
        }
        Ok(())
    }

    fn read_record(&self, input: &mut Input<'_>, row: &mut [f32]) -> Result<(), MemoryError> {
        let Ok(key) = RecordKey::parse(&input.text()?) else {
            return damaged("the key of a record is none");
        };
        let subject = match flag(input)? {
            true => Some(DataSubject::from_bytes(input.array()?)),
            false if self.plan.is_protected() => return damaged("a record is about nobody"),
            false => None,
        };
        let label = match self.plan.labels.len() {
            0 => None,
            labels => {
                let label = u16::from_le_bytes(input.array()?);
                if usize::from(label) >= labels {
                    return damaged("a record has a label that there is not");
                }
                Some(label)
            }
        };
        input.floats(row)?;
        if !self.plan.takes(row) {
            return damaged("a vector is longer than its norm, or is none");
        }
        let mut records = self.records.write();
        if records.place(&key).is_ok() {
            return damaged("a record is there twice");
        }
        records.check(&self.name, &self.plan, &key, subject.as_ref())?;
        records.put(key, subject, label, row);
        let count = usize::from(input.byte()?);
        if count > 0 && !self.is_central() || count > MOST_TOLD {
            return damaged("a record was told more often than one is");
        }
        for _ in 0..count {
            records.keep_told_of_last(self.read_told(input, row)?);
        }
        Ok(())
    }

    fn read_told(&self, input: &mut Input<'_>, row: &mut [f32]) -> Result<Told, MemoryError> {
        let epsilon = Epsilon::new(f64::from_le_bytes(input.array()?));
        let delta = Delta::new(f64::from_le_bytes(input.array()?));
        input.floats(row)?;
        match (epsilon, delta) {
            (Ok(epsilon), Ok(delta)) if row.iter().all(|value| value.is_finite()) => Ok(Told {
                at: Price { epsilon, delta },
                vector: Arc::from(&*row),
            }),
            _ => damaged("what was told of a record is none"),
        }
    }
}

impl PartitionPlan {
    /// Reads the plan of a file: in what it is not this one, if it is not. What only bounds how much there may be, may change.
    fn difference(&self, input: &mut Input<'_>) -> Result<Option<&'static str>, MemoryError> {
        let is_protection = input.byte()? == self.protection().code();
        let is_claim = input.text()? == self.protection().claim();
        if !is_protection || !is_claim {
            return Ok(Some("protection"));
        }
        if input.u32()? as usize != self.dimension {
            return Ok(Some("dimension"));
        }
        if input.u32()? != self.most_of_subject.get() {
            return Ok(Some("number of records of one subject"));
        }
        let (exponent, radius, sigma) = self.cut();
        if input.array()? != exponent.to_le_bytes() || input.u32()? != radius {
            return Ok(Some("norm"));
        }
        if input.array()? != sigma.to_le_bytes() {
            return Ok(Some("noise"));
        }
        if input.u32()? as usize != self.labels.len() {
            return Ok(Some("list of labels"));
        }
        for label in &self.labels {
            if input.text()? != **label {
                return Ok(Some("list of labels"));
            }
        }
        Ok(None)
    }

    /// Whether a row is one that this plan would have stored.
    fn takes(&self, row: &[f32]) -> bool {
        match self.keeping {
            Keeping::AsItIs | Keeping::Noised { .. } => row.iter().all(|value| value.is_finite()),
            Keeping::Clipped { clip, .. } => are_steps(row, &clip),
        }
    }
}

/// Whether a row is of whole steps within the norm. The sensitivity of all that is released rests on it.
fn are_steps(row: &[f32], clip: &Clip<L2>) -> bool {
    let radius = clip.radius() as f32;
    let is_step = |value: &f32| value.abs() <= radius && value.fract() == 0.0;
    if !row.iter().all(is_step) {
        return false;
    }
    let steps = row.iter().map(|value| *value as i32);
    let steps = Zeroizing::new(steps.collect::<Vec<_>>());
    L2::is_within(&steps, clip.radius())
}

fn flag(input: &mut Input<'_>) -> Result<bool, MemoryError> {
    match input.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => damaged("a mark is neither yes nor no"),
    }
}
