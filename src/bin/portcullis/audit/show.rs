//! `portcullis audit show`

use std::io;
use std::path::PathBuf;

use clap::Args;
use portcullis::Plain;
use portcullis::audit::{LogEntry, LogError, Payload, PayloadRef, Payloads, read};
use serde_json::{Map, Value, json};

use super::filter::FilterArgs;
use super::reading::Reading;
use crate::output::Output;
use crate::{Exit, Failure};

/// Prints entries, all of them or those that the options name
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The log's directory
    directory: PathBuf,
    #[command(flatten)]
    filter: FilterArgs,
    /// Print what was kept beside the entries too: arguments, context and results. Nothing is verified but that each is
    /// what its entry says
    #[arg(long)]
    payloads: bool,
    /// Print the entries as they stand in the log, but in ASCII: JSON Lines. With --payloads, each as the member `entry`
    /// of an object, `payloads` beside it
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let filter = self.filter.filter();
        let mut payloads = self.payloads.then(|| Payloads::of(&self.directory));
        let mut reading = Reading::new(&self.directory, 1);
        let read = read(&self.directory, |entry| {
            reading.entry(entry.line().len());
            if output.is_closed() || !filter.matches(entry) {
                return Ok(());
            }
            reading.clear();
            let kept = match &mut payloads {
                Some(payloads) => Some(kept(entry, payloads)?),
                None => None,
            };
            let told = match (self.json, kept) {
                (true, Some(kept)) => tell_json(entry, &kept, output),
                (true, None) => output.json_line(entry.line()),
                (false, kept) => tell(entry, &kept.unwrap_or_default(), output),
            };
            told.map_err(Failure::Output)
        });
        reading.clear();
        read.map(|()| Exit::Fine)
    }
}

/// What was kept of an entry, or what has become of it.
type Kept = Vec<(PayloadRef, Payload)>;

fn kept(entry: &LogEntry<'_>, payloads: &mut Payloads) -> Result<Kept, LogError> {
    let mut kept = Vec::new();
    for reference in entry.payloads() {
        if let Some(payload) = payloads.read(entry, reference.kind)? {
            kept.push((reference, payload));
        }
    }
    Ok(kept)
}

fn tell(entry: &LogEntry<'_>, kept: &Kept, output: &mut Output) -> io::Result<()> {
    output.line(entry)?;
    for (reference, payload) in kept {
        let (kind, form) = (reference.kind.as_str(), reference.form.as_str());
        match payload {
            Payload::Kept(text) => {
                output.line(format_args!("        {kind} ({form}): {:#}", Plain(text)))?;
            }
            gone => output.line(format_args!("        {kind} ({form}): {}", state(gone)))?,
        }
    }
    Ok(())
}

fn tell_json(entry: &LogEntry<'_>, kept: &Kept, output: &mut Output) -> io::Result<()> {
    let payloads = kept.iter().map(|(reference, payload)| {
        let text = match payload {
            Payload::Kept(text) => Some(text),
            _ => None,
        };
        let told = json!({"form": reference.form.as_str(), "state": state(payload), "text": text});
        (reference.kind.as_str().to_owned(), told)
    });
    let payloads = Value::Object(payloads.collect::<Map<_, _>>());
    // Numbers and the order of members stay as they stand in the log.
    let entry = entry.line();
    output.json_line(&format!("{{\"entry\":{entry},\"payloads\":{payloads}}}"))
}

/// What has become of a payload.
fn state(payload: &Payload) -> &'static str {
    match payload {
        Payload::Kept(_) => "kept",
        Payload::Erased => "erased",
        Payload::Missing => "missing",
        Payload::Damaged => "damaged",
        _ => "not known",
    }
}
