//! Policies out of text and files: what loads, and what it then means.

use std::fs;
use std::path::PathBuf;

use portcullis::{AgentPolicy, Code, Guard, LoadErrorKind, RingRecorder};

use crate::support::{Gate, agent, allowed, call, policy};

/// The document as it stands in the description of the format.
const TRADER: &str = r#"{"agent_id":"spiffe://ailog.dev/agent/trading-analyzer","permissions":[{"tool_name":"query_market_data","allowed_params":{"exchange":["NYSE","NASDAQ","LSE"]},"max_calls_per_minute":120},{"tool_name":"run_backtest","max_calls_per_minute":10,"audit_level":"detailed"},{"tool_name":"execute_trade","max_calls_per_minute":5,"requires_human_approval":true,"audit_level":"full"}]}"#;

#[test]
fn the_trading_analyzer_loads_and_holds() {
    let gate = Gate::with([policy(TRADER)]);
    let session = gate
        .guard
        .vouched_session(agent("spiffe://ailog.dev/agent/trading-analyzer"))
        .unwrap();
    assert_eq!(
        allowed(
            &session,
            "query_market_data",
            r#"{"exchange": "NYSE"}"#,
            200
        ),
        120
    );
    assert_eq!(
        allowed(&session, "run_backtest", r#"{"any": ["thing"]}"#, 20),
        10
    );
    for (tool, args, code) in [
        (
            "query_market_data",
            r#"{"exchange": "TSE"}"#,
            Code::Constraint,
        ),
        (
            "query_market_data",
            r#"{"exchange": "nyse"}"#,
            Code::Constraint,
        ),
        (
            "query_market_data",
            r#"{"exchange": ["NYSE"]}"#,
            Code::Constraint,
        ),
        ("query_market_data", "{}", Code::MissingParameter),
        (
            "query_market_data",
            r#"{"exchange": "NYSE", "symbol": "QZA"}"#,
            Code::UnexpectedParameter,
        ),
        ("execute_trade", r#"{"amount": 1}"#, Code::ApprovalRequired),
        ("transfer", "{}", Code::UnknownTool),
    ] {
        assert_eq!(call(&session, tool, args), code, "{tool} {args}");
    }
    let again: AgentPolicy = serde_json::from_str(TRADER).unwrap();
    assert_eq!(again, policy(TRADER));
    assert_eq!(
        policy(&serde_json::to_string(&again).unwrap()).digest(),
        again.digest()
    );
}

/// A directory that goes when the test does.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("portcullis-loading-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_are_read_by_their_extension() {
    let directory = Directory::new();
    assert_eq!(
        AgentPolicy::from_file(directory.file("good.json", TRADER.as_bytes())).unwrap(),
        policy(TRADER)
    );
    fs::create_dir_all(directory.0.join("folder.json")).unwrap();
    for (path, expected) in [
        (directory.0.join("missing.json"), ""),
        (directory.0.join("folder.json"), ""),
        (
            directory.0.join(".json"),
            ": a policy file ends in `.json` or `.toml`",
        ),
        (
            directory.file("policy.yaml", b"{}"),
            ": a policy file ends in `.json` or `.toml`",
        ),
        (
            directory.file("policy.JSON", TRADER.as_bytes()),
            ": a policy file ends in `.json` or `.toml`",
        ),
        (
            directory.file("latin.json", b"{\"agent_id\": \"\xe9\"}"),
            ": stream did not contain valid UTF-8",
        ),
    ] {
        let error = AgentPolicy::from_file(&path).unwrap_err();
        assert_eq!(error.kind(), LoadErrorKind::Io, "{path:?}");
        assert!(
            error.to_string().starts_with(&path.display().to_string())
                && error.to_string().ends_with(expected),
            "{error}"
        );
    }
    let path = directory.file("bad.json", b"{\n\"permisions\": []}");
    let error = AgentPolicy::from_file(&path).unwrap_err();
    assert_eq!(
        (error.kind(), error.line(), error.column()),
        (LoadErrorKind::Policy, Some(2), Some(1))
    );
    assert_eq!(error.file(), Some(path.display().to_string().as_str()));
    assert!(
        error
            .to_string()
            .starts_with(&format!("{}:2:1: unknown field", path.display())),
        "{error}"
    );
    let broken = Guard::builder()
        .policy_file(&path)
        .recorder(RingRecorder::new(1))
        .build();
    assert_eq!(broken.unwrap_err().to_string(), error.to_string());
}

#[cfg(feature = "toml")]
#[test]
fn toml_is_told_alike() {
    let head = "agent_id = \"spiffe://example.org/a\"\n";
    let tool = "[[permissions]]\ntool_name = \"t\"\n";
    for (text, expected) in [
        (
            format!("{head}permisions = []\n"),
            "line 2 column 1: unknown field `permisions` in a policy\n  |\n2 | permisions = []\n  | ^^^^^^^^^^\n  = did you mean `permissions`?",
        ),
        (
            format!("{head}{head}permissions = []\n"),
            "line 2 column 1: duplicate key\n  |\n2 | agent_id = \"spiffe://example.org/a\"\n  | ^^^^^^^^",
        ),
        (
            format!("{head}{tool}[permissions.allowed_params]\nx = [1]\nx = [2]\n"),
            "line 6 column 1: duplicate key\n  |\n6 | x = [2]\n  | ^",
        ),
        (
            format!("{head}{tool}[permissions.allowed_params]\nx = {{ patern = \"a\" }}\n"),
            "line 5 column 7: unknown field `patern` in a constraint\n  |\n5 | x = { patern = \"a\" }\n  |       ^^^^^^\n  = did you mean `pattern`?",
        ),
        (
            format!("{head}{tool}[permissions.allowed_params]\nx = []\n"),
            "line 5 column 5: an empty list admits nothing\n  |\n5 | x = []\n  |     ^^",
        ),
        (
            format!("{head}{tool}max_calls_per_minute = 0\n"),
            "line 4 column 24: the limit must be from 1 to 4294967295\n  |\n4 | max_calls_per_minute = 0\n  |                        ^\n  = leave the permission out to allow no calls",
        ),
        (
            format!("{head}{tool}{tool}"),
            "line 5 column 13: the tool name `t` stands twice in this policy\n  |\n5 | tool_name = \"t\"\n  |             ^^^\n  = put everything about a tool into one permission",
        ),
        (
            format!("{head}{tool}examples = {{ deny = [{{ d = 1 }}] }}\n"),
            "line 4 column 22: this example of `t` should be decided `deny`, but is `allow`\n  |\n4 | examples = { deny = [{ d = 1 }] }\n  |                      ^^^^^^^^^\n  = the reason is: allowed, by permission 1 `t` of agent `spiffe://example.org/a` (line 3 column 13)",
        ),
    ] {
        let error = AgentPolicy::from_toml(&text).expect_err(&text);
        assert_eq!(error.to_string(), expected);
    }
    for text in [
        "permissions = []",
        "agent_id = spiffe",
        "version = 2",
        "[permissions]",
        "\u{0}",
        "x = 2024-01-01",
        "x = inf",
    ] {
        assert!(AgentPolicy::from_toml(text).is_err(), "{text}");
    }
}
