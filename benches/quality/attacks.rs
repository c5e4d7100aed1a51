//! What goes wrong: eight attacks, each of at most ten minutes.

use crate::traffic::{
    Call, DAY, EVIL, Happening, Hours, Life, Listener, MINUTE, MONDAY, STRICT, VAULT, What,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attack {
    Burst,
    Drip,
    Probing,
    Lateral,
    Destination,
    Credentials,
    Loop,
    Night,
}

pub(crate) const ATTACKS: [Attack; 8] = [
    Attack::Burst,
    Attack::Drip,
    Attack::Probing,
    Attack::Lateral,
    Attack::Destination,
    Attack::Credentials,
    Attack::Loop,
    Attack::Night,
];

/// An attack is told if anything is told within so many milliseconds of its beginning.
pub(crate) const IN_TIME: u64 = 10 * MINUTE;

impl Attack {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Burst => "exfiltration burst: 60 calls of one tool in 54 s",
            Self::Drip => "drip: five times as busy for ten minutes",
            Self::Probing => "probing: 10 refused calls, 10 s apart",
            Self::Lateral => {
                "lateral movement: a word to a stranger, who then uses a tool that it never used"
            }
            Self::Destination => "hijack: one call that names a new host",
            Self::Credentials => "credential spike: 8 issued, 15 s apart",
            Self::Loop => "loop: the same call and result 5 times, 5 s apart",
            Self::Night => "off hours: 5 ordinary calls, 20 s apart, at 3 o'clock at night",
        }
    }

    /// When it begins, in the last week; `None` if it would be no attack on this agent.
    pub(crate) fn start(self, life: &Life, seed: u64) -> Option<u64> {
        let place = ATTACKS.iter().position(|other| *other == self)? as u64;
        let day = 21 + (seed + place) % 5;
        if self == Self::Night {
            let is_out = life.hours != Hours::Always;
            return is_out.then_some(MONDAY + day * DAY + 197 * MINUTE);
        }
        let hour = 9 + (seed / 5 + place) % 8;
        Some(MONDAY + day * DAY + (hour * 60 + 17) * MINUTE)
    }

    /// What happens beside the work of the agents: the first one is attacked, the other one is the stranger.
    pub(crate) fn happenings(self, life: &Life, start: u64) -> Vec<Happening> {
        let mut life = life.clone().at(start);
        let tool = life.tools[0];
        let call = |tool, host, number| {
            What::Call(Call {
                tool,
                host,
                number,
                size: 500,
                latency: 80,
            })
        };
        let every = |times: u64, millis: u64, what: &dyn Fn(usize) -> What| {
            let happening = |time: u64| life.happening(start + time * millis, what(time as usize));
            (0..times).map(happening).collect::<Vec<_>>()
        };
        match self {
            Self::Burst => every(60, 900, &|time| call(tool, Some(0), 2_000_000 + time)),
            Self::Drip => (0..10)
                .flat_map(|minute| life.minute(start + minute * MINUTE, 4.0))
                .collect(),
            Self::Probing => every(10, 10_000, &|time| call(STRICT, None, 2_000_000 + time)),
            Self::Lateral => {
                let stranger = |time: u64| Happening {
                    at: start + 10_000 + time * 5000,
                    agent: 1,
                    what: call(VAULT, Some(0), 2_000_000 + time as usize),
                };
                let word = life.happening(start, What::Spoke(Listener::Agent(1)));
                [word].into_iter().chain((0..3).map(stranger)).collect()
            }
            Self::Destination => every(1, 0, &|_| call(tool, Some(EVIL), 2_000_000)),
            Self::Credentials => every(8, 15_000, &|_| What::Issued),
            Self::Loop => every(5, 5000, &|_| call(tool, Some(0), 2_000_000)),
            Self::Night => (0..5)
                .map(|call| life.work(start + call * 20_000))
                .collect(),
        }
    }
}
