//! No name changes what a picture is made of.

use proptest::prelude::*;

use super::*;

const HOSTILE: [&str; 16] = [
    "end",
    "\"]; click n0 \"javascript:alert(1)\"",
    "a\nb --> c",
    "a\r\nsubgraph x",
    "<script>alert(1)</script>",
    "`rm -rf`",
    "\u{202e}gnp.exe",
    "\\",
    "\\\"",
    "a\" -> b [label=\"c",
    "&quot;&#34;",
    "#quot;#34;",
    "%% comment",
    "}\n}",
    "|x|",
    "\u{0}\u{7f}\u{85}\u{2028}",
];

/// A picture of an agent that calls these tools and names these hosts.
fn pictures(names: &[String]) -> (GraphView, String, String) {
    let stage = Stage::new();
    let a = agent("a");
    for name in names {
        stage.decided(&a, name, Code::UnknownTool);
        let args = serde_json::json!({ "to": format!("http://{name}") }).to_string();
        stage.named(&a, &args, AuditLevel::Full, &[]);
    }
    let view = stage.view();
    let (dot, mermaid) = (view.dot(), view.mermaid());
    (view, dot, mermaid)
}

/// A line with `@` in place of its quoted texts, and these texts. In DOT a backslash takes the next character along.
fn skeleton(line: &str, has_escapes: bool) -> (String, Vec<String>) {
    let (mut bare, mut texts) = (String::new(), Vec::new());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character != '"' {
            bare.push(character);
            continue;
        }
        let mut text = String::new();
        loop {
            match characters.next() {
                Some('"') => break,
                Some('\\') if has_escapes => text.extend(characters.next()),
                Some(inside) => text.push(inside),
                None => panic!("a quote is not closed: {line}"),
            }
        }
        bare.push('@');
        texts.push(text);
    }
    (bare, texts)
}

fn check_dot(view: &GraphView, dot: &str) {
    let lines: Vec<_> = dot.lines().collect();
    let (nodes, edges) = (view.nodes().len(), view.edges().len());
    assert_eq!(lines.len(), 4 + nodes + edges, "{dot}");
    for (number, line) in lines[3..3 + nodes].iter().enumerate() {
        let (bare, texts) = skeleton(line, true);
        let style = bare
            .strip_prefix(&format!("  n{number} [label=@, "))
            .unwrap();
        let known = [
            "shape=box, style=rounded];",
            "shape=box];",
            "shape=hexagon];",
        ];
        assert!(known.contains(&style), "{line}");
        // What is left of the escapes is what was meant to be seen.
        let seen = texts[0].replace("&amp;", "&");
        assert_eq!(seen, label::shown(view.nodes()[number].endpoint.name()));
    }
    for line in &lines[3 + nodes..3 + nodes + edges] {
        let (bare, _) = skeleton(line, true);
        assert!(
            bare.starts_with("  n0 -> n") && bare.ends_with("];"),
            "{line}"
        );
    }
}

fn check_mermaid(view: &GraphView, mermaid: &str) {
    let lines: Vec<_> = mermaid.lines().collect();
    let (nodes, edges) = (view.nodes().len(), view.edges().len());
    let is_red = usize::from(view.unexpected().next().is_some());
    assert_eq!(lines.len(), 1 + nodes + edges + is_red, "{mermaid}");
    for (number, line) in lines[1..=nodes].iter().enumerate() {
        let (bare, texts) = skeleton(line, false);
        let shape = bare.strip_prefix(&format!("  n{number}")).unwrap();
        assert!(["(@)", "[@]", "{{@}}"].contains(&shape), "{line}");
        let is_harmless =
            |character: char| character.is_alphanumeric() || "_-.:/…#;".contains(character);
        assert!(texts[0].chars().all(is_harmless), "{line}");
        assert_eq!(
            decoded(&texts[0]),
            label::shown(view.nodes()[number].endpoint.name())
        );
    }
    for line in &lines[1 + nodes..=nodes + edges] {
        let (bare, _) = skeleton(line, false);
        assert!(
            bare.starts_with("  n0 -") && bare.contains("->|@| n"),
            "{line}"
        );
    }
}

/// As Mermaid shows a label: `#35;` is the character of this number.
fn decoded(label: &str) -> String {
    let mut pieces = label.split('#');
    let mut shown = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_once(';').unwrap();
        shown.push(char::from_u32(code.parse().unwrap()).unwrap());
        shown.push_str(rest);
    }
    shown
}

fn check(names: &[String]) {
    let (view, dot, mermaid) = pictures(names);
    check_dot(&view, &dot);
    check_mermaid(&view, &mermaid);
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(json["nodes"].as_array().unwrap().len(), view.nodes().len());
}

#[test]
fn hostile_names_stay_inside_their_labels() {
    for name in HOSTILE {
        check(&[name.to_owned()]);
    }
    check(&HOSTILE.map(str::to_owned).map(|name| name.repeat(20)));
    let (_, dot, mermaid) = pictures(&[HOSTILE.concat()]);
    for picture in [dot, mermaid] {
        assert!(!picture.contains(['\u{202e}', '\u{0}', '\r', '\u{85}', '\u{2028}']));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_leaves_its_label(names in proptest::collection::vec("\\PC{0,80}|[\"\\\\\\]\\[#;&<>`{}|\n\r\u{202e}-]{0,12}|(?s).{0,70}", 1..6)) {
        check(&names);
    }
}
