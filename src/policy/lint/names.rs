//! Tools whose names say that they change something, and whose permissions say that they only read.

use super::entries::Entry;
use super::notes::Notes;
use crate::decision::Effect;
use crate::finding::{Lint, Says};

/// Words for looking. Who looks first changes nothing: `get_settings`, `list_updates`.
const READS: [&str; 35] = [
    "browse",
    "calculate",
    "check",
    "compare",
    "count",
    "describe",
    "diff",
    "download",
    "exists",
    "explain",
    "fetch",
    "find",
    "get",
    "has",
    "inspect",
    "is",
    "list",
    "load",
    "lookup",
    "peek",
    "ping",
    "preview",
    "query",
    "read",
    "retrieve",
    "scan",
    "search",
    "select",
    "show",
    "stat",
    "summarize",
    "tail",
    "validate",
    "view",
    "watch",
];

/// Words for changing something, whatever stands after them.
const WRITES: [&str; 61] = [
    "add",
    "append",
    "apply",
    "approve",
    "archive",
    "assign",
    "cancel",
    "clear",
    "close",
    "commit",
    "create",
    "delete",
    "deploy",
    "destroy",
    "disable",
    "drop",
    "edit",
    "enable",
    "erase",
    "exec",
    "execute",
    "forward",
    "grant",
    "insert",
    "install",
    "invite",
    "invoke",
    "kill",
    "merge",
    "modify",
    "move",
    "overwrite",
    "patch",
    "pay",
    "publish",
    "purge",
    "push",
    "put",
    "refund",
    "reject",
    "remove",
    "rename",
    "replace",
    "reply",
    "reset",
    "restart",
    "revoke",
    "rm",
    "save",
    "send",
    "set",
    "shutdown",
    "start",
    "stop",
    "submit",
    "terminate",
    "truncate",
    "uninstall",
    "update",
    "upload",
    "write",
];

/// Words that are as often the name of a thing: `run_backtest`, but also `run_history`.
const WRITES_OR_THINGS: [&str; 7] = ["book", "buy", "post", "purchase", "run", "sell", "transfer"];

/// What is read of a thing.
const FACTS: [&str; 14] = [
    "count",
    "detail",
    "details",
    "history",
    "info",
    "list",
    "log",
    "logs",
    "report",
    "result",
    "results",
    "status",
    "statistics",
    "summary",
];

pub(super) fn look_at(entry: &Entry<'_>, notes: &mut Notes<'_>) {
    let name = entry.permission.tool_name().as_str();
    if entry.permission.effect != Effect::Read {
        return;
    }
    if name.bytes().all(|byte| byte == b'*') {
        notes.add(
            Lint::ReadForAnyTool,
            entry.spot.name("effect"),
            Says {
                message: format!("`{name}` says of every tool that it only reads"),
                why: "a tool that changes something is then recorded like one that looks: what it did may be lost in a crash"
                    .to_owned(),
                instead: "leave `effect` out here, and write `effect = \"read\"` for the tools that only look".to_owned(),
            },
        );
        return;
    }
    let Some(word) = changing_word(name) else {
        return;
    };
    notes.add(
        Lint::ReadNamedLikeWrite,
        entry.spot.name("effect"),
        Says {
            message: format!("`{name}` is said to only read, but is named for what it changes: `{word}`"),
            why: "calls that read are recorded less durably than calls that change something, and the host may treat them \
                  as harmless"
                .to_owned(),
            instead: "leave `effect` out, or write `effect = \"write\"`; keep `read` only if the tool changes nothing"
                .to_owned(),
        },
    );
}

/// The word that says that a tool changes something: the first verb of its name, if it is one of those.
fn changing_word(name: &str) -> Option<String> {
    let words = words(name);
    let is_fact = words
        .last()
        .is_some_and(|last| FACTS.contains(&last.as_str()));
    let verb = words.into_iter().find(|word| {
        let word = word.as_str();
        READS.contains(&word)
            || WRITES.contains(&word)
            || WRITES_OR_THINGS.contains(&word) && !is_fact
    })?;
    (!READS.contains(&verb.as_str())).then_some(verb)
}

/// The words of `files/readText`, `files.read_text` and `HTTPGet`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (index, &letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = index.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(index + 1);
        let begins = letter.is_ascii_uppercase()
            && (before.is_some_and(char::is_ascii_lowercase)
                || before.is_some_and(char::is_ascii_uppercase)
                    && after.is_some_and(char::is_ascii_lowercase));
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        for (name, expected) in [
            ("files/readText", vec!["files", "read", "text"]),
            ("HTTPGet.v2", vec!["http", "get", "v2"]),
            ("a--b", vec!["a", "b"]),
            ("*", vec![]),
        ] {
            assert_eq!(words(name), expected, "{name}");
        }
    }

    #[test]
    fn the_first_verb_counts() {
        for (name, expected) in [
            ("delete_file", Some("delete")),
            ("files/delete", Some("delete")),
            ("fs.writeFile", Some("write")),
            ("update_status_read", Some("update")),
            ("set_status", Some("set")),
            ("run_backtest", Some("run")),
            ("*_delete", Some("delete")),
            ("db:dropTable", Some("drop")),
            ("get_settings", None),
            ("list_updates", None),
            ("read_and_delete", None),
            ("run_history", None),
            ("transfer_status", None),
            ("sender", None),
            ("settings", None),
            ("payments/list", None),
            ("weather", None),
            ("files/*", None),
        ] {
            assert_eq!(changing_word(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn no_word_is_in_two_lists() {
        let all: Vec<&str> = [&READS[..], &WRITES, &WRITES_OR_THINGS].concat();
        let unique: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), unique.len());
    }
}
