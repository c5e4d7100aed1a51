//! Any bytes as a policy: an error, or a policy that is written and read back the same, decides and can be linted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::{AgentPolicy, Args, Call, Caller, Finding, PolicySet, Principal, ToolName};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for loaded in [AgentPolicy::from_json(text), AgentPolicy::from_toml(text)] {
        match loaded {
            Ok(policy) => check(policy),
            Err(error) => drop(format!("{error} {error:?}")),
        }
    }
});

fn check(policy: AgentPolicy) {
    let again = AgentPolicy::from_json(&serde_json::to_string(&policy).unwrap()).unwrap();
    assert_eq!(again, policy);
    assert_eq!(again.digest(), policy.digest());
    let kinds = [&policy, &again].map(|policy| {
        let findings = policy.lint();
        findings
            .iter()
            .for_each(|finding| drop(finding.to_string()));
        let mut kinds: Vec<_> = findings.iter().map(Finding::kind).collect();
        kinds.sort();
        kinds
    });
    assert_eq!(kinds[0], kinds[1]);
    let Principal::Agent(agent) = policy.principal().clone() else {
        return;
    };
    let caller = Caller::from(agent);
    let set = PolicySet::new([policy, again]);
    for name in set
        .policies()
        .flat_map(AgentPolicy::permissions)
        .map(|one| one.tool_name().as_str().replace('*', "x"))
    {
        for args in ["{}", r#"{"p": "/w/a", "q": [1, {"x": 2.5}], "r": null}"#] {
            let call = Call::new(ToolName::parse(&name).unwrap(), Args::parse(args).unwrap());
            let explained = set.explain(&caller, &call);
            assert_eq!(
                explained.decision().verdict(),
                set.decide(&caller, &call).verdict()
            );
            drop(explained.to_string());
        }
    }
}
