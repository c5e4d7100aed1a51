//! Memory stays bounded, and nobody takes another one's.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

#[test]
fn a_flood_of_names_takes_only_the_room_of_its_agent() {
    let stage = Stage::with(CommunicationGraph::builder().edges(8));
    let (honest, hostile) = (agent("honest"), agent("hostile"));
    stage.called(&honest, "read", 5);
    for number in 0..10_000 {
        stage.decided(&hostile, &format!("tool{number}"), Code::UnknownTool);
    }
    let args: Vec<_> = (0..1000)
        .map(|number| format!("http://h{number}.example"))
        .collect();
    let args = serde_json::json!({ "to": args }).to_string();
    stage.named(&hostile, &args, AuditLevel::Full, &[]);
    assert_eq!(stage.edges(&honest), [("read".to_owned(), 1)]);
    assert_eq!(stage.edges(&hostile).len(), 8);
    let view = stage.view();
    let dropped = 10_000 + 1 + 1000 - 8;
    assert_eq!((view.dropped().agents, view.dropped().edges), (0, dropped));
    let of = |agent: &AgentId| {
        let mut nodes = view.nodes().iter();
        nodes
            .find(|node| node.endpoint.name() == agent.as_str())
            .unwrap()
            .dropped
    };
    assert_eq!((of(&honest), of(&hostile)), (0, dropped));
}

#[test]
fn edges_that_alerts_are_about_go_last() {
    let stage = Stage::with(CommunicationGraph::builder().edges(3));
    let a = agent("a");
    stage.decided(&a, "steal", Code::UnknownTool);
    stage
        .graph
        .alert(&alert(AlertKind::ScopeViolation, &a, "steal", None));
    stage.decided(&a, "loop", Code::Allowed);
    stage.graph.alert(&alert(AlertKind::Loop, &a, "loop", None));
    for number in 0..100 {
        stage.decided(&a, &format!("tool{number}"), Code::Allowed);
    }
    let names: Vec<_> = stage.edges(&a).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["loop", "steal", "tool99"]);
    stage
        .graph
        .alert(&alert(AlertKind::RateAnomaly, &a, "tool99", None));
    stage.decided(&a, "other", Code::Allowed);
    let names: Vec<_> = stage.edges(&a).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["other", "steal", "tool99"]);
}

#[test]
fn a_flood_of_agents_takes_the_room_of_those_seen_longest_ago() {
    let stage = Stage::with(CommunicationGraph::builder().agents(640));
    let busy = agent("busy");
    for number in 0..20_000 {
        stage.decided(&agent(&format!("a{number}")), "read", Code::Allowed);
        stage.decided(&busy, "read", Code::Allowed);
    }
    let view = stage.view();
    let agents = view
        .nodes()
        .iter()
        .filter(|node| node.endpoint.kind() == "agent");
    let agents = agents.count() as u64;
    assert!(agents <= 640, "{agents}");
    assert_eq!(
        (view.dropped().agents, view.dropped().edges),
        (20_001 - agents, 20_001 - agents)
    );
    // One that is seen all the time is never the one seen longest ago.
    assert_eq!(stage.edges(&busy), [("read".to_owned(), 20_000)]);
}

#[test]
fn names_are_cut() {
    let stage = Stage::new();
    let a = agent("a");
    stage.decided(&a, &"\u{202e}".repeat(1 << 20), Code::Malformed);
    let host = format!(r#"{{"to": "http://{}"}}"#, "x".repeat(1 << 19));
    stage.named(&a, &host, AuditLevel::Full, &[]);
    for (name, _) in stage.edges(&a) {
        assert!(name.len() <= 1024, "{}", name.len());
    }
}

#[test]
fn nothing_is_allocated_for_what_is_known() {
    let stage = Stage::new();
    let (a, b) = (agent("a"), agent("b"));
    let events = || {
        stage.called(&a, "read", 7);
        stage.spoke(&a, &b, InteractionStatus::Succeeded);
    };
    events();
    let counted = allocation_counter::measure(|| (0..100).for_each(|_| events()));
    assert_eq!(counted.count_total, 0);
}

proptest! {
    /// Against a list in the order of use.
    #[test]
    fn the_edge_used_longest_ago_goes(tools in proptest::collection::vec(0_u8..12, 0..200), room in 1_usize..8) {
        let stage = Stage::with(CommunicationGraph::builder().edges(room));
        let a = agent("a");
        let mut expected: VecDeque<(String, u64)> = VecDeque::new();
        for tool in tools {
            let tool = format!("tool{tool}");
            stage.decided(&a, &tool, Code::Allowed);
            let found = expected.iter().position(|(name, _)| *name == tool);
            let count = found.and_then(|at| expected.remove(at)).map_or(0, |(_, count)| count);
            if expected.len() == room {
                expected.pop_front();
            }
            expected.push_back((tool, count + 1));
        }
        let mut expected = Vec::from(expected);
        expected.sort();
        prop_assert_eq!(stage.edges(&a), expected);
    }
}

/// Threads see the same graph, and none of their events is lost.
#[test]
fn threads_share_a_graph() {
    let stage = Stage::new();
    let agents: Vec<_> = (0..4).map(|number| agent(&format!("a{number}"))).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..1000 {
                    stage.called(&agents[round % 4], "read", 3);
                }
            });
        }
    });
    let view = stage.view();
    let counts: Vec<_> = view
        .edges()
        .iter()
        .map(|edge| (edge.traffic.count, edge.traffic.timed))
        .collect();
    assert_eq!(counts, [(1000, 1000); 4]);
}
