//! How many events a minute are ordinary for one key, learned from those that were.

use super::tail::NegativeBinomial;
use crate::anomaly::snapshot::stored;

/// The learned rate of one key: 52 bytes, constant time.
///
/// Time goes in ticks of one minute. Only ticks with events count as exposure, so that silence at night does not make a
/// busy morning a burst; whether a key is silent is not asked here. What was learned fades with a half-life of one day.
///
/// A tick that is too surprising teaches no more than the mean, and any tick no more than three deviations above it: a
/// burst is not learned at all, and a slow ramp takes as long as what was learned is old. A level that stays is taken over after a
/// day, once, as a [`Shift`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    begun: u32,
    tick: u32,
    /// Events in this tick.
    count: u32,
    /// Events in all.
    events: u32,
    /// Ticks with events, the events in them, and the squares of their numbers; all fading.
    exposure: f32,
    sum: f32,
    squares: f32,
    /// Whether this tick is too surprising to learn from.
    is_hot: bool,
    held_out: HeldOut,
}

/// What hot ticks would have taught.
#[derive(Clone, Copy, Debug, Default)]
struct HeldOut {
    since: u32,
    ticks: u32,
    sum: f32,
    /// The mean of the last few dozen.
    recent: f32,
    /// Ordinary ticks since the last hot one.
    calm: u32,
}

/// A new level has settled: events a minute before and since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shift {
    pub(crate) from: f64,
    pub(crate) to: f64,
}

stored!(
    Rate {
        begun,
        tick,
        count,
        events,
        exposure,
        sum,
        squares,
        is_hot,
        held_out
    },
    |rate| rate.begun <= rate.tick
        && rate.count <= rate.events
        && rate.exposure <= MOST_EXPOSURE
        && rate.sum <= rate.exposure * MOST_EVENTS
        && rate.squares <= rate.sum * MOST_EVENTS
        && rate.held_out.since <= rate.tick
);
stored!(
    HeldOut {
        since,
        ticks,
        sum,
        recent,
        calm
    },
    |held_out| { held_out.calm < CALM_TICKS }
);

impl Rate {
    pub(crate) fn new(tick: u32) -> Self {
        Self {
            begun: tick,
            tick,
            count: 0,
            events: 0,
            exposure: 0.0,
            sum: 0.0,
            squares: 0.0,
            is_hot: false,
            held_out: HeldOut::default(),
        }
    }

    /// One more event. A tick that is past counts as the present one.
    pub(crate) fn observe(&mut self, tick: u32) -> Option<Shift> {
        let shift = self.advance(tick);
        self.count = self.count.saturating_add(1);
        self.events = self.events.saturating_add(1);
        if !self.is_hot {
            self.is_hot = self
                .expected()
                .is_some_and(|expected| expected.reaches(self.count(), HOT));
        }
        shift
    }

    /// Events in this tick so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.into()
    }

    /// What the ticks before this one make one expect of it; `None` while too little was seen to say.
    pub(crate) fn expected(&self) -> Option<NegativeBinomial> {
        let has_seen_enough = self.exposure >= MIN_TICKS
            && self.events - self.count >= MIN_EVENTS
            && self.tick - self.begun >= MIN_AGE;
        has_seen_enough.then(|| self.predictive())
    }

    /// Ends the ticks before this one.
    fn advance(&mut self, tick: u32) -> Option<Shift> {
        let gap = tick.saturating_sub(self.tick);
        if gap == 0 {
            return None;
        }
        let shift = if self.count > 0 { self.learn() } else { None };
        let fades = (-(gap as f32) / HALF_LIFE).exp2();
        self.exposure *= fades;
        self.sum *= fades;
        self.squares *= fades;
        self.tick = tick;
        self.count = 0;
        self.is_hot = false;
        shift
    }

    /// The rate is gamma distributed after what was seen (Jeffreys' prior); counts spread about it by more than chance
    /// where they did so before. Both add to the squared relative deviation, which is what one over a shape is.
    fn predictive(&self) -> NegativeBinomial {
        let exposure = f64::from(self.exposure).max(f64::MIN_POSITIVE);
        let evidence = f64::from(self.sum) + 0.5;
        let mean = evidence / exposure;
        let observed = f64::from(self.sum) / exposure;
        let variance = f64::from(self.squares) / exposure - observed * observed;
        let excess = (variance - mean).max(0.0) / (mean * mean);
        NegativeBinomial::new(mean, (evidence.recip() + excess).recip())
    }

    fn learn(&mut self) -> Option<Shift> {
        let count = self.count as f32;
        let mut shift = None;
        let learned = match self.expected() {
            None => count,
            Some(expected) if self.is_hot => {
                shift = self.held_out.add(self.tick, count, expected.mean());
                count.min(expected.mean() as f32)
            }
            Some(expected) => {
                self.held_out.calm();
                count.min((expected.mean() + MOST_DEVIATIONS * expected.variance().sqrt()) as f32)
            }
        };
        self.exposure += 1.0;
        self.sum += learned;
        self.squares += learned * learned;
        if let Some(Shift { to, .. }) = shift {
            self.settle(to as f32);
        }
        shift
    }

    /// Goes on as if the new level had been there all the time, spread as before relative to its mean.
    fn settle(&mut self, level: f32) {
        let ratio = level * self.exposure / self.sum.max(f32::MIN_POSITIVE);
        let excess = (self.squares - self.sum).max(0.0) * ratio * ratio;
        self.sum = level * self.exposure;
        self.squares = excess + self.sum;
        self.held_out = HeldOut::default();
    }
}

impl HeldOut {
    fn add(&mut self, tick: u32, count: f32, mean: f64) -> Option<Shift> {
        if self.ticks == 0 {
            self.since = tick;
            self.recent = count;
        }
        self.calm = 0;
        self.ticks = self.ticks.saturating_add(1);
        self.sum += count;
        self.recent += (count - self.recent) / RECENT_TICKS;
        let level = self.sum / self.ticks as f32;
        let has_settled = tick - self.since >= SETTLES_AFTER
            && self.ticks >= SETTLING_TICKS
            && (self.recent - level).abs() <= level * SETTLED_WITHIN;
        has_settled.then_some(Shift {
            from: mean,
            to: level.into(),
        })
    }

    /// After so many ordinary ticks, it was a burst and no new level.
    fn calm(&mut self) {
        if self.ticks > 0 {
            self.calm += 1;
            if self.calm >= CALM_TICKS {
                *self = Self::default();
            }
        }
    }
}

/// Minutes after which what was learned counts half.
const HALF_LIFE: f32 = 1440.0;
/// Before so many ticks with events, events, and minutes, nothing is expected.
const MIN_TICKS: f32 = 20.0;
const MIN_EVENTS: u32 = 50;
const MIN_AGE: u32 = 30;
/// One in ten thousand ordinary ticks is not learned from.
const HOT: f64 = 9.210_340_371_976_184;
const MOST_DEVIATIONS: f64 = 3.0;
/// Minutes that a new level must last, hot ticks that it must have, and how close their last mean must be to that of all.
const SETTLES_AFTER: u32 = 1440;
const SETTLING_TICKS: u32 = 60;
const SETTLED_WITHIN: f32 = 0.25;
const RECENT_TICKS: f32 = 32.0;
const CALM_TICKS: u32 = 60;
/// What fading lets a sum of ones reach, and more events than a tick can have.
const MOST_EXPOSURE: f32 = 2080.0;
const MOST_EVENTS: f32 = 4_294_967_296.0;
