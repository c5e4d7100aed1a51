//! Which part of a value a constraint objects to; only worked out once a call is refused.

use super::{Answer, Check, Constraint, Fields};
use crate::json::{Object, View};

/// What did not fit, and where inside the parameter.
#[derive(Clone, Debug)]
pub(crate) struct Failure<'c, 'v> {
    /// From the parameter inwards, written so as to follow its name: `.items[3]`.
    pub(crate) path: String,
    pub(crate) problem: Problem<'c, 'v>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Problem<'c, 'v> {
    Value {
        expected: &'c Constraint,
        got: View<'v>,
    },
    MissingField,
    UnexpectedField,
}

impl Constraint {
    /// The innermost part that fails. Call it only after [`answer`](Self::answer) was no match.
    pub(crate) fn diagnose<'c, 'v>(&'c self, view: View<'v>) -> Failure<'c, 'v> {
        self.checks()
            .iter()
            .filter(|check| check.answer(view) != Answer::Match)
            .find_map(|check| check.diagnose_inside(view))
            .unwrap_or(Failure {
                path: String::new(),
                problem: Problem::Value {
                    expected: self,
                    got: view,
                },
            })
    }
}

impl Check {
    /// A failure further in, if this check looks into the value.
    fn diagnose_inside<'c, 'v>(&'c self, view: View<'v>) -> Option<Failure<'c, 'v>> {
        match (self, view) {
            (Self::Each(constraint), View::Array(elements)) => {
                let index = (0..elements.len()).find(|index| {
                    elements
                        .element(*index)
                        .is_some_and(|element| !constraint.admits(element))
                })?;
                let failure = constraint.diagnose(elements.element(index)?);
                Some(failure.under(&format!("[{index}]")))
            }
            (Self::Fields(fields), View::Object(object)) => fields.diagnose(object),
            (Self::AllOf(constraints), _) => Some(
                constraints
                    .iter()
                    .find(|constraint| !constraint.admits(view))?
                    .diagnose(view),
            ),
            _ => None,
        }
    }
}

impl Fields {
    fn diagnose<'c, 'v>(&'c self, object: &'v Object) -> Option<Failure<'c, 'v>> {
        let unexpected = object.iter().find(|(name, _)| self.find(name).is_none());
        if let Some((name, _)) = unexpected {
            return Some(Failure {
                path: format!(".{name}"),
                problem: Problem::UnexpectedField,
            });
        }
        self.0
            .iter()
            .find_map(|field| match object.get(&field.name) {
                None if field.optional => None,
                None => Some(Failure {
                    path: format!(".{}", field.name),
                    problem: Problem::MissingField,
                }),
                Some(value) if field.constraint.admits(value.view()) => None,
                Some(value) => Some(
                    field
                        .constraint
                        .diagnose(value.view())
                        .under(&format!(".{}", field.name)),
                ),
            })
    }
}

impl Failure<'_, '_> {
    fn under(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

/// Characters, elements or members of a value that has some.
pub(crate) fn length(view: View<'_>) -> Option<usize> {
    match view {
        View::String(text) => Some(text.chars().count()),
        View::Array(elements) => Some(elements.len()),
        View::Object(object) => Some(object.len()),
        _ => None,
    }
}
