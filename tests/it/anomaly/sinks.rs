//! Where alerts go: no sink keeps a decision waiting, and none loses one without a word.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use portcullis::anomaly::{Alert, CredentialIssued, Monitor, MonitorPolicy};
use portcullis::audit::{self, AuditLog, LogError, Origin};
use portcullis::{Guard, ManualClock};

use crate::folder::Folder;
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
    for failed in [2, 2, 2] {
        monitor.tick();
        assert_eq!(monitor.counts().failed, failed);
        assert_eq!(*other.lock().unwrap(), 2);
    }
    assert_eq!(*taken.lock().unwrap(), [1, 2]);
}

/// A monitor whose sink never takes alerts of agents whose name holds this, and what it took: numbers, and how many were lost
/// before.
#[allow(clippy::type_complexity, reason = "one tuple for all of a test")]
fn choosy(dislikes: &'static str) -> (Monitor, Arc<ManualClock>, Arc<Mutex<Vec<(u64, u64)>>>) {
    let (clock, taken) = (Arc::new(ManualClock::new()), Arc::default());
    let into: Arc<Mutex<Vec<_>>> = Arc::clone(&taken);
    let monitor = Monitor::builder()
        .policy(policy())
        .clock(Arc::clone(&clock))
        .sink(move |alert: &Alert| {
            if alert.agent.as_str().contains(dislikes) {
                return Err("nobody has such a name".into());
            }
            into.lock().unwrap().push((alert.number, alert.lost));
            Ok(())
        })
        .build();
    (monitor, clock, taken)
}

/// It goes on record, can still be had, and the sink is told.
#[test]
fn an_alert_that_is_never_taken_keeps_no_other_waiting_and_is_given_up() {
    let folder = Folder::new();
    let (monitor, clock, taken) = choosy("poison");
    let log = AuditLog::options(Origin::parse("example.org/test").unwrap());
    let log = Arc::new(log.open(folder.log()).unwrap());
    let builder = Guard::builder().monitor(&monitor).clock(Arc::clone(&clock));
    let guard = builder.recorder(Arc::clone(&log)).build().unwrap();
    spike(&monitor, &clock, "spiffe://example.org/poison");
    for number in 0..12 {
        spike(&monitor, &clock, &format!("spiffe://example.org/{number}"));
        guard.tick();
        assert_eq!(taken.lock().unwrap().len(), number + 1);
        assert_eq!(monitor.counts().given_up, u64::from(number >= 9));
    }
    assert_eq!(monitor.counts().failed, 10);
    // The one that it was told with says so.
    let lost: Vec<u64> = taken
        .lock()
        .unwrap()
        .iter()
        .map(|(_, lost)| *lost)
        .collect();
    assert_eq!(lost, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    let given_up = monitor.take_given_up();
    assert_eq!(given_up.len(), 1);
    assert_eq!(given_up[0].agent, agent("spiffe://example.org/poison"));
    assert!(monitor.take_given_up().is_empty());
    log.close().unwrap();
    let mut entries = Vec::new();
    audit::read(folder.log(), |entry| {
        if entry.kind() == "alert_not_taken" {
            let number = |key| entry.number(key).unwrap();
            entries.push((number("alert_number"), number("sink"), number("attempts")));
        }
        Ok::<_, LogError>(())
    })
    .unwrap();
    assert_eq!(entries, [(1, 1, 10)]);
}

/// An hour at one tick a minute. All come once it is back, and in their order.
#[test]
fn nothing_is_given_up_while_a_sink_is_out_of_reach() {
    let (clock, taken) = (
        Arc::new(ManualClock::new()),
        Arc::new(Mutex::new(Vec::new())),
    );
    let (into, mut attempts) = (Arc::clone(&taken), 0);
    let monitor = Monitor::builder()
        .policy(policy())
        .clock(Arc::clone(&clock))
        .sink(move |alert: &Alert| {
            attempts += 1;
            if attempts <= 59 * 4 {
                return Err("the network is down".into());
            }
            into.lock().unwrap().push(alert.number);
            Ok(())
        })
        .build();
    for number in 0..300 {
        spike(&monitor, &clock, &format!("spiffe://example.org/{number}"));
    }
    for _ in 0..60 {
        assert!(taken.lock().unwrap().is_empty());
        monitor.tick();
    }
    assert_eq!(*taken.lock().unwrap(), (1..=300).collect::<Vec<u64>>());
    assert_eq!(monitor.counts().given_up, 0);
}

/// More of them than a sink may leave behind at a time.
#[test]
fn many_that_are_never_taken_are_all_given_up() {
    let (monitor, clock, taken) = choosy("poison");
    for number in 0..100 {
        spike(
            &monitor,
            &clock,
            &format!("spiffe://example.org/poison{number}"),
        );
    }
    spike(&monitor, &clock, AGENT);
    for _ in 0..100 / 4 * 60 + 1 {
        monitor.tick();
    }
    assert_eq!(*taken.lock().unwrap(), [(101, 100)]);
    assert_eq!(monitor.counts().given_up, 100);
    let numbers = monitor.take_given_up().into_iter().map(|it| it.number);
    assert!(numbers.eq(37..=100));
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
