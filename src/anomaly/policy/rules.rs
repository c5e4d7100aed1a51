//! The rules on what was declared, and from when on each speaks.

use std::time::Duration;

/// Which rules are on, with their thresholds; `None` or `false`: off.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::anomaly) struct Rules {
    pub(in crate::anomaly) unexpected_path: bool,
    pub(in crate::anomaly) rate_anomaly: Option<Ratio>,
    pub(in crate::anomaly) repeated_denials: Option<Denials>,
    pub(in crate::anomaly) scope_violation: bool,
    pub(in crate::anomaly) loops: Option<Loops>,
    pub(in crate::anomaly) first_contact: bool,
    pub(in crate::anomaly) off_hours: bool,
    pub(in crate::anomaly) credential_spike: Option<Ratio>,
    pub(in crate::anomaly) probing: Option<Probing>,
    pub(in crate::anomaly) lateral: Option<Lateral>,
    pub(in crate::anomaly) learning: Option<Learning>,
}

/// More than so many times what was declared, and that with at most this probability by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::anomaly) struct Ratio {
    pub(in crate::anomaly) ratio: f64,
    pub(in crate::anomaly) significance: f64,
}

/// More than so many refusals among the last so many decisions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::anomaly) struct Denials {
    pub(in crate::anomaly) more_than: u32,
    pub(in crate::anomaly) of: u32,
}

/// So many times the same within this time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::anomaly) struct Loops {
    pub(in crate::anomaly) repeats: u32,
    pub(in crate::anomaly) within: Duration,
}

/// So many different refused targets within this time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::anomaly) struct Probing {
    pub(in crate::anomaly) at_least: u32,
    pub(in crate::anomaly) within: Duration,
}

/// So many steps within this time, by an agent that has been known for so long; times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::anomaly) struct Lateral {
    pub(in crate::anomaly) hops: u32,
    pub(in crate::anomaly) within: u32,
    pub(in crate::anomaly) after: u32,
}

/// From when on what differs from what was learned is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::anomaly) struct Learning {
    /// More than so many times the learned rate of events.
    pub(in crate::anomaly) ratio: f64,
    /// More than so many times the learned number of different endpoints.
    pub(in crate::anomaly) endpoints: f64,
    /// Lengths and latencies by at least so many deviations.
    pub(in crate::anomaly) deviations: f64,
    /// And all of these with at most this probability.
    pub(in crate::anomaly) significance: f64,
    /// New destinations and values, where a new one comes with at most this probability.
    pub(in crate::anomaly) novelty: f64,
    /// Steps that are so rare, or rarer, with at most this probability.
    pub(in crate::anomaly) oddity: f64,
}

impl Learning {
    /// The significance, in nats.
    pub(in crate::anomaly) fn least_surprise(self) -> f64 {
        -self.significance.ln()
    }
}

impl Default for Learning {
    fn default() -> Self {
        Self {
            ratio: 3.0,
            endpoints: 2.0,
            deviations: 2.5,
            significance: 1e-6,
            novelty: 1e-3,
            oddity: 1e-4,
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            unexpected_path: true,
            rate_anomaly: Some(Ratio::default()),
            repeated_denials: Some(Denials::default()),
            scope_violation: true,
            loops: Some(Loops::default()),
            first_contact: true,
            off_hours: true,
            credential_spike: Some(Ratio::default()),
            probing: Some(Probing::default()),
            lateral: Some(Lateral::default()),
            learning: Some(Learning::default()),
        }
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Self {
            ratio: 3.0,
            significance: 1e-6,
        }
    }
}

impl Default for Denials {
    fn default() -> Self {
        Self {
            more_than: 10,
            of: 100,
        }
    }
}

impl Default for Loops {
    fn default() -> Self {
        Self {
            repeats: 3,
            within: Duration::from_secs(120),
        }
    }
}

impl Default for Probing {
    fn default() -> Self {
        Self {
            at_least: 5,
            within: Duration::from_secs(300),
        }
    }
}

impl Default for Lateral {
    fn default() -> Self {
        Self {
            hops: 3,
            within: 600,
            after: 86_400,
        }
    }
}
