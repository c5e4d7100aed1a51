//! At which hours of the week an agent is expected to work.

/// Spans of minutes of the week, UTC. Monday, midnight, is 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::anomaly) struct Hours(Vec<(u16, u16)>);

impl Hours {
    /// Adds a span of one day, from a minute on and up to another.
    pub(super) fn add(&mut self, day: u16, from: u16, to: u16) {
        let midnight = day * DAY;
        self.0.push((midnight + from, midnight + to));
    }

    /// Whether a moment, in seconds since the Unix epoch, is within one of them.
    pub(in crate::anomaly) fn contain(&self, seconds: u64) -> bool {
        let minute = minute_of_week(seconds);
        self.0
            .iter()
            .any(|(from, to)| (*from..*to).contains(&minute))
    }

    /// Whether they leave nothing out.
    pub(super) fn is_whole_week(&self) -> bool {
        let mut spans = self.0.clone();
        spans.sort_unstable();
        let covered = spans.iter().fold(0, |covered, (from, to)| {
            if *from <= covered {
                covered.max(*to)
            } else {
                covered
            }
        });
        covered == WEEK
    }
}

/// Reads `08:00`, as minutes since midnight; `24:00` is the end of the day.
pub(super) fn parse_time(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let is_two_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_two_digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let time = hours * 60 + minutes;
    (minutes < 60 && time <= DAY).then_some(time)
}

/// The Unix epoch was a Thursday.
fn minute_of_week(seconds: u64) -> u16 {
    let minute = (seconds / 60 + 3 * u64::from(DAY)) % u64::from(WEEK);
    u16::try_from(minute).unwrap_or(0)
}

const DAY: u16 = 24 * 60;
const WEEK: u16 = 7 * DAY;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_two_digits_each() {
        for (text, time) in [
            ("00:00", 0),
            ("08:30", 510),
            ("23:59", 1439),
            ("24:00", 1440),
        ] {
            assert_eq!(parse_time(text), Some(time), "{text}");
        }
        for text in [
            "", "8:00", "24:01", "25:00", "08:60", "+8:00", "08:00:00", "08", "٠٨:00",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn a_span_begins_at_its_minute_and_ends_before_the_other() {
        let mut hours = Hours::default();
        hours.add(0, 480, 1080);
        // 2024-01-01 was a Monday.
        let monday = 1_704_067_200;
        assert!(!hours.contain(monday + 8 * 3600 - 1));
        assert!(hours.contain(monday + 8 * 3600));
        assert!(hours.contain(monday + 18 * 3600 - 1));
        assert!(!hours.contain(monday + 18 * 3600));
        assert!(!hours.contain(monday + 86_400 + 12 * 3600));
        assert!(hours.contain(monday + 7 * 86_400 + 12 * 3600));
        assert!(!hours.contain(u64::MAX));
    }

    #[test]
    fn a_week_in_pieces_is_whole() {
        let mut hours = Hours::default();
        for day in (0..7).rev() {
            hours.add(day, 0, 700);
            assert!(!hours.is_whole_week());
            hours.add(day, 600, 1440);
        }
        assert!(hours.is_whole_week());
    }
}
