//! Where checkpoints go, so that a cut tail or an exchanged log shows.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

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
            .and_then(|()| fs::rename(&new, &self.0));
        written.map_err(|error| SinkError(error.to_string()))
    }
}

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
