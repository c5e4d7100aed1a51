//! How busy the hours of a day are.

use crate::anomaly::snapshot::stored;

/// How busy each hour of the day is, compared with the mean. 48 bytes, constant time.
///
/// Each fades over 256 minutes of work, a few days. How much is too much in a very
/// quiet hour is not for that hour alone to say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Daily {
    /// In parts of [`ONE`].
    hours: [u16; HOURS],
}

const HOURS: usize = 24;

stored!(Daily { hours }, |_| true);

impl Daily {
    pub(crate) fn new() -> Self {
        Self {
            hours: [ONE as u16; HOURS],
        }
    }

    /// A minute, counted from any fixed point, had so many times as many events as a minute has on average, and was followed by so
    /// many without any.
    pub(crate) fn observe(&mut self, minute: u32, ratio: f64, silent: u8) {
        if let Some(hour) = self.hours.get_mut(slot(minute)) {
            let known = f64::from(*hour);
            let busy = known + (ratio.min(MOST) * ONE - known) / FADES_OVER;
            *hour = (busy * (1.0 - 1.0 / FADES_OVER).powf(silent.into())).round() as u16;
        }
    }

    /// How many times as many events as on average are ordinary in this minute; at least half as many.
    pub(crate) fn factor(&self, minute: u32) -> f64 {
        let hour = self.hours.get(slot(minute)).copied().unwrap_or(0);
        (f64::from(hour) / ONE).max(LEAST)
    }
}

fn slot(minute: u32) -> usize {
    (minute / 60) as usize % HOURS
}

const FADES_OVER: f64 = 256.0;
/// No minute counts for more.
const MOST: f64 = 7.0;
/// However quiet an hour is.
const LEAST: f64 = 0.5;
const ONE: f64 = 8192.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_hours_are_learned_and_quiet_ones_count_as_any() {
        let mut daily = Daily::new();
        for minute in 0..20 * 1440 {
            let ratio = if minute / 60 % 24 == 9 { 3.0 } else { 0.2 };
            daily.observe(minute, ratio, 0);
        }
        assert!((daily.factor(9 * 60 + 59) - 3.0).abs() < 0.2);
        assert_eq!(daily.factor(10 * 60), 0.5);
    }
}
