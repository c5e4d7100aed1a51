//! The file with the key of a log's digests.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::LogError;
use crate::digest::random_bytes;
use crate::journal::{private_file, sync_parent_of};

const KEY_FILE: &str = "digest-key";

/// The key of the log's digests, made once: without it, nobody can guess short arguments from them. It is durable before
/// the first entry is, so that a log with entries and no key was tampered with. Called under the journal's lock.
pub(super) fn digest_key(directory: &Path, is_new: bool) -> Result<[u8; 32], LogError> {
    let path = directory.join(KEY_FILE);
    let failed = |error: io::Error| LogError::Storage(format!("the digest key: {error}"));
    match File::open(&path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(33).read_to_end(&mut bytes).map_err(failed)?;
            let key = bytes.try_into();
            key.map_err(|_| failed(io::Error::other("the file does not hold 32 bytes")))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_new => {
            let key = random_bytes()?;
            // A half-written key is never seen under the name.
            let new = path.with_extension("new");
            let written = private_file()
                .write(true)
                .create(true)
                .truncate(true)
                .open(&new)
                .and_then(|mut file| {
                    file.write_all(&key)?;
                    file.sync_all()
                })
                .and_then(|()| fs::rename(&new, &path))
                .and_then(|()| sync_parent_of(&path));
            written.map_err(failed)?;
            Ok(key)
        }
        Err(error) => Err(failed(error)),
    }
}
