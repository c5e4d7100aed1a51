//! One finding, and the kinds there are.

use std::fmt;

use crate::error::{Place, write_excerpt};

/// What sort of thing a [`Finding`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Lint {
    /// A rule says nothing beyond another one: a permission that decides nothing which a pattern that covers it does not,
    /// a member or an alternative that stands twice.
    Duplicate,
    /// A permission can never allow a call, because another that covers all its tools contradicts it.
    Unreachable,
    /// No value can hold to a constraint.
    Contradiction,
    /// A permission without `allowed_params` takes any arguments.
    OpenWorld,
    /// A pattern matches every string of one line.
    PatternMatchesEverything,
    /// A dot in a pattern stands for any character, where a host, a file name or a version has a plain dot.
    UnescapedDot,
    /// A character class spells a word, but stands for single characters.
    ClassAsExclusion,
    /// A prefix ends inside a host name, so that other hosts begin with it too.
    PrefixInsideHost,
    /// A prefix is a path, from which `..` leads out.
    PrefixIsAPath,
    /// A glob with `**` and without `/` admits `..`.
    GlobIsNotAPath,
    /// The root directory is among the paths that are allowed.
    PathIsRoot,
    /// A limit is never reached, because another one always is before.
    LimitNeverBinds,
    /// A person's approval is asked for calls that are all denied anyway.
    ApprovalNeverReached,
    /// A limit counts by a parameter that may be absent; calls without it are denied.
    BudgetOnOptional,
    /// A budget sums a parameter that may be something else than a number from 0; such calls are denied.
    BudgetNotANumber,
    /// A tool whose name says that it changes something is said to only read.
    ReadNamedLikeWrite,
    /// Every tool, whatever its name, is said to only read.
    ReadForAnyTool,
    /// A rule of a monitor policy has nothing declared that it could go by.
    IdleRule,
    /// The hours at which an agent is expected to work are the whole week.
    AlwaysOpen,
    /// A path is expected between any two agents of whole trust domains.
    OpenPath,
    /// A response of a monitor policy is to nothing that leads to it by itself.
    WaitingResponse,
    /// A resource class holds every tool there is.
    OpenClass,
}

impl Lint {
    /// The code for machines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Unreachable => "unreachable",
            Self::Contradiction => "contradiction",
            Self::OpenWorld => "open_world",
            Self::PatternMatchesEverything => "pattern_matches_everything",
            Self::UnescapedDot => "unescaped_dot",
            Self::ClassAsExclusion => "class_as_exclusion",
            Self::PrefixInsideHost => "prefix_inside_host",
            Self::PrefixIsAPath => "prefix_is_a_path",
            Self::GlobIsNotAPath => "glob_is_not_a_path",
            Self::PathIsRoot => "path_is_root",
            Self::LimitNeverBinds => "limit_never_binds",
            Self::ApprovalNeverReached => "approval_never_reached",
            Self::BudgetOnOptional => "budget_on_optional",
            Self::BudgetNotANumber => "budget_not_a_number",
            Self::ReadNamedLikeWrite => "read_named_like_write",
            Self::ReadForAnyTool => "read_for_any_tool",
            Self::IdleRule => "idle_rule",
            Self::AlwaysOpen => "always_open",
            Self::OpenPath => "open_path",
            Self::WaitingResponse => "waiting_response",
            Self::OpenClass => "open_class",
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something in a policy that is probably not meant: what, why it matters, and what to write instead.
///
/// `Display` gives the whole report over several lines, with the line of the policy and a caret.
/// [`AgentPolicy::lint`](crate::AgentPolicy::lint) finds them.
#[derive(Clone, Debug)]
pub struct Finding(Box<Report>);

#[derive(Clone, Debug)]
struct Report {
    kind: Lint,
    says: Says,
    place: Option<Place>,
}

/// The words of a finding. Each is one line; what they repeat of the document is escaped and cut short.
#[derive(Clone, Debug)]
pub(crate) struct Says {
    pub(crate) message: String,
    pub(crate) why: String,
    pub(crate) instead: String,
}

impl Finding {
    pub(crate) fn new(kind: Lint, says: Says, place: Option<Place>) -> Self {
        Self(Box::new(Report { kind, says, place }))
    }

    pub(crate) fn starts_at(&self) -> Option<u32> {
        Some(self.0.place.as_ref()?.span.start)
    }

    /// What sort of thing it is about.
    #[must_use]
    pub fn kind(&self) -> Lint {
        self.0.kind
    }

    /// What was found, on one line, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.says.message
    }

    /// Why it matters.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.0.says.why
    }

    /// What to write instead.
    #[must_use]
    pub fn instead(&self) -> &str {
        &self.0.says.instead
    }

    /// The file, if the policy came from one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.0.place.as_ref()?.file()
    }

    /// The line, counted from 1; `None` for what was not written in a text.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        Some(self.position()?.0)
    }

    /// The column, counted from 1 in characters.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        Some(self.position()?.1)
    }

    /// `file:line:column`, if the policy came from text.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        self.0.place.as_ref().map(ToString::to_string)
    }

    fn position(&self) -> Option<(usize, usize)> {
        self.0.place.as_ref().map(Place::position)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { kind, says, place } = &*self.0;
        if let Some(place) = place {
            write!(f, "{place}: ")?;
        }
        write!(f, "warning[{kind}]: {}", says.message)?;
        if let Some(place) = place {
            write_excerpt(f, place)?;
        }
        write!(f, "\n  = {}\n  = {}", says.why, says.instead)
    }
}
