//! The files that payloads stand in.

use std::io;

use crate::journal::Files;

/// The name of a volume. Names sort as numbers do.
pub(super) fn name(number: u64) -> String {
    format!("payloads-{number:020}.dat")
}

/// The volumes in a directory, in order. Whatever is named otherwise is left alone.
pub(super) fn list(files: &dyn Files) -> io::Result<Vec<u64>> {
    let mut volumes = Vec::new();
    files.list(&mut |name| volumes.extend(number_in(name)))?;
    volumes.sort_unstable();
    Ok(volumes)
}

fn number_in(file_name: &str) -> Option<u64> {
    let digits = file_name.strip_prefix("payloads-")?.strip_suffix(".dat")?;
    let number = digits.parse().ok()?;
    (name(number) == file_name).then_some(number)
}
