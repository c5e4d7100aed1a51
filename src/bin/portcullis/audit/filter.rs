//! Which entries a verb is about, as options.

use std::time::{Duration, SystemTime};

use clap::Args;
use portcullis::audit::EntryFilter;

/// Only entries for which all that is given holds.
#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    #[arg(long)]
    agent: Option<String>,
    #[arg(long)]
    user: Option<String>,
    #[arg(long)]
    tool: Option<String>,
    #[arg(long)]
    session: Option<String>,
    #[arg(long)]
    call: Option<String>,
    /// allow, ask or deny
    #[arg(long)]
    decision: Option<String>,
    /// Such as decided, executing, completed, unknown
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    #[command(flatten)]
    period: PeriodArgs,
}

/// Only entries of a time.
#[derive(Debug, Args)]
pub(crate) struct PeriodArgs {
    /// From this time on, in seconds since the Unix epoch
    #[arg(long, value_name = "SECONDS")]
    pub(super) since: Option<u64>,
    /// Before this time, in seconds since the Unix epoch
    #[arg(long, value_name = "SECONDS")]
    pub(super) until: Option<u64>,
}

impl FilterArgs {
    pub(super) fn filter(&self) -> EntryFilter {
        type With = fn(EntryFilter, &str) -> EntryFilter;
        let texts: [(&Option<String>, With); 7] = [
            (&self.agent, EntryFilter::agent),
            (&self.user, EntryFilter::user),
            (&self.tool, EntryFilter::tool),
            (&self.session, EntryFilter::session),
            (&self.call, EntryFilter::call),
            (&self.decision, EntryFilter::decision),
            (&self.kind, EntryFilter::kind),
        ];
        let mut filter = self.period.filter();
        for (value, with) in texts {
            if let Some(value) = value {
                filter = with(filter, value);
            }
        }
        filter
    }
}

impl PeriodArgs {
    /// Whether a time is within.
    pub(crate) fn holds(&self, at: SystemTime) -> bool {
        let at = at.duration_since(SystemTime::UNIX_EPOCH);
        let at = at.unwrap_or_default().as_secs();
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    pub(crate) fn filter(&self) -> EntryFilter {
        let mut filter = EntryFilter::new();
        if let Some(since) = self.since {
            filter = filter.since(Duration::from_secs(since));
        }
        match self.until {
            Some(until) => filter.until(Duration::from_secs(until)),
            None => filter,
        }
    }
}
