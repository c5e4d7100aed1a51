//! Permissions beside each other: those that say nothing, and those that can never allow a call.

use super::limits::binds_first;
use super::logic::{Clash, World};
use super::notes::Notes;
use super::outline::{Outline, Spot};
use crate::finding::{Lint, Says};
use crate::ids::Principal;
use crate::policy::{AgentPolicy, LimitRule, ToolPermission};
use crate::text::Plain;

/// The permissions of a policy.
pub(super) struct Entries<'p> {
    pub(super) principal: &'p Principal,
    all: Vec<Entry<'p>>,
    /// The positions of those whose names are patterns.
    patterns: Vec<usize>,
}

/// One permission.
pub(super) struct Entry<'p> {
    index: usize,
    pub(super) permission: &'p ToolPermission,
    /// Where it is written.
    pub(super) spot: Spot<'p>,
    /// A parameter that must be there and that nothing can be.
    impossible: Option<Clash<'p>>,
}

impl<'p> Entries<'p> {
    pub(super) fn new(policy: &'p AgentPolicy, outline: &'p Outline) -> Self {
        let spots = outline.permissions();
        let all: Vec<Entry<'p>> = policy
            .permissions
            .iter()
            .enumerate()
            .map(|(index, permission)| {
                let spot = spots.get(permission.tool_name.as_str()).copied();
                let spot = spot.unwrap_or_default();
                Entry {
                    index,
                    permission,
                    spot,
                    impossible: permission.world().impossible(),
                }
            })
            .collect();
        let patterns = all
            .iter()
            .filter(|entry| !entry.permission.tool_name.is_exact())
            .map(|entry| entry.index)
            .collect();
        Self {
            principal: &policy.principal,
            all,
            patterns,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry<'p>> {
        self.all.iter()
    }

    /// The other permissions that speak of every tool that this one does.
    pub(super) fn covering(&self, entry: &Entry<'p>) -> impl Iterator<Item = &Entry<'p>> {
        let name = entry.permission.tool_name.as_str();
        self.patterns
            .iter()
            .filter_map(|index| self.all.get(*index))
            // A star of the name is no character of a name, so that only a star of the pattern can stand for it.
            .filter(move |other| {
                other.index != entry.index && other.permission.tool_name.covers(name)
            })
    }

    pub(super) fn look_at(&self, entry: &Entry<'p>, notes: &mut Notes<'_>) {
        self.note_open_world(entry, notes);
        if let Some(why) = self.note_unreachable(entry, notes) {
            entry.note_approval(why, notes);
            return;
        }
        if let Some(other) = self.covering(entry).find(|other| {
            self.says_all_of(other, entry)
                && (entry.index > other.index || !self.says_all_of(entry, other))
        }) {
            notes.add(
                Lint::Duplicate,
                entry.spot.key("tool_name"),
                Says {
                    message: format!(
                        "`{}` says nothing beyond {}",
                        entry.permission.tool_name,
                        other.reference(notes)
                    ),
                    why: "permissions that cover a tool apply together, and the strictest wins: without this one every \
                          call would be decided alike"
                        .to_owned(),
                    instead: "leave it out, or write what is stricter for this tool; a permission cannot widen what \
                              another one says"
                        .to_owned(),
                },
            );
        }
    }

    fn note_open_world(&self, entry: &Entry<'p>, notes: &mut Notes<'_>) {
        let is_open = |permission: &ToolPermission| permission.allowed_params.is_none();
        if !is_open(entry.permission)
            || self.covering(entry).any(|other| !is_open(other.permission))
        {
            return;
        }
        notes.add(
            Lint::OpenWorld,
            entry.spot.key("tool_name"),
            Says {
                message: format!("`{}` takes any arguments", entry.permission.tool_name),
                why: "without `allowed_params` nothing is checked but the name of the tool".to_owned(),
                instead: "write `allowed_params` with what the tool takes, or `allowed_params = {}` if it takes nothing; \
                          if any arguments are meant, `allowed_params = {}` and `other_params = \"allow\"` say so"
                    .to_owned(),
            },
        );
    }

    /// Why the permission can never allow a call, if so.
    fn note_unreachable(&self, entry: &Entry<'p>, notes: &mut Notes<'_>) -> Option<String> {
        if let Some(clash) = &entry.impossible {
            // The constraint has a finding of its own.
            return Some(clash.why_alone());
        }
        let world = entry.permission.world();
        let (other, why) = self.covering(entry).find_map(|other| {
            let why = match &other.impossible {
                Some(clash) => clash.why_alone(),
                None => world.clash(other.permission.world())?.why(),
            };
            Some((other, why))
        })?;
        let message = format!(
            "`{}` can never allow a call: {} contradicts it",
            entry.permission.tool_name,
            other.reference(notes)
        );
        notes.add(
            Lint::Unreachable,
            entry.spot.key("tool_name"),
            Says {
                message: message.clone(),
                why: format!("permissions that cover a tool apply together, and here {why}"),
                instead: "make the two agree, or give the pattern a name that leaves this tool out"
                    .to_owned(),
            },
        );
        Some(message)
    }

    /// Whether leaving the second out would change no decision, since the first is at least as strict throughout.
    fn says_all_of(&self, other: &Entry<'p>, entry: &Entry<'p>) -> bool {
        let (kept, dropped) = (other.permission, entry.permission);
        kept.tool_name.covers(dropped.tool_name.as_str())
            && kept.requires_human_approval >= dropped.requires_human_approval
            && kept.audit_level >= dropped.audit_level
            && kept.effect >= dropped.effect
            && self.limits_all_of(kept, dropped)
            && kept.world().is_within(dropped.world())
    }

    fn limits_all_of(&self, kept: &ToolPermission, dropped: &ToolPermission) -> bool {
        let kept_rules: Vec<LimitRule> = kept.limit_rules(self.principal).collect();
        dropped.limit_rules(self.principal).all(|rule| {
            // For the tools of the dropped permission, whatever the other one counts besides.
            let key = |rule: &LimitRule| -> Vec<_> {
                rule.key_parts(self.principal, dropped).cloned().collect()
            };
            kept_rules
                .iter()
                .any(|other| key(other) == key(&rule) && binds_first(other, &rule, false))
        })
    }
}

impl<'p> Entry<'p> {
    /// For a sentence that points at it from elsewhere.
    fn reference(&self, notes: &Notes<'_>) -> String {
        let name = &self.permission.tool_name;
        match notes.line(self.spot.key("tool_name")) {
            Some(line) => format!("`{name}` on line {line}"),
            None => format!("`{name}`"),
        }
    }

    fn note_approval(&self, why: String, notes: &mut Notes<'_>) {
        if !self.permission.requires_human_approval {
            return;
        }
        notes.add(
            Lint::ApprovalNeverReached,
            self.spot.name("requires_human_approval"),
            Says {
                message: format!(
                    "nobody is ever asked to approve a call of `{}`",
                    self.permission.tool_name
                ),
                why: format!(
                    "a call that is denied is not put to a person, and all of them are: {why}"
                ),
                instead: "make the permission one that a call can hold to; approval then decides"
                    .to_owned(),
            },
        );
    }
}

impl Clash<'_> {
    /// For two permissions, the first of which is the one at hand.
    fn why(&self) -> String {
        match self {
            Self::Refused {
                name,
                by_other: true,
            } => {
                format!(
                    "`{}` must be there for this one, and may not be for the other",
                    Plain(name)
                )
            }
            Self::Refused { name, .. } => {
                format!(
                    "`{}` must be there for the other, and may not be for this one",
                    Plain(name)
                )
            }
            Self::Impossible { name, why } => {
                format!("`{}` can hold to only one of them: {why}", Plain(name))
            }
        }
    }

    /// For a single permission.
    fn why_alone(&self) -> String {
        match self {
            Self::Refused { name, .. } => {
                format!("`{}` must be there, and may not be", Plain(name))
            }
            Self::Impossible { name, why } => {
                format!("no value of `{}` is allowed: {why}", Plain(name))
            }
        }
    }
}

impl ToolPermission {
    /// What it says of the parameters.
    pub(super) fn world(&self) -> World<'_> {
        World {
            named: self.params().unwrap_or_default(),
            open: self.other_params || self.allowed_params.is_none(),
        }
    }
}
