//! What others can lay on an agent holds it back no further than that can be.

use std::sync::{Arc, Mutex};

use portcullis::anomaly::{InteractionStatus, MonitorPolicy};
use portcullis::{Event, Guard, Lint, Record, RecordError, Recorder, Session};

use super::{Watch, guard};
use crate::support::{AGENT, agent};

const DAY: f64 = 86_400.0;
const PLANNER: &str = "spiffe://example.org/agent/planner";
const HELPER: &str = "spiffe://example.org/agent/helper";

/// Keeps what was done to whom, and about what.
#[derive(Debug, Default)]
struct Done(Mutex<Vec<(String, String, Option<String>)>>);

impl Recorder for Done {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        if let Event::Responded(done) = &record.event {
            self.0.lock().unwrap().push((
                done.agent.to_string(),
                done.response.to_owned(),
                done.target.map(str::to_owned),
            ));
        }
        Ok(())
    }
}

struct World {
    watch: Watch,
    done: Arc<Done>,
    guard: Guard,
}

impl World {
    /// The planner and the helper are known for a day, and speak to each other.
    fn new(response: &str) -> Self {
        let watch = Watch::new(&format!(
            r#"{{"resource_classes": {{"files": ["read"]}}, "responses": [{{"on": ["LATERAL_MOVEMENT"], {response}}}]}}"#
        ));
        let done = Arc::new(Done::default());
        let guard = guard(&watch.monitor, Arc::clone(&watch.clock), Arc::clone(&done));
        let world = Self { watch, done, guard };
        world.speak(PLANNER, HELPER);
        world.watch.at(DAY);
        world
    }

    fn session(&self) -> Session {
        self.guard.vouched_session(agent(AGENT)).unwrap()
    }

    fn speak(&self, source: &str, target: &str) {
        let (source, target) = (agent(source), agent(target));
        self.watch
            .spoke(&source, &target, InteractionStatus::Succeeded);
    }

    fn done(&self) -> Vec<(String, String, Option<String>)> {
        self.guard.tick();
        std::mem::take(&mut *self.done.0.lock().unwrap())
    }

    fn may_speak(&self, source: &str, target: &str) -> bool {
        let (source, target) = (agent(source), agent(target));
        self.watch.monitor.check_path(&source, &target).is_ok()
    }
}

const STRICT: [&str; 5] = [
    r#""response": "reauthenticate""#,
    r#""response": "throttle", "calls_per_minute": 1"#,
    r#""response": "revoke""#,
    r#""response": "rotate""#,
    r#""response": "quarantine""#,
];

/// Whoever is asked something decides what it does next. That it goes to what is worth protecting is laid on who asked.
#[test]
fn who_was_asked_gets_nobody_into_trouble() {
    for response in STRICT {
        let world = World::new(response);
        world.speak(PLANNER, AGENT);
        drop(world.session().call("read", "{}").unwrap());
        assert_eq!(world.watch.monitor.counts().told, 1);
        assert_eq!(world.done(), [], "{response}");
    }
}

#[test]
fn a_second_detector_or_the_author_may_say_otherwise() {
    for response in STRICT {
        let world = World::new(&format!(r#"{response}, "alone": true"#));
        world.speak(PLANNER, AGENT);
        drop(world.session().call("read", "{}").unwrap());
        assert_eq!(world.done().len(), 1, "{response}");
        // The planner is refused again and again, at something else.
        let world = World::new(response);
        for number in 0..20 {
            world.watch.at(DAY + f64::from(number));
            let helper = agent(HELPER);
            world
                .watch
                .spoke(&agent(PLANNER), &helper, InteractionStatus::Denied);
        }
        world.speak(PLANNER, AGENT);
        drop(world.session().call("read", "{}").unwrap());
        assert_eq!(world.done().len(), 1, "{response}");
    }
}

/// The step that is new, whoever took it: else an agent could have a path closed that it has no part in.
#[test]
fn only_the_new_step_of_the_path_is_closed() {
    let world = World::new(r#""response": "circuit_break", "for": "1h""#);
    world.speak(PLANNER, HELPER);
    world.speak(HELPER, AGENT);
    drop(world.session().call("read", "{}").unwrap());
    let closed = |source: &str, target: &str| {
        let target = Some(target.to_owned());
        (source.to_owned(), "circuit_break".to_owned(), target)
    };
    let done = world.done();
    assert!(!done.is_empty() && done.iter().all(|it| *it == closed(HELPER, AGENT)));
    assert!(!world.may_speak(HELPER, AGENT));
    assert!(world.may_speak(PLANNER, HELPER) && world.may_speak(PLANNER, AGENT));
    assert!(world.session().may_call("read"));
}

#[test]
fn a_response_that_waits_for_a_second_detector_is_found() {
    let finds = |on: &str, response: &str| {
        let text = format!(
            r#"{{"resource_classes": {{"files": ["read"]}}, "responses": [{{"on": [{on}], {response}}}]}}"#
        );
        let found = MonitorPolicy::from_json(&text).unwrap().lint();
        found.iter().any(|it| it.kind() == Lint::WaitingResponse)
    };
    let moved = r#""LATERAL_MOVEMENT""#;
    for response in STRICT {
        assert!(finds(moved, response), "{response}");
        assert!(finds(r#""LATERAL_MOVEMENT", "CALL_RATE""#, response));
        assert!(!finds(moved, &format!(r#"{response}, "alone": true"#)));
        assert!(!finds(r#""LATERAL_MOVEMENT", "PROBING""#, response));
    }
    assert!(!finds(moved, r#""response": "step_up""#));
    let close = r#""response": "circuit_break""#;
    assert!(!finds(moved, close) && finds(r#""CALL_RATE""#, close));
}
