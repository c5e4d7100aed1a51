//! What differs from what was learned is told, once enough was learned.

use std::time::Duration;

use portcullis::anomaly::{Alert, AlertKind, InteractionStatus, MonitorPolicy};
use portcullis::{Refusal, Session};

use super::{Watch, expecting};
use crate::support::{AGENT, agent};

const MINUTE: f64 = 60.0;

fn run(session: &Session, tool: &str, args: &str) {
    let _ = session.run(tool, args, |_| Ok::<_, Refusal>(1));
}

/// So many calls, each another one, in the minute that begins at this second.
fn calls(watch: &Watch, session: &Session, second: f64, count: u32) {
    for call in 0..count {
        watch.at(second + f64::from(call) * MINUTE / f64::from(count));
        run(
            session,
            "read",
            &format!(r#"{{"second": {second}, "call": {call}}}"#),
        );
    }
}

/// Four hours of 8 to 12 calls a minute.
fn steady(watch: &Watch, session: &Session) -> f64 {
    for minute in 0..240 {
        calls(watch, session, f64::from(minute) * MINUTE, 8 + minute % 5);
    }
    240.0 * MINUTE
}

fn only(alerts: Vec<Alert>) -> Alert {
    let [alert] = <[Alert; 1]>::try_from(alerts).unwrap();
    alert
}

#[test]
fn a_burst_is_three_times_what_was_learned_and_beyond_chance() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let start = steady(&watch, &session);
    assert_eq!(watch.told(), []);
    calls(&watch, &session, start, 30);
    assert_eq!(watch.told(), [], "three times as many");
    calls(&watch, &session, start + MINUTE, 31);
    // Of all its calls; those of the one tool say no more.
    let told = watch.told_of(AlertKind::CallRate);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].target, None);
    assert_eq!(told[0].observed, 31.0);
    assert!((9.9..10.2).contains(&told[0].expected), "{}", told[0]);
    assert!(told[0].surprise.unwrap() > 13.8);
    assert!(told[0].is_learned());
    let baseline = told[0].baseline.unwrap();
    assert_eq!(baseline.events, 2400 + 30 + 31);
    assert_eq!(baseline.age.as_secs() / 60, 241);
}

/// Four times as many as usual are within what one minute may have, and ten such minutes are not.
#[test]
fn what_is_raised_for_some_minutes_is_told() {
    let watch = Watch::new("{}");
    let session = watch.session();
    // Zero to 12 calls, in no order.
    let ordinary = |minute: u32| minute * minute * 7 % 13;
    for minute in 0..2000 {
        calls(
            &watch,
            &session,
            f64::from(minute) * MINUTE,
            ordinary(minute),
        );
    }
    assert_eq!(watch.told(), []);
    let told = (2000..2010).find_map(|minute| {
        calls(&watch, &session, f64::from(minute) * MINUTE, 24);
        Some((minute - 1999, watch.told_of(AlertKind::CallRate).pop()?))
    });
    let (minutes, alert) = told.unwrap();
    assert!((2..10).contains(&minutes), "{minutes}");
    assert!(alert.observed > 3.0 * alert.expected, "{alert}");
    assert!((18.1..25.0).contains(&alert.observed), "{alert}");
    assert!(alert.surprise.unwrap() >= 13.8);
}

/// Whoever declares more says that more is ordinary: that is not told, and how much is learned anew.
#[test]
fn what_is_declared_anew_is_learned_anew() {
    let declared = |calls: u32| {
        let text = expecting(&format!(r#""calls_per_minute": {calls}"#));
        MonitorPolicy::from_json(&text).unwrap()
    };
    let steady_watch = || {
        let watch = Watch::new("{}").restarted(declared(12));
        let start = steady(&watch, &watch.session());
        (watch, start)
    };
    // How often it is told when the agent becomes busier, and when it then has a burst.
    let busier = |watch: &Watch, start: f64| {
        let session = watch.session();
        for minute in 0..60_u32 {
            let second = start + f64::from(minute) * MINUTE;
            calls(watch, &session, second, 48 + minute % 5);
        }
        let before = watch.told_of(AlertKind::CallRate).len();
        calls(watch, &session, start + 60.0 * MINUTE, 170);
        (before, watch.told_of(AlertKind::CallRate).len())
    };
    let (watch, start) = steady_watch();
    assert!(busier(&watch, start).0 > 0);

    let (watch, start) = steady_watch();
    watch.monitor.swap(declared(60));
    assert_eq!(busier(&watch, start), (0, 1));

    let (watch, start) = steady_watch();
    let restarted = watch.restarted(declared(60));
    assert_eq!(busier(&restarted, start), (0, 1));

    // What is declared as before is as it was, and so is less.
    for calls in [12, 6] {
        let (watch, start) = steady_watch();
        assert!(busier(&watch.restarted(declared(calls)), start).0 > 0);
    }
}

/// An hour that is always quiet does not hide what the others would.
#[test]
fn a_quiet_hour_is_compared_with_quiet_hours() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let ordinary = |minute: u32| match minute / 60 % 24 {
        12 => 3 + minute % 3,
        _ => 8 + minute % 5,
    };
    let noon = 6 * 1440 + 12 * 60;
    for minute in 0..noon + 30 {
        calls(
            &watch,
            &session,
            f64::from(minute) * MINUTE,
            ordinary(minute),
        );
    }
    assert_eq!(watch.told(), []);
    calls(&watch, &session, f64::from(noon + 30) * MINUTE, 27);
    let alert = only(watch.told_of(AlertKind::CallRate));
    assert!(alert.expected < 6.0, "{alert}");
}

/// Nothing is learned from in the first half hour: there is nothing that a newcomer could differ from.
#[test]
fn a_newcomer_differs_from_nothing() {
    let watch = Watch::new("{}");
    let session = watch.session();
    for minute in 0..29_u32 {
        let count = if minute == 28 { 500 } else { 2 };
        calls(&watch, &session, f64::from(minute) * MINUTE, count);
    }
    assert_eq!(watch.told(), []);
}

#[test]
fn a_level_that_stays_is_told_once_and_then_expected() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let start = steady(&watch, &session);
    for minute in 0..1500_u32 {
        calls(
            &watch,
            &session,
            start + f64::from(minute) * MINUTE,
            58 + minute % 5,
        );
    }
    let told: Vec<Alert> = watch.alerts.try_iter().collect();
    let shifts = told
        .iter()
        .filter(|alert| alert.kind == AlertKind::BaselineShift);
    let shifts: Vec<_> = shifts
        .map(|alert| (alert.target.as_deref(), alert.observed.round()))
        .collect();
    // All calls have become more, and that of the tool is no news.
    assert_eq!(shifts, [(None, 60.0)]);
    let last = told.last().unwrap();
    let hour_before_end = Duration::from_secs(1700 * 60);
    assert_eq!(last.kind, AlertKind::BaselineShift);
    assert!(last.at < std::time::SystemTime::UNIX_EPOCH + hour_before_end);
}

#[test]
fn refusals_that_become_more_frequent_are_told() {
    let watch = Watch::new(r#"{"rules": {"repeated_denials": {"enabled": false}}}"#);
    let session = watch.session();
    let mut event = 0_u32;
    let mut decide = |is_refused: bool| {
        event += 1;
        watch.at(f64::from(event) * 20.0);
        run(
            &session,
            if is_refused { "strict" } else { "read" },
            &format!(r#"{{"n": {event}}}"#),
        );
        watch.told_of(AlertKind::DenialRate)
    };
    // One in 25.
    for n in 0..2000 {
        assert_eq!(decide(n % 25 == 0), []);
    }
    let until_told = (0..200).find(|n| !decide(n % 2 == 0).is_empty()).unwrap();
    assert!(until_told < 30, "{until_told}");
}

#[test]
fn an_agent_that_suddenly_tries_everything_is_told() {
    let watch = Watch::new(
        r#"{"rules": {"probing": {"enabled": false}, "scope_violation": {"enabled": false}}}"#,
    );
    let session = watch.session();
    for minute in 0..180 {
        watch.at(f64::from(minute) * MINUTE);
        for tool in ["read", "full", "strict"] {
            run(
                &session,
                tool,
                &format!(r#"{{"path": "a", "n": {minute}}}"#),
            );
        }
    }
    assert_eq!(watch.told_of(AlertKind::Endpoints), []);
    let tools = (0..40).map(|number| format!("unknown_{number}"));
    let told = tools.enumerate().find_map(|(number, tool)| {
        run(&session, &tool, "{}");
        Some((number, watch.told_of(AlertKind::Endpoints).pop()?))
    });
    let (number, alert) = told.unwrap();
    // Where 1, 2 or 3 are expected, since two of three tools share a register one time in 21, 10 to 16 are too many. That 43
    // look like fewer than 16 takes six standard errors of the sketch.
    assert!((3..40).contains(&number), "{number}");
    assert!((0.9..3.6).contains(&alert.expected), "{}", alert.expected);
}

#[test]
fn a_new_destination_of_one_that_has_few_is_told() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let send = |number: u32, host: &str| {
        watch.at(f64::from(number) * 10.0);
        run(
            &session,
            "full",
            &format!(r#"{{"n": {number}, "to": "https://{host}/"}}"#),
        );
        watch.told_of(AlertKind::NewDestination)
    };
    for number in 0..4000 {
        assert_eq!(
            send(number, ["a.example", "b.example"][number as usize % 2]),
            []
        );
    }
    let alert = only(send(4000, "evil.example"));
    assert_eq!(alert.target.as_deref(), Some("evil.example"));
    // Two of 4,000, faded over 1,024: 0.04 and a half of 1,003 and one.
    let surprise = alert.surprise.unwrap();
    assert!((surprise - 7.53).abs() < 0.02, "{surprise}");
    assert_eq!(send(4001, "evil.example"), []);
}

#[test]
fn an_explorer_may_go_on_exploring() {
    let watch = Watch::new("{}");
    let session = watch.session();
    for number in 0..3000_u32 {
        watch.at(f64::from(number) * 10.0);
        let host = if number % 10 == 0 { number } else { 0 };
        run(
            &session,
            "read",
            &format!(r#"{{"n": {number}, "to": "x@{host}.example"}}"#),
        );
    }
    assert_eq!(watch.told_of(AlertKind::NewDestination), []);
}

/// It explores with one tool; with the other one it does not.
#[test]
fn a_new_destination_of_a_tool_that_has_few_is_told_of_an_explorer() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let call = |number: u32, tool: &str, host: &str| {
        watch.at(f64::from(number) * 10.0);
        let args = format!(r#"{{"n": {number}, "to": "https://{host}/"}}"#);
        run(&session, tool, &args);
        watch.told_of(AlertKind::NewDestination)
    };
    for number in 0..4000 {
        let told = if number % 2 == 0 {
            call(
                number,
                "read",
                &format!("host{}.example", number % 8 * number),
            )
        } else {
            call(number, "full", "home.example")
        };
        assert_eq!(told, []);
    }
    assert_eq!(call(4000, "read", "other.example"), []);
    let alert = only(call(4001, "full", "evil.example"));
    assert_eq!(alert.target.as_deref(), Some("evil.example"));
}

#[test]
fn a_new_value_of_a_sensitive_argument_is_told_by_name() {
    let watch = Watch::new(&expecting(
        r#""sensitive_arguments": ["account", "absent"]"#,
    ));
    let session = watch.session();
    let pay = |number: u32, tool: &str, account: &str| {
        watch.at(f64::from(number) * 10.0);
        run(
            &session,
            tool,
            &format!(r#"{{"n": {number}, "account": "{account}"}}"#),
        );
        watch.told_of(AlertKind::NewValue)
    };
    for number in 0..3000 {
        assert_eq!(pay(number, "full", "DE02"), []);
    }
    let alert = only(pay(3000, "full", "XX99"));
    assert_eq!(alert.target.as_deref(), Some("account: XX99"));
    for number in 3001..9000 {
        assert_eq!(pay(number, "full", "DE02"), []);
    }
    let alert = only(pay(9000, "read", "secret-value"));
    let shown = format!("{alert} {alert:?}");
    assert!(shown.contains("account: value "), "{shown}");
    assert!(!shown.contains("secret-value"), "{shown}");
}

#[test]
fn a_result_of_another_size_is_told() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let read = |number: u32, length: usize| {
        watch.at(f64::from(number) * 10.0);
        let text = "x".repeat(length);
        let args = format!(r#"{{"n": {number}}}"#);
        session
            .run("read", args.as_str(), |_| Ok::<_, Refusal>(text))
            .unwrap();
        watch.told_of(AlertKind::ResultLength)
    };
    for number in 0..200 {
        assert_eq!(read(number, 900 + number as usize * 37 % 200), []);
    }
    let alert = only(read(200, 100_000));
    // Two quotes.
    assert_eq!(alert.observed, 100_002.0);
    assert!(
        (950.0..1050.0).contains(&alert.expected),
        "{}",
        alert.expected
    );
}

#[test]
fn a_call_that_takes_much_longer_is_told() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let read = |number: u32, millis: u64| {
        let args = format!(r#"{{"n": {number}}}"#);
        let tool = |_| {
            watch.clock.advance(Duration::from_millis(millis));
            Ok::<_, Refusal>(1)
        };
        session.run("read", args.as_str(), tool).unwrap();
        watch.clock.advance(Duration::from_secs(5));
        watch.told_of(AlertKind::Latency)
    };
    for number in 0..200 {
        assert_eq!(read(number, 90 + u64::from(number) * 7 % 20), []);
    }
    assert_eq!(read(200, 1), [], "shorter is no alert");
    let alert = only(read(201, 4000));
    assert_eq!(alert.observed, 4000.0);
}

#[test]
fn work_at_an_hour_that_is_no_habit_is_told() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let at_hour = |hour: u32, number: u32| {
        watch.at(f64::from(hour) * 3600.0 + f64::from(number) * 100.0);
        run(
            &session,
            "read",
            &format!(r#"{{"hour": {hour}, "n": {number}}}"#),
        );
        watch.told_of(AlertKind::OddHour)
    };
    for day in 0..21 {
        for hour in 9..17 {
            for number in 0..12 {
                assert_eq!(at_hour(day * 24 + hour, number), []);
            }
        }
    }
    let alert = only(at_hour(21 * 24 + 3, 0));
    // None of 168 hours of work was odd.
    assert!(
        (alert.expected - 0.5 / 169.0).abs() < 1e-9,
        "{}",
        alert.expected
    );
    assert_eq!(at_hour(21 * 24 + 9, 0), []);
}

/// Two tools pass for one with a probability of 2^-16; twice in a row, with one of 2.3e-10.
#[test]
fn a_tool_out_of_order_is_told() {
    let told: Vec<Alert> = (0..2).find_map(|_| out_of_order()).unwrap();
    assert_eq!(only(told).target.as_deref(), Some("strict"));
}

/// What is told, if anything, when `strict` follows `read`, which always `full` did.
fn out_of_order() -> Option<Vec<Alert>> {
    let watch = Watch::new("{}");
    let session = watch.session();
    let step = |number: u32, tool: &str| {
        watch.at(f64::from(number) * 15.0);
        let args = format!(r#"{{"path": "a", "n": {number}}}"#);
        run(&session, tool, &args);
        watch.told_of(AlertKind::OddStep)
    };
    for number in 0..30_000 {
        assert_eq!(step(number, ["read", "full"][number as usize % 2]), []);
    }
    assert_eq!(step(30_000, "read"), []);
    Some(step(30_001, "strict")).filter(|told| !told.is_empty())
}

#[test]
fn words_to_another_agent_have_a_rate_too() {
    let watch = Watch::new("{}");
    let (source, target) = (agent(AGENT), agent("spiffe://example.org/t"));
    let speak = |minute: u32, times: u32| {
        for time in 0..times {
            watch.at(f64::from(minute) * MINUTE + f64::from(time) * MINUTE / f64::from(times));
            watch.spoke(&source, &target, InteractionStatus::Succeeded);
        }
        watch.told_of(AlertKind::CallRate)
    };
    for minute in 0..120 {
        assert_eq!(speak(minute, 3 + minute % 3), []);
    }
    let alert = only(speak(120, 40));
    assert_eq!(alert.target.as_deref(), Some(target.as_str()));
}

#[test]
fn learning_can_be_off() {
    let watch = Watch::new(r#"{"learned": {"enabled": false}}"#);
    let session = watch.session();
    let start = steady(&watch, &session);
    calls(&watch, &session, start, 1000);
    assert_eq!(watch.told(), []);
    watch.monitor.swap(MonitorPolicy::new());
    calls(&watch, &session, start + MINUTE, 1000);
    assert_eq!(watch.told(), [], "nothing was learned meanwhile");
}
