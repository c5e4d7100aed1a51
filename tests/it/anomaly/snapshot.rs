//! What is remembered outlives the process, and nothing that is not a snapshot is taken for one.

use std::sync::Arc;
use std::time::Duration;

use portcullis::anomaly::{Alert, InteractionStatus, Monitor, MonitorPolicy, SnapshotError};
use portcullis::{Clock, ManualClock};
use proptest::prelude::*;

use super::{Watch, expecting};
use crate::support::{AGENT, agent};

fn policy() -> String {
    expecting(r#""calls_per_minute": 3, "hours": [{"to": "12:00"}], "credentials_per_minute": 1"#)
}

/// A clock that starts at zero when the wall says something else, as after a restart.
#[derive(Clone, Debug)]
pub(super) struct Restarted {
    pub(super) clock: Arc<ManualClock>,
    pub(super) since: Duration,
}

impl Clock for Restarted {
    fn monotonic(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.since)
    }

    fn wall(&self) -> std::time::SystemTime {
        self.clock.wall()
    }
}

/// A few agents, some of them odd, until this second.
fn live(monitor: &Monitor, clock: &ManualClock, seconds: std::ops::Range<u32>) {
    for second in seconds {
        clock.set(Duration::from_secs(second.into()));
        let odd = second % 3600 > 3500;
        for number in 0..if odd { 9 } else { u32::from(second % 20 == 0) } {
            let source = agent(&format!("{AGENT}/{}", number % 3));
            let status = if second % 7 == 0 {
                InteractionStatus::Denied
            } else {
                InteractionStatus::Succeeded
            };
            monitor.interaction(&portcullis::anomaly::AgentInteraction {
                source: &source,
                target: &agent(&format!("spiffe://example.org/t/{}", second % 5 + number)),
                action: "ask",
                payload: None,
                at: clock.wall() + Duration::from_nanos(number.into()),
                latency: Duration::ZERO,
                status,
            });
        }
        if second % 600 == 0 {
            (0..7).for_each(|_| {
                monitor.credential(&portcullis::anomaly::CredentialIssued {
                    agent: &agent(AGENT),
                    at: clock.wall(),
                });
            });
        }
        if second % 60 == 0 {
            monitor.tick();
        }
    }
}

/// Everything but the numbers, which begin anew.
fn without_numbers(alerts: impl Iterator<Item = Alert>) -> Vec<Alert> {
    let alerts = alerts.map(|mut alert| {
        alert.number = 0;
        alert
    });
    alerts.collect()
}

#[test]
fn a_restored_monitor_tells_the_same() {
    let watch = Watch::new(&policy());
    live(&watch.monitor, &watch.clock, 0..15_000);
    assert!(!watch.told().is_empty());
    let snapshot = watch.monitor.snapshot();
    // The other process starts in the same second.
    let clock = Arc::new(ManualClock::new());
    clock.set(watch.clock.monotonic());
    let restarted = Restarted {
        clock: Arc::clone(&clock),
        since: clock.monotonic(),
    };
    let builder = Monitor::builder()
        .policy(MonitorPolicy::from_json(&policy()).unwrap())
        .clock(restarted);
    let restored = builder.restore(&snapshot).unwrap();
    let alerts = restored.subscribe(10_000);
    live(&watch.monitor, &watch.clock, 15_000..45_000);
    live(&restored, &clock, 15_000..45_000);
    let expected = without_numbers(watch.alerts.try_iter());
    let mut found = without_numbers(alerts.try_iter());
    assert!(expected.len() > 50, "{}", expected.len());
    // Updates are told shard by shard, and within a shard in the order of a map.
    let key = |alert: &Alert| {
        (
            alert.at,
            alert.kind,
            alert.agent.clone(),
            alert.target.clone(),
        )
    };
    let mut expected = expected;
    expected.sort_by_key(key);
    found.sort_by_key(key);
    let differ = found
        .iter()
        .zip(&expected)
        .find(|(found, expected)| found != expected);
    assert!(
        differ.is_none() && found.len() == expected.len(),
        "{differ:#?}"
    );
}

#[test]
fn time_passes_while_nobody_watches() {
    let watch = Watch::new(r#"{}"#);
    let (source, target) = (agent(AGENT), agent("spiffe://example.org/t"));
    for number in 0..4 {
        watch.at(f64::from(number));
        watch.spoke(
            &source,
            &agent(&format!("{target}/{number}")),
            InteractionStatus::Denied,
        );
    }
    let snapshot = watch.monitor.snapshot();
    for (passed, is_probing) in [(10, true), (290, true), (310, false)] {
        let clock = Arc::new(ManualClock::new());
        clock.set(Duration::from_secs(3 + passed));
        let restarted = Restarted {
            clock: Arc::clone(&clock),
            since: clock.monotonic(),
        };
        let restored = Monitor::builder()
            .clock(restarted)
            .restore(&snapshot)
            .unwrap();
        let alerts = restored.subscribe(10);
        restored.interaction(&portcullis::anomaly::AgentInteraction {
            source: &source,
            target: &target,
            action: "ask",
            payload: None,
            at: clock.wall(),
            latency: Duration::ZERO,
            status: InteractionStatus::Denied,
        });
        assert_eq!(alerts.try_recv().is_ok(), is_probing, "{passed}");
    }
}

fn small_snapshot() -> Vec<u8> {
    let watch = Watch::with_room(&policy(), 64);
    live(&watch.monitor, &watch.clock, 3400..3600);
    watch.monitor.snapshot()
}

fn restore(bytes: &[u8]) -> Result<Monitor, SnapshotError> {
    Monitor::builder().agents(64).restore(bytes)
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let snapshot = small_snapshot();
    assert!(restore(&snapshot).is_ok());
    assert_eq!(restore(b"").unwrap_err(), SnapshotError::NotASnapshot);
    assert_eq!(restore(b"{}").unwrap_err(), SnapshotError::NotASnapshot);
    let version_at = snapshot.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut newer = snapshot.clone();
    newer[version_at] = 9;
    assert_eq!(
        restore(&newer).unwrap_err(),
        SnapshotError::Version { found: 9 }
    );
    for length in version_at..snapshot.len() {
        assert_eq!(
            restore(&snapshot[..length]).unwrap_err(),
            SnapshotError::Damaged,
            "{length}"
        );
    }
    for at in version_at + 4..snapshot.len() {
        let mut altered = snapshot.clone();
        altered[at] ^= 1 << (at % 8);
        assert_eq!(
            restore(&altered).unwrap_err(),
            SnapshotError::Damaged,
            "{at}"
        );
    }
}

#[test]
fn more_agents_than_there_is_room_for_are_refused() {
    let watch = Watch::new("{}");
    for number in 0..2000 {
        watch.issued(&agent(&format!("spiffe://example.org/{number}")));
    }
    let snapshot = watch.monitor.snapshot();
    assert_eq!(
        restore(&snapshot).unwrap_err(),
        SnapshotError::TooManyAgents
    );
}

/// Neither the key nor a name that it hides is shown.
#[test]
fn a_monitor_shows_nothing_of_its_key() {
    let shown = format!("{:?}", Watch::new("{}").monitor);
    assert!(shown.starts_with("Monitor { counts: "), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whoever makes the checksum right can make a monitor believe anything, but not panic, nor take memory without end.
    #[test]
    fn forged_snapshots_do_no_more_than_lie(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut snapshot = small_snapshot();
        let body = snapshot.len() - 4;
        let start = snapshot.iter().position(|byte| *byte == b'\n').unwrap() + 5;
        for (at, byte) in changes {
            let at = start + at.index(body - start);
            snapshot[at] = byte;
        }
        let sum = crc32c(&snapshot[..body]).to_le_bytes();
        snapshot[body..].copy_from_slice(&sum);
        if let Ok(monitor) = restore(&snapshot) {
            let clock = ManualClock::new();
            live(&monitor, &clock, 3500..3700);
            monitor.tick();
            let _ = monitor.snapshot();
        }
    }
}

/// Castagnoli's polynomial, bit by bit (RFC 3720, appendix B.4).
fn crc32c(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0x82f6_3b78 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}

/// A clock that goes on by a second whenever it is read.
#[derive(Debug, Default)]
struct Hasty(ManualClock);

impl Clock for Hasty {
    fn monotonic(&self) -> Duration {
        self.0.advance(Duration::from_secs(1));
        self.0.monotonic()
    }

    fn wall(&self) -> std::time::SystemTime {
        self.0.wall()
    }
}

#[test]
fn what_happens_while_a_snapshot_is_made_does_not_damage_it() {
    let monitor = Monitor::builder().clock(Hasty::default()).build();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let restored = |snapshot: &[u8]| Monitor::builder().clock(Hasty::default()).restore(snapshot);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0_u64;
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                number += 1;
                monitor.interaction(&portcullis::anomaly::AgentInteraction {
                    source: &agent(&format!("{AGENT}/{}", number % 100)),
                    target: &agent(AGENT),
                    action: "ask",
                    payload: None,
                    at: std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(number),
                    latency: Duration::ZERO,
                    status: InteractionStatus::Succeeded,
                });
            }
        });
        let outcomes: Vec<_> = (0..200)
            .map(|_| restored(&monitor.snapshot()).err())
            .collect();
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(outcomes.iter().all(Option::is_none), "{outcomes:?}");
    });
}
