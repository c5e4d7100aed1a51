//! Who is shut out stays so, through releases that were meant for something else.

use std::sync::{Arc, Mutex, OnceLock};

use portcullis::{
    Event, Guard, Quarantine, Record, RecordError, Recorder, ReleaseError, RingRecorder, Session,
};

use super::Watch;
use crate::support::{AGENT, agent, user};

/// A guard without a monitor, with this list.
pub(super) fn guard_with(list: &Quarantine, recorder: impl Recorder + 'static) -> Guard {
    let builder = Guard::builder().quarantine(list).recorder(recorder);
    builder.build().unwrap()
}

#[test]
fn a_person_ends_only_the_quarantine_that_they_saw() {
    let list = Quarantine::new();
    let guard = guard_with(&list, RingRecorder::new(1));
    let (ann, bob) = (user("ann@example.org"), user("bob@example.org"));
    guard.shut_out(&agent(AGENT), &ann).unwrap();
    let seen = list.of(&agent(AGENT)).unwrap();
    guard.shut_out(&agent(AGENT), &bob).unwrap();
    let renewed = |number| Err(ReleaseError::Renewed { number });
    assert_eq!(guard.release_seen(&seen, &ann), renewed(2));
    // Who does not look at that ends what there is, and is told what it was.
    let release = guard.release(&agent(AGENT), &ann).unwrap();
    assert_eq!(release.quarantine.unwrap().number, 2);
    assert_eq!(
        guard.release_seen(&seen, &ann),
        Err(ReleaseError::NotShutOut)
    );
    guard.shut_out(&agent(AGENT), &ann).unwrap();
    assert_eq!(guard.release_seen(&seen, &ann), renewed(3));
    let seen = list.of(&agent(AGENT)).unwrap();
    assert_eq!(guard.release_seen(&seen, &ann), Ok(()));
    assert!(!list.holds(&agent(AGENT)));
}

/// An agent that misbehaves while it is shut out, in a way that is told anew.
#[test]
fn what_is_new_about_an_agent_renews_its_quarantine() {
    let watch = Watch::new(
        r#"{"agents": [{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 5}], "learned": {"enabled": false},
            "responses": [{"on": ["RATE_ANOMALY", "SCOPE_VIOLATION"], "response": "quarantine", "alone": true}]}"#,
    );
    let (list, session) = (watch.monitor.quarantine(), watch.session());
    let burst = |session: &Session| (0..50).for_each(|_| drop(session.call("read", "{}")));
    session.call("nothing", "{}").unwrap_err();
    let number = || list.of(&agent(AGENT)).unwrap().number;
    assert_eq!(number(), 1);
    burst(&session);
    assert_eq!(number(), 2);
    burst(&session);
    assert_eq!(number(), 2);
    watch.at(700.0);
    burst(&session);
    assert_eq!(number(), 3);
    // It has been shut out since the first.
    let since = list.of(&agent(AGENT)).unwrap().since;
    assert_eq!(since, std::time::SystemTime::UNIX_EPOCH);
}

/// Lays a quarantine while a release is being recorded, and keeps the numbers of both.
#[derive(Debug, Default)]
struct Racing {
    other: OnceLock<Guard>,
    numbers: Mutex<Vec<(&'static str, Option<u64>)>>,
}

impl Recorder for Racing {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        let number = match &record.event {
            Event::Released(released) => {
                if let Some(other) = self.other.get() {
                    other
                        .shut_out(released.agent, &user("bob@example.org"))
                        .unwrap();
                }
                ("released", released.quarantine)
            }
            Event::Responded(responded) => ("responded", responded.quarantine),
            _ => return Ok(()),
        };
        self.numbers.lock().unwrap().push(number);
        Ok(())
    }
}

#[test]
fn a_quarantine_that_is_laid_while_a_release_is_recorded_holds() {
    for is_exact in [false, true] {
        let (list, racing) = (Quarantine::new(), Arc::new(Racing::default()));
        let guard = guard_with(&list, Arc::clone(&racing));
        let ann = user("ann@example.org");
        guard.shut_out(&agent(AGENT), &ann).unwrap();
        let seen = list.of(&agent(AGENT)).unwrap();
        racing
            .other
            .set(guard_with(&list, RingRecorder::new(1)))
            .unwrap();
        let released = match is_exact {
            true => guard.release_seen(&seen, &ann),
            false => guard.release(&agent(AGENT), &ann).map(drop),
        };
        assert_eq!(released, Err(ReleaseError::Renewed { number: 2 }));
        assert!(list.holds(&agent(AGENT)));
        let numbers = racing.numbers.lock().unwrap();
        assert_eq!(*numbers, [("responded", Some(1)), ("released", Some(1))]);
    }
}
