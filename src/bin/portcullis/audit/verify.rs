//! `portcullis audit verify`

use std::path::PathBuf;

use clap::Args;
use portcullis::audit::{LogError, PayloadCounts, Verification, VerifyOptions};
use serde_json::json;

use super::kept::{checkpoint, is_finding, with_keys};
use super::reading::Reading;
use crate::output::Output;
use crate::{Exit, Failure};

/// Holds a log against its checkpoints, and against those kept elsewhere. Exit code 2 if it was tampered with
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The log's directory
    directory: PathBuf,
    #[command(flatten)]
    against: AgainstArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was kept elsewhere.
#[derive(Debug, Args)]
pub(super) struct AgainstArgs {
    /// A checkpoint that was kept elsewhere; may be repeated
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// A key that must have signed the checkpoints in the log, as a C2SP vkey; may be repeated
    #[arg(long = "key", value_name = "VKEY")]
    keys: Vec<String>,
}

impl AgainstArgs {
    pub(super) fn options(&self) -> Result<VerifyOptions, Failure> {
        let mut options = VerifyOptions::new();
        for path in &self.checkpoints {
            options = options.kept(checkpoint(path)?);
        }
        with_keys(options, &self.keys)
    }
}

impl Verify {
    pub(super) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let options = self.against.options()?;
        let mut reading = Reading::new(&self.directory, 1);
        let verified = options.verify_with(&self.directory, |_, line| {
            reading.entry(line.len());
            Ok::<_, LogError>(())
        });
        reading.clear();
        match verified {
            Ok(verified) => {
                self.tell(&verified, output).map_err(Failure::Output)?;
                Ok(Exit::Fine)
            }
            Err(error) if is_finding(&error) => {
                let told = if self.json {
                    output.json(&json!({"verified": false, "problem": error.to_string()}))
                } else {
                    output.line(format_args!("NOT VERIFIED: {error}"))
                };
                told.map_err(Failure::Output)?;
                Ok(Exit::Denied)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn tell(&self, verified: &Verification, output: &mut Output) -> std::io::Result<()> {
        if self.json {
            return output.json(&told(verified));
        }
        output.text(&summary(verified))
    }
}

/// What was verified, for machines.
pub(super) fn told(verified: &Verification) -> serde_json::Value {
    json!({
        "verified": true, "entries": verified.head.size, "root": verified.head.root.to_string(),
        "checkpoints": verified.checkpoints, "covered": verified.covered,
        "signed": verified.signed, "kept": verified.kept, "vouched": verified.vouched, "torn": verified.torn,
        "payloads": {
            "kept": verified.payloads.kept, "erased": verified.payloads.erased,
            "expired": verified.payloads.expired, "lost": verified.payloads.lost,
        },
    })
}

/// What was verified, for people.
pub(super) fn summary(verified: &Verification) -> String {
    let (size, root) = (verified.head.size, verified.head.root);
    let mut text = format!(
        "verified: {size} entries, {} checkpoints over {} of them, {} signed by a given key, {} kept elsewhere\nroot {root}\n",
        verified.checkpoints, verified.covered, verified.signed, verified.kept
    );
    let payloads = verified.payloads;
    if payloads != PayloadCounts::default() {
        text.push_str(&format!(
            "payloads: {} are what was recorded; {} erased, {} expired and {} lost in a crash, all on record\n",
            payloads.kept, payloads.erased, payloads.expired, payloads.lost
        ));
    }
    if verified.torn > 0 {
        text.push_str(&format!(
            "{} bytes at the end are no entry (yet)\n",
            verified.torn
        ));
    }
    text
}
