//! The command line, through the built program.

mod audit;
mod check;
mod explain;
mod hostile;
mod lint;
mod replay;
mod run;
mod schema;
mod test;
mod watching;

use std::path::PathBuf;

/// An agent that may read up to twice a minute, may pay with approval, and may spend.
const POLICY: &str = r#"agent_id = "spiffe://example.org/agent/a"

[[permissions]]
tool_name = "read"
effect = "read"
max_calls_per_minute = 2
[permissions.allowed_params]
path = { path = ["/workspace"] }

[[permissions]]
tool_name = "pay"
requires_human_approval = true
[permissions.allowed_params]
amount = { above = 0 }

[[permissions]]
tool_name = "spend"
budgets = [{ sum = "amount", at_most = 100, per = "24h" }]
[permissions.allowed_params]
amount = { min = 0 }
"#;

fn example(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "examples", name]
        .iter()
        .collect()
}
