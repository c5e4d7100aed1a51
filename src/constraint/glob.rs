//! Globs: `*` within one segment, `**` across segments.

use std::fmt;
use std::sync::Arc;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Dot, Hir, Repetition};

use super::answer::Answer;
use super::path;
use super::pattern::{Automaton, MAX_SOURCE};

/// A glob that a string matches only as a whole, in linear time.
///
/// `*` stands for any run of characters without `/`, `**` for any run, either may be empty. `**/` at the start of a
/// segment stands for any number of whole segments, also none. Everything else stands for itself, newlines too.
///
/// A glob that holds `/` speaks of paths. A value that is not plainly one is refused: one with an empty, `.` or `..`
/// segment, a backslash or a NUL.
#[derive(Clone)]
pub(crate) struct Glob {
    inner: Arc<Inner>,
}

struct Inner {
    source: Box<str>,
    speaks_of_paths: bool,
    automaton: Automaton,
}

impl Glob {
    /// Compiles a glob.
    ///
    /// # Errors
    /// When it is empty or longer than 4,096 bytes, holds a character that other globs give a meaning to, holds a
    /// segment that no value may have, or needs an automaton of more than 1 MiB.
    pub(crate) fn new(source: &str) -> Result<Self, GlobError> {
        if source.is_empty() {
            return Err(GlobError::new(0, Problem::Empty));
        }
        if source.len() > MAX_SOURCE {
            return Err(GlobError::new(0, Problem::TooLong(source.len())));
        }
        let hir = translate(source)?;
        check_segments(source)?;
        let automaton = Automaton::new(&hir).ok_or(GlobError::new(0, Problem::TooBig))?;
        Ok(Self {
            inner: Arc::new(Inner {
                source: source.into(),
                speaks_of_paths: source.contains('/'),
                automaton,
            }),
        })
    }

    /// The glob as it was written.
    pub(crate) fn source(&self) -> &str {
        &self.inner.source
    }

    /// What decides, once a value has the form of a path where that is asked for.
    pub(crate) fn automaton(&self) -> &Automaton {
        &self.inner.automaton
    }

    /// Whether only values in the form of a path match: the glob holds `/`.
    pub(crate) fn speaks_of_paths(&self) -> bool {
        self.inner.speaks_of_paths
    }

    /// Whether the whole of `value` matches; [`Answer::Refuse`] when the glob holds `/` and `value` is not a path.
    pub(crate) fn check(&self, value: &str) -> Answer {
        if self.inner.speaks_of_paths && !path::is_plain(value) {
            return Answer::Refuse;
        }
        self.inner.automaton.check(value)
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Glob {}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Glob").field(&self.source()).finish()
    }
}

/// Why a glob cannot be used, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct GlobError {
    offset: usize,
    problem: Problem,
}

impl GlobError {
    fn new(offset: usize, problem: Problem) -> Self {
        Self { offset, problem }
    }

    /// Where in the glob the problem starts, in bytes.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("glob is empty; use `one_of` for the empty string")]
    Empty,
    #[error("glob is {0} bytes long, more than {MAX_SOURCE}")]
    TooLong(usize),
    #[error("`{0}` is not allowed in a glob; only `*` and `**` are special here; use `pattern`")]
    Special(char),
    #[error("glob holds a NUL; no path can")]
    Nul,
    #[error("more than two `*` in a row; write `*` or `**`")]
    Stars,
    #[error(
        "glob holds an empty segment; write single slashes and none at the end (for a URL, use `prefix` or `url`)"
    )]
    EmptySegment,
    #[error("glob holds a segment `{0}`; write the path without it")]
    DotSegment(String),
    #[error("glob needs an automaton of more than 1 MiB; use fewer `*` or a `prefix`")]
    TooBig,
}

fn translate(source: &str) -> Result<Hir, GlobError> {
    let mut parts = Vec::new();
    let mut at_segment_start = true;
    let mut chars = source.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        let mut stars = usize::from(c == '*');
        while stars > 0 && chars.next_if(|(_, next)| *next == '*').is_some() {
            stars += 1;
        }
        let part = match (c, stars) {
            ('*', 1) => any_number_of(within_segment()),
            ('*', 2) if at_segment_start && chars.next_if(|(_, next)| *next == '/').is_some() => {
                // The slash is consumed: what follows starts a segment again.
                parts.push(any_segments());
                continue;
            }
            ('*', 2) => any_number_of(Hir::dot(Dot::AnyChar)),
            ('*', _) => return Err(GlobError::new(offset, Problem::Stars)),
            ('?' | '[' | ']' | '{' | '}' | '\\', _) => {
                return Err(GlobError::new(offset, Problem::Special(c)));
            }
            ('\0', _) => return Err(GlobError::new(offset, Problem::Nul)),
            _ => Hir::literal(c.encode_utf8(&mut [0; 4]).as_bytes()),
        };
        parts.push(part);
        at_segment_start = c == '/';
    }
    Ok(Hir::concat(parts))
}

fn check_segments(source: &str) -> Result<(), GlobError> {
    if source == "/" {
        return Ok(());
    }
    let mut offset = usize::from(source.starts_with('/'));
    for segment in source.strip_prefix('/').unwrap_or(source).split('/') {
        match segment {
            "" => return Err(GlobError::new(offset, Problem::EmptySegment)),
            "." | ".." => {
                return Err(GlobError::new(
                    offset,
                    Problem::DotSegment(segment.to_owned()),
                ));
            }
            _ => offset += segment.len() + 1,
        }
    }
    Ok(())
}

/// Any number of whole segments with their slashes, also none.
fn any_segments() -> Hir {
    repeat(
        0,
        Some(1),
        Hir::concat(vec![
            any_number_of(Hir::dot(Dot::AnyChar)),
            Hir::literal(*b"/"),
        ]),
    )
}

fn within_segment() -> Hir {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new('/', '/')]);
    class.negate();
    Hir::class(Class::Unicode(class))
}

fn any_number_of(sub: Hir) -> Hir {
    repeat(0, None, sub)
}

fn repeat(min: u32, max: Option<u32>, sub: Hir) -> Hir {
    Hir::repetition(Repetition {
        min,
        max,
        greedy: true,
        sub: Box::new(sub),
    })
}

#[cfg(test)]
#[path = "glob_tests.rs"]
mod tests;
