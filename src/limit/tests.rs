//! Laws and examples of the limits, and what they share.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::table::MAX_KEYS_PER_OWNER;
use super::window::MAX_LOG_BYTES;
use super::*;

mod keys;
mod model;
mod one_limit;
mod registry;
mod several_limits;

fn nanos(span: u64) -> Duration {
    Duration::from_nanos(span)
}

fn key(owner: u64, number: u64) -> Key {
    // Spreads consecutive numbers over the shards, as a real hash does.
    let hash = u128::from(number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Key {
        owner,
        hash: hash ^ (hash >> 61),
    }
}

fn units(units: u128) -> Amount {
    Amount::from_units(units)
}

fn single(span: u64) -> Arc<Counter> {
    Arc::new(Counter::single(nanos(span)))
}
