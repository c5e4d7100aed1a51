//! Why a policy did not load, with the place in its text.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::json::Span;
use crate::text::{Plain, write_safe};

/// A document that is being read: its text and, if it has one, the name of its file.
pub(crate) struct Source {
    pub(crate) name: Option<String>,
    pub(crate) text: String,
}

/// The name alone: a policy is long, and not for every log that prints a refusal.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// Line and column of a byte offset, both counted from 1, the column in characters.
    pub(crate) fn position(&self, offset: u32) -> (usize, usize) {
        let before = self.text.get(..offset as usize).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    }

    fn line(&self, offset: u32) -> &str {
        let before = self.text.get(..offset as usize).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = self.text.get(start..).unwrap_or("");
        rest.lines().next().unwrap_or("")
    }

    /// Narrows the place of a string to a part of it, where the string stands in the document as it is; where it is
    /// written with escapes, the place of the whole string is as exact as it gets.
    pub(crate) fn within_string(&self, whole: Span, text: &str, part: Range<usize>) -> Span {
        let inner =
            (whole.start as usize).saturating_add(1)..(whole.end as usize).saturating_sub(1);
        if self.text.get(inner) != Some(text) {
            return whole;
        }
        let place = |offset: usize| {
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            whole.start.saturating_add(1).saturating_add(offset)
        };
        Span {
            start: place(part.start),
            end: place(part.end),
        }
    }
}

/// A place in a document.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) source: Arc<Source>,
    pub(crate) span: Span,
}

impl Place {
    pub(crate) fn file(&self) -> Option<&str> {
        self.source.name.as_deref()
    }

    /// Line and column, as [`Source::position`] counts them.
    pub(crate) fn position(&self) -> (usize, usize) {
        self.source.position(self.span.start)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position();
        match self.file() {
            Some(name) => write!(f, "{:#}:{line}:{column}", Plain(name)),
            None => write!(f, "line {line} column {column}"),
        }
    }
}

/// Something that does not take part in comparisons: where a value was written says nothing about what it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unseen<T>(pub(crate) T);

impl<T> PartialEq for Unseen<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Which step of loading a policy failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadErrorKind {
    /// The file could not be read.
    Io,
    /// The text is not the format that it claims to be.
    Syntax,
    /// The document is not a policy: an unknown or missing field, a wrong value.
    Policy,
    /// The policy does not fit the tools that the guard knows.
    Tools,
    /// One of the policy's own examples was decided otherwise.
    Example,
}

/// Why a policy did not load: where, what was wrong, and what to write instead.
///
/// `Display` gives the whole report over several lines, with the offending line and a caret.
///
/// ```
/// use portcullis::AgentPolicy;
///
/// let error = AgentPolicy::from_json(r#"{"agent_id": "spiffe://example.org/a", "permisions": []}"#).unwrap_err();
/// assert_eq!(error.line(), Some(1));
/// assert!(error.to_string().contains("did you mean `permissions`?"));
/// ```
#[derive(Clone, Debug)]
pub struct LoadError(Box<Report>);

#[derive(Clone, Debug)]
struct Report {
    kind: LoadErrorKind,
    message: String,
    help: Option<String>,
    place: Option<Place>,
    others: Vec<LoadError>,
}

impl LoadError {
    pub(crate) fn new(kind: LoadErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Report {
            kind,
            message: message.into(),
            help: None,
            place: None,
            others: Vec::new(),
        }))
    }

    /// One error out of several found together; `None` if there are none.
    pub(crate) fn first_of(errors: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let mut first = errors.next()?;
        first.0.others.extend(errors);
        Some(first)
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Sets the place unless an inner step has already named a more exact one.
    pub(crate) fn at(mut self, place: Option<Place>) -> Self {
        self.0.place = self.0.place.or(place);
        self
    }

    /// Which step failed.
    #[must_use]
    pub fn kind(&self) -> LoadErrorKind {
        self.0.kind
    }

    /// What was wrong, on one line, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to write instead, if that is known.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The file, if the policy came from one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.0.place.as_ref()?.file()
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        Some(self.position()?.0)
    }

    /// The column, counted from 1 in characters.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        Some(self.position()?.1)
    }

    /// Further errors that were found together with this one: the other examples that are decided otherwise.
    #[must_use]
    pub fn others(&self) -> &[Self] {
        &self.0.others
    }

    fn position(&self) -> Option<(usize, usize)> {
        self.0.place.as_ref().map(Place::position)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.0.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.0.message)?;
        if let Some(place) = &self.0.place {
            write_excerpt(f, place)?;
        }
        if let Some(help) = &self.0.help {
            write!(f, "\n  = {help}")?;
        }
        let others = &self.0.others;
        others
            .iter()
            .take(SHOWN_OTHERS)
            .try_for_each(|other| write!(f, "\n{other}"))?;
        match others.len().saturating_sub(SHOWN_OTHERS) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for LoadError {}

/// The most errors that a report adds to the first.
const SHOWN_OTHERS: usize = 99;

/// The characters of context shown on each side of the caret when a line is long.
const CONTEXT: usize = 60;

/// The line that a place is on, on a line of its own, and a caret under the place.
pub(crate) fn write_excerpt(f: &mut fmt::Formatter<'_>, place: &Place) -> fmt::Result {
    let (line_number, column) = place.position();
    let line = place.source.line(place.span.start);
    let skipped = column.saturating_sub(CONTEXT + 1);
    let shown: String = line
        .chars()
        .skip(skipped)
        .take(2 * CONTEXT)
        .map(|character| if character == '\t' { ' ' } else { character })
        .collect();
    let available = shown.chars().count() + 1 - (column - skipped).min(shown.chars().count());
    let wanted = place
        .source
        .text
        .get(place.span.start as usize..place.span.end as usize);
    let width = wanted.map_or(1, |text| text.lines().next().unwrap_or("").chars().count());
    let gutter = line_number.to_string();
    write!(f, "\n{:w$} |\n{gutter} | ", "", w = gutter.len())?;
    shown
        .chars()
        .try_for_each(|character| write_safe(f, character))?;
    let carets = "^".repeat(width.clamp(1, available.max(1)));
    write!(
        f,
        "\n{:w$} | {:c$}{carets}",
        "",
        "",
        w = gutter.len(),
        c = column - skipped - 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, start: u32, end: u32) -> LoadError {
        let source = Arc::new(Source {
            name: Some("p.toml".into()),
            text: text.into(),
        });
        LoadError::new(LoadErrorKind::Policy, "unknown field `x`")
            .at(Some(Place {
                source,
                span: Span { start, end },
            }))
            .help("did you mean `y`?")
    }

    #[test]
    fn a_report_points_at_the_place() {
        let report = error("a = 1\nxé = 2\n", 6, 9).to_string();
        assert_eq!(
            report,
            "p.toml:2:1: unknown field `x`\n  |\n2 | xé = 2\n  | ^^\n  = did you mean `y`?"
        );
    }

    #[test]
    fn any_place_renders() {
        let texts = ["", "\n", "abc", "é\u{1b}[0m\r\n\tz", &"w".repeat(500)];
        for text in texts {
            for start in 0..=text.len() as u32 + 2 {
                for end in start..=text.len() as u32 + 2 {
                    let report = error(text, start, end).to_string();
                    assert!(!report.contains('\u{1b}'));
                }
            }
        }
    }
}
