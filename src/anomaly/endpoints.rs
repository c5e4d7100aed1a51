//! Whether an agent uses more different tools, and speaks to more different agents, than it used to.

use super::learned::Odd;
use super::policy::Learning;
use super::statistics::{Distinct, NegativeBinomial};
use crate::anomaly::snapshot::stored;

/// How many different tools and agents there are in ten minutes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoints {
    sketch: Distinct,
    /// Of the windows so far, fading.
    mean: f32,
    windows: u32,
}

stored!(
    Endpoints {
        sketch,
        mean,
        windows
    },
    |endpoints| { endpoints.mean <= MOST_ENDPOINTS }
);

impl Endpoints {
    pub(super) fn new(half: u32) -> Self {
        Self {
            sketch: Distinct::new(half),
            mean: 0.0,
            windows: 0,
        }
    }

    pub(super) fn observe(&mut self, hash: u64, half: u32, rule: Learning) -> Option<Odd> {
        if half > self.sketch.half() {
            self.learn(rule);
        }
        // Nothing is expected before that, and to count is what costs.
        if !self.sketch.observe(half, hash) || self.windows < MIN_WINDOWS {
            return None;
        }
        self.odd(self.sketch.estimate(), rule)
    }

    fn odd(&self, count: f64, rule: Learning) -> Option<Odd> {
        let (observed, expected) = (count.round(), f64::from(self.mean));
        if self.windows < MIN_WINDOWS || observed <= rule.endpoints * expected {
            return None;
        }
        let poisson = NegativeBinomial::poisson(expected);
        poisson
            .reaches(observed as u64, rule.least_surprise())
            .then(|| Odd {
                observed,
                expected,
                surprise: poisson.surprise(observed as u64),
            })
    }

    /// A window that is out of the ordinary teaches nothing.
    fn learn(&mut self, rule: Learning) {
        let count = self.sketch.estimate();
        if self.odd(count, rule).is_some() {
            return;
        }
        self.windows = self.windows.saturating_add(1);
        self.mean += (count as f32 - self.mean) / self.windows.min(FADES_OVER) as f32;
    }
}

/// Seconds.
pub(super) const HALF_WINDOW: u32 = 300;
/// Half windows before so many different endpoints are too many, and over which their number fades.
const MIN_WINDOWS: u32 = 24;
const FADES_OVER: u32 = 288;
/// No estimate is larger.
const MOST_ENDPOINTS: f32 = 1e21;
