//! A progress line on standard error, for work that takes its time in front of a person.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Shows itself only on a terminal, and only once the work has taken a while.
#[derive(Debug)]
pub(crate) struct Progress {
    /// When it is drawn next; never where there is no terminal.
    due: Option<Instant>,
    drawn: bool,
}

const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(200);

impl Progress {
    pub(crate) fn new() -> Self {
        let shown = io::stderr().is_terminal();
        Self {
            due: shown.then(|| Instant::now() + PATIENCE),
            drawn: false,
        }
    }

    /// Draws the line anew if it is time to: how many bytes were read, of how many if that is known, and how many things
    /// of some kind there were in them.
    pub(crate) fn show(&mut self, (read, size): (u64, Option<u64>), count: u64, things: &str) {
        let now = Instant::now();
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        self.due = Some(now + PAUSE);
        self.drawn = true;
        // A progress line that cannot be drawn is no reason to stop.
        let _ = match size {
            Some(size) if size > 0 => {
                let percent = (read.saturating_mul(100) / size).min(100);
                write!(
                    io::stderr(),
                    "\r\u{1b}[K{} {percent:>3} %, {count} {things}",
                    bar(percent)
                )
            }
            _ => write!(
                io::stderr(),
                "\r\u{1b}[K{} MiB, {count} {things}",
                read >> 20
            ),
        };
    }

    /// Takes the line away, before something else is written.
    pub(crate) fn clear(&mut self) {
        if self.drawn {
            self.drawn = false;
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }

    /// Whether reading the clock is worth it.
    pub(crate) fn is_shown(&self) -> bool {
        self.due.is_some()
    }
}

fn bar(percent: u64) -> String {
    const WIDTH: u64 = 24;
    let full = (percent * WIDTH / 100) as usize;
    format!("[{:<width$}]", "#".repeat(full), width = WIDTH as usize)
}
