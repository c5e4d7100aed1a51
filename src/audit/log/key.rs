//! The file with the key of a log's digests.

use std::io;

use super::LogError;
use crate::digest::random_bytes;
use crate::journal::{Files, append_all, read_up_to};

const FILE: &str = "digest-key";

/// What the file is called while it is written: a half-written key is never seen under the name.
const UNFINISHED: &str = "digest-key.new";

const LENGTH: usize = 32;

/// The key of the log's digests, made once: without it, nobody can guess short arguments from them. It is durable before
/// the first entry is, so that a log with entries and no key was tampered with. Called under the journal's lock.
pub(super) fn digest_key(files: &dyn Files, is_new: bool) -> Result<[u8; LENGTH], LogError> {
    let failed = |error: io::Error| LogError::Storage(format!("the digest key: {error}"));
    match files.open(FILE) {
        Ok(mut file) => {
            let bytes = read_up_to(&mut *file, 0, LENGTH + 1).map_err(failed)?;
            let key = bytes.try_into();
            key.map_err(|_| failed(io::Error::other("the file does not hold 32 bytes")))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_new => {
            let key = random_bytes()?;
            write(files, &key).map_err(failed)?;
            Ok(key)
        }
        Err(error) => Err(failed(error)),
    }
}

fn write(files: &dyn Files, key: &[u8]) -> io::Result<()> {
    match files.remove(UNFINISHED) {
        // Nobody died while writing it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed?,
    }
    let mut file = files.create(UNFINISHED)?;
    append_all(&mut *file, key)?;
    file.sync()?;
    files.rename(UNFINISHED, FILE)?;
    files.sync_directory()
}
