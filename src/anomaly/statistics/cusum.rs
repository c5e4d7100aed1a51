//! Whether refusals come more often than they used to: two sequential tests side by side.

use crate::anomaly::snapshot::{Input, Stored};

/// Adds up, event by event, how much better a raised share of refusals explains them than the learned one does, and begins
/// again from 0 wherever it would be negative. 40 bytes, constant time.
///
/// One test is for a share of 0.15, the other for 0.5, so that neither slow probing nor an open attack takes long to show.
/// On ordinary traffic the mean run until the score reaches `s` is at least `e^s` events.
///
/// Source: Page, *Continuous inspection schemes* (1954); the bound on the run is Lorden's, *Procedures for reacting to a
/// change in distribution* (1971), theorem 2, with ln 2 taken off because there are two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cusum {
    sums: [f32; 2],
    /// What a refusal and what any other event adds to each sum.
    steps: [[f32; 2]; 2],
    /// Events and refusals from which the ordinary share is learned; both fading.
    events: f32,
    refused: f32,
    /// The share of refusals that the steps are for, and events since they were worked out.
    share: f32,
    since: u8,
}

/// The steps follow from the share.
impl Stored for Cusum {
    fn store(&self, out: &mut Vec<u8>) {
        self.sums.store(out);
        self.events.store(out);
        self.refused.store(out);
        self.share.store(out);
        self.since.store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        let mut cusum = Self {
            sums: Stored::load(input)?,
            events: Stored::load(input)?,
            refused: Stored::load(input)?,
            share: Stored::load(input)?,
            since: Stored::load(input)?,
            ..Self::new()
        };
        cusum.work_out_steps();
        let is_sound = cusum.sums.iter().all(|sum| *sum <= MOST)
            && cusum.refused <= cusum.events
            && (LEAST_SHARE..=MOST_SHARE).contains(&cusum.share)
            && cusum.since < LEARNS_EVERY;
        is_sound.then_some(cusum)
    }
}

impl Cusum {
    pub(crate) fn new() -> Self {
        let mut cusum = Self {
            sums: [0.0; 2],
            steps: [[0.0; 2]; 2],
            events: 0.0,
            refused: 0.0,
            share: 0.0,
            since: 0,
        };
        cusum.renew();
        cusum
    }

    /// One more event; tells the score after it.
    pub(crate) fn observe(&mut self, is_refused: bool) -> f64 {
        let steps = if is_refused {
            self.steps[0]
        } else {
            self.steps[1]
        };
        for (sum, step) in self.sums.iter_mut().zip(steps) {
            *sum = (*sum + step).clamp(0.0, MOST);
        }
        let score = self.score();
        if score < SUSPECT {
            self.learn(is_refused);
        }
        score
    }

    pub(crate) fn score(&self) -> f64 {
        let largest = self.sums.iter().fold(0.0_f32, |a, b| a.max(*b));
        (f64::from(largest) - std::f64::consts::LN_2).max(0.0)
    }

    /// The share of refusals that explains them best.
    pub(crate) fn raised_share(&self) -> f64 {
        if self.sums[0] > self.sums[1] {
            RAISED[0]
        } else {
            RAISED[1]
        }
    }

    /// After an alarm.
    pub(crate) fn begin_again(&mut self) {
        self.sums = [0.0; 2];
    }

    /// The share of refusals that is ordinary.
    pub(crate) fn ordinary_share(&self) -> f64 {
        let share = (self.refused + 1.0) / (self.events + 20.0);
        share.clamp(LEAST_SHARE, MOST_SHARE).into()
    }

    fn learn(&mut self, is_refused: bool) {
        const FADES: f32 = 1.0 - 1.0 / 4096.0;
        self.events = self.events * FADES + 1.0;
        self.refused = self.refused * FADES + f32::from(u8::from(is_refused));
        self.since += 1;
        if self.since >= LEARNS_EVERY {
            self.renew();
        }
    }

    fn renew(&mut self) {
        self.share = self.ordinary_share() as f32;
        self.since = 0;
        self.work_out_steps();
    }

    fn work_out_steps(&mut self) {
        let ordinary = f64::from(self.share);
        let step = |raised: f64| (raised / ordinary).ln() as f32;
        let back = |raised: f64| ((1.0 - raised) / (1.0 - ordinary)).ln() as f32;
        self.steps = [RAISED.map(step), RAISED.map(back)];
    }
}

const RAISED: [f64; 2] = [0.15, 0.5];
/// Bounds of the ordinary share: below them a single refusal would be an alarm, above them an agent that is always refused
/// would have made that ordinary.
const LEAST_SHARE: f32 = 0.01;
const MOST_SHARE: f32 = 0.1;
/// From here on the ordinary share is not learned from what is seen.
const SUSPECT: f64 = 3.0;
const LEARNS_EVERY: u8 = 64;
/// Bounds how long a sum takes to come down again.
const MOST: f32 = 64.0;
