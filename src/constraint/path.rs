//! Absolute paths at or under a list of roots.

use super::answer::Answer;

/// Paths at or under one of a list of roots, compared by whole segments.
///
/// Only the text is looked at: whether a link leads elsewhere is for whoever opens the path to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathRoots {
    roots: Vec<String>,
}

impl PathRoots {
    /// Takes the list of roots as written.
    ///
    /// # Errors
    /// When the list is empty or an entry is not an absolute path in normal form.
    pub(crate) fn new(roots: Vec<String>) -> Result<Self, PathError> {
        if roots.is_empty() {
            return Err(PathError::new(None, Problem::NoRoots));
        }
        for (entry, root) in roots.iter().enumerate() {
            if let Some(problem) = problem_of(root) {
                return Err(PathError::new(Some(entry), problem));
            }
        }
        Ok(Self { roots })
    }

    /// The roots as they were written.
    pub(crate) fn source(&self) -> &[String] {
        &self.roots
    }

    /// Whether `value` is a root or under one; [`Answer::Refuse`] when it is not an absolute path in normal form.
    pub(crate) fn check(&self, value: &str) -> Answer {
        if !is_normal(value) {
            return Answer::Refuse;
        }
        Answer::of(self.covers(value))
    }

    /// Whether a path that is already known to be sound is a root or under one.
    pub(crate) fn covers(&self, path: &str) -> bool {
        self.roots
            .iter()
            .any(|root| match path.strip_prefix(root.as_str()) {
                Some(rest) => root == "/" || rest.is_empty() || rest.starts_with('/'),
                None => false,
            })
    }
}

/// Why a list of roots cannot be used, and which entry is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct PathError {
    entry: Option<usize>,
    problem: Problem,
}

impl PathError {
    fn new(entry: Option<usize>, problem: Problem) -> Self {
        Self { entry, problem }
    }

    /// Which entry of the list is at fault, counted from 0; `None` when it is the list.
    pub(crate) fn entry(&self) -> Option<usize> {
        self.entry
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("list of paths is empty; name at least one, such as `/workspace`")]
    NoRoots,
    #[error("path is not absolute; start it with `/`")]
    Relative,
    #[error("path ends in a slash; write `{0}`")]
    TrailingSlash(String),
    #[error("path holds an empty segment; write single slashes")]
    EmptySegment,
    #[error("path holds a segment `{0}`; write the path without it")]
    DotSegment(String),
    #[error("path holds a backslash; write `/` between segments")]
    Backslash,
    #[error("path holds a NUL; no path can")]
    Nul,
}

/// Whether `path` is absolute and in normal form: it can name only one place, whoever reads it.
fn is_normal(path: &str) -> bool {
    path.starts_with('/') && is_plain(path)
}

/// Whether `path`, absolute or not, has no empty, `.` or `..` segment, no backslash and no NUL.
pub(super) fn is_plain(path: &str) -> bool {
    path == "/"
        || !path.contains(['\\', '\0'])
            && path
                .strip_prefix('/')
                .unwrap_or(path)
                .split('/')
                .all(|segment| !matches!(segment, "" | "." | ".."))
}

fn problem_of(root: &str) -> Option<Problem> {
    if is_normal(root) {
        return None;
    }
    let Some(rest) = root.strip_prefix('/') else {
        return Some(Problem::Relative);
    };
    if root.contains('\\') {
        return Some(Problem::Backslash);
    }
    if root.contains('\0') {
        return Some(Problem::Nul);
    }
    if let Some(dots) = rest
        .split('/')
        .find(|segment| matches!(*segment, "." | ".."))
    {
        return Some(Problem::DotSegment(dots.to_owned()));
    }
    match root.strip_suffix('/') {
        Some(shorter) if is_normal(shorter) => Some(Problem::TrailingSlash(shorter.to_owned())),
        _ => Some(Problem::EmptySegment),
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
