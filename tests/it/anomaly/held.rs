//! What is held back stays held back, and what a response leads to leads to nothing more.

use std::sync::Arc;
use std::sync::Mutex;
use std::task::{Context, Waker};
use std::time::{Duration, SystemTime};

use portcullis::anomaly::{
    AlertKind, CredentialIssuer, HostError, InteractionStatus, Monitor, MonitorPolicy,
};
use portcullis::{
    AgentId, Args, Call, Clock, Code, Decision, Event, Guard, ManualClock, Record, RecordError,
    Recorder, Refusal, RingRecorder, Session, ToolName, Verdict,
};

use super::{PERMISSIONS, Watch, guard};
use crate::support::{AGENT, agent, agent_policy, user};

/// Five calls a minute are expected, so the 20th within one is a RATE_ANOMALY.
fn watch(responses: &str) -> Watch {
    Watch::new(&format!(
        r#"{{"agents": [{{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 5}}],
             "learned": {{"enabled": false}}, "responses": [{responses}]}}"#
    ))
}

/// A path on which the tenth interaction within a minute is a RATE_ANOMALY, which closes it for a minute.
fn watched_path(more: &str) -> Watch {
    Watch::new(&format!(
        r#"{{"paths": [{{"source": "{AGENT}", "target": "{OTHER}", "calls_per_minute": 1}}],
             "learned": {{"enabled": false}},
             "responses": [{{"on": ["RATE_ANOMALY"], "response": "circuit_break", "for": "1m"}}{more}]}}"#
    ))
}

const OTHER: &str = "spiffe://example.org/agent/b";

fn ask(session: &Session, tool: &str) -> Result<(), Refusal> {
    session.run(tool, "{}", |_| Ok(()))
}

fn burst(session: &Session, calls: usize) {
    (0..calls).for_each(|_| ask(session, "read").unwrap());
}

#[test]
fn one_interaction_at_a_time_tries_a_path() {
    let watch = watched_path("");
    let (source, target) = (agent(AGENT), agent(OTHER));
    let may_speak = || watch.monitor.check_path(&source, &target).is_ok();
    let speak = |second, status| {
        watch.at(second);
        watch.spoke(&source, &target, status);
    };
    (0..10).for_each(|number| speak(f64::from(number) / 100.0, InteractionStatus::Succeeded));
    assert!(!may_speak());
    watch.at(61.0);
    assert!(may_speak() && !may_speak());
    // One that was refused tells nothing, so another one may try.
    speak(62.0, InteractionStatus::Denied);
    assert!(may_speak() && !may_speak());
    // What was told before is told again.
    speak(62.0, InteractionStatus::Denied);
    assert!(!may_speak());
    speak(63.0, InteractionStatus::Succeeded);
    assert!(may_speak() && may_speak());
}

/// The host tells what it refused for the monitor.
#[test]
fn paths_that_are_closed_lead_to_no_refusals_of_the_agents() {
    let watch = watched_path(r#", {"on": ["REPEATED_DENIALS"], "response": "quarantine"}"#);
    let (source, target) = (agent(AGENT), agent(OTHER));
    for number in 0..10 {
        watch.at(f64::from(number) / 100.0);
        watch.spoke(&source, &target, InteractionStatus::Succeeded);
    }
    for number in 10..50 {
        watch.at(f64::from(number));
        watch.monitor.check_path(&source, &target).unwrap_err();
        watch.spoke(&source, &target, InteractionStatus::Denied);
    }
    assert!(!watch.told().contains(&AlertKind::RepeatedDenials));
    assert!(watch.monitor.quarantine().agents().is_empty());
}

#[test]
fn calls_of_sessions_that_were_ended_lead_to_nothing_more() {
    let watch = watch(
        r#"{"on": ["RATE_ANOMALY"], "response": "reauthenticate"}, {"on": ["REPEATED_DENIALS"], "response": "quarantine"}"#,
    );
    let session = watch.session();
    burst(&session, 19);
    for _ in 0..200 {
        assert_eq!(ask(&session, "read").unwrap_err().code(), Code::Identity);
    }
    assert!(!session.may_call("read") && watch.session().may_call("read"));
    assert!(!watch.told().contains(&AlertKind::RepeatedDenials));
    assert!(watch.monitor.quarantine().agents().is_empty());
}

#[test]
fn a_tool_that_is_closed_is_not_shown_as_open() {
    let watch = watch(r#"{"on": ["LOOP"], "response": "circuit_break", "for": "1m"}"#);
    let session = watch.session();
    burst(&session, 3);
    assert!(!session.may_call("read") && session.may_call("full"));
    watch.at(60.0);
    assert!(session.may_call("read"));
}

/// What a call would be told, and for how long it would wait.
fn explained(session: &Session) -> Option<(Code, Option<Duration>)> {
    let read = Call::new(ToolName::parse("read").unwrap(), Args::empty());
    match session.explain(&read).decision() {
        Decision::Allow(_) => None,
        Decision::Deny(reason) | Decision::Ask(reason) => {
            Some((reason.code(), reason.retry_after()))
        }
    }
}

fn told(session: &Session) -> Option<(Code, Option<Duration>)> {
    let refusal = ask(session, "read").err()?;
    Some((refusal.code(), refusal.retry_after()))
}

/// However often that is asked.
#[test]
fn a_full_throttle_is_explained_and_not_filled() {
    let watch = watch(
        r#"{"on": ["RATE_ANOMALY"], "response": "throttle", "calls_per_minute": 2, "for": "10m"}"#,
    );
    let session = watch.session();
    burst(&session, 20);
    watch.at(5.0);
    for _ in 0..2 {
        assert!((0..100).all(|_| explained(&session).is_none()));
        burst(&session, 1);
        watch.at(15.0);
    }
    for (now, wait) in [(20.0, 45), (64.0, 1)] {
        watch.at(now);
        let full = Some((Code::Anomaly, Some(Duration::from_secs(wait))));
        assert_eq!(explained(&session), full);
        assert_eq!(told(&session), full);
    }
    watch.at(65.0);
    assert_eq!(explained(&session), None);
    burst(&session, 1);
    assert_eq!(explained(&session), told(&session));
    // What is denied for another reason is denied for that.
    let other = Call::new(ToolName::parse("nothing").unwrap(), Args::empty());
    let decision = session.explain(&other);
    assert_eq!(decision.decision().reason().code(), Code::UnknownTool);
}

#[test]
fn a_breaker_is_explained_and_not_tried() {
    let watch = watch(r#"{"on": ["LOOP"], "response": "circuit_break", "for": "1m"}"#);
    let session = watch.session();
    burst(&session, 3);
    let closed = Some((Code::Anomaly, Some(Duration::from_secs(60))));
    assert_eq!(explained(&session), closed);
    watch.at(60.0);
    assert!((0..3).all(|_| explained(&session).is_none()));
    let trial = session.call("read", "{}").unwrap();
    assert_eq!(explained(&session), closed);
    drop(trial);
    assert_eq!(explained(&session), None);
    burst(&session, 1);
}

/// A person has looked at what there was.
#[test]
fn who_was_let_back_in_is_not_shut_out_for_the_same_again() {
    let watch = watch(r#"{"on": ["RATE_ANOMALY", "REPEATED_DENIALS"], "response": "quarantine"}"#);
    let session = watch.session();
    burst(&session, 20);
    (0..12).for_each(|_| drop(ask(&session, "strict").unwrap_err()));
    let shut_out = || ask(&session, "read").is_err_and(|it| it.code() == Code::Quarantined);
    assert!(shut_out());
    watch.at(120.0);
    let ann = user("ann@example.org");
    assert!(watch.guard.release(&agent(AGENT), &ann).unwrap().is_any());
    ask(&session, "strict").unwrap_err();
    assert!(!shut_out());
    // Two things that are new are enough.
    burst(&session, 17);
    assert!(shut_out());
}

/// Calls the hook when it is read for the first time after one was set.
#[derive(Default)]
struct HookedClock {
    clock: ManualClock,
    hook: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl std::fmt::Debug for HookedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HookedClock").finish_non_exhaustive()
    }
}

impl Clock for HookedClock {
    fn monotonic(&self) -> Duration {
        let hook = self.hook.lock().unwrap().take();
        hook.into_iter().for_each(|hook| hook());
        self.clock.monotonic()
    }

    fn wall(&self) -> SystemTime {
        self.clock.wall()
    }
}

/// A call that is decided anew, since the policies changed under it.
#[test]
fn a_call_takes_one_place_of_a_throttle() {
    let clock = Arc::new(HookedClock::default());
    let document = r#"{"agents": [{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 5}],
        "responses": [{"on": ["RATE_ANOMALY"], "response": "throttle", "calls_per_minute": 1, "for": "1h"}]}"#;
    let monitor = Monitor::builder()
        .policy(MonitorPolicy::from_json(document).unwrap())
        .clock(Arc::clone(&clock))
        .build();
    let guard = guard(&monitor, ManualClock::new(), RingRecorder::new(10));
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    burst(&session, 20);
    let again = guard.clone();
    let swap = move || {
        again.swap([agent_policy(PERMISSIONS)]).unwrap();
    };
    *clock.hook.lock().unwrap() = Some(Box::new(swap));
    ask(&session, "read").unwrap();
    assert_eq!(ask(&session, "read").unwrap_err().code(), Code::Anomaly);
}

/// A tool that hangs is given up by whoever waits for it.
#[test]
fn a_trial_that_is_cancelled_did_not_end_well() {
    let watch = watch(r#"{"on": ["LOOP"], "response": "circuit_break", "for": "1m"}"#);
    let session = watch.session();
    burst(&session, 3);
    watch.at(60.0);
    {
        let never = |_| std::future::pending::<Result<(), Refusal>>();
        let mut trial = Box::pin(session.run_async("read", "{}", never));
        let mut context = Context::from_waker(Waker::noop());
        assert!(trial.as_mut().poll(&mut context).is_pending());
    }
    let refusal = ask(&session, "read").unwrap_err();
    assert_eq!(refusal.retry_after(), Some(Duration::from_secs(120)));
}

/// The new policies deny what behaviour would have a person asked about.
#[test]
fn what_is_denied_meanwhile_is_not_asked_about() {
    let watch = watch(r#"{"on": ["RATE_ANOMALY"], "response": "step_up"}"#);
    let session = watch.session();
    let permit = session.call("read", "{}").unwrap();
    burst(&session, 18);
    assert_eq!(ask(&session, "read").unwrap_err().verdict(), Verdict::Ask);
    watch
        .guard
        .swap([agent_policy(r#"[{"tool_name": "full"}]"#)])
        .unwrap();
    let ran: Result<(), Refusal> = permit.run(|_| panic!("held back"));
    assert_eq!(ran.unwrap_err().verdict(), Verdict::Deny);
}

/// Asks the guard and the monitor for all there is, from within.
struct Meddler(Arc<std::sync::OnceLock<(Guard, Monitor)>>);

impl Meddler {
    fn meddle(&self) {
        let Some((guard, monitor)) = self.0.get() else {
            return;
        };
        guard.tick();
        monitor.tick();
        let _ = (monitor.counts(), monitor.snapshot(), monitor.subscribe(1));
        let session = guard.vouched_session(agent(AGENT)).unwrap();
        drop(ask(&session, "read"));
        let ann = user("ann@example.org");
        guard.shut_out(&agent(OTHER), &ann).unwrap();
        guard.release(&agent(OTHER), &ann).unwrap();
        drop(monitor.check_path(&agent(AGENT), &agent(OTHER)));
    }
}

impl CredentialIssuer for Meddler {
    fn revoke(&self, _: &AgentId) -> Result<(), HostError> {
        self.meddle();
        Ok(())
    }

    fn rotate(&self, _: &AgentId) -> Result<(), HostError> {
        self.meddle();
        Err("not now".into())
    }
}

/// Nothing is locked while others are at work.
#[test]
fn sinks_and_issuers_may_call_back() {
    let handles = Arc::new(std::sync::OnceLock::new());
    let document = r#"{"agents": [{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 5}],
        "responses": [{"on": ["RATE_ANOMALY"], "response": "rotate"}, {"on": ["RATE_ANOMALY"], "response": "revoke"}]}"#;
    let meddler = Meddler(Arc::clone(&handles));
    let calls = Arc::new(Mutex::new(0));
    let count = Arc::clone(&calls);
    let monitor = Monitor::builder()
        .policy(MonitorPolicy::from_json(document).unwrap())
        .clock(ManualClock::new())
        .credential_issuer(Meddler(Arc::clone(&handles)))
        .sink(move |_| {
            *count.lock().unwrap() += 1;
            meddler.meddle();
            Ok(())
        })
        .build();
    let guard = guard(&monitor, ManualClock::new(), RingRecorder::new(10));
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    burst(&session, 19);
    drop(ask(&session, "read").unwrap_err());
    assert!(handles.set((guard.clone(), monitor.clone())).is_ok());
    guard.tick();
    assert!(*calls.lock().unwrap() >= 1);
    assert_eq!(monitor.counts().unanswered, 1);
}

#[derive(Debug, Default)]
struct Kinds(Mutex<Vec<&'static str>>);

impl Recorder for Kinds {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        let kind = match &record.event {
            Event::Responded(responded) if responded.by.is_some() => "shut out",
            Event::Responded(_) => "responded",
            Event::Released(_) => "released",
            Event::Alerted(_) => "alerted",
            _ => return Ok(()),
        };
        self.0.lock().unwrap().push(kind);
        Ok(())
    }
}

/// Or the log ends with the agent shut out, and it is not; or the other way round.
#[test]
fn what_was_done_before_a_person_acted_is_on_record_before() {
    let kinds = Arc::new(Kinds::default());
    let document = format!(
        r#"{{"paths": [{{"source": "{OTHER}", "target": "{AGENT}"}}],
            "responses": [{{"on": ["UNEXPECTED_PATH"], "response": "quarantine", "alone": true}}]}}"#
    );
    let watch = Watch::new(&document);
    let guard = Guard::builder()
        .recorder(Arc::clone(&kinds))
        .monitor(&watch.monitor)
        .build()
        .unwrap();
    let ann = user("ann@example.org");
    watch.spoke(&agent(AGENT), &agent(OTHER), InteractionStatus::Succeeded);
    assert!(guard.release(&agent(AGENT), &ann).unwrap().is_any());
    watch.at(7200.0);
    watch.spoke(&agent(AGENT), &agent(OTHER), InteractionStatus::Succeeded);
    guard.shut_out(&agent(AGENT), &ann).unwrap();
    assert_eq!(
        *kinds.0.lock().unwrap(),
        [
            "alerted",
            "responded",
            "released",
            "alerted",
            "responded",
            "shut out"
        ]
    );
}
