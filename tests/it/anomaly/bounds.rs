//! What a flood can and cannot do.

use std::sync::Arc;
use std::time::Duration;

use portcullis::anomaly::{AgentInteraction, AlertKind, CredentialIssued, InteractionStatus};

use portcullis::{Args, Guard, ManualClock, Refusal, RingRecorder, Session};

use super::{Watch, expecting};
use crate::support::{AGENT, agent, agent_policy};

const OK: InteractionStatus = InteractionStatus::Succeeded;
const DENIED: InteractionStatus = InteractionStatus::Denied;

/// Whoever is at work is not forgotten, however many others come.
#[test]
fn a_flood_of_agents_silences_nobody() {
    let watch = Watch::with_room("{}", 64);
    let (victim, target) = (agent(AGENT), agent("spiffe://example.org/t"));
    for second in 0..10 {
        watch.at(second.into());
        watch.spoke(&victim, &target, DENIED);
    }
    for number in 0..5000 {
        watch.at(10.0 + f64::from(number) / 100.0);
        let other = agent(&format!("spiffe://example.org/flood/{number}"));
        watch.spoke(&other, &target, OK);
    }
    let told = watch.told_of(AlertKind::CrowdedOut);
    assert!(!told.is_empty());
    watch.at(61.0);
    watch.spoke(&victim, &target, DENIED);
    let told = watch.told_of(AlertKind::RepeatedDenials);
    assert_eq!((told.len(), told[0].observed), (1, 11.0));
}

/// Those who found no room are watched together, so that refusals spread over many agents are seen too.
#[test]
fn those_without_room_are_watched_together() {
    let watch = Watch::with_room("{}", 1);
    let target = agent("spiffe://example.org/t");
    for number in 0..5000 {
        watch.at(f64::from(number) / 100.0);
        let other = agent(&format!("spiffe://example.org/flood/{number}"));
        watch.spoke(&other, &target, DENIED);
    }
    assert!(!watch.told_of(AlertKind::RepeatedDenials).is_empty());
}

/// 2,000 agents leave one of 64 shards empty with a probability of 1.3e-12.
#[test]
fn who_has_been_silent_for_hours_gives_way() {
    let watch = Watch::with_room("{}", 64);
    let target = agent("spiffe://example.org/t");
    let come =
        |name: &str| watch.spoke(&agent(&format!("spiffe://example.org/{name}")), &target, OK);
    (0..2000).for_each(|number| come(&format!("first/{number}")));
    assert!(!watch.told_of(AlertKind::CrowdedOut).is_empty());
    watch.at(3.0 * 3600.0);
    come("second");
    assert_eq!(watch.told_of(AlertKind::CrowdedOut).len(), 1);
    watch.at(3.0 * 3600.0 + 1.0);
    come("third");
    assert_eq!(watch.told(), []);
}

#[test]
fn a_slow_reader_loses_alerts_and_is_told() {
    let watch = Watch::new("{}");
    let slow = watch.monitor.subscribe(2);
    let gone = watch.monitor.subscribe(2);
    drop(gone);
    let session = watch.session();
    for number in 0..5 {
        watch.at(f64::from(number) * 10_000.0);
        let _ = session.call("unknown", "{}");
    }
    let numbers: Vec<u64> = slow.try_iter().map(|alert| alert.number).collect();
    assert_eq!(numbers, [1, 2]);
    let _ = session.call("other_unknown", "{}");
    let alert = slow.try_recv().unwrap();
    assert_eq!((alert.number, alert.lost), (6, 3));
    assert_eq!(
        (watch.monitor.counts().told, watch.monitor.counts().lost),
        (6, 3)
    );
    assert_eq!(watch.told().len(), 6);
}

/// Whatever time a host gives an event, it counts as of now, once.
#[test]
fn odd_times_are_put_right_and_counted() {
    let watch = Watch::new("{}");
    watch.at(1_000_000.0);
    let (source, target) = (agent(AGENT), agent("spiffe://example.org/t"));
    let interaction = |seconds: i64, latency: Duration| {
        let offset = Duration::from_secs(seconds.unsigned_abs());
        let at = if seconds < 0 {
            watch.wall() - offset
        } else {
            watch.wall() + offset
        };
        AgentInteraction {
            source: &source,
            target: &target,
            action: "ask",
            payload: None,
            at,
            latency,
            status: DENIED,
        }
    };
    for (seconds, latency) in [
        (0, Duration::ZERO),
        (0, Duration::ZERO),
        (-60, Duration::ZERO),
        (-61, Duration::ZERO),
        (-900_000, Duration::ZERO),
        (60, Duration::ZERO),
        (61, Duration::ZERO),
        (1, Duration::MAX),
    ] {
        watch.monitor.interaction(&interaction(seconds, latency));
    }
    watch.monitor.credential(&CredentialIssued {
        agent: &source,
        at: std::time::SystemTime::UNIX_EPOCH,
    });
    let counts = watch.monitor.counts();
    assert_eq!(
        (counts.late, counts.future, counts.absurd, counts.duplicate),
        (3, 1, 1, 1)
    );
}

#[test]
fn an_alert_is_one_plain_line() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let name = format!("x\n\u{1b}[2J\u{202e}{}", "y".repeat(100_000));
    let _ = session.call(&name, "{}");
    for alert in watch.alerts.try_iter() {
        let line = alert.to_string();
        assert!(!line.chars().any(char::is_control), "{line}");
        assert!(!line.contains('\u{202e}') && line.len() < 400, "{line}");
        assert!(alert.target.is_none_or(|target| target.len() < 10_000));
    }
}

/// Threads do not lose each other's alerts, and every reader gets them in the order of their numbers.
#[test]
fn threads_tell_in_one_order() {
    let watch = Watch::new(&expecting(r#""hours": []"#));
    let monitor = &watch.monitor;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for number in 0..200 {
                    let name = format!("spiffe://example.org/agent/{thread}/{number}");
                    monitor.credential(&CredentialIssued {
                        agent: &agent(&name),
                        at: std::time::SystemTime::UNIX_EPOCH,
                    });
                }
            });
        }
    });
    let numbers: Vec<u64> = watch.alerts.try_iter().map(|alert| alert.number).collect();
    assert_eq!(numbers, (1..=800).collect::<Vec<_>>());
}

/// Once an agent is known, its events take no memory: neither interactions, nor calls beyond what the guard takes for them.
#[test]
fn known_agents_take_no_more_memory() {
    let allocations = |act: &mut dyn FnMut(u32)| {
        (0..2000).for_each(&mut *act);
        allocation_counter::measure(|| (2000..4000).for_each(&mut *act)).count_total
    };
    let watch = Watch::new(&expecting(
        r#""calls_per_minute": 1000, "hours": [{}], "destinations": ["a.example"]"#,
    ));
    let (source, target) = (agent(AGENT), agent("spiffe://example.org/t"));
    let mut speak = |number: u32| {
        watch.at(f64::from(number) * 6.0);
        watch.spoke(&source, &target, OK);
    };
    assert_eq!(allocations(&mut speak), 0);

    let args: Vec<Args> = (0..4000)
        .map(|number| Args::parse(&format!(r#"{{"n": {number}, "to": "x@a.example"}}"#)).unwrap())
        .collect();
    let call = |session: &Session, clock: &ManualClock, number: u32| {
        clock.set(Duration::from_secs(24_000 + u64::from(number) * 6));
        let args = args[number as usize].clone();
        session.run("read", args, |_| Ok::<_, Refusal>(1)).unwrap();
    };
    let watched = watch.session();
    let with = allocations(&mut |number| call(&watched, &watch.clock, number));
    let clock = Arc::new(ManualClock::new());
    let ring = Guard::builder()
        .policy(agent_policy(super::PERMISSIONS))
        .clock(Arc::clone(&clock))
        .recorder(RingRecorder::new(10))
        .build()
        .unwrap();
    let session = ring.vouched_session(agent(AGENT)).unwrap();
    let without = allocations(&mut |number| call(&session, &clock, number));
    assert_eq!(with, without);
    assert_eq!(watch.told(), []);
}
