//! How far the reading of a log has come, told as [`Progress`].

use std::fs;
use std::path::Path;

use crate::progress::Progress;

/// Entries go by here.
pub(crate) struct Reading {
    progress: Progress,
    /// Bytes, with what frames each entry.
    read: u64,
    /// How many there will be, if that is known.
    size: Option<u64>,
    entries: u64,
}

/// What stands around an entry in a file, in bytes. Checkpoints are left out: it is a bar, not an account.
const FRAME: u64 = 17;

/// Entries between two looks at the clock.
const STRIDE: u64 = 64;

impl Reading {
    /// Before a log is read so many times.
    pub(crate) fn new(directory: &Path, times: u64) -> Self {
        let progress = Progress::new();
        let size = progress.is_shown().then(|| size(directory)).flatten();
        Self {
            progress,
            read: 0,
            size: size.map(|size| size.saturating_mul(times)),
            entries: 0,
        }
    }

    /// An entry of this length was read.
    pub(crate) fn entry(&mut self, length: usize) {
        self.read = self.read.saturating_add(length as u64 + FRAME);
        self.entries += 1;
        if self.progress.is_shown() && self.entries.is_multiple_of(STRIDE) {
            let far = (self.read, self.size);
            self.progress.show(far, self.entries, "entries read");
        }
    }

    /// Before something else is written, and at the end.
    pub(crate) fn clear(&mut self) {
        self.progress.clear();
    }
}

/// All of the log's files; `None` where they cannot be seen, which whoever reads them will tell.
fn size(directory: &Path) -> Option<u64> {
    let mut size = 0;
    for file in fs::read_dir(directory).ok()? {
        let file = file.ok()?;
        let name = file.file_name();
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("journal-"))
        {
            size += file.metadata().ok()?.len();
        }
    }
    Some(size)
}
