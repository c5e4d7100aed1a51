//! What agents do when nothing is wrong: made up, from a seed.
//!
//! - The calls of a minute are negative binomial (shape 2) about a mean between 0.5 and 6 that follows the time of day.
//! - Three in five agents work on weekdays from 8 to 18 o'clock, one in five around the clock, and one in five on weekdays and
//!   for half an hour on Sunday night.
//! - Each has four to seven tools of its own, which it takes in an order that it keeps to six to nineteen times of twenty, and
//!   one to four agents that it speaks to now and then.
//! - Calls name ten hosts, the first ones most. One agent in five explores: with every second of its tools, one call in ten names
//!   a host never named.
//! - Up to one call in twenty-five is refused, most for one of five reasons. About every half hour of work a credential is issued.
//! - One agent in four is deployed anew in the third or fourth week: from then on it is two to four times as busy, results are
//!   twice as long, and one of its tools has given way to another.

use crate::numbers::Numbers;

/// Something that happens to an agent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Happening {
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) agent: usize,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Call(Call),
    /// The agent speaks to another one.
    Spoke(Listener),
    /// A credential is issued to it.
    Issued,
    /// It is deployed anew.
    Deployed,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) tool: usize,
    pub(crate) host: Option<usize>,
    /// Makes the arguments differ.
    pub(crate) number: usize,
    /// Bytes of result.
    pub(crate) size: usize,
    /// Milliseconds.
    pub(crate) latency: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Listener {
    /// One of those outside of this world.
    Peer(usize),
    /// An agent of this world.
    Agent(usize),
}

/// The last two are never part of ordinary work: the policy lets one be called but with arguments that nobody gives, and the
/// other one freely.
pub(crate) const TOOLS: [&str; 10] = [
    "search",
    "read",
    "summarise",
    "write",
    "send",
    "query",
    "render",
    "plan",
    "strict",
    "vault",
];
pub(crate) const STRICT: usize = 8;
pub(crate) const VAULT: usize = 9;
/// No host of ordinary work has this number.
pub(crate) const EVIL: usize = usize::MAX;

pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const DAY: u64 = 1440 * MINUTE;
pub(crate) const WEEK: u64 = 7 * DAY;
/// 1970-01-05 was a Monday. All lives begin then and last four weeks.
pub(crate) const MONDAY: u64 = 4 * DAY;
pub(crate) const END: u64 = MONDAY + 4 * WEEK;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hours {
    Office,
    Always,
    OfficeAndSunday,
}

/// What an agent is like.
#[derive(Clone)]
pub(crate) struct Life {
    agent: usize,
    numbers: Numbers,
    /// Calls a minute at an ordinary hour.
    mean: f64,
    pub(crate) hours: Hours,
    pub(crate) tools: Vec<usize>,
    order: f64,
    peers: usize,
    /// The place of the first of the tools with which it explores.
    pub(crate) explores: Option<usize>,
    refused: f64,
    /// When it is deployed anew, and how busy it is then.
    deploy: Option<(u64, f64)>,
    /// Bytes of an ordinary result.
    size: f64,
    place: usize,
    calls: usize,
}

impl Life {
    pub(crate) fn new(seed: u64, agent: usize) -> Self {
        let mut numbers = Numbers::new(seed * 2 + agent as u64);
        let mut tools: Vec<usize> = (0..STRICT).collect();
        numbers.shuffle(&mut tools);
        tools.truncate(4 + numbers.below(4));
        let day = 14 + numbers.below(2) as u64 * 7 + numbers.below(4) as u64;
        let deploy = (
            MONDAY + day * DAY + 11 * 60 * MINUTE,
            numbers.between(2.0, 4.0),
        );
        Self {
            agent,
            mean: 0.5 * 12_f64.powf(numbers.uniform()),
            hours: [
                Hours::Office,
                Hours::Office,
                Hours::Office,
                Hours::Always,
                Hours::OfficeAndSunday,
            ][numbers.below(5)],
            tools,
            order: numbers.between(0.6, 0.95),
            peers: 1 + numbers.below(4),
            explores: numbers.is(0.2).then(|| numbers.below(2)),
            refused: numbers.between(0.0, 0.04),
            deploy: numbers.is(0.25).then_some(deploy),
            size: 500.0,
            place: 0,
            calls: 0,
            numbers,
        }
    }

    /// All that it does in four weeks.
    pub(crate) fn live(mut self) -> Vec<Happening> {
        let mut all = Vec::new();
        for minute in 0..(END - MONDAY) / MINUTE {
            let start = MONDAY + minute * MINUTE;
            if self.deploy_by(start) {
                all.push(self.happening(start, What::Deployed));
            }
            all.extend(self.minute(start, 1.0));
        }
        all
    }

    /// What the agent is like by then, with arguments and choices of its own.
    pub(crate) fn at(mut self, time: u64) -> Self {
        self.deploy_by(time);
        self.calls = 1_000_000;
        self
    }

    /// Calls a minute at an ordinary hour by then.
    pub(crate) fn mean_at(&self, time: u64) -> f64 {
        self.clone().at(time).mean
    }

    fn deploy_by(&mut self, time: u64) -> bool {
        let Some((_, busier)) = self.deploy.take_if(|(at, _)| *at <= time) else {
            return false;
        };
        self.mean *= busier;
        self.size *= 2.0;
        let unused = (0..STRICT).find(|tool| !self.tools.contains(tool));
        self.tools[0] = unused.unwrap_or(self.tools[0]);
        true
    }

    /// A minute of work, so many times as busy as usual.
    pub(crate) fn minute(&mut self, start: u64, factor: f64) -> Vec<Happening> {
        let bend = self.bend(start);
        if bend == 0.0 {
            return Vec::new();
        }
        let calls = self.numbers.negative_binomial(self.mean * bend * factor);
        let mut all: Vec<Happening> = (0..calls)
            .map(|_| {
                let at = start + self.numbers.below(60_000) as u64;
                self.work(at)
            })
            .collect();
        if self.numbers.is(1.0 / 30.0) {
            let at = start + self.numbers.below(60_000) as u64;
            all.push(self.happening(at, What::Issued));
        }
        all.sort_by_key(|happening| happening.at);
        all
    }

    /// The next piece of work.
    pub(crate) fn work(&mut self, at: u64) -> Happening {
        if self.numbers.is(0.1) {
            let peer = self.numbers.below(self.peers);
            return self.happening(at, What::Spoke(Listener::Peer(peer)));
        }
        self.place = if self.numbers.is(self.order) {
            (self.place + 1) % self.tools.len()
        } else {
            self.numbers.below(self.tools.len())
        };
        self.calls += 1;
        let number = self.calls;
        let (tool, host) = match (
            self.numbers.is(self.refused),
            self.explores.is_some_and(|first| self.place % 2 == first) && self.numbers.is(0.1),
        ) {
            (true, _) => return self.refused(at),
            (_, true) => (self.tools[self.place], Some(10 + number)),
            _ => (
                self.tools[self.place],
                Some((self.numbers.exponential() * 2.0) as usize % 10),
            ),
        };
        let size = self.numbers.lognormal(self.size, 0.5) as usize;
        let latency = self.numbers.lognormal(80.0, 0.4) as u64;
        self.happening(
            at,
            What::Call(Call {
                tool,
                host,
                number,
                size,
                latency,
            }),
        )
    }

    /// A call that is refused: one of a few that it tries again and again.
    fn refused(&mut self, at: u64) -> Happening {
        let number = (self.numbers.exponential() * 2.0) as usize;
        let call = Call {
            tool: STRICT,
            host: None,
            number,
            size: 0,
            latency: 0,
        };
        self.happening(at, What::Call(call))
    }

    pub(crate) fn happening(&self, at: u64, what: What) -> Happening {
        Happening {
            at,
            agent: self.agent,
            what,
        }
    }

    /// How busy it is at this time, compared with an ordinary hour.
    fn bend(&self, at: u64) -> f64 {
        let (day, hour) = ((at - MONDAY) / DAY % 7, at % DAY / (60 * MINUTE));
        let office =
            |hour: u64| [0.6, 1.0, 1.3, 1.1, 0.5, 0.9, 1.2, 1.3, 1.0, 0.6][hour as usize - 8];
        match self.hours {
            Hours::Always if (8..18).contains(&hour) && day < 5 => office(hour),
            Hours::Always => 0.4,
            Hours::OfficeAndSunday
                if day == 6 && hour == 23 && at % (60 * MINUTE) < 30 * MINUTE =>
            {
                1.0
            }
            _ if day < 5 && (8..18).contains(&hour) => office(hour),
            _ => 0.0,
        }
    }
}
