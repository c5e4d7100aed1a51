//! How many events a minute are ordinary for one key, learned from those that were.

use super::tail::NegativeBinomial;
use crate::anomaly::snapshot::stored;

/// The learned rate of one key: 48 bytes, constant time.
///
/// Time goes in minutes. Short silences count, longer ones do not, so that a night does not make a busy morning a burst. What was
/// learned fades with a half-life of one week, so that all hours of the week have their part in it.
///
/// A minute that is too surprising teaches no more than the mean: a burst is not learned at all, and a slow ramp takes as long as
/// what was learned is old. A level that stays is taken over after a day, once, as a [`Shift`]; until then it is tolerated, after
/// half an hour in which it could be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    begun: u32,
    minute: u32,
    /// Events in this minute.
    count: u32,
    /// Events in all.
    events: u32,
    /// Minutes with events and short silences, the events in them, and the squares of their numbers; all fading.
    exposure: f32,
    sum: f32,
    squares: f32,
    /// Minutes with events, until there are enough to say.
    busy: u8,
    /// Whether this minute is too surprising to learn from.
    is_hot: bool,
    held_out: HeldOut,
}

/// What the minutes from a hot one on would have taught.
#[derive(Clone, Copy, Debug, Default)]
struct HeldOut {
    since: u32,
    minutes: u32,
    sum: f32,
    /// The mean of the last few dozen.
    recent: f32,
}

/// A minute that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) minute: u32,
    pub(crate) count: u32,
    /// Minutes without events after it.
    pub(crate) silent: u32,
    pub(crate) is_hot: bool,
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
        minute,
        count,
        events,
        exposure,
        sum,
        squares,
        busy,
        is_hot,
        held_out
    },
    |rate| rate.begun <= rate.minute
        && rate.count <= rate.events
        && rate.exposure <= MOST_EXPOSURE
        && rate.sum <= rate.exposure * MOST_EVENTS
        && rate.squares <= rate.sum * MOST_EVENTS
        && rate.held_out.since <= rate.minute
);
stored!(
    HeldOut {
        since,
        minutes,
        sum,
        recent
    },
    |_| true
);

impl Rate {
    pub(crate) fn new(minute: u32) -> Self {
        Self {
            begun: minute,
            minute,
            count: 0,
            events: 0,
            exposure: 0.0,
            sum: 0.0,
            squares: 0.0,
            busy: 0,
            is_hot: false,
            held_out: HeldOut::default(),
        }
    }

    /// One more event, in a minute that is ordinarily so many times as busy as the mean. A minute that is past counts as the
    /// present one.
    pub(crate) fn observe(&mut self, minute: u32, factor: f64) -> Option<Shift> {
        let shift = self.advance(minute);
        self.count = self.count.saturating_add(1);
        self.events = self.events.saturating_add(1);
        if !self.is_hot && self.may_exceed(factor) {
            self.is_hot = self
                .expected()
                .is_some_and(|expected| expected.raised_by(factor).reaches(self.count(), HOT));
        }
        shift
    }

    /// This minute is not one to learn from either, though its own number of events does not say so.
    pub(crate) fn hold_out(&mut self) {
        self.is_hot = true;
    }

    /// The last minute, if this one comes after it.
    pub(crate) fn ended_by(&self, minute: u32) -> Option<Ended> {
        let gap = minute.checked_sub(self.minute).filter(|gap| *gap > 0)?;
        (self.count > 0).then(|| Ended {
            minute: self.minute,
            count: self.count,
            silent: gap - 1,
            is_hot: self.is_hot,
        })
    }

    /// Goes on as if all had been so many times as much.
    pub(crate) fn scale(&mut self, ratio: f64) {
        if self.exposure > 0.0 {
            let level = f64::from(self.sum / self.exposure) * ratio;
            self.settle(level as f32);
        }
    }

    /// Events in this minute so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.into()
    }

    /// What the minutes before this one make one expect of it; `None` while too little was seen to say.
    pub(crate) fn expected(&self) -> Option<NegativeBinomial> {
        let has_seen_enough = self.busy >= MIN_BUSY
            && self.events - self.count >= MIN_EVENTS
            && self.minute - self.begun >= MIN_AGE;
        has_seen_enough.then(|| self.predictive())
    }

    /// How many times as much as expected is tolerated: 1, but where a raised level has stayed for half an hour.
    pub(crate) fn raise(&self) -> f64 {
        if self.held_out.minutes < TOLD_AFTER {
            return 1.0;
        }
        let raise = |expected: NegativeBinomial| self.held_out.level() / expected.mean();
        self.expected().map_or(1.0, raise).max(1.0)
    }

    /// `false` only if this minute has no more than so many times as many events as expected. Most have, and this is quickly seen.
    pub(crate) fn may_exceed(&self, ratio: f64) -> bool {
        f64::from(self.count) * f64::from(self.exposure) > f64::from(self.sum) * ratio
    }

    /// Ends the minutes before this one.
    fn advance(&mut self, minute: u32) -> Option<Shift> {
        let ended = self.ended_by(minute);
        let gap = minute.saturating_sub(self.minute);
        if gap == 0 {
            return None;
        }
        let shift = ended.and_then(|ended| self.learn(ended));
        let fades = (-(gap as f32) / HALF_LIFE).exp2();
        self.exposure *= fades;
        self.sum *= fades;
        self.squares *= fades;
        self.minute = minute;
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
        let shape = (evidence.recip() + excess).recip();
        NegativeBinomial::new(mean, shape.max(LEAST_SHAPE.min(evidence)))
    }

    fn learn(&mut self, ended: Ended) -> Option<Shift> {
        let count = ended.count as f32;
        self.busy = self.busy.saturating_add(1);
        let expected = self.expected();
        self.exposure += f32::from(ended.silence());
        let Some(expected) = expected else {
            self.add(count, count);
            return None;
        };
        if ended.is_hot {
            let mean = count.min(expected.mean() as f32);
            self.add(mean, mean);
        } else {
            self.add_ordinary(count, expected);
        }
        if !ended.is_hot && !self.held_out.is_open() {
            return None;
        }
        let shift = self.held_out.add(ended, expected.mean())?;
        self.settle(shift.to as f32);
        Some(shift)
    }

    /// The spread is learned from all of an ordinary minute, or ordinary bursts would look rarer than they are; the mean is not, or
    /// minutes just below what is too surprising would soon take it along.
    fn add_ordinary(&mut self, count: f32, expected: NegativeBinomial) {
        let most = expected.mean() + MOST_DEVIATIONS * expected.variance().sqrt();
        self.add(count.min(most as f32), count);
    }

    fn add(&mut self, count: f32, spread: f32) {
        self.exposure += 1.0;
        self.sum += count;
        self.squares += spread * spread;
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

impl Ended {
    /// Minutes of silence that are part of the work.
    pub(crate) fn silence(self) -> u8 {
        let silence = u8::try_from(self.silent).unwrap_or(u8::MAX);
        if silence <= LONGEST_SILENCE {
            silence
        } else {
            0
        }
    }
}

impl HeldOut {
    fn add(&mut self, ended: Ended, mean: f64) -> Option<Shift> {
        let (count, silence) = (ended.count as f32, ended.silence());
        if self.minutes == 0 {
            self.since = ended.minute;
            self.recent = count;
        }
        self.minutes = self.minutes.saturating_add(1 + u32::from(silence));
        self.sum += count;
        self.recent += (count - self.recent) / RECENT_MINUTES;
        self.recent *= (1.0 - 1.0 / RECENT_MINUTES).powf(silence.into());
        if f64::from(self.recent) < RAISED * mean {
            // It was a burst and no new level.
            *self = Self::default();
            return None;
        }
        let (level, recent) = (self.level(), f64::from(self.recent));
        let has_settled = ended.minute - self.since >= SETTLES_AFTER
            && self.minutes >= SETTLING_MINUTES
            && (recent - level).abs() <= level * SETTLED_WITHIN;
        has_settled.then_some(Shift {
            from: mean,
            to: level,
        })
    }

    /// The mean of what is held out.
    fn level(&self) -> f64 {
        f64::from(self.sum) / f64::from(self.minutes.max(1))
    }

    fn is_open(&self) -> bool {
        self.minutes > 0
    }
}

/// Minutes after which what was learned counts half.
const HALF_LIFE: f32 = 10_080.0;
/// A longer silence is a pause, which says nothing of the minutes of work. If it were part of the work, the mean of those who work in
/// heaps could not be learned: of counts that spread as far as may be, no more than four times the mean is.
pub(crate) const LONGEST_SILENCE: u8 = 3;
/// Before so many minutes with events, events, and minutes, nothing is expected.
const MIN_BUSY: u8 = 20;
const MIN_EVENTS: u32 = 50;
const MIN_AGE: u32 = 30;
/// One in ten thousand ordinary minutes is not learned from.
pub(crate) const HOT: f64 = 9.210_340_371_976_184;
const MOST_DEVIATIONS: f64 = 3.0;
/// Counts spread no further about their mean than those of one exponential burst do, whatever was learned: nobody can teach that any
/// number is ordinary.
const LEAST_SHAPE: f64 = 1.0;
/// How far above what is expected a level must be to be a new one.
const RAISED: f64 = 1.5;
/// Minutes that a new level must last, those with events among them, and how close their last mean must be to that of all.
const SETTLES_AFTER: u32 = 1440;
const SETTLING_MINUTES: u32 = 60;
const SETTLED_WITHIN: f64 = 0.25;
const RECENT_MINUTES: f32 = 32.0;
/// Minutes after which a raised level is tolerated.
const TOLD_AFTER: u32 = 30;
/// What fading lets a sum of ones reach, and more events than a minute can have.
const MOST_EXPOSURE: f32 = 14_550.0;
const MOST_EVENTS: f32 = 4_294_967_296.0;
