//! The monitor: events in, alerts out.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

use super::agent::AgentState;
use super::alert::Alert;
use super::builder::MonitorBuilder;
use super::event::{AgentInteraction, CredentialIssued, InteractionStatus, LONGEST_LATENCY};
use super::notes::Note;
use super::policy::MonitorPolicy;
use super::responding::Closes;
use super::snapshot;
use super::watched::Watched;
use super::watchtower::{InForce, Watchtower, was_good};
use crate::decision::{Reason, Verdict};
use crate::ids::AgentId;
use crate::quarantine::Quarantine;
use crate::record::{CallId, Decided, Ended, Event, Record, Recorder, Subject};

/// Watches what agents do, and tells what is out of the ordinary: a cheap handle, to be cloned and shared between threads.
///
/// It sees what a guard decides that it is [given to](crate::GuardBuilder::monitor), and what the host tells it beside that.
/// What it takes to be ordinary, and what it does about the rest, stands in a [`MonitorPolicy`]: where that says nothing of
/// responses, it decides nothing. Its memory is bounded: about 2 KiB for each
/// agent and 84 bytes for each of the last 32 tools and agents that it used, for at most so many agents as
/// [`MonitorBuilder::agents`] says.
///
/// ```
/// use portcullis::anomaly::{AlertKind, Monitor, MonitorPolicy};
/// use portcullis::{AgentId, AgentPolicy, Guard, RingRecorder};
///
/// let monitor = Monitor::builder()
///     .policy(MonitorPolicy::from_json(
///         r#"{"agents": [{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 5}]}"#,
///     )?)
///     .build();
/// let alerts = monitor.subscribe(100);
///
/// let policy = AgentPolicy::from_json(
///     r#"{"agent_id": "spiffe://example.org/agent/reporter", "permissions": [{"tool_name": "add"}]}"#,
/// )?;
/// let guard = Guard::builder().policy(policy).recorder(RingRecorder::new(1000)).monitor(&monitor).build()?;
/// let session = guard.vouched_session(AgentId::parse("spiffe://example.org/agent/reporter")?)?;
/// for _ in 0..30 {
///     drop(session.call("add", "{}")?);
/// }
/// let alert = alerts.try_recv()?;
/// assert_eq!(alert.kind, AlertKind::RateAnomaly);
/// assert_eq!((alert.observed, alert.expected), (20.0, 5.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Monitor(pub(super) Arc<Watchtower>);

/// What a monitor has had to put right, and what it could not hand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MonitorCounts {
    /// Alerts that were told.
    pub told: u64,
    /// Alerts that a reader was too slow for; counted for each reader.
    pub lost: u64,
    /// Events that were more than a minute old when they came. They count as of when they came.
    pub late: u64,
    /// Events that are more than a minute ahead of the clock. They count as of now.
    pub future: u64,
    /// Interactions that took longer than a day, by their own word.
    pub absurd: u64,
    /// Interactions that were told twice. They count once.
    pub duplicate: u64,
    /// How often a sink did not take an alert. It is tried again.
    pub failed: u64,
    /// Alerts that a sink did not take so often that it is not asked to any more; counted for each sink.
    pub given_up: u64,
    /// Alerts and responses that a guard could not put on record.
    pub unrecorded: u64,
    /// Requests that the issuer of credentials has not fulfilled yet.
    pub unanswered: u64,
    /// Responses for which there was no room: requests to the issuer, and agents to be shut out.
    pub undone: u64,
}

impl Monitor {
    /// Begins a monitor.
    pub fn builder() -> MonitorBuilder {
        MonitorBuilder::default()
    }

    /// A recorder that writes to another one and lets this monitor see what was written. Not for a guard that the monitor is
    /// [given to](crate::GuardBuilder::monitor): it sees all of that already, and would count it twice.
    pub fn watch<R: Recorder>(&self, recorder: R) -> Watched<R> {
        Watched::new(self.clone(), recorder)
    }

    /// Where alerts arrive. At most so many wait, at least one; those beyond are lost, and the next that arrives says how many
    /// were. Nothing ever waits for a reader.
    #[must_use]
    pub fn subscribe(&self, waiting: usize) -> Receiver<Alert> {
        self.0.outbox.subscribe(waiting)
    }

    /// Puts another policy in force, from the next event on. What was counted stays counted.
    pub fn swap(&self, policy: MonitorPolicy) {
        self.0.in_force.rcu(|in_force| InForce {
            policy: policy.clone(),
            epoch: in_force.epoch + 1,
        });
    }

    /// One agent spoke to another.
    pub fn interaction(&self, interaction: &AgentInteraction<'_>) {
        let now = self.0.now();
        self.0.oddities.count(interaction.at, now);
        if interaction.latency > LONGEST_LATENCY {
            self.0.oddities.absurd.fetch_add(1, Ordering::Relaxed);
        }
        let (source, target) = (interaction.source, interaction.target);
        let is_refused = interaction.status == InteractionStatus::Denied && {
            let asked = self.0.asked_path(source, target, now);
            !self.0.responding.holds_path(asked)
        };
        let (closes, mut notes) = (Some(Closes::path(source, target)), Vec::new());
        let is_known = self
            .0
            .see(source, closes, now, &mut notes, |state, around| {
                state.spoke(around, interaction, is_refused)
            });
        self.0.notes.push(notes);
        if !is_known {
            self.0.responding.spoke(interaction, &self.0.tags, now);
            self.0.follow(interaction, now);
        }
    }

    /// A credential was issued.
    pub fn credential(&self, issued: &CredentialIssued<'_>) {
        let now = self.0.now();
        self.0.oddities.count(issued.at, now);
        let mut notes = Vec::new();
        self.0
            .see(issued.agent, None, now, &mut notes, |state, around| {
                state.was_issued(around)
            });
        self.0.notes.push(notes);
    }

    /// What must happen in time: alerts that were held back are told once they are due, sinks get theirs, the issuer of
    /// credentials is asked, and responses that are over end. Call it now and then, say every minute; [`Guard::tick`] does, for the
    /// guard that the monitor was given to.
    ///
    /// [`Guard::tick`]: crate::Guard::tick
    pub fn tick(&self) {
        let now = self.0.now();
        self.0.table.for_each(|state| {
            let (mut updates, mut notes) = (Vec::new(), Vec::new());
            state.flush(now, &mut updates);
            self.0.tell_updates(state, now, updates, &mut notes);
            self.0.notes.push(notes);
        });
        self.0.responding.tick(now);
        let given_up = self.0.sinks.deliver();
        let notes = given_up.into_iter().map(Note::GivenUp);
        self.0.notes.push(notes.collect());
    }

    /// Alerts that a sink did not take, and that are not handed to it any more, oldest first: the last 64, each for each of its
    /// sinks. They are told by this once. What became of all of them [is counted](MonitorCounts::given_up), goes on record where a
    /// guard has the monitor, and is told to the sink with the next alert that it takes, as [`Alert::lost`].
    #[must_use]
    pub fn take_given_up(&self) -> Vec<Alert> {
        self.0.sinks.take_given_up()
    }

    /// The list that agents come onto who are shut out.
    #[must_use]
    pub fn quarantine(&self) -> &Quarantine {
        self.0.responding.quarantine()
    }

    /// Whether one agent may speak to another, as far as responses go: the path between them is closed, or the first one shut out or
    /// stepped up. A host asks before it lets them, and tells the [interaction](Self::interaction) afterwards, whose end decides whether
    /// a closed path opens again: one at a time tries it, and is given up after a minute.
    ///
    /// # Errors
    /// [`Reason`] why it may not, or not without the approval of a person.
    pub fn check_path(&self, source: &AgentId, target: &AgentId) -> Result<(), Reason> {
        let asked = self.0.asked_path(source, target, self.0.now());
        self.0.responding.check_path(asked)
    }

    /// What is remembered, as bytes for [`MonitorBuilder::restore`]: a monitor that begins with them goes on where this one
    /// is, with the same alerts. What responses hold back stays held back, until when it would have been: step-ups, throttles and
    /// circuit breakers; and what the issuer of credentials has not fulfilled yet is asked of it.
    ///
    /// Forgotten are calls under way, alerts that wait for their readers or for a guard to record them, and that sessions were ended,
    /// since none outlives the process. Who is shut out is not in here: the audit log [has it](crate::audit::restore_quarantine), and
    /// what persons have done since this was made. What they have released beside that is held back again until it ends by itself.
    ///
    /// They hold the key under which names are remembered, and whoever can alter them can make anything ordinary: keep them as
    /// the policies are kept. While they are made, events wait for a part of the agents at a time.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        snapshot::write(&self.0)
    }

    /// What had to be put right, and what could not be handed on.
    #[must_use]
    pub fn counts(&self) -> MonitorCounts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let oddities = &self.0.oddities;
        MonitorCounts {
            told: self.0.outbox.told(),
            lost: self.0.outbox.lost(),
            late: of(&oddities.late),
            future: of(&oddities.future),
            absurd: of(&oddities.absurd),
            duplicate: of(&oddities.duplicate),
            failed: self.0.sinks.failed(),
            given_up: self.0.sinks.given_up(),
            unrecorded: self.0.notes.lost(),
            unanswered: self.0.responding.unanswered(),
            undone: self.0.responding.undone(),
        }
    }

    /// A record was written. A recorder that is [watched](Self::watch) tells so by itself; this is for records that come from
    /// elsewhere, such as the [entries](crate::audit::EntryRecord) of a log. Records of other things than calls are passed over.
    ///
    /// It is seen as happening now, and responded to as the policy says. Where a monitor is to learn from a log,
    /// [`warm_up`](crate::audit::warm_up) lets it, at the log's times and without responses.
    pub fn see(&self, record: &Record<'_>) {
        self.0.notes.push(self.see_recorded(record));
    }
}

/// For the guard that asks before it decides.
impl Monitor {
    /// A record was written; what it led to is for whoever has written it to put on record behind it.
    pub(crate) fn see_recorded(&self, record: &Record<'_>) -> Vec<Note> {
        let mut notes = Vec::new();
        match &record.event {
            Event::Decided(decided) => self.see_decided(decided, &mut notes),
            Event::Ended(ended) => self.see_ended(ended, &mut notes),
            _ => {}
        }
        notes
    }

    fn see_decided(&self, decided: &Decided<'_>, notes: &mut Vec<Note>) {
        let now = self.0.now();
        let Subject { agent, tool, .. } = decided.subject;
        let is_refused =
            decided.verdict == Verdict::Deny && self.0.responding.is_agents_doing(decided);
        let closes = Some(Closes::tool(agent, tool));
        self.0.see(agent, closes, now, notes, |state, around| {
            state.decided(around, decided, is_refused)
        });
        if decided.verdict == Verdict::Allow {
            self.0.trace_back(&decided.subject, now, notes);
        }
    }

    fn see_ended(&self, ended: &Ended<'_>, notes: &mut Vec<Note>) {
        let now = self.0.now();
        let Subject {
            agent, tool, call, ..
        } = ended.subject;
        let was_good = was_good(ended.outcome);
        self.0.responding.ended(agent, call, was_good, now);
        let closes = Some(Closes::tool(agent, tool));
        self.0.see(agent, closes, now, notes, |state, around| {
            state.ended(around, ended)
        });
    }

    /// From here on, somebody puts on record what no call led to.
    pub(crate) fn want_notes(&self) {
        self.0.notes.want();
    }

    /// What is to be put on record next.
    pub(crate) fn take_note(&self) -> Option<Note> {
        self.0.notes.pop()
    }

    /// A note could not be put on record.
    pub(crate) fn lose_note(&self) {
        self.0.notes.lose();
    }

    /// What a session that is opened now remembers, to be told from those opened before a response ended these.
    pub(crate) fn endings(&self) -> u64 {
        self.0.responding.endings()
    }

    /// Whether a call may go on to be decided; if so, why a person must approve it, if one must. There may be no call yet.
    pub(crate) fn check(
        &self,
        agent: &AgentId,
        endings: u64,
        tool: &str,
        call: Option<CallId>,
    ) -> Result<Option<Reason>, Reason> {
        self.0
            .responding
            .check(agent, || self.0.asked(agent, endings, tool, call))
    }

    /// Whether a call that all else allows may run. If so it counts.
    pub(crate) fn admit(&self, agent: &AgentId, tool: &str, call: CallId) -> Result<(), Reason> {
        self.0
            .responding
            .admit(agent, || self.0.asked(agent, u64::MAX, tool, Some(call)))
    }

    /// Whether a call that all else allows would run now. Nothing counts.
    pub(crate) fn would_admit(&self, agent: &AgentId, tool: &str) -> Result<(), Reason> {
        self.0
            .responding
            .would_admit(agent, || self.0.asked(agent, u64::MAX, tool, None))
    }

    /// Ends all that holds an agent back but for the list of those who are shut out. Tells whether anything did.
    pub(crate) fn release(&self, agent: &AgentId) -> bool {
        self.settle(agent);
        self.0.responding.release(agent)
    }

    /// What was seen of an agent so far backs nothing that is seen from now on.
    pub(crate) fn settle(&self, agent: &AgentId) {
        let hash = self.0.tags.long(agent);
        self.0.table.find(hash, AgentState::settle);
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
