//! Who a log says is shut out.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use super::{LogEntry, LogError, read};
use crate::ids::AgentId;
use crate::quarantine::{Quarantine, Quarantined};

/// Shuts out of this list whoever a log says is shut out, so that no agent is free again because the process was started again. Gives
/// the number of agents.
///
/// It is for a program that begins, before its guards do. The log is that of all guards with this list, and the list is the one of all
/// guards with that log. That an agent was shut out for its calls or by a person, and that a person has let it back in, is in there
/// durably from when it happened; for what agents said to each other, from when a guard of the monitor next writes something, as
/// [`Guard::tick`](crate::Guard::tick) does. What
/// [could not be recorded](crate::anomaly::MonitorCounts::unrecorded) is not in there. What else responses held back comes back
/// with the monitor's [snapshot](crate::anomaly::Monitor::snapshot), if at all.
///
/// ```
/// use portcullis::audit::{self, AuditLog, Origin};
/// # use portcullis::{AgentId, Guard, Quarantine, UserId};
/// # use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("portcullis-doc-shut-out-{}", std::process::id()));
/// # let agent = AgentId::parse("spiffe://example.org/a")?;
/// # {
/// #     let log = AuditLog::options(Origin::parse("example.org/agents")?).open(&folder)?;
/// #     let guard = Guard::builder().recorder(log).build()?;
/// #     guard.shut_out(&agent, &UserId::parse("ann@example.org")?)?;
/// # }
/// let log = Arc::new(AuditLog::options(Origin::parse("example.org/agents")?).open(&folder)?);
/// let quarantine = Quarantine::new();
/// audit::restore_quarantine(&folder, &quarantine)?;
/// let guard = Guard::builder().quarantine(&quarantine).recorder(Arc::clone(&log)).build()?;
/// # assert!(quarantine.holds(&agent));
/// # drop((guard, log));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`LogError`] if the log cannot be read, or is damaged, or an entry says less than it should; then nobody is shut out by this. It is
/// not verified: whoever can write to its files can take an agent off the list, which shows when the log is
/// [verified](super::VerifyOptions).
pub fn restore_quarantine(
    log: impl AsRef<Path>,
    quarantine: &Quarantine,
) -> Result<usize, LogError> {
    let mut shut_out = ShutOut::default();
    read(log, |entry| shut_out.see(entry))?;
    shut_out.restore(quarantine)
}

/// Who is shut out as far as a log was read.
///
/// Threads that shut an agent out and let it in may come on record in any order, so numbers decide: a release ends the quarantine
/// that it names, and those with lower numbers. A program that begins may count anew, so that holds until the next one begins.
#[derive(Debug, Default)]
struct ShutOut {
    held: HashMap<AgentId, (SystemTime, u64)>,
    /// The highest number that was released since the log was opened.
    released: HashMap<AgentId, u64>,
    last: u64,
}

impl ShutOut {
    fn see(&mut self, entry: &LogEntry<'_>) -> Result<(), LogError> {
        match entry.kind() {
            "log_opened" => self.released.clear(),
            "responded" if entry.text("response") == Some("quarantine") => {
                let (agent, number) = quarantine_of(entry)?;
                let since = SystemTime::UNIX_EPOCH.checked_add(entry.at());
                self.laid(agent, number, since.ok_or_else(|| wrong(entry))?);
            }
            // Others let go who was not shut out.
            "released" if has_number(entry) => {
                let (agent, number) = quarantine_of(entry)?;
                self.released(agent, number);
            }
            _ => {}
        }
        Ok(())
    }

    fn laid(&mut self, agent: AgentId, number: u64, since: SystemTime) {
        self.last = self.last.max(number);
        if self.released.get(&agent).is_none_or(|over| *over < number) {
            let held = self.held.entry(agent).or_insert((since, number));
            held.1 = held.1.max(number);
        }
    }

    fn released(&mut self, agent: AgentId, number: u64) {
        self.last = self.last.max(number);
        if self
            .held
            .get(&agent)
            .is_some_and(|(_, held)| *held <= number)
        {
            self.held.remove(&agent);
        }
        let over = self.released.entry(agent).or_insert(number);
        *over = number.max(*over);
    }

    fn restore(self, quarantine: &Quarantine) -> Result<usize, LogError> {
        let agents = self.held.len();
        quarantine.continue_after(self.last);
        let held = self.held.into_iter();
        let former = held.map(|(agent, (since, number))| Quarantined::new(agent, since, number));
        quarantine.restore(former)?;
        Ok(agents)
    }
}

fn has_number(entry: &LogEntry<'_>) -> bool {
    entry.members().get("quarantine").is_some()
}

/// Whom an entry is about, and which quarantine.
fn quarantine_of(entry: &LogEntry<'_>) -> Result<(AgentId, u64), LogError> {
    let agent = entry.text("agent").and_then(|it| AgentId::parse(it).ok());
    let number = entry.number("quarantine");
    agent
        .zip(number.filter(|number| *number <= Quarantine::HIGHEST))
        .ok_or_else(|| wrong(entry))
}

fn wrong(entry: &LogEntry<'_>) -> LogError {
    let index = entry.index();
    LogError::NotAnEntry { index }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LAID: &str = r#""type":"responded","response":"quarantine","at_ns":5,"wall_ns":9"#;
    const RELEASED: &str = r#""type":"released","by":"ann""#;

    /// An entry about an agent, with this number.
    fn line(kind: &str, agent: u32, number: u64) -> String {
        format!(r#"{kind},"agent":"spiffe://example.org/{agent}","quarantine":{number}"#)
    }

    fn read_lines(lines: &[String]) -> Result<Quarantine, LogError> {
        let mut shut_out = ShutOut::default();
        for (index, members) in (0..).zip(lines) {
            let line = format!(r#"{{"seq":{index},{members}}}"#);
            shut_out.see(&LogEntry::parse(index, line.as_bytes())?)?;
        }
        let quarantine = Quarantine::new();
        shut_out.restore(&quarantine)?;
        Ok(quarantine)
    }

    fn held(lines: &[String]) -> Vec<(String, u64)> {
        let agents = read_lines(lines).unwrap().agents();
        let held = agents.into_iter();
        held.map(|it| (it.agent.as_str().to_owned(), it.number))
            .collect()
    }

    #[test]
    fn whoever_was_not_let_in_is_shut_out() {
        let (laid, released) = (
            |number| line(LAID, 1, number),
            |number| line(RELEASED, 1, number),
        );
        let opened = r#""type":"log_opened""#.to_owned();
        let one = |number| vec![("spiffe://example.org/1".to_owned(), number)];
        for (lines, expected) in [
            (vec![laid(1)], one(1)),
            (vec![laid(1), released(1)], vec![]),
            // Laid again, while a person decided on the first.
            (vec![laid(1), laid(2), released(1)], one(2)),
            (vec![laid(1), released(1), laid(2)], one(2)),
            (vec![laid(1), laid(2), released(2)], vec![]),
            // On record in the other order.
            (vec![released(1), laid(1)], vec![]),
            (vec![laid(2), released(1), laid(1)], one(2)),
            (vec![laid(1), released(2), laid(2)], vec![]),
            (vec![released(2), laid(3), laid(2)], one(3)),
            (vec![released(2), laid(2), laid(1)], vec![]),
            // A program that forgot who was shut out counts anew.
            (vec![laid(7), released(7), opened.clone(), laid(1)], one(1)),
            (vec![laid(7), opened, laid(1), released(1)], one(7)),
            (vec![laid(1), line(RELEASED, 2, 1)], one(1)),
            (
                vec![
                    laid(1),
                    r#""type":"released","agent":"spiffe://example.org/1","by":"ann""#.to_owned(),
                ],
                one(1),
            ),
        ] {
            assert_eq!(held(&lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn since_when_is_told_by_the_event_and_numbers_go_on() {
        let quarantine = read_lines(&[line(LAID, 1, 4), line(LAID, 2, 9), line(RELEASED, 2, 9)]);
        let quarantine = quarantine.unwrap();
        let agents = quarantine.agents();
        let since = SystemTime::UNIX_EPOCH + std::time::Duration::from_nanos(5);
        assert_eq!((agents.len(), agents[0].since), (1, since));
        let other = AgentId::parse("spiffe://example.org/3").unwrap();
        let laid = quarantine.shut_out(&other, since, false).unwrap();
        assert_eq!(laid.unwrap().number, 10);
    }

    /// Rather than leave somebody out.
    #[test]
    fn an_entry_that_says_too_little_is_an_error() {
        for members in [
            LAID.to_owned(),
            format!(r#"{LAID},"agent":"spiffe://example.org/1""#),
            format!(r#"{LAID},"quarantine":1"#),
            format!(r#"{LAID},"agent":"nobody","quarantine":1"#),
            format!(r#"{LAID},"agent":"spiffe://example.org/1","quarantine":-1"#),
            format!(r#"{LAID},"agent":"spiffe://example.org/1","quarantine":"1""#),
            line(LAID, 1, u64::MAX),
            line(RELEASED, 1, Quarantine::HIGHEST + 1),
            format!(r#"{RELEASED},"quarantine":1"#),
            format!(r#"{RELEASED},"agent":"spiffe://example.org/1","quarantine":null"#),
        ] {
            let read = read_lines(&[line(LAID, 1, 1), members.clone()]);
            let is_wrong = matches!(read, Err(LogError::NotAnEntry { index: 1 }));
            assert!(is_wrong, "{members}");
        }
    }

    proptest! {
        /// In whatever order they came on record.
        #[test]
        fn a_log_tells_the_list(
            acts in prop::collection::vec((0..3_u32, any::<bool>(), any::<bool>()), 0..40),
            order in Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let (list, mut lines) = (Quarantine::new(), Vec::new());
            for (number, is_release, is_new) in acts {
                let agent = AgentId::parse(&format!("spiffe://example.org/{number}")).unwrap();
                if !is_release {
                    let laid = list.shut_out(&agent, SystemTime::UNIX_EPOCH, is_new).unwrap();
                    lines.extend(laid.map(|laid| line(LAID, number, laid.number)));
                } else if let Some(seen) = list.of(&agent) {
                    prop_assert!(list.let_in(&seen));
                    lines.push(line(RELEASED, number, seen.number));
                }
            }
            let lines: Vec<_> = order.iter().filter_map(|at| lines.get(*at).cloned()).collect();
            let expected: Vec<_> = list.agents().into_iter()
                .map(|it| (it.agent.as_str().to_owned(), it.number))
                .collect();
            prop_assert_eq!(held(&lines), expected);
        }
    }
}
