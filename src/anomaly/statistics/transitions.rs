//! Which tool is used after which.

/// How often one tool followed another, for the pairs seen most. 196 bytes, constant time.
///
/// `P(to | from) = (n(from, to) + 1/2) / (n(from) + (d + 1)/2)`, where `d` is how many different tools followed `from`: the
/// estimate of Krichevsky and Trofimov, with all that never followed as one more.
///
/// Tools are told apart by 16 bits of a keyed hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transitions {
    /// The last tool.
    from: Option<u16>,
    pairs: [Pair; PAIRS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    from: u16,
    to: u16,
    /// 0: empty.
    count: u16,
}

impl Transitions {
    pub(crate) fn new() -> Self {
        Self {
            from: None,
            pairs: [Pair::default(); PAIRS],
        }
    }

    /// The next tool. Tells the surprise of the step to it; `None` before twenty steps from the tool before.
    pub(crate) fn observe(&mut self, to: u16) -> Option<f64> {
        let from = self.from.replace(to)?;
        let surprise = self.surprise(from, to);
        self.count(from, to);
        surprise
    }

    fn surprise(&self, from: u16, to: u16) -> Option<f64> {
        let (mut steps, mut followers, mut count) = (0_u32, 0_u32, 0_u16);
        for pair in self.pairs.iter().filter(|pair| pair.is_from(from)) {
            steps += u32::from(pair.count);
            followers += 1;
            if pair.to == to {
                count = pair.count;
            }
        }
        let all = f64::from(steps) + f64::from(followers + 1) / 2.0;
        (steps >= MIN_STEPS).then(|| -((f64::from(count) + 0.5) / all).ln())
    }

    fn count(&mut self, from: u16, to: u16) {
        let known = self
            .pairs
            .iter_mut()
            .find(|pair| pair.is_from(from) && pair.to == to);
        match known {
            Some(pair) => {
                pair.count += 1;
                if pair.count >= MOST {
                    self.halve();
                }
            }
            None => self.replace_rarest(Pair { from, to, count: 1 }),
        }
    }

    fn replace_rarest(&mut self, new: Pair) {
        if let Some(rarest) = self.pairs.iter_mut().min_by_key(|pair| pair.count) {
            *rarest = new;
        }
    }

    /// Forgets by halves, so that the order of work may change.
    fn halve(&mut self) {
        self.pairs.iter_mut().for_each(|pair| pair.count /= 2);
    }
}

impl Pair {
    fn is_from(&self, from: u16) -> bool {
        self.count > 0 && self.from == from
    }
}

const PAIRS: usize = 32;
const MIN_STEPS: u32 = 20;
const MOST: u16 = 4096;
