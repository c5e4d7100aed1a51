//! Each rule speaks exactly when it should.

use portcullis::anomaly::{AlertKind, InteractionStatus, MonitorPolicy, Severity};
use portcullis::{Code, Session};

use super::{Watch, expecting};
use crate::support::{AGENT, agent, call};

const OK: InteractionStatus = InteractionStatus::Succeeded;

fn read(session: &Session) {
    drop(session.call("read", "{}").unwrap());
}

/// A call whose tool returns this.
fn returns(session: &Session, tool: &str, args: &str, result: Result<i32, ()>) {
    let _ = session.run(tool, args, |_| {
        result.map_err(|()| Box::<dyn std::error::Error>::from("failed"))
    });
}

#[test]
fn a_rate_is_three_times_as_high_and_beyond_chance() {
    let watch = Watch::new(&expecting(r#""calls_per_minute": 40"#));
    let session = watch.session();
    (0..120).for_each(|_| read(&session));
    assert_eq!(watch.told(), []);
    read(&session);
    let told = watch.told_of(AlertKind::RateAnomaly);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].observed, told[0].expected), (121.0, 40.0));
    assert_eq!(told[0].severity(), Severity::Medium);
    // -ln P(X >= 121) for a Poisson mean of 40, by mpmath.
    let surprise = told[0].surprise.unwrap();
    assert!((surprise - 55.8584).abs() < 1e-3, "{surprise}");
    assert!(told[0].call.is_some());
}

#[test]
fn a_rate_is_counted_over_sixty_seconds() {
    let watch = Watch::new(&expecting(r#""calls_per_minute": 40"#));
    let session = watch.session();
    // Two a second and one: 120 in any 60 seconds.
    for half in 0..1200 {
        watch.at(f64::from(half) / 2.0);
        read(&session);
    }
    assert_eq!(watch.told(), []);
    watch.at(599.9);
    read(&session);
    assert_eq!(watch.told(), [AlertKind::RateAnomaly]);
}

/// Where entries overlap, the least counts.
#[test]
fn the_least_of_what_is_declared_counts() {
    let watch = Watch::new(&format!(
        r#"{{"agents": [
            {{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 1000}},
            {{"agent_id": "{AGENT}", "calls_per_minute": 5}},
            {{"agent_id": "spiffe://example.org/other", "calls_per_minute": 1}}]}}"#
    ));
    let session = watch.session();
    (0..19).for_each(|_| read(&session));
    assert_eq!(watch.told(), []);
    read(&session);
    assert_eq!(watch.told(), [AlertKind::RateAnomaly]);
}

#[test]
fn only_declared_paths_are_expected() {
    let watch = Watch::new(
        r#"{"paths": [{"source": "spiffe://example.org/planner", "target": "spiffe://example.org/agent/*",
                       "calls_per_minute": 2}]}"#,
    );
    let (planner, other) = (
        agent("spiffe://example.org/planner"),
        agent("spiffe://example.org/other"),
    );
    watch.spoke(&planner, &agent(AGENT), OK);
    assert_eq!(watch.told(), []);
    watch.spoke(&agent(AGENT), &planner, OK);
    let told = watch.told_of(AlertKind::UnexpectedPath);
    assert_eq!(told[0].agent, agent(AGENT));
    assert_eq!(told[0].target.as_deref(), Some(planner.as_str()));
    watch.spoke(&planner, &other, OK);
    assert_eq!(watch.told(), [AlertKind::UnexpectedPath]);
    // The rate is one of the path, for all its targets; P(X >= 12) is 1.4e-6 where 2 are expected, P(X >= 13) is 2.1e-7.
    let targets = (0..12).map(|target| agent(&format!("{AGENT}/{target}")));
    let told: Vec<_> = targets
        .map(|target| {
            watch.spoke(&planner, &target, OK);
            watch.told()
        })
        .collect();
    assert!(told[..11].iter().all(Vec::is_empty));
    assert_eq!(told[11], [AlertKind::RateAnomaly]);
}

#[test]
fn without_paths_nothing_is_said_of_them() {
    let watch = Watch::new("{}");
    watch.spoke(&agent(AGENT), &agent("spiffe://example.org/other"), OK);
    assert_eq!(watch.told(), []);
}

#[test]
fn more_than_ten_refusals_of_a_hundred_are_too_many() {
    let watch = Watch::new("{}");
    let session = watch.session();
    // Ten of any hundred.
    for event in 0..500 {
        if event % 10 == 0 {
            assert!(session.call("strict", r#"{"path": "b"}"#).is_err());
        } else {
            read(&session);
        }
    }
    assert_eq!(watch.told(), []);
    assert!(session.call("strict", r#"{"path": "b"}"#).is_err());
    assert_eq!(watch.told(), []);
    assert!(session.call("strict", r#"{"path": "b"}"#).is_err());
    let told = watch.told_of(AlertKind::RepeatedDenials);
    assert_eq!((told[0].observed, told[0].expected), (11.0, 10.0));
}

#[test]
fn what_no_policy_names_is_out_of_scope() {
    let watch = Watch::new("{}");
    let session = watch.session();
    assert!(session.call("strict", r#"{"path": "b"}"#).is_err());
    assert_eq!(watch.told(), []);
    assert!(session.call("delete_everything", "{}").is_err());
    let told = watch.told_of(AlertKind::ScopeViolation);
    assert_eq!(told[0].target.as_deref(), Some("delete_everything"));
}

#[test]
fn the_third_same_call_with_the_same_result_is_a_loop() {
    let watch = Watch::new("{}");
    let session = watch.session();
    // Other results, other arguments, errors: progress.
    (0..10).for_each(|result| returns(&session, "read", "{}", Ok(result)));
    (0..10).for_each(|n| returns(&session, "read", &format!(r#"{{"n": {n}}}"#), Ok(1)));
    (0..10).for_each(|_| returns(&session, "read", r#"{"e": 1}"#, Err(())));
    assert_eq!(watch.told(), []);
    watch.at(1.0);
    returns(&session, "read", r#"{"x": 1}"#, Ok(1));
    watch.at(60.0);
    returns(&session, "read", r#"{"x": 1}"#, Ok(1));
    watch.at(121.0);
    returns(&session, "read", r#"{"x": 1}"#, Ok(1));
    assert_eq!(watch.told(), [], "the first is 120 seconds ago");
    watch.at(179.0);
    returns(&session, "read", r#"{"x": 1}"#, Ok(1));
    let told = watch.told_of(AlertKind::Loop);
    assert_eq!(told[0].observed, 3.0);
    assert_eq!(told[0].target.as_deref(), Some("read"));
}

#[test]
fn an_undeclared_destination_is_told_once() {
    let watch = Watch::new(&expecting(
        r#""destinations": ["api.example.com", "*.example.org"]"#,
    ));
    let session = watch.session();
    let to = |tool: &str, url: &str| {
        let args = format!(r#"{{"url": "{url}"}}"#);
        drop(session.call(tool, args.as_str()).unwrap());
    };
    to("read", "https://api.example.com/a");
    to("read", "mail@x.example.org, HTTPS://API.EXAMPLE.COM:8443");
    assert_eq!(watch.told(), []);
    to("full", "https://evil.example/a");
    let told = watch.told_of(AlertKind::FirstContact);
    assert_eq!(told[0].target.as_deref(), Some("evil.example"));
    to("full", "https://EVIL.example/b");
    assert_eq!(watch.told(), []);
}

/// An argument's value is in no alert, unless the audit level is `full`.
#[test]
fn a_destination_is_named_only_where_arguments_are() {
    let watch = Watch::new(&expecting(r#""destinations": []"#));
    let session = watch.session();
    let args = r#"{"to": "x@secret-host.example"}"#;
    drop(session.call("read", args).unwrap());
    let told = watch.told_of(AlertKind::FirstContact);
    let shown = format!("{} {:?}", told[0], told[0]);
    assert!(!shown.contains("secret-host"), "{shown}");
}

#[test]
fn work_outside_hours_is_told() {
    let watch = Watch::new(&expecting(
        r#""hours": [{"days": ["thu"], "from": "08:00", "to": "18:00"}]"#,
    ));
    let session = watch.session();
    // The clock starts with the Unix epoch, on a Thursday.
    for (hours, is_told) in [
        (8.0 - 1.0 / 3600.0, true),
        (8.0, false),
        (17.999, false),
        (18.0, true),
        (24.0 + 12.0, true),
        (7.0 * 24.0 + 12.0, false),
    ] {
        watch.at(f64::round(hours * 3600.0));
        read(&session);
        let expected: &[_] = if is_told { &[AlertKind::OffHours] } else { &[] };
        assert_eq!(watch.told(), expected, "{hours}");
    }
}

#[test]
fn a_spike_of_credentials_is_told() {
    let watch = Watch::new(&expecting(r#""credentials_per_minute": 0.5"#));
    let holder = agent(AGENT);
    // P(X >= 7) is 1.0e-6 where 0.5 are expected, P(X >= 8) is 6.2e-8.
    for _ in 0..7 {
        watch.issued(&holder);
        assert_eq!(watch.told(), []);
    }
    watch.issued(&holder);
    assert_eq!(watch.told(), [AlertKind::CredentialSpike]);
}

#[test]
fn five_refused_targets_in_five_minutes_are_probing() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let refused = |second: u32, path: &str| {
        watch.at(second.into());
        assert!(
            session
                .call("strict", format!(r#"{{"path": "{path}"}}"#).as_str())
                .is_err()
        );
        watch.told()
    };
    for (second, path) in [(0, "v"), (1, "v"), (2, "w"), (3, "x"), (4, "y"), (300, "z")] {
        // "v" was refused last at second 1.
        let expected: &[_] = if second == 300 {
            &[AlertKind::Probing]
        } else {
            &[]
        };
        assert_eq!(refused(second, path), expected, "{second}");
    }
    let watch = Watch::new("{}");
    let session = watch.session();
    for second in (0..2000).step_by(75) {
        watch.at(second.into());
        let args = format!(r#"{{"path": "{second}"}}"#);
        assert!(session.call("strict", args.as_str()).is_err());
    }
    assert_eq!(
        watch.told_of(AlertKind::Probing),
        [],
        "four in five minutes"
    );
}

/// Limits refuse nothing that somebody could be looking for.
#[test]
fn a_limit_is_no_target() {
    let watch = Watch::new("{}");
    let session = watch.session();
    let refused = (0..100).filter(|n| {
        let args = format!(r#"{{"n": {n}}}"#);
        call(&session, "full", args.as_str()) == Code::Limit
    });
    assert_eq!(refused.count(), 40);
    assert_eq!(watch.told_of(AlertKind::Probing), []);
}

#[test]
fn a_rule_that_is_off_is_silent() {
    let off = [
        "unexpected_path",
        "rate_anomaly",
        "repeated_denials",
        "scope_violation",
        "loop",
        "first_contact",
        "off_hours",
        "credential_spike",
        "probing",
    ]
    .map(|rule| format!(r#""{rule}": {{"enabled": false}}"#))
    .join(", ");
    let provoking = |rules: &str| {
        format!(
            r#"{{"agents": [{{"agent_id": "{AGENT}", "calls_per_minute": 1, "credentials_per_minute": 1, "hours": [],
                 "destinations": []}}],
                "paths": [{{"source": "spiffe://a/b", "target": "spiffe://a/b"}}], "rules": {{{rules}}}, "learned": {{"enabled": false}}}}"#
        )
    };
    let watch = Watch::new(&provoking(&off));
    let session = watch.session();
    let provoke = || {
        for n in 0..20 {
            returns(&session, "read", r#"{"to": "x@y.example"}"#, Ok(1));
            let _ = session.call(&format!("unknown_{n}"), "{}");
            watch.issued(&agent(AGENT));
            watch.spoke(&agent(AGENT), &agent("spiffe://a/c"), OK);
        }
    };
    provoke();
    assert_eq!(watch.told(), []);
    // The same with the rules on, from the next event.
    watch
        .monitor
        .swap(MonitorPolicy::from_json(&provoking("")).unwrap());
    watch.at(5.0);
    provoke();
    let mut told = watch.told();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 9, "{told:?}");
}

/// A swap neither forgets what was counted nor keeps what is expected no more.
#[test]
fn counts_outlive_a_swap() {
    let watch = Watch::new(&expecting(r#""calls_per_minute": 1000"#));
    let session = watch.session();
    (0..100).for_each(|_| read(&session));
    let stricter = MonitorPolicy::from_json(&expecting(r#""calls_per_minute": 20"#)).unwrap();
    watch.monitor.swap(stricter);
    read(&session);
    assert_eq!(watch.told_of(AlertKind::RateAnomaly)[0].observed, 101.0);
}

/// The planner has been at work for a day, and comes to files over an agent that it never spoke to.
#[test]
fn a_new_way_to_what_is_worth_protecting_is_lateral_movement() {
    let planner = agent("spiffe://example.org/agent/planner");
    let other = agent("spiffe://example.org/agent/other");
    let classes = r#""resource_classes": {"files": ["re*"], "other": ["full"]}"#;
    for (policy, is_told) in [
        (format!("{{{classes}}}"), true),
        (
            format!(r#"{{{classes}, "rules": {{"lateral_movement": {{"enabled": false}}}}}}"#),
            false,
        ),
        (
            format!(r#"{{{classes}, "rules": {{"lateral_movement": {{"after": "2d"}}}}}}"#),
            false,
        ),
        (
            format!(
                r#"{{{classes}, "paths": [{{"source": "spiffe://example.org/agent/planner", "target": "spiffe://example.org/agent/*"}}]}}"#
            ),
            false,
        ),
        ("{}".to_owned(), false),
    ] {
        let watch = Watch::new(&policy);
        let session = watch.session();
        watch.spoke(&planner, &other, OK);
        watch.at(86_400.0);
        watch.spoke(&planner, &agent(AGENT), OK);
        read(&session);
        let told = watch.told_of(AlertKind::LateralMovement);
        assert_eq!(told.len(), usize::from(is_told), "{policy}");
        if let [alert] = &told[..] {
            assert_eq!(alert.agent, planner);
            assert_eq!(alert.target.as_deref(), Some("files"));
            assert_eq!((alert.observed, alert.severity()), (2.0, Severity::High));
            assert!(alert.call.is_some() && !alert.is_learned());
        }
    }
}

/// What is refused reaches nothing.
#[test]
fn a_call_that_is_denied_is_no_movement() {
    let planner = agent("spiffe://example.org/agent/planner");
    let watch = Watch::new(r#"{"resource_classes": {"files": ["strict"]}}"#);
    let session = watch.session();
    watch.spoke(&planner, &planner, OK);
    watch.at(86_400.0);
    watch.spoke(&planner, &agent(AGENT), OK);
    assert_eq!(call(&session, "strict", "{}"), Code::MissingParameter);
    assert_eq!(watch.told_of(AlertKind::LateralMovement), []);
    drop(session.call("strict", r#"{"path": "a"}"#).unwrap());
    assert_eq!(watch.told_of(AlertKind::LateralMovement).len(), 1);
}
