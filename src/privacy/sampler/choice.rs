//! Choosing one of several by their scores.

use super::laplace::Geometric;
use super::{Coins, Exhausted, Scale, Uniform};

/// The place of one of the scores, with probability in proportion to `exp(score / scale)`; `None` where there are none.
///
/// A place is drawn at random and kept with probability `exp((score - best) / scale)`, which is that of a geometric variable
/// reaching the distance from the best. The number of rounds depends on the scores: whoever can time a choice learns
/// something of how clear it was.
pub(in crate::privacy) fn choose<C: Coins>(
    scores: &[i64],
    scale: Scale,
    coins: &mut C,
) -> Result<Option<usize>, Exhausted> {
    let (Some(best), Ok(count)) = (scores.iter().max(), u64::try_from(scores.len())) else {
        return Ok(None);
    };
    let reach = Geometric::new(scale);
    loop {
        let place = Uniform::draw(coins)?.scaled(0, count, 0, coins)? as usize;
        let Some(score) = scores.get(place) else {
            return Err(Exhausted);
        };
        if reach.draw(coins)? >= best.abs_diff(*score) {
            return Ok(Some(place));
        }
    }
}
