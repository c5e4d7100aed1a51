use super::*;

#[test]
fn accepted() {
    for text in [
        "null",
        " true\r\n\t",
        "false",
        "0",
        "-1",
        "\"\"",
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[[],[{}],{\"\":[]}]",
        "[1 , 2]",
        "{\"a\" : 1 , \"b\" : 2}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\"",
        "\"\\uD83D\\uDE00\"",
        "\"\\uFFFF\"",
        "\"\x7F\"",
        "\"\u{2028}\u{FEFF}\"",
        "1E5",
        "1e+5",
        "1e-5",
        "1.5e0",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "{\"a\":1,\"A\":2,\"\u{e1}\":3,\"a\u{301}\":4}",
        "{\"serde_json::private::Number\":\"1\"}",
        "\"$serde_json::private::Number\"",
        "{\" $serde_json::private::Number\":\"1\"}",
    ] {
        assert!(read(text).is_ok(), "{text}");
        assert!(parse_node(text, &Limits::default()).is_ok(), "{text}");
        assert!(
            parse_bytes(text.as_bytes(), &Limits::default()).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn meanings() {
    assert_eq!(
        read("\"\\uD83D\\ude00\\u00e9\\/\"").unwrap(),
        Value::from("😀é/")
    );
    assert_eq!(
        read("\"\\uDBFF\\uDFFF\\uD800\\uDC00\\uD7FF\\uE000\"").unwrap(),
        Value::from("\u{10FFFF}\u{10000}\u{D7FF}\u{E000}")
    );
    assert_eq!(
        read("\"\\b\\f\\n\\r\\t\\\"\\\\\"").unwrap(),
        Value::from("\x08\x0C\n\r\t\"\\")
    );
    assert_eq!(
        read("{\"b\":1,\"a\":2}").unwrap(),
        read("{\"a\":2,\"\\u0062\":1}").unwrap()
    );
    for (text, kind) in [
        ("1", Kind::Integer),
        ("1.0", Kind::Float),
        ("1e0", Kind::Float),
        ("-0", Kind::Float),
        ("0", Kind::Integer),
    ] {
        assert_eq!(read(text).unwrap().kind(), kind, "{text}");
    }
    assert_eq!(read("-0").unwrap(), read("-0.0").unwrap());
    assert_ne!(read("-0").unwrap(), read("0.0").unwrap());
    let texts = [
        "null",
        "false",
        "true",
        "0",
        "1",
        "0.0",
        "1.0",
        "\"\"",
        "\"1\"",
        "[]",
        "{}",
        "[1]",
        "[1.0]",
        "{\"a\":1}",
    ];
    for (i, a) in texts.iter().enumerate() {
        for (j, b) in texts.iter().enumerate() {
            assert_eq!(read(a).unwrap() == read(b).unwrap(), i == j, "{a} {b}");
        }
    }
}

#[test]
fn refused_with_a_place() {
    use ErrorKind::*;
    for (text, kind, offset) in [
        ("", UnexpectedEnd, 0),
        ("  ", UnexpectedEnd, 2),
        ("\u{FEFF}1", UnexpectedCharacter, 0),
        ("\u{A0}1", UnexpectedCharacter, 0),
        ("1 2", TrailingData, 2),
        ("1,", TrailingData, 1),
        ("[1]]", TrailingData, 3),
        ("nul", UnexpectedEnd, 3),
        ("nulL", UnexpectedCharacter, 3),
        ("nullx", TrailingData, 4),
        ("True", UnexpectedCharacter, 0),
        ("NaN", UnexpectedCharacter, 0),
        ("Infinity", UnexpectedCharacter, 0),
        ("-Infinity", InvalidNumber, 1),
        ("-", UnexpectedEnd, 1),
        ("--1", InvalidNumber, 1),
        ("+1", UnexpectedCharacter, 0),
        (".5", UnexpectedCharacter, 0),
        ("5.", UnexpectedEnd, 2),
        ("[5.]", InvalidNumber, 3),
        ("[5.e1]", InvalidNumber, 3),
        ("[1e]", InvalidNumber, 3),
        ("1e+", UnexpectedEnd, 3),
        ("[1e+-1]", InvalidNumber, 4),
        ("01", InvalidNumber, 0),
        ("-01", InvalidNumber, 1),
        ("00", InvalidNumber, 0),
        ("0x1", TrailingData, 1),
        ("1_000", TrailingData, 1),
        ("1.5.5", TrailingData, 3),
        ("18446744073709551616", IntegerRange, 0),
        ("[-9223372036854775809]", IntegerRange, 1),
        ("-18446744073709551615", IntegerRange, 0),
        ("1e999", InexactFloat, 0),
        ("[1e-400]", InexactFloat, 1),
        ("9007199254740993.0", InexactFloat, 0),
        ("0.1000000000000000055511151231257827", InexactFloat, 0),
        ("[", UnexpectedEnd, 1),
        ("[1", UnexpectedEnd, 2),
        ("[1,]", UnexpectedCharacter, 3),
        ("[,1]", UnexpectedCharacter, 1),
        ("[1 2]", UnexpectedCharacter, 3),
        ("[1}", UnexpectedCharacter, 2),
        ("{1:2}", UnexpectedCharacter, 1),
        ("{a:2}", UnexpectedCharacter, 1),
        ("{'a':2}", UnexpectedCharacter, 1),
        ("{\"a\"}", UnexpectedCharacter, 4),
        ("{\"a\":}", UnexpectedCharacter, 5),
        ("{\"a\":1,}", UnexpectedCharacter, 7),
        ("{\"a\":1]", UnexpectedCharacter, 6),
        ("{\"a\":1", UnexpectedEnd, 6),
        ("// c\n1", UnexpectedCharacter, 0),
        ("[1/**/]", UnexpectedCharacter, 2),
        ("\"a", UnexpectedEnd, 2),
        ("\"\\", UnexpectedEnd, 2),
        ("\"\\u12", UnexpectedEnd, 5),
        ("\"\\u12G4\"", InvalidEscape, 5),
        ("\"\\u+123\"", InvalidEscape, 3),
        ("\"\\x41\"", InvalidEscape, 1),
        ("\"\\é\"", InvalidEscape, 1),
        ("\"\\U0041\"", InvalidEscape, 1),
        ("\"a\nb\"", ControlCharacter, 2),
        ("\"\\n\t\"", ControlCharacter, 3),
        ("\"\0\"", ControlCharacter, 1),
        ("\"a\\ud800\"", LoneSurrogate, 2),
        ("\"\\ud800\\n\"", LoneSurrogate, 1),
        ("\"\\ud800\\u0041\"", LoneSurrogate, 1),
        ("\"\\ud800\\ud800\"", LoneSurrogate, 1),
        ("\"\\uDC00\\uD800\"", LoneSurrogate, 1),
        ("{\"a\":1,\"a\":1}", DuplicateKey, 7),
        ("{\"a\":1,\"\\u0061\":1}", DuplicateKey, 7),
        (
            "{\"b\":1,\"a\":1,\"c\":0,\"a\":1,\"b\":2}",
            DuplicateKey,
            19,
        ),
        (
            "[{\"x\":{\"b\":1,\"a\":{\"b\":1},\"b\":1}}]",
            DuplicateKey,
            25,
        ),
        ("{\"\":1,\"\":1}", DuplicateKey, 6),
        ("{\"$serde_json::private::Number\":\"1\"}", ReservedKey, 1),
        (
            "[{\"a\":1,\"\\u0024serde_json::private::\":\"1\"}]",
            ReservedKey,
            8,
        ),
    ] {
        let errors = [
            read(text).unwrap_err(),
            parse_node(text, &Limits::default()).unwrap_err(),
            parse_bytes(text.as_bytes(), &Limits::default()).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(
                (error.kind(), error.offset()),
                (kind, Some(offset)),
                "{text}"
            );
        }
    }
}

#[test]
fn every_control_character_is_refused() {
    for byte in 0..=0x7F_u8 {
        let text = format!("\"é{}\"", char::from(byte));
        let refused = read(&text).map_err(|error| error.kind());
        let control = byte < 0x20;
        assert_eq!(
            refused == Err(ErrorKind::ControlCharacter),
            control,
            "{byte}"
        );
        assert_eq!(
            refused.is_ok(),
            !control && !b"\"\\".contains(&byte),
            "{byte}"
        );
        let value = Value::from(String::from(char::from(byte)));
        assert_eq!(read(&json_text(&value)), Ok(value), "{byte}");
    }
}

#[test]
fn bytes_must_be_utf8() {
    for (bytes, offset) in [
        (b"\"\xFF\"".as_slice(), 1),
        (b"\"a\xC3\"", 2),
        (b"\"\xED\xA0\x80\"", 1),
        (b"\"\xC0\xAF\"", 1),
        (b"\xFF\xFE1\0", 0),
        (b"1\xF4\x90\x80\x80", 1),
    ] {
        let error = parse_bytes(bytes, &Limits::default()).unwrap_err();
        assert_eq!(
            (error.kind(), error.offset()),
            (ErrorKind::InvalidUtf8, Some(offset))
        );
    }
}

#[test]
fn places_count_lines_and_characters() {
    let error = read("{\"é😀\": 1,\r\n \"ü\": x}").unwrap_err();
    assert_eq!((error.line(), error.column()), (Some(2), Some(7)));
    assert_eq!(error.to_string(), "unexpected character at line 2 column 7");
    let error = read("\"é😀").unwrap_err();
    assert_eq!(
        (error.line(), error.column(), error.offset()),
        (Some(1), Some(4), Some(7))
    );
    assert_eq!(read("\n\n").unwrap_err().line(), Some(3));
}

#[test]
fn depth_is_bounded() {
    let nested = |open: &str, inside: &str, close: &str, levels| {
        open.repeat(levels) + inside + &close.repeat(levels)
    };
    for (max_depth, limit) in [(0, 0), (1, 1), (32, 32), (128, 128), (1_000_000, 128)] {
        let limits = Limits {
            max_depth,
            max_bytes: 1 << 25,
        };
        for (open, close) in [
            ("[", "]"),
            ("{\"a\":", "}"),
            (" [0,{\"a\":0,\"b\": ", "} , 1]"),
        ] {
            let each = open.matches(['[', '{']).count();
            let fits = nested(open, "1", close, limit / each);
            assert!(parse(&fits, &limits).is_ok());
            assert!(parse_node(&fits, &limits).unwrap().to_value().is_ok());
            let deeper = nested(open, "1", close, limit / each + 1);
            let error = parse(&deeper, &limits).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooDeep { limit });
            assert_eq!(
                error.to_string().split(" at ").next().unwrap(),
                format!("nested deeper than {limit} levels")
            );
        }
        let endless = "[".repeat(1 << 20);
        let error = parse(&endless, &limits).unwrap_err();
        assert_eq!(
            (error.kind(), error.offset()),
            (ErrorKind::TooDeep { limit }, Some(limit))
        );
    }
    assert!(read("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],0").is_err());
}

#[test]
fn depth_counts_levels_not_containers() {
    let wide = format!("[{}]", vec!["[{}]"; 1000].join(","));
    let limits = Limits {
        max_depth: 3,
        ..Limits::default()
    };
    assert!(parse(&wide, &limits).is_ok());
}

#[test]
fn size_is_bounded() {
    let limits = Limits {
        max_bytes: 4,
        ..Limits::default()
    };
    assert!(parse("1234", &limits).is_ok());
    for error in [
        parse("12345", &limits),
        parse(" 1234", &limits),
        parse_bytes(b"\xFF2345", &limits),
    ] {
        let error = error.unwrap_err();
        assert_eq!(
            (error.kind(), error.offset(), error.line()),
            (ErrorKind::TooLarge { limit: 4 }, None, None)
        );
        assert_eq!(error.to_string(), "larger than 4 bytes");
    }
    let text = format!("\"{}\"", "a".repeat((1 << 20) - 2));
    assert!(read(&text).is_ok());
    assert!(read(&(text + " ")).is_err());
}

/// A quadratic search for duplicates would take minutes here, unoptimised as tests are.
#[test]
fn large_objects_are_quick() {
    let limits = Limits {
        max_bytes: 1 << 26,
        ..Limits::default()
    };
    let count = 50_000_u64;
    let member = |index: u64| format!("\"{:x}\":0", index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let members: Vec<_> = (0..count).map(member).collect();
    let text = format!("{{{}}}", members.join(","));
    assert_eq!(
        parse(&text, &limits).unwrap().as_object().unwrap().len(),
        members.len()
    );
    let twice = format!("{{{},{}}}", members.join(","), member(count / 2));
    let error = parse(&twice, &limits).unwrap_err();
    assert_eq!(
        (error.kind(), error.offset()),
        (ErrorKind::DuplicateKey, Some(text.len()))
    );
}

#[test]
fn members_keep_document_order() {
    let node = parse_node("{\"b\": 1, \"a\": [true]}", &Limits::default()).unwrap();
    let NodeValue::Object(members) = &node.value else {
        panic!()
    };
    let keys: Vec<_> = members
        .iter()
        .map(|member| (member.key.as_str(), member.key_span.start))
        .collect();
    assert_eq!(keys, [("b", 1), ("a", 9)]);
    assert_eq!(members[1].value.span, Span { start: 14, end: 20 });
}

#[test]
fn a_handmade_node_is_checked() {
    let member = |key: &str| Member {
        key: key.to_owned(),
        key_span: Span::default(),
        value: Node {
            span: Span::default(),
            value: NodeValue::Null,
        },
    };
    let node = |value| Node {
        span: Span::default(),
        value,
    };
    let twice = node(NodeValue::Object(vec![
        member("a"),
        member("b"),
        member("a"),
    ]));
    assert_eq!(
        twice.to_value().unwrap_err().kind(),
        ErrorKind::DuplicateKey
    );
    let reserved = node(NodeValue::Object(vec![member(
        "$serde_json::private::RawValue",
    )]));
    assert_eq!(
        reserved.to_value().unwrap_err().kind(),
        ErrorKind::ReservedKey
    );
    let deep = (0..129).fold(node(NodeValue::Null), |inner, _| {
        node(NodeValue::Array(vec![inner]))
    });
    assert_eq!(
        deep.to_value().unwrap_err().kind(),
        ErrorKind::TooDeep { limit: 128 }
    );
}
