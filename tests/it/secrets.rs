//! What records and refusals tell of arguments: as much as the audit level allows, and never a secret.

use std::fmt::Write as _;
use std::sync::Arc;

use portcullis::{
    Args, AuditLevel, Call, Code, DigestKey, Effect, Guard, Record, RecordError, Recorder, Refusal,
    RingRecorder, Session, ToolName, guard,
};

use crate::support::{AGENT, Gate, Trace, agent, agent_policy, call, refusal, user, user_policy};

#[test]
fn the_audit_level_says_what_is_kept() {
    let gate = Gate::with([
        agent_policy(
            r#"[{"tool_name": "standard"}, {"tool_name": "detailed", "audit_level": "detailed"},
                {"tool_name": "full", "audit_level": "full"}]"#,
        ),
        user_policy(
            "ann",
            r#"[{"tool_name": "*", "audit_level": "detailed", "effect": "read"}]"#,
        ),
    ]);
    let args = r#"{"z": {"k": "v"}, "a": "päss", "n": 1.10, "l": [1, null], "t": true, "": null}"#;
    let detailed =
        r#"{"":"null","a":"string(4)","l":"array(2)","n":"float","t":"boolean","z":"object(1)"}"#;
    let full = r#"{"":null,"a":"päss","l":[1,null],"n":1.1,"t":true,"z":{"k":"v"}}"#;
    let kept = |session: &Session, tool: &str| {
        call(session, tool, args);
        let decision = gate.log.last_decision();
        (decision.level, decision.arguments)
    };
    let session = gate.session();
    assert_eq!(
        kept(&session, "standard"),
        (AuditLevel::Standard, String::new())
    );
    assert_eq!(
        kept(&session, "detailed"),
        (AuditLevel::Detailed, detailed.to_owned())
    );
    assert_eq!(kept(&session, "full"), (AuditLevel::Full, full.to_owned()));
    assert_eq!(
        kept(&session, "unknown"),
        (AuditLevel::Standard, String::new())
    );
    let session = session.on_behalf_of(user("ann"));
    assert_eq!(
        kept(&session, "standard"),
        (AuditLevel::Detailed, detailed.to_owned()),
        "the most that any asks"
    );
    assert_eq!(kept(&session, "full"), (AuditLevel::Full, full.to_owned()));
    assert_eq!(
        gate.log.last_decision().effect,
        Effect::Write,
        "the strictest that any says"
    );
    assert_eq!(
        gate.log.entries().last().unwrap().user.as_deref(),
        Some("ann")
    );
}

#[guard(tool = "pay", secret(key, keys))]
fn pay(session: &Session, key: &str, keys: Vec<String>, eur: u32) -> Result<usize, Refusal> {
    Ok(key.len() + keys.len() + eur as usize)
}

#[test]
fn secrets_appear_nowhere() {
    const SECRET: &str = "s3cr3t-t0k3n";
    for level in ["standard", "detailed", "full"] {
        let log = Arc::new(Trace::default());
        let ring = Arc::new(RingRecorder::new(100));
        let permission = format!(
            r#"[{{"tool_name": "pay", "audit_level": "{level}", "allowed_params": {{"key": {{"prefix": "s3"}}, "keys": {{"max_items": 1}}, "eur": {{"max": 5}}}}}}]"#
        );
        let both = Both(Arc::clone(&log), Arc::clone(&ring));
        let guard = Guard::builder()
            .policy(agent_policy(&permission))
            .tools([pay_tool()])
            .recorder(both)
            .build()
            .unwrap();
        let session = guard.vouched_session(agent(AGENT)).unwrap();
        let mut told = String::new();
        for (key, keys, eur) in [("", 1, 1), ("x", 1, 1), ("", 2, 1), ("", 1, 6)] {
            let (key, keys) = (
                format!("{key}{}{SECRET}", if key.is_empty() { "s3" } else { "" }),
                vec![SECRET.to_owned(); keys],
            );
            let args = serde_json::json!({"key": key, "keys": keys, "eur": eur});
            let made = Call::new(
                ToolName::parse("pay").unwrap(),
                Args::try_from(&args).unwrap(),
            );
            write!(told, "{}{made:?}{:?}", session.explain(&made), session).unwrap();
            for refused in [
                pay(&session, &key, keys, eur).err(),
                session.call("pay", &args).err(),
            ]
            .into_iter()
            .flatten()
            {
                write!(
                    told,
                    "{refused} {refused:?} {} {:?}",
                    refused.for_operator(),
                    refused.reason()
                )
                .unwrap();
            }
        }
        write!(told, "{:?} {:?} {guard:?}", log.entries(), ring.records()).unwrap();
        ring.records()
            .iter()
            .for_each(|record| writeln!(told, "{record}").unwrap());
        assert!(!told.contains(SECRET), "{level}: {told}");
        assert_eq!(
            log.last_decision().arguments.contains("<secret>"),
            level != "standard",
            "{level}"
        );
    }
}

#[derive(Debug)]
struct Both(Arc<Trace>, Arc<RingRecorder>);

impl Recorder for Both {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        self.0.record(record).and_then(|()| self.1.record(record))
    }
}

#[test]
fn values_are_told_only_at_level_full() {
    for (level, shown) in [("standard", false), ("detailed", false), ("full", true)] {
        let gate = Gate::new(&format!(
            r#"[{{"tool_name": "t", "audit_level": "{level}", "allowed_params": {{"a": {{"max_length": 3}}}}}}]"#
        ));
        let refused = refusal(&gate.session(), "t", r#"{"a": "hunter2"}"#);
        assert_eq!(refused.for_operator().contains("hunter2"), shown, "{level}");
        assert!(refused.for_operator().contains("a string of 7 characters"));
        assert!(!refused.to_string().contains("hunter2"));
        let permit = gate.session().call("t", r#"{"a": "key"}"#).unwrap();
        assert!(!format!("{permit:?}").contains("\"key\""));
    }
}

#[test]
fn recorded_digests_are_keyed() {
    let made = |args: &str| Call::new(ToolName::parse("t").unwrap(), Args::parse(args).unwrap());
    let digests = |gate: &Gate| {
        let session = gate.session();
        for args in [
            r#"{"a": 1, "b": 2}"#,
            r#"{"b":2,"a":1}"#,
            r#"{"a": 1, "b": 2.0}"#,
        ] {
            assert_eq!(call(&session, "t", args), Code::Allowed);
            assert_eq!(
                gate.log.last_decision().digest,
                Some(gate.guard.recorded_digest(&made(args)))
            );
        }
        gate.log
            .decisions()
            .into_iter()
            .map(|decision| decision.digest.unwrap())
            .collect::<Vec<_>>()
    };
    let gate = || Gate::new(r#"[{"tool_name": "t"}]"#);
    let (one, two) = (digests(&gate()), digests(&gate()));
    assert_eq!(one[0], one[1]);
    assert_ne!(one[0], one[2]);
    assert_ne!(one[0], two[0], "each guard has a key of its own");
    assert_ne!(one[0], made(r#"{"a": 1, "b": 2}"#).digest());
    let keyed = Guard::builder().recorder(Keyed).build().unwrap();
    assert_eq!(
        keyed.recorded_digest(&made("{}")),
        made("{}").keyed_digest(&DigestKey::from_bytes(&[7; 32]))
    );
}

#[derive(Debug)]
struct Keyed;

impl Recorder for Keyed {
    fn record(&self, _: &Record<'_>) -> Result<(), RecordError> {
        Ok(())
    }

    fn digest_key(&self) -> Option<DigestKey> {
        Some(DigestKey::from_bytes(&[7; 32]))
    }
}
