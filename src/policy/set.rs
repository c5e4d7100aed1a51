//! All policies in force together, compiled for look-up.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::AgentPolicy;
use super::evaluate::{Matched, Matches};
use super::explain::Explanation;
use crate::call::{Args, Arguments, Call, TypedArguments};
use crate::decision::{Code, Decision, Detail, Reason};
use crate::digest::{Digest, Encoder};
use crate::ids::{AgentId, Caller, Principal, TaskId, ToolName, UserId};

/// The policies of agents, users and tasks that are in force together.
///
/// Immutable: a [`Guard`](crate::Guard) swaps one set for the next while calls go on.
/// On its own it decides everything but limits.
///
/// ```
/// use portcullis::{AgentId, AgentPolicy, Args, Call, Caller, Code, PolicySet, ToolName};
///
/// let policy = AgentPolicy::from_json(
///     r#"{"agent_id": "spiffe://example.org/agent/a", "permissions": [{"tool_name": "ping"}]}"#,
/// )?;
/// let set = PolicySet::new([policy]);
/// let caller = Caller::from(AgentId::parse("spiffe://example.org/agent/a")?);
/// let decide = |tool: &str| set.decide(&caller, &Call::new(ToolName::parse(tool).unwrap(), Args::empty()));
/// assert!(decide("ping").is_allow());
/// assert_eq!(decide("pong").reason().code(), Code::UnknownTool);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PolicySet {
    policies: Vec<Compiled>,
    /// For each principal, the positions of its policies; usually one.
    groups: Vec<SmallVec<[u32; 2]>>,
    agents: HashMap<AgentId, Group>,
    users: HashMap<UserId, Group>,
    tasks: HashMap<TaskId, Group>,
    digest: Digest,
}

/// The policies of one principal: a position among the groups of its set.
pub(crate) type Group = u32;

/// Those of an agent, a user and a task.
pub(crate) type Groups = [Option<Group>; 3];

/// A policy with its look-up tables.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) policy: AgentPolicy,
    /// The position of this policy's first permission among all permissions of the set.
    pub(crate) first: usize,
    /// For each exact name, its permission and those of the patterns that cover it.
    exact: HashMap<Arc<str>, SmallVec<[u32; 2]>>,
    /// The permissions of patterns.
    patterns: Vec<u32>,
}

impl PolicySet {
    /// Puts policies in force together. Several for one principal all apply.
    #[must_use]
    pub fn new(policies: impl IntoIterator<Item = AgentPolicy>) -> Self {
        let mut set = Self {
            policies: Vec::new(),
            groups: Vec::new(),
            agents: HashMap::new(),
            users: HashMap::new(),
            tasks: HashMap::new(),
            digest: Digest::from([0; 32]),
        };
        let mut first = 0;
        for policy in policies {
            let at = u32::try_from(set.policies.len()).unwrap_or(u32::MAX);
            let new = u32::try_from(set.groups.len()).unwrap_or(u32::MAX);
            let group = *match policy.principal.clone() {
                Principal::Agent(agent) => set.agents.entry(agent).or_insert(new),
                Principal::User(user) => set.users.entry(user).or_insert(new),
                Principal::Task(task) => set.tasks.entry(task).or_insert(new),
            };
            match set.groups.get_mut(group as usize) {
                Some(positions) => positions.push(at),
                None => set.groups.push(smallvec![at]),
            }
            let permissions = policy.permissions.len();
            set.policies.push(Compiled::new(policy, first));
            first += permissions;
        }
        set.digest = set.policies_digest();
        set
    }

    /// Covers every policy, whatever their order.
    fn policies_digest(&self) -> Digest {
        let mut digests: Vec<Digest> = self
            .policies
            .iter()
            .map(|compiled| compiled.policy.digest())
            .collect();
        digests.sort_unstable();
        let mut encoder = Encoder::domain("portcullis/policies/v1");
        encoder.length(digests.len());
        digests
            .iter()
            .for_each(|digest| encoder.bytes(digest.as_bytes()));
        encoder.finish()
    }

    /// The digest of all policies together, whatever their order; see [`AgentPolicy::digest`].
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The policies.
    pub fn policies(&self) -> impl Iterator<Item = &AgentPolicy> {
        self.policies.iter().map(|compiled| &compiled.policy)
    }

    pub(crate) fn compiled(&self) -> &[Compiled] {
        &self.policies
    }

    /// Decides a call by the policies alone: no limits are counted.
    #[must_use]
    pub fn decide(&self, caller: &Caller, call: &Call) -> Decision {
        self.decide_hiding(caller, call, &[])
    }

    fn decide_hiding(&self, caller: &Caller, call: &Call, secret: &[&str]) -> Decision {
        let found = self.applying(caller);
        let matches = found.and_then(|groups| Matches::find(self, groups, call.tool().as_str()));
        match matches {
            Ok(matches) => matches.decide(call.args().view(), secret),
            Err(reason) => Decision::Deny(reason),
        }
    }

    /// As [`decide`](Self::decide), but `None` where the call is allowed; then nothing is allocated.
    #[must_use]
    pub fn refusal(&self, caller: &Caller, tool: &str, args: &Args) -> Option<Decision> {
        self.refusal_of(caller, tool, args.view(), &[])
    }

    /// As [`refusal`](Self::refusal), for arguments that are Rust values.
    #[doc(hidden)]
    #[must_use]
    pub fn typed_refusal(
        &self,
        caller: &Caller,
        tool: &str,
        call: &TypedArguments<'_>,
    ) -> Option<Decision> {
        self.refusal_of(caller, tool, Arguments::Typed(call.fields), call.secret)
    }

    fn refusal_of(
        &self,
        caller: &Caller,
        tool: &str,
        arguments: Arguments<'_>,
        secret: &[&str],
    ) -> Option<Decision> {
        let mut matches = Matches::default();
        match self
            .applying(caller)
            .and_then(|groups| matches.fill(self, groups, tool))
        {
            Ok(()) => matches.refusal(arguments, secret),
            Err(reason) => Some(Decision::Deny(reason)),
        }
    }

    /// Decides a call and gives the trace of every rule that was consulted.
    #[must_use]
    pub fn explain(&self, caller: &Caller, call: &Call) -> Explanation {
        self.explain_hiding(caller, call, &[])
    }

    /// As [`explain`](Self::explain), telling no value of a parameter in `secret`.
    pub(crate) fn explain_hiding(
        &self,
        caller: &Caller,
        call: &Call,
        secret: &[&str],
    ) -> Explanation {
        let policies: Vec<_> = self
            .applying(caller)
            .map_or_else(|_| Vec::new(), |groups| self.in_groups(groups).collect());
        Explanation::new(
            self.decide_hiding(caller, call, secret),
            &policies,
            call,
            secret,
        )
    }

    /// The groups of the agent, and of the user and the task that the caller names.
    fn applying(&self, caller: &Caller) -> Result<Groups, Reason> {
        let agent = self.agent_group(&caller.agent)?;
        let user = caller
            .user
            .as_ref()
            .map(|user| self.user_group(user))
            .transpose()?;
        let task = caller
            .task
            .as_ref()
            .map(|task| self.task_group(task))
            .transpose()?;
        if user.is_none() {
            self.check_user_not_required(agent)?;
        }
        Ok([Some(agent), user, task])
    }

    /// The policies of several groups.
    pub(crate) fn in_groups(&self, groups: Groups) -> impl Iterator<Item = &Compiled> {
        groups
            .into_iter()
            .flatten()
            .flat_map(|group| self.group(group))
    }

    pub(crate) fn agent_group(&self, agent: &AgentId) -> Result<Group, Reason> {
        find_group(&self.agents, agent, || Principal::Agent(agent.clone()))
    }

    pub(crate) fn user_group(&self, user: &UserId) -> Result<Group, Reason> {
        find_group(&self.users, user, || Principal::User(user.clone()))
    }

    pub(crate) fn task_group(&self, task: &TaskId) -> Result<Group, Reason> {
        find_group(&self.tasks, task, || Principal::Task(task.clone()))
    }

    /// The policies of a group.
    pub(crate) fn group(&self, group: Group) -> impl Iterator<Item = &Compiled> {
        let positions = self.groups.get(group as usize).into_iter().flatten();
        positions.filter_map(|at| self.policies.get(*at as usize))
    }

    pub(crate) fn check_user_not_required(&self, agent: Group) -> Result<(), Reason> {
        match self
            .group(agent)
            .find(|compiled| compiled.policy.require_user)
        {
            None => Ok(()),
            Some(compiled) => {
                let message = format!(
                    "the policy of {} requires a session to name a user",
                    compiled.policy.principal
                );
                Err(Reason::new(Code::Identity, None, Detail::Message(message)))
            }
        }
    }
}

/// So few are sooner compared than hashed.
const FEW: usize = 2;

/// A principal for whom no policy is loaded has no authority.
fn find_group<K: Eq + Hash>(
    groups: &HashMap<K, Group>,
    key: &K,
    principal: impl FnOnce() -> Principal,
) -> Result<Group, Reason> {
    let found = if groups.len() <= FEW {
        groups
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, group)| *group)
    } else {
        groups.get(key).copied()
    };
    found.ok_or_else(|| {
        let message = format!("no policy is loaded for {}", principal());
        Reason::new(Code::Identity, None, Detail::Message(message))
    })
}

impl Compiled {
    fn new(policy: AgentPolicy, first: usize) -> Self {
        let position = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let (names, patterns): (Vec<usize>, Vec<usize>) =
            (0..policy.permissions.len()).partition(|index| {
                policy
                    .permissions
                    .get(*index)
                    .is_some_and(|one| one.tool_name.is_exact())
            });
        let patterns: Vec<u32> = patterns.into_iter().map(position).collect();
        let mut compiled = Self {
            policy,
            first,
            exact: HashMap::with_capacity(names.len()),
            patterns,
        };
        for index in names {
            let Some(permission) = compiled.policy.permissions.get(index) else {
                continue;
            };
            let name = permission.tool_name.shared();
            let mut positions: SmallVec<[u32; 2]> = smallvec![position(index)];
            positions.extend(compiled.covering(&name));
            compiled.exact.insert(name, positions);
        }
        compiled
    }

    /// The patterns that cover a name.
    fn covering(&self, name: &str) -> impl Iterator<Item = u32> {
        self.patterns.iter().copied().filter(move |at| {
            self.policy
                .permissions
                .get(*at as usize)
                .is_some_and(|permission| permission.tool_name.covers(name))
        })
    }

    /// Whether any permission speaks of a tool.
    pub(crate) fn mentions(&self, tool: &str) -> bool {
        self.named(tool).next().is_some()
    }

    /// The permissions that speak of a tool.
    pub(crate) fn named<'c>(&'c self, tool: &str) -> impl Iterator<Item = Matched<'c>> + use<'c> {
        let mut named = SmallVec::new();
        self.extend_with(tool, &mut named);
        named.into_iter()
    }

    /// Adds the permissions that speak of a tool; whether there are any.
    #[inline]
    pub(super) fn extend_with<'c>(
        &'c self,
        tool: &str,
        matches: &mut SmallVec<[Matched<'c>; 4]>,
    ) -> bool {
        let before = matches.len();
        let mut add = |at: u32| {
            let index = at as usize;
            if let Some(permission) = self.policy.permissions.get(index) {
                matches.push(Matched {
                    compiled: self,
                    index,
                    permission,
                });
            }
        };
        if let Some(positions) = self.exact.get(tool) {
            positions.iter().copied().for_each(add);
        } else if !self.patterns.is_empty() && ToolName::check(tool).is_ok() {
            // A name in the table is well-formed; a pattern must not be asked about one that is not.
            self.covering(tool).for_each(&mut add);
        }
        matches.len() > before
    }
}

impl AgentPolicy {
    /// The digest of what the document says: equal policies have one, whatever their format, layout and order of keys.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut encoder = Encoder::domain("portcullis/policy/v1");
        encoder.value(self.to_value().view());
        encoder.finish()
    }
}
