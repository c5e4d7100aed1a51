//! What a log must agree with, whoever reads it: its origin, its own checkpoints, and those that were kept elsewhere.

use super::LogError;
use super::read::LogEntry;
use crate::audit::{Checkpoint, Origin, Tree, TreeHead};

/// Holds an entry that opens the log against the origin.
pub(super) fn check_origin(entry: &LogEntry<'_>, expected: &Origin) -> Result<(), LogError> {
    let found = entry.text("origin").unwrap_or_default();
    if found == expected.as_str() {
        return Ok(());
    }
    Err(LogError::WrongOrigin {
        expected: expected.clone(),
        found: found.to_owned(),
    })
}

/// Holds the entries so far against a checkpoint kept elsewhere, if it was made over as many; whether it was.
pub(super) fn check_kept(kept: &Checkpoint, tree: &Tree) -> Result<bool, LogError> {
    let checkpoint = *kept.head();
    if checkpoint.size != tree.size() {
        return Ok(false);
    }
    let found = tree.head();
    match checkpoint == found {
        true => Ok(true),
        false => Err(LogError::Mismatch { checkpoint, found }),
    }
}

/// Holds the length of a whole log against a checkpoint kept elsewhere.
pub(super) fn check_not_cut(kept: &Checkpoint, origin: &Origin, size: u64) -> Result<(), LogError> {
    if kept.head().size > size {
        return Err(LogError::CutOff {
            checkpoint: *kept.head(),
            found: size,
        });
    }
    if kept.origin() != origin {
        return Err(LogError::WrongOrigin {
            expected: kept.origin().clone(),
            found: origin.as_str().to_owned(),
        });
    }
    Ok(())
}

/// Holds a checkpoint that stands in the log against the entries before it.
pub(super) fn check_checkpoint(
    text: &[u8],
    origin: &Origin,
    found: TreeHead,
) -> Result<TreeHead, LogError> {
    let invalid = |problem: &str| LogError::Checkpoint {
        size: found.size,
        problem: problem.to_owned(),
    };
    let text = std::str::from_utf8(text).map_err(|_| invalid("it is not UTF-8"))?;
    let checkpoint: Checkpoint = text
        .parse()
        .map_err(|error| LogError::checkpoint(found.size, &error))?;
    if checkpoint.origin() != origin {
        return Err(invalid("it names another origin"));
    }
    let head = *checkpoint.head();
    if head != found {
        let checkpoint = head;
        return Err(LogError::Mismatch { checkpoint, found });
    }
    Ok(head)
}
