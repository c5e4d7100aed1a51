use proptest::prelude::*;

use super::*;

const RULE: Lateral = Lateral {
    hops: 3,
    within: 600,
    after: 86_400,
};
const DAY: u32 = 86_400;
const CLASS: u32 = 7;

fn id(number: u64) -> AgentId {
    AgentId::parse(&format!("spiffe://example.org/{number}")).unwrap()
}

struct World(Reaches);

impl World {
    fn new() -> Self {
        Self(Reaches::new(1000))
    }

    fn spoke(&self, source: u64, target: u64, second: u32) {
        self.say(source, target, false, second);
    }

    fn say(&self, source: u64, target: u64, is_declared: bool, second: u32) {
        let (from, to) = (id(source), id(target));
        let known = |hash, agent| Known { hash, agent };
        self.0.spoke(
            known(source, &from),
            known(target, &to),
            is_declared,
            second,
        );
    }

    fn reached(&self, agent: u64, second: u32) -> Vec<(AgentId, u32)> {
        let known = Known {
            hash: agent,
            agent: &id(agent),
        };
        let moved = self.0.reached(known, CLASS, RULE, second);
        let mut moved: Vec<_> = moved.into_iter().map(|it| (it.agent, it.hops)).collect();
        moved.sort();
        moved
    }
}

/// 1 is known for long, and goes over 2 to 3, which pays as it does every day.
#[test]
fn a_new_path_of_three_steps_is_one() {
    let world = World::new();
    world.spoke(1, 9, 0);
    assert_eq!(world.reached(3, 0), []);
    world.spoke(1, 2, DAY);
    world.spoke(2, 3, DAY + 300);
    // 2 has not been known for long; 1 has.
    assert_eq!(world.reached(3, DAY + 600), [(id(1), 3)]);
    // Told once.
    world.spoke(1, 2, DAY + 601);
    world.spoke(2, 3, DAY + 602);
    assert_eq!(world.reached(3, DAY + 603), []);
}

#[test]
fn what_is_old_late_long_declared_or_young_is_none() {
    let settled = || {
        let world = World::new();
        world.spoke(1, 9, 0);
        world
    };
    // The path is that of every day.
    let world = settled();
    world.spoke(1, 2, 1);
    world.spoke(1, 2, DAY);
    assert_eq!(world.reached(2, DAY), []);
    // It was too long ago.
    let world = settled();
    world.spoke(1, 2, DAY);
    assert_eq!(world.reached(2, DAY + 601), []);
    // The steps were not taken in that order.
    let world = settled();
    world.spoke(2, 3, DAY);
    world.spoke(1, 2, DAY + 1);
    assert_eq!(world.reached(3, DAY + 2), []);
    // One step more than is looked at.
    let world = settled();
    for step in 1..4 {
        world.spoke(u64::from(step), u64::from(step) + 1, DAY + step);
    }
    assert_eq!(world.reached(4, DAY + 5), []);
    // A policy declares it.
    let world = settled();
    world.say(1, 2, true, DAY);
    assert_eq!(world.reached(2, DAY), []);
    // Nobody knows the agent well enough.
    let world = World::new();
    world.spoke(1, 2, DAY);
    assert_eq!(world.reached(2, DAY), []);
    // It has reached that itself.
    let world = settled();
    assert_eq!(world.reached(1, 5), []);
    world.spoke(1, 2, DAY);
    assert_eq!(world.reached(2, DAY), []);
}

/// Speaking again, or to many others, hides nothing.
#[test]
fn a_path_is_not_hidden_by_taking_part_of_it_again() {
    let world = World::new();
    world.spoke(1, 9, 0);
    world.spoke(1, 2, DAY);
    world.spoke(2, 3, DAY + 1);
    for again in 2..100 {
        world.spoke(1, 2, DAY + again);
        world.spoke(1, 100 + u64::from(again), DAY + again);
    }
    assert_eq!(world.reached(3, DAY + 100), [(id(1), 3)]);
}

#[test]
fn a_flood_of_agents_takes_no_more_than_its_room() {
    let world = World(Reaches::new(10));
    world.spoke(1, 2, 0);
    for number in 0..1000 {
        world.spoke(10 + number, 1010 + number, 1);
    }
    assert_eq!(world.0.0.lock().by_hash.len(), 10);
    // Those that were there are looked at as before.
    world.spoke(1, 2, DAY);
    assert_eq!(world.reached(2, DAY), []);
    world.spoke(2, 1, DAY);
    assert_eq!(world.reached(1, DAY), []);
    let later = DAY + FORGOTTEN_AFTER;
    world.spoke(5000, 5001, later);
    assert!(world.0.0.lock().by_hash.contains_key(&5001));
}

/// Whichever of the two paths is looked at first.
#[test]
fn a_new_path_is_not_hidden_by_a_declared_one() {
    for is_declared_last in [false, true] {
        let world = World::new();
        world.spoke(1, 9, 0);
        let say = |over, is_declared| {
            world.say(1, over, is_declared, DAY);
            world.say(over, 3, is_declared, DAY + 1);
        };
        say(if is_declared_last { 2 } else { 4 }, !is_declared_last);
        say(if is_declared_last { 4 } else { 2 }, is_declared_last);
        assert_eq!(
            world.reached(3, DAY + 2),
            [(id(1), 3)],
            "{is_declared_last}"
        );
        assert_eq!(world.reached(3, DAY + 3), []);
    }
}

/// Or one agent that makes up names would blind the rule for all others.
#[test]
fn one_agent_does_not_take_the_room_of_all() {
    let world = World::new();
    for made_up in 0..2000 {
        world.spoke(66, 1000 + made_up, 0);
    }
    assert_eq!(
        world.0.0.lock().by_hash.len(),
        1 + usize::from(MOST_BROUGHT)
    );
    world.spoke(1, 9, 0);
    world.spoke(1, 2, DAY);
    assert_eq!(world.reached(2, DAY), [(id(1), 2)]);
    // It may speak to whoever is known already, and to somebody new in another week.
    world.spoke(66, 2, DAY + 1);
    assert!(
        world.0.0.lock().by_hash[&2]
            .callers
            .iter()
            .any(|it| it.hash == 66)
    );
    world.spoke(66, 5000, FORGOTTEN_AFTER);
    assert!(world.0.0.lock().by_hash.contains_key(&5000));
}

proptest! {
    /// As many as ever speak to one are kept, the last ones; and what is written down reads back.
    #[test]
    fn callers_are_the_last_ones(spoken in prop::collection::vec((0..40_u64, 0..50_u32), 0..200)) {
        let (world, mut now, mut last) = (World::new(), 0, std::collections::BTreeMap::new());
        for (source, step) in spoken {
            now += step + 1;
            world.spoke(source, 77, now);
            last.insert(source, now);
        }
        let mut expected: Vec<_> = last.into_iter().map(|(source, at)| (at, source)).collect();
        expected.sort_unstable_by(|left, right| right.cmp(left));
        expected.truncate(MOST_CALLERS);
        let mut bytes = Vec::new();
        world.0.store(&mut bytes);
        let loaded = Reaches::load(&mut Input::new(&bytes), 1000, now).unwrap();
        let agents = loaded.0.lock();
        let mut found: Vec<_> = agents.by_hash.get(&77).map_or(Vec::new(), |reach| {
            reach.callers.iter().map(|caller| (caller.last, caller.hash)).collect()
        });
        found.sort_unstable_by(|left, right| right.cmp(left));
        prop_assert_eq!(found, expected);
    }
}
