//! What is as it should be is not told.

use super::Watch;
use crate::support::{AGENT, agent};
use portcullis::anomaly::InteractionStatus;

/// A generator of numbers that are the same each time (Steele and others, *Fast splittable pseudorandom number
/// generators*, 2014).
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn exponential(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }
}

/// Calls and interactions at the declared rates, as a Poisson process, for six hours, 2 in 100 of the calls refused.
///
/// An alert would be a false one. For the rates it needs 61 events in a minute where 20 are expected: P(X >= 61) = 1.4e-13,
/// at each of 7,200 events of either kind. For the refusals it needs 11 of 100: P = 1.0e-5 at 144 refusals, which
/// are too few for a promise, so that rule is set to more than 20 of 100: P = 1.7e-15. In all less than 1e-6.
#[test]
fn what_is_declared_is_not_told() {
    let watch = Watch::new(&format!(
        r#"{{"agents": [{{"agent_id": "{AGENT}", "calls_per_minute": 20, "hours": [{{"from": "00:00", "to": "06:30"}}],
                "destinations": ["api.example.com"]}}],
            "paths": [{{"source": "{AGENT}", "target": "{AGENT}", "calls_per_minute": 20}}],
            "rules": {{"repeated_denials": {{"more_than": 20}}}}}}"#
    ));
    let session = watch.session();
    let mut numbers = Numbers(1);
    let mut calls = 0;
    let (mut time, mut refused) = (0.0, 0);
    while time < 6.0 * 3600.0 {
        time += numbers.exponential() * 1.5;
        watch.at(time);
        if numbers.uniform() < 0.5 {
            watch.spoke(&agent(AGENT), &agent(AGENT), InteractionStatus::Succeeded);
        } else if numbers.uniform() < 0.02 {
            // One and the same: a mistake, not a search.
            assert!(session.call("strict", r#"{"path": "b"}"#).is_err());
            refused += 1;
        } else {
            let args = format!(r#"{{"n": {calls}, "url": "https://api.example.com/"}}"#);
            session
                .run("read", args.as_str(), |_| Ok::<_, portcullis::Refusal>(1))
                .unwrap();
            calls += 1;
        }
    }
    assert!(calls > 5000 && refused > 50, "{calls} {refused}");
    assert_eq!(watch.told(), []);
    assert_eq!(watch.monitor.counts(), Default::default());
}
