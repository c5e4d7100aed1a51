//! `audit replay`

mod laws;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use portcullis::audit::{AuditLog, EntryFilter, Origin};
use portcullis::{AgentPolicy, Code, Guard, Indicators, ManualClock, Refusal, Session, guard};
use serde_json::{Value, json};

use crate::cli::run::{Folder, Ran, program, run};
use crate::support::{AGENT, agent, secs};

/// A log under way, the guard that writes it and its clock.
struct Traffic {
    log: Arc<AuditLog>,
    guard: Guard,
    clock: Arc<ManualClock>,
}

impl Traffic {
    fn new(directory: &Path, policies: &[Value]) -> Self {
        let origin = Origin::parse("example.org/agents").unwrap();
        let options = AuditLog::options(origin).clock(ManualClock::new());
        let log = Arc::new(options.open(directory).unwrap());
        let clock = Arc::new(ManualClock::new());
        let guard = Guard::builder()
            .policies(policies.iter().map(load))
            .recorder(Arc::clone(&log))
            .clock(Arc::clone(&clock))
            .build()
            .unwrap();
        Self { log, guard, clock }
    }

    fn session(&self) -> Session {
        self.guard.vouched_session(agent(AGENT)).unwrap()
    }

    fn close(self) {
        self.log.close().unwrap();
    }
}

#[guard(secret(key))]
fn login(session: &Session, key: &str) -> Result<usize, Refusal> {
    Ok(key.len())
}

fn load(policy: &Value) -> AgentPolicy {
    AgentPolicy::from_json(&policy.to_string()).unwrap()
}

fn call(session: &Session, tool: &str, args: Value) -> Code {
    match session.run(tool, &args, |_| Ok::<_, Refusal>(())) {
        Ok(()) => Code::Allowed,
        Err(refusal) => refusal.code(),
    }
}

/// Replays under these policies.
fn replay(folder: &Folder, policies: &[Value], options: &[&str]) -> Ran {
    let mut args = vec!["audit".to_owned(), "replay".to_owned()];
    for (index, policy) in policies.iter().enumerate() {
        args.push("--policy".to_owned());
        args.push(folder.file(&format!("{index}.json"), policy.to_string()));
    }
    args.extend(options.iter().map(|option| (*option).to_owned()));
    args.push(folder.log().to_str().unwrap().to_owned());
    run(args, b"")
}

/// The decisions that were listed, and the summary.
fn listed(ran: &Ran) -> (Vec<Value>, Value) {
    let mut lines = ran.json();
    let summary = lines.pop().unwrap();
    (lines, summary["summary"].clone())
}

/// What one may pay at most and how often a minute, whether a person must approve refunds, and how much of it is kept.
fn policy(most: u32, rate: u32, ask: bool) -> Value {
    json!({"agent_id": AGENT, "permissions": [
        {"tool_name": "pay", "effect": "read", "audit_level": "full", "max_calls_per_minute": rate,
            "allowed_params": {"eur": {"max": most}}},
        {"tool_name": "refund", "effect": "read", "audit_level": "full", "requires_human_approval": ask}]})
}

/// What differs: which calls, and what is decided now.
fn changed(ran: &Ran) -> Vec<(String, String)> {
    let told = |value: &Value| value.as_str().unwrap().to_owned();
    let (lines, _) = listed(ran);
    lines
        .iter()
        .map(|line| {
            assert_eq!(line["finding"], "differs");
            (told(&line["call"]), told(&line["now"]["decision"]))
        })
        .collect()
}

#[test]
fn a_stricter_policy_lists_what_it_denies_and_a_looser_one_what_it_allows() {
    let folder = Folder::new();
    let traffic = Traffic::new(&folder.log(), &[policy(100, 1000, true)]);
    let session = traffic.session();
    let (mut over_50, mut over_100, mut refunds) = (vec![], vec![], vec![]);
    for eur in [10, 60, 50, 101, 90, 300, 51] {
        match session.call("pay", json!({ "eur": eur })) {
            Ok(permit) => {
                if eur > 50 {
                    over_50.push((permit.call().to_string(), "deny".to_owned()));
                }
                permit.run(|_| Ok::<_, Refusal>(())).unwrap();
            }
            Err(refusal) => over_100.push((refusal.call().to_string(), "allow".to_owned())),
        }
        let asked = session.call("refund", "{}").unwrap_err();
        refunds.push((asked.call().to_string(), "allow".to_owned()));
    }
    drop(session);
    traffic.close();

    let ran = replay(&folder, &[policy(100, 1000, true)], &["--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let (lines, summary) = listed(&ran);
    assert_eq!(lines.len(), 0);
    assert_eq!(
        summary,
        json!({"decisions": 14, "same_policies": 14, "same": 14, "differ": 0, "differ_under_same_policies": 0,
            "changes": {}, "not_replayed": {},
            "limits_in_doubt": {"not_replayed": 0, "other_guards": 0, "not_followed": 0}})
    );

    let ran = replay(&folder, &[policy(50, 1000, true)], &["--json"]);
    assert_eq!((ran.code, changed(&ran)), (Some(2), over_50));
    let (lines, summary) = listed(&ran);
    assert_eq!(summary["changes"], json!({"allow -> deny": 3}));
    assert_eq!(summary["same_policies"], 0);
    assert_eq!(
        (&lines[0]["recorded"], &lines[0]["now"]["code"]),
        (
            &json!({"decision": "allow", "code": "allowed"}),
            &json!("constraint")
        )
    );
    let place = lines[0]["now"]["rule"]["tool_name"].as_str();
    assert_eq!(place, Some("pay"), "{lines:?}");

    let ran = replay(&folder, &[policy(1000, 1000, true)], &["--json"]);
    assert_eq!((ran.code, changed(&ran)), (Some(2), over_100));
    let ran = replay(&folder, &[policy(100, 1000, false)], &["--json"]);
    assert_eq!((ran.code, changed(&ran)), (Some(2), refunds));

    let ran = replay(&folder, &[policy(50, 1000, true)], &[]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!((ran.code, lines.len()), (Some(2), 7), "{ran:?}");
    let differs = format!("differs `pay` by {AGENT}: allow -> deny: constraint: `eur` must be");
    assert!(lines[0].contains(&differs), "{ran:?}");
    assert_eq!(
        lines[3..],
        [
            "14 decisions: 0 under these policies, 14 under others",
            "11 as recorded, 3 differ",
            "        3 allow -> deny",
            "nothing was verified: `audit verify` does that"
        ]
    );
}

#[test]
fn a_lower_rate_lists_the_third_call_of_each_minute() {
    let folder = Folder::new();
    let traffic = Traffic::new(&folder.log(), &[policy(100, 3, true)]);
    let session = traffic.session();
    let mut third = vec![];
    for second in 0..240 {
        traffic.clock.set(secs(second));
        if second % 60 < 4 {
            let permit = session.call("pay", json!({"eur": 1}));
            assert_eq!(permit.is_ok(), second % 60 < 3, "{second}");
            if second % 60 == 2 {
                third.push((permit.as_ref().unwrap().call().to_string(), "deny".into()));
            }
            let _ = permit.map(|permit| permit.run(|_| Ok::<_, Refusal>(())));
        }
    }
    drop(session);
    traffic.close();
    let ran = replay(&folder, &[policy(100, 2, true)], &["--json"]);
    assert_eq!((ran.code, changed(&ran)), (Some(2), third));
    let ran = replay(&folder, &[policy(100, 4, true)], &["--json"]);
    assert_eq!(
        listed(&ran).1["changes"],
        json!({"deny -> allow": 4}),
        "{ran:?}"
    );
}

/// Nothing of one guard's limits is left when the next one begins, in the same log.
#[test]
fn each_guard_begins_with_empty_limits() {
    let folder = Folder::new();
    for _ in 0..3 {
        let traffic = Traffic::new(&folder.log(), &[policy(100, 2, true)]);
        let session = traffic.session();
        let codes = [0; 3].map(|_| call(&session, "pay", json!({"eur": 1})));
        assert_eq!(codes, [Code::Allowed, Code::Allowed, Code::Limit]);
        drop(session);
        traffic.close();
    }
    let ran = replay(&folder, &[policy(100, 2, true)], &["--json"]);
    let summary = &listed(&ran).1;
    assert_eq!(
        (ran.code, &summary["same"]),
        (Some(0), &json!(9)),
        "{ran:?}"
    );

    // Two that write to one log at a time are taken for one after the other, and it is said.
    let traffic = Traffic::new(&folder.log(), &[policy(100, 2, true)]);
    let second = Guard::builder()
        .policy(load(&policy(100, 2, true)))
        .recorder(Arc::clone(&traffic.log));
    drop(second.build().unwrap());
    traffic.close();
    let ran = replay(&folder, &[policy(100, 2, true)], &[]);
    let said = "limits and budgets are approximate\n        1 guards began while another may have gone on\n";
    assert!(ran.out.contains(said), "{ran:?}");
}

#[test]
fn what_cannot_be_replayed_is_counted_by_reason() {
    let folder = Folder::new();
    let levels = |tools: &[(&str, &str)]| {
        let permissions: Vec<Value> = tools
            .iter()
            .map(|(tool, level)| json!({"tool_name": tool, "effect": "read", "audit_level": level}))
            .collect();
        json!({"agent_id": AGENT, "permissions": permissions})
    };
    let then = [
        ("standard", "standard"),
        ("detailed", "detailed"),
        ("full", "full"),
        ("login", "full"),
    ];
    let traffic = Traffic::new(&folder.log(), &[levels(&then)]);
    let session = traffic.session();
    call(&session, "standard", json!({}));
    call(&session, "detailed", json!({"a": 1}));
    login(&session, "s3cr3t").unwrap();
    call(&session, "full", json!({"kept": 1}));
    call(&session, "unheard", json!({}));
    session.call("full", "{").unwrap_err();
    let listed_agent = Indicators::new().agent(agent(AGENT));
    traffic.guard.set_indicators(listed_agent);
    assert_eq!(call(&session, "full", json!({})), Code::Indicator);
    traffic.guard.set_indicators(Indicators::new());
    let erased = session.call("full", json!({"erased": 1})).unwrap();
    let filter = EntryFilter::new().call(&erased.call().to_string());
    erased.run(|_| Ok::<_, Refusal>(())).unwrap();
    traffic.log.erase(&filter, "asked to").unwrap();
    session.close();
    assert_eq!(call(&session, "full", json!({})), Code::Identity);
    drop(session);
    traffic.close();

    let now = levels(&[then.as_slice(), &[("unheard", "full")]].concat());
    let ran = replay(&folder, std::slice::from_ref(&now), &["--json", "--all"]);
    let (lines, summary) = listed(&ran);
    assert_eq!((ran.code, lines.len()), (Some(0), 9), "{ran:?}");
    let not_replayed = json!({"standard": 1, "detailed": 1, "secrets": 1, "unnamed": 2, "malformed": 1,
        "no_policy": 1, "erased": 1});
    assert_eq!(summary["not_replayed"], not_replayed);
    assert_eq!(
        (
            &summary["same"],
            &summary["limits_in_doubt"]["not_replayed"]
        ),
        (&json!(1), &json!(6))
    );
    assert_eq!(
        (&lines[0]["finding"], &lines[0]["skipped"], &lines[0]["now"]),
        (&json!("skipped"), &json!("standard"), &Value::Null)
    );
    let ran = replay(&folder, &[now], &[]);
    for line in [
        "1 as recorded, 0 differ",
        "8 not replayed",
        "        1 the audit level was `standard`: no arguments were kept",
        "        1 secret arguments were not kept",
        "        1 the arguments were erased",
        "limits and budgets are approximate",
        "        6 calls that may have counted were not replayed",
    ] {
        assert!(ran.out.lines().any(|told| told == line), "{line}: {ran:?}");
    }

    // Under policies that do not name the tools no arguments are needed to say so.
    let ran = replay(&folder, &[levels(&[("other", "full")])], &["--json"]);
    let summary = &listed(&ran).1;
    assert_eq!(
        (ran.code, &summary["changes"], &summary["not_replayed"]),
        (
            Some(2),
            &json!({"allow -> deny": 5}),
            &json!({"malformed": 1, "no_policy": 1})
        )
    );

    let volume = folder.log().join(format!("payloads-{:020}.dat", 0));
    let mut bytes = fs::read(&volume).unwrap();
    let at = bytes.windows(6).position(|at| at == b"\"kept\"").unwrap();
    bytes[at] ^= 1;
    fs::write(&volume, bytes).unwrap();
    let gone = |reason: &str| {
        let ran = replay(&folder, &[levels(&then)], &["--json", "--tool", "full"]);
        listed(&ran).1["not_replayed"][reason].clone()
    };
    assert_eq!(gone("damaged"), 1);
    fs::remove_file(&volume).unwrap();
    assert_eq!(gone("missing"), 2);
}

/// Calls that the options leave out count against limits all the same.
#[test]
fn the_options_choose_what_is_compared_not_what_counts() {
    let folder = Folder::new();
    let traffic = Traffic::new(&folder.log(), &[policy(100, 3, true)]);
    let session = traffic.session();
    for second in 0..3 {
        traffic.clock.set(secs(second));
        call(&session, "pay", json!({"eur": 1}));
        call(&session, "refund", json!({}));
    }
    drop(session);
    traffic.close();
    let decisions = |options: &[&str]| {
        let ran = replay(
            &folder,
            &[policy(100, 2, false)],
            &[&["--json"], options].concat(),
        );
        let (lines, summary) = listed(&ran);
        let count = |key: &str| summary[key].as_u64().unwrap();
        assert_eq!(lines.len() as u64, count("differ"));
        assert_eq!(ran.code, Some(if lines.is_empty() { 0 } else { 2 }));
        (count("decisions"), count("differ"))
    };
    assert_eq!(decisions(&[]), (6, 4));
    assert_eq!(decisions(&["--tool", "pay"]), (3, 1));
    assert_eq!(decisions(&["--decision", "ask"]), (3, 3));
    assert_eq!(decisions(&["--since", "2"]), (2, 2));
    assert_eq!(decisions(&["--until", "2"]), (4, 2));
    assert_eq!(
        decisions(&["--agent", "spiffe://example.org/other"]),
        (0, 0)
    );
}

#[test]
fn what_was_given_to_deceive_is_shown_plainly() {
    let folder = Folder::new();
    let traffic = Traffic::new(&folder.log(), &[policy(100, 3, true)]);
    let session = traffic.session();
    call(&session, "pay\u{1b}[2J\u{202e}", json!({"eur": 1}));
    call(&session, "pay", json!({"eur": 1, "\u{1b}[2J\u{202e}\n": 1}));
    drop(session);
    traffic.close();
    for options in [["--all"].as_slice(), &["--all", "--json"]] {
        let ran = replay(&folder, &[policy(100, 3, true)], options);
        let is_plain = |character: char| character == '\n' || !character.is_control();
        assert!(ran.out.chars().all(is_plain), "{ran:?}");
        assert!(!ran.out.contains('\u{202e}') && ran.out.contains("[2J"));
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let folder = Folder::new();
    let policies = [policy(100, 3, true)];
    let no_log = replay(&folder, &policies, &[]);
    Traffic::new(&folder.log(), &policies).close();
    let cases = [
        no_log,
        replay(&folder, &[], &[]),
        replay(&folder, &[json!({"agent_id": AGENT})], &[]),
        replay(&folder, &policies, &["--policy", "absent.toml"]),
        replay(&folder, &policies, &["--since", "yesterday"]),
    ];
    for ran in cases {
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(!ran.err.is_empty());
    }
    // The agent of a log need not be one that the policies are for.
    let other = json!({"agent_id": "spiffe://example.org/other", "permissions": []});
    assert_eq!(replay(&folder, &[other], &[]).code, Some(0));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = Folder::new();
    let traffic = Traffic::new(&folder.log(), &[policy(100, 1000, true)]);
    let session = traffic.session();
    for _ in 0..400 {
        call(&session, "pay", json!({"eur": 1}));
    }
    drop(session);
    traffic.close();
    let now = folder.file("p.json", policy(100, 1000, false).to_string());
    let log = folder.log();
    let log = log.to_str().unwrap();
    let mut child = program()
        .args(["audit", "replay", "--all", "--json", "--policy", &now, log])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), ended.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}
