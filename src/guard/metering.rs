//! From the limits that policies state to reservations of counters.

use std::fmt::Write as _;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::Arc;

use smallvec::SmallVec;

use super::in_force::InForce;
use crate::call::Arguments;
use crate::decision::{AuditLevel, Code, Detail, LimitFacts, Reason};
use crate::ids::{AgentId, Caller, Principal};
use crate::json::{Number, View};
use crate::limit::{
    Amount, Counted, Counter, CounterRegistry, Demand, Exceeded, ExceededKind, Key, Reservation,
    Rounding, Shape, reserve, would_fit,
};
use crate::policy::{KeyPart, LimitKind, LimitRule, Matched, Matches, PolicySet, ToolPermission};
use crate::record::SessionId;

/// What has been used of every limit, across changes of policy.
pub(super) struct Metering {
    counters: CounterRegistry,
    /// Secret to this guard, so that nobody can aim two keys at one counter.
    hasher: RandomState,
}

/// One limit of one permission.
pub(super) struct Meter {
    counter: Arc<Counter>,
    quantity: Quantity,
    /// What of the call makes up the key; empty for one count.
    by: Box<[KeyPart]>,
}

enum Quantity {
    Calls(u64),
    Sum {
        parameter: Box<str>,
        at_most: Amount,
    },
}

/// Who calls what, for keys.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) caller: &'a Caller,
    pub(super) session: SessionId,
    /// See [`Metering::owner`].
    pub(super) owner: u64,
    pub(super) tool: &'a str,
    pub(super) arguments: Arguments<'a>,
    pub(super) secret: &'a [&'a str],
}

impl Metering {
    pub(super) fn new() -> Self {
        Self {
            counters: CounterRegistry::new(),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn prune(&self, now: u64) {
        self.counters.prune(now);
    }

    /// For each permission of the set, its limits, with counters that go on from the policies before.
    pub(super) fn meters(&self, set: &PolicySet) -> Box<[Box<[Meter]>]> {
        let mut counted = Vec::new();
        let mut stated = Vec::new();
        for policy in set.policies() {
            for permission in policy.permissions() {
                let rules: Vec<LimitRule> = permission.limit_rules(policy.principal()).collect();
                counted.extend(
                    rules
                        .iter()
                        .map(|rule| rule.counted(policy.principal(), permission)),
                );
                stated.push((policy.principal(), permission, rules));
            }
        }
        let mut counters = self.counters.counters(&counted).into_iter();
        let meters = stated.into_iter().map(|(principal, permission, rules)| {
            let own = rules.into_iter().zip(counters.by_ref());
            own.map(|(rule, counter)| Meter::new(principal, permission, rule, counter))
                .collect()
        });
        meters.collect()
    }

    /// Takes a place in every limit of every permission, or in none.
    pub(super) fn reserve(
        &self,
        now: u64,
        in_force: &InForce,
        matches: &Matches<'_>,
        subject: Subject<'_>,
    ) -> Result<Reservation, Reason> {
        if let [matched] = &*matches.0
            && let [meter] = in_force.meters(*matched)
        {
            // The usual call: one permission, one limit.
            let demand = meter.demand(*matched, subject, &self.hasher)?;
            return reserve(now, std::slice::from_ref(&demand))
                .map_err(|exceeded| meter.refusal(*matched, &exceeded, subject.secret));
        }
        self.with_demands(in_force, matches, subject, |demands| reserve(now, demands))
    }

    /// Whether every limit has a place, taking none.
    pub(super) fn check(
        &self,
        now: u64,
        in_force: &InForce,
        matches: &Matches<'_>,
        subject: Subject<'_>,
    ) -> Result<(), Reason> {
        self.with_demands(in_force, matches, subject, |demands| {
            would_fit(now, demands)
        })
    }

    fn with_demands<T>(
        &self,
        in_force: &InForce,
        matches: &Matches<'_>,
        subject: Subject<'_>,
        ask: impl FnOnce(&[Demand<'_>]) -> Result<T, Exceeded>,
    ) -> Result<T, Reason> {
        let mut demands: SmallVec<[Demand<'_>; 4]> = SmallVec::new();
        let mut sources: SmallVec<[(Matched<'_>, &Meter); 4]> = SmallVec::new();
        for matched in &matches.0 {
            for meter in in_force.meters(*matched) {
                demands.push(meter.demand(*matched, subject, &self.hasher)?);
                sources.push((*matched, meter));
            }
        }
        ask(&demands).map_err(|exceeded| match sources.get(exceeded.demand) {
            Some((matched, meter)) => meter.refusal(*matched, &exceeded, subject.secret),
            None => Reason::new(Code::Limit, None, Detail::None),
        })
    }

    /// What stands for an agent where it holds keys.
    pub(super) fn owner(&self, agent: &AgentId) -> u64 {
        self.hasher.hash_one(agent.as_str())
    }
}

impl LimitRule {
    /// What makes two limits the same limit across versions of a policy; how much is allowed is not part of it.
    fn counted(&self, principal: &Principal, permission: &ToolPermission) -> Counted {
        let mut base = format!("{principal}\n{}\n", permission.tool_name());
        // Writing to a string cannot fail.
        let _ = match &self.kind {
            LimitKind::Calls(_) => write!(base, "calls"),
            LimitKind::Sum { parameter, .. } => write!(base, "sum {}:{parameter}", parameter.len()),
        };
        let by: Vec<&KeyPart> = self.key_parts(principal, permission).collect();
        by.iter().for_each(|part| {
            let text = part.to_text();
            let _ = write!(base, "\n{}:{text}", text.len());
        });
        let shape = if by.is_empty() {
            Shape::Single
        } else {
            Shape::KEYED
        };
        Counted {
            base,
            window: self.per,
            shape,
        }
    }
}

impl Quantity {
    fn of(kind: LimitKind) -> Self {
        match kind {
            LimitKind::Calls(calls) => Self::Calls(calls.get()),
            // Down, so that what is allowed is never more than what was written.
            LimitKind::Sum { parameter, at_most } => Self::Sum {
                parameter,
                at_most: amount(at_most, Rounding::Down).unwrap_or(Amount::ZERO),
            },
        }
    }
}

/// The sum that a number stands for; `None` if it is negative or too large.
fn amount(number: Number, rounding: Rounding) -> Option<Amount> {
    match (number.as_u64(), number.as_f64()) {
        (Some(whole), _) => Some(Amount::from_u64(whole)),
        (None, Some(value)) => Amount::from_f64(value, rounding),
        (None, None) => None,
    }
}

impl Meter {
    fn new(
        principal: &Principal,
        permission: &ToolPermission,
        rule: LimitRule,
        counter: Arc<Counter>,
    ) -> Self {
        let by = rule.key_parts(principal, permission).cloned().collect();
        Self {
            counter,
            quantity: Quantity::of(rule.kind),
            by,
        }
    }

    fn demand<'m>(
        &'m self,
        matched: Matched<'_>,
        subject: Subject<'_>,
        hasher: &RandomState,
    ) -> Result<Demand<'m>, Reason> {
        let demand = match &self.quantity {
            Quantity::Calls(max) => Demand::call(&self.counter, *max),
            Quantity::Sum { parameter, at_most } => {
                let spent = summed(subject.arguments, parameter)
                    .map_err(|why| not_countable(Code::Budget, matched, parameter, why))?;
                Demand::sum(&self.counter, *at_most, spent)
            }
        };
        if self.by.is_empty() {
            return Ok(demand);
        }
        let key = self
            .key(subject, hasher)
            .map_err(|(part, why)| not_countable(self.code(), matched, part, why))?;
        Ok(demand.on(key))
    }

    fn key<'m>(
        &'m self,
        subject: Subject<'_>,
        hasher: &RandomState,
    ) -> Result<Key, (&'m str, &'static str)> {
        let mut hasher = hasher.build_hasher();
        self.by
            .iter()
            .try_for_each(|part| hash_part(part, subject, &mut hasher))?;
        let hash = hasher.finish();
        // 64 bits are enough: nobody can aim at them, and two keys that meet by chance only share a limit. The upper half
        // picks a shard, the lower a slot; multiplying by an odd number keeps the one from following from the other.
        let spread = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
        Ok(Key {
            owner: subject.owner,
            hash: u128::from(hash) | u128::from(spread) << 64,
        })
    }

    fn code(&self) -> Code {
        match self.quantity {
            Quantity::Calls(_) => Code::Limit,
            Quantity::Sum { .. } => Code::Budget,
        }
    }

    /// A sum is made of arguments, and is told only where they may be.
    fn refusal(&self, matched: Matched<'_>, exceeded: &Exceeded, secret: &[&str]) -> Reason {
        let (unit, told) = match &self.quantity {
            Quantity::Calls(_) => ("calls".to_owned(), true),
            Quantity::Sum { parameter, .. } => {
                let told = matched.permission.level() >= AuditLevel::Full
                    && !secret.contains(&&**parameter);
                (format!("`{parameter}`"), told)
            }
        };
        let facts = LimitFacts {
            limit: format!("{} {unit}", exceeded.limit),
            used: told.then(|| exceeded.used.to_string()),
            window: exceeded.window,
            retry_after: exceeded.retry_after,
            keys_full: exceeded.kind == ExceededKind::KeysFull,
        };
        Reason::new(
            self.code(),
            Some(matched.rule().to_rule()),
            Detail::Limit(facts),
        )
    }
}

fn summed(arguments: Arguments<'_>, parameter: &str) -> Result<Amount, &'static str> {
    match arguments.get(parameter) {
        Some(View::Number(number)) => {
            amount(number, Rounding::Up).ok_or("cannot be spent: it is negative or too large")
        }
        Some(_) => Err("must be a number, since a budget sums it"),
        None => Err("must be there, since a budget sums it"),
    }
}

/// Kinds are told apart, and strings delimited, so that two keys are equal only if all their parts are.
fn hash_part<'m>(
    part: &'m KeyPart,
    subject: Subject<'_>,
    hasher: &mut impl Hasher,
) -> Result<(), (&'m str, &'static str)> {
    match part {
        KeyPart::Agent => subject.caller.agent.as_str().hash(hasher),
        KeyPart::User => match &subject.caller.user {
            Some(user) => user.as_str().hash(hasher),
            None => {
                return Err((
                    "user",
                    "must be named by the session, since a limit counts by it",
                ));
            }
        },
        KeyPart::Task => match &subject.caller.task {
            Some(task) => task.as_str().hash(hasher),
            None => {
                return Err((
                    "task",
                    "must be named by the session, since a limit counts by it",
                ));
            }
        },
        KeyPart::Session => subject.session.hash(hasher),
        KeyPart::Tool => subject.tool.hash(hasher),
        KeyPart::Param(name) => {
            let view = subject
                .arguments
                .get(name)
                .ok_or((&**name, "must be there, since a limit counts by it"))?;
            view.kind().hash(hasher);
            match view {
                View::Null => {}
                View::Bool(value) => value.hash(hasher),
                View::Number(number) => number.hash(hasher),
                View::String(text) => text.hash(hasher),
                _ => {
                    return Err((
                        name,
                        "must be a string, a number or a boolean, since a limit counts by it",
                    ));
                }
            }
        }
    }
    Ok(())
}

fn not_countable(code: Code, matched: Matched<'_>, parameter: &str, why: &'static str) -> Reason {
    let detail = Detail::NotCountable {
        parameter: parameter.to_owned(),
        why,
    };
    Reason::new(code, Some(matched.rule().to_rule()), detail)
}
