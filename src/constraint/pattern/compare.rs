//! Two automata side by side: what their languages have in common.

use std::collections::{HashSet, VecDeque};
use std::sync::LazyLock;

use regex_automata::dfa::Automaton as _;
use regex_automata::util::primitives::StateID;

use super::{Automaton, translate};

/// The most pairs of states that one comparison visits.
const MAX_PAIRS: usize = 4096;

/// Every string of one line but the empty one.
static ANY_LINE: LazyLock<Option<Automaton>> = LazyLock::new(|| {
    let hir = translate::translate("[^\n]+").ok()?;
    Automaton::new(&hir)
});

impl Automaton {
    /// Whether some string is in both languages; `None` if finding out would take too long.
    pub(crate) fn meets(&self, other: &Self) -> Option<bool> {
        self.finds(other, |in_one, in_other| in_one && in_other)
    }

    /// Whether every string of this language is in the other too; `None` if finding out would take too long.
    pub(crate) fn within(&self, other: &Self) -> Option<bool> {
        self.finds(other, |in_one, in_other| in_one && !in_other)
            .map(|found| !found)
    }

    /// Whether every string of one line is in the language, but perhaps for the empty one.
    pub(crate) fn has_every_line(&self) -> bool {
        let line = ANY_LINE.as_ref();
        line.and_then(|line| line.within(self)) == Some(true)
    }

    /// Whether a string of the language may begin so. `false` is certain.
    pub(crate) fn may_begin(&self, text: &str) -> bool {
        let mut state = self.start;
        text.bytes().all(|byte| {
            state = self.dfa.next_state(state, byte);
            !self.dfa.is_dead_state(state)
        })
    }

    /// Whether there is a string of which the two languages say what is `wanted`: whether it is in the one, and in
    /// the other. A string that is in neither must not be wanted.
    fn finds(&self, other: &Self, wanted: impl Fn(bool, bool) -> bool) -> Option<bool> {
        let alphabet = self.common_alphabet(other);
        let start = (self.start, other.start);
        let mut seen = HashSet::from([start]);
        let mut waiting = VecDeque::from([start]);
        while let Some((one, two)) = waiting.pop_front() {
            if wanted(self.ends_at(one), other.ends_at(two)) {
                return Some(true);
            }
            for &byte in &alphabet {
                let next = (
                    self.dfa.next_state(one, byte),
                    other.dfa.next_state(two, byte),
                );
                let hopeless = match (
                    self.dfa.is_dead_state(next.0),
                    other.dfa.is_dead_state(next.1),
                ) {
                    (false, false) => false,
                    (true, false) => !wanted(false, true),
                    (false, true) => !wanted(true, false),
                    (true, true) => true,
                };
                if !hopeless && seen.insert(next) {
                    if seen.len() > MAX_PAIRS {
                        return None;
                    }
                    waiting.push_back(next);
                }
            }
        }
        Some(false)
    }

    fn ends_at(&self, state: StateID) -> bool {
        self.dfa.is_match_state(self.dfa.next_eoi_state(state))
    }

    /// One byte for each class of bytes that neither automaton tells apart.
    fn common_alphabet(&self, other: &Self) -> Vec<u8> {
        let (ones, others) = (self.dfa.byte_classes(), other.dfa.byte_classes());
        let class = |byte: &u8| (ones.get(*byte), others.get(*byte));
        let mut bytes: Vec<u8> = (0..=u8::MAX).collect();
        bytes.sort_by_key(class);
        bytes.dedup_by_key(|byte| class(byte));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Pattern;
    use super::*;
    use crate::constraint::Answer;

    fn automaton(pattern: &str) -> Automaton {
        Automaton::new(&translate::translate(pattern).unwrap()).unwrap()
    }

    #[test]
    fn languages_compare() {
        for (one, other, meets, within) in [
            ("[a-z]+", "[0-9]+", false, false),
            ("[a-z]+", "[a-z0-9]*", true, true),
            ("[a-z0-9]*", "[a-z]+", true, false),
            ("a|ab", "ab|a", true, true),
            ("é", "[^a-z]", true, true),
            ("a$", "^a", true, true),
            ("ab*", "a.?", true, false),
            ("(?i)ab", "AB", true, false),
            ("AB", "(?i)ab", true, true),
            (r"a\bb", "ab", false, true),
        ] {
            let (one_is, other_is) = (automaton(one), automaton(other));
            assert_eq!(one_is.meets(&other_is), Some(meets), "{one} {other}");
            assert_eq!(one_is.within(&other_is), Some(within), "{one} {other}");
        }
    }

    #[test]
    fn patterns_that_say_nothing_are_known() {
        for everything in [
            ".*",
            ".+",
            "(?s).*",
            r"[\s\S]*",
            r"[\s\S]+",
            "^.*$",
            "(.*)",
            "a|.*",
            ".*|",
            "..*",
            r"(\w|\W)*",
            "[^\n]*",
            ".{0,}",
        ] {
            assert!(automaton(everything).has_every_line(), "{everything}");
        }
        for something in [
            ".",
            "..+",
            ".{1,80}",
            r"[^\r\n]+",
            r"\S+",
            ".*a",
            "a.*",
            "[ -~]*",
            "",
            r"\w*",
            ".?",
        ] {
            assert!(!automaton(something).has_every_line(), "{something}");
        }
    }

    #[test]
    fn a_comparison_that_would_take_too_long_has_no_answer() {
        let (one, other) = (automaton("(a{97})*b"), automaton("(a{89})*c"));
        assert_eq!(one.meets(&other), None);
    }

    proptest! {
        /// Law: no string contradicts a comparison.
        #[test]
        fn comparisons_hold_for_strings(
            one in "(a|b|ab|\\.|\\[\\^a\\]|\\(a\\|b\\)\\*|b\\?|é\\*){0,4}",
            other in "(a|b|ab|\\.|\\[\\^a\\]|\\(a\\|b\\)\\*|b\\?|é\\*){0,4}",
            texts in proptest::collection::vec("[abé\n]{0,4}", 20),
        ) {
            let (Ok(one), Ok(other)) = (Pattern::new(&one), Pattern::new(&other)) else { return Ok(()) };
            let (left, right) = (one.automaton(), other.automaton());
            for text in texts {
                let matches = [one.check(&text), other.check(&text)].map(|answer| answer == Answer::Match);
                if matches == [true, true] {
                    prop_assert_eq!(left.meets(right), Some(true));
                }
                if matches == [true, false] {
                    prop_assert_eq!(left.within(right), Some(false));
                }
                if matches[0] {
                    prop_assert!(text.char_indices().all(|(end, _)| left.may_begin(text.get(..end).unwrap())));
                }
            }
        }
    }
}
