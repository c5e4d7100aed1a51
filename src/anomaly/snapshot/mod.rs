//! What a monitor remembers, as bytes that another one can begin with.

mod codec;

use std::time::{Duration, SystemTime};

pub(super) use codec::{Input, Stored, stored};

use super::credentials::Requests;
use super::reaches::Reaches;
use super::restraints::Restraints;
use super::table::Table;
use super::tags::Tags;
use super::watchtower::Watchtower;

/// Why a snapshot was not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It is something else.
    #[error("this is no snapshot of a monitor")]
    NotASnapshot,
    /// Another version of the library wrote it.
    #[error(
        "the snapshot is of version {found}; this library reads version {}",
        VERSION
    )]
    Version {
        /// The version it says.
        found: u32,
    },
    /// It was cut short or altered, or says what cannot be.
    #[error("the snapshot is damaged")]
    Damaged,
    /// It remembers more agents than the monitor has room for.
    #[error("the snapshot remembers more agents than there is room for")]
    TooManyAgents,
}

/// The beginning of every snapshot, whatever its version.
const MAGIC: &[u8] = b"portcullis monitor snapshot\n";
/// Changes with every change of what is remembered.
const VERSION: u32 = 2;

/// All that a monitor remembers.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) table: Table,
    pub(super) reaches: Reaches,
    pub(super) tags: Tags,
    pub(super) restraints: Restraints,
    pub(super) requests: Requests,
}

/// What goes on from a snapshot.
#[derive(Debug)]
pub(super) struct Restored {
    pub(super) remembered: Remembered,
    /// When it was taken.
    pub(super) second: u32,
    pub(super) wall: SystemTime,
}

/// Magic, version, time, key, agents, who reaches what, what is held back, and a checksum of all that. The time is taken last,
/// since what is written down may go on until then.
pub(super) fn write(tower: &Watchtower) -> Vec<u8> {
    let mut body = Vec::new();
    tower.tags.store(&mut body);
    tower.table.store(&mut body);
    tower.reaches.store(&mut body);
    tower.responding.store(&mut body);
    let now = tower.now();
    let mut out = MAGIC.to_vec();
    VERSION.store(&mut out);
    now.second.store(&mut out);
    now.unix_seconds().store(&mut out);
    out.append(&mut body);
    crc32c::crc32c(&out).store(&mut out);
    out
}

/// Reads a snapshot for a monitor with room for so many agents.
pub(super) fn read(bytes: &[u8], agents: usize) -> Result<Restored, SnapshotError> {
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or(SnapshotError::NotASnapshot)?;
    let found = u32::load(&mut Input::new(rest)).ok_or(SnapshotError::Damaged)?;
    if found != VERSION {
        return Err(SnapshotError::Version { found });
    }
    let sum_at = bytes.len().saturating_sub(size_of::<u32>());
    let (content, sum) = bytes
        .split_at_checked(sum_at)
        .ok_or(SnapshotError::Damaged)?;
    if u32::load(&mut Input::new(sum)) != Some(crc32c::crc32c(content)) {
        return Err(SnapshotError::Damaged);
    }
    let body = content.get(MAGIC.len() + size_of::<u32>()..);
    read_body(&mut Input::new(body.ok_or(SnapshotError::Damaged)?), agents)
}

fn read_body(input: &mut Input<'_>, agents: usize) -> Result<Restored, SnapshotError> {
    const DAMAGED: SnapshotError = SnapshotError::Damaged;
    let second = u32::load(input).ok_or(DAMAGED)?;
    let unix_seconds = u64::load(input).ok_or(DAMAGED)?;
    let wall = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(unix_seconds))
        .ok_or(DAMAGED)?;
    let tags = Tags::load(input).ok_or(DAMAGED)?;
    let table = Table::load(input, agents, second)?;
    let reaches = Reaches::load(input, agents, second).ok_or(DAMAGED)?;
    let restraints = Restraints::load(input).ok_or(DAMAGED)?;
    let requests = Requests::load(input).ok_or(DAMAGED)?;
    if !input.is_empty() {
        return Err(DAMAGED);
    }
    let remembered = Remembered {
        table,
        reaches,
        tags,
        restraints,
        requests,
    };
    Ok(Restored {
        remembered,
        second,
        wall,
    })
}
