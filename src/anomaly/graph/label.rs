//! What pictures say of nodes and edges. Names come from outside: they are cut and made plain here, and escaped by each
//! format.

use std::fmt;
use std::time::Duration;

use super::counts::Suspicion;
use super::endpoint::Endpoint;
use super::view::{GraphEdge, GraphNode};
use crate::text::write_safe;

/// Characters of a name that a picture shows.
pub(super) const MOST_SHOWN: usize = 64;

/// A name on one line, without anything that reorders or hides text. One that is too long is cut in the middle: names of
/// agents often differ at their ends only.
pub(super) fn shown(name: &str) -> String {
    let length = name.chars().count();
    let mut shown = String::with_capacity(name.len());
    let mut push = |character| {
        // Writing to a string cannot fail.
        let _ = write_safe(&mut shown, character);
    };
    if length <= MOST_SHOWN {
        name.chars().for_each(push);
    } else {
        let (head, tail) = (MOST_SHOWN / 2 - 1, MOST_SHOWN / 2);
        name.chars().take(head).for_each(&mut push);
        push('…');
        name.chars().skip(length - tail).for_each(push);
    }
    shown
}

/// What went along an edge, in words of ours alone: `12 calls, 3 denied, 1 error, 4.2 ms (p95 9.5 ms)`.
pub(super) struct Label<'g>(pub(super) &'g GraphEdge);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let traffic = &self.0.traffic;
        write!(f, "{} call{}", traffic.count, plural(traffic.count))?;
        if traffic.asked > 0 {
            write!(f, ", {} asked", traffic.asked)?;
        }
        if traffic.denied > 0 {
            write!(f, ", {} denied", traffic.denied)?;
        }
        if traffic.errors > 0 {
            write!(f, ", {} error{}", traffic.errors, plural(traffic.errors))?;
        }
        if let (Some(mean), Some(p95)) = (traffic.mean, traffic.p95) {
            write!(f, ", {} (p95 {})", Short(mean), Short(p95))?;
        }
        match alerts(&self.0.suspicion) {
            Some(alerts) => write!(f, ", {alerts}"),
            None => Ok(()),
        }
    }
}

/// What was told about an agent, by itself or by its edges: `2 alerts (high)`. Of other nodes the edges tell it.
pub(super) fn told(node: &GraphNode) -> Option<String> {
    let is_agent = matches!(node.endpoint, Endpoint::Agent(_));
    alerts(&node.suspicion).filter(|_| is_agent)
}

fn alerts(suspicion: &Suspicion) -> Option<String> {
    let (alerts, severity) = (suspicion.alerts, suspicion.severity?.as_str());
    Some(format!("{alerts} alert{} ({severity})", plural(alerts)))
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A latency with as many digits as people read.
struct Short(Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_secs_f64() * 1000.0;
        match millis {
            ..1.0 => write!(f, "{:.0} us", millis * 1000.0),
            1.0..10.0 => write!(f, "{millis:.1} ms"),
            10.0..10_000.0 => write!(f, "{millis:.0} ms"),
            _ => write!(f, "{:.0} s", millis / 1000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_both_ends() {
        let name = format!("spiffe://example.org/{}/reporter", "x".repeat(500));
        let shown = shown(&name);
        assert_eq!(shown.chars().count(), MOST_SHOWN);
        assert!(shown.starts_with("spiffe://example.org/x") && shown.ends_with("x/reporter"));
        let exact = "é".repeat(MOST_SHOWN);
        assert_eq!(super::shown(&exact), exact);
    }

    #[test]
    fn latencies_are_short() {
        let short = |micros| Short(Duration::from_micros(micros)).to_string();
        assert_eq!(
            [90, 1_500, 15_000, 999_000, 75_000_000].map(short),
            ["90 us", "1.5 ms", "15 ms", "999 ms", "75 s"]
        );
    }
}
