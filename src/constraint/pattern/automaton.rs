//! The deterministic automaton under patterns and globs.

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::Hir;

use super::Answer;

/// Largest automaton that is built, in bytes; each stage of building it has the same bound.
pub(super) const MAX_AUTOMATON: usize = 1 << 20;

/// An automaton that reads a whole string, byte by byte.
pub(crate) struct Automaton {
    pub(super) dfa: dense::DFA<Vec<u32>>,
    pub(super) start: StateID,
}

impl Automaton {
    /// Builds the automaton, or `None` when it needs more than [`MAX_AUTOMATON`] bytes.
    ///
    /// All memory and work is bounded by that, however large the repetitions in `hir` are.
    pub(crate) fn new(hir: &Hir) -> Option<Self> {
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .which_captures(WhichCaptures::None)
                    .nfa_size_limit(Some(MAX_AUTOMATON)),
            )
            .build_from_hir(hir)
            .ok()?;
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            // Leftmost-first would cut `ab` out of `a|ab` once `a` has matched.
            .match_kind(MatchKind::All)
            .accelerate(false)
            .dfa_size_limit(Some(MAX_AUTOMATON))
            .determinize_size_limit(Some(MAX_AUTOMATON));
        let dfa = dense::Builder::new()
            .configure(config)
            .build_from_nfa(&nfa)
            .ok()?;
        let start = dfa
            .start_state(&start::Config::new().anchored(Anchored::Yes))
            .ok()?;
        Some(Self { dfa, start })
    }

    /// Whether the whole of `value` is in the language.
    pub(crate) fn check(&self, value: &str) -> Answer {
        let mut state = self.start;
        for &byte in value.as_bytes() {
            state = self.dfa.next_state(state, byte);
            if self.dfa.is_special_state(state) {
                if self.dfa.is_dead_state(state) {
                    return Answer::NoMatch;
                }
                // No byte is set to quit; if one ever were, the answer would not be known.
                if self.dfa.is_quit_state(state) {
                    return Answer::Refuse;
                }
            }
        }
        // A match shows one transition late, so the end of input decides whether one ends exactly here.
        Answer::of(self.dfa.is_match_state(self.dfa.next_eoi_state(state)))
    }

    /// Memory taken on the heap, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.dfa.memory_usage()
    }
}
