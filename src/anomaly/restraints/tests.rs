use super::*;
use crate::anomaly::policy::MonitorPolicy;

fn agent(number: usize) -> AgentId {
    AgentId::parse(&format!("spiffe://example.org/{number}")).unwrap()
}

fn rule(response: &str) -> ResponseRule {
    let text = format!(r#"{{"responses": [{{"on": ["LOOP"], {response}}}]}}"#);
    let policy = MonitorPolicy::from_json(&text).unwrap();
    policy.responses()[0].clone()
}

fn asked(agent: &AgentId, endings: u64, second: u32) -> Asked<'_> {
    Asked {
        agent,
        endings,
        tag: 1,
        call: Some(1),
        second,
    }
}

/// Whoever has many agents held back must not free one, nor shut out those who did nothing.
#[test]
fn where_there_is_no_room_all_others_are_asked_and_nobody_is_freed() {
    let restraints = Restraints::default();
    let throttle = rule(r#""response": "throttle", "calls_per_minute": 1, "for": "10s""#);
    for number in 0..=MOST_AGENTS {
        assert!(restraints.apply(&agent(number), &throttle, AlertKind::Loop, None, 0));
    }
    let (first, one_more, other) = (agent(0), agent(MOST_AGENTS), agent(MOST_AGENTS + 1));
    assert!(restraints.admit(asked(&first, 0, 5)).is_ok());
    assert!(restraints.admit(asked(&first, 0, 5)).is_err());
    for stepped_up in [&one_more, &other] {
        let ask = restraints.check(asked(stepped_up, 0, 5)).unwrap();
        assert_eq!(ask.unwrap().code(), Code::Anomaly);
    }
    // What is over makes room, and is over for all.
    assert!(restraints.apply(&other, &throttle, AlertKind::Loop, None, 10));
    assert!(restraints.check(asked(&other, 0, 10)).unwrap().is_none());
    assert!(restraints.admit(asked(&other, 0, 10)).is_ok());
    assert!(restraints.admit(asked(&other, 0, 10)).is_err());
    assert!(restraints.admit(asked(&first, 0, 10)).is_ok());
    restraints.tidy(20);
    assert!((0..MOST_AGENTS + 2).all(|number| !restraints.may_hold(&agent(number))));
}

#[test]
fn ended_sessions_of_one_become_those_of_all_before_one_is_freed() {
    let restraints = Restraints::default();
    let end = rule(r#""response": "reauthenticate""#);
    let before = restraints.endings();
    for number in 0..MOST_AGENTS {
        restraints.apply(&agent(number), &end, AlertKind::Loop, None, 0);
    }
    let other = agent(MOST_AGENTS);
    assert!(restraints.check(asked(&other, before, 0)).is_ok());
    restraints.apply(&other, &end, AlertKind::Loop, None, 0);
    let (first, late) = (agent(0), restraints.endings());
    for (agent, endings, is_fine) in [
        (&first, before, false),
        (&first, late, true),
        (&other, before, false),
        (&other, late, true),
    ] {
        assert_eq!(restraints.check(asked(agent, endings, 1)).is_ok(), is_fine);
    }
}

/// Many tools of one agent: from one on all of them are closed, and none is opened by that.
#[test]
fn one_breaker_too_many_closes_everything() {
    let restraints = Restraints::default();
    let close = rule(r#""response": "circuit_break", "for": "60s""#);
    let one = agent(0);
    let asks = |tag| {
        let asked = Asked {
            tag,
            ..asked(&one, 0, 0)
        };
        restraints.check(asked).is_ok()
    };
    for tag in 0..16 {
        assert!(restraints.apply(&one, &close, AlertKind::Loop, Some(tag), 0));
        assert!(!asks(tag) && asks(100));
    }
    assert!(restraints.apply(&one, &close, AlertKind::Loop, Some(16), 0));
    assert!((0..200).all(|tag| !asks(tag)));
    assert!(restraints.release(&one) && asks(0));
    assert!(!restraints.release(&one));
}

/// What holds all others back holds one of them back also when it gets a room of its own, by misbehaving once more.
#[test]
fn who_gets_room_is_freed_of_nothing() {
    let restraints = Restraints::default();
    let throttle = rule(r#""response": "throttle", "calls_per_minute": 1, "for": "10s""#);
    for number in 0..MOST_AGENTS {
        restraints.apply(&agent(number), &throttle, AlertKind::Loop, None, 0);
    }
    let other = agent(MOST_AGENTS);
    let ask = rule(r#""response": "step_up", "for": "10m""#);
    assert!(restraints.apply(&other, &ask, AlertKind::Loop, None, 0));
    let end = rule(r#""response": "reauthenticate""#);
    assert!(restraints.apply(&other, &end, AlertKind::Loop, None, 20));
    let late = restraints.endings();
    let is_asked = |second| {
        let checked = restraints.check(asked(&other, late, second));
        checked.unwrap().is_some()
    };
    assert!(is_asked(599) && !is_asked(600));
    // Until a person lets it go.
    assert!(restraints.release(&other) && !is_asked(599));
}

/// Whoever withdrew the credentials of one agent did not withdraw those of all.
#[test]
fn only_whose_credentials_were_withdrawn_is_told_so() {
    let restraints = Restraints::default();
    let revoke = rule(r#""response": "revoke""#);
    for number in 0..=MOST_AGENTS {
        restraints.apply(&agent(number), &revoke, AlertKind::Loop, None, 0);
    }
    let code = |number| {
        let refused = restraints.check(asked(&agent(number), 0, 1));
        refused.unwrap_err().code()
    };
    assert_eq!(code(MOST_AGENTS), Code::Revoked);
    assert_eq!(code(MOST_AGENTS + 1), Code::Identity);
}

/// Or whoever has a tool closed for long would have one more closed for a short time.
#[test]
fn what_closes_everything_lasts_as_long_as_what_it_takes_the_place_of() {
    let restraints = Restraints::default();
    let one = agent(0);
    let close = |lasts: &str, tag, second| {
        let rule = rule(&format!(r#""response": "circuit_break", "for": "{lasts}""#));
        restraints.apply(&one, &rule, AlertKind::Loop, Some(tag), second);
    };
    (0..16).for_each(|tag| close("1h", tag, 0));
    close("1s", 16, 10);
    let is_open = |second| restraints.check(asked(&one, 0, second)).is_ok();
    assert!(!is_open(11) && !is_open(3599) && is_open(3600));
    restraints.admit(asked(&one, 0, 3600)).unwrap();
    restraints.ended(&one, 1, Some(false), 3601);
    assert!(!is_open(3601 + 7199) && is_open(3601 + 7200));
}

/// Others come and go at the same places of the sieve, and whatever is over is let go of meanwhile.
#[test]
fn nobody_who_is_held_back_is_passed_over_meanwhile() {
    let restraints = Restraints::default();
    let (long, short) = (
        rule(r#""response": "step_up", "for": "7d""#),
        rule(r#""response": "step_up", "for": "1s""#),
    );
    let one = agent(0);
    assert!(restraints.apply(&one, &long, AlertKind::Loop, None, 0));
    std::thread::scope(|scope| {
        let threads = (0..2_u32).map(|thread| {
            let (restraints, short) = (&restraints, &short);
            scope.spawn(move || {
                for second in 1..300 {
                    for number in 1..20 {
                        let other = agent(number);
                        restraints.apply(&other, short, AlertKind::Loop, None, second);
                        if thread == 0 {
                            restraints.release(&other);
                        }
                    }
                    restraints.tidy(second + 1);
                }
            })
        });
        let threads: Vec<_> = threads.collect();
        while !threads.iter().all(|thread| thread.is_finished()) {
            assert!(restraints.may_hold(&one));
            assert!(restraints.check(asked(&one, 0, 1)).unwrap().is_some());
        }
    });
    restraints.tidy(1000);
    assert!((1..20).all(|number| !restraints.held.read().agents.contains_key(&agent(number))));
    assert!(restraints.may_hold(&one));
}

/// What is written down reads back, and what could not have been written does not.
#[test]
fn only_what_can_be_held_is_read() {
    let restraints = Restraints::default();
    let throttle = rule(r#""response": "throttle", "calls_per_minute": 2, "for": "1h""#);
    let close = rule(r#""response": "circuit_break", "for": "1h""#);
    let one = agent(1);
    restraints.apply(&one, &throttle, AlertKind::Loop, None, 5);
    restraints.apply(&one, &close, AlertKind::Loop, Some(7), 5);
    restraints.admit(asked(&one, 0, 6)).unwrap();
    let bytes = |restraints: &Restraints| {
        let mut bytes = Vec::new();
        restraints.store(&mut bytes);
        bytes
    };
    let load = |bytes: &[u8]| Restraints::load(&mut Input::new(bytes));
    let written = bytes(&restraints);
    assert_eq!(bytes(&load(&written).unwrap()), written);
    assert!((0..written.len()).all(|length| load(&written[..length]).is_none()));
    // Nobody closes a tool, or counts, for all that have no room of their own.
    let of_one = restraints.held.read().agents[&one].clone();
    restraints.held.write().others = of_one;
    assert!(load(&bytes(&restraints)).is_none());
    restraints.held.write().others = Restrained::default();
    // Nor has anyone more breakers than there may be.
    let mut held = restraints.held.write();
    let restrained = held.agents.get_mut(&one).unwrap();
    let closed = restrained.breakers[0].clone();
    restrained.breakers = vec![closed; 17];
    drop(held);
    assert!(load(&bytes(&restraints)).is_none());
}
