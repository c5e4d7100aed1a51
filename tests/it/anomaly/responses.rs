//! What a monitor does about what it sees: never more than its policy says, and only ever less for the agent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::anomaly::HostError;
use portcullis::anomaly::{AlertKind, CredentialIssuer, InteractionStatus, Monitor, MonitorPolicy};
use portcullis::audit::{self, AuditLog, LogError, Origin};
use portcullis::{
    AgentId, Args, BuildError, Call, Code, Decision, Guard, ManualClock, Quarantine, Quarantined,
    Refusal, RefusalKind, RingRecorder, Session, ToolName, Verdict,
};
use proptest::prelude::*;

use super::{PERMISSIONS, Watch, guard};
use crate::folder::Folder;
use crate::support::{AGENT, agent, agent_policy, policy, user};

/// The agent is expected to make 5 calls a minute, so the 20th within one is a RATE_ANOMALY.
fn watch(responses: &str) -> Watch {
    Watch::new(&document(responses))
}

fn document(responses: &str) -> String {
    format!(
        r#"{{"agents": [{{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 5}}],
             "learned": {{"enabled": false}}, "responses": [{responses}]}}"#
    )
}

fn on_rate(response: &str) -> Watch {
    watch(&format!(r#"{{"on": ["RATE_ANOMALY"], {response}}}"#))
}

/// What came of one call.
fn ask(session: &Session, tool: &str) -> Result<(), Refusal> {
    session.run(tool, "{}", |_| Ok(()))
}

/// So many calls, which all run.
fn burst(session: &Session, calls: usize) {
    (0..calls).for_each(|_| ask(session, "read").unwrap());
}

fn refused(session: &Session, tool: &str) -> (Verdict, Code, Option<Duration>) {
    let refusal = ask(session, tool).unwrap_err();
    (refusal.verdict(), refusal.code(), refusal.retry_after())
}

const STEPPED_UP: (Verdict, Code, Option<Duration>) = (Verdict::Ask, Code::Anomaly, None);

#[test]
fn without_responses_all_is_as_if_nobody_watched() {
    let watch = watch("");
    burst(&watch.session(), 200);
    assert_eq!(watch.told(), [AlertKind::Loop, AlertKind::RateAnomaly]);
}

/// Also the very call that is too many.
#[test]
fn a_step_up_asks_a_person_until_it_is_over() {
    let watch = on_rate(r#""response": "step_up", "for": "10m""#);
    let session = watch.session();
    burst(&session, 19);
    let refusal = ask(&session, "read").unwrap_err();
    assert_eq!(refusal.kind(), RefusalKind::ApprovalRequired);
    assert_eq!(
        refusal.for_model(),
        "Refused by policy: `read` needs the approval of a person. Do not retry this call."
    );
    assert!(
        refusal
            .for_operator()
            .contains("a person must approve, after RATE_ANOMALY")
    );
    assert_eq!(refused(&session, "full"), STEPPED_UP);
    let read = Call::new(ToolName::parse("read").unwrap(), Args::parse("{}").unwrap());
    let explained = session.explain(&read);
    assert!(matches!(explained.decision(), Decision::Ask(_)));
    // What is denied stays denied.
    assert_eq!(refused(&session, "nothing").0, Verdict::Deny);
    // Other agents are as they were.
    let other = watch
        .guard
        .vouched_session(agent("spiffe://example.org/agent/b"));
    assert_eq!(
        ask(&other.unwrap(), "read").unwrap_err().code(),
        Code::Identity
    );
    watch.at(599.0);
    assert_eq!(refused(&session, "read"), STEPPED_UP);
    watch.at(600.0);
    ask(&session, "read").unwrap();
}

#[test]
fn a_throttle_lets_through_so_many_a_minute() {
    let watch = on_rate(r#""response": "throttle", "calls_per_minute": 2, "for": "1h""#);
    let session = watch.session();
    burst(&session, 20);
    watch.told();
    burst(&session, 2);
    let wait = |seconds| {
        (
            Verdict::Deny,
            Code::Anomaly,
            Some(Duration::from_secs(seconds)),
        )
    };
    assert_eq!(refused(&session, "read"), wait(60));
    watch.at(59.0);
    assert_eq!(refused(&session, "full"), wait(1));
    watch.at(60.0);
    burst(&session, 2);
    // Its own refusals say nothing against the agent.
    for _ in 0..500 {
        assert_eq!(refused(&session, "read"), wait(60));
    }
    assert!(!watch.told().contains(&AlertKind::RepeatedDenials));
}

/// A loop is about a tool, so that tool is closed and no other.
#[test]
fn a_circuit_breaker_closes_one_tool_and_tries_it_once() {
    let watch = watch(r#"{"on": ["LOOP"], "response": "circuit_break", "for": "1m"}"#);
    let session = watch.session();
    burst(&session, 3);
    assert_eq!(watch.told(), [AlertKind::Loop]);
    let closed = |seconds| {
        (
            Verdict::Deny,
            Code::Anomaly,
            Some(Duration::from_secs(seconds)),
        )
    };
    assert_eq!(refused(&session, "read"), closed(60));
    ask(&session, "full").unwrap();
    // One call tries; while it runs, no other gets through. It fails.
    watch.at(60.0);
    let trial = session.call("read", "{}").unwrap();
    assert_eq!(refused(&session, "read"), closed(60));
    let failed: Result<(), Box<dyn std::error::Error>> = trial.run(|_| Err("broken".into()));
    assert!(failed.is_err());
    assert_eq!(refused(&session, "read"), closed(120));
    // One that is not run leaves the place to the next, and that ends well.
    watch.at(180.0);
    drop(session.call("read", "{}").unwrap());
    ask(&session, "read").unwrap();
    ask(&session, "read").unwrap();
}

#[test]
fn a_path_between_agents_can_be_closed_too() {
    let watch = Watch::new(
        r#"{"paths": [{"source": "spiffe://example.org/agent/a", "target": "spiffe://example.org/agent/b"}],
            "responses": [{"on": ["UNEXPECTED_PATH"], "response": "circuit_break", "for": "1m"}]}"#,
    );
    let (source, known) = (agent(AGENT), agent("spiffe://example.org/agent/b"));
    let target = agent("spiffe://example.org/agent/c");
    watch.monitor.check_path(&source, &target).unwrap();
    watch.spoke(&source, &target, InteractionStatus::Succeeded);
    let closed = watch.monitor.check_path(&source, &target).unwrap_err();
    assert_eq!(closed.retry_after(), Some(Duration::from_secs(60)));
    watch.monitor.check_path(&source, &known).unwrap();
    watch.at(60.0);
    watch.monitor.check_path(&source, &target).unwrap();
    watch
        .monitor
        .quarantine()
        .restore([Quarantined::new(source.clone(), watch.wall(), 1)])
        .unwrap();
    let shut_out = watch.monitor.check_path(&source, &known).unwrap_err();
    assert_eq!(shut_out.code(), Code::Quarantined);
}

#[test]
fn sessions_that_are_open_must_be_opened_anew() {
    let watch = on_rate(r#""response": "reauthenticate""#);
    let session = watch.session();
    let derived = session.clone().expires_in(Duration::from_secs(3600));
    burst(&session, 19);
    let ended = (Verdict::Deny, Code::Identity, None);
    assert_eq!(refused(&session, "read"), ended);
    assert_eq!(refused(&derived, "full"), ended);
    // Derived later from one that is over is over.
    assert_eq!(
        refused(&session.clone().expires_in(Duration::MAX), "read"),
        ended
    );
    burst(&watch.session(), 1);
    // It stays that way, however long that is ago.
    watch.at(1e6);
    watch.monitor.tick();
    assert_eq!(refused(&session, "read"), ended);
}

/// Fails the first time.
#[derive(Default)]
struct Issuer {
    revoked: AtomicUsize,
    rotated: AtomicUsize,
}

struct SharedIssuer(Arc<Issuer>);

impl CredentialIssuer for SharedIssuer {
    fn revoke(&self, agent: &AgentId) -> Result<(), HostError> {
        assert_eq!(agent.as_str(), AGENT);
        match self.0.revoked.fetch_add(1, Ordering::SeqCst) {
            0 => Err("not now".into()),
            1 => panic!("nor now"),
            _ => Ok(()),
        }
    }

    fn rotate(&self, _: &AgentId) -> Result<(), HostError> {
        self.0.rotated.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn credentials_are_withdrawn_and_made_anew_by_their_issuer() {
    let (clock, issuer) = (Arc::new(ManualClock::new()), Arc::new(Issuer::default()));
    let responses = r#"{"on": ["RATE_ANOMALY"], "response": "revoke"}, {"on": ["RATE_ANOMALY"], "response": "rotate"}"#;
    let monitor = Monitor::builder()
        .policy(MonitorPolicy::from_json(&document(responses)).unwrap())
        .clock(Arc::clone(&clock))
        .credential_issuer(SharedIssuer(Arc::clone(&issuer)))
        .build();
    let guard = guard(&monitor, Arc::clone(&clock), RingRecorder::new(1));
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    burst(&session, 19);
    // At once, whatever the issuer does.
    assert_eq!(
        refused(&session, "read"),
        (Verdict::Deny, Code::Revoked, None)
    );
    assert_eq!(monitor.counts().unanswered, 2);
    for (unanswered, revoked) in [(1, 1), (1, 2), (0, 3), (0, 3)] {
        guard.tick();
        assert_eq!(monitor.counts().unanswered, unanswered);
        assert_eq!(issuer.revoked.load(Ordering::SeqCst), revoked);
    }
    assert_eq!(issuer.rotated.load(Ordering::SeqCst), 1);
    assert!(!guard.is_poisoned());
}

const SHUT_OUT: (Verdict, Code, Option<Duration>) = (Verdict::Deny, Code::Quarantined, None);

/// Whoever can provoke one kind of alert could else shut anyone out.
#[test]
fn a_quarantine_takes_two_things_out_of_the_ordinary() {
    let watch =
        watch(r#"{"on": ["RATE_ANOMALY", "REPEATED_DENIALS", "LOOP"], "response": "quarantine"}"#);
    let session = watch.session();
    (0..20).for_each(|_| drop(session.call("read", "{}").unwrap()));
    (0..30).for_each(|_| drop(session.call("read", "{}").unwrap()));
    assert_eq!(watch.told(), [AlertKind::RateAnomaly]);
    // Refusals are something else.
    (0..10).for_each(|_| drop(ask(&session, "strict").unwrap_err()));
    drop(session.call("read", "{}").unwrap());
    assert_eq!(
        ask(&session, "strict").unwrap_err().code(),
        Code::MissingParameter
    );
    assert_eq!(refused(&session, "read"), SHUT_OUT);
    assert!(!session.may_call("read") && session.visible_tools().is_empty());
    // For ever, in new sessions too, until a person lets it back in.
    watch.at(1e7);
    watch.guard.tick();
    assert_eq!(refused(&watch.session(), "read"), SHUT_OUT);
    let list = watch.monitor.quarantine().agents();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].agent, agent(AGENT));
    assert!(
        watch
            .guard
            .release(&agent(AGENT), &user("ann@example.org"))
            .unwrap()
            .is_any()
    );
    assert!(
        !watch
            .guard
            .release(&agent(AGENT), &user("ann@example.org"))
            .unwrap()
            .is_any()
    );
    ask(&session, "read").unwrap();
}

/// Two kinds that see the same are one.
#[test]
fn one_cause_in_two_kinds_of_alerts_shuts_nobody_out() {
    let watch = watch(
        r#"{"on": ["SCOPE_VIOLATION", "PROBING", "REPEATED_DENIALS"], "response": "quarantine"}"#,
    );
    let session = watch.session();
    for number in 0..50 {
        // As often as it is expected to call.
        watch.at(f64::from(number) * 15.0);
        assert_eq!(
            refused(&session, &format!("tool{number}")).1,
            Code::UnknownTool
        );
    }
    let told = watch.told();
    assert!(told.contains(&AlertKind::Probing) && told.contains(&AlertKind::RepeatedDenials));
}

#[test]
fn an_author_may_say_that_one_alert_is_enough() {
    let watch = on_rate(r#""response": "quarantine", "alone": true"#);
    let session = watch.session();
    burst(&session, 19);
    assert_eq!(refused(&session, "read"), SHUT_OUT);
}

/// Agents that are named only, and those of others not.
#[test]
fn a_response_is_for_the_agents_that_it_names() {
    let response = r#""response": "step_up", "agents": ["spiffe://example.org/agent/b"]"#;
    burst(&on_rate(response).session(), 100);
    let response = r#""response": "step_up", "agents": ["spiffe://example.org/agent/b", "spiffe://example.org/agent/*"]"#;
    let watch = on_rate(response);
    let session = watch.session();
    burst(&session, 19);
    assert_eq!(refused(&session, "read"), STEPPED_UP);
}

/// Sharing a memory with others must not shut anyone out for what they did.
#[test]
fn agents_that_share_a_memory_are_stepped_up_at_most() {
    let document = document(
        r#"{"on": ["RATE_ANOMALY"], "response": "quarantine", "alone": true},
           {"on": ["RATE_ANOMALY"], "response": "reauthenticate"}, {"on": ["RATE_ANOMALY"], "response": "step_up"}"#,
    );
    let clock = Arc::new(ManualClock::new());
    let monitor = Monitor::builder()
        .policy(MonitorPolicy::from_json(&document).unwrap())
        .clock(Arc::clone(&clock))
        .agents(64)
        .build();
    let agents = (0..2000).map(|number| format!("spiffe://example.org/agent/{number}"));
    let mut guard = Guard::builder()
        .clock(clock)
        .recorder(RingRecorder::new(1))
        .monitor(&monitor);
    for agent in agents.clone() {
        let text = format!(
            r#"{{"agent_id": "{agent}", "permissions": [{{"tool_name": "read", "max_calls_per_minute": 1000}}]}}"#
        );
        guard = guard.policy(policy(&text));
    }
    let guard = guard.build().unwrap();
    let mut codes = [0; 2];
    for name in agents {
        let session = guard.vouched_session(agent(&name)).unwrap();
        match ask(&session, "read") {
            Ok(()) => codes[0] += 1,
            Err(refusal) => {
                assert_eq!(refusal.verdict(), Verdict::Ask, "{refusal:?}");
                codes[1] += 1;
            }
        }
    }
    assert!(monitor.quarantine().agents().is_empty());
    assert!(codes.iter().all(|count| *count > 0), "{codes:?}");
}

#[test]
fn one_list_shuts_out_of_every_guard() {
    let list = Quarantine::new();
    let guard = || {
        let builder = Guard::builder()
            .policy(agent_policy(PERMISSIONS))
            .quarantine(&list);
        builder.recorder(RingRecorder::new(1)).build().unwrap()
    };
    let (first, second) = (guard(), guard());
    let session = second.vouched_session(agent(AGENT)).unwrap();
    let permit = session.call("read", "{}").unwrap();
    let ann = user("ann@example.org");
    assert!(first.shut_out(&agent(AGENT), &ann).unwrap());
    assert!(!first.shut_out(&agent(AGENT), &ann).unwrap());
    // A permit that waits is not run either.
    let ran: Result<(), Refusal> = permit.run(|_| panic!("shut out"));
    assert_eq!(ran.unwrap_err().code(), Code::Quarantined);
    assert_eq!(refused(&session, "read"), SHUT_OUT);
    let release = second.release(&agent(AGENT), &ann).unwrap();
    assert_eq!(release.quarantine.map(|it| it.number), Some(2));
    ask(&session, "read").unwrap();
    // Another list than the monitor's would shut nobody out.
    let monitor = Monitor::builder().build();
    let builder = Guard::builder()
        .recorder(RingRecorder::new(1))
        .monitor(&monitor);
    assert!(matches!(
        builder.quarantine(&list).build(),
        Err(BuildError::OtherQuarantine)
    ));
}

/// A permit waits while the agent is found out.
#[test]
fn a_permit_that_waits_is_held_back_too() {
    let watch = on_rate(r#""response": "step_up""#);
    let session = watch.session();
    let permit = session.call("read", "{}").unwrap();
    burst(&session, 18);
    assert_eq!(refused(&session, "read"), STEPPED_UP);
    let ran: Result<(), Refusal> = permit.run(|_| panic!("held back"));
    assert_eq!(ran.unwrap_err().verdict(), Verdict::Ask);
}

#[test]
fn alerts_responses_and_releases_are_on_record() {
    let (folder, clock) = (Folder::new(), Arc::new(ManualClock::new()));
    let responses = r#"{"on": ["RATE_ANOMALY"], "response": "step_up", "for": "5m"}"#;
    let monitor = Monitor::builder()
        .policy(MonitorPolicy::from_json(&document(responses)).unwrap())
        .clock(Arc::clone(&clock))
        .build();
    let log = AuditLog::options(Origin::parse("example.org/test").unwrap());
    let log = Arc::new(log.open(folder.log()).unwrap());
    let guard = guard(&monitor, Arc::clone(&clock), Arc::clone(&log));
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    burst(&session, 19);
    assert_eq!(refused(&session, "read"), STEPPED_UP);
    guard
        .release(&agent(AGENT), &user("ann@example.org"))
        .unwrap();
    guard
        .shut_out(&agent(AGENT), &user("bob@example.org"))
        .unwrap();
    log.close().unwrap();
    let (mut last, mut call) = (Vec::new(), None);
    audit::read(folder.log(), |entry| {
        let text = |key| entry.text(key).unwrap_or_default().to_owned();
        match entry.kind() {
            "decided" => call = entry.call().map(str::to_owned),
            // It stands right behind the decision that it rests on.
            "alerted" => assert_eq!(entry.call(), call.as_deref()),
            _ => {}
        }
        let members = ["alert", "severity", "response", "code", "by"].map(text);
        last.push((entry.kind().to_owned(), members.join(" ").trim().to_owned()));
        Ok::<_, LogError>(())
    })
    .unwrap();
    let tail = &last[last.len() - 7..];
    let expected = [
        ("decided", "allowed"),
        ("alerted", "RATE_ANOMALY medium"),
        ("responded", "RATE_ANOMALY  step_up"),
        ("refused", "anomaly"),
        ("released", "ann@example.org"),
        ("responded", "quarantine  bob@example.org"),
        ("log_closed", ""),
    ];
    assert_eq!(
        tail,
        expected.map(|(kind, said)| (kind.to_owned(), said.to_owned()))
    );
    assert_eq!(monitor.counts().unrecorded, 0);
}

#[test]
fn after_an_agent_is_shut_out_no_thread_gets_through() {
    let watch = watch("");
    let (is_out, ran) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let guard = watch.guard.clone();
            let (is_out, ran) = (&is_out, &ran);
            scope.spawn(move || {
                let session = guard.vouched_session(agent(AGENT)).unwrap();
                loop {
                    let was_out = is_out.load(Ordering::SeqCst);
                    let asked = ask(&session, "read");
                    assert!(!was_out || asked.is_err());
                    if was_out {
                        return;
                    }
                    ran.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        while ran.load(Ordering::SeqCst) < 100 {
            std::thread::yield_now();
        }
        watch
            .guard
            .shut_out(&agent(AGENT), &user("ann@example.org"))
            .unwrap();
        is_out.store(true, Ordering::SeqCst);
    });
}

#[derive(Clone, Debug)]
enum Act {
    Call(&'static str, &'static str, bool),
    Wait(u16),
    Tick,
    Release,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let tools = prop::sample::select(vec!["read", "full", "strict", "nothing"]);
    let args = prop::sample::select(vec!["{}", r#"{"path": "a"}"#, r#"{"path": "b"}"#]);
    let act = prop_oneof![
        12 => (tools, args, any::<bool>()).prop_map(|(tool, args, fails)| Act::Call(tool, args, fails)),
        2 => (0..100_u16).prop_map(Act::Wait),
        1 => Just(Act::Tick),
        1 => Just(Act::Release),
    ];
    prop::collection::vec(act, 0..150)
}

fn responses() -> impl Strategy<Value = String> {
    let kinds = prop::sample::subsequence(
        vec![
            "RATE_ANOMALY",
            "LOOP",
            "REPEATED_DENIALS",
            "SCOPE_VIOLATION",
            "PROBING",
            "OFF_HOURS",
        ],
        1..4,
    );
    let response = prop::sample::select(vec![
        r#""response": "notify""#,
        r#""response": "step_up", "for": "30s""#,
        r#""response": "throttle", "calls_per_minute": 3, "for": "1m""#,
        r#""response": "circuit_break", "for": "10s""#,
        r#""response": "reauthenticate""#,
        r#""response": "revoke""#,
        r#""response": "quarantine", "alone": true"#,
        r#""response": "quarantine""#,
    ]);
    let one = (kinds, response)
        .prop_map(|(kinds, response)| format!(r#"{{"on": {kinds:?}, {response}}}"#));
    prop::collection::vec(one, 0..4).prop_map(|all| all.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever a monitor does, it allows nothing that the policies deny, and asks nobody where they deny.
    #[test]
    fn a_monitor_only_tightens(responses in responses(), acts in acts()) {
        let (watched, free) = (watch(&responses), watch(""));
        let (session, free_session) = (watched.session(), free.session());
        let mut now = 0.0;
        for act in acts {
            match act {
                Act::Call(tool, args, fails) => {
                    let run = |session: &Session| {
                        let args = Args::parse(args).unwrap();
                        let mut ran = false;
                        let ended = session.run(tool, args, |_| {
                            ran = true;
                            if fails { Err(None) } else { Ok(()) }
                        });
                        let refusal = ended.map_or_else(|it: Option<Refusal>| it, |()| None);
                        (ran, refusal.map(|refusal| refusal.verdict()))
                    };
                    let (watched, free) = (run(&session), run(&free_session));
                    let rank = |(ran, verdict): (bool, Option<Verdict>)| match (ran, verdict) {
                        (true, _) => 0,
                        (false, Some(Verdict::Ask)) => 1,
                        _ => 2,
                    };
                    prop_assert!(rank(watched) >= rank(free), "{watched:?} {free:?}");
                }
                Act::Wait(seconds) => {
                    now += f64::from(seconds);
                    watched.at(now);
                    free.at(now);
                }
                Act::Tick => watched.guard.tick(),
                Act::Release => {
                    watched.guard.release(&agent(AGENT), &user("ann@example.org")).unwrap();
                }
            }
        }
    }
}
