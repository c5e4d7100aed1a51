//! Showing text that came from a document or an attacker: one line, bounded, no terminal tricks.

use std::fmt;

/// The most characters of one untrusted text that a message repeats.
const SHOWN: usize = 80;

/// Displays untrusted text on one line, escaped and cut after 80 characters, so that it cannot forge output.
///
/// Control characters, line separators and whatever reorders or hides text (Unicode TR36, section 2.7) are shown as
/// their code point. Use it wherever a tool name, an argument or a tool's result goes to a terminal or a log for people.
/// `{:#}` does not cut: for what is bounded anyway, such as a path.
///
/// ```
/// use portcullis::Plain;
///
/// assert_eq!(Plain("pay\u{1b}[2K\u{202e}").to_string(), r"pay\u{1b}[2K\u{202e}");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a>(pub &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        let shown = if f.alternate() { usize::MAX } else { SHOWN };
        for character in characters.by_ref().take(shown) {
            write_safe(f, character)?;
        }
        match characters.next() {
            Some(_) => f.write_str("…"),
            None => Ok(()),
        }
    }
}

/// Appends a name as [`Plain`] shows it. Most are plain already, and are copied as they are.
pub(crate) fn push_plain(out: &mut String, name: &str) {
    use fmt::Write as _;
    let is_plain = name.len() <= 128 && name.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain {
        out.push_str(name);
    } else {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}", Plain(name));
    }
}

pub(crate) fn write_safe(f: &mut impl fmt::Write, character: char) -> fmt::Result {
    if is_unsafe_to_show(character) {
        write!(f, "\\u{{{:x}}}", u32::from(character))
    } else {
        f.write_char(character)
    }
}

/// Control characters, line separators, and what reorders or hides text (Unicode TR36, section 2.7).
fn is_unsafe_to_show(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00ad}'
                | '\u{061c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The candidate closest to `text`, if it is close enough to be what was meant.
pub(crate) fn did_you_mean<'c>(
    text: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let text: Vec<char> = text.to_lowercase().chars().take(64).collect();
    let allowed = (text.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&text, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
fn edit_distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &to) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&above, j) + usize::from(from != to))
                .min(at(&above, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped =
                i > 0 && j > 0 && a.get(i - 1) == Some(&to) && b.get(j - 1) == Some(&from);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

/// Joins names for a sentence: `a`, `b` or `c`.
pub(crate) fn any_of_names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_need_a_likeness() {
        let fields = ["allowed_params", "audit_level", "effect"];
        assert_eq!(
            did_you_mean("alowed_params", fields),
            Some("allowed_params")
        );
        assert_eq!(did_you_mean("efefct", fields), Some("effect"));
        assert_eq!(did_you_mean("budget", fields), None);
        assert_eq!(did_you_mean("", fields), None);
    }

    #[test]
    fn shown_text_stays_on_one_plain_line() {
        let shown = Plain("a\n\u{1b}[2J\u{202e}b\u{200b}").to_string();
        assert_eq!(shown, "a\\u{a}\\u{1b}[2J\\u{202e}b\\u{200b}");
        let long = "x".repeat(1000);
        assert_eq!(Plain(&long).to_string().chars().count(), SHOWN + 1);
    }
}
