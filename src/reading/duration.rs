//! Lengths of time as documents write them.

use std::time::Duration;

/// Reads `500ms`, `60s`, `10m`, `24h`, `7d`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits)?;
    let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
    count
        .parse::<u64>()
        .ok()?
        .checked_mul(*nanos)
        .map(Duration::from_nanos)
}

/// The largest unit that says it exactly.
pub(crate) fn duration_text(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let whole = UNITS
        .iter()
        .rev()
        .find(|(_, unit)| nanos.is_multiple_of(u128::from(*unit)));
    let (name, unit) = whole.unwrap_or(&("ms", 1_000_000));
    format!("{}{name}", nanos / u128::from(*unit))
}

const UNITS: [(&str, u64); 5] = [
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back() {
        for text in ["1ms", "1500ms", "60s", "90s", "24h", "7d", "1d"] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(
                parse_duration(&duration_text(duration)),
                Some(duration),
                "{text}"
            );
        }
        for text in [
            "",
            "s",
            "1",
            "1 s",
            "-1s",
            "1.5h",
            "1w",
            "1H",
            "99999999999999999999s",
            "9999999999d",
            "١s",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
