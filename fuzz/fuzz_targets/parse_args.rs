//! Any bytes as arguments: what the strict reader takes, `serde_json` takes too and reads alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::{Args, Call, DigestKey, ToolName};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let args = match Args::parse(text) {
        Ok(args) => args,
        Err(error) => return drop(format!("{error} {error:?}")),
    };
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let forms = [
        Args::try_from(&value).unwrap(),
        Args::try_from(args.to_json()).unwrap(),
        Args::from_serialize(&value).unwrap(),
        Args::parse(&value.to_string()).unwrap(),
    ];
    let tool = ToolName::parse("t").unwrap();
    let key = DigestKey::from_bytes(&[7; 32]);
    let call = Call::new(tool.clone(), args);
    assert_ne!(call.digest(), call.keyed_digest(&key));
    for form in forms.map(|args| Call::new(tool.clone(), args)) {
        assert_eq!(form, call);
        assert_eq!(form.digest(), call.digest());
        assert_eq!(form.keyed_digest(&key), call.keyed_digest(&key));
    }
});
