//! Policies as a JSON Schema, from which [`AgentPolicy::JSON_SCHEMA`] is made.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::document::{EFFECTS, LEVELS, OTHER_PARAMS};
use super::{AgentPolicy, DEFAULT_CALLS_PER_MINUTE, ToolPermission};
use crate::constraint::Fields;
use crate::ids::{AgentId, ToolName, UserId};

/// A segment of the path is not `.` or `..`, which is said without look-around: not every validator has it.
const AGENT_ID: &str =
    r"^spiffe://[a-z0-9._-]{1,255}(/(\.{0,2}[A-Za-z0-9_-]|\.{3})[A-Za-z0-9._-]*)*$";
const OPAQUE_ID: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";
const TOOL_NAME: &str = "^[A-Za-z0-9_.:/*-]+$";
/// Not zero, which no window is.
const WINDOW: &str = "^0*[1-9][0-9]*(ms|s|m|h|d)$";
const PARAMETER_PART: &str = r"^param:[\s\S]";

impl JsonSchema for AgentPolicy {
    fn schema_name() -> Cow<'static, str> {
        "AgentPolicy".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::AgentPolicy").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let opaque = |description: &str, example: &str| {
            json!({
                "description": format!(
                    "{description} Opaque, compared byte for byte; at most {} bytes, without control characters.",
                    UserId::MAX_LEN
                ),
                "type": "string",
                "pattern": OPAQUE_ID,
                "maxLength": UserId::MAX_LEN,
                "examples": [example],
            })
        };
        json_schema!({
            "title": "Portcullis policy",
            "description": "What one agent, user or task may do; what no permission names is denied. All policies that \
                            apply to a call apply together, and the strictest wins.",
            "type": "object",
            "properties": {
                "version": {
                    "description": "The version of the policy format. Only `1` exists, which is also meant where \
                                    nothing is said.",
                    "type": "integer",
                    "const": 1,
                    "default": 1,
                },
                "agent_id": {
                    "description": format!(
                        "The agent whose policy this is: a SPIFFE ID, compared byte for byte; at most {} bytes. \
                         A policy has exactly one of `agent_id`, `user_id` and `task_id`.",
                        AgentId::MAX_LEN
                    ),
                    "type": "string",
                    "pattern": AGENT_ID,
                    "maxLength": AgentId::MAX_LEN,
                    "examples": ["spiffe://example.org/agent/reporter"],
                },
                "user_id": opaque(
                    "The person whose policy this is, for all that is done on their behalf.",
                    "ann@example.org",
                ),
                "task_id": opaque("The task whose policy this is, for all that is done on it.", "ticket-4711"),
                "require_user": {
                    "description": "`true`: sessions of this agent must name a user. Only in an agent's policy.",
                    "type": "boolean",
                    "default": false,
                },
                "permissions": {
                    "description": "What is allowed, tool by tool; `[]` denies everything.",
                    "type": "array",
                    "items": generator.subschema_for::<ToolPermission>(),
                },
            },
            "additionalProperties": false,
            "required": ["permissions"],
            "oneOf": [{"required": ["agent_id"]}, {"required": ["user_id"]}, {"required": ["task_id"]}],
            "if": {"required": ["require_user"]},
            "then": {"required": ["agent_id"]},
        })
    }
}

impl JsonSchema for ToolPermission {
    fn schema_name() -> Cow<'static, str> {
        "ToolPermission".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::ToolPermission").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What the policy says about one tool, or about all tools that a pattern names. A name and \
                            every pattern that covers a tool apply together, and the strictest wins.",
            "type": "object",
            "properties": {
                "tool_name": {
                    "description": format!(
                        "The tool: 1 to {} characters out of `A-Z a-z 0-9 _ . : / -`; `*` stands for any run of \
                         these. The same name may not stand twice in one policy.",
                        ToolName::MAX_LEN
                    ),
                    "type": "string",
                    "pattern": TOOL_NAME,
                    "maxLength": ToolName::MAX_LEN,
                    "examples": ["query_market_data", "files/*"],
                },
                "allowed_params": allowed_params(generator),
                "other_params": {
                    "description": "`\"allow\"` lets parameters pass that `allowed_params` does not name. Goes with \
                                    `allowed_params`.",
                    "type": "string",
                    "enum": words(&OTHER_PARAMS),
                    "default": "deny",
                },
                "max_calls_per_minute": {
                    "description": format!(
                        "At most so many calls in any 60 seconds, counted exactly over all sessions. Absent, it is \
                         {DEFAULT_CALLS_PER_MINUTE} in an agent's policy, and unlimited in a user's or a task's."
                    ),
                    "type": "integer",
                    "minimum": 1,
                    "maximum": u32::MAX,
                    "default": DEFAULT_CALLS_PER_MINUTE,
                },
                "requires_human_approval": {
                    "description": "`true`: every call waits until a person approves it.",
                    "type": "boolean",
                    "default": false,
                },
                "audit_level": {
                    "description": "What the log keeps of each call. `\"standard\"`: keyed digests. `\"detailed\"`: \
                                    also names, kinds and sizes of the arguments. `\"full\"`: also the arguments, \
                                    except secret ones, results and context.",
                    "type": "string",
                    "enum": words(&LEVELS),
                    "default": "standard",
                },
                "effect": {
                    "description": "What the tool does: `\"read\"` if it only looks, `\"write\"` if it may change \
                                    something.",
                    "type": "string",
                    "enum": words(&EFFECTS),
                    "default": "write",
                },
                "limits": limits(),
                "budgets": budgets(),
                "examples": examples(),
            },
            "additionalProperties": false,
            "required": ["tool_name"],
            "if": {"properties": {"other_params": {"const": "allow"}}, "required": ["other_params"]},
            "then": {"required": ["allowed_params"]},
        })
    }
}

fn allowed_params(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = generator.subschema_for::<Fields>();
    let description = "The parameters, each with what it may be: a closed world. A parameter that is named must be \
                       there unless it is optional, and any other is refused unless `other_params` says `\"allow\"`. \
                       Absent, any arguments are allowed; `{}` allows none.";
    schema.insert("description".to_owned(), description.into());
    schema.insert(
        "examples".to_owned(),
        json!([{"symbol": {"pattern": "[A-Z]{1,5}"}, "depth": {"min": 1, "max": 50, "optional": true}}]),
    );
    schema
}

fn limits() -> Value {
    json!({
        "description": "How many calls may run in a sliding window. All limits hold together with \
                        `max_calls_per_minute`.",
        "type": "array",
        "minItems": 1,
        "items": {
            "description": "So many calls, in so long, counted by this key.",
            "type": "object",
            "properties": {
                "calls": {
                    "description": "At most so many calls in any window of this length.",
                    "type": "integer",
                    "minimum": 1,
                    "examples": [1000],
                },
                "per": window(),
                "by": key(),
            },
            "additionalProperties": false,
            "required": ["calls", "per"],
        },
        "examples": [[{"calls": 1000, "per": "1h", "by": ["agent", "user"]}]],
    })
}

fn budgets() -> Value {
    json!({
        "description": "How much a number among the parameters may add up to in a sliding window.",
        "type": "array",
        "minItems": 1,
        "items": {
            "description": "Such a sum of a parameter, in so long, counted by this key.",
            "type": "object",
            "properties": {
                "sum": {
                    "description": "The parameter whose numbers are added up, in steps of 10⁻⁹ rounded up. A call \
                                    whose amount is absent, negative or not a number is denied. If there are \
                                    `allowed_params`, it must be one of them.",
                    "type": "string",
                    "examples": ["amount"],
                },
                "at_most": {
                    "description": "The largest sum in any window of this length, in the unit of the parameter: \
                                    from 10⁻⁹ to 10²⁷.",
                    "type": "number",
                    "minimum": 1e-9,
                    "maximum": 1e27,
                    "examples": [10000],
                },
                "per": window(),
                "by": key(),
            },
            "additionalProperties": false,
            "required": ["sum", "at_most", "per"],
        },
        "examples": [[{"sum": "amount", "at_most": 10000, "per": "24h"}]],
    })
}

fn window() -> Value {
    json!({
        "description": "The length of the window: a whole number and a unit, `ms`, `s`, `m` (minutes), `h` or `d`. \
                        More than zero, at most 366 days.",
        "type": "string",
        "pattern": WINDOW,
        "examples": ["500ms", "60s", "10m", "24h", "7d"],
    })
}

fn key() -> Value {
    json!({
        "description": "One composite key: there is a count for each combination of these. A call that lacks a part is \
                        denied. Absent, there is one count for the policy's principal.",
        "type": "array",
        "minItems": 1,
        "uniqueItems": true,
        "items": {
            "description": "`agent`, `user`, `task`, `session`, `tool`, or `param:` and the name of a parameter.",
            "type": "string",
            "anyOf": [{"enum": ["agent", "user", "task", "session", "tool"]}, {"pattern": PARAMETER_PART}],
            "examples": ["param:account"],
        },
        "examples": [["agent", "user"]],
    })
}

fn examples() -> Value {
    let list = |description: &str| {
        json!({
            "description": description,
            "type": "array",
            "items": {"description": "The arguments of a call.", "type": "object"},
            "examples": [[{"symbol": "KVELD", "amount": 2500}]],
        })
    };
    json!({
        "description": "Arguments, and what the policy is meant to say to them. They are decided each time the policy \
                        loads, limits aside, and a wrong one is an error.",
        "type": "object",
        "properties": {
            "allow": list("Arguments that are allowed."),
            "ask": list("Arguments that are allowed once a person approves."),
            "deny": list("Arguments that are denied."),
        },
        "additionalProperties": false,
    })
}

fn words<T>(words: &'static [(&'static str, T)]) -> Vec<&'static str> {
    words.iter().map(|(word, _)| *word).collect()
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
