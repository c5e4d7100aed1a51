//! What a log is held against: checkpoints and keys that were kept elsewhere.

use std::path::Path;

use portcullis::Plain;
use portcullis::audit::{Checkpoint, LogError, VerifyOptions};

use crate::Failure;
use crate::input::Input;

/// The checkpoint in a file, signed or not.
pub(super) fn checkpoint(path: &Path) -> Result<Checkpoint, Failure> {
    let text = Input::open(path)?.read_all()?;
    Checkpoint::parse_kept(&text).map_err(|error| {
        let path = path.display().to_string();
        Failure::Usage(format!("{:#}: {error}", Plain(&path)))
    })
}

/// Whether the log is at fault, rather than the reading of it or what was asked.
pub(super) fn is_finding(error: &LogError) -> bool {
    !matches!(
        error,
        LogError::Storage(_)
            | LogError::InUse { .. }
            | LogError::NoLog
            | LogError::NotCovered { .. }
            | LogError::Proof(_)
    )
}

#[cfg(feature = "sign")]
pub(super) fn with_keys(
    mut options: VerifyOptions,
    keys: &[String],
) -> Result<VerifyOptions, Failure> {
    for key in keys {
        let key = key
            .parse()
            .map_err(|error| Failure::Usage(format!("`--key`: {error}")))?;
        options = options.key(key);
    }
    Ok(options)
}

#[cfg(not(feature = "sign"))]
pub(super) fn with_keys(options: VerifyOptions, keys: &[String]) -> Result<VerifyOptions, Failure> {
    if keys.is_empty() {
        return Ok(options);
    }
    let message = "`--key` needs the crate feature `sign`, which is not compiled in";
    Err(Failure::Usage(message.to_owned()))
}
