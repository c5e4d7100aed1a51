//! A report, for people and for machines.

use std::fmt::Write as _;

use portcullis::Plain;
use portcullis::audit::Verification;
use serde_json::{Value, json};

use super::controls::{Control, Framework};
use super::evidence::Evidence;
use super::tally::{Found, Tally};
use crate::audit::filter::PeriodArgs;
use crate::audit::verify;

/// What there is to tell.
pub(super) struct Told<'r> {
    pub(super) frameworks: &'r [Framework],
    pub(super) tally: &'r Tally,
    pub(super) verified: &'r Verification,
    pub(super) period: &'r PeriodArgs,
}

/// What a reader must not take it for.
const NOTE: &str =
    "This counts what the log holds evidence for. It does not say that a control is met.";

/// What verifying a log by itself leaves open.
const ALONE: &str = "held against its own checkpoints only: whoever can write the log could have made them anew. \
                     Give --checkpoint or --key";

/// What verifying against something old leaves open.
const REST: &str = "whoever can write the log could have made the rest anew";

impl Told<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail, here and below.
        let _ = self.write_head(&mut text);
        for framework in self.frameworks {
            let _ = writeln!(text, "\nevidence for {}", framework.title());
            for control in framework.controls() {
                let _ = self.write_control(&mut text, control);
            }
        }
        text.push_str(
            "\n`portcullis audit show` lists entries, `portcullis audit prove` proves one.\n",
        );
        text
    }

    fn write_head(&self, text: &mut String) -> std::fmt::Result {
        text.push_str(&verify::summary(self.verified));
        let Verification { vouched, head, .. } = *self.verified;
        if self.is_alone() {
            writeln!(text, "{ALONE}")?;
        } else if vouched < head.size {
            writeln!(
                text,
                "what was given vouches for the first {vouched} entries: {REST}"
            )?;
        }
        writeln!(text, "\n{NOTE}\naudit log of {}", Plain(self.origin()))?;
        writeln!(text, "the whole log: {}", span(&self.tally.all))?;
        let PeriodArgs { since, until } = self.period;
        match (since, until) {
            (None, None) => writeln!(text, "counted: all of it"),
            (Some(since), None) => {
                writeln!(text, "counted: from {since} s since the Unix epoch on")
            }
            (None, Some(until)) => writeln!(text, "counted: before {until} s since the Unix epoch"),
            (Some(since), Some(until)) => {
                writeln!(
                    text,
                    "counted: from {since} s to {until} s since the Unix epoch"
                )
            }
        }
    }

    fn write_control(&self, text: &mut String, control: &Control) -> std::fmt::Result {
        writeln!(text, "\n{}  {}", control.id, control.title)?;
        for evidence in control.evidence {
            let found = self.found(evidence);
            writeln!(text, "{:>9}  {}", found.count, evidence.what)?;
            if found.count > 0 {
                writeln!(text, "           {}", span(found))?;
            }
        }
        if control.verification {
            writeln!(text, "        +  that the log verifies, see above")?;
        }
        if control.evidence.is_empty() && !control.verification {
            writeln!(text, "        -  nothing in this log")?;
        }
        let mut elsewhere = control.elsewhere.iter();
        elsewhere.try_for_each(|what| writeln!(text, "           elsewhere: {what}"))
    }

    pub(super) fn json(&self) -> Value {
        let frameworks: Vec<_> = self
            .frameworks
            .iter()
            .map(|it| self.framework(*it))
            .collect();
        let PeriodArgs { since, until } = self.period;
        json!({
            "note": NOTE, "verified": true, "verification": verify::told(self.verified),
            "own_checkpoints_only": self.is_alone(), "origin": self.origin(), "log": self.tally.all,
            "since": since, "until": until, "frameworks": frameworks,
        })
    }

    fn framework(&self, framework: Framework) -> Value {
        let controls = framework.controls().iter();
        let controls: Vec<_> = controls.map(|control| self.control(control)).collect();
        json!({"framework": framework.name(), "title": framework.title(), "controls": controls})
    }

    fn control(&self, control: &Control) -> Value {
        let evidence = control.evidence.iter().map(|evidence| {
            let Found { count, first, last } = self.found(evidence);
            json!({"entries": evidence.what, "count": count, "first": first, "last": last})
        });
        json!({
            "control": control.id, "title": control.title, "evidence": evidence.collect::<Vec<_>>(),
            "verification": control.verification, "elsewhere": control.elsewhere,
        })
    }

    fn found(&self, evidence: &Evidence) -> &Found {
        const NONE: &Found = &Found {
            count: 0,
            first: None,
            last: None,
        };
        self.tally.of(evidence).unwrap_or(NONE)
    }

    fn origin(&self) -> &str {
        self.tally.origin.as_deref().unwrap_or_default()
    }

    fn is_alone(&self) -> bool {
        self.verified.vouched == 0
    }
}

/// From which entry to which, and when.
fn span(found: &Found) -> String {
    match (&found.first, &found.last) {
        (Some(first), Some(last)) if first.entry == last.entry => {
            format!("entry {} at {}", first.entry, first.time)
        }
        (Some(first), Some(last)) => format!(
            "entries {} to {}, {} to {}",
            first.entry, last.entry, first.time, last.time
        ),
        _ => "no entries".to_owned(),
    }
}
