//! Patterns that check nothing, or something else than they seem to.

use super::notes::Notes;
use super::outline::Spot;
use crate::constraint::{Pattern, Spelling};
use crate::finding::{Lint, Says};
use crate::text::Plain;

pub(super) fn look_at(pattern: &Pattern, subject: &str, spot: Spot<'_>, notes: &mut Notes<'_>) {
    let source = pattern.source();
    if pattern.automaton().has_every_line() {
        notes.add(
            Lint::PatternMatchesEverything,
            spot,
            everything(source, subject),
        );
    }
    let slips = pattern.slips();
    if let Some(&first) = slips.dots.first() {
        let part = first..first.saturating_add(1);
        let says = bare_dots(source, &slips.dots, subject);
        notes.add_within(Lint::UnescapedDot, spot, (source, part), says);
    }
    for class in slips.classes {
        let says = spelling(source, &class, subject);
        notes.add_within(Lint::ClassAsExclusion, spot, (source, class.place), says);
    }
}

fn everything(source: &str, subject: &str) -> Says {
    Says {
        message: format!("the pattern `{}` of {subject} matches everything", Plain(source)),
        why: "every string of one line matches it, so that nothing is checked but the kind of value".to_owned(),
        instead: "say what the value looks like; if any string will do, write `type = \"string\"` or `max_length`"
            .to_owned(),
    }
}

fn bare_dots(source: &str, dots: &[usize], subject: &str) -> Says {
    Says {
        message: format!(
            "a dot in the pattern `{}` of {subject} stands for any character",
            Plain(source)
        ),
        why: format!(
            "the pattern also matches where another character stands, as in `{}`",
            Plain(&with_dots(source, dots, "x"))
        ),
        instead: format!(
            "write `[.]`, or `\\.` between quotes that leave backslashes alone: `{}`",
            Plain(&with_dots(source, dots, "[.]"))
        ),
    }
}

/// The pattern with these dots replaced.
fn with_dots(source: &str, dots: &[usize], by: &str) -> String {
    let mut text = String::with_capacity(source.len());
    for (offset, c) in source.char_indices() {
        match dots.contains(&offset) {
            true => text.push_str(by),
            false => text.push(c),
        }
    }
    text
}

fn spelling(source: &str, class: &Spelling, subject: &str) -> Says {
    let shown = Plain(source.get(class.place.clone()).unwrap_or(source));
    let message = format!("the class `{shown}` in a pattern of {subject} spells a word");
    let (why, instead) = match class.negated {
        true => (
            "a class in brackets stands for one character: this excludes single letters, not the word",
            "say what is allowed; to leave something out, write `not = { pattern = \"..\" }` beside it",
        ),
        false => (
            "a class in brackets stands for one character: this is any one of its letters, not the word",
            "write the word in parentheses, `(one|other)` for one of several, or use `one_of`",
        ),
    };
    Says {
        message,
        why: why.to_owned(),
        instead: instead.to_owned(),
    }
}
