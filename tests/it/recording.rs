//! What is written down: before the call and after it, once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::time::{Duration, SystemTime};

use portcullis::{
    BuildError, Clock, Code, Effect, Guard, ManualClock, Outcome, RecordedEvent, Refusal,
    RefusalKind, RingRecorder, Session, guard,
};

use crate::support::{
    AGENT, Gate, Trace, What, agent, agent_policy, allowed, block_on, call, pause, refusal, secs,
};

const TWO: &str = r#"[{"tool_name": "t", "max_calls_per_minute": 2}]"#;

#[test]
fn what_is_not_recorded_does_not_run() {
    let gate = Gate::new(TWO);
    let session = gate.session();
    gate.log.refuse_decisions.store(true, Ordering::SeqCst);
    for _ in 0..10 {
        let refused = refusal(&session, "t", "{}");
        assert_eq!(
            (refused.code(), refused.kind()),
            (Code::Fault, RefusalKind::Fault)
        );
        assert!(refused.for_operator().contains("the disk is full"));
        assert_eq!(
            refused.to_string(),
            "Refused: the policy check could not be completed. Do not retry this call."
        );
        assert_eq!(session.call("t", "{}").unwrap_err().code(), Code::Fault);
        assert_eq!(call(&session, "x", "{}"), Code::Fault);
        assert_eq!(call(&session, "t", "{"), Code::Fault);
    }
    gate.log.refuse_decisions.store(false, Ordering::SeqCst);
    assert!(!gate.guard.is_poisoned());
    assert_eq!(
        allowed(&session, "t", "{}", 5),
        2,
        "the places were given back"
    );
}

#[test]
fn an_outcome_that_is_lost_stops_what_follows() {
    let gate = Gate::new(TWO);
    let session = gate.session();
    let waiting = session.call("t", "{}").unwrap();
    gate.log.refuse_ends.store(true, Ordering::SeqCst);
    let result = session.run("t", "{}", |_| Ok::<_, Refusal>(42));
    assert_eq!(result.unwrap(), 42, "what the tool did is done");
    gate.log.refuse_ends.store(false, Ordering::SeqCst);
    assert!(gate.guard.is_poisoned());
    crate::gate::assert_not_run(waiting, Code::Fault);
    let other = gate
        .guard
        .vouched_session(agent("spiffe://example.org/agent/b"))
        .unwrap();
    for refused in [
        refusal(&session, "t", "{}"),
        refusal(&session, "t", "{"),
        refusal(&other, "x", "{}"),
    ] {
        assert_eq!(
            (refused.code(), refused.kind(), refused.retry_after()),
            (Code::Fault, RefusalKind::Fault, None)
        );
    }
    assert_eq!(gate.log.decisions().len(), 2);
}

#[test]
fn a_guard_begins_with_a_record() {
    let log = Arc::new(Trace::default());
    log.refuse_loads.store(true, Ordering::SeqCst);
    let error = Guard::builder()
        .recorder(Arc::clone(&log))
        .build()
        .unwrap_err();
    assert!(matches!(error, BuildError::Record(_)));
    assert!(matches!(
        Guard::builder().build().unwrap_err(),
        BuildError::NoRecorder
    ));
}

#[test]
fn every_end_has_its_outcome() {
    let gate = Gate::new(r#"[{"tool_name": "t", "effect": "read"}]"#);
    let session = gate.session();
    let failed = session.run("t", "{}", |_| Err::<(), Failure>(Failure::OfTool));
    assert!(matches!(failed, Err(Failure::OfTool)));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _: Result<(), Refusal> =
            session.run("t", "{}", |_| std::panic::resume_unwind(Box::new(5)));
    }));
    assert!(panicked.is_err());
    let permit = session.call("t", "{}").unwrap();
    gate.at(secs(3));
    {
        let mut running = pin!(permit.run_async(async |_| {
            pause().await;
            Ok::<(), Refusal>(())
        }));
        assert!(
            running
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    let panicking = session.run_async("t", "{}", async |_| -> Result<(), Refusal> {
        pause().await;
        std::panic::resume_unwind(Box::new(5))
    });
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(panicking))).is_err());
    assert_eq!(
        gate.log.outcomes(),
        [
            Outcome::Failed,
            Outcome::Panicked,
            Outcome::Cancelled,
            Outcome::Panicked
        ]
    );
    let latencies = gate
        .log
        .entries()
        .into_iter()
        .filter_map(|entry| match entry.what {
            What::Ended(_, latency) => Some(latency.as_secs()),
            _ => None,
        });
    assert_eq!(latencies.collect::<Vec<_>>(), [0, 0, 3, 0]);
    assert!(
        gate.log
            .decisions()
            .iter()
            .all(|decision| decision.effect == Effect::Read)
    );
    assert_eq!(
        call(&session, "t", "{}"),
        Code::Allowed,
        "none of it stops the guard"
    );
}

#[derive(Debug)]
enum Failure {
    OfTool,
    #[allow(dead_code, reason = "only converted into")]
    Refused(Refusal),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

#[guard]
fn pay(session: &Session, eur: u32) -> Result<u32, Refusal> {
    Ok(eur + 1)
}

#[derive(Debug, Default)]
struct Counting {
    monotonic: AtomicU32,
    wall: AtomicU32,
}

impl Counting {
    fn take(&self) -> (u32, u32) {
        (
            self.monotonic.swap(0, Ordering::SeqCst),
            self.wall.swap(0, Ordering::SeqCst),
        )
    }
}

impl Clock for Counting {
    fn monotonic(&self) -> Duration {
        self.monotonic.fetch_add(1, Ordering::SeqCst);
        secs(1)
    }

    fn wall(&self) -> SystemTime {
        self.wall.fetch_add(1, Ordering::SeqCst);
        SystemTime::UNIX_EPOCH + secs(1000)
    }
}

#[test]
fn a_call_reads_the_clock_once_a_step() {
    let (clock, log) = (Arc::new(Counting::default()), Arc::new(Trace::default()));
    let policy = agent_policy(
        r#"[{"tool_name": "*", "budgets": [{"sum": "eur", "at_most": 1000, "per": "1h"}]}]"#,
    );
    let guard = Guard::builder()
        .policy(policy)
        .clock(Arc::clone(&clock))
        .recorder(Arc::clone(&log))
        .build()
        .unwrap();
    let session = guard
        .vouched_session(agent(AGENT))
        .unwrap()
        .expires_in(secs(5));
    clock.take();
    session
        .run("t", r#"{"eur": 1}"#, |_| Ok::<(), Refusal>(()))
        .unwrap();
    assert_eq!(
        clock.take(),
        (3, 0),
        "one for the decision, one once the beginning was recorded, one for the end"
    );
    assert_eq!(pay(&session, 3).unwrap(), 4);
    assert_eq!(clock.take(), (3, 0));
    block_on(session.run_async("t", r#"{"eur": 1}"#, async |_| Ok::<(), Refusal>(()))).unwrap();
    assert_eq!(clock.take(), (3, 0));
    refusal(&session, "t", "{}");
    assert_eq!(clock.take(), (1, 0));
    refusal(&session, "t", "{");
    assert_eq!(clock.take(), (1, 0));
    drop(session.call("t", r#"{"eur": 1}"#).unwrap());
    assert_eq!(clock.take(), (2, 0));
    guard.tick();
    assert_eq!(clock.take().1, 1);
    assert!(
        log.entries()
            .iter()
            .all(|entry| entry.wall == SystemTime::UNIX_EPOCH + secs(1000))
    );
    assert!(log.entries().iter().all(|entry| entry.at == secs(1)));
}

#[test]
fn the_ring_keeps_the_last_records_and_little_of_each() {
    let (clock, ring) = (Arc::new(ManualClock::new()), Arc::new(RingRecorder::new(4)));
    let policy = agent_policy(
        r#"[{"tool_name": "t", "audit_level": "full", "max_calls_per_minute": 1000}]"#,
    );
    let guard = Guard::builder()
        .policy(policy)
        .clock(Arc::clone(&clock))
        .recorder(Arc::clone(&ring))
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    let filler = "x".repeat((1 << 20) - 100);
    for size in 0..8 {
        clock.advance(secs(1));
        assert_eq!(
            call(
                &session,
                "t",
                format!(r#"{{"n": {size}, "filler": "{filler}"}}"#).as_str()
            ),
            Code::Allowed
        );
    }
    let records = ring.records();
    assert_eq!(
        records
            .iter()
            .map(|record| record.at.as_secs())
            .collect::<Vec<_>>(),
        [7, 7, 8, 8]
    );
    assert!(
        records.iter().all(|record| record.arguments.len() < 100),
        "{:?}",
        records[0].arguments
    );
    assert!(matches!(
        records[3].event,
        RecordedEvent::Ended(Outcome::Completed, _)
    ));
    assert_eq!(records[2].call, records[3].call);
    let hostile = format!("t\u{1b}[2J\n{}", "y".repeat(1 << 20));
    refusal(&session, &hostile, "{}");
    let last = ring.records().pop().unwrap();
    assert!(
        last.tool.len() < 400 && last.to_string().lines().count() == 1,
        "{last}"
    );
    assert_eq!(RingRecorder::new(0).records().len(), 0);
}

/// The kinds of records in their order, of one session.
#[derive(Debug, Default)]
struct Kinds(std::sync::Mutex<Vec<String>>);

impl portcullis::Recorder for Kinds {
    fn record(&self, record: &portcullis::Record<'_>) -> Result<(), portcullis::RecordError> {
        use portcullis::Event;
        let kind = match record.event {
            Event::SessionOpened(opened) => format!("opened {}", opened.session),
            Event::Decided(decided) => format!("{} {}", decided.verdict, decided.subject.session),
            Event::Executing(executing) => format!(
                "executing {} {}",
                executing.effect.as_str(),
                executing.subject.session
            ),
            Event::Ended(ended) => format!("{} {}", ended.outcome.as_str(), ended.subject.session),
            Event::SessionClosed(closed) => format!("closed {}", closed.session),
            Event::PolicyLoaded { .. } => return Ok(()),
            _ => "a kind that this test does not know".to_owned(),
        };
        self.0.lock().unwrap().push(kind);
        Ok(())
    }
}

#[test]
fn a_call_is_recorded_before_it_runs_and_a_session_from_end_to_end() {
    let kinds = std::sync::Arc::new(Kinds::default());
    let guard = portcullis::Guard::builder()
        .policy(agent_policy(
            r#"[{"tool_name": "look", "effect": "read"}, {"tool_name": "pay"}]"#,
        ))
        .recorder(std::sync::Arc::clone(&kinds))
        .build()
        .unwrap();
    let told = || std::mem::take(&mut *kinds.0.lock().unwrap());
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    assert_eq!(session.id().to_string(), "1");
    assert_eq!(told(), ["opened 1"]);
    let ran: Result<(), Refusal> = session.run("look", "{}", |_| {
        assert_eq!(told(), ["allow 1", "executing read 1"]);
        Ok(())
    });
    ran.unwrap();
    assert_eq!(told(), ["completed 1"]);
    let permit = session.call("pay", "{}").unwrap();
    assert_eq!(told(), ["allow 1"]);
    let ran: Result<(), Refusal> = permit.run(|_| {
        assert_eq!(told(), ["executing write 1"]);
        Ok(())
    });
    ran.unwrap();
    drop(session.call("pay", "{}").unwrap());
    assert_eq!(told(), ["completed 1", "allow 1", "abandoned 1"]);
    let other = guard.vouched_session(agent(AGENT)).unwrap();
    let narrowed = other.clone().task(crate::support::task("t"));
    assert_eq!(narrowed.id(), other.id());
    session.close();
    session.close();
    drop(refusal(&session, "pay", "{}"));
    assert_eq!(told(), ["opened 2", "closed 1", "deny 1"]);
}

#[test]
fn a_call_whose_start_cannot_be_recorded_does_not_run_and_costs_nothing() {
    let gate = Gate::new(r#"[{"tool_name": "pay", "max_calls_per_minute": 1}]"#);
    let session = gate.session();
    let permit = session.call("pay", "{}").unwrap();
    gate.log
        .refuse_starts
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let ran: Result<(), Refusal> = permit.run(|_| panic!("it ran"));
    assert_eq!(ran.unwrap_err().code(), Code::Fault);
    // The place was given back each time, or the limit would be the reason.
    assert_eq!(refusal(&session, "pay", "{}").code(), Code::Fault);
    assert_eq!(
        gate.log.outcomes(),
        [Outcome::Refused(Code::Fault), Outcome::Refused(Code::Fault)]
    );
    gate.log
        .refuse_starts
        .store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(call(&session, "pay", "{}"), Code::Allowed);
    assert_eq!(call(&session, "pay", "{}"), Code::Limit);
}

/// Does something while a beginning is being recorded, as a slow disk would give others the time to.
struct Meanwhile<F>(F);

impl<F> std::fmt::Debug for Meanwhile<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl<F: Fn() + Send + Sync> portcullis::Recorder for Meanwhile<F> {
    fn record(&self, record: &portcullis::Record<'_>) -> Result<(), portcullis::RecordError> {
        if matches!(record.event, portcullis::Event::Executing(_)) {
            (self.0)();
        }
        Ok(())
    }
}

/// The code of a call during the recording of whose beginning this happens.
fn while_it_is_recorded(act: impl Fn(&Guard, &ManualClock) + Send + Sync + 'static) -> Vec<Code> {
    let clock = Arc::new(ManualClock::new());
    let slot: Arc<std::sync::OnceLock<Guard>> = Arc::default();
    let (shared, time) = (Arc::clone(&slot), Arc::clone(&clock));
    let act = move || {
        if let Some(guard) = shared.get() {
            act(guard, &time);
        }
    };
    let guard = Guard::builder()
        .policy(agent_policy(r#"[{"tool_name": "t", "effect": "read"}]"#))
        .recorder(Meanwhile(act))
        .clock(Arc::clone(&clock))
        .build()
        .unwrap();
    slot.set(guard.clone()).unwrap();
    let session = guard
        .vouched_session(agent(AGENT))
        .unwrap()
        .expires_in(secs(3600));
    let at_once = call(&session, "t", "{}");
    let permit = session.call("t", "{}");
    let permitted = permit.map_or_else(
        |refusal| refusal.code(),
        |permit| match permit.run(|_| Ok::<(), Refusal>(())) {
            Ok(()) => Code::Allowed,
            Err(refusal) => refusal.code(),
        },
    );
    vec![at_once, permitted]
}

#[test]
fn what_changes_while_a_beginning_is_recorded_still_counts() {
    assert_eq!(while_it_is_recorded(|_, _| {}), [Code::Allowed; 2]);
    let swapped = |permissions: &'static str| {
        move |guard: &Guard, _: &ManualClock| {
            guard.swap([agent_policy(permissions)]).unwrap();
        }
    };
    assert_eq!(while_it_is_recorded(swapped("[]")), [Code::UnknownTool; 2]);
    let asks = r#"[{"tool_name": "t", "requires_human_approval": true}]"#;
    assert_eq!(
        while_it_is_recorded(swapped(asks)),
        [Code::ApprovalRequired; 2]
    );
    // Recorded as a read, which need not be durable; now it is to be a write.
    let codes = while_it_is_recorded(swapped(r#"[{"tool_name": "t"}]"#));
    assert_eq!(codes[0], Code::Fault);
    let lapsed = while_it_is_recorded(|_, clock| clock.advance(secs(6)));
    assert_eq!(lapsed, [Code::Lapsed; 2]);
    let expired = while_it_is_recorded(|_, clock| clock.advance(secs(4000)));
    assert!(
        expired
            .iter()
            .all(|code| matches!(code, Code::Lapsed | Code::Identity)),
        "{expired:?}"
    );
}
