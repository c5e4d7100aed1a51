//! Answers against a naive reference: all walks, one after another.

use proptest::prelude::*;

use super::*;
use crate::ids::ToolPattern;

const CLASSES: &str = r#"{"resource_classes": {"money": ["t0", "t1"], "all": ["t*"]}}"#;

/// From which agent, to which agent (below 5) or tool, and whether nothing passed: it was refused, or had to wait.
type Way = (u8, u8, bool);

fn ways() -> impl Strategy<Value = Vec<Way>> {
    proptest::collection::vec((0_u8..5, 0_u8..9, prop::bool::weighted(0.2)), 0..25)
}

fn stage(ways: &[Way]) -> Stage {
    let stage = Stage::new();
    for (from, to, is_denied) in ways {
        let source = agent(&format!("a{from}"));
        if *to < 5 {
            let status = match is_denied {
                true => InteractionStatus::Denied,
                false => InteractionStatus::Succeeded,
            };
            stage.spoke(&source, &agent(&format!("a{to}")), status);
        } else {
            let code = match (is_denied, from % 2) {
                (true, 0) => Code::Constraint,
                (true, _) => Code::ApprovalRequired,
                (false, _) => Code::Allowed,
            };
            stage.decided(&source, &format!("t{}", to - 5), code);
        }
    }
    stage
}

/// All walks from an agent of at most so many edges along which something passed, as places of edges.
fn walks(view: &GraphView, ways: &[Way], from: &AgentId, hops: usize) -> Vec<Vec<usize>> {
    let mut walks = Vec::new();
    if hops == 0 {
        return walks;
    }
    for (place, edge) in view.edges().iter().enumerate() {
        if edge.source != *from || !passes(edge, ways) {
            continue;
        }
        walks.push(vec![place]);
        if let Endpoint::Agent(next) = &edge.target {
            for rest in self::walks(view, ways, next, hops - 1) {
                walks.push([vec![place], rest].concat());
            }
        }
    }
    walks
}

fn passes(edge: &GraphEdge, ways: &[Way]) -> bool {
    ways.iter().any(|(from, to, is_denied)| {
        let target = match to {
            0..5 => agent(&format!("a{to}")).to_string(),
            _ => format!("t{}", to - 5),
        };
        !is_denied && edge.source == agent(&format!("a{from}")) && edge.target.name() == target
    })
}

fn end<'g>(view: &'g GraphView, walk: &[usize]) -> &'g Endpoint {
    &view.edges()[walk[walk.len() - 1]].target
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn reach_is_where_walks_end(ways in ways(), hops in 0_usize..4) {
        let view = stage(&ways).view();
        let from = agent("a0");
        let mut expected: Vec<(usize, &Endpoint)> = Vec::new();
        for walk in walks(&view, &ways, &from, hops) {
            let endpoint = end(&view, &walk);
            match expected.iter_mut().find(|(_, known)| *known == endpoint) {
                Some((hops, _)) => *hops = walk.len().min(*hops),
                None => expected.push((walk.len(), endpoint)),
            }
        }
        expected.retain(|(_, endpoint)| endpoint.name() != from.as_str());
        expected.sort();
        let reached: Vec<_> = view
            .reach(&from, hops)
            .into_iter()
            .map(|reached| (reached.hops, reached.endpoint))
            .collect();
        prop_assert_eq!(reached, expected);
    }

    #[test]
    fn paths_are_the_first_of_the_shortest_walks(ways in ways(), hops in 0_usize..4) {
        let view = stage(&ways).view_under(CLASSES);
        let is_money = |endpoint: &Endpoint| {
            matches!(endpoint, Endpoint::Tool(name) if ["t0", "t1"].contains(&&**name))
        };
        let mut expected = Vec::new();
        for number in 0..5 {
            let walks = walks(&view, &ways, &agent(&format!("a{number}")), hops);
            let walks = walks.into_iter().filter(|walk| is_money(end(&view, walk)));
            expected.extend(walks.min_by_key(|walk| (walk.len(), walk.clone())));
        }
        let places = |paths: Vec<Vec<&GraphEdge>>| -> Vec<Vec<usize>> {
            let place = |edge: &GraphEdge| view.edges().iter().position(|known| known == edge);
            let places = paths.into_iter().map(|path| path.into_iter().filter_map(place).collect());
            places.collect()
        };
        prop_assert_eq!(places(view.paths_to_class("money", hops).unwrap()), expected);
        let all = places(view.paths_to_class("all", hops).unwrap());
        let any = ToolPattern::parse("*").unwrap();
        prop_assert_eq!(places(view.paths_to_tool(&any, hops)), all);
    }

    /// Whoever reaches a tool of a class has a path to it, and the other way round.
    #[test]
    fn reach_and_paths_agree(ways in ways(), hops in 0_usize..5) {
        let view = stage(&ways).view();
        let tool = ToolPattern::parse("t0").unwrap();
        let paths = view.paths_to_tool(&tool, hops);
        for number in 0..5 {
            let from = agent(&format!("a{number}"));
            let reached = view.reach(&from, hops);
            let nearest = reached.iter().find(|reached| reached.endpoint.name() == "t0");
            let path = paths.iter().find(|path| path[0].source == from);
            prop_assert_eq!(nearest.map(|reached| reached.hops), path.map(|path| path.len()));
        }
    }
}

#[test]
fn a_class_that_is_not_declared_has_no_answer() {
    let view = stage(&[(0, 5, false)]).view_under(CLASSES);
    assert_eq!(view.paths_to_class("mony", 3), None);
    assert_eq!(
        view.paths_to_class("money", 3).map(|paths| paths.len()),
        Some(1)
    );
    assert_eq!(view.reach(&agent("nobody"), 3), []);
}
