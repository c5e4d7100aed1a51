//! Calls aimed at given policies: mostly what they ask for, now and then something near.

use serde_json::{Map, Value, json};

use super::generate::{AGENTS, TASKS, TEXTS, TOOLS, USERS, numbers, values};
use super::pattern::{self, Node};
use super::reference::{self, Ruling, Who};

/// A small source of choices, so that one seed gives many calls (Steele, Lea, Flood, "Fast splittable pseudorandom
/// number generators", 2014).
#[derive(Clone, Debug)]
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap_or(0)
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// Someone who is named in the policies, now and then nearly.
pub(crate) fn who(policies: &[Value], choices: &mut Choices) -> Who {
    let agent = AGENTS[usize::from(choices.one_in(16))].to_owned();
    let mut maybe = |key: &str, names: &[&str]| {
        let known: Vec<&str> = policies
            .iter()
            .filter_map(|policy| policy[key].as_str())
            .collect();
        let names = if known.is_empty() || choices.one_in(12) {
            names
        } else {
            &known
        };
        let often = if known.is_empty() { 24 } else { 2 };
        choices
            .one_in(often)
            .then(|| choices.pick(names).to_owned())
    };
    Who {
        agent,
        user: maybe("user_id", &USERS),
        task: maybe("task_id", &TASKS),
    }
}

/// A tool that the caller's policies name, if the luck of the draw is with it.
pub(crate) fn tool(policies: &[Value], who: &Who, choices: &mut Choices) -> &'static str {
    let (first, second, third) = (
        choices.pick(&TOOLS),
        choices.pick(&TOOLS),
        choices.pick(&TOOLS),
    );
    let known = |tool: &&&'static str| {
        let ruling = reference::rule(policies, who, tool, &Map::new());
        !matches!(ruling, Some(Ruling::Deny(codes)) if codes.contains("unknown_tool"))
    };
    [&first, &second, &third]
        .into_iter()
        .find(known)
        .map_or(first, |tool| *tool)
}

/// Arguments aimed at the permissions that speak of the tool: mostly what they ask for, now and then something near.
pub(crate) fn arguments(
    policies: &[Value],
    tool: &str,
    choices: &mut Choices,
) -> Map<String, Value> {
    let mut arguments = Map::new();
    for policy in policies {
        for permission in policy["permissions"].as_array().into_iter().flatten() {
            let name = permission["tool_name"].as_str().unwrap_or("");
            let near = reference::names(name, tool) || choices.one_in(40);
            for (name, constraint) in permission["allowed_params"]
                .as_object()
                .into_iter()
                .flatten()
            {
                let skip = !near
                    || (constraint["optional"] == true && choices.one_in(2))
                    || choices.one_in(24);
                if !skip && (!arguments.contains_key(name) || choices.one_in(2)) {
                    arguments.insert(name.clone(), value_near(constraint, choices));
                }
            }
        }
    }
    if choices.one_in(16) {
        let name = choices.pick(&["p", "q", "Q", "p ", "", "x", "optional"]);
        arguments.insert(name.to_owned(), choices.pick(&values()));
    }
    arguments
}

/// A value that the constraint may admit, or one beside it.
pub(crate) fn value_near(constraint: &Value, choices: &mut Choices) -> Value {
    let meant = match constraint {
        Value::Array(members) => choices.pick(members),
        _ => {
            let members: Vec<(&String, &Value)> = constraint
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(key, _)| *key != "optional")
                .collect();
            if members.is_empty() {
                return Value::Null;
            }
            let (key, what) = choices.pick(&members);
            value_for(key, what, choices)
        }
    };
    if choices.one_in(8) {
        beside(meant, choices)
    } else {
        meant
    }
}

fn value_for(key: &str, what: &Value, choices: &mut Choices) -> Value {
    let texts: Vec<Value> = TEXTS.iter().map(|text| json!(text)).collect();
    match key {
        "one_of" => choices.pick(what.as_array().map_or(&[][..], Vec::as_slice)),
        "min" | "max" | "above" | "below" => match choices.below(4) {
            0 => what.clone(),
            2 => {
                let rounded = |value: &Value| value.as_f64() == what.as_f64();
                let alike = numbers().into_iter().filter(rounded).chain([what.clone()]);
                choices.pick(&alike.collect::<Vec<_>>())
            }
            1 => beside(what.clone(), choices),
            _ => choices.pick(&numbers()),
        },
        "pattern" => match pattern::parse(what.as_str().unwrap_or("")) {
            Some(node) => {
                let mut text = String::new();
                sample(&node, choices, &mut text);
                json!(text)
            }
            None => choices.pick(&texts),
        },
        "prefix" => json!(format!(
            "{}{}",
            what.as_str().unwrap_or(""),
            choices.pick(&["", "a", "\n", "/.."])
        )),
        "glob" => {
            let text = what
                .as_str()
                .unwrap_or("")
                .replace("**/", choices.pick(&["", "", "**/"]))
                .replace("**", choices.pick(&["a", "a/b", "", "..", "a/../b"]));
            json!(text.replace(
                '*',
                choices.pick(&["a", "", "q", "a/b", ".", "\n", "\u{301}"])
            ))
        }
        "path" => {
            let root = what
                .as_array()
                .map(|roots| choices.pick(roots))
                .unwrap_or_default();
            json!(format!(
                "{}{}",
                root.as_str().unwrap_or(""),
                choices.pick(&["", "/a", "/a/b", "a", "/", "/..", "/../a", "//a", "/\0"])
            ))
        }
        "type" => {
            let kind = what.as_str().unwrap_or("");
            let of_kind = |value: &Value| {
                reference::kind(value) == kind || kind == "number" && value.is_number()
            };
            choices.pick(&values().into_iter().filter(of_kind).collect::<Vec<_>>())
        }
        "min_length" | "max_length" => {
            let length = what.as_u64().unwrap_or(0) as usize + choices.below(2);
            json!(choices.pick(&["a", "é", "\u{301}", "💥"]).repeat(length))
        }
        "min_items" | "max_items" => {
            let length = what.as_u64().unwrap_or(0) as usize + choices.below(2);
            let element = choices.pick(&values());
            Value::Array(vec![element; length])
        }
        "each" => Value::Array(
            (0..choices.below(3))
                .map(|_| value_near(what, choices))
                .collect(),
        ),
        "fields" => {
            let mut object = Map::new();
            for (name, constraint) in what.as_object().into_iter().flatten() {
                let skip =
                    choices.one_in(8) || (constraint["optional"] == true && choices.one_in(2));
                if !skip {
                    object.insert(name.clone(), value_near(constraint, choices));
                }
            }
            object.into()
        }
        "all_of" | "any_of" => value_near(
            &choices.pick(what.as_array().map_or(&[][..], Vec::as_slice)),
            choices,
        ),
        "not" if choices.one_in(2) => value_near(what, choices),
        _ => choices.pick(&values()),
    }
}

/// A value that is easily taken for this one.
pub(crate) fn beside(value: Value, choices: &mut Choices) -> Value {
    match (&value, choices.below(7)) {
        (_, 0) => choices.pick(&values()),
        (_, 1) => Value::Null,
        (_, 2) => json!([value]),
        (Value::String(text), 3) => json!(format!("{text}\n")),
        (Value::String(text), 4) => json!(text.to_uppercase()),
        (Value::String(text), 5) => json!(format!("{text}\u{301}")),
        (Value::String(text), _) => text
            .parse()
            .map_or(json!(format!("\n{text}")), |number: i64| json!(number)),
        (Value::Number(number), 3) => json!(number.to_string()),
        (Value::Number(number), 4) => json!(number.as_f64()),
        (Value::Number(number), 5) => number
            .as_i64()
            .map_or(json!(1), |whole| json!(whole.saturating_add(1))),
        (Value::Number(number), _) => number
            .as_i64()
            .map_or(json!(0), |whole| json!(whole.saturating_sub(1))),
        (Value::Bool(yes), _) => choices.pick(&[json!(!yes), json!("true"), json!(1)]),
        (Value::Array(elements), 3) => json!(elements.first()),
        (Value::Array(elements), 4) => {
            Value::Array(elements.iter().chain(elements.last()).cloned().collect())
        }
        (Value::Array(elements), _) => Value::Array(
            elements
                .iter()
                .cloned()
                .map(|element| beside(element, choices))
                .collect(),
        ),
        (Value::Object(members), 3) => json!(members.values().collect::<Vec<_>>()),
        (Value::Object(members), _) => {
            let mut members = members.clone();
            match members.keys().next().cloned() {
                Some(name) if choices.one_in(2) => drop(members.remove(&name)),
                _ => drop(members.insert(
                    choices.pick(&["x", "y", "z"]).to_owned(),
                    choices.pick(&values()),
                )),
            }
            members.into()
        }
        (Value::Null, _) => choices.pick(&[json!("null"), json!(0), json!(false), json!("")]),
    }
}

fn sample(node: &Node, choices: &mut Choices, out: &mut String) {
    match node {
        Node::Class(class) => {
            let candidates: Vec<char> = ('\0'..='~')
                .chain(['é', '\u{301}', '\u{2028}', 'K', 'ſ', '０'])
                .filter(|c| class.holds(*c))
                .collect();
            if !candidates.is_empty() {
                out.push(choices.pick(&candidates));
            }
        }
        Node::Start | Node::End => {}
        Node::Concat(parts) => parts.iter().for_each(|part| sample(part, choices, out)),
        Node::Alternation(parts) => sample(&parts[choices.below(parts.len())], choices, out),
        Node::Repeat { inner, min, max } => {
            let most = max.unwrap_or(min + 3).min(min + 3);
            let times = *min as usize + choices.below((most - min) as usize + 1);
            (0..times).for_each(|_| sample(inner, choices, out));
        }
    }
}
