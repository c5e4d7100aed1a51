use std::fmt::{self, Write};

use super::number::Number;
use super::view::View;

/// Appends compact JSON text.
pub(super) fn view(view: View<'_>, out: &mut String) {
    match view {
        View::Null | View::NotRepresentable => out.push_str("null"),
        View::Bool(true) => out.push_str("true"),
        View::Bool(false) => out.push_str("false"),
        View::Number(number) => {
            let _ = write!(out, "{number}");
        }
        View::String(text) => string(text, out),
        View::Array(elements) => {
            out.push('[');
            for index in 0..elements.len() {
                separate(index, out);
                elements
                    .element(index)
                    .unwrap_or(View::Null)
                    .write_json(out);
            }
            out.push(']');
        }
        View::Object(object) => {
            out.push('{');
            for (index, (key, value)) in object.iter().enumerate() {
                separate(index, out);
                string(key, out);
                out.push(':');
                value.write_json(out);
            }
            out.push('}');
        }
    }
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for piece in text.split_inclusive(must_escape) {
        let mut chars = piece.chars();
        match chars.next_back() {
            Some(last) if must_escape(last) => {
                out.push_str(chars.as_str());
                escape(last, out);
            }
            _ => out.push_str(piece),
        }
    }
    out.push('"');
}

fn must_escape(character: char) -> bool {
    matches!(character, '"' | '\\' | '\0'..='\x1F')
}

fn escape(character: char, out: &mut String) {
    match short_escape(character) {
        Some(letter) => out.extend(['\\', letter]),
        None => {
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        }
    }
}

fn short_escape(character: char) -> Option<char> {
    Some(match character {
        '"' => '"',
        '\\' => '\\',
        '\x08' => 'b',
        '\x0C' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        _ => return None,
    })
}

/// The bytes that a string takes as JSON text, quotes included.
pub(super) fn string_len(text: &str) -> usize {
    let escapes = text
        .bytes()
        .map(char::from)
        .filter(|byte| must_escape(*byte));
    let extra = escapes.map(|byte| if short_escape(byte).is_some() { 1 } else { 5 });
    text.len() + extra.sum::<usize>() + 2
}

/// The bytes that a number takes as JSON text.
pub(super) fn number_len(number: Number) -> usize {
    struct Count(usize);

    impl Write for Count {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }

    let mut count = Count(0);
    let _ = write!(count, "{number}");
    count.0
}
