//! The module as a whole: what it accepts, what it refuses and where, and how that compares with `serde_json`.

mod differential;
mod rfc8259;
mod rust_values;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Value, Error> {
    parse(text, &Limits::default())
}

fn json_text(value: &Value) -> String {
    let mut text = String::new();
    value.write_json(&mut text);
    text
}

fn any_number() -> impl Strategy<Value = Number> {
    let float =
        any::<u64>().prop_filter_map("finite", |bits| Number::try_from(f64::from_bits(bits)).ok());
    let plain = any::<i32>().prop_filter_map("finite", |eighths| {
        Number::try_from(f64::from(eighths) / 8.0).ok()
    });
    let fine = any::<i64>().prop_filter_map("finite", |parts| {
        Number::try_from(parts as f64 / 1024.0).ok()
    });
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        (-9_i64..10).prop_map(Number::from),
        float,
        plain,
        fine,
        Just(Number::NEGATIVE_ZERO),
    ]
}

fn any_string() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{0,2}",
        "[\\x00-\\x1F\"\\\\/ -~]{0,8}",
        vec(any::<char>(), 0..6).prop_map(String::from_iter),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any_number().prop_map(Value::from),
        any_string().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 12, |inner| {
        let object = vec((any_string(), inner.clone()), 0..12).prop_map(|entries| {
            let unique: std::collections::BTreeMap<_, _> = entries.into_iter().collect();
            Object::from_entries(unique.into_iter().collect()).unwrap()
        });
        prop_oneof![
            vec(inner, 0..6).prop_map(Value::from),
            object.prop_map(Value::from)
        ]
    })
}

/// Any of the texts that mean a value: white space, the order of members and the way of escaping are all free.
fn dressed(value: &Value, choose: &mut impl FnMut(usize) -> usize) -> String {
    let space = |choose: &mut dyn FnMut(usize) -> usize| ["", "", " ", "\n\t", "\r\n  "][choose(5)];
    let quote = |text: &str, choose: &mut dyn FnMut(usize) -> usize| {
        let mut quoted = String::from("\"");
        for character in text.chars() {
            let must = matches!(character, '"' | '\\' | '\0'..='\x1F');
            if must || choose(4) == 0 {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    quoted += &if choose(2) == 0 {
                        format!("\\u{unit:04x}")
                    } else {
                        format!("\\u{unit:04X}")
                    };
                }
            } else {
                quoted.push(character);
            }
        }
        quoted + "\""
    };
    let body = match value {
        Value::String(string) => quote(string, choose),
        Value::Array(elements) => {
            let elements: Vec<_> = elements
                .iter()
                .map(|element| dressed(element, choose))
                .collect();
            format!("[{}{}]", elements.join(","), space(choose))
        }
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            for last in (1..members.len()).rev() {
                members.swap(last, choose(last + 1));
            }
            let members = members.into_iter().map(|(key, value)| {
                let (before, key, after) = (space(choose), quote(key, choose), space(choose));
                format!("{before}{key}{after}:{}", dressed(value, choose))
            });
            format!(
                "{{{}{}}}",
                members.collect::<Vec<_>>().join(","),
                space(choose)
            )
        }
        leaf => json_text(leaf),
    };
    format!("{}{body}{}", space(choose), space(choose))
}

/// The spans of a node lie in each other and in order, and each holds the text of its own value.
fn check_spans(node: &Node, text: &str, limits: &Limits) {
    let slice = |span: Span| text.get(span.start as usize..span.end as usize).unwrap();
    assert_eq!(
        parse(slice(node.span), limits).unwrap(),
        node.to_value().unwrap()
    );
    assert!(
        !slice(node.span).starts_with(char::is_whitespace)
            && !slice(node.span).ends_with(char::is_whitespace)
    );
    let mut position = node.span.start;
    let mut inside = |span: Span| {
        assert!(position < span.start && span.start < span.end && span.end < node.span.end);
        position = span.end;
    };
    match &node.value {
        NodeValue::Array(elements) => {
            for element in elements {
                inside(element.span);
                check_spans(element, text, limits);
            }
        }
        NodeValue::Object(members) => {
            for member in members {
                inside(member.key_span);
                inside(member.value.span);
                assert_eq!(
                    read(slice(member.key_span)).unwrap().as_str(),
                    Some(member.key.as_str())
                );
                check_spans(&member.value, text, limits);
            }
        }
        _ => {}
    }
}

proptest! {
    /// Law: a value's text reads back as the value, whether we write it or `serde_json` does.
    #[test]
    fn text_reads_back(value in any_value()) {
        for text in [json_text(&value), serde_json::to_string(&value).unwrap()] {
            prop_assert_eq!(&read(&text).unwrap(), &value, "{}", text);
            prop_assert_eq!(&parse_bytes(text.as_bytes(), &Limits::default()).unwrap(), &value, "{}", text);
        }
    }

    /// Law: every text of a value reads as the value, and its node has the value's parts at their places.
    #[test]
    fn every_dress_reads_the_same(value in any_value(), choices in vec(any::<usize>(), 1..200)) {
        let mut choices = choices.iter().cycle();
        let text = dressed(&value, &mut |count| choices.next().unwrap() % count);
        prop_assert_eq!(read(&text).unwrap(), value.clone());
        let node = parse_node(&text, &Limits::default()).unwrap();
        prop_assert_eq!(node.kind(), value.kind());
        prop_assert_eq!(node.to_value().unwrap(), value);
        check_spans(&node, &text, &Limits::default());
    }

    /// Law: `get` finds each key and no other, in short and long objects.
    #[test]
    fn objects_find_their_keys(keys in vec("[a-e]{0,3}", 0..40), other in "[a-e]{0,3}") {
        let entries = keys.iter().map(|key| (key.clone(), Value::from(key.as_str())));
        let unique: std::collections::BTreeMap<_, _> = entries.clone().collect();
        prop_assert_eq!(Object::from_entries(entries.collect()).is_ok(), unique.len() == keys.len());
        let object = Object::from_entries(unique.clone().into_iter().collect()).unwrap();
        prop_assert_eq!(object.get(&other), unique.get(&other));
        prop_assert_eq!(object.len(), unique.len());
        prop_assert!(object.iter().eq(unique.iter().map(|(key, value)| (key.as_str(), value))));
        for (key, value) in &unique {
            prop_assert_eq!(object.get(key), Some(value));
        }
    }

    /// Law: a value equals its view, and no other value's.
    #[test]
    fn views_equal_their_values(a in any_value(), b in any_value()) {
        prop_assert!(a.view().equals(&a) && a.view().is_representable());
        prop_assert_eq!(a.view().equals(&b), a == b);
        prop_assert_eq!(a.view().kind(), Some(a.kind()));
        prop_assert_eq!(a.view().to_value(), Some(a));
    }
}

#[test]
fn debug_shows_no_contents() {
    let text = r#"{"hidden": ["hidden", 77, {"hidden": 7.5}], "b": true}"#;
    let value = read(text).unwrap();
    let node = parse_node(text, &Limits::default()).unwrap();
    assert_eq!(format!("{value:?}"), "object(2)");
    assert_eq!(
        format!("{:?}", value.as_object().unwrap().get("hidden").unwrap()),
        "array(3)"
    );
    let NodeValue::Object(members) = &node.value else {
        panic!()
    };
    for shown in [format!("{node:?}"), format!("{:?}", members[0])] {
        assert!(
            !shown.contains("hidden") && !shown.contains("77") && !shown.contains("true"),
            "{shown}"
        );
    }
}

#[test]
fn errors_show_no_input() {
    for text in [
        "{\"secret\":1,\"secret\":2}",
        "\"secret",
        "[secret]",
        "{\"$serde_json::private::secret\":1}",
    ] {
        let error = read(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
