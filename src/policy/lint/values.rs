//! Constraints, wherever they stand in a permission.

use std::collections::HashSet;
use std::hash::Hash;

use super::entries::Entry;
use super::logic::contradiction;
use super::notes::Notes;
use super::outline::Spot;
use super::{patterns, prefixes};
use crate::constraint::{Check, Constraint, Field, Fields};
use crate::finding::{Lint, Says};
use crate::text::Plain;

/// More checks beside a prefix than these are not looked at.
const MOST_BESIDE: usize = 64;

pub(super) fn look_at(entry: &Entry<'_>, notes: &mut Notes<'_>) {
    let tool = &entry.permission.tool_name();
    let spot = entry.spot.key("allowed_params");
    let mut walk = Walk { notes };
    for field in entry.permission.params().unwrap_or_default() {
        let subject = Subject {
            shown: format!("`{}` of `{tool}`", Plain(&field.name)),
            beside: Vec::new(),
            denied: false,
        };
        walk.field(field, spot, &subject);
    }
}

/// What a constraint is about.
struct Subject<'c> {
    /// For a sentence.
    shown: String,
    /// What else the same value must hold to.
    beside: Vec<&'c Check>,
    /// Whether it says, under `not`, what must not be.
    denied: bool,
}

impl<'c> Subject<'c> {
    /// For a part of the value, of which the other checks do not speak.
    fn part(&self) -> Self {
        Self {
            shown: self.shown.clone(),
            beside: Vec::new(),
            denied: self.denied,
        }
    }

    /// For the same value, which must hold to these too.
    fn and(&self, more: impl Iterator<Item = &'c Check>) -> Self {
        let beside = self.beside.iter().copied().chain(more);
        Self {
            shown: self.shown.clone(),
            beside: beside.take(MOST_BESIDE).collect(),
            denied: self.denied,
        }
    }
}

struct Walk<'w, 'n> {
    notes: &'w mut Notes<'n>,
}

impl Walk<'_, '_> {
    fn field(&mut self, field: &Field, spot: Spot<'_>, subject: &Subject<'_>) -> bool {
        self.constraint(&field.constraint, spot.name(&field.name), subject)
    }

    /// Whether a contradiction has been noted, here or further in.
    fn constraint(
        &mut self,
        constraint: &Constraint,
        spot: Spot<'_>,
        subject: &Subject<'_>,
    ) -> bool {
        let mut noted = false;
        for (index, check) in constraint.checks().iter().enumerate() {
            let others = constraint.checks().iter().enumerate();
            let others = others
                .filter(|(other, _)| *other != index)
                .map(|(_, check)| check);
            noted |= self.check(check, spot.check(check.key()), &subject.and(others));
        }
        noted || self.note_contradiction(constraint, spot, subject)
    }

    fn check<'c>(&mut self, check: &'c Check, spot: Spot<'_>, subject: &Subject<'c>) -> bool {
        self.note_repeated_texts(check, spot, subject);
        match check {
            Check::OneOf(values) => {
                let members = values.members().iter().enumerate();
                self.note_repeated(members, spot, "value", subject);
            }
            Check::Pattern(pattern) => patterns::look_at(pattern, &subject.shown, spot, self.notes),
            Check::Glob(glob) => self.glob(glob.source(), glob.speaks_of_paths(), spot, subject),
            Check::Prefix(prefix) => {
                let all = subject.and(std::iter::once(check));
                let fault = prefixes::fault(prefix, &all.beside, subject.denied, &subject.shown);
                if let Some((kind, says)) = fault {
                    self.notes.add(kind, spot, says);
                }
            }
            Check::Path(roots) => self.path(roots.source(), spot, subject),
            Check::Each(element) => return self.constraint(element, spot, &subject.part()),
            Check::Fields(fields) => return self.fields(fields, spot, subject),
            Check::Not(inner) => {
                let mut denied = subject.part();
                denied.denied = !subject.denied;
                return self.constraint(inner, spot, &denied);
            }
            Check::AllOf(all) => return self.all_of(all, spot, subject),
            Check::AnyOf(any) => {
                self.note_repeated_constraints(any, spot, subject);
                return any.iter().enumerate().fold(false, |noted, (index, one)| {
                    self.constraint(one, spot.element(index), subject) | noted
                });
            }
            _ => {}
        }
        false
    }

    fn fields(&mut self, fields: &Fields, spot: Spot<'_>, subject: &Subject<'_>) -> bool {
        fields.0.iter().fold(false, |noted, field| {
            self.field(field, spot, &subject.part()) | noted
        })
    }

    fn all_of<'c>(&mut self, all: &'c [Constraint], spot: Spot<'_>, subject: &Subject<'c>) -> bool {
        self.note_repeated_constraints(all, spot, subject);
        let mut noted = false;
        for (index, one) in all.iter().enumerate() {
            let others = all.iter().enumerate().filter(|(other, _)| *other != index);
            let others = others.flat_map(|(_, other)| other.checks());
            noted |= self.constraint(one, spot.element(index), &subject.and(others));
        }
        noted
    }

    fn note_contradiction(
        &mut self,
        constraint: &Constraint,
        spot: Spot<'_>,
        subject: &Subject<'_>,
    ) -> bool {
        let Some(why) = contradiction(&[constraint]) else {
            return false;
        };
        let says = Says {
            message: format!("no value can hold to this constraint on {}", subject.shown),
            why: format!("all keys of a constraint must hold together, and {why}"),
            instead: "keep the keys that belong together; for one thing or another write `any_of`"
                .to_owned(),
        };
        self.notes.add(Lint::Contradiction, spot, says);
        true
    }

    fn glob(&mut self, source: &str, speaks_of_paths: bool, spot: Spot<'_>, subject: &Subject<'_>) {
        let is_guarded = subject
            .beside
            .iter()
            .any(|check| check.admits_only_plain_paths());
        if speaks_of_paths || is_guarded || !source.contains("**") {
            return;
        }
        self.notes.add(
            Lint::GlobIsNotAPath,
            spot,
            Says {
                message: format!("the glob `{}` of {} takes `..` for a name", Plain(source), subject.shown),
                why: "`**` crosses slashes, but only a glob that holds `/` refuses values with `..`: `../x` is a plain string \
                      to this one"
                    .to_owned(),
                instead: "write a glob with `/`, such as `reports/**`, or `path`; for any string `type = \"string\"`".to_owned(),
            },
        );
    }

    fn path(&mut self, roots: &[String], spot: Spot<'_>, subject: &Subject<'_>) {
        if subject.denied {
            return;
        }
        if let Some(index) = roots.iter().position(|root| root == "/") {
            self.notes.add(
                Lint::PathIsRoot,
                spot.element(index),
                Says {
                    message: format!("{} may be any path", subject.shown),
                    why: "every absolute path is under `/`: keys, passwords and devices too"
                        .to_owned(),
                    instead: "name the directories that are meant, such as `/workspace`".to_owned(),
                },
            );
        }
    }

    fn note_repeated_texts(&mut self, check: &Check, spot: Spot<'_>, subject: &Subject<'_>) {
        for (key, texts) in check.lists() {
            let spot = key.map_or(spot, |key| spot.key(key));
            self.note_repeated(texts.iter().enumerate(), spot, "entry", subject);
        }
    }

    fn note_repeated_constraints(
        &mut self,
        all: &[Constraint],
        spot: Spot<'_>,
        subject: &Subject<'_>,
    ) {
        let written: Vec<_> = all.iter().map(Constraint::to_value).collect();
        self.note_repeated(written.iter().enumerate(), spot, "constraint", subject);
    }

    fn note_repeated<T: Eq + Hash>(
        &mut self,
        items: impl Iterator<Item = (usize, T)>,
        spot: Spot<'_>,
        what: &str,
        subject: &Subject<'_>,
    ) {
        let mut seen = HashSet::new();
        for (index, item) in items {
            if !seen.insert(item) {
                let says = Says {
                    message: format!(
                        "the same {what} stands twice in a list of {}",
                        subject.shown
                    ),
                    why: "the second one says nothing; perhaps another was meant".to_owned(),
                    instead: "leave it out, or write what was meant".to_owned(),
                };
                self.notes.add(Lint::Duplicate, spot.element(index), says);
            }
        }
    }
}
