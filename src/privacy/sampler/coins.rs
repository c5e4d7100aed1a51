//! Where samplers take their coins from.

/// A source of fair, independent coins.
pub(in crate::privacy) trait Coins {
    /// How many coins make a digit: 64, or fewer in tests.
    const WIDTH: u32;

    /// A number below `2^WIDTH`, each with the same probability.
    fn digit(&mut self) -> Result<u64, Exhausted>;

    /// A number below `2^count`, each with the same probability; `count` is below 64.
    fn bits(&mut self, count: u32) -> Result<u64, Exhausted>;
}

/// What was drawn decides nothing, and no more is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::privacy) struct Exhausted;
