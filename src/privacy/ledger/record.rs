//! What stands in a ledger: numbers of fixed width, little endian.
//!
//! | kind | record |
//! |--:|---|
//! | 1, opened | `filter u8, neighbours u8, random [16], overall budget`: 1 for GDP or replaced records, 2 for zCDP or added ones |
//! | 2, partition | `name [32], budget, flag u8, budget per subject`: zeros where there is none |
//! | 3, charged | `partition u16, flag u8, subject [32], price`: zeros where it is an aggregate |
//! | 4, lowered | `account u8, name [32], budget`: 0 for the overall one, 1 for a partition, 2 for its subjects |
//! | 5, exhausted | nothing |
//!
//! A budget or price is `loss u128, delta u128`, in units of 2^-80. Partitions are numbered from 0 as they come.

use crate::privacy::accountant::{Approved, Spend};
use crate::privacy::{Adjacency, Amount, DataSubject, Filter, Limit, PartitionName};

/// One record of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// The first one: how losses are measured, and the budget over everything. It is random too, so that the heads of no two
    /// ledgers are the same.
    Opened {
        filter: Filter,
        adjacency: Adjacency,
        random: [u8; 16],
        overall: Spend,
    },
    /// A partition, which gets the next place.
    Partition {
        name: PartitionName,
        budget: Spend,
        per_subject: Option<Spend>,
    },
    /// A charge, on record before its noise is drawn.
    Charged(Approved),
    /// A budget that is smaller from here on.
    Lowered { limit: Limit, budget: Spend },
    /// Records were lost, so every budget counts as spent.
    Exhausted,
}

/// The kind of a charge's frame.
pub(super) const CHARGED: u8 = 3;

/// The longest record.
pub(super) const LONGEST: usize = 97;

type Bytes = smallvec::SmallVec<[u8; 128]>;

impl Record {
    /// The kind of its frame.
    pub(super) const fn kind(&self) -> u8 {
        match self {
            Self::Opened { .. } => 1,
            Self::Partition { .. } => 2,
            Self::Charged(_) => CHARGED,
            Self::Lowered { .. } => 4,
            Self::Exhausted => 5,
        }
    }

    pub(super) fn encode(&self) -> Bytes {
        let mut bytes = Bytes::new();
        match self {
            Self::Opened {
                filter,
                adjacency,
                random,
                overall,
            } => {
                bytes.push(code_of(*filter));
                bytes.push(code_of_neighbours(*adjacency));
                bytes.extend_from_slice(random);
                push_spend(&mut bytes, *overall);
            }
            Self::Partition {
                name,
                budget,
                per_subject,
            } => {
                bytes.extend_from_slice(name.padded());
                push_spend(&mut bytes, *budget);
                bytes.push(u8::from(per_subject.is_some()));
                push_spend(&mut bytes, per_subject.unwrap_or_default());
            }
            Self::Charged(approved) => {
                bytes.extend_from_slice(&approved.partition.to_le_bytes());
                bytes.push(u8::from(approved.subject.is_some()));
                let subject = approved.subject.as_ref().map(DataSubject::as_bytes);
                bytes.extend_from_slice(subject.unwrap_or(&[0; 32]));
                push_spend(&mut bytes, approved.price);
            }
            Self::Lowered { limit, budget } => {
                let (tag, name) = match limit {
                    Limit::Overall => (0, None),
                    Limit::Partition(name) => (1, Some(name)),
                    Limit::Subject(name) => (2, Some(name)),
                };
                bytes.push(tag);
                let name = name.map(PartitionName::padded);
                bytes.extend_from_slice(name.unwrap_or(&[0; 32]));
                push_spend(&mut bytes, *budget);
            }
            Self::Exhausted => {}
        }
        bytes
    }

    /// `None` where it is not exactly what [`encode`](Self::encode) writes.
    pub(super) fn decode(kind: u8, bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let rest = &mut rest;
        let record = match kind {
            1 => Self::Opened {
                filter: filter_of(byte(rest)?)?,
                adjacency: neighbours_of(byte(rest)?)?,
                random: *take(rest)?,
                overall: spend(rest)?,
            },
            2 => Self::Partition {
                name: PartitionName::from_padded(take(rest)?)?,
                budget: spend(rest)?,
                per_subject: {
                    let is_there = flag(rest)?;
                    let limit = spend(rest)?;
                    is_there.then_some(limit)
                },
            },
            CHARGED => Self::Charged(Approved {
                partition: u16::from_le_bytes(*take(rest)?),
                subject: {
                    let is_there = flag(rest)?;
                    let subject = DataSubject::from_bytes(*take(rest)?);
                    is_there.then_some(subject)
                },
                price: spend(rest)?,
            }),
            4 => Self::Lowered {
                limit: {
                    let tag = byte(rest)?;
                    let name = take(rest)?;
                    match tag {
                        0 => Limit::Overall,
                        1 => Limit::Partition(PartitionName::from_padded(name)?),
                        2 => Limit::Subject(PartitionName::from_padded(name)?),
                        _ => return None,
                    }
                },
                budget: spend(rest)?,
            },
            5 => Self::Exhausted,
            _ => return None,
        };
        (record.encode().as_slice() == bytes).then_some(record)
    }
}

const fn code_of(filter: Filter) -> u8 {
    match filter {
        Filter::Gdp => 1,
        Filter::Zcdp => 2,
    }
}

const fn filter_of(code: u8) -> Option<Filter> {
    match code {
        1 => Some(Filter::Gdp),
        2 => Some(Filter::Zcdp),
        _ => None,
    }
}

const fn code_of_neighbours(adjacency: Adjacency) -> u8 {
    match adjacency {
        Adjacency::ReplaceOne => 1,
        Adjacency::AddRemove => 2,
    }
}

const fn neighbours_of(code: u8) -> Option<Adjacency> {
    match code {
        1 => Some(Adjacency::ReplaceOne),
        2 => Some(Adjacency::AddRemove),
        _ => None,
    }
}

fn push_spend(bytes: &mut Bytes, spend: Spend) {
    bytes.extend_from_slice(&spend.loss.units().to_le_bytes());
    bytes.extend_from_slice(&spend.delta.units().to_le_bytes());
}

fn take<'b, const N: usize>(rest: &mut &'b [u8]) -> Option<&'b [u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(taken)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    take::<1>(rest).map(|[byte]| *byte)
}

fn flag(rest: &mut &[u8]) -> Option<bool> {
    match byte(rest)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn spend(rest: &mut &[u8]) -> Option<Spend> {
    Some(Spend {
        loss: amount(rest)?,
        delta: amount(rest)?,
    })
}

fn amount(rest: &mut &[u8]) -> Option<Amount> {
    take(rest).map(|units| Amount::from_units(u128::from_le_bytes(*units)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spends() -> impl Strategy<Value = Spend> {
        (any::<u128>(), any::<u128>()).prop_map(|(loss, delta)| Spend {
            loss: Amount::from_units(loss),
            delta: Amount::from_units(delta),
        })
    }

    fn names() -> impl Strategy<Value = PartitionName> {
        "[a-z0-9._-]{1,32}".prop_map(|name| name.parse().unwrap())
    }

    fn records() -> impl Strategy<Value = Record> {
        let subjects = proptest::option::of(any::<[u8; 32]>().prop_map(DataSubject::from_bytes));
        let limits = prop_oneof![
            Just(Limit::Overall),
            names().prop_map(Limit::Partition),
            names().prop_map(Limit::Subject)
        ];
        let filters = prop_oneof![Just(Filter::Gdp), Just(Filter::Zcdp)];
        prop_oneof![
            (filters, any::<[u8; 16]>(), spends()).prop_map(|(filter, random, overall)| {
                Record::Opened {
                    filter,
                    adjacency: Adjacency::AddRemove,
                    random,
                    overall,
                }
            }),
            (names(), spends(), proptest::option::of(spends())).prop_map(
                |(name, budget, per_subject)| Record::Partition {
                    name,
                    budget,
                    per_subject
                }
            ),
            (any::<u16>(), subjects, spends()).prop_map(|(partition, subject, price)| {
                Record::Charged(Approved {
                    partition,
                    subject,
                    price,
                })
            }),
            (limits, spends()).prop_map(|(limit, budget)| Record::Lowered { limit, budget }),
            Just(Record::Exhausted),
        ]
    }

    /// Computed by an independent script from the description of the format. A change here breaks every ledger, and every
    /// head that was kept.
    #[test]
    fn the_format_and_the_chain_are_fixed() {
        let spend = |loss, delta| Spend {
            loss: Amount::from_units(loss),
            delta: Amount::from_units(delta),
        };
        let name = |name: &str| PartitionName::parse(name).unwrap();
        let charged = |subject| {
            Record::Charged(Approved {
                partition: 0x0203,
                subject,
                price: spend(u128::MAX, 1),
            })
        };
        let records = [
            Record::Opened {
                filter: Filter::Zcdp,
                adjacency: Adjacency::ReplaceOne,
                random: *b"0123456789abcdef",
                overall: spend(0x0102, 3),
            },
            Record::Partition {
                name: name("personal"),
                budget: spend(1 << 80, 0),
                per_subject: Some(spend(5, 6)),
            },
            Record::Partition {
                name: name("b"),
                budget: spend(7, 0),
                per_subject: None,
            },
            charged(Some(DataSubject::from_bytes([9; 32]))),
            charged(None),
            Record::Lowered {
                limit: Limit::Subject(name("personal")),
                budget: spend(4, 0),
            },
            Record::Exhausted,
        ];
        let mut chain = super::super::head::Chain::new();
        for record in records {
            chain.extend(record.kind(), &record.encode());
        }
        assert_eq!(
            chain.head().to_string(),
            "7:0db73b996710439fb617c289e8f61abc9d769738f3d91e1c15e25a269698b168"
        );
    }

    proptest! {
        #[test]
        fn records_are_read_as_they_were_written(record in records()) {
            let bytes = record.encode();
            prop_assert!(bytes.len() <= LONGEST && !bytes.spilled());
            prop_assert_eq!(Record::decode(record.kind(), &bytes), Some(record));
        }

        #[test]
        fn what_is_no_record_is_none(kind in any::<u8>(), bytes in prop::collection::vec(any::<u8>(), 0..110)) {
            if let Some(record) = Record::decode(kind, &bytes) {
                prop_assert_eq!(record.encode().to_vec(), bytes);
            }
        }

        #[test]
        fn a_cut_or_longer_record_is_none(record in records(), more in any::<u8>()) {
            let mut bytes = record.encode().to_vec();
            bytes.push(more);
            prop_assert_eq!(Record::decode(record.kind(), &bytes), None);
            bytes.truncate(bytes.len().saturating_sub(2));
            if record != Record::Exhausted {
                prop_assert_eq!(Record::decode(record.kind(), &bytes), None);
            }
        }
    }
}
