//! The layering, as a test: a module imports only from below, so there are no cycles to hope away.
//!
//! Reads every file under `src/`, collects the modules that its paths lead to (`use` lines and paths written in
//! place alike) and holds them against one table. Tests inside a module may look wherever they like.

mod tokens;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use self::tokens::tokens;

/// Every top-level module and its layer. A new module is placed here before it can be used.
const LAYERS: &[(&str, u8)] = &[
    ("call", 0),
    ("clock", 0),
    ("constraint", 0),
    ("decision", 0),
    ("digest", 0),
    ("error", 0),
    ("finding", 0),
    ("ids", 0),
    ("json", 0),
    ("quarantine", 0),
    ("reading", 0),
    ("record", 0),
    ("sieve", 0),
    ("text", 0),
    ("thread_id", 0),
    ("tool", 0),
    ("anomaly", 1),
    ("indicator", 1),
    ("journal", 1),
    ("limit", 1),
    ("policy", 1),
    ("audit", 2),
    ("privacy", 2),
    ("guard", 3),
    ("permit", 3),
    ("refusal", 3),
    ("session", 3),
    ("glue", 4),
];

/// Layers whose modules stand alone: only what composes them may know two at a time.
const NO_SIDEWAYS: [u8; 2] = [1, 2];

/// The command line is a user of the public API like any other.
const OUTSIDE: &str = "bin";

const LIB_LINES: usize = 200;

#[test]
fn modules_import_only_from_below() {
    let mut faults = Vec::new();
    for (file, module) in source_files() {
        let source = fs::read_to_string(source_root().join(&file)).unwrap();
        for fault in faults_in(&module, &source) {
            faults.push(format!("src/{}: {fault}", file.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_module_is_placed_and_every_place_is_taken() {
    let found: BTreeSet<String> = source_files()
        .into_iter()
        .filter_map(|(_, module)| module.into_iter().next())
        .collect();
    let placed: BTreeSet<String> = LAYERS.iter().map(|&(name, _)| name.to_owned()).collect();
    assert_eq!(placed.len(), LAYERS.len(), "a module is placed twice");
    assert_eq!(
        found, placed,
        "left: modules under src/; right: modules in the table"
    );
}

#[test]
fn the_export_list_stays_short() {
    let lines = fs::read_to_string(source_root().join("lib.rs"))
        .unwrap()
        .lines()
        .count();
    assert!(lines < LIB_LINES, "lib.rs has {lines} lines");
}

#[test]
fn an_upward_edge_is_caught() {
    for source in [
        "use crate::guard::Guard;",
        "pub(crate) use crate::guard::{Guard, Builder};",
        "use crate::{clock::Clock, guard::Guard};",
        "fn f(guard: &crate::guard::Guard) {}",
        "use super::guard::Guard;",
        "mod inner { use super::super::guard::Guard; }",
        "use super::{super::policy::Program, guard::Guard};",
        "fn f() { let quote = '\"'; crate::guard::f(quote) }",
        "fn f<'a>(x: &'a str) { crate::guard::f(x) }",
        r###"const S: &str = r#"""#; use crate::guard::S;"###,
        "#[cfg(test)] use std::fmt; use crate::guard::Guard;",
        "#[cfg(not(test))] use crate::guard::Guard;",
        "macro_rules! m { () => { crate::guard::Guard } }",
    ] {
        let faults = faults_in(&["policy".to_owned()], source);
        assert_eq!(
            faults,
            ["`policy` in layer 1 uses `guard` in layer 3"],
            "{source}"
        );
    }
}

#[test]
fn a_sideways_edge_is_caught_between_deciders_only() {
    let faults = faults_in(
        &["policy".to_owned(), "evaluate".to_owned()],
        "use crate::limit::Rate;",
    );
    assert_eq!(faults, ["`policy` in layer 1 uses `limit` beside it"]);
    assert!(faults_in(&["call".to_owned()], "use crate::json::Value;").is_empty());
    assert!(faults_in(&["guard".to_owned()], "use crate::session::Session;").is_empty());
}

#[test]
fn a_path_through_the_root_is_caught() {
    for (source, name) in [
        ("use crate::Guard;", "Guard"),
        ("use crate::{Guard};", "Guard"),
        ("use portcullis::Guard;", "Guard"),
        ("use crate::*;", "*"),
        ("use super::*;", "*"),
        ("use crate as root;", "*"),
    ] {
        let faults = faults_in(&["glue".to_owned()], source);
        assert_eq!(
            faults,
            [format!(
                "`glue` names `{name}`, which is not a module in the table"
            )],
            "{source}"
        );
    }
}

#[test]
fn what_is_not_an_edge_is_left_alone() {
    for source in [
        "use crate::policy::Program; use crate::{ids::AgentId, clock::Clock};",
        "// use crate::guard::Guard;",
        "/* use /* crate::guard:: */ crate::guard::Guard; */",
        "/// [`Guard`](crate::guard::Guard)",
        "const S: &str = \"crate::guard::Guard \\\" crate::guard::Guard\";",
        "#[cfg(test)] mod tests { use crate::guard::Guard; fn f() { {} } }",
        "#[cfg(test)] #[allow(unused, reason = \"why\")] mod tests { use super::*; }",
        "#[cfg(all(test, feature = \"net\"))] use crate::{guard::Guard, session::Session};",
        "pub(crate) fn f() {}",
        "mod inner { use super::Program; use super::super::policy::Program as P; }",
        "macro_rules! m { () => { $crate::guard::Guard; super::guard::Guard } }",
        "use std::crate_like::guard; use other::portcullis::guard;",
    ] {
        let faults = faults_in(&["policy".to_owned()], source);
        assert!(faults.is_empty(), "{source}: {faults:?}");
    }
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every library file, relative to `src/`, with the path of the module it holds. `lib.rs` is the export list and
/// names all it likes; files of tests do too.
fn source_files() -> Vec<(PathBuf, Vec<String>)> {
    let mut files = Vec::new();
    collect(&source_root(), &mut files).unwrap();
    assert!(!files.is_empty(), "no sources found");
    let mut modules = Vec::new();
    for file in files {
        let relative = file.strip_prefix(source_root()).unwrap().to_owned();
        let mut module: Vec<String> = relative
            .with_extension("")
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if module.last().is_some_and(|name| name == "mod") {
            module.pop();
        }
        let exempt =
            module == ["lib"] || module[0] == OUTSIDE || module.iter().any(|name| name == "tests");
        if !exempt {
            modules.push((relative, module));
        }
    }
    modules.sort();
    modules
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// What is wrong with the edges that leave `module`, each named once.
fn faults_in(module: &[String], source: &str) -> Vec<String> {
    let from = module[0].as_str();
    let from_layer = layer(from);
    let mut faults = Vec::new();
    for to in modules_used(module.len(), source) {
        let fault = match (from_layer, layer(&to)) {
            _ if to == from => continue,
            (None, _) => format!("`{from}` is not in the table"),
            (_, None) => format!("`{from}` names `{to}`, which is not a module in the table"),
            (Some(here), Some(there)) if there > here => {
                format!("`{from}` in layer {here} uses `{to}` in layer {there}")
            }
            (Some(here), Some(there)) if there == here && NO_SIDEWAYS.contains(&here) => {
                format!("`{from}` in layer {here} uses `{to}` beside it")
            }
            _ => continue,
        };
        faults.push(fault);
    }
    faults
}

fn layer(module: &str) -> Option<u8> {
    LAYERS
        .iter()
        .find(|&&(name, _)| name == module)
        .map(|&(_, layer)| layer)
}

/// What an open brace belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Brace {
    /// An inline module: `super` starts one level deeper.
    Module,
    /// A `macro_rules!`: `super` is whatever it is where the macro is called.
    Macro,
    Other,
}

/// First segments of all paths that go through the crate root, from a module `depth` levels below it.
fn modules_used(depth: usize, source: &str) -> BTreeSet<String> {
    let tokens = tokens(source);
    let mut used = BTreeSet::new();
    let mut braces = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_attribute(&tokens, at) {
            at = end_of_item(&tokens, at);
            continue;
        }
        let word = |offset: usize| tokens.get(at + offset).map_or("", String::as_str);
        let before = |offset: usize| at.checked_sub(offset).map_or("", |at| tokens[at].as_str());
        let level = depth
            + braces
                .iter()
                .filter(|&&brace| brace == Brace::Module)
                .count();
        let in_macro = braces.contains(&Brace::Macro);
        let continues =
            before(1) == "::" && before(2).starts_with(|c: char| c.is_alphanumeric() || c == '_');
        match word(0) {
            "{" if before(2) == "mod" => braces.push(Brace::Module),
            "{" if before(3) == "macro_rules" => braces.push(Brace::Macro),
            "{" => braces.push(Brace::Other),
            "}" => drop(braces.pop()),
            "crate" if before(1) == "use" && word(1) != "::" => used.extend(["*".to_owned()]),
            "crate" if before(1) != "$" && word(1) == "::" => heads(&tokens, at + 2, 0, &mut used),
            "portcullis" if !continues && word(1) == "::" => heads(&tokens, at + 2, 0, &mut used),
            "super" | "self" if !in_macro && before(1) != "::" && word(1) == "::" => {
                heads(&tokens, at, level, &mut used)
            }
            _ => {}
        }
        at += 1;
    }
    used
}

/// Follows one path or tree of paths from `at`, `level` modules below the root, and notes what it names at the root.
fn heads(tokens: &[String], mut at: usize, mut level: usize, used: &mut BTreeSet<String>) {
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("super") => level = level.saturating_sub(1),
            Some("self") if tokens.get(at + 1).is_some_and(|next| next == "::") => {}
            Some("{") => {
                return each_branch(tokens, at + 1, |branch| heads(tokens, branch, level, used));
            }
            Some("self") if level == 0 => return used.extend(["*".to_owned()]),
            Some(name) if level == 0 => return used.extend([name.to_owned()]),
            _ => return,
        }
        at += 2;
    }
}

/// Calls `visit` with where each comma-separated branch of a group starts.
fn each_branch(tokens: &[String], mut at: usize, mut visit: impl FnMut(usize)) {
    let mut nesting = 0_usize;
    let mut start = true;
    while let Some(token) = tokens.get(at) {
        if nesting == 0 && token == "}" {
            return;
        }
        if start {
            visit(at);
        }
        start = nesting == 0 && token == ",";
        nesting = nesting + usize::from(token == "{") - usize::from(token == "}");
        at += 1;
    }
}

/// `#[cfg(…)]` with `test` and without `not`.
fn is_test_attribute(tokens: &[String], at: usize) -> bool {
    let opens = tokens[at..]
        .iter()
        .map(String::as_str)
        .take(4)
        .eq(["#", "[", "cfg", "("]);
    let mut inside = tokens[at..].iter().take_while(|token| *token != "]");
    opens && inside.clone().any(|token| token == "test") && !inside.any(|token| token == "not")
}

/// Just behind the item that the attribute at `at` stands before: its first `;`, or the end of its first block.
fn end_of_item(tokens: &[String], mut at: usize) -> usize {
    let mut nesting = 0_usize;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.as_str() {
            "(" | "[" | "{" => nesting += 1,
            // The attribute stood before a field or a variant, and what holds it ends here.
            ")" | "]" | "}" if nesting == 0 => return at - 1,
            "}" if nesting == 1 => return at,
            ")" | "]" | "}" => nesting -= 1,
            ";" if nesting == 0 => return at,
            _ => {}
        }
    }
    at
}
