//! Files of memories.
//!
//! A file is a header with the plan of each partition and what is claimed of it, then the records of each, then a checksum of
//! it all. Numbers are little endian. It is written beside the old one, synced, and put in its place in one step. The space of
//! the old one is given back to the system as it is: who must not find it there either needs a disk that is encrypted.
//!
//! The checksum finds accidents. Whoever can write the file can put any records into it, and so mislead who asks; what is asked
//! of them is charged all the same, since the ledger is another file.

mod input;
mod output;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use self::input::Input;
use self::output::Output;
use super::{AgentMemory, MemoryError, MemoryPlan};
use crate::digest::random_bytes;
use crate::journal::{Directory, Files};
use crate::privacy::{Ledger, MechanismError};

const MAGIC: &[u8; 8] = b"PORTMEMO";
const VERSION: u32 = 1;

/// Whether raw vectors go into a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Raw {
    LeftOut,
    Kept,
}

impl AgentMemory {
    /// Saves public and noised records to a file, which takes the place of what was there; a link is refused. `Central` partitions are in it
    /// without their records: those are raw.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Storage`] where the system refuses, or another memory was saved to the same file meanwhile: either file may
    /// then be there, whole. [`MemoryError::Forked`] in a forked process.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), MemoryError> {
        self.save_to(path.as_ref(), Raw::LeftOut)
    }

    /// As [`save`](Self::save), with the raw records of `Central` partitions, in the clear: whoever can read the file has them.
    /// Where the system knows owners, the file is the owner's alone.
    ///
    /// What was told of single records is saved with them, so that it can be told again after a restart for nothing.
    ///
    /// A crash meanwhile may leave a part of it beside the file, under its name with 16 digits and `.new` behind. The next save to
    /// that file, with raw vectors or without, removes it.
    ///
    /// # Errors
    ///
    /// As for [`save`](Self::save).
    pub fn save_with_raw(&self, path: impl AsRef<Path>) -> Result<(), MemoryError> {
        self.save_to(path.as_ref(), Raw::Kept)
    }

    /// A memory as it was saved, whose releases a ledger charges. Partitions that the file does not have are empty.
    ///
    /// The file does not say what was spent, nor in which ledger: that must be the one that has charged for these records so far.
    /// With a new one, they have a new budget.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new); [`MemoryError::Storage`] where the file cannot be read, [`MemoryError::Damaged`] where it is none
    /// of these, and [`MemoryError::OtherPlan`] where a partition is not planned as it was saved.
    pub fn load(
        plan: MemoryPlan,
        ledger: impl Into<Arc<Ledger>>,
        path: impl AsRef<Path>,
    ) -> Result<Self, MemoryError> {
        let memory = Self::new(plan, ledger)?;
        let (parent, name) = place(path.as_ref())?;
        memory.load_from(&Directory::existing(parent), name)?;
        Ok(memory)
    }

    fn save_to(&self, path: &Path, raw: Raw) -> Result<(), MemoryError> {
        self.check_process()?;
        let (parent, name) = place(path)?;
        // The file behind it would stay as it is, with whoever is forgotten since.
        if fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink()) {
            let problem = "the path is a link: give the one it leads to";
            return Err(MemoryError::Storage(problem.into()));
        }
        self.save_in(&Directory::existing(parent), name, raw)
    }

    fn save_in(&self, files: &dyn Files, name: &str, raw: Raw) -> Result<(), MemoryError> {
        let _turn = self.saving.lock();
        remove_left_behind(files, name)?;
        let new = Beside(name).new_name()?;
        let mut sink = files.create(&new)?;
        let written = self.write_all(Output::new(&mut *sink), raw);
        if let Err(error) = written.and_then(|()| Ok(files.rename(&new, name)?)) {
            // Nothing of it is to stay behind.
            let _ = files.remove(&new);
            return Err(error);
        }
        Ok(files.sync_directory()?)
    }

    fn load_from(&self, files: &dyn Files, name: &str) -> Result<(), MemoryError> {
        let mut source = files.open(name)?;
        self.read(Input::new(&mut *source)?)
    }
}

/// Files that are written beside this one. Each has a name of its own: whoever saves to the same place at the same time could
/// otherwise put what another has begun in its place.
struct Beside<'n>(&'n str);

impl Beside<'_> {
    const DIGITS: usize = 16;
    const END: &'static str = ".new";

    fn new_name(&self) -> Result<String, MemoryError> {
        let random = u64::from_le_bytes(random_bytes().map_err(MechanismError::from)?);
        let (name, end, digits) = (self.0, Self::END, Self::DIGITS);
        Ok(format!("{name}.{random:0digits$x}{end}"))
    }

    fn is_one(&self, name: &str) -> bool {
        let middle = name.strip_prefix(self.0);
        let middle = middle.and_then(|rest| rest.strip_prefix('.')?.strip_suffix(Self::END));
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        middle.is_some_and(|it| it.len() == Self::DIGITS && it.bytes().all(is_digit))
    }
}

/// What a crash may have left there, which may be raw. What somebody else is writing goes too: it is that save then that fails.
fn remove_left_behind(files: &dyn Files, name: &str) -> Result<(), MemoryError> {
    let mut left_behind = Vec::new();
    files.list(&mut |found| {
        if Beside(name).is_one(found) {
            left_behind.push(found.to_owned());
        }
    })?;
    for name in left_behind {
        match files.remove(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// The directory of a file and its name in there.
fn place(path: &Path) -> Result<(&Path, &str), MemoryError> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| MemoryError::Storage("the path names no file".into()))?;
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    Ok((parent.unwrap_or(Path::new(".")), name))
}

fn damaged<T>(problem: &'static str) -> Result<T, MemoryError> {
    Err(MemoryError::Damaged { problem })
}
