//! Credentials that are to be withdrawn or made anew, by whoever issues them.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parking_lot::Mutex;

use super::response::Response;
use super::sinks::HostError;
use super::snapshot::{Input, Stored};
use crate::ids::AgentId;

/// Whoever issues the credentials of agents, for the responses `revoke` and `rotate`.
///
/// It is asked on the time of whoever calls [`Monitor::tick`](super::Monitor::tick), and again the next time as long as it fails.
/// That open sessions of an agent whose credentials are revoked make no more calls does not wait for it.
pub trait CredentialIssuer: Send + Sync {
    /// Withdraws all credentials of an agent. May be asked twice.
    ///
    /// # Errors
    /// Whatever keeps it from that.
    fn revoke(&self, agent: &AgentId) -> Result<(), HostError>;

    /// Gives an agent new credentials in the place of those it has. May be asked twice.
    ///
    /// # Errors
    /// Whatever keeps it from that.
    fn rotate(&self, agent: &AgentId) -> Result<(), HostError>;
}

/// What the issuer is still to be asked.
#[derive(Default)]
pub(super) struct Requests {
    issuer: Option<Box<dyn CredentialIssuer>>,
    waiting: Mutex<VecDeque<(AgentId, Response)>>,
    /// Held while the issuer is asked.
    asking: Mutex<()>,
}

const MOST_WAITING: usize = 1024;

/// But for whom to ask.
impl Stored for Requests {
    fn store(&self, out: &mut Vec<u8>) {
        self.waiting.lock().store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        let waiting: VecDeque<(AgentId, Response)> = Stored::load(input)?;
        let is_asked = |(_, response): &(AgentId, Response)| {
            matches!(response, Response::Revoke | Response::Rotate)
        };
        let is_sound = waiting.len() <= MOST_WAITING && waiting.iter().all(is_asked);
        is_sound.then(|| Self {
            waiting: Mutex::new(waiting),
            ..Self::default()
        })
    }
}

impl Requests {
    /// With whom to ask.
    pub(super) fn to(self, issuer: Option<Box<dyn CredentialIssuer>>) -> Self {
        Self { issuer, ..self }
    }

    /// Tells whether there is room, or it is asked for already.
    pub(super) fn push(&self, agent: &AgentId, response: Response) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting
            .iter()
            .any(|(known, asked)| known == agent && *asked == response)
        {
            return true;
        }
        let has_room = waiting.len() < MOST_WAITING;
        if has_room {
            waiting.push_back((agent.clone(), response));
        }
        has_room
    }

    /// Asks for all that waits, once.
    pub(super) fn ask(&self) {
        let (Some(issuer), Some(_turn)) = (&self.issuer, self.asking.try_lock()) else {
            return;
        };
        for _ in 0..self.waiting() {
            let Some((agent, response)) = self.waiting.lock().pop_front() else {
                return;
            };
            let ask = || match response {
                Response::Revoke => issuer.revoke(&agent),
                _ => issuer.rotate(&agent),
            };
            let answer = catch_unwind(AssertUnwindSafe(ask));
            if !matches!(answer, Ok(Ok(()))) {
                self.waiting.lock().push_back((agent, response));
            }
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.lock().len()
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests")
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
