//! `portcullis audit`: an audit log, offline.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use portcullis::Plain;
use portcullis::audit::{
    Checkpoint, EntryEvidence, EntryFilter, LogError, VerifyOptions, prove, read,
};

use crate::input::Input;
use crate::output::Output;
use crate::{Exit, Failure};

/// Verifies, shows and proves what stands in an audit log
#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Verify(Verify),
    Show(Show),
    Prove(Prove),
}

/// Holds a log against its checkpoints, and against those kept elsewhere. Exit code 2 if it was tampered with
#[derive(Debug, Args)]
struct Verify {
    /// The log's directory
    directory: PathBuf,
    /// A checkpoint that was kept elsewhere; may be repeated
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// A key that must have signed the checkpoints in the log, as a C2SP vkey; may be repeated
    #[arg(long = "key", value_name = "VKEY")]
    keys: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints entries, all of them or those that the options name
#[derive(Debug, Args)]
struct Show {
    /// The log's directory
    directory: PathBuf,
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
    /// From this time on, in seconds since the Unix epoch
    #[arg(long, value_name = "SECONDS")]
    since: Option<u64>,
    /// Before this time, in seconds since the Unix epoch
    #[arg(long, value_name = "SECONDS")]
    until: Option<u64>,
    /// Print the entries as they stand in the log, but in ASCII: JSON Lines
    #[arg(long)]
    json: bool,
}

/// Prints the proof that an entry is in the log: a C2SP tlog-proof if the log signs its checkpoints
#[derive(Debug, Args)]
struct Prove {
    /// The log's directory
    directory: PathBuf,
    /// The entry's number
    index: u64,
}

impl Audit {
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        match self.verb {
            Verb::Verify(verify) => verify.run(output),
            Verb::Show(show) => show.run(output),
            Verb::Prove(prove) => prove.run(output),
        }
    }
}

impl Verify {
    fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let mut options = VerifyOptions::new();
        for path in &self.checkpoints {
            options = options.kept(kept(path)?);
        }
        let options = with_keys(options, &self.keys)?;
        let verified = match options.verify(&self.directory) {
            Ok(verified) => verified,
            Err(error) if is_finding(&error) => {
                let told = if self.json {
                    output
                        .json(&serde_json::json!({"verified": false, "problem": error.to_string()}))
                } else {
                    output.line(format_args!("NOT VERIFIED: {error}"))
                };
                told.map_err(Failure::Output)?;
                return Ok(Exit::Denied);
            }
            Err(error) => return Err(error.into()),
        };
        let (size, root) = (verified.head.size, verified.head.root);
        let told = if self.json {
            output.json(&serde_json::json!({
                "verified": true, "entries": size, "root": root.to_string(),
                "checkpoints": verified.checkpoints, "covered": verified.covered,
                "signed": verified.signed, "kept": verified.kept, "torn": verified.torn,
            }))
        } else {
            output.line(format_args!(
                "verified: {size} entries, {} checkpoints over {} of them, {} signed by a given key, {} kept elsewhere\nroot {root}",
                verified.checkpoints, verified.covered, verified.signed, verified.kept
            ))
        };
        told.map_err(Failure::Output)?;
        if verified.torn > 0 && !self.json {
            output
                .line(format_args!(
                    "{} bytes at the end are no entry (yet)",
                    verified.torn
                ))
                .map_err(Failure::Output)?;
        }
        Ok(Exit::Fine)
    }
}

/// Whether the log is at fault, rather than the reading of it.
fn is_finding(error: &LogError) -> bool {
    !matches!(
        error,
        LogError::Storage(_) | LogError::InUse { .. } | LogError::NoLog
    )
}

fn kept(path: &std::path::Path) -> Result<Checkpoint, Failure> {
    let input = Input::open(path)?;
    let text = input.read_all()?;
    let checkpoint = Checkpoint::parse_kept(&text);
    checkpoint.map_err(|error| {
        let path = path.display().to_string();
        Failure::Usage(format!("{:#}: {error}", portcullis::Plain(&path)))
    })
}

#[cfg(feature = "sign")]
fn with_keys(mut options: VerifyOptions, keys: &[String]) -> Result<VerifyOptions, Failure> {
    for key in keys {
        let key = key
            .parse()
            .map_err(|error| Failure::Usage(format!("`--key`: {error}")))?;
        options = options.key(key);
    }
    Ok(options)
}

#[cfg(not(feature = "sign"))]
fn with_keys(options: VerifyOptions, keys: &[String]) -> Result<VerifyOptions, Failure> {
    if keys.is_empty() {
        return Ok(options);
    }
    let message = "`--key` needs the crate feature `sign`, which is not compiled in";
    Err(Failure::Usage(message.to_owned()))
}

impl Show {
    fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let filter = self.filter();
        read(&self.directory, |entry| {
            if output.is_closed() || !filter.matches(entry) {
                return Ok(());
            }
            let told = if self.json {
                output.json_line(entry.line())
            } else {
                output.line(entry)
            };
            told.map_err(Failure::Output)
        })?;
        Ok(Exit::Fine)
    }

    fn filter(&self) -> EntryFilter {
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
        let mut filter = EntryFilter::new();
        for (value, with) in texts {
            if let Some(value) = value {
                filter = with(filter, value);
            }
        }
        if let Some(since) = self.since {
            filter = filter.since(Duration::from_secs(since));
        }
        match self.until {
            Some(until) => filter.until(Duration::from_secs(until)),
            None => filter,
        }
    }
}

impl Prove {
    fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let proven = prove(&self.directory, self.index)?;
        let text = match proven.signed {
            Some(signed) => EntryEvidence::new(proven.proof, signed).to_string(),
            None => format!("{}\n{}", proven.proof, proven.checkpoint),
        };
        // It must be printed byte for byte or not at all, and whoever wrote the log may aim at the terminal.
        if text
            .lines()
            .any(|line| format!("{:#}", Plain(line)) != line)
        {
            let message = "the checkpoint holds characters that play tricks on a terminal";
            return Err(Failure::Usage(message.to_owned()));
        }
        output.text(&text).map_err(Failure::Output)?;
        Ok(Exit::Fine)
    }
}
