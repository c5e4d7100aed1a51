//! Which tool is used after which.

use crate::anomaly::snapshot::stored;

/// How often one tool followed another, for the pairs seen most. 304 bytes, constant time.
///
/// The surprise of a step is that of it or one still rarer: with `n` for how often each tool followed this one, that is
/// `P(new) + sum of n(other) / n(all)` over those that followed no more often. A step that never was, or was forgotten,
/// has `P(new) = (new + 1/2) / (steps + 1)`, over all steps of the agent: whoever has no order is not found out of it.
///
/// Tools are told apart by 16 bits of a keyed hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transitions {
    /// The last tool.
    from: Option<u16>,
    pairs: [Pair; PAIRS],
    /// Steps, and new ones among them; both fading, over 65,536 steps.
    steps: f32,
    new: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    from: u16,
    to: u16,
    /// 0: empty.
    count: u16,
}

stored!(
    Transitions {
        from,
        pairs,
        steps,
        new
    },
    |transitions| { transitions.new <= transitions.steps }
);
stored!(Pair { from, to, count }, |pair| pair.count < MOST);

impl Transitions {
    pub(crate) fn new() -> Self {
        Self {
            from: None,
            pairs: [Pair::default(); PAIRS],
            steps: 0.0,
            new: 0.0,
        }
    }

    /// The next tool. Tells the surprise of the step to it; `None` before twenty steps from the tool before.
    pub(crate) fn observe(&mut self, to: u16) -> Option<f64> {
        let from = self.from.replace(to)?;
        let followers = self.pairs.iter().filter(|pair| pair.is_from(from));
        let known = followers.clone().find(|pair| pair.to == to);
        let count = known.map_or(0, |pair| pair.count);
        let (mut all, mut rarer) = (0_u32, 0_u32);
        for pair in followers {
            all += u32::from(pair.count);
            if pair.count <= count {
                rarer += u32::from(pair.count);
            }
        }
        let share = f64::from(rarer) / f64::from(all.max(1));
        let surprise = -(self.new_share() + share).min(1.0).ln();
        self.count(from, to, count == 0);
        (all >= MIN_STEPS).then_some(surprise)
    }

    fn new_share(&self) -> f64 {
        (f64::from(self.new) + 0.5) / (f64::from(self.steps) + 1.0)
    }

    fn count(&mut self, from: u16, to: u16, is_new: bool) {
        self.steps = self.steps * FADES + 1.0;
        self.new = self.new * FADES + f32::from(u8::from(is_new));
        if is_new {
            return self.replace_rarest(Pair { from, to, count: 1 });
        }
        let mut pairs = self.pairs.iter_mut();
        if let Some(pair) = pairs.find(|pair| pair.is_from(from) && pair.to == to) {
            pair.count += 1;
            if pair.count >= MOST {
                self.halve();
            }
        }
    }

    fn replace_rarest(&mut self, new: Pair) {
        if let Some(rarest) = self.pairs.iter_mut().min_by_key(|pair| pair.count) {
            *rarest = new;
        }
    }

    /// Forgets by halves, so that the order of work may change; what was seen once is not forgotten by that.
    fn halve(&mut self) {
        for pair in &mut self.pairs {
            pair.count = pair.count.div_ceil(2);
        }
    }
}

impl Pair {
    fn is_from(&self, from: u16) -> bool {
        self.count > 0 && self.from == from
    }
}

const PAIRS: usize = 48;
const MIN_STEPS: u32 = 20;
const MOST: u16 = 16_384;
const FADES: f32 = 1.0 - 1.0 / 65_536.0;
