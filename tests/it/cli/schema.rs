//! `schema`: the committed text, or word that it is not compiled in.

use super::run::run;

#[test]
fn the_schema_or_what_is_missing_for_it() {
    let ran = run(["schema"], b"");
    if cfg!(feature = "schema") {
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        assert_eq!(ran.out, include_str!("../../../docs/policy.schema.json"));
    } else {
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
        assert!(ran.err.contains("crate feature `schema`"), "{ran:?}");
    }
}
