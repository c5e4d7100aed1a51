//! Who calls: sessions name an agent, a user and a task, and end.

use std::time::Duration;

use portcullis::{Code, Guard, Indicators, Outcome, RingRecorder, Session, SessionError, ToolSpec};

use crate::gate::assert_not_run;
use crate::support::{
    AGENT, Gate, agent, agent_policy, call, policy, secs, task, user, user_policy,
};

#[test]
fn a_named_user_or_task_without_policy_is_denied() {
    let gate = Gate::with([
        agent_policy(r#"[{"tool_name": "*"}]"#),
        user_policy(
            "ann",
            r#"[{"tool_name": "read"}, {"tool_name": "pay", "allowed_params": {"eur": {"max": 5}}}]"#,
        ),
        policy(r#"{"task_id": "t1", "permissions": [{"tool_name": "read"}]}"#),
    ]);
    let session = || gate.session();
    for (session, read, pay) in [
        (session(), Code::Allowed, Code::Allowed),
        (
            session().on_behalf_of(user("ann")),
            Code::Allowed,
            Code::Constraint,
        ),
        (
            session().on_behalf_of(user("Ann")),
            Code::Identity,
            Code::Identity,
        ),
        (session().task(task("t1")), Code::Allowed, Code::UnknownTool),
        (session().task(task("t2")), Code::Identity, Code::Identity),
        (
            session().on_behalf_of(user("ann")).task(task("t1")),
            Code::Allowed,
            Code::UnknownTool,
        ),
        (
            session().on_behalf_of(user("ann")).task(task("t2")),
            Code::Identity,
            Code::Identity,
        ),
        (
            session().on_behalf_of(user("t1")),
            Code::Identity,
            Code::Identity,
        ),
    ] {
        let got = (
            call(&session, "read", "{}"),
            call(&session, "pay", r#"{"eur": 6}"#),
        );
        assert_eq!(got, (read, pay), "{:?}", session.caller());
    }
}

#[test]
fn a_policy_can_require_a_user() {
    let text = format!(
        r#"{{"agent_id": "{AGENT}", "require_user": true, "permissions": [{{"tool_name": "*"}}]}}"#
    );
    let gate = Gate::with([
        policy(&text),
        user_policy("ann", r#"[{"tool_name": "read"}]"#),
    ]);
    let session = gate.session();
    assert_eq!(call(&session, "read", "{}"), Code::Identity);
    assert!(!session.may_call("read"));
    assert_eq!(
        call(&session.clone().task(task("t")), "read", "{}"),
        Code::Identity
    );
    let session = session.on_behalf_of(user("ann"));
    assert_eq!(call(&session, "read", "{}"), Code::Allowed);
    assert_eq!(call(&session, "write", "{}"), Code::UnknownTool);
}

#[test]
fn sessions_expire_to_the_nanosecond() {
    let gate = Gate::with([
        agent_policy(r#"[{"tool_name": "*"}]"#),
        user_policy("ann", r#"[{"tool_name": "*"}]"#),
    ]);
    let session = gate
        .session()
        .expires_in(secs(10))
        .expires_in(secs(99))
        .on_behalf_of(user("ann"));
    gate.at(secs(10) - Duration::from_nanos(1));
    assert_eq!(call(&session, "t", "{}"), Code::Allowed);
    let permit = session.call("t", "{}").unwrap();
    gate.at(secs(10));
    assert_eq!(call(&session, "t", "{}"), Code::Identity);
    assert!(!session.may_call("t"));
    assert_not_run(permit, Code::Identity);
    assert_eq!(call(&gate.session(), "t", "{}"), Code::Allowed);
    let endless = gate.session().expires_in(Duration::MAX);
    assert_eq!(call(&endless, "t", "{}"), Code::Allowed);
}

#[test]
fn closing_ends_all_that_was_derived() {
    let gate = Gate::with([
        agent_policy(r#"[{"tool_name": "*"}]"#),
        user_policy("ann", r#"[{"tool_name": "*"}]"#),
    ]);
    let session = gate.session();
    let derived = session
        .clone()
        .on_behalf_of(user("ann"))
        .expires_in(secs(99));
    let permits = [
        session.call("t", "{}").unwrap(),
        derived.call("t", "{}").unwrap(),
    ];
    derived.close();
    assert_eq!(call(&session, "t", "{}"), Code::Identity);
    assert_eq!(call(&derived, "t", "{}"), Code::Identity);
    assert!(!session.may_call("t"));
    permits
        .into_iter()
        .for_each(|permit| assert_not_run(permit, Code::Identity));
    assert_eq!(gate.log.outcomes(), [Outcome::Refused(Code::Identity); 2]);
    assert_eq!(
        call(&gate.session(), "t", "{}"),
        Code::Allowed,
        "a session of its own"
    );
}

#[test]
fn a_guard_can_insist_on_credentials() {
    let guard = Guard::builder()
        .recorder(RingRecorder::new(1))
        .require_credentials()
        .build()
        .unwrap();
    assert_eq!(
        guard.vouched_session(agent(AGENT)).unwrap_err(),
        SessionError::CredentialsRequired
    );
}

#[test]
fn only_callable_tools_are_shown() {
    let tool = |name: &'static str| ToolSpec::new(name).unwrap();
    let guard = Guard::builder()
        .tools([tool("read"), tool("pay"), tool("ask"), tool("none")])
        .policy(agent_policy(r#"[{"tool_name": "read"}, {"tool_name": "pay"}, {"tool_name": "ask", "requires_human_approval": true}]"#))
        .policy(user_policy("ann", r#"[{"tool_name": "read"}]"#))
        .recorder(RingRecorder::new(8))
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    let names = |session: &Session| {
        session
            .visible_tools()
            .iter()
            .map(|tool| tool.name())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(names(&session), "read pay ask");
    assert_eq!(names(&session.clone().on_behalf_of(user("ann"))), "read");
    assert_eq!(names(&session.clone().on_behalf_of(user("bob"))), "");
    assert_eq!(
        names(
            &guard
                .vouched_session(agent("spiffe://example.org/x"))
                .unwrap()
        ),
        ""
    );
    assert!(!session.may_call("none") && !session.may_call("a b") && !session.may_call(""));
    guard.set_indicators(Indicators::new().agent(agent(AGENT)));
    assert_eq!(names(&session), "");
}
