//! Where alerts go: no sink keeps a decision waiting, and none loses one without a word.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use portcullis::ManualClock;
use portcullis::anomaly::{Alert, CredentialIssued, Monitor, MonitorPolicy};

use crate::support::{AGENT, agent};

/// Tells an alert for each agent that this is called with.
fn spike(monitor: &Monitor, clock: &ManualClock, name: &str) {
    let wall = portcullis::Clock::wall(clock);
    for _ in 0..20 {
        monitor.credential(&CredentialIssued {
            agent: &agent(name),
            at: wall,
        });
    }
}

fn policy() -> MonitorPolicy {
    let text =
        r#"{"agents": [{"agent_id": "spiffe://example.org/*", "credentials_per_minute": 1}]}"#;
    MonitorPolicy::from_json(text).unwrap()
}

#[test]
fn a_sink_gets_alerts_on_the_time_of_who_ticks() {
    let (clock, taken) = (
        Arc::new(ManualClock::new()),
        Arc::new(Mutex::new(Vec::new())),
    );
    let into = Arc::clone(&taken);
    let monitor = Monitor::builder()
        .policy(policy())
        .clock(Arc::clone(&clock))
        .sink(move |alert: &Alert| {
            into.lock().unwrap().push(alert.clone());
            Ok(())
        })
        .build();
    spike(&monitor, &clock, AGENT);
    assert!(taken.lock().unwrap().is_empty());
    monitor.tick();
    assert_eq!(taken.lock().unwrap().len(), 1);
    monitor.tick();
    assert_eq!(taken.lock().unwrap().len(), 1);
}

/// Fails, panics, then takes what it had refused. The other one is none the wiser.
#[test]
fn a_sink_that_fails_is_tried_again_and_counted() {
    let (clock, taken) = (
        Arc::new(ManualClock::new()),
        Arc::new(Mutex::new(Vec::new())),
    );
    let (into, mut tries) = (Arc::clone(&taken), 0);
    let other = Arc::new(Mutex::new(0));
    let count = Arc::clone(&other);
    let monitor = Monitor::builder()
        .policy(policy())
        .clock(Arc::clone(&clock))
        .sink(move |alert: &Alert| {
            tries += 1;
            match tries {
                1 => Err("the network is down".into()),
                2 => panic!("as is the sink"),
                _ => {
                    into.lock().unwrap().push(alert.number);
                    Ok(())
                }
            }
        })
        .sink(move |_| {
            *count.lock().unwrap() += 1;
            Ok(())
        })
        .build();
    spike(&monitor, &clock, "spiffe://example.org/a");
    spike(&monitor, &clock, "spiffe://example.org/b");
    for failed in [1, 2, 2] {
        monitor.tick();
        assert_eq!(monitor.counts().failed, failed);
        assert_eq!(*other.lock().unwrap(), 2);
    }
    assert_eq!(*taken.lock().unwrap(), [1, 2]);
}

/// 1,024 wait, and the next that arrives says how many did not.
#[test]
fn what_a_slow_sink_loses_it_is_told() {
    let (clock, lost) = (Arc::new(ManualClock::new()), Arc::new(Mutex::new((0, 0))));
    let into = Arc::clone(&lost);
    let monitor = Monitor::builder()
        .policy(policy())
        .clock(Arc::clone(&clock))
        .sink(move |alert: &Alert| {
            let mut lost = into.lock().unwrap();
            *lost = (lost.0 + 1, lost.1 + alert.lost);
            Ok(())
        })
        .build();
    for number in 0..1030 {
        spike(&monitor, &clock, &format!("spiffe://example.org/{number}"));
    }
    monitor.tick();
    assert_eq!(*lost.lock().unwrap(), (1024, 0));
    assert_eq!(monitor.counts().lost, 6);
    clock.advance(Duration::from_secs(1));
    spike(&monitor, &clock, "spiffe://example.org/last");
    monitor.tick();
    assert_eq!(*lost.lock().unwrap(), (1025, 6));
}

#[cfg(feature = "tracing")]
mod traced {
    use std::fmt;

    use tracing::field::{Field, Visit};
    use tracing::span;
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;

    /// Keeps events as text.
    struct Kept(Arc<Mutex<Vec<(Level, String)>>>);

    impl Subscriber for Kept {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "portcullis::alert"
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut fields = Fields(String::new());
            event.record(&mut fields);
            self.0
                .lock()
                .unwrap()
                .push((*event.metadata().level(), fields.0));
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    struct Fields(String);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            self.0.push_str(&format!("{field}={value:?};"));
        }
    }

    #[test]
    fn an_alert_is_an_event() {
        let (clock, kept) = (
            Arc::new(ManualClock::new()),
            Arc::new(Mutex::new(Vec::new())),
        );
        let builder = Monitor::builder()
            .policy(policy())
            .clock(Arc::clone(&clock));
        let monitor = builder.trace().build();
        spike(&monitor, &clock, AGENT);
        tracing::subscriber::with_default(Kept(Arc::clone(&kept)), || monitor.tick());
        let kept = kept.lock().unwrap();
        let [(level, fields)] = &kept[..] else {
            panic!("{kept:?}");
        };
        assert_eq!(*level, Level::ERROR);
        for field in [
            "message=CREDENTIAL_SPIKE: `spiffe://example.org/agent/a`: 10 credentials in the last minute, expected 1",
            "kind=\"CREDENTIAL_SPIKE\";",
            "agent=\"spiffe://example.org/agent/a\";",
            "observed=10.0;",
            "number=1;",
        ] {
            assert!(fields.contains(field), "{fields}");
        }
    }
}
