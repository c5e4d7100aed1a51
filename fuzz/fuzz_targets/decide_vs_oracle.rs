//! Permissions on the first line, arguments on the rest: the engine decides as the reference rules.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::{AgentId, AgentPolicy, Args, Call, Caller, PolicySet, ToolName, Verdict};
use reference::{Ruling, Who, rule};
use serde_json::{Value, from_str};

#[path = "../../tests/it/oracle/pattern.rs"]
#[allow(dead_code, reason = "shared with a generator of texts")]
mod pattern;
#[path = "../../tests/it/oracle/reference.rs"]
#[allow(dead_code, reason = "shared with tests of more than decisions")]
mod reference;

const AGENT: &str = "spiffe://d/a";

fuzz_target!(|text: &str| {
    let Some((permissions, args)) = text.split_once('\n') else {
        return;
    };
    let document = format!(r#"{{"agent_id": "{AGENT}", "permissions": {permissions}}}"#);
    let (Ok(policy), Ok(arguments)) = (AgentPolicy::from_json(&document), Args::parse(args)) else {
        return;
    };
    let (document, args): (Value, Value) = (from_str(&document).unwrap(), from_str(args).unwrap());
    let who = Who {
        agent: AGENT.to_owned(),
        user: None,
        task: None,
    };
    let Some(ruling) = rule(&[document], &who, "a/x", args.as_object().unwrap()) else {
        return;
    };
    let caller = Caller::from(AgentId::parse(AGENT).unwrap());
    let call = Call::new(ToolName::parse("a/x").unwrap(), arguments);
    let decision = PolicySet::new([policy]).decide(&caller, &call);
    let agreed = match &ruling {
        Ruling::Allow => decision.verdict() == Verdict::Allow,
        Ruling::Ask => decision.verdict() == Verdict::Ask,
        Ruling::Deny(codes) => {
            decision.verdict() == Verdict::Deny && codes.contains(decision.reason().code().as_str())
        }
    };
    assert!(agreed, "{decision}\n{ruling:?}");
});
