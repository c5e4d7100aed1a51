//! What is learned of one agent, and how far from that the next event is.

use crate::anomaly::snapshot::stored;
use std::time::Duration;

use super::alert::Baseline;
use super::endpoints::{Endpoints, HALF_WINDOW};
use super::policy::Learning;
use super::statistics::{
    Cusum, Daily, Deviation, HOT, NegativeBinomial, Novelty, Rate, Seen, ShareOfNew, Shift,
    Sustained, Transitions, Week, surprise_of_deviations,
};

/// The baselines of one agent, and of the tools it uses and the agents it speaks to.
#[derive(Debug)]
pub(super) struct Learned {
    /// The second of the first event.
    begun: u32,
    /// Calls a minute that were declared while that was learned; 0 where none were.
    declared: f32,
    calls: Rate,
    /// What is raised a little for some minutes shows there.
    sustained: Sustained,
    daily: Daily,
    refusals: Cusum,
    endpoints: Endpoints,
    destinations: Novelty<64>,
    peers: Novelty<8>,
    values: Option<Box<Novelty<64>>>,
    week: Week,
    steps: Transitions,
    /// The tools and agents used last, the last one first.
    edges: Vec<Edge>,
    /// Calls, and words to other agents.
    events: u32,
}

/// One tool, or one agent that is spoken to. 84 bytes.
#[derive(Clone, Copy, Debug)]
struct Edge {
    tag: u32,
    rate: Rate,
    length: Deviation,
    latency: Deviation,
    /// How often a destination that it names is new for the agent.
    destinations: ShareOfNew,
}

/// Something out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Odd {
    pub(super) observed: f64,
    pub(super) expected: f64,
    /// In nats.
    pub(super) surprise: f64,
}

/// What is to be told of a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum OddRate {
    High(Odd),
    /// It has been high for so long that it is told no more; it is not ordinary for that.
    Known,
    Shifted(Shift),
}

impl OddRate {
    pub(super) fn is_high(&self) -> bool {
        matches!(self, Self::High(_))
    }

    pub(super) fn surprise(self) -> f64 {
        match self {
            Self::High(odd) => odd.surprise,
            Self::Known | Self::Shifted(_) => 0.0,
        }
    }
}

stored!(
    Learned {
        begun,
        declared,
        calls,
        sustained,
        daily,
        refusals,
        endpoints,
        destinations,
        peers,
        values,
        week,
        steps,
        edges,
        events
    },
    |learned| learned.edges.len() <= MOST_EDGES
);
stored!(
    Edge {
        tag,
        rate,
        length,
        latency,
        destinations
    },
    |_| true
);
impl Learned {
    pub(super) fn new(second: u32, hour: u32, declared: Option<f64>) -> Self {
        Self {
            begun: second,
            declared: declared.unwrap_or(0.0) as f32,
            calls: Rate::new(second / MINUTE),
            sustained: Sustained::default(),
            daily: Daily::new(),
            refusals: Cusum::new(),
            endpoints: Endpoints::new(second / HALF_WINDOW),
            destinations: Novelty::new(),
            peers: Novelty::new(),
            values: None,
            week: Week::new(hour),
            steps: Transitions::new(),
            edges: Vec::new(),
            events: 0,
        }
    }

    /// What there is to learn from so far.
    pub(super) fn history(&self, second: u32) -> Baseline {
        Baseline {
            events: self.events.into(),
            age: Duration::from_secs(second.saturating_sub(self.begun).into()),
        }
    }

    /// So many calls a minute are declared now. Where that is more than it was, somebody says that more is ordinary now: how much
    /// is learned anew. Until then what is declared speaks.
    pub(super) fn declare(&mut self, calls: Option<f64>, second: u32) {
        let declared = calls.unwrap_or(0.0) as f32;
        if self.declared > 0.0 && declared > self.declared {
            let unknown = Rate::new(second / MINUTE);
            (self.calls, self.sustained) = (unknown, Sustained::default());
            self.edges.iter_mut().for_each(|edge| edge.rate = unknown);
        }
        self.declared = declared;
    }

    /// A call of any tool.
    pub(super) fn call(&mut self, second: u32, rule: Learning) -> Option<OddRate> {
        let minute = second / MINUTE;
        self.end_minute(minute, rule);
        let factor = self.daily.factor(minute);
        let odd = odd_rate(&mut self.calls, second, rule, factor, 1.0, 1);
        if let Some(OddRate::Shifted(shift)) = odd {
            self.scale(shift.to / shift.from);
            return odd;
        }
        if self.calls.count() == 1
            && let Some(expected) = self.calls.expected()
        {
            self.sustained.begin(expected.raised_by(factor), rule.ratio);
        }
        let sustained = self.sustained_rate(rule);
        odd.filter(OddRate::is_high).or(sustained).or(odd)
    }

    /// What the last minute teaches, if this is a later one.
    fn end_minute(&mut self, minute: u32, rule: Learning) {
        let Some(ended) = self.calls.ended_by(minute) else {
            return;
        };
        self.sustained
            .end(ended.count, ended.silent, rule.least_surprise());
        if let Some(expected) = self.calls.expected().filter(|_| !ended.is_hot) {
            let ratio = f64::from(ended.count) / expected.mean();
            self.daily.observe(ended.minute, ratio, ended.silence());
        }
    }

    /// Whether calls have been too frequent for some minutes.
    fn sustained_rate(&mut self, rule: Learning) -> Option<OddRate> {
        let count = self.calls.count();
        let surprise = self.sustained.score(count);
        if surprise >= HOT {
            self.calls.hold_out();
        }
        let ratio = self.sustained.ratio(count);
        if surprise <= 0.0 || ratio <= rule.ratio || surprise < rule.least_surprise() {
            return None;
        }
        let raise = self.calls.raise();
        if ratio <= rule.ratio * raise {
            return Some(OddRate::Known);
        }
        let expected = self.sustained.mean() * raise;
        Some(OddRate::High(Odd {
            observed: ratio * self.sustained.mean(),
            expected,
            surprise,
        }))
    }

    /// A call of this tool, or words to this agent. What is told of all calls is not told again of each tool.
    pub(super) fn edge(&mut self, tag: u32, second: u32, rule: Learning) -> Option<OddRate> {
        self.events = self.events.saturating_add(1);
        self.bring_forward(tag, second);
        let (factor, raise) = (self.daily.factor(second / MINUTE), self.calls.raise());
        let among = self.edges.len();
        let rate = &mut self.edges.first_mut()?.rate;
        let odd = odd_rate(rate, second, rule, factor, raise, among)?;
        (odd.is_high() || raise == 1.0).then_some(odd)
    }

    /// All calls have become so many times as frequent, and so have those of each tool.
    fn scale(&mut self, ratio: f64) {
        self.sustained = Sustained::default();
        self.edges
            .iter_mut()
            .for_each(|edge| edge.rate.scale(ratio));
    }

    /// Whether so many different tools and agents are too many.
    pub(super) fn endpoint(&mut self, hash: u64, second: u32, rule: Learning) -> Option<Odd> {
        self.endpoints.observe(hash, second / HALF_WINDOW, rule)
    }

    /// Whether refusals have become more frequent.
    pub(super) fn decided(&mut self, is_refused: bool, rule: Learning) -> Option<Odd> {
        let expected = self.refusals.ordinary_share() * 100.0;
        let surprise = self.refusals.observe(is_refused);
        if !is_refused || surprise < rule.least_surprise() {
            return None;
        }
        let observed = self.refusals.raised_share() * 100.0;
        self.refusals.begin_again();
        Some(Odd {
            observed,
            expected,
            surprise,
        })
    }

    /// The length of a result, in bytes, of a tool that is known.
    pub(super) fn length(&mut self, tag: u32, bytes: u64, rule: Learning) -> Option<Odd> {
        let length = &mut self.known_edge(tag)?.length;
        odd_value(length, bytes, rule, 1.0).map(|(odd, _)| odd)
    }

    /// How long a tool that is known took; only longer is told.
    pub(super) fn latency(&mut self, tag: u32, micros: u64, rule: Learning) -> Option<Odd> {
        let latency = &mut self.known_edge(tag)?.latency;
        let (odd, is_above) = odd_value(latency, micros, rule, 1000.0)?;
        is_above.then_some(odd)
    }

    /// A destination that the last call names. A new one is odd for an agent that has few, and for a tool that has few, though the
    /// agent explores with others.
    pub(super) fn destination(&mut self, tag: u32, rule: Learning) -> Option<Odd> {
        let seen = self.destinations.observe(tag);
        let is_new = seen != Seen::Known;
        let tool = self.edges.first_mut();
        let of_tool = tool.map_or(0.0, |tool| tool.destinations.observe(is_new));
        match seen {
            Seen::New(surprise) => odd_thing(surprise.max(of_tool), rule),
            Seen::Known => None,
        }
    }

    /// An agent that is spoken to.
    pub(super) fn peer(&mut self, tag: u32, rule: Learning) -> Option<Odd> {
        new_thing(&mut self.peers, tag, rule)
    }

    pub(super) fn value(&mut self, tag: u32, rule: Learning) -> Option<Odd> {
        let values = self.values.get_or_insert_with(|| Box::new(Novelty::new()));
        new_thing(values, tag, rule)
    }

    /// An hour, counted from the Unix epoch. Two weeks of work make an odd one rare enough.
    pub(super) fn hour(&mut self, hour: u32) -> Option<Odd> {
        let surprise = self.week.observe(hour)?;
        (surprise >= -RARE_HOUR.ln()).then(|| rare(surprise))
    }

    pub(super) fn step(&mut self, tool: u16, rule: Learning) -> Option<Odd> {
        let surprise = self.steps.observe(tool)?;
        (surprise >= -rule.oddity.ln()).then(|| rare(surprise))
    }

    fn known_edge(&mut self, tag: u32) -> Option<&mut Edge> {
        self.edges.iter_mut().find(|edge| edge.tag == tag)
    }

    /// Moves an edge to the front; where there are as many as may be, the one used longest ago is forgotten.
    fn bring_forward(&mut self, tag: u32, second: u32) {
        let found = self.edges.iter().position(|edge| edge.tag == tag);
        let at = found.unwrap_or_else(|| {
            self.edges.truncate(MOST_EDGES - 1);
            self.edges.push(Edge::new(tag, second));
            self.edges.len() - 1
        });
        if let Some(front) = self.edges.get_mut(..=at) {
            front.rotate_right(1);
        }
    }
}

impl Edge {
    fn new(tag: u32, second: u32) -> Self {
        Self {
            tag,
            rate: Rate::new(second / MINUTE),
            length: Deviation::new(),
            latency: Deviation::new(),
            destinations: ShareOfNew::default(),
        }
    }
}

/// Whether there are too many events in a minute that is ordinarily so many times as busy as others, and where so many times as
/// many as usual have been told of before. The more rates there are, the less likely each must be by chance (Bonferroni).
fn odd_rate(
    rate: &mut Rate,
    second: u32,
    rule: Learning,
    factor: f64,
    raise: f64,
    among: usize,
) -> Option<OddRate> {
    if let Some(shift) = rate.observe(second / MINUTE, factor) {
        return Some(OddRate::Shifted(shift));
    }
    if !rate.may_exceed(rule.ratio * factor) {
        return None;
    }
    let expected = rate.expected()?.raised_by(factor);
    let count = rate.count();
    let is_odd = |expected: NegativeBinomial| {
        count as f64 > rule.ratio * expected.mean()
            && expected.reaches(count, rule.least_surprise() + (among as f64).ln())
    };
    if !is_odd(expected) {
        return None;
    }
    let raised = expected.raised_by(rate.raise().max(raise));
    if !is_odd(raised) {
        return Some(OddRate::Known);
    }
    Some(OddRate::High(Odd {
        observed: count as f64,
        expected: raised.mean(),
        surprise: raised.surprise(count),
    }))
}

/// Whether a value is far from those before it, and whether it is above them.
fn odd_value(values: &mut Deviation, value: u64, rule: Learning, unit: f64) -> Option<(Odd, bool)> {
    let expected = values.center();
    let deviations = values.observe(value)?;
    let surprise = surprise_of_deviations(deviations);
    let is_odd = deviations.abs() >= rule.deviations && surprise >= rule.least_surprise();
    is_odd.then(|| {
        let odd = Odd {
            observed: value as f64 / unit,
            expected: expected / unit,
            surprise,
        };
        (odd, deviations > 0.0)
    })
}

fn new_thing<const N: usize>(known: &mut Novelty<N>, tag: u32, rule: Learning) -> Option<Odd> {
    match known.observe(tag) {
        Seen::New(surprise) => odd_thing(surprise, rule),
        Seen::Known => None,
    }
}

fn odd_thing(surprise: f64, rule: Learning) -> Option<Odd> {
    (surprise >= -rule.novelty.ln()).then(|| rare(surprise))
}

/// One of what comes so seldom.
fn rare(surprise: f64) -> Odd {
    Odd {
        observed: 1.0,
        expected: (-surprise).exp(),
        surprise,
    }
}

const MINUTE: u32 = 60;
const MOST_EDGES: usize = 32;
/// One in so many hours of work.
const RARE_HOUR: f64 = 0.01;
