//! A log from its beginning over several openings.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis::audit::{
    AuditLog, CallbackSink, EntryFilter, FileSink, LogError, Origin, SinkError, VerifyOptions, read,
};
use portcullis::{Args, Call, Code, Refusal, TaskId, ToolName, UserId};
use serde_json::Value;

use super::{Folder, POLICY, guard, kinds, lines, options, origin, session};
use crate::support::{AGENT, agent, agent_policy, call, user_policy};

#[test]
fn every_step_of_a_call_is_an_entry() {
    let folder = Folder::new();
    let log = Arc::new(options().open(folder.log()).unwrap());
    let session = session(&log);
    assert_eq!(call(&session, "look", "{}"), Code::Allowed);
    assert_eq!(call(&session, "pay", r#"{"n": -1}"#), Code::Constraint);
    assert_eq!(call(&session, "pay", "{"), Code::Malformed);
    drop(session.call("pay", r#"{"n": 1}"#).unwrap());
    let failed: Result<(), Refusal> = session.run("look", "{}", |_| {
        Err(session.call("nope", "{}").unwrap_err())
    });
    assert!(failed.is_err());
    session.close();
    log.close().unwrap();
    assert_eq!(
        kinds(&folder.log()),
        [
            "log_opened",
            "policy_loaded",
            "session_opened",
            "decided look",
            "executing look",
            "completed look",
            "decided pay",
            "decided pay",
            "decided pay",
            "abandoned pay",
            "decided look",
            "executing look",
            "decided nope",
            "failed look",
            "session_closed",
            "log_closed",
        ]
    );
    let verified = VerifyOptions::new()
        .origin(origin())
        .verify(folder.log())
        .unwrap();
    assert_eq!(
        (verified.head.size, verified.covered, verified.torn),
        (16, 16, 0)
    );
    assert_eq!(verified.head, log.head());
}

#[test]
fn an_entry_says_who_called_what_and_which_rule_decided() {
    let folder = Folder::new();
    let log = Arc::new(options().open(folder.log()).unwrap());
    let guard = portcullis::Guard::builder()
        .policies([agent_policy(POLICY), user_policy(r#"ann \"x\""#, POLICY)])
        .recorder(Arc::clone(&log))
        .build()
        .unwrap();
    let session = guard
        .vouched_session(agent(AGENT))
        .unwrap()
        .on_behalf_of(UserId::parse("ann \"x\"").unwrap());
    assert_eq!(
        call(&session, "pay", r#"{"n": 5, "to": "s3cr3t"}"#),
        Code::UnexpectedParameter
    );
    assert_eq!(call(&session, "pay", r#"{"n": 5}"#), Code::Allowed);
    let untasked = session.task(TaskId::parse("t").unwrap());
    assert_eq!(call(&untasked, "pay", r#"{"n": 5}"#), Code::Identity);
    log.flush().unwrap();
    let lines = lines(&folder.log());
    let entries: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let decided: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry["type"] == "decided")
        .collect();
    let [denied, allowed, identity] = decided[..] else {
        panic!("{lines:?}")
    };
    for entry in &decided {
        assert_eq!(entry["agent"], AGENT);
        assert_eq!(entry["user"], "ann \"x\"");
        assert_eq!(entry["tool"], "pay");
        assert_eq!(entry["session"], "1");
        assert_eq!(entry["policy"], guard.version().digest.to_string());
        assert_eq!(entry["epoch"], 1);
    }
    assert_eq!(
        (&denied["decision"], &denied["code"]),
        (&"deny".into(), &"unexpected_parameter".into())
    );
    assert_eq!(denied["rule"]["agent_id"], AGENT);
    assert_eq!(denied["rule"]["tool_name"], "pay");
    assert_eq!(denied["rule"]["index"], 1);
    assert_eq!(identity["task"], "t");
    let asked = Call::new(
        ToolName::parse("pay").unwrap(),
        Args::parse(r#"{"n": 5}"#).unwrap(),
    );
    assert_eq!(allowed["digest"], guard.recorded_digest(&asked).to_string());
    assert_ne!(allowed["digest"], asked.digest().to_string());
    assert!(lines.iter().all(|line| !line.contains("s3cr3t")));
    for (number, entry) in entries.iter().enumerate() {
        assert_eq!(entry["seq"], number);
    }
}

#[test]
fn names_that_are_none_stay_on_their_line() {
    let folder = Folder::new();
    let log = Arc::new(options().open(folder.log()).unwrap());
    let session = session(&log);
    for tool in ["a\"b\\c", "x\u{1b}[2J\n\u{202e}", &"n".repeat(1 << 20), ""] {
        assert_eq!(call(&session, tool, "{}"), Code::Malformed);
    }
    log.close().unwrap();
    VerifyOptions::new().verify(folder.log()).unwrap();
    let lines = lines(&folder.log());
    for line in &lines {
        assert!(
            line.len() < 1000 && !line.chars().any(char::is_control),
            "{line}"
        );
    }
    assert!(
        lines
            .iter()
            .any(|line| line.contains(r#""tool":"a\"b\\c""#)),
        "{lines:?}"
    );
}

#[test]
fn a_log_goes_on_where_it_ended() {
    let folder = Folder::new();
    let asked = Call::new(ToolName::parse("look").unwrap(), Args::empty());
    let mut digests = Vec::new();
    let mut heads = Vec::new();
    for _ in 0..3 {
        let log = Arc::new(options().open(folder.log()).unwrap());
        let session = session(&log);
        assert_eq!(call(&session, "look", "{}"), Code::Allowed);
        digests.push(session.guard().recorded_digest(&asked));
        drop(session);
        heads.push(log.close().unwrap());
        drop(log);
    }
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]));
    let options = heads.iter().fold(VerifyOptions::new(), |options, head| {
        options.kept(head.clone())
    });
    let verified = options.verify(folder.log()).unwrap();
    assert_eq!(verified.kept, 3);
    let opened = kinds(&folder.log())
        .iter()
        .filter(|kind| *kind == "log_opened")
        .count();
    assert_eq!(opened, 3);
    // Nothing was left open.
    assert!(
        !kinds(&folder.log())
            .iter()
            .any(|kind| kind.starts_with("unknown"))
    );

    let other = AuditLog::options(Origin::parse("example.org/other").unwrap());
    let error = other.open(folder.log()).unwrap_err();
    assert!(matches!(error, LogError::WrongOrigin { .. }), "{error}");
}

#[test]
fn a_log_has_one_writer() {
    let folder = Folder::new();
    let log = options().open(folder.log()).unwrap();
    let error = options().open(folder.log()).unwrap_err();
    assert!(matches!(error, LogError::InUse { .. }), "{error}");
    // Readers are welcome meanwhile.
    VerifyOptions::new().verify(folder.log()).unwrap();
    drop(log);
    options().open(folder.log()).unwrap();
}

#[test]
fn what_cannot_be_a_log_is_an_error() {
    let folder = Folder::new();
    let file = folder.path().join("file");
    fs::write(&file, "no directory").unwrap();
    assert!(matches!(options().open(&file), Err(LogError::Storage(_))));
    assert!(matches!(
        VerifyOptions::new().verify(&file),
        Err(LogError::Storage(_))
    ));
    assert!(
        VerifyOptions::new()
            .verify(folder.path().join("absent"))
            .is_err()
    );
    // A key of the wrong length is not filled up.
    options().open(folder.log()).unwrap();
    fs::write(folder.log().join("digest-key"), [0; 31]).unwrap();
    let error = options().open(folder.log()).unwrap_err();
    assert!(
        error.to_string().contains("does not hold 32 bytes"),
        "{error}"
    );
}

#[test]
fn checkpoints_come_by_number_by_tick_and_at_the_end() {
    let folder = Folder::new();
    let kept: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let sink = Arc::clone(&kept);
    let file = folder.path().join("checkpoint");
    let log = options()
        .checkpoint_every(10)
        .sink(CallbackSink::new(move |text: &str| {
            sink.lock().unwrap().push(text.to_owned());
            Ok(())
        }))
        .sink(FileSink::new(&file))
        .open(folder.log())
        .unwrap();
    let log = Arc::new(log);
    let guard = guard(&log);
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    for _ in 0..10 {
        call(&session, "look", "{}");
    }
    let sizes = || -> Vec<u64> {
        let kept = kept.lock().unwrap();
        let size = |text: &String| text.lines().nth(1).unwrap().parse().unwrap();
        kept.iter().map(size).collect()
    };
    assert_eq!(sizes(), [10, 20, 30]);
    guard.tick();
    guard.tick();
    assert_eq!(sizes(), [10, 20, 30, 33]);
    drop((guard, session));
    drop(log);
    assert_eq!(sizes().last(), Some(&33));
    let last = fs::read_to_string(&file).unwrap();
    assert_eq!(kept.lock().unwrap().last(), Some(&last));
    let verified = VerifyOptions::new()
        .kept(last.parse().unwrap())
        .verify(folder.log())
        .unwrap();
    assert_eq!((verified.checkpoints, verified.kept), (4, 1));
}

#[test]
fn a_sink_that_fails_stops_no_call_and_goes_on_record() {
    let folder = Folder::new();
    let fails = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&fails);
    let log = options()
        .checkpoint_every(5)
        .sink(CallbackSink::new(move |_: &str| {
            match switch.load(Ordering::SeqCst) {
                true => Err(SinkError("out of\nreach".to_owned())),
                false => Ok(()),
            }
        }))
        .open(folder.log())
        .unwrap();
    let log = Arc::new(log);
    let session = session(&log);
    for _ in 0..5 {
        assert_eq!(call(&session, "pay", r#"{"n": 1}"#), Code::Allowed);
    }
    fails.store(false, Ordering::SeqCst);
    log.close().unwrap();
    assert!(kinds(&folder.log()).contains(&"checkpoint_not_kept".to_owned()));
    assert!(
        lines(&folder.log())
            .iter()
            .any(|line| line.contains(r"out of\\u{a}reach"))
    );
    VerifyOptions::new().verify(folder.log()).unwrap();
}

#[test]
fn entries_are_found_by_what_they_say() {
    let folder = Folder::new();
    let log = Arc::new(options().open(folder.log()).unwrap());
    let session = session(&log);
    for n in 0..6 {
        call(&session, "pay", format!(r#"{{"n": {}}}"#, n - 2).as_str());
        call(&session, "look", "{}");
    }
    let count = |filter: EntryFilter| {
        let mut count = 0;
        read(folder.log(), |entry| {
            count += usize::from(filter.matches(entry));
            Ok::<_, LogError>(())
        })
        .unwrap();
        count
    };
    log.checkpoint().unwrap();
    let filter = EntryFilter::new;
    assert_eq!(count(filter().tool("pay").kind("decided")), 6);
    assert_eq!(count(filter().tool("pay").decision("deny")), 2);
    assert_eq!(
        count(filter().agent(AGENT).session("1").decision("allow")),
        10
    );
    assert_eq!(count(filter().agent("spiffe://example.org/b")), 0);
    assert_eq!(count(filter().user("ann")), 0);
    assert_eq!(
        count(filter().since(std::time::Duration::from_secs(1 << 40))),
        0
    );
    let all = count(filter());
    assert_eq!(
        count(filter().until(std::time::Duration::from_secs(1 << 40))),
        all
    );
}

/// What the host has given may panic, and a failed checkpoint does not undo what is recorded.
#[test]
fn a_sink_that_panics_stops_no_call() {
    let folder = Folder::new();
    let log = options()
        .checkpoint_every(2)
        .sink(CallbackSink::new(|_: &str| panic!("a sink that panics")))
        .open(folder.log())
        .unwrap();
    let log = Arc::new(log);
    let session = session(&log);
    for _ in 0..5 {
        assert_eq!(call(&session, "pay", r#"{"n": 1}"#), Code::Allowed);
    }
    session.guard().tick();
    assert!(!session.guard().is_poisoned());
    log.close().unwrap();
    assert!(kinds(&folder.log()).contains(&"checkpoint_not_kept".to_owned()));
    VerifyOptions::new().verify(folder.log()).unwrap();
}

/// A permit that a thread drops as it ends, when its memory for entries may be gone.
#[test]
fn a_permit_dropped_at_the_end_of_its_thread_is_recorded() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<portcullis::Permit>> = const { std::cell::RefCell::new(None) };
    }
    let folder = Folder::new();
    let log = Arc::new(options().open(folder.log()).unwrap());
    let session = session(&log);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Registered before the log has used memory of this thread, and so dropped after that.
            KEPT.with_borrow_mut(|kept| *kept = None);
            let permit = session.call("pay", r#"{"n": 1}"#).unwrap();
            KEPT.with_borrow_mut(|kept| *kept = Some(permit));
        });
    });
    // The scope ends before the thread's memory does.
    for _ in 0..200 {
        log.flush().unwrap();
        if kinds(&folder.log())
            .last()
            .is_some_and(|kind| kind == "abandoned pay")
        {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(kinds(&folder.log()).last().unwrap(), "abandoned pay");
    assert!(!session.guard().is_poisoned());
}

/// A visitor's own error comes back as it is, and reading stops there.
#[test]
fn a_reader_may_stop() {
    #[derive(Debug, PartialEq)]
    enum Stop {
        Here(u64),
        Log(String),
    }
    impl From<LogError> for Stop {
        fn from(error: LogError) -> Self {
            Self::Log(error.to_string())
        }
    }
    let folder = Folder::new();
    options().open(folder.log()).unwrap().close().unwrap();
    let stopped = read(folder.log(), |entry| Err(Stop::Here(entry.index())));
    assert_eq!(stopped, Err(Stop::Here(0)));
    let absent = read(folder.path().join("absent"), |_| Ok::<_, Stop>(()));
    assert!(matches!(absent, Err(Stop::Log(_))));
}

#[test]
fn threads_share_a_log() {
    let folder = Folder::new();
    let log = Arc::new(options().checkpoint_every(7).open(folder.log()).unwrap());
    let guard = guard(&log);
    const CALLS: usize = 50;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let session = guard.vouched_session(agent(AGENT)).unwrap();
                for n in 0..CALLS {
                    let args = format!(r#"{{"n": {n}}}"#);
                    assert_eq!(call(&session, "pay", args.as_str()), Code::Allowed);
                    assert_eq!(call(&session, "look", "{}"), Code::Allowed);
                }
            });
        }
    });
    log.close().unwrap();
    let verified = VerifyOptions::new().verify(folder.log()).unwrap();
    // The opening and the closing of the log, the policy, the sessions; and three entries a call.
    assert_eq!(verified.head.size, 3 + 8 + (8 * 2 * CALLS * 3) as u64);
    assert_eq!(verified.covered, verified.head.size);
}
