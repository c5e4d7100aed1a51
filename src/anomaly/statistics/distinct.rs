//! How many different things a key has met lately, in constant space.

use crate::anomaly::snapshot::stored;

/// Two sketches of 64 registers, of this half of the window and of the one before it. 132 bytes; the standard error is 13%.
///
/// Hashes are keyed, so that nobody can choose things that fill no register.
///
/// Source: Flajolet and others, *HyperLogLog* (2007); estimated after Ertl, *New cardinality estimation algorithms for
/// HyperLogLog sketches* (2017), algorithm 6, which needs no correction of small or large counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Distinct {
    now: [u8; REGISTERS],
    before: [u8; REGISTERS],
    /// Counts halves of windows.
    half: u32,
}

stored!(Distinct { now, before, half }, |distinct| {
    let mut ranks = distinct.now.iter().chain(&distinct.before);
    ranks.all(|rank| usize::from(*rank) <= RANK_BITS + 1)
});

impl Distinct {
    pub(crate) fn new(half: u32) -> Self {
        Self {
            now: [0; REGISTERS],
            before: [0; REGISTERS],
            half,
        }
    }

    /// One more thing, by its hash. Tells whether that can have changed the count; a half that is past counts as the
    /// present one.
    pub(crate) fn observe(&mut self, half: u32, hash: u64) -> bool {
        let has_turned = self.advance(half);
        let index = (hash % REGISTERS as u64) as usize;
        let rank = ((hash >> INDEX_BITS) | 1 << RANK_BITS).trailing_zeros() as u8 + 1;
        match self.now.get_mut(index) {
            Some(register) if *register < rank => {
                *register = rank;
                true
            }
            _ => has_turned,
        }
    }

    /// The half of a window in which the last thing came.
    pub(crate) fn half(&self) -> u32 {
        self.half
    }

    /// How many different things there were in this half and the one before it.
    pub(crate) fn estimate(&self) -> f64 {
        let mut counts = [0_u8; RANK_BITS + 2];
        for (now, before) in self.now.iter().zip(&self.before) {
            if let Some(count) = counts.get_mut(usize::from(*now.max(before))) {
                *count += 1;
            }
        }
        estimate(&counts)
    }

    fn advance(&mut self, half: u32) -> bool {
        let gap = half.saturating_sub(self.half);
        if gap == 0 {
            return false;
        }
        self.before = if gap == 1 { self.now } else { [0; REGISTERS] };
        self.now = [0; REGISTERS];
        self.half = half;
        true
    }
}

const INDEX_BITS: usize = 6;
const REGISTERS: usize = 1 << INDEX_BITS;
/// Of a hash, beside those of the index; the largest rank is one more.
const RANK_BITS: usize = 64 - INDEX_BITS;

/// From how many registers hold each rank.
pub(super) fn estimate(counts: &[u8; RANK_BITS + 2]) -> f64 {
    let registers = REGISTERS as f64;
    let share = |count: Option<&u8>| f64::from(count.copied().unwrap_or(0)) / registers;
    let mut sum = registers * tau(1.0 - share(counts.last()));
    for count in counts.iter().skip(1).take(RANK_BITS).rev() {
        sum = 0.5 * (sum + f64::from(*count));
    }
    sum += registers * sigma(share(counts.first()));
    registers * registers / (2.0 * std::f64::consts::LN_2 * sum)
}

/// `x + sum of x^(2^k) 2^(k-1)`; infinite at 1, where nothing was met.
fn sigma(x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut weight, mut sum) = (x, 1.0, x);
    loop {
        power *= power;
        let next = sum + power * weight;
        weight += weight;
        if next == sum {
            return sum;
        }
        sum = next;
    }
}

/// `(1 - x - sum of (1 - x^(2^-k))² 2^-k) / 3`.
fn tau(x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut root, mut weight, mut sum) = (x, 1.0, 1.0 - x);
    loop {
        root = root.sqrt();
        weight *= 0.5;
        let next = sum - (1.0 - root) * (1.0 - root) * weight;
        if next == sum {
            return sum / 3.0;
        }
        sum = next;
    }
}
