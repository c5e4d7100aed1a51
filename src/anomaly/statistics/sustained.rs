//! Whether a rate has been raised for some minutes, by no more than single minutes can show.

use super::rate::LONGEST_SILENCE;
use super::tail::NegativeBinomial;
use crate::anomaly::snapshot::stored;

/// Adds up, minute by minute, how much better a raised rate explains the events than the expected one does, and begins again from
/// 0 wherever that would be negative. 24 bytes, constant time.
///
/// In ordinary work, the mean run until the score reaches `s` is at least `e^s` minutes. Nothing is learned here.
///
/// Source: Page, *Continuous inspection schemes* (1954); the bound is Lorden's, *Procedures for reacting to a change in
/// distribution* (1971), theorem 2. What is added is the ratio of the likelihoods of two negative binomial distributions of one
/// shape.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sustained {
    /// Of the minutes before this one, in nats.
    score: f32,
    /// What each event adds in this minute, and what each minute takes off.
    gain: f32,
    loss: f32,
    /// Events that are expected in this minute.
    mean: f32,
    /// Events since the score was last 0, and how many were expected.
    events: f32,
    expected: f32,
}

stored!(
    Sustained {
        score,
        gain,
        loss,
        mean,
        events,
        expected
    },
    |_| true
);

impl Sustained {
    /// A minute begins in which so much is expected, or so many times as much where the rate is raised.
    pub(crate) fn begin(&mut self, expected: NegativeBinomial, ratio: f64) {
        let (mean, shape) = (expected.mean(), expected.shape());
        let ratio = ratio.clamp(1.0, MOST_RATIO);
        let raised = mean * ratio;
        let loss = shape * ((raised - mean) / (shape + mean)).ln_1p();
        self.mean = mean as f32;
        self.loss = loss as f32;
        self.gain = (ratio.ln() - loss / shape).max(0.0) as f32;
    }

    /// The minute is over, had so many events, and was followed by so many without. The score goes on from `most` at most, so that
    /// it comes down soon after the end of what raised it.
    pub(crate) fn end(&mut self, count: u32, silent: u32, most: f64) {
        // A pause takes off no more than the longest silence and a minute do: it is no work, and tells little.
        let minutes = 1.0 + silent.min(u32::from(LONGEST_SILENCE) + 1) as f32;
        let score = self.score + self.gain * count as f32 - self.loss * minutes;
        if score > 0.0 {
            self.score = score.min(most as f32);
            self.events += count as f32;
            self.expected += self.mean * minutes;
        } else {
            (self.score, self.events, self.expected) = (0.0, 0.0, 0.0);
        }
    }

    /// Events that are expected in this minute.
    pub(crate) fn mean(&self) -> f64 {
        self.mean.into()
    }

    /// The score, in nats, if this minute has so many events.
    pub(crate) fn score(&self, count: u64) -> f64 {
        f64::from(self.score + self.gain * count as f32 - self.loss)
    }

    /// How many times as many events as expected there were since the score was last 0, with so many in this minute.
    pub(crate) fn ratio(&self, count: u64) -> f64 {
        let expected = (self.expected + self.mean).max(f32::MIN_POSITIVE);
        f64::from((self.events + count as f32) / expected)
    }
}

/// Nothing overflows with it.
const MOST_RATIO: f64 = 1e6;
