//! Patterns that are well-formed but look like a slip of the pen.

use std::ops::Range;

use regex_syntax::ast::{
    self, Ast, ClassBracketed, ClassPerlKind, ClassSet, ClassSetItem, RepetitionKind,
};

use super::{Pattern, translate};

/// What looks wrong in a pattern. Offsets are in bytes of the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slips {
    /// Dots that stand for any character where a host, a file name or a version would have a plain dot.
    pub(crate) dots: Vec<usize>,
    /// Character classes that spell a word or a domain.
    pub(crate) classes: Vec<Spelling>,
}

/// A character class that spells something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelling {
    pub(crate) place: Range<usize>,
    pub(crate) negated: bool,
}

impl Pattern {
    /// Looks for slips in the pattern as it was written.
    pub(crate) fn slips(&self) -> Slips {
        let mut slips = Slips::default();
        let parsed = ast::parse::ParserBuilder::new()
            .nest_limit(translate::MAX_NESTING)
            .build()
            .parse(self.source());
        if let Ok(ast) = parsed {
            slips.look_into(&ast);
        }
        slips
    }
}

impl Slips {
    fn look_into(&mut self, ast: &Ast) {
        match ast {
            Ast::Concat(concat) => {
                self.dots.extend(bare_dots(&concat.asts));
                concat.asts.iter().for_each(|part| self.look_into(part));
            }
            Ast::Alternation(alternation) => alternation
                .asts
                .iter()
                .for_each(|part| self.look_into(part)),
            Ast::Group(group) => self.look_into(&group.ast),
            Ast::Repetition(repetition) => self.look_into(&repetition.ast),
            Ast::ClassBracketed(class) if spells_something(class) => self.classes.push(Spelling {
                place: class.span.start.offset..class.span.end.offset,
                negated: class.negated,
            }),
            _ => {}
        }
    }
}

/// The dots of a sequence that have enough of a name on both sides.
fn bare_dots(parts: &[Ast]) -> impl Iterator<Item = usize> {
    parts.iter().enumerate().filter_map(|(index, part)| {
        let Ast::Dot(span) = part else {
            return None;
        };
        let (before, after) = (parts.get(..index)?, parts.get(index + 1..)?);
        let left = name_weight(before.iter().rev(), Side::Left);
        let right = name_weight(after.iter(), Side::Right);
        let between_names = left > 0 && right > 0 && left + right >= NAME;
        between_names.then_some(span.start.offset)
    })
}

/// The weight from which two sides of a dot are a name: `x.com` and `1.2` are one, `gr.y` is not.
const NAME: usize = 4;

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// How much of a name stands next to a dot, going outwards: its letters, or what a digit, a class or a repetition of word
/// characters weighs.
fn name_weight<'a>(mut outwards: impl Iterator<Item = &'a Ast>, side: Side) -> usize {
    let Some(next) = outwards.next() else {
        return 0;
    };
    match literal(next) {
        Some(c) if c.is_ascii_digit() => NAME - 1,
        Some(c) if is_word(c) => {
            1 + outwards
                .map_while(literal)
                .take_while(|c| is_word(*c))
                .count()
        }
        Some(_) => 0,
        None if begins_or_ends_in_word(next, side) => match next {
            Ast::Repetition(_) => NAME - 1,
            Ast::Group(_) => NAME / 2,
            _ => 1,
        },
        None => 0,
    }
}

fn literal(ast: &Ast) -> Option<char> {
    match ast {
        Ast::Literal(literal) => Some(literal.c),
        _ => None,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

/// Whether what is next to the dot is a character of a word, as far as that is plain to see.
fn begins_or_ends_in_word(ast: &Ast, side: Side) -> bool {
    match ast {
        Ast::Literal(literal) => is_word(literal.c),
        Ast::ClassPerl(class) => !class.negated && class.kind != ClassPerlKind::Space,
        Ast::ClassBracketed(class) => !class.negated,
        Ast::ClassUnicode(class) => !class.is_negated(),
        Ast::Repetition(repetition) => {
            let may_be_left_out = matches!(repetition.op.kind, RepetitionKind::ZeroOrOne);
            !may_be_left_out && begins_or_ends_in_word(&repetition.ast, side)
        }
        Ast::Group(group) => begins_or_ends_in_word(&group.ast, side),
        Ast::Concat(concat) => match side {
            Side::Left => concat.asts.last(),
            Side::Right => concat.asts.first(),
        }
        .is_some_and(|part| begins_or_ends_in_word(part, side)),
        Ast::Alternation(alternation) => alternation
            .asts
            .iter()
            .all(|part| begins_or_ends_in_word(part, side)),
        _ => false,
    }
}

/// A class is a set, so order and repetition mean nothing in it: where it has a domain's dot, a word with a letter that
/// occurs twice, or words between bars, its author meant a text.
fn spells_something(class: &ClassBracketed) -> bool {
    let mut text = String::new();
    match &class.kind {
        ClassSet::Item(item) => spelled(item, &mut text),
        ClassSet::BinaryOp(_) => return false,
    }
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphabetic() && c != '-')
        .filter(|word| word.chars().count() >= 2)
        .collect();
    let is_domain = text
        .split(['\0', '|', '/', '@'])
        .any(|part| looks_like_domain(part.trim_end_matches(['$', '^'])));
    let is_listed = text.contains('|') && words.len() >= 2;
    is_domain
        || is_listed
        || words
            .iter()
            .any(|word| is_meant_as_word(word, class.negated))
}

/// The characters of a class in the order they are written, with a NUL wherever something else stands.
fn spelled(item: &ClassSetItem, text: &mut String) {
    match item {
        ClassSetItem::Literal(literal) => text.push(literal.c),
        ClassSetItem::Union(union) => union.items.iter().for_each(|item| spelled(item, text)),
        _ => text.push('\0'),
    }
}

fn looks_like_domain(text: &str) -> bool {
    let mut labels = text.split('.').peekable();
    let is_label = |label: &str| {
        label.chars().count() >= 2 && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let has_dot = text.contains('.');
    has_dot && labels.all(is_label)
}

fn is_meant_as_word(word: &str, negated: bool) -> bool {
    let letters: Vec<char> = word.chars().collect();
    let mut sorted = letters.clone();
    sorted.sort_unstable();
    let in_order = sorted == letters;
    sorted.dedup();
    let repeats = sorted.len() < letters.len() && letters.len() >= 3;
    // Excluding a handful of single letters out of order is rare; excluding a word is a common wish.
    let has_vowel = letters.iter().any(|c| "aeiouAEIOU".contains(*c));
    repeats || negated && letters.len() >= 4 && !in_order && has_vowel
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slips(pattern: &str) -> Slips {
        Pattern::new(pattern).unwrap().slips()
    }

    #[test]
    fn dots_between_names_are_slips() {
        for (pattern, dots) in [
            ("api.example.com", vec![3, 11]),
            (".*@example.org", vec![10]),
            ("report.csv", vec![6]),
            (r"https://[a-z]+.example\.com/.*", vec![14]),
            (r"\w+.csv", vec![3]),
            ("v1.2", vec![2]),
            (r"\d+.\d{2}", vec![3]),
            ("report.(csv|txt)", vec![6]),
            ("(a|main.rs)", vec![7]),
            ("(?i)x.com", vec![5]),
        ] {
            assert_eq!(slips(pattern).dots, dots, "{pattern}");
        }
    }

    #[test]
    fn other_dots_are_not() {
        for pattern in [
            ".*",
            ".+",
            ".",
            ".{3}",
            r"a\.b",
            r"api\.example\.com",
            "[.]",
            "api[.]example[.]com",
            "abc.*",
            ".*abc",
            "abc.+def",
            "abc.?def",
            "a.c",
            "gr.y",
            "abc.",
            ".abc",
            r"abc.\.def",
            "abc. def",
            r"\S+.\S+",
            "(abc).(,|;)",
            "[^a].[^b]",
            "abc?.def",
            "",
        ] {
            assert_eq!(slips(pattern).dots, [0; 0], "{pattern}");
        }
    }

    #[test]
    fn classes_that_spell_are_slips() {
        for (pattern, negated) in [
            ("[^example.com]", true),
            ("[^example.com]+", true),
            ("[^ourcompany.com$]", true),
            (".*@[^evil.org]", true),
            ("[example.com]+", false),
            (r"[^example\.com]", true),
            ("[http|https]", false),
            ("[csv|txt]", false),
            ("[NYSE|LSE]", false),
            ("[^admin]", true),
            ("[^root]*", true),
            ("(x|[^example.com])", true),
        ] {
            let found = slips(pattern).classes;
            assert_eq!(found.len(), 1, "{pattern}");
            assert_eq!(found[0].negated, negated, "{pattern}");
            assert!(
                pattern
                    .get(found[0].place.clone())
                    .unwrap()
                    .starts_with('['),
                "{pattern}"
            );
        }
    }

    #[test]
    fn other_classes_are_not() {
        for pattern in [
            "[a-z]",
            "[A-Za-z0-9_.-]",
            "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+",
            "[aeiou]",
            "[^aeiou]",
            "[ACGT]",
            "[rwx]",
            "[YyNn]",
            r"[^\r\n]+",
            "[^a]",
            "[^a-c]*",
            r#"[^"\\]"#,
            "[.,;:!?]",
            "[hdwmy]",
            "[+|*]",
            "[a|b]",
            "[^/]+",
            "[[:alpha:]]",
            "[a-z&&[^aeiou]]",
            "[0-9.]+",
            "[abc.]",
            r"[\w.]",
            "[^<>|&;]",
            "[eE]",
        ] {
            assert_eq!(slips(pattern).classes, [], "{pattern}");
        }
    }
}
