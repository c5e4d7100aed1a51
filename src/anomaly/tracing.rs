//! Alerts as events of `tracing`.

use tracing::{error, info, warn};

use super::alert::{Alert, Severity};
use super::builder::MonitorBuilder;

impl MonitorBuilder {
    /// A [sink](Self::sink) that makes each alert an event of [`tracing`]: an error, a warning or an information, as it is of high, medium or low
    /// severity. Its target is `portcullis::alert`. Fields that are not there in an alert are empty. Needs the feature `tracing`.
    pub fn trace(self) -> Self {
        self.sink(|alert| {
            event(alert);
            Ok(())
        })
    }
}

/// The level of an event is fixed where it is written.
macro_rules! write_event {
    ($level:ident, $alert:ident) => {
        $level!(
            target: "portcullis::alert",
            kind = $alert.kind.as_str(),
            agent = $alert.agent.as_str(),
            observed = $alert.observed,
            expected = $alert.expected,
            surprise_nats = $alert.surprise,
            call = $alert.call.map(tracing::field::display),
            number = $alert.number,
            more = $alert.more,
            lost = $alert.lost,
            "{}",
            $alert
        )
    };
}

fn event(alert: &Alert) {
    match alert.severity() {
        Severity::High => write_event!(error, alert),
        Severity::Medium => write_event!(warn, alert),
        Severity::Low => write_event!(info, alert),
    }
}
