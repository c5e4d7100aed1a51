//! The policies that a verb is given, and who calls under them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use portcullis::{
    AgentPolicy, Caller, Clock, Guard, Principal, RingRecorder, Session, TaskId, UserId,
};

use crate::Failure;

/// Which policies.
#[derive(Debug, Args)]
pub(crate) struct PolicyFiles {
    /// A policy in JSON or TOML, by its extension. Repeat it, and all apply together.
    #[arg(long = "policy", value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Policies that apply together, and the caller that they are about.
#[derive(Debug)]
pub(crate) struct Policies {
    policies: Vec<AgentPolicy>,
    caller: Caller,
}

impl PolicyFiles {
    /// Those of one caller.
    pub(crate) fn load(&self) -> Result<Policies, Failure> {
        Policies::new(self.load_all()?)
    }

    /// Those of anybody, for calls that say who makes them.
    pub(crate) fn load_all(&self) -> Result<Vec<AgentPolicy>, Failure> {
        let load = |file| AgentPolicy::from_file(file).map_err(Failure::from);
        self.files.iter().map(load).collect()
    }
}

impl Policies {
    fn new(policies: Vec<AgentPolicy>) -> Result<Self, Failure> {
        let caller = caller(&policies)?;
        Ok(Self { policies, caller })
    }

    #[cfg(test)]
    pub(crate) fn from_json(texts: &[&str]) -> Result<Self, Failure> {
        let load = |text: &&str| AgentPolicy::from_json(text).map_err(Failure::from);
        Self::new(texts.iter().map(load).collect::<Result<_, _>>()?)
    }

    /// How many examples they hold.
    pub(crate) fn example_count(&self) -> usize {
        self.policies.iter().map(AgentPolicy::example_count).sum()
    }

    /// After so long without a call, no limit is used.
    pub(crate) fn longest_window(&self) -> Duration {
        let windows = self.policies.iter().map(AgentPolicy::longest_window);
        windows.max().unwrap_or(Duration::ZERO)
    }

    /// A session of the caller at a fresh guard with empty limits.
    pub(crate) fn session(&self, clock: Arc<impl Clock + 'static>) -> Result<Session, Failure> {
        session(&guard(&self.policies, clock)?, &self.caller)
    }
}

/// A fresh guard with empty limits, which records nothing to speak of.
pub(crate) fn guard(
    policies: &[AgentPolicy],
    clock: Arc<impl Clock + 'static>,
) -> Result<Guard, Failure> {
    let builder = Guard::builder().policies(policies.iter().cloned());
    Ok(builder
        .recorder(RingRecorder::new(1))
        .clock(clock)
        .build()?)
}

/// A session of a caller.
pub(crate) fn session(guard: &Guard, caller: &Caller) -> Result<Session, Failure> {
    let mut session = guard.vouched_session(caller.agent.clone())?;
    if let Some(user) = &caller.user {
        session = session.on_behalf_of(user.clone());
    }
    if let Some(task) = &caller.task {
        session = session.task(task.clone());
    }
    Ok(session)
}

/// Whoever the policies are for. They must agree.
fn caller(policies: &[AgentPolicy]) -> Result<Caller, Failure> {
    let principals = || policies.iter().map(AgentPolicy::principal);
    let agent = the_one(principals().filter_map(|principal| match principal {
        Principal::Agent(agent) => Some(agent),
        _ => None,
    }))?;
    let Some(agent) = agent else {
        let message = "no policy is for an agent, so there is nobody to make the call";
        return Err(Failure::Usage(message.to_owned()));
    };
    let user: Option<&UserId> = the_one(principals().filter_map(|principal| match principal {
        Principal::User(user) => Some(user),
        _ => None,
    }))?;
    let task: Option<&TaskId> = the_one(principals().filter_map(|principal| match principal {
        Principal::Task(task) => Some(task),
        _ => None,
    }))?;
    let mut caller = Caller::from(agent.clone());
    caller.user = user.cloned();
    caller.task = task.cloned();
    Ok(caller)
}

fn the_one<'p, T: PartialEq + AsRef<str>>(
    mut named: impl Iterator<Item = &'p T>,
) -> Result<Option<&'p T>, Failure> {
    let Some(first) = named.next() else {
        return Ok(None);
    };
    match named.find(|other| *other != first) {
        None => Ok(Some(first)),
        Some(other) => {
            let plain = |name: &T| portcullis::Plain(name.as_ref()).to_string();
            let message = format!(
                "the policies are for `{}` and for `{}`: a call has one agent, user and task",
                plain(first),
                plain(other)
            );
            Err(Failure::Usage(message))
        }
    }
}
