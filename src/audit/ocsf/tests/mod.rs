//! Every type of entry, held against what the schema demands.

mod findings;
mod schema;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::audit::LogError;

/// An entry of each type that the library writes, and what becomes of it: class, activity, status.
const ENTRIES: [(&str, u64, u64, Option<u64>); 33] = [
    (
        r#""type":"log_opened","wall_ns":1700000000123456789,"mono_ns":1,"origin":"example.org/agents","version":"0.1.0","key":"k""#,
        6002,
        3,
        Some(1),
    ),
    (
        r#""type":"log_closed","wall_ns":1,"mono_ns":1"#,
        6002,
        4,
        Some(1),
    ),
    (
        r#""type":"recovered","wall_ns":1,"mono_ns":1,"segment":"journal-0.log","offset":9,"bytes":7,"sha256":"ab""#,
        6008,
        1,
        None,
    ),
    (
        r#""type":"checkpoint_not_kept","wall_ns":1,"mono_ns":1,"size":7,"reason":"disk full""#,
        6008,
        1,
        None,
    ),
    (
        r#""type":"checkpoint_not_signed","wall_ns":1,"mono_ns":1,"size":7,"reason":"no answer""#,
        6008,
        1,
        None,
    ),
    (
        r#""type":"payload_lost","wall_ns":1,"mono_ns":1,"entry":7,"payload":"result""#,
        6008,
        1,
        None,
    ),
    (
        r#""type":"payloads_not_removed","wall_ns":1,"mono_ns":1,"reason":"no permission""#,
        6008,
        1,
        None,
    ),
    (
        r#""type":"erased","wall_ns":1,"mono_ns":1,"entry":7,"reason":"asked to","places":["0:0"]"#,
        6003,
        4,
        None,
    ),
    (
        r#""type":"expired","wall_ns":1,"mono_ns":1,"through":3"#,
        6003,
        4,
        None,
    ),
    (
        r#""type":"policy_loaded","wall_ns":1,"mono_ns":1,"epoch":2,"policy":"cd""#,
        6003,
        3,
        Some(1),
    ),
    (
        r#""type":"session_opened","wall_ns":1,"mono_ns":1,"session":"1","agent":"spiffe://example.org/a""#,
        6003,
        1,
        Some(1),
    ),
    (
        r#""type":"session_closed","wall_ns":1,"mono_ns":1,"session":"1","agent":"spiffe://example.org/a""#,
        6003,
        4,
        Some(1),
    ),
    (
        r#""type":"decided","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","user":"u","task":"t","tool":"look","decision":"allow","code":"allowed","rule":{"agent_id":"spiffe://example.org/a","tool_name":"look","index":0},"digest":"ef","policy":"cd","epoch":1,"effect":"read","audit_level":"standard""#,
        6003,
        2,
        Some(99),
    ),
    (
        r#""type":"decided","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay","decision":"ask","code":"approval_required","policy":"cd","epoch":1,"effect":"write","audit_level":"full""#,
        6003,
        99,
        Some(99),
    ),
    (
        r#""type":"decided","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"x\\u{1b}[2J \"\\","decision":"deny","code":"malformed","policy":"cd","epoch":1,"effect":"write","audit_level":"standard""#,
        6003,
        99,
        Some(2),
    ),
    (
        r#""type":"executing","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay","effect":"write""#,
        6003,
        99,
        Some(99),
    ),
    (
        r#""type":"completed","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay","latency_ns":3999999"#,
        6003,
        0,
        Some(1),
    ),
    (
        r#""type":"failed","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay","latency_ns":1"#,
        6003,
        0,
        Some(2),
    ),
    (
        r#""type":"panicked","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay","latency_ns":1"#,
        6003,
        0,
        Some(2),
    ),
    (
        r#""type":"cancelled","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay","latency_ns":1"#,
        6003,
        0,
        Some(99),
    ),
    (
        r#""type":"abandoned","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay","latency_ns":1"#,
        6003,
        0,
        Some(99),
    ),
    (
        r#""type":"refused","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay","code":"revoked","latency_ns":1"#,
        6003,
        0,
        Some(2),
    ),
    (
        r#""type":"unknown","wall_ns":1,"mono_ns":1,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay""#,
        6003,
        0,
        Some(0),
    ),
    // What a later version may write, and what an attacker may.
    (
        r#""type":"approval_given","wall_ns":1,"call":"1f","by":["p"],"size":18446744073709551615"#,
        6003,
        99,
        None,
    ),
    (
        r#""type":"\u001b]0;x\u0007\u202e","tool":"\ud83d\ude00\u0000\u001b[2J","agent":"""#,
        6003,
        99,
        None,
    ),
    (
        r#""type":"decided","wall_ns":"late","call":7,"agent":null,"tool":{"a":[]},"decision":true,"policy":[],"epoch":-1"#,
        6003,
        0,
        Some(99),
    ),
    (
        r#""type":"responded","wall_ns":1,"mono_ns":1,"agent":"spiffe://example.org/a","response":"step_up","alert":"LOOP","lasts_seconds":600"#,
        6003,
        3,
        Some(1),
    ),
    (
        r#""type":"released","wall_ns":1,"mono_ns":1,"agent":"spiffe://example.org/a","by":"ann@example.org""#,
        6003,
        3,
        Some(1),
    ),
    (
        r#""type":"alerted","wall_ns":1,"mono_ns":1,"agent":"spiffe://example.org/a","alert":"CALL_RATE","severity":"medium","target":"pay","alert_number":3,"observed":31.0,"expected":10.25,"surprise_nats":14.5,"baseline_events":24,"baseline_seconds":60,"more":0"#,
        2004,
        1,
        Some(1),
    ),
    (
        r#""type":"alerted","wall_ns":1,"mono_ns":1,"call":"1f","at_ns":18446744073709551615,"agent":"spiffe://example.org/a","alert":"LOOP","severity":"low","alert_number":4,"observed":3.0,"expected":2.0,"more":7,"is_update":true"#,
        2004,
        2,
        Some(1),
    ),
    (
        r#""type":"alert_not_taken","wall_ns":1,"mono_ns":1,"agent":"spiffe://example.org/a","alert":"LOOP","alert_number":4,"sink":1,"attempts":10"#,
        6008,
        1,
        None,
    ),
    (
        r#""type":"alerted","wall_ns":1,"mono_ns":1,"agent":"nobody","alert":"LOOP""#,
        6003,
        99,
        None,
    ),
    (r#""type":"""#, 6003, 99, None),
];

/// As a log that has been opened tells it; `members` without the brackets.
fn event(members: &str) -> Value {
    let opened = r#"{"seq":0,"type":"log_opened","origin":"example.org/agents","version":"0.1.0"}"#;
    let mut events = OcsfEvents::new();
    events.skip(&LogEntry::parse(0, opened.as_bytes()).unwrap());
    let line = format!("{{\"seq\":7,{members}}}");
    events.event(&LogEntry::parse(7, line.as_bytes()).unwrap())
}

#[test]
fn every_type_of_entry_is_what_the_schema_demands() {
    for (entry, class, activity, status) in ENTRIES {
        let event = event(entry);
        schema::check(&event);
        let found = (
            event["class_uid"].as_u64().unwrap(),
            event["activity_id"].as_u64().unwrap(),
            event
                .get("status_id")
                .map(|status| status.as_u64().unwrap()),
        );
        assert_eq!(found, (class, activity, status), "{entry}\n{event}");
    }
}

/// Nothing that an entry says is lost: it has a place in the schema or stands under `unmapped`.
#[test]
fn nothing_is_left_out() {
    for (entry, ..) in ENTRIES {
        let event = event(entry);
        let entry: Value = serde_json::from_str(&format!("{{{entry}}}")).unwrap();
        let told = event.to_string();
        for (key, value) in entry.as_object().unwrap() {
            // The order of members may be another one there.
            if event["unmapped"].get(key) == Some(value) {
                continue;
            }
            let plain = value.as_str().map_or(value.to_string(), |text| {
                serde_json::to_string(text)
                    .unwrap()
                    .trim_matches('"')
                    .to_owned()
            });
            assert!(told.contains(&plain), "{key} of {entry}\n{event}");
        }
    }
}

#[test]
fn a_decision_says_who_what_and_by_which_policies() {
    let (decided, ..) = ENTRIES[12];
    let event = event(decided);
    let policy = json!({"uid": "cd", "version": "1"});
    assert_eq!(
        event["actor"],
        json!({
            "app_uid": "spiffe://example.org/a", "user": {"uid": "u"}, "session": {"uid": "1"},
            "authorizations": [{"decision": "allow", "policy": policy}],
        })
    );
    assert_eq!(
        event["api"],
        json!({"operation": "look", "request": {"uid": "1f"}})
    );
    assert_eq!(event["policy"], policy);
    assert_eq!(
        (&event["action_id"], &event["disposition_id"]),
        (&1.into(), &1.into())
    );
    assert_eq!(event["metadata"]["profiles"], json!(["security_control"]));
    assert_eq!(event["metadata"]["uid"], "example.org/agents/entries/7");
    assert_eq!(
        event["metadata"]["correlation_uid"],
        "example.org/agents/calls/1f"
    );
    assert_eq!(event["message"], "decided look: allow, allowed");
    assert_eq!(
        event["unmapped"],
        json!({
            "mono_ns": 1, "task": "t", "digest": "ef", "effect": "read", "audit_level": "standard",
            "rule": {"agent_id": "spiffe://example.org/a", "tool_name": "look", "index": 0},
        })
    );
}

#[test]
fn times_are_in_milliseconds() {
    let opened = event(ENTRIES[0].0);
    assert_eq!(opened["time"], 1_700_000_000_123_u64);
    assert_eq!(opened["metadata"]["original_time"], "1700000000123456789");
    assert_eq!(event(ENTRIES[16].0)["duration"], 3);
}

/// Integers of the schema may be read into 32 bits; the number is never lost.
#[test]
fn a_large_number_is_a_text_only() -> Result<(), LogError> {
    let index = 1 << 31;
    let line = format!("{{\"seq\":{index},\"type\":\"completed\"}}");
    let event = OcsfEvents::new().event(&LogEntry::parse(index, line.as_bytes())?);
    schema::check(&event);
    assert_eq!(event["metadata"].get("sequence"), None);
    assert_eq!(event["metadata"]["original_event_uid"], "2147483648");
    Ok(())
}

proptest! {
    /// Whatever texts and numbers stand in an entry, its event is one of the schema.
    #[test]
    fn any_entry_has_a_valid_event(
        kind in prop::sample::select(ENTRIES.to_vec()),
        texts in prop::collection::vec((0..12_usize, any::<String>(), any::<Option<u64>>()), 0..8),
    ) {
        const KEYS: [&str; 12] = ["call", "session", "agent", "user", "tool", "decision", "code",
            "policy", "epoch", "wall_ns", "reason", "origin"];
        let text = format!("{{\"seq\":7,{}}}", kind.0);
        let mut entry: Value = serde_json::from_str(&text).unwrap();
        for (key, text, number) in texts {
            entry[KEYS[key]] = number.map_or(text.into(), Into::into);
        }
        let line = entry.to_string();
        // Keys are sorted or not, so that `seq` may stand anywhere: that is well-formed too.
        let event = OcsfEvents::new().event(&LogEntry::parse(7, line.as_bytes()).unwrap());
        schema::check(&event);
    }
}
