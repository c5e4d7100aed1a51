//! Payloads over a disk that fails at every operation, and after that crashes in every way it can be left in.
//!
//! Laws: the payload of a record that was acknowledged as durable is there, unless it was erased; what was erased is nowhere
//! on the disk, and on record; what is on record as erased is erased once the log was opened; such a log verifies.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use super::{Payload, PayloadKind, PayloadRef, Payloads};
use crate::audit::log::entry::EntryText;
use crate::audit::log::read::read_in;
use crate::audit::log::{
    AuditLog, AuditLogOptions, EntryFilter, LogEntry, LogError, VerifyOptions,
};
use crate::audit::{CheckpointSigner, Origin, SignError, VerifyingKey};
use crate::call::Args;
use crate::clock::ManualClock;
use crate::decision::{AuditLevel, Code, Effect, Verdict};
use crate::digest::{Digest, DigestKey};
use crate::ids::AgentId;
use crate::journal::disk::{Disk, FAULTS, Fault};
use crate::record::{
    CallId, Decided, Ended, Event, Executing, Outcome, Record, Recorder, SessionId, Subject,
    ToolResult,
};

/// Of what was not synced, every so many bytes are a place to cut at.
const STEP: usize = 311;

const HOUR: Duration = Duration::from_secs(3600);

static AGENT: LazyLock<AgentId> =
    LazyLock::new(|| AgentId::parse("spiffe://example.org/agent/a").unwrap());

fn options(clock: &Arc<ManualClock>) -> AuditLogOptions {
    let origin = Origin::parse("example.org/agents").unwrap();
    AuditLog::options(origin)
        .clock(Arc::clone(clock))
        .checkpoint_every(5)
        .retain_payloads(HOUR)
}

/// What was acknowledged.
#[derive(Clone, Default)]
struct Told {
    /// Results that were recorded, by call, and whether they are durable.
    kept: BTreeMap<u64, bool>,
    /// Calls whose payloads were erased.
    erased: Vec<u64>,
    /// Payloads of these calls have expired, or may have.
    may_have_expired: Vec<u64>,
}

#[derive(Debug)]
struct Refused;

fn text(call: u64) -> String {
    format!("\"result of call number {call}\"")
}

impl Told {
    fn record(
        &mut self,
        log: &AuditLog,
        clock: &ManualClock,
        event: Event<'_>,
    ) -> Result<(), Refused> {
        let at = crate::clock::Clock::monotonic(clock);
        let record = Record {
            at,
            wall: SystemTime::UNIX_EPOCH + at,
            event,
        };
        log.record(&record).map_err(|_| Refused)
    }

    /// A call with arguments and a result, at the level `full`.
    fn call(&mut self, log: &AuditLog, clock: &ManualClock, call: u64) -> Result<(), Refused> {
        let args = Args::parse(&format!(r#"{{"n": "argument of call number {call}"}}"#)).unwrap();
        let subject = Subject {
            call: CallId(call),
            session: SessionId(1),
            agent: &AGENT,
            user: None,
            task: None,
            tool: "pay",
        };
        let decided = Decided {
            subject,
            verdict: Verdict::Allow,
            code: Code::Allowed,
            rule: None,
            digest: None,
            epoch: 1,
            policy: Digest::from([1; 32]),
            effect: Effect::Write,
            audit_level: AuditLevel::Full,
            context_digest: None,
            arguments: Some(args.view()),
            secret: &[],
            context: Some("{}"),
        };
        self.record(log, clock, Event::Decided(decided))?;
        let effect = Effect::Write;
        self.record(log, clock, Event::Executing(Executing { subject, effect }))?;
        self.all_durable();
        let text = text(call);
        let ended = Ended {
            subject,
            outcome: Outcome::Completed,
            latency: Duration::ZERO,
            audit_level: AuditLevel::Full,
            result: Some(ToolResult {
                size: text.len() as u64,
                digest: Digest::from([2; 32]),
                text: Some(&text),
            }),
        };
        self.record(log, clock, Event::Ended(ended))?;
        self.kept.insert(call, false);
        Ok(())
    }

    fn all_durable(&mut self) {
        self.kept.values_mut().for_each(|durable| *durable = true);
    }

    fn erase(&mut self, log: &AuditLog, call: u64) -> Result<(), Refused> {
        // From here on it may be gone.
        let was_kept = self.kept.remove(&call);
        let name = format!("{call:x}");
        log.erase(&EntryFilter::new().call(&name), "asked to")
            .map_err(|_| Refused)?;
        self.all_durable();
        self.erased.extend(was_kept.map(|_| call));
        Ok(())
    }

    fn expire(&mut self, log: &AuditLog, clock: &ManualClock) -> Result<(), Refused> {
        clock.advance(2 * HOUR);
        self.may_have_expired.extend(self.kept.keys());
        self.kept.clear();
        log.tick().map_err(|_| Refused)
    }
}

/// Two lives of a log.
fn live(disk: &Disk, clock: &Arc<ManualClock>, told: &mut Told) -> Result<(), Refused> {
    for life in 0..2 {
        let log = options(clock)
            .open_in(Arc::new(disk.clone()))
            .map_err(|_| Refused)?;
        let first = 10 * life;
        told.call(&log, clock, first + 1)?;
        told.call(&log, clock, first + 2)?;
        told.erase(&log, first + 1)?;
        told.call(&log, clock, first + 3)?;
        if life == 1 {
            told.expire(&log, clock)?;
        }
        told.call(&log, clock, first + 4)?;
        log.checkpoint().map_err(|_| Refused)?;
        told.all_durable();
        told.call(&log, clock, first + 5)?;
    }
    Ok(())
}

/// Every payload, by the call and kind.
fn payloads(disk: &Disk) -> Vec<(u64, PayloadKind, Payload)> {
    let mut payloads = Payloads::in_files(Arc::new(disk.clone()));
    let mut found = Vec::new();
    read_in(Arc::new(disk.clone()), |entry: &LogEntry<'_>| {
        for payload in entry.payloads() {
            let call = u64::from_str_radix(entry.call().unwrap(), 16).unwrap();
            found.push((call, payload.kind, payloads.read_at(&payload)?));
        }
        Ok::<_, LogError>(())
    })
    .unwrap();
    found
}

fn on_record_as_erased(disk: &Disk) -> Vec<u64> {
    let mut erased = Vec::new();
    read_in(Arc::new(disk.clone()), |entry: &LogEntry<'_>| {
        erased.extend(entry.number("entry").filter(|_| entry.kind() == "erased"));
        Ok::<_, LogError>(())
    })
    .unwrap();
    erased
}

fn hold(disk: &Disk, told: &Told) {
    let found = payloads(disk);
    for (call, _) in told.kept.iter().filter(|(_, durable)| **durable) {
        let result = found
            .iter()
            .find(|(of, kind, _)| of == call && *kind == PayloadKind::Result);
        let (.., payload) = result.expect("the record is there");
        assert_eq!(*payload, Payload::Kept(text(*call)), "of call {call}");
        let arguments = found
            .iter()
            .find(|(of, kind, _)| of == call && *kind == PayloadKind::Arguments);
        assert!(
            matches!(arguments, Some((.., Payload::Kept(_)))),
            "of call {call}"
        );
    }
    assert_nowhere(disk, told);
}

/// What was erased is not on the disk.
fn assert_nowhere(disk: &Disk, told: &Told) {
    for call in &told.erased {
        let texts = [text(*call), format!("argument of call number {call}\"")];
        assert!(
            texts.iter().all(|text| !disk.holds_synced(text.as_bytes())),
            "of call {call}"
        );
    }
}

#[test]
fn no_fault_and_no_crash_loses_a_payload_or_keeps_one_that_was_erased() {
    let mut crashes = 0;
    let mut erased_on_record = 0;
    let mut lost = 0;
    let mut checked = HashSet::new();
    for fault in FAULTS {
        for operation in 0.. {
            let disk = Disk::default();
            let clock = Arc::new(ManualClock::new());
            let mut told = Told::default();
            disk.fail_at(operation, fault);
            let lived = live(&disk, &clock, &mut told);
            if fault == Fault::WritesHalf {
                lived.expect("a short write is carried on");
            }
            let died = disk.state(|state| state.after_the_process());
            // The other faults leave what this one does, or the process alone dies of them.
            let crashed = match fault {
                Fault::Fails => disk.crashes_by(STEP),
                _ => Vec::new(),
            };
            for state in crashed.into_iter().chain([died]) {
                if !checked.insert((state.content(), told.kept.clone(), told.erased.clone())) {
                    continue;
                }
                crashes += 1;
                let disk = Disk::new(state);
                assert_nowhere(&disk, &told);
                let reopened = options(&clock).accept_loss();
                let log = reopened.open_in(Arc::new(disk.clone())).unwrap();
                hold(&disk, &told);
                for index in on_record_as_erased(&disk) {
                    erased_on_record += 1;
                    assert_erased(&disk, index);
                }
                log.close().unwrap();
                let verified = VerifyOptions::new().verify_in(Arc::new(disk.clone()));
                lost += verified.unwrap().payloads.lost;
                drop(log);
            }
            if operation >= disk.operations() {
                break;
            }
        }
    }
    assert!(
        crashes > 1000 && erased_on_record > 100 && lost > 0,
        "{crashes} {erased_on_record} {lost}"
    );
}

/// What could not be erased at once is erased when the log is opened, however long it went on meanwhile.
#[test]
fn an_erasure_that_failed_is_done_when_the_log_is_opened() {
    let mut failed = 0;
    for operation in 0.. {
        let disk = Disk::default();
        let clock = Arc::new(ManualClock::new());
        let log = options(&clock).open_in(Arc::new(disk.clone())).unwrap();
        let mut told = Told::default();
        for call in 1..=4 {
            told.call(&log, &clock, call).unwrap();
        }
        let begins = disk.operations();
        disk.fail_at(begins + operation, Fault::Fails);
        let erased = log.erase(&EntryFilter::new().call("1"), "asked to");
        let is_over = disk.operations() <= begins + operation;
        disk.fail_at(0, Fault::Fails);
        // Another one that goes well does not stand for it.
        let another = log.erase(&EntryFilter::new().call("2"), "asked to");
        let goes_on = (0..4).all(|_| log.checkpoint().is_ok());
        if erased.is_err() && another.is_ok() && goes_on {
            failed += 1;
        }
        drop(log);
        let log = options(&clock).open_in(Arc::new(disk.clone())).unwrap();
        on_record_as_erased(&disk)
            .into_iter()
            .for_each(|index| assert_erased(&disk, index));
        log.close().unwrap();
        let verified = VerifyOptions::new().verify_in(Arc::new(disk.clone()));
        verified.unwrap();
        if is_over {
            break;
        }
    }
    assert!(failed > 2, "{failed}");
}

/// A thread may die between keeping a payload and recording it, while others go on behind it.
#[test]
fn what_no_entry_refers_to_is_nowhere_once_the_log_was_opened() {
    let disk = Disk::default();
    let clock = Arc::new(ManualClock::new());
    let open = || options(&clock).open_in(Arc::new(disk.clone())).unwrap();
    let mut told = Told::default();
    let orphan = |log: &AuditLog, text: &str| {
        let kind = (PayloadKind::Result, super::PayloadForm::Whole);
        log.payloads.append(kind, text, Duration::ZERO).unwrap();
    };
    let log = open();
    orphan(&log, "first orphan");
    told.call(&log, &clock, 1).unwrap();
    orphan(&log, "second orphan");
    orphan(&log, "third orphan");
    told.call(&log, &clock, 2).unwrap();
    log.close().unwrap();
    drop(log);
    let all: Vec<_> = payloads(&disk);
    drop(open());
    assert!(!disk.holds_synced(b"orphan"));
    assert_eq!(payloads(&disk), all);
    assert!(
        all.iter()
            .all(|(.., payload)| matches!(payload, Payload::Kept(_)))
    );
}

/// A thread may be held up between keeping a payload and recording it, for longer than payloads are kept.
#[test]
fn a_payload_may_expire_before_its_entry_is_there() {
    let disk = Disk::default();
    let clock = Arc::new(ManualClock::new());
    let log = options(&clock).open_in(Arc::new(disk.clone())).unwrap();
    Told::default().call(&log, &clock, 1).unwrap();
    let subject = Subject {
        call: CallId(2),
        session: SessionId(1),
        agent: &AGENT,
        user: None,
        task: None,
        tool: "pay",
    };
    let record = Record {
        at: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
        event: Event::Ended(Ended {
            subject,
            outcome: Outcome::Completed,
            latency: Duration::ZERO,
            audit_level: AuditLevel::Full,
            result: Some(ToolResult {
                size: 4,
                digest: Digest::from([2; 32]),
                text: Some("null"),
            }),
        }),
    };
    let kept = log.keep_payloads(&record).unwrap();
    clock.advance(2 * HOUR);
    log.tick().unwrap();
    let mut text = String::new();
    EntryText::record(&mut text, &record, &kept);
    log.append(&text).unwrap();
    log.close().unwrap();
    drop(log);
    drop(options(&clock).open_in(Arc::new(disk.clone())).unwrap());
    let verified = VerifyOptions::new().verify_in(Arc::new(disk)).unwrap();
    assert_eq!(verified.payloads.expired, 4);
}

#[derive(Debug)]
struct OutOfReach(VerifyingKey);

impl CheckpointSigner for OutOfReach {
    fn key(&self) -> &VerifyingKey {
        &self.0
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError("out of reach".to_owned()))
    }
}

/// Checkpoints that nobody signs are in the log all the same, and mean what others do when it is opened.
#[test]
fn what_a_crash_took_is_on_record_also_where_no_checkpoint_could_be_signed() {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let disk = Disk::default();
    let clock = Arc::new(ManualClock::new());
    let log = options(&clock)
        .signer(OutOfReach(key.parse().unwrap()))
        .open_in(Arc::new(disk.clone()))
        .unwrap();
    Told::default().call(&log, &clock, 1).unwrap();
    for _ in 0..3 {
        assert!(matches!(log.checkpoint(), Err(LogError::Sign(_))));
    }
    log.flush().unwrap();
    for state in disk.crashes_by(STEP) {
        let disk = Disk::new(state);
        let log = options(&clock)
            .accept_loss()
            .open_in(Arc::new(disk.clone()));
        log.unwrap().close().unwrap();
        VerifyOptions::new().verify_in(Arc::new(disk)).unwrap();
    }
}

fn assert_erased(disk: &Disk, index: u64) {
    let mut payloads = Payloads::in_files(Arc::new(disk.clone()));
    read_in(Arc::new(disk.clone()), |entry: &LogEntry<'_>| {
        for payload in entry.payloads().filter(|_| entry.index() == index) {
            let left = payloads.read_at(&payload)?;
            assert!(
                matches!(left, Payload::Erased | Payload::Missing),
                "{left:?}"
            );
        }
        Ok::<_, LogError>(())
    })
    .unwrap();
}

#[test]
fn what_an_entry_says_is_read_back_and_nothing_else_is() {
    let digest = DigestKey::from_bytes(&[3; 32]).text(b'x').finish();
    let place = super::Place {
        volume: u64::MAX,
        offset: 7,
        length: 37,
    };
    let payload = PayloadRef {
        kind: PayloadKind::Context,
        form: super::PayloadForm::Beginning,
        size: 5,
        commitment: digest,
        place,
    };
    let mut written = String::from("{");
    payload.write(&mut written);
    written.push('}');
    let parse = |text: &str| {
        let object = crate::json::parse(text, &Default::default()).unwrap();
        PayloadRef::parse(PayloadKind::Context, object.as_object().unwrap())
    };
    assert_eq!(parse(&written), Some(payload));
    for (from, to) in [
        ("beginning", "end"),
        ("\"bytes\":5", "\"bytes\":5000000"),
        ("\"bytes\":5", "\"bytes\":-5"),
        ("\"at\":7", "\"at\":\"7\""),
        ("context", "arguments"),
        ("commitment\":\"", "commitment\":\"0"),
    ] {
        let other = written.replace(from, to);
        assert_ne!(other, written);
        assert_eq!(parse(&other), None, "{other}");
    }
}
