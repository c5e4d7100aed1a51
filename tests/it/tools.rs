//! Policies held against the tools that a host has: an oversight is an error, at build and at swap.

use portcullis::{
    BuildError, Constraint, Guard, LoadError, LoadErrorKind, ParamType, RingRecorder, SwapError,
    ToolPermission, ToolSpec,
};
use serde_json::json;

use crate::support::{AGENT, agent, agent_policy, user_policy};

fn tools() -> Vec<ToolSpec> {
    let build = || {
        let query = ToolSpec::new("query_market_data")?
            .describe("Latest quote.")
            .param("exchange", ParamType::String)?;
        let query = query
            .param("depth", ParamType::Integer { min: 0, max: 255 })?
            .optional("tags", ParamType::array_of(ParamType::String))?;
        let trade = ToolSpec::new("execute_trade")?
            .param("amount", ParamType::Number)?
            .param("key", ParamType::String)?
            .secret("key")?;
        Ok::<_, portcullis::ToolSpecError>(vec![query, trade, ToolSpec::new("ping")?])
    };
    build().unwrap()
}

fn guard() -> Guard {
    Guard::builder()
        .tools(tools())
        .recorder(RingRecorder::new(8))
        .build()
        .unwrap()
}

/// The error of these permissions, which must be the same at build and at swap.
fn error(permissions: &str) -> LoadError {
    let policy = || agent_policy(permissions);
    let built = Guard::builder()
        .policy(policy())
        .tools(tools())
        .recorder(RingRecorder::new(8))
        .build();
    let Err(BuildError::Load(built)) = built else {
        panic!("loads: {permissions}")
    };
    let Err(SwapError::Load(swapped)) = guard().swap([policy()]) else {
        panic!("swaps: {permissions}")
    };
    assert_eq!(built.to_string(), swapped.to_string());
    assert_eq!(built.kind(), LoadErrorKind::Tools);
    assert_eq!(built.line(), Some(1));
    built
}

#[test]
fn a_misfit_names_the_place_and_what_was_meant() {
    for (permissions, message, suggestion) in [
        (
            r#"[{"tool_name": "query_markt_data"}]"#,
            "there is no tool `query_markt_data`",
            Some("did you mean `query_market_data`?"),
        ),
        (r#"[{"tool_name": "zzz"}]"#, "there is no tool `zzz`", None),
        (
            r#"[{"tool_name": "zzz/*"}]"#,
            "no tool matches `zzz/*`",
            None,
        ),
        (
            r#"[{"tool_name": "execute_trade", "allowed_params": {"amuont": {"min": 1}, "key": {"any": true}}}]"#,
            "the tool `execute_trade` has no parameter `amuont`",
            Some("did you mean `amount`?"),
        ),
        (
            r#"[{"tool_name": "*", "allowed_params": {"amuont": {"min": 1}}}]"#,
            "no tool that `*` covers has a parameter `amuont`",
            Some("did you mean `amount`?"),
        ),
        (
            r#"[{"tool_name": "execute_trade", "limits": [{"calls": 1, "per": "1h", "by": ["param:kye"]}]}]"#,
            "the tool `execute_trade` has no parameter `kye`",
            Some("did you mean `key`?"),
        ),
        (
            r#"[{"tool_name": "execute_trade", "budgets": [{"sum": "amounts", "at_most": 1, "per": "1h"}]}]"#,
            "the tool `execute_trade` has no parameter `amounts`",
            Some("did you mean `amount`?"),
        ),
        (
            r#"[{"tool_name": "query_market_data", "allowed_params": {"exchange": ["NYSE", 5], "depth": {"any": true}}}]"#,
            "`exchange` of the tool `query_market_data` takes string, but the policy lists a value of kind integer",
            None,
        ),
        (
            r#"[{"tool_name": "query_market_data", "allowed_params": {"exchange": {"any": true}, "depth": {"pattern": "5"}}}]"#,
            "`depth` of the tool `query_market_data` takes integer, but the policy admits only string",
            None,
        ),
        (
            r#"[{"tool_name": "query_market_data", "allowed_params": {"exchange": {"any": true}, "depth": {"any": true}, "tags": {"each": [1]}}}]"#,
            "`tags` of the tool `query_market_data` takes string, but the policy lists a value of kind integer",
            None,
        ),
        (
            r#"[{"tool_name": "execute_trade", "allowed_params": {"amount": {"min": 1}}}]"#,
            "the tool `execute_trade` requires the parameter `key`, which `allowed_params` leaves out",
            Some("add `key = { any = true }` or a constraint"),
        ),
        (
            r#"[{"tool_name": "execute_trade", "allowed_params": {}}]"#,
            "the tool `execute_trade` requires the parameter `amount`, which `allowed_params` leaves out",
            Some("add `amount = { any = true }` or a constraint"),
        ),
    ] {
        let error = error(permissions);
        assert_eq!(
            (error.message(), error.suggestion()),
            (message, suggestion),
            "{permissions}"
        );
        let text = format!(r#"{{"agent_id": "{AGENT}", "permissions": {permissions}}}"#);
        let marked: String = text
            .chars()
            .skip(error.column().unwrap() - 1)
            .take(4)
            .collect();
        assert!(marked.starts_with('"'), "points at a name, not at {marked}");
    }
}

#[test]
fn the_whole_report() {
    let error = error(r#"[{"tool_name": "pong"}]"#).to_string();
    let text = format!(r#"{{"agent_id": "{AGENT}", "permissions": [{{"tool_name": "pong"}}]}}"#);
    let before = text.find("\"pong\"").unwrap();
    let expected = format!(
        "line 1 column {}: there is no tool `pong`\n  |\n1 | ",
        before + 1
    );
    assert!(error.starts_with(&expected), "{error}");
    assert!(
        error.ends_with("^^^^^^\n  = did you mean `ping`?"),
        "{error}"
    );
}

#[test]
fn what_fits_loads() {
    for permissions in [
        r#"[{"tool_name": "*"}]"#,
        r#"[{"tool_name": "ping", "allowed_params": {}}]"#,
        r#"[{"tool_name": "execute_trade", "allowed_params": {"amount": [1, 2.5], "key": {"min_length": 1}}}]"#,
        r#"[{"tool_name": "execute_trade", "allowed_params": {"amount": {"min": 1}}, "other_params": "allow"}]"#,
        r#"[{"tool_name": "query_*", "allowed_params": {"exchange": ["NYSE"], "depth": {"max": 5}, "tags": {"each": ["a"], "optional": true}}}]"#,
        r#"[{"tool_name": "*", "allowed_params": {"amount": {"min": 1}}}]"#,
        "[]",
    ] {
        guard()
            .swap([agent_policy(permissions), user_policy("ann", permissions)])
            .unwrap();
    }
    let misfit = guard().swap([
        agent_policy("[]"),
        user_policy("ann", r#"[{"tool_name": "pong"}]"#),
    ]);
    assert!(misfit.is_err(), "users' policies are held to the tools too");
}

#[test]
fn a_policy_made_in_code_is_held_to_the_tools_too() {
    let one = Constraint::one_of([1]).unwrap();
    let policy = portcullis::AgentPolicy::new(agent(AGENT));
    let policy = policy
        .permit(
            ToolPermission::new("query_market_data")
                .unwrap()
                .param("exchange", one),
        )
        .unwrap();
    let Err(SwapError::Load(error)) = guard().swap([policy]) else {
        panic!("fits")
    };
    assert_eq!(
        (error.kind(), error.line(), error.file()),
        (LoadErrorKind::Tools, None, None)
    );
    assert!(
        error
            .to_string()
            .starts_with("`exchange` of the tool `query_market_data` takes string")
    );
}

#[test]
fn tools_that_nobody_can_call_are_told() {
    let guard = guard();
    let names = || {
        guard
            .unmentioned_tools()
            .iter()
            .map(|tool| tool.name())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(names(), "query_market_data execute_trade ping");
    guard
        .swap([
            agent_policy(r#"[{"tool_name": "ping"}]"#),
            user_policy("ann", r#"[{"tool_name": "query_*"}]"#),
        ])
        .unwrap();
    assert_eq!(names(), "execute_trade");
    guard
        .swap([agent_policy(r#"[{"tool_name": "*"}]"#)])
        .unwrap();
    assert_eq!(names(), "");
    assert_eq!(guard.tools().len(), 3);
}

#[test]
fn a_tool_is_given_once() {
    let builder = Guard::builder()
        .tools(tools())
        .tools([ToolSpec::new("ping").unwrap()]);
    let error = builder.recorder(RingRecorder::new(8)).build().unwrap_err();
    assert!(matches!(&error, BuildError::DuplicateTool { name } if name == "ping"));
    assert_eq!(error.to_string(), "the tool `ping` is given twice");
}

#[test]
fn the_model_is_told_what_a_tool_takes() {
    let tools = tools();
    let query = json!({
        "name": "query_market_data",
        "description": "Latest quote.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "exchange": {"type": "string"},
                "depth": {"type": "integer", "minimum": 0, "maximum": 255},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["exchange", "depth"],
            "additionalProperties": false,
        },
    });
    assert_eq!(tools[0].definition(), query);
    let trade = json!({
        "type": "object",
        "properties": {"amount": {"type": "number"}, "key": {"type": "string", "writeOnly": true}},
        "required": ["amount", "key"],
        "additionalProperties": false,
    });
    assert_eq!(tools[1].json_schema(), trade);
}
