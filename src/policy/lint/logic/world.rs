//! Named values together: the parameters of a permission, or the fields of an object.

use super::contradiction::contradiction;
use super::implication::implies;
use crate::constraint::{Check, Field, Fields};

/// What is said of named values: each of them, and whether there may be others.
#[derive(Clone, Copy, Debug)]
pub(in crate::policy::lint) struct World<'c> {
    /// Sorted by name.
    pub(in crate::policy::lint) named: &'c [Field],
    /// Whether values may be there that are not named.
    pub(in crate::policy::lint) open: bool,
}

/// Why two worlds have nothing in common.
#[derive(Clone, Debug)]
pub(in crate::policy::lint) enum Clash<'c> {
    /// One of them requires it, and the other refuses it.
    Refused {
        name: &'c str,
        /// Whether the first requires it, and the other one refuses it.
        by_other: bool,
    },
    /// It must be there, and no value of it holds to both.
    Impossible { name: &'c str, why: String },
}

impl<'c> World<'c> {
    pub(super) fn of(fields: &'c Fields) -> Self {
        Self {
            named: &fields.0,
            open: false,
        }
    }

    pub(in crate::policy::lint) fn find(self, name: &str) -> Option<&'c Field> {
        let index = self
            .named
            .binary_search_by(|field| (*field.name).cmp(name))
            .ok()?;
        self.named.get(index)
    }

    /// A value that must be there and that nothing can be.
    pub(in crate::policy::lint) fn impossible(self) -> Option<Clash<'c>> {
        self.named
            .iter()
            .filter(|field| !field.optional)
            .find_map(|field| {
                let why = contradiction(&[&field.constraint])?;
                Some(Clash::Impossible {
                    name: &field.name,
                    why,
                })
            })
    }

    /// Why nothing fits both, where that is certain and each alone is possible.
    pub(in crate::policy::lint) fn clash(self, other: Self) -> Option<Clash<'c>> {
        let missed = |wanting: Self, refusing: Self, by_other| {
            let mut missed = wanting.named.iter().filter(|field| {
                !field.optional && !refusing.open && refusing.find(&field.name).is_none()
            });
            missed.next().map(|field| Clash::Refused {
                name: &field.name,
                by_other,
            })
        };
        missed(self, other, true)
            .or_else(|| missed(other, self, false))
            .or_else(|| self.impossible_with(other))
    }

    fn impossible_with(self, other: Self) -> Option<Clash<'c>> {
        self.named.iter().find_map(|field| {
            let theirs = other.find(&field.name)?;
            // What is the same on both sides has no value together only if it has none alone.
            if field.optional && theirs.optional || field.constraint == theirs.constraint {
                return None;
            }
            let why = contradiction(&[&field.constraint, &theirs.constraint])?;
            Some(Clash::Impossible {
                name: &field.name,
                why,
            })
        })
    }

    /// Whether it is certain that whatever fits this fits `wider` too.
    pub(in crate::policy::lint) fn is_within(self, wider: Self) -> bool {
        let named_fit = self
            .named
            .iter()
            .all(|field| match wider.find(&field.name) {
                None => wider.open,
                Some(theirs) => {
                    (theirs.optional || !field.optional)
                        && implies(&field.constraint, &theirs.constraint)
                }
            });
        let others_fit = wider
            .named
            .iter()
            .filter(|theirs| self.find(&theirs.name).is_none())
            .all(|theirs| theirs.optional && (!self.open || admits_anything(theirs)));
        named_fit && others_fit && (wider.open || !self.open)
    }
}

fn admits_anything(field: &Field) -> bool {
    let mut checks = field.constraint.checks().iter();
    checks.all(|check| matches!(check, Check::Any))
}
