//! Where checkpoints go, so that a cut tail or an exchanged log shows.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::journal::sync_parent_of;

/// Keeps checkpoints somewhere the log's own machine cannot change them.
///
/// A log alone cannot show that its end was cut off, or that all of it was replaced; only a checkpoint held elsewhere can.
pub trait CheckpointSink: Send + Sync + std::fmt::Debug {
    /// Takes a checkpoint: the text of a C2SP checkpoint, signed if the log has a signer. What it covers is durable.
    ///
    /// It is called on the thread of a call, must not take long, and must not use the log.
    ///
    /// # Errors
    /// [`SinkError`]; it goes on record, and later checkpoints cover the same entries.
    fn push(&self, checkpoint: &str) -> Result<(), SinkError>;

    /// The checkpoint that it was given last, in this life of the log or in an earlier one; `None` where it has none, or
    /// cannot look. A log that is opened must have grown out of it: otherwise one whose end was cut off would go on, and
    /// its next checkpoint take the place of the one that tells.
    ///
    /// # Errors
    /// [`SinkError`] if it should have one and cannot be asked; the log does not open then.
    fn last(&self) -> Result<Option<String>, SinkError> {
        Ok(None)
    }
}

/// A checkpoint could not be kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SinkError(pub String);

/// Keeps the last checkpoint in a file, replaced as a whole; on another host's file system, for instance.
#[derive(Clone, Debug)]
pub struct FileSink(PathBuf);

impl FileSink {
    /// The file need not be there yet; its directory must.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self(path.as_ref().to_owned())
    }
}

impl CheckpointSink for FileSink {
    fn push(&self, checkpoint: &str) -> Result<(), SinkError> {
        let mut new = self.0.clone().into_os_string();
        new.push(".new");
        let written = File::create(&new)
            .and_then(|mut file| {
                file.write_all(checkpoint.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&new, &self.0))
            .and_then(|()| sync_parent_of(&self.0));
        written.map_err(|error| SinkError(error.to_string()))
    }

    fn last(&self) -> Result<Option<String>, SinkError> {
        let mut text = String::new();
        let read = File::open(&self.0)
            .and_then(|file| file.take(MAX_CHECKPOINT).read_to_string(&mut text));
        match read {
            Ok(_) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SinkError(error.to_string())),
        }
    }
}

/// Bytes; a signed checkpoint has a few hundred.
const MAX_CHECKPOINT: u64 = 1 << 20;

/// A sink made of a function.
pub struct CallbackSink<F>(F);

impl<F: Fn(&str) -> Result<(), SinkError> + Send + Sync> CallbackSink<F> {
    /// Calls `push` with each checkpoint.
    pub fn new(push: F) -> Self {
        Self(push)
    }
}

impl<F: Fn(&str) -> Result<(), SinkError> + Send + Sync> CheckpointSink for CallbackSink<F> {
    fn push(&self, checkpoint: &str) -> Result<(), SinkError> {
        (self.0)(checkpoint)
    }
}

impl<F> std::fmt::Debug for CallbackSink<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CallbackSink(..)")
    }
}
