//! What a policy lets a log keep beside its entries, and may be erased: arguments, context, results.
//!
//! An entry holds only a commitment to a payload. The payload stands in a volume, a file of its own, and can be erased there,
//! or expire with all of the volume, while every proof about the entry stays valid. The commitment has a salt that is kept
//! with the payload and erased with it: without it, not even a short payload can be guessed.

mod check;
mod extents;
mod read;
mod store;
#[cfg(test)]
mod tests;
mod volume;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

pub use check::PayloadCounts;
pub(super) use check::check;
pub use read::{Payload, Payloads};
pub(super) use store::{PayloadStore, Stock};

use crate::digest::Digest;
use crate::json::Object;

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PayloadKind {
    /// The arguments of a call, in its decision: a JSON object of values at the audit level `full`, of kinds and sizes at
    /// `detailed`.
    Arguments,
    /// The context of a decision, a JSON object.
    Context,
    /// What a tool returned, as JSON, or the beginning of it.
    Result,
}

impl PayloadKind {
    /// All of them, in the order in which entries have them.
    pub const ALL: [Self; 3] = [Self::Arguments, Self::Context, Self::Result];

    /// The name, as entries have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arguments => "arguments",
            Self::Context => "context",
            Self::Result => "result",
        }
    }
}

/// How much of what it stands for a payload holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadForm {
    /// All of it.
    Whole,
    /// All but the values of secret parameters.
    WithoutSecrets,
    /// Kinds and sizes in place of values.
    Shapes,
    /// The beginning: it was too long to be kept.
    Beginning,
}

impl PayloadForm {
    const ALL: [Self; 4] = [
        Self::Whole,
        Self::WithoutSecrets,
        Self::Shapes,
        Self::Beginning,
    ];

    /// The name, as entries have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::WithoutSecrets => "without_secrets",
            Self::Shapes => "shapes",
            Self::Beginning => "beginning",
        }
    }
}

/// What an entry says of one of its payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PayloadRef {
    /// What it is.
    pub kind: PayloadKind,
    /// How much of it there is.
    pub form: PayloadForm,
    /// Its length in bytes.
    pub size: u64,
    /// What it must come to, with its salt.
    pub commitment: Digest,
    place: Place,
}

/// Where a payload and its salt stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) volume: u64,
    pub(super) offset: u64,
    /// Salt and payload.
    pub(super) length: u64,
}

impl Place {
    pub(super) fn end(self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// Bytes of a salt.
const SALT: usize = 32;

/// The longest payload, in bytes.
pub(super) const MAX_PAYLOAD: usize = 4 << 20;

impl PayloadRef {
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Appends it as a member of the object that entries have for their payloads.
    pub(super) fn write(&self, out: &mut String) {
        let Place { volume, offset, .. } = self.place;
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "\"{}\":{{\"form\":\"{}\",\"bytes\":{},\"volume\":{volume},\"at\":{offset},\"commitment\":\"{}\"}}",
            self.kind.as_str(),
            self.form.as_str(),
            self.size,
            self.commitment
        );
    }

    /// Reads what an entry says; `None` if it says nothing that this library writes.
    pub(super) fn parse(kind: PayloadKind, payloads: &Object) -> Option<Self> {
        let members = payloads.get(kind.as_str())?.as_object()?;
        let text = |key| members.get(key)?.as_str();
        let number = |key| members.get(key)?.as_number()?.as_u64();
        let form = text("form")?;
        let size = number("bytes").filter(|size| *size <= MAX_PAYLOAD as u64)?;
        Some(Self {
            kind,
            form: PayloadForm::ALL
                .into_iter()
                .find(|known| known.as_str() == form)?,
            size,
            commitment: text("commitment")?.parse().ok()?,
            place: Place {
                volume: number("volume")?,
                offset: number("at")?,
                length: size.checked_add(SALT as u64)?,
            },
        })
    }

    /// Whether this is what was committed to.
    fn commits_to(&self, salted: &[u8]) -> bool {
        commitment(self.kind, self.form, salted) == self.commitment
    }
}

/// Hides the payload as long as the salt is unknown, and binds it: what it is and what it says cannot be changed.
fn commitment(kind: PayloadKind, form: PayloadForm, salted: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"portcullis/audit/payload/v1\0");
    for word in [kind.as_str(), form.as_str()] {
        hash.update(word);
        hash.update(b"\0");
    }
    hash.update(salted);
    Digest::from(<[u8; 32]>::from(hash.finalize()))
}
