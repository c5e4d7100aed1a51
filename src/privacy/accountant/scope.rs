//! Whose privacy a release costs.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::amount::Spend;
use super::filter::Filter;
use crate::digest::Digest;
use crate::privacy::Cost;
use crate::text::Plain;

/// The name of a partition: a class of data with a budget of its own, such as `personal`.
///
/// 1 to 32 of the characters `a` to `z`, `0` to `9`, `_`, `-` and `.`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionName([u8; Self::LONGEST]);

/// The text is not the name of a partition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not the name of a partition: it must be 1 to 32 of `a`-`z`, `0`-`9`, `_`, `-` and `.`", Plain(.name))]
pub struct PartitionNameError {
    /// What was given.
    pub name: String,
}

impl PartitionName {
    pub(in crate::privacy) const LONGEST: usize = 32;

    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`PartitionNameError`].
    pub fn parse(name: &str) -> Result<Self, PartitionNameError> {
        let mut padded = [0; Self::LONGEST];
        let is_name = !name.is_empty() && name.bytes().all(is_allowed);
        match padded.get_mut(..name.len()) {
            Some(start) if is_name => start.copy_from_slice(name.as_bytes()),
            _ => return Err(PartitionNameError { name: name.into() }),
        }
        Ok(Self(padded))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|&byte| byte == 0);
        let name = self.0.get(..end.unwrap_or(Self::LONGEST));
        // It is ASCII.
        name.and_then(|name| str::from_utf8(name).ok())
            .unwrap_or_default()
    }

    /// Padded with zeros, as it is kept on file.
    pub(in crate::privacy) const fn padded(&self) -> &[u8; Self::LONGEST] {
        &self.0
    }

    pub(in crate::privacy) fn from_padded(padded: &[u8; Self::LONGEST]) -> Option<Self> {
        let name = Self::parse(Self(*padded).as_str()).ok()?;
        (name.0 == *padded).then_some(name)
    }
}

const fn is_allowed(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.')
}

impl FromStr for PartitionName {
    type Err = PartitionNameError;

    fn from_str(name: &str) -> Result<Self, PartitionNameError> {
        Self::parse(name)
    }
}

impl fmt::Display for PartitionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PartitionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartitionName({self})")
    }
}

/// Whom records are about, by the digest of a key that the host gives them.
///
/// Keys are public: which of them there are, how often each was released and what each has left may be seen by whoever asks
/// for releases. So they must not be made from what is to be protected. One person must have one key, in every partition:
/// who has two has twice the budget.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataSubject([u8; 32]);

impl DataSubject {
    /// The subject with this key, of any length.
    #[must_use]
    pub fn new(key: &str) -> Self {
        let hash = Sha256::new_with_prefix("portcullis/privacy/subject/v1\0").chain_update(key);
        Self(hash.finalize().into())
    }

    /// What stands for it on file.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::from(self.0)
    }

    pub(in crate::privacy) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(in crate::privacy) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataSubject({})", self.digest())
    }
}

/// Whose records a release is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All of a partition: an aggregate. It is charged to everyone in there, whoever was counted, since that is nobody's
    /// business.
    Partition(PartitionName),
    /// The one record of one subject in a partition, and no other. It is charged to this subject alone: for all others
    /// the answer is the same whatever their records hold.
    Subject(PartitionName, DataSubject),
}

impl Scope {
    /// The partition.
    #[must_use]
    pub const fn partition(&self) -> &PartitionName {
        match self {
            Self::Partition(name) | Self::Subject(name, _) => name,
        }
    }

    /// The subject, where a record of its own is released.
    #[must_use]
    pub const fn subject(&self) -> Option<&DataSubject> {
        match self {
            Self::Partition(_) => None,
            Self::Subject(_, subject) => Some(subject),
        }
    }
}

/// Releases that are to be charged: what one costs, how many, and to whom.
///
/// What it comes to is computed when it is made, so that spending it again and again takes no time for that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charge {
    pub(super) scope: Scope,
    cost: Cost,
    times: NonZeroU32,
    /// What one release comes to, by each filter.
    gdp: Spend,
    zcdp: Spend,
}

impl Charge {
    /// One release.
    #[must_use]
    pub fn new(scope: Scope, cost: Cost) -> Self {
        Self {
            scope,
            cost,
            times: NonZeroU32::MIN,
            gdp: Filter::Gdp.price(&cost),
            zcdp: Filter::Zcdp.price(&cost),
        }
    }

    /// What all of the releases come to.
    pub(super) fn price(&self, filter: Filter) -> Spend {
        let price = match filter {
            Filter::Gdp => self.gdp,
            Filter::Zcdp => self.zcdp,
        };
        price.times(self.times.get())
    }

    /// So many releases of the same cost.
    #[must_use]
    pub const fn times(self, times: NonZeroU32) -> Self {
        Self { times, ..self }
    }

    /// Whom it is charged to.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What one of the releases costs.
    #[must_use]
    pub const fn cost(&self) -> &Cost {
        &self.cost
    }

    /// How many releases.
    #[must_use]
    pub const fn count(&self) -> NonZeroU32 {
        self.times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_names() {
        let longest = "a".repeat(32);
        for name in ["personal", "a", "7", "a.b-c_d", &longest] {
            let parsed = PartitionName::parse(name).unwrap();
            assert_eq!(parsed.as_str(), name);
            assert_eq!(PartitionName::from_padded(parsed.padded()), Some(parsed));
        }
        let too_long = "a".repeat(33);
        for name in ["", "A", "a b", "ä", "a\0", "a/b", &too_long] {
            assert!(PartitionName::parse(name).is_err(), "{name}");
        }
        let mut torn = *PartitionName::parse("personal").unwrap().padded();
        torn[20] = b'x';
        assert_eq!(PartitionName::from_padded(&torn), None);
        assert_eq!(PartitionName::from_padded(&[0; 32]), None);
    }

    /// Computed with another implementation. A change here gives every subject on file a new budget.
    #[test]
    fn the_digest_of_a_subject_is_fixed() {
        let digest = DataSubject::new("user-17").digest().to_string();
        assert_eq!(
            digest,
            "7f4dbc0aa99fea667577e37def1e74a521e26225b6876662deb559c6e09c3a5c"
        );
    }
}
