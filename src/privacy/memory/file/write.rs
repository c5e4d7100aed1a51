//! What is written, in its order.

use super::{MAGIC, Output, Raw, VERSION};
use crate::privacy::memory::plan::{Keeping, PartitionPlan};
use crate::privacy::memory::records::Records;
use crate::privacy::memory::{AgentMemory, MemoryError, Partition};

impl AgentMemory {
    pub(super) fn write_all(&self, mut output: Output<'_>, raw: Raw) -> Result<(), MemoryError> {
        output.bytes(MAGIC)?;
        output.bytes(&VERSION.to_le_bytes())?;
        output.bytes(&(self.partitions.len() as u32).to_le_bytes())?;
        for partition in &self.partitions {
            partition.write(&mut output, raw)?;
        }
        output.finish()
    }
}

impl Partition {
    fn write(&self, output: &mut Output<'_>, raw: Raw) -> Result<(), MemoryError> {
        output.bytes(self.name.padded())?;
        self.plan.write(output)?;
        let records = self.records.read();
        let is_in = raw == Raw::Kept || !self.is_central();
        output.bytes(&[u8::from(is_in)])?;
        let count = if is_in { records.len() as u32 } else { 0 };
        output.bytes(&count.to_le_bytes())?;
        match is_in {
            true => records.write(output),
            false => Ok(()),
        }
    }
}

impl PartitionPlan {
    fn write(&self, output: &mut Output<'_>) -> Result<(), MemoryError> {
        output.bytes(&[self.protection().code()])?;
        output.text(self.protection().claim())?;
        output.bytes(&(self.dimension as u32).to_le_bytes())?;
        output.bytes(&self.most_of_subject.get().to_le_bytes())?;
        let (exponent, radius, sigma) = self.cut();
        output.bytes(&exponent.to_le_bytes())?;
        output.bytes(&radius.to_le_bytes())?;
        output.bytes(&sigma.to_le_bytes())?;
        output.bytes(&(self.labels.len() as u32).to_le_bytes())?;
        for label in &self.labels {
            output.text(label)?;
        }
        Ok(())
    }

    /// The lattice, the norm in its steps, and the deviation of the noise that vectors have when they are stored.
    pub(super) fn cut(&self) -> (i32, u32, f64) {
        match self.keeping {
            Keeping::AsItIs => (0, 0, 0.0),
            Keeping::Noised { clip, noise, .. } => {
                (clip.lattice().exponent(), clip.radius(), noise.sigma())
            }
            Keeping::Clipped { clip, .. } => (clip.lattice().exponent(), clip.radius(), 0.0),
        }
    }
}

impl Records {
    fn write(&self, output: &mut Output<'_>) -> Result<(), MemoryError> {
        for (place, entry) in self.entries().iter().enumerate() {
            output.text(entry.key.as_str())?;
            output.bytes(&[u8::from(entry.subject.is_some())])?;
            if let Some(subject) = &entry.subject {
                output.bytes(subject.as_bytes())?;
            }
            for label in self.labels.row(place).unwrap_or_default() {
                output.bytes(&label.to_le_bytes())?;
            }
            floats(output, self.vectors.row(place).unwrap_or_default())?;
            output.bytes(&[entry.told().len() as u8])?;
            for told in entry.told() {
                output.bytes(&told.at.epsilon.value().to_le_bytes())?;
                output.bytes(&told.at.delta.value().to_le_bytes())?;
                floats(output, &told.vector)?;
            }
        }
        Ok(())
    }
}

fn floats(output: &mut Output<'_>, values: &[f32]) -> Result<(), MemoryError> {
    values
        .iter()
        .try_for_each(|value| output.bytes(&value.to_le_bytes()))
}
