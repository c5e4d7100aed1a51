//! Against values that were computed apart from this code, with mpmath 1.4 at 50 or 60 digits, from the formula that stands
//! above each; what learns keeps 32-bit floats, and is held to what these can tell.

#![allow(
    clippy::excessive_precision,
    reason = "reference values stand as they were computed"
)]

mod counts;
mod laws;
mod learned;
mod poisoning;

fn assert_close(found: f64, truth: f64, part: f64, what: &str) {
    assert!(
        (found - truth).abs() <= part * truth.abs(),
        "{what}: {found}, not {truth}"
    );
}
