//! What is kept beside the entries: as much as the audit level allows, and gone for good when it is to go.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis::audit::{
    AuditLog, EntryFilter, LogError, Payload, PayloadCounts, PayloadForm, PayloadKind, Payloads,
    VerifyOptions, prove, read,
};
use portcullis::{Code, DecisionContext, Guard, ManualClock, Refusal, Session, UserId, guard};
use serde_json::json;

use super::{Folder, lines, options};
use crate::support::{AGENT, agent, agent_policy, call, secs, user_policy};

const LEVELS: &str = r#"[
    {"tool_name": "standard", "effect": "read", "max_calls_per_minute": 1000000},
    {"tool_name": "detailed", "effect": "read", "max_calls_per_minute": 1000000, "audit_level": "detailed"},
    {"tool_name": "full", "max_calls_per_minute": 1000000, "audit_level": "full"},
    {"tool_name": "sign_in", "audit_level": "full"}]"#;

const EVERYTHING: &str = r#"[{"tool_name": "*", "max_calls_per_minute": 1000000}]"#;

/// A log with sessions of one guard, on one clock.
struct Life {
    clock: Arc<ManualClock>,
    log: Arc<AuditLog>,
    guard: Guard,
}

impl Life {
    fn of(directory: &Path, retention: Option<u64>) -> Self {
        let clock = Arc::new(ManualClock::new());
        clock.advance(secs(1_000_000));
        Self::at(directory, retention, clock)
    }

    fn at(directory: &Path, retention: Option<u64>, clock: Arc<ManualClock>) -> Self {
        let mut options = options().clock(Arc::clone(&clock));
        if let Some(seconds) = retention {
            options = options.retain_payloads(secs(seconds));
        }
        let log = Arc::new(options.open(directory).unwrap());
        let guard = Guard::builder()
            .policies([
                agent_policy(LEVELS),
                user_policy("ann", EVERYTHING),
                user_policy("bob", EVERYTHING),
            ])
            .recorder(Arc::clone(&log))
            .clock(Arc::clone(&clock))
            .build()
            .unwrap();
        Self { clock, log, guard }
    }

    fn session(&self) -> Session {
        self.guard.vouched_session(agent(AGENT)).unwrap()
    }

    fn session_for(&self, user: &str) -> Session {
        self.session().on_behalf_of(UserId::parse(user).unwrap())
    }
}

fn run(session: &Session, tool: &str, args: &str, result: serde_json::Value) {
    let ran: Result<_, Refusal> = session.run(tool, args, |_| Ok(result));
    ran.unwrap();
}

/// The kept payloads of every entry.
fn payloads(directory: &Path) -> Vec<(u64, PayloadKind, PayloadForm, Payload)> {
    let mut payloads = Payloads::of(directory);
    let mut found = Vec::new();
    read(directory, |entry| {
        for payload in entry.payloads() {
            let text = payloads.read(entry, payload.kind)?.unwrap();
            found.push((entry.index(), payload.kind, payload.form, text));
        }
        Ok::<_, LogError>(())
    })
    .unwrap();
    found
}

fn kept(text: &str) -> Payload {
    Payload::Kept(text.to_owned())
}

fn counts(kept: u64, erased: u64, expired: u64) -> PayloadCounts {
    let mut counts = PayloadCounts::default();
    (counts.kept, counts.erased, counts.expired) = (kept, erased, expired);
    counts
}

fn counted(directory: &Path) -> PayloadCounts {
    VerifyOptions::new().verify(directory).unwrap().payloads
}

fn problem(directory: &Path) -> LogError {
    VerifyOptions::new().verify(directory).unwrap_err()
}

fn volumes(directory: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut volumes: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|end| end == "dat"))
        .collect();
    volumes.sort();
    volumes
}

fn stands_in_a_file(directory: &Path, text: &str) -> bool {
    fs::read_dir(directory).unwrap().any(|file| {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[guard(secret(key))]
fn sign_in(_session: &Session, key: &str) -> Result<(), Refusal> {
    assert!(!key.is_empty());
    Ok(())
}

#[test]
fn each_level_keeps_more_and_never_a_secret() {
    let folder = Folder::new();
    let life = Life::of(&folder.log(), None);
    let context = DecisionContext::new().model("m-1").prompt("Do it.");
    let session = life.session().because(&context).unwrap();
    let secret = "s3cr3t-of-the-key";
    for tool in ["standard", "detailed", "full"] {
        run(
            &session,
            tool,
            r#"{"to": "Käthe", "n": 2}"#,
            json!([1, "x"]),
        );
    }
    sign_in(&session, secret).unwrap();
    life.log.close().unwrap();

    use PayloadForm::{Shapes, Whole, WithoutSecrets};
    use PayloadKind::{Arguments, Context, Result};
    let why = r#"{"model":"m-1","prompt":"Do it."}"#;
    let found = payloads(&folder.log());
    let without_index: Vec<_> = found
        .iter()
        .map(|(_, kind, form, payload)| (*kind, *form, payload.clone()))
        .collect();
    assert_eq!(
        without_index,
        [
            (
                Arguments,
                Shapes,
                kept(r#"{"n":"integer","to":"string(5)"}"#)
            ),
            (Arguments, Whole, kept(r#"{"n":2,"to":"Käthe"}"#)),
            (Context, Whole, kept(why)),
            (Result, Whole, kept(r#"[1,"x"]"#)),
            (Arguments, WithoutSecrets, kept(r#"{"key":"<secret>"}"#)),
            (Context, Whole, kept(why)),
            (Result, Whole, kept("null")),
        ]
    );
    assert!(!stands_in_a_file(&folder.log(), secret));
    // What a payload says stands in no entry.
    assert!(
        lines(&folder.log())
            .iter()
            .all(|line| !line.contains("Käthe"))
    );
    assert_eq!(counted(&folder.log()), counts(7, 0, 0));
}

#[test]
fn a_result_has_a_digest_and_a_size_at_every_level() {
    let folder = Folder::new();
    let life = Life::of(&folder.log(), None);
    let session = life.session();
    for result in [json!("a"), json!("a"), json!("b"), json!([])] {
        run(&session, "standard", "{}", result);
    }
    let unread: Result<(), Refusal> = session
        .call("standard", "{}")
        .unwrap()
        .run_unread(|_| Ok(()));
    unread.unwrap();
    life.log.close().unwrap();
    let mut seen = Vec::new();
    read(folder.log(), |entry| {
        if entry.kind() == "completed" {
            let digest = entry.text("result_digest").map(str::to_owned);
            seen.push((digest, entry.number("result_bytes")));
        }
        Ok::<_, LogError>(())
    })
    .unwrap();
    let [a, same, b, empty, unread] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(a, same);
    assert_ne!(a.0, b.0);
    assert_eq!((a.1, empty.1), (Some(3), Some(2)));
    assert_eq!(*unread, (None, None));
}

/// Not `Serialize`.
struct Handle;

#[guard(tool = "full")]
fn opaque(_session: &Session) -> Result<Handle, Refusal> {
    Ok(Handle)
}

#[guard(tool = "full")]
async fn told(_session: &Session, n: u32) -> Result<Vec<u32>, Refusal> {
    Ok(vec![n; 3])
}

#[test]
fn a_guarded_function_tells_its_result_if_it_serialises() {
    let folder = Folder::new();
    let life = Life::of(&folder.log(), None);
    let session = life.session();
    assert!(opaque(&session).is_ok());
    assert_eq!(crate::support::block_on(told(&session, 7)).unwrap(), [7; 3]);
    life.log.close().unwrap();
    let results: Vec<_> = payloads(&folder.log())
        .into_iter()
        .filter(|(_, kind, ..)| *kind == PayloadKind::Result)
        .map(|(.., payload)| payload)
        .collect();
    assert_eq!(results, [kept("[7,7,7]")]);
}

#[test]
fn of_a_long_result_the_beginning_is_kept() {
    let folder = Folder::new();
    let life = Life::of(&folder.log(), None);
    let long = "ü".repeat(3 << 20);
    run(&life.session(), "full", "{}", json!(long));
    life.log.close().unwrap();
    let (_, _, form, payload) = payloads(&folder.log()).pop().unwrap();
    let Payload::Kept(beginning) = payload else {
        panic!("{payload:?}")
    };
    assert_eq!(form, PayloadForm::Beginning);
    assert!(format!("\"{long}").starts_with(&beginning));
    assert!((1_048_570..=1_048_576).contains(&beginning.len()));
    let size = (long.len() + 2).to_string();
    assert!(lines(&folder.log()).iter().any(|line| line.contains(&size)));
}

/// What the policy wants on record and cannot be kept does not run.
#[test]
fn a_call_whose_arguments_are_too_long_to_keep_is_refused() {
    #[guard(tool = "full")]
    fn take(_session: &Session, text: &str) -> Result<(), Refusal> {
        panic!("it ran on {} bytes", text.len());
    }
    let folder = Folder::new();
    let life = Life::of(&folder.log(), None);
    let refusal = take(&life.session(), &"x".repeat(5 << 20)).unwrap_err();
    assert_eq!(refusal.code(), Code::Fault);
    assert!(!life.guard.is_poisoned());
    assert_eq!(call(&life.session(), "full", "{}"), Code::Allowed);
}

#[test]
fn erasing_leaves_every_proof_valid() {
    let folder = Folder::new();
    let life = Life::of(&folder.log(), None);
    let (ann, bob) = (life.session_for("ann"), life.session_for("bob"));
    run(&ann, "full", r#"{"secret": "of ann"}"#, json!("told ann"));
    run(&bob, "full", r#"{"secret": "of bob"}"#, json!("told bob"));
    let checkpoint = life.log.checkpoint().unwrap();
    let before: Vec<String> = lines(&folder.log());
    let decided = payloads(&folder.log())[0].0;
    let proven = prove(folder.log(), decided).unwrap();

    let erasure = life
        .log
        .erase(&EntryFilter::new().user("ann"), "asked to, \u{1b}[2J today")
        .unwrap();
    assert_eq!((erasure.entries, erasure.payloads), (2, 2));
    assert!(!stands_in_a_file(&folder.log(), "of ann"));
    assert!(!stands_in_a_file(&folder.log(), "told ann"));
    assert!(stands_in_a_file(&folder.log(), "of bob"));

    assert_eq!(lines(&folder.log())[..before.len()], before);
    let again = prove(folder.log(), decided).unwrap();
    assert_eq!(again.line, proven.line);
    let leaf = portcullis::audit::LeafHash::of(again.line.as_bytes());
    proven.proof.verify(leaf, proven.checkpoint.head()).unwrap();
    let verified = VerifyOptions::new()
        .kept(checkpoint)
        .verify(folder.log())
        .unwrap();
    assert_eq!(verified.payloads, counts(2, 2, 0));
    let said: Vec<_> = lines(&folder.log())
        .into_iter()
        .filter(|line| line.contains(r#""type":"erased""#))
        .collect();
    assert_eq!(said.len(), 2);
    assert!(said[0].contains("asked to,") && !said[0].contains('\u{1b}'));
    assert!(
        payloads(&folder.log())
            .iter()
            .any(|(index, .., payload)| *index == decided && *payload == Payload::Erased)
    );

    // There is nothing left to erase, and what comes later is kept.
    let erasure = life
        .log
        .erase(&EntryFilter::new().user("ann"), "again")
        .unwrap();
    assert_eq!((erasure.entries, erasure.payloads), (0, 0));
    run(&ann, "full", "{}", json!(1));
    life.log.close().unwrap();
    assert_eq!(counted(&folder.log()), counts(4, 2, 0));
}

#[test]
fn payloads_expire_with_their_volume_and_on_record() {
    let folder = Folder::new();
    let life = Life::of(&folder.log(), Some(800));
    let session = life.session();
    for n in 0..20 {
        run(&session, "full", &format!(r#"{{"n": {n}}}"#), json!(n));
        life.clock.advance(secs(60));
        life.guard.tick();
    }
    // 20 minutes have passed; each volume holds 100 seconds, and what is older than 800 seconds and those is gone.
    life.log.flush().unwrap();
    let there = payloads(&folder.log());
    let kept = there
        .iter()
        .filter(|(.., payload)| matches!(payload, Payload::Kept(_)));
    let kept = kept.count() as u64;
    assert!((2 * 13..=2 * 15).contains(&kept), "{kept}");
    assert_eq!(counted(&folder.log()), counts(kept, 0, 40 - kept));
    assert!(!stands_in_a_file(&folder.log(), r#"{"n":0}"#));

    // Nothing is written for a long time, then the log is closed and opened again.
    life.clock.advance(secs(400));
    let clock = Arc::clone(&life.clock);
    life.log.close().unwrap();
    drop((session, life));
    let life = Life::at(&folder.log(), Some(800), clock);
    let left = counted(&folder.log());
    assert!(left.kept < kept && left.kept > 0, "{left:?}");
    life.clock.advance(secs(801));
    life.guard.tick();
    assert_eq!(counted(&folder.log()), counts(0, 0, 40));
    assert_eq!(volumes(&folder.log()), [] as [PathBuf; 0]);
    run(&life.session(), "full", "{}", json!(1));
    life.log.close().unwrap();
    assert_eq!(counted(&folder.log()), counts(2, 0, 40));
    assert!(!life.guard.is_poisoned());
}

/// A closed log with payloads, and the bytes of its volume.
fn sample() -> (Folder, PathBuf, Vec<u8>) {
    let folder = Folder::new();
    let life = Life::of(&folder.log(), None);
    let session = life.session();
    for n in 0..3 {
        run(&session, "full", &format!(r#"{{"n": {n}}}"#), json!([n]));
    }
    life.log.close().unwrap();
    drop((session, life));
    let volume = volumes(&folder.log()).remove(0);
    let bytes = fs::read(&volume).unwrap();
    (folder, volume, bytes)
}

#[test]
fn every_change_of_a_payload_shows() {
    let (folder, volume, bytes) = sample();
    assert_eq!(counted(&folder.log()), counts(6, 0, 0));
    let is_told = |bytes: &[u8]| {
        fs::write(&volume, bytes).unwrap();
        matches!(problem(&folder.log()), LogError::Payload { .. })
    };
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(is_told(&changed), "byte {at}");
        assert!(is_told(&bytes[..at]), "cut at {at}");
    }
    // Zeros alone are no erasure: that is on record.
    assert!(is_told(&vec![0; bytes.len()]));
    fs::remove_file(&volume).unwrap();
    assert!(matches!(
        problem(&folder.log()),
        LogError::Payload { index: 3, .. }
    ));
    fs::write(&volume, &bytes).unwrap();
    assert_eq!(counted(&folder.log()), counts(6, 0, 0));
}

/// What is gone after the last checkpoint may be a crash's doing, and is put on record; what was durable before is not
/// excused by that.
#[test]
fn opening_does_not_excuse_what_was_durable() {
    let (folder, volume, bytes) = sample();
    fs::write(&volume, &bytes[..bytes.len() - 1]).unwrap();
    let life = Life::of(&folder.log(), None);
    run(&life.session(), "full", "{}", json!(0));
    life.log.close().unwrap();
    assert!(matches!(
        problem(&folder.log()),
        LogError::Payload {
            kind: PayloadKind::Result,
            ..
        }
    ));
}

#[test]
fn what_no_entry_refers_to_is_cut_off() {
    let (folder, volume, bytes) = sample();
    let mut longer = bytes.clone();
    longer.extend_from_slice(b"somebody's secret, whose entry was lost");
    fs::write(&volume, &longer).unwrap();
    fs::write(
        volume.with_file_name("payloads-00000000000000000001.dat"),
        "too",
    )
    .unwrap();
    let life = Life::of(&folder.log(), None);
    assert_eq!(fs::read(&volume).unwrap(), bytes);
    assert_eq!(volumes(&folder.log()), [volume]);
    run(&life.session(), "full", "{}", json!(0));
    life.log.close().unwrap();
    assert_eq!(counted(&folder.log()), counts(8, 0, 0));
}

/// What an accident has done to a payload is no reason to keep the rest of it.
#[test]
fn erasing_takes_what_is_left_of_a_damaged_payload() {
    let (folder, volume, bytes) = sample();
    let mut damaged = bytes.clone();
    damaged[40] ^= 1;
    damaged.truncate(bytes.len() - 1);
    fs::write(&volume, &damaged).unwrap();
    let life = Life::of(&folder.log(), None);
    let erasure = life.log.erase(&EntryFilter::new(), "all").unwrap();
    assert_eq!((erasure.entries, erasure.payloads), (6, 6));
    life.log.close().unwrap();
    assert_eq!(fs::read(&volume).unwrap(), vec![0; damaged.len()]);
    assert_eq!(counted(&folder.log()), counts(0, 6, 0));
}

/// That one payload of an entry was erased says nothing of how another one came to be gone.
#[test]
fn erasing_excuses_only_what_was_erased() {
    let folder = Folder::new();
    let life = Life::of(&folder.log(), None);
    let context = DecisionContext::new().model("m-1");
    let session = life.session().because(&context).unwrap();
    run(&session, "full", r#"{"n": 1}"#, json!(1));
    life.log.checkpoint().unwrap();
    let volume = volumes(&folder.log()).remove(0);
    let mut bytes = fs::read(&volume).unwrap();
    // The arguments, with their salt, stand first.
    bytes[..32 + r#"{"n":1}"#.len()].fill(0);
    fs::write(&volume, &bytes).unwrap();
    let erasure = life.log.erase(&EntryFilter::new(), "all").unwrap();
    assert_eq!((erasure.entries, erasure.payloads), (2, 2));
    assert!(matches!(
        problem(&folder.log()),
        LogError::Payload {
            kind: PayloadKind::Arguments,
            ..
        }
    ));
}
