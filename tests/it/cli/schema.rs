//! `schema`: the committed text, with or without the feature that makes it.

use super::run::run;

#[test]
fn the_committed_schema_is_printed() {
    let ran = run(["schema"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out, include_str!("../../../docs/policy.schema.json"));
}
