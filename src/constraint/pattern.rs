//! Regular expressions that match a whole string in linear time.

mod automaton;
mod compare;
mod slips;
#[cfg(test)]
mod tests;
mod translate;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::answer::Answer;
pub(crate) use automaton::Automaton;
pub(crate) use slips::Spelling;

/// Longest pattern or glob that is read, in bytes.
pub(super) const MAX_SOURCE: usize = 4096;

/// Most memory that the patterns of one document may take together, in bytes.
const MAX_DOCUMENT: usize = 64 << 20;

/// A regular expression that a string matches only as a whole.
///
/// The syntax is that of the `regex` crate. What differs is fixed here, so that a pattern means the same whatever
/// features the rest of the program switches on:
/// - `\d`, `\w`, `\s`, their negations, `\b`, the POSIX classes and `(?i)` know ASCII only;
/// - `.` and negated classes stand for one Unicode scalar value, `\p{..}` for a general category or a script;
/// - the flags `U`, `R` and a negated `u` do not exist.
///
/// Matching looks at each byte once and takes no memory.
#[derive(Clone)]
pub(crate) struct Pattern {
    inner: Arc<Inner>,
}

struct Inner {
    source: Box<str>,
    automaton: Automaton,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When it is longer than 4,096 bytes, is not a regular expression, uses what is not supported, or
    /// needs an automaton of more than 1 MiB.
    pub(crate) fn new(source: &str) -> Result<Self, PatternError> {
        if source.len() > MAX_SOURCE {
            return Err(PatternError::new(0, Problem::TooLong(source.len())));
        }
        let hir = translate::translate(source)?;
        let automaton =
            Automaton::new(&hir).ok_or_else(|| PatternError::new(0, Problem::TooBig))?;
        let source = source.into();
        Ok(Self {
            inner: Arc::new(Inner { source, automaton }),
        })
    }

    /// The pattern as it was written.
    pub(crate) fn source(&self) -> &str {
        &self.inner.source
    }

    /// What decides.
    pub(crate) fn automaton(&self) -> &Automaton {
        &self.inner.automaton
    }

    /// Whether the whole of `value` matches; never [`Answer::Refuse`], since every string has the form of a string.
    pub(crate) fn check(&self, value: &str) -> Answer {
        self.inner.automaton.check(value)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source()).finish()
    }
}

/// The patterns of one document while it loads: equal ones are compiled once, all of them within one bound.
#[derive(Debug, Default)]
pub(crate) struct PatternCache {
    known: HashMap<String, Result<Pattern, PatternError>>,
    used: usize,
}

impl PatternCache {
    /// Compiles a pattern, or returns the one that was compiled from the same source before.
    ///
    /// # Errors
    /// Those of [`Pattern::new`], and when the patterns so far need 64 MiB together.
    pub(crate) fn pattern(&mut self, source: &str) -> Result<Pattern, PatternError> {
        if let Some(known) = self.known.get(source) {
            return known.clone();
        }
        if self.used >= MAX_DOCUMENT {
            return Err(PatternError::new(0, Problem::TooManyTogether));
        }
        let made = Pattern::new(source);
        self.used += match &made {
            Ok(pattern) => pattern.inner.automaton.memory() + source.len(),
            // Finding out took as much work as the largest automaton that is allowed.
            Err(error) if error.problem == Problem::TooBig => automaton::MAX_AUTOMATON,
            Err(_) => source.len(),
        };
        self.known.insert(source.to_owned(), made.clone());
        made
    }
}

/// Why a pattern cannot be used, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct PatternError {
    offset: usize,
    problem: Problem,
}

impl PatternError {
    fn new(offset: usize, problem: Problem) -> Self {
        Self { offset, problem }
    }

    /// Where in the pattern the problem starts, in bytes.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("pattern is {0} bytes long, more than {MAX_SOURCE}")]
    TooLong(usize),
    #[error("pattern is not a regular expression: {0}")]
    Syntax(String),
    #[error(
        "look-around is not supported; say what the whole string is, or use `all_of` and `not`"
    )]
    LookAround,
    #[error("backreferences are not supported; write the alternatives out")]
    Backreference,
    #[error(
        "pattern nests deeper than {} levels; write it flatter",
        translate::MAX_NESTING
    )]
    TooDeep,
    #[error("flag `{0}` is not supported; use only `i`, `s`, `m` and `x`")]
    Flag(char),
    #[error("flag `u` cannot be switched off; patterns match text, not bytes")]
    Bytes,
    #[error(
        "not a Unicode general category or script; write one, such as `\\p{{L}}` or `\\p{{Greek}}`"
    )]
    UnicodeClass,
    #[error(
        "pattern needs an automaton of more than 1 MiB; shorten its repetitions or use `max_length`"
    )]
    TooBig,
    #[error(
        "the patterns of this document need more than 64 MiB together; shorten their repetitions"
    )]
    TooManyTogether,
}
