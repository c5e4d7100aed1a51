use std::collections::BTreeSet;
use std::fmt;

use proptest::prelude::*;

use super::{Answer, Pattern, PatternCache, PatternError};

fn pattern(source: &str) -> Pattern {
    Pattern::new(source).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn fits(source: &str, value: &str) -> bool {
    pattern(source).check(value) == Answer::Match
}

fn error(source: &str) -> PatternError {
    Pattern::new(source).expect_err(source)
}

#[test]
fn the_whole_string_matches_or_nothing() {
    assert!(fits("[A-Z]{1,5}", "NVDA"));
    for value in ["", "nvda", "NVDAXX", "NVDA\n", "\nNVDA", "NVDA NVDA", "A\0"] {
        assert!(!fits("[A-Z]{1,5}", value), "{value:?}");
    }
    assert!(fits("", "") && !fits("", "a"));
    assert!(fits("^abc$", "abc") && fits(r"\Aabc\z", "abc") && !fits("b", "abc"));
}

#[test]
fn longer_alternatives_are_not_lost() {
    for (source, value) in [
        ("a|ab", "ab"),
        ("(a|ab)(c|bcd)", "abcd"),
        ("(a|ab)(c|bcd)", "abc"),
        ("(?:a|ab|abc|b|bc)+?", "abcabcbcb"),
        ("sam|samwise|s", "samwise"),
        ("a??b??", "ab"),
        ("(?:|a)", "a"),
    ] {
        assert!(fits(source, value), "{source} on {value}");
    }
}

#[test]
fn a_newline_is_never_excused() {
    for source in ["abc$", "^abc$", "(?m)^abc$", "(?m:^abc$)", r"abc\z", "abc"] {
        assert!(fits(source, "abc"));
        assert!(!fits(source, "abc\n") && !fits(source, "\nabc") && !fits(source, "abc\r\n"));
    }
    assert!(!fits(".", "\n") && fits("(?s).", "\n") && fits(".", "\r") && fits(".", "\u{2028}"));
    assert!(fits("(?m)a$\n^b", "a\nb") && !fits("a$\n^b", "a\nb"));
}

#[test]
fn shorthands_know_ascii_only() {
    assert!(!fits(r"\d", "\u{660}") && fits(r"\D", "\u{660}") && fits(r"\d+", "0123456789"));
    assert!(!fits(r"\w", "é") && fits(r"\W", "é") && fits(r"[\w]+", "az_AZ09"));
    assert!(!fits(r"\s", "\u{a0}") && fits(r"\S", "\u{a0}") && fits(r"\s+", " \t\r\n\x0b\x0c"));
    assert!(fits(r"é\ba", "éa") && !fits(r"é\Ba", "éa") && fits(r"é\Bé", "éé"));
    assert!(
        !fits("[[:alpha:]]", "é") && fits("[[:^alpha:]]", "é") && !fits("[[:alpha:]]", "\u{212a}")
    );
}

#[test]
fn case_folds_ascii_letters_only() {
    assert!(fits("(?i)k", "K") && fits("(?i)K", "k") && !fits("(?i)k", "\u{212a}"));
    assert!(
        fits("(?i)[a-z]+", "AZaz") && !fits("(?i)[a-z]", "\u{17f}") && !fits("(?i)s", "\u{17f}")
    );
    assert!(!fits("(?i)é", "É") && fits("(?i)\u{212a}", "\u{212a}") && !fits("(?i)\u{212a}", "k"));
    assert!(!fits("(?i)[^k]", "K") && fits("(?i)[^k]", "\u{212a}"));
    assert!(
        fits("(?i)[A&&a]", "a")
            && !fits("(?i)[a~~A]", "A")
            && !fits("(?i)[A~~a]", "A")
            && fits("(?i)[[:^upper:]]", "1")
            && !fits("(?i)[[:^upper:]]", "a")
    );
    assert!(fits("(?i:a)b", "Ab") && !fits("(?i:a)b", "AB") && fits("a(?i)b|c", "C"));
    assert!(fits(r"(?i)\p{Lu}", "q") && fits("(?i)(?-i)a", "a") && !fits("(?i)(?-i)a", "A"));
}

#[test]
fn characters_are_unicode_scalars() {
    assert!(fits(".", "é") && fits(".", "\u{10ffff}") && fits("[^a]", "😀"));
    // `e` with a combining accent is two scalars, and not the same as the one that looks alike.
    assert!(!fits(".", "e\u{301}") && fits("..", "e\u{301}") && !fits("\u{e9}", "e\u{301}"));
    assert!(fits(r"\p{Greek}+", "αβγ") && !fits(r"\p{Greek}+", "abc"));
    assert!(fits(r"\pL\PL", "é1") && fits(r"\p{gc=Lu}", "É") && fits(r"\p{gc!=Lu}", "é"));
    assert!(
        fits(r"\P{sc!=Greek}", "α") && fits(r"[\p{scx:Grek}--α]", "β") && fits(r"\p{Any}", "\0")
    );
    assert!(fits(r"\p{Zl}", "\u{2028}") && fits(r"\xe9\u{e9}", "éé"));
}

#[test]
fn properties_that_other_features_bring_stay_unknown() {
    for source in [
        r"\p{Alphabetic}",
        r"\p{White_Space}",
        r"\p{Lowercase}",
        r"\p{Emoji}",
        r"\p{Age=3.0}",
        r"\p{gcb=Extend}",
        r"\p{wb=ALetter}",
        r"\p{Lé}",
        r"\p{}",
        r"\pé",
    ] {
        let error = error(&format!("ab{source}"));
        assert_eq!(error.offset(), 2, "{source}");
        assert!(
            error.to_string().contains("general category or script"),
            "{source}"
        );
    }
}

#[test]
fn errors_say_where_and_what() {
    for (source, offset, message) in [
        ("ab(c", 2, "unclosed group"),
        ("é[a", 2, "unclosed character class"),
        (r"a\q", 1, "unrecognized escape"),
        ("a{5,2}", 1, "invalid repetition count range"),
        ("(?=a)", 0, "look-around"),
        (r"(a)\1", 3, "backreferences"),
        ("a(?-u:b)", 4, "`u` cannot be switched off"),
        ("(?U)a", 2, "flag `U` is not supported"),
        ("(?sR)a", 3, "flag `R` is not supported"),
        ("(?i-U:a)", 4, "flag `U` is not supported"),
    ] {
        let error = error(source);
        assert_eq!(error.offset(), offset, "{source}: {error}");
        assert!(error.to_string().contains(message), "{source}: {error}");
    }
    assert!(fits("(?x) a b # comment", "ab") && fits("(?u)a", "a"));
}

#[test]
fn hostile_patterns_cost_little() {
    for source in [
        "(a{1000}){1000}",
        "((((a?){50}){50}){50}){50}",
        "[ab]*a[ab]{20}",
        "(?:[a&&b]){4294967295}",
        "(?:(?:a|)*){4000000000}",
        r"\p{L}{1,80}",
        ".{0,5000}",
    ] {
        assert_eq!(
            error(source).to_string(),
            "pattern needs an automaton of more than 1 MiB; shorten its repetitions or use `max_length`",
            "{source}"
        );
    }
    assert!(error(&"a".repeat(4097)).to_string().contains("4097 bytes"));
    let deepest = "(a".repeat(1000) + &")".repeat(1000);
    assert!(error(&deepest).to_string().contains("nests deeper"));
    assert!(
        error(&format!("a{}", "{2}".repeat(500)))
            .to_string()
            .contains("nests deeper")
    );
}

#[test]
fn deepest_pattern_fits_a_small_stack() {
    let build = || {
        let groups = "(a|".repeat(16) + &")*".repeat(16);
        fits(&groups, "aaa") && fits(&("[".repeat(50) + "a" + &"]".repeat(50)), "a")
    };
    let thread = std::thread::Builder::new().stack_size(512 << 10);
    assert!(thread.spawn(build).unwrap().join().unwrap());
}

#[test]
fn long_values_take_linear_time() {
    let value = "x".repeat(2_000_000);
    for source in ["(x+x+)+y", "(a*)*", "(?:x|x|xx)*y", "(.*)*(.*)*(.*)*y"] {
        assert!(!fits(source, &value), "{source}");
    }
    assert!(fits("(x+x+)+", &value));
}

#[test]
fn equality_and_debug_go_by_source() {
    assert_eq!(pattern("a|b"), pattern("a|b").clone());
    assert_ne!(pattern("a|b"), pattern("b|a"));
    assert_eq!(format!("{:?}", pattern("a")), r#"Pattern("a")"#);
    assert_eq!(pattern(" a").source(), " a");
}

#[test]
fn a_cache_compiles_once_and_stays_bounded() {
    let mut cache = PatternCache::default();
    let first = cache.pattern("[a-z]+").unwrap();
    for _ in 0..10_000 {
        let again = cache.pattern("[a-z]+").unwrap();
        assert!(std::sync::Arc::ptr_eq(&first.inner, &again.inner));
    }
    assert_eq!(cache.pattern("("), cache.pattern("("));
    let exhausted = (0..).find(|n| {
        let made = cache.pattern(&format!("(a{{1000}}){{1000}}{n}"));
        made.unwrap_err().to_string().contains("64 MiB")
    });
    assert_eq!(exhausted, Some(64));
    assert!(cache.pattern("[a-z]+").is_ok());
}

/// An expression that knows what it means, for a matcher too plain to be wrong.
#[derive(Clone, Debug)]
enum Re {
    Char(char),
    Set(bool, Vec<(char, char)>),
    Dot,
    DotAll,
    Look(&'static str),
    Cat(Vec<Re>),
    Alt(Vec<Re>),
    Repeat(Box<Re>, usize, Option<usize>),
    IgnoreCase(Box<Re>),
}

const ALPHABET: [char; 14] = [
    'a', 'A', 'k', 'K', 'z', '_', '0', ' ', '\n', '\u{e9}', '\u{c9}', '\u{212a}', '\u{17f}', '😀',
];

impl fmt::Display for Re {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, parts: &[Re], between: &str| {
            for (index, part) in parts.iter().enumerate() {
                write!(f, "{}{part}", if index == 0 { "(?:" } else { between })?;
            }
            write!(f, ")")
        };
        match self {
            Self::Char(c) => write!(f, "{}", regex_syntax::escape(&c.to_string())),
            Self::Set(negated, ranges) => {
                write!(f, "[{}", if *negated { "^" } else { "" })?;
                for (first, last) in ranges {
                    write!(f, r"\u{{{:x}}}-\u{{{:x}}}", *first as u32, *last as u32)?;
                }
                write!(f, "]")
            }
            Self::Dot => write!(f, "."),
            Self::DotAll => write!(f, "(?s:.)"),
            Self::Look(look) => write!(f, "{look}"),
            Self::Cat(parts) => list(f, parts, ""),
            Self::Alt(parts) => list(f, parts, "|"),
            Self::Repeat(sub, min, Some(max)) => write!(f, "(?:{sub}){{{min},{max}}}"),
            Self::Repeat(sub, min, None) => write!(f, "(?:{sub}){{{min},}}"),
            Self::IgnoreCase(sub) => write!(f, "(?i:{sub})"),
        }
    }
}

impl Re {
    /// The positions that a match can end at, given those it can start at.
    fn ends(&self, text: &[char], fold: bool, starts: &BTreeSet<usize>) -> BTreeSet<usize> {
        let step = |fits: &dyn Fn(char) -> bool| {
            let next = starts
                .iter()
                .filter(|at| text.get(**at).is_some_and(|c| fits(*c)));
            next.map(|at| at + 1).collect()
        };
        match self {
            Self::Char(own) => step(&|c| same(*own, c, fold)),
            Self::Set(negated, ranges) => step(&|c| {
                let cases = [c, c.to_ascii_lowercase(), c.to_ascii_uppercase()];
                let cases = if fold { &cases[..] } else { &cases[..1] };
                let within = |c: &char| ranges.iter().any(|(first, last)| first <= c && c <= last);
                cases.iter().any(within) != *negated
            }),
            Self::Dot => step(&|c| c != '\n'),
            Self::DotAll => step(&|_| true),
            Self::Look(look) => starts
                .iter()
                .copied()
                .filter(|at| holds(look, text, *at))
                .collect(),
            Self::Cat(parts) => parts
                .iter()
                .fold(starts.clone(), |at, part| part.ends(text, fold, &at)),
            Self::Alt(parts) => parts
                .iter()
                .flat_map(|part| part.ends(text, fold, starts))
                .collect(),
            Self::Repeat(sub, min, max) => {
                let mut at = starts.clone();
                for _ in 0..*min {
                    at = sub.ends(text, fold, &at);
                }
                let mut all = at.clone();
                // More rounds than the text is long reach nothing new.
                for _ in *min..max.unwrap_or(min + text.len() + 1) {
                    at = sub.ends(text, fold, &at);
                    all.extend(&at);
                }
                all
            }
            Self::IgnoreCase(sub) => sub.ends(text, true, starts),
        }
    }
}

fn same(own: char, c: char, fold: bool) -> bool {
    own == c || fold && own.eq_ignore_ascii_case(&c)
}

fn holds(look: &str, text: &[char], at: usize) -> bool {
    let word = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_');
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    let after = text.get(at);
    match look {
        "^" => at == 0,
        "$" => at == text.len(),
        "(?m:^)" => before.is_none_or(|c| *c == '\n'),
        "(?m:$)" => after.is_none_or(|c| *c == '\n'),
        r"\b" => word(before) != word(after),
        r"\B" => word(before) == word(after),
        _ => panic!("{look}"),
    }
}

fn expression() -> impl Strategy<Value = Re> {
    let char = prop::sample::select(&ALPHABET[..]);
    let range = (char.clone(), char.clone()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let looks = ["^", "$", "(?m:^)", "(?m:$)", r"\b", r"\B"];
    let leaf = prop_oneof![
        4 => char.prop_map(Re::Char),
        2 => (any::<bool>(), prop::collection::vec(range, 1..3)).prop_map(|(not, ranges)| Re::Set(not, ranges)),
        1 => Just(Re::Dot),
        1 => Just(Re::DotAll),
        2 => prop::sample::select(looks.to_vec()).prop_map(Re::Look),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let many = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            many.clone().prop_map(Re::Cat),
            many.prop_map(Re::Alt),
            (inner.clone(), 0..3usize, prop::option::of(0..3usize)).prop_map(|(sub, min, more)| {
                Re::Repeat(Box::new(sub), min, more.map(|more| min + more))
            }),
            inner.prop_map(|sub| Re::IgnoreCase(Box::new(sub))),
        ]
    })
}

fn text() -> impl Strategy<Value = Vec<char>> {
    prop::collection::vec(prop::sample::select(&ALPHABET[..]), 0..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    /// Law: a pattern matches a value exactly when the plain matcher can reach its end.
    #[test]
    fn agrees_with_a_plain_matcher(re in expression(), texts in prop::collection::vec(text(), 8)) {
        let compiled = pattern(&re.to_string());
        for text in texts {
            let ends = re.ends(&text, false, &BTreeSet::from([0]));
            let value: String = text.iter().collect();
            let expected = Answer::of(ends.contains(&text.len()));
            prop_assert_eq!(compiled.check(&value), expected, "{} on {:?}", re, value);
        }
    }

    /// Law: an escaped text matches itself and nothing that merely starts or ends like it.
    #[test]
    fn an_escaped_text_is_itself(text in "\\PC{0,20}", more in "\\PC") {
        let own = pattern(&regex_syntax::escape(&text));
        prop_assert_eq!(own.check(&text), Answer::Match);
        prop_assert_eq!(own.check(&format!("{text}{more}")), Answer::NoMatch);
        prop_assert_eq!(own.check(&format!("{text}\n")), Answer::NoMatch);
    }

    /// Law: any text is a pattern or an error within it, and a pattern answers any value.
    #[test]
    fn any_text_is_a_pattern_or_an_error(
        source in prop_oneof!["\\PC{0,40}", r"([a-cA-Z0-9é]|[-()\[\]{}|*+?^$.,&~:<>=#]|\\[dDwWsSbBpPAzxu]|\(\?[imsxuUR-]|\[:|:\]|\\p\{L){0,40}"],
        value in any::<String>(),
    ) {
        match Pattern::new(&source) {
            Ok(pattern) => prop_assert_ne!(pattern.check(&value), Answer::Refuse),
            Err(error) => prop_assert!(source.is_char_boundary(error.offset()), "{}", error),
        }
    }
}
