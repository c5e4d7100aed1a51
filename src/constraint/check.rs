//! Whether a value is what a constraint says.

use std::cmp::Ordering;

use super::{Answer, Bound, Check, Constraint, Edge, Field, Fields, Values};
use crate::json::{Kind, Number, Object, Value, View};

impl Constraint {
    /// Anything but `Match` means no; what kind of no it is matters under `not` and `any_of`.
    pub(crate) fn answer(&self, view: View<'_>) -> Answer {
        match &*self.0 {
            [only] => only.answer(view),
            checks => all(checks.iter().map(|check| check.answer(view))),
        }
    }

    #[inline]
    pub(crate) fn admits(&self, view: View<'_>) -> bool {
        self.answer(view) == Answer::Match
    }

    pub(crate) fn checks(&self) -> &[Check] {
        &self.0
    }
}

impl Check {
    pub(crate) fn answer(&self, view: View<'_>) -> Answer {
        if matches!(view, View::NotRepresentable) {
            return Answer::Refuse;
        }
        match self {
            Self::Any => Answer::Match,
            Self::OneOf(values) => values.answer(view),
            Self::Type(name) => view.kind().map_or(Answer::OtherKind, |kind| {
                Answer::of(name.kinds().contains(kind))
            }),
            Self::Bound(bound, limit) => bound.answer(*limit, view),
            Self::Pattern(pattern) => with_string(view, |text| pattern.check(text)),
            Self::Prefix(prefix) => {
                with_string(view, |text| Answer::of(text.starts_with(prefix.as_str())))
            }
            Self::Glob(glob) => with_string(view, |text| glob.check(text)),
            Self::Path(roots) => with_string(view, |text| roots.check(text)),
            #[cfg(feature = "net")]
            Self::Host(hosts) => with_string(view, |text| hosts.check(text)),
            #[cfg(feature = "net")]
            Self::Url(rule) => with_string(view, |text| rule.check(text)),
            #[cfg(feature = "net")]
            Self::Cidr(networks) => with_string(view, |text| networks.check(text)),
            Self::Length(edge, limit) => {
                with_string(view, |text| edge.answer(*limit, text.chars().count()))
            }
            Self::Items(edge, limit) => match view {
                View::Array(elements) => edge.answer(*limit, elements.len()),
                _ => Answer::OtherKind,
            },
            Self::Each(constraint) => match view {
                View::Array(elements) => all((0..elements.len()).map(|index| {
                    elements
                        .element(index)
                        .map_or(Answer::Refuse, |element| part(constraint.answer(element)))
                })),
                _ => Answer::OtherKind,
            },
            Self::Fields(fields) => match view {
                View::Object(object) => fields.answer(object),
                _ => Answer::OtherKind,
            },
            Self::AllOf(constraints) => {
                all(constraints.iter().map(|constraint| constraint.answer(view)))
            }
            Self::AnyOf(constraints) => {
                any(constraints.iter().map(|constraint| constraint.answer(view)))
            }
            Self::Not(constraint) => match constraint.answer(view) {
                Answer::Match => Answer::NoMatch,
                Answer::NoMatch => Answer::Match,
                unjudged => unjudged,
            },
        }
    }
}

/// Every part must match; the worst answer stands.
fn all(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut result = Answer::Match;
    for answer in answers {
        match (answer, result) {
            (Answer::Refuse, _) => return Answer::Refuse,
            (Answer::OtherKind, _) => result = Answer::OtherKind,
            (Answer::NoMatch, Answer::Match) => result = Answer::NoMatch,
            _ => {}
        }
    }
    result
}

/// One match is enough. Without one, an alternative that could not judge the value outweighs those that said no, and
/// alternatives for other kinds count only if there are no others.
fn any(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut result = Answer::OtherKind;
    for answer in answers {
        match (answer, result) {
            (Answer::Match, _) => return Answer::Match,
            (Answer::Refuse, _) => result = Answer::Refuse,
            (Answer::NoMatch, Answer::OtherKind) => result = Answer::NoMatch,
            _ => {}
        }
    }
    result
}

/// A part of a value that is of another kind than the constraint speaks of makes the whole one that it cannot judge.
fn part(answer: Answer) -> Answer {
    if answer == Answer::OtherKind {
        Answer::Refuse
    } else {
        answer
    }
}

fn with_string(view: View<'_>, check: impl FnOnce(&str) -> Answer) -> Answer {
    match view {
        View::String(text) => check(text),
        _ => Answer::OtherKind,
    }
}

impl Values {
    fn answer(&self, view: View<'_>) -> Answer {
        if !view.kind().is_some_and(|kind| self.kinds.contains(kind)) {
            return Answer::OtherKind;
        }
        match view {
            View::String(text) if !self.strings.is_empty() => Answer::of(
                self.strings
                    .binary_search_by(|member| (**member).cmp(text))
                    .is_ok(),
            ),
            View::String(text) => Answer::of(
                self.members
                    .iter()
                    .any(|member| matches!(member, Value::String(known) if known == text)),
            ),
            View::Number(number) if !self.numbers.is_empty() => {
                Answer::of(self.numbers.contains(&number))
            }
            _ => Answer::of(self.members.iter().any(|member| view.equals(member))),
        }
    }

    pub(crate) fn members(&self) -> &[Value] {
        &self.members
    }

    pub(super) fn kinds(&self) -> super::Kinds {
        self.kinds
    }
}

impl Bound {
    fn answer(self, limit: Number, view: View<'_>) -> Answer {
        let View::Number(number) = view else {
            return Answer::OtherKind;
        };
        Answer::of(self.holds(number.compare(limit)))
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Min => order != Ordering::Less,
            Self::Max => order != Ordering::Greater,
            Self::Above => order == Ordering::Greater,
            Self::Below => order == Ordering::Less,
        }
    }
}

impl Edge {
    fn answer(self, limit: usize, size: usize) -> Answer {
        match self {
            Self::Min => Answer::of(size >= limit),
            Self::Max => Answer::of(size <= limit),
        }
    }
}

impl Fields {
    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<&Field> {
        // Few enough that a scan beats a search by halves.
        if self.0.len() <= 8 {
            return self.0.iter().find(|field| &*field.name == name);
        }
        let index = self
            .0
            .binary_search_by(|field| (*field.name).cmp(name))
            .ok()?;
        self.0.get(index)
    }

    /// A missing or an unknown field is refused, not merely unmatched: missing never means that something matches.
    fn answer(&self, object: &Object) -> Answer {
        let known = object.iter().all(|(name, _)| self.find(name).is_some());
        if !known {
            return Answer::Refuse;
        }
        all(self.0.iter().map(|field| match object.get(&field.name) {
            Some(value) => part(field.constraint.answer(value.view())),
            None if field.optional => Answer::Match,
            None => Answer::Refuse,
        }))
    }
}

impl Constraint {
    /// The kinds of value that this could admit; used to hold a policy against a tool's types.
    pub(crate) fn admitted_kinds(&self) -> super::Kinds {
        self.0.iter().fold(super::Kinds::ALL, |kinds, check| {
            kinds.intersection(check.admitted_kinds())
        })
    }
}

impl Check {
    pub(crate) fn admitted_kinds(&self) -> super::Kinds {
        use super::Kinds;
        match self {
            Self::Any => Kinds::ALL,
            Self::OneOf(values) => values.kinds(),
            Self::Type(name) => name.kinds(),
            Self::Bound(..) => Kinds::of([Kind::Integer, Kind::Float]),
            Self::Pattern(_)
            | Self::Prefix(_)
            | Self::Glob(_)
            | Self::Path(_)
            | Self::Length(..) => Kinds::of([Kind::String]),
            #[cfg(feature = "net")]
            Self::Host(_) | Self::Url(_) | Self::Cidr(_) => Kinds::of([Kind::String]),
            Self::Items(..) | Self::Each(_) => Kinds::of([Kind::Array]),
            Self::Fields(_) => Kinds::of([Kind::Object]),
            Self::AllOf(constraints) => constraints.iter().fold(Kinds::ALL, |kinds, one| {
                kinds.intersection(one.admitted_kinds())
            }),
            Self::AnyOf(constraints) => constraints.iter().fold(Kinds::default(), |kinds, one| {
                kinds.union(one.admitted_kinds())
            }),
            Self::Not(constraint) => constraint.spoken_kinds(),
        }
    }
}

impl Constraint {
    /// The kinds that this speaks of: outside them it refuses.
    fn spoken_kinds(&self) -> super::Kinds {
        use super::Kinds;
        self.0.iter().fold(Kinds::ALL, |kinds, check| {
            kinds.intersection(match check {
                Check::Type(_) => Kinds::ALL,
                Check::AllOf(all) => all.iter().fold(Kinds::ALL, |kinds, one| {
                    kinds.intersection(one.spoken_kinds())
                }),
                Check::AnyOf(any) => any.iter().fold(Kinds::default(), |kinds, one| {
                    kinds.union(one.spoken_kinds())
                }),
                Check::Not(inner) => inner.spoken_kinds(),
                other => other.admitted_kinds(),
            })
        })
    }
}

impl Constraint {
    /// The values listed at the top.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().flat_map(|check| match check {
            Check::OneOf(values) => values.members(),
            _ => &[],
        })
    }

    /// What is said of the elements of an array.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.0.iter().filter_map(|check| match check {
            Check::Each(constraint) => Some(constraint),
            _ => None,
        })
    }
}
