//! What a record may show of a call's arguments.

use std::fmt::Write as _;

use crate::call::Arguments;
use crate::constraint::length;
use crate::decision::AuditLevel;
use crate::json::View;

/// Arguments, cut down to what the audit level allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownArguments<'a> {
    pub(crate) arguments: Arguments<'a>,
    pub(crate) secret: &'a [&'a str],
    pub(crate) level: AuditLevel,
}

impl ShownArguments<'_> {
    pub(crate) fn write(&self, out: &mut String) {
        if self.level < AuditLevel::Detailed {
            return;
        }
        out.push('{');
        for (index, (name, view)) in self.arguments.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            View::String(name).write_json(out);
            out.push(':');
            if self.secret.contains(&name) {
                out.push_str("\"<secret>\"");
            } else if self.level >= AuditLevel::Full {
                view.write_json(out);
            } else {
                write_shape(view, out);
            }
        }
        out.push('}');
    }
}

/// Kind and size of a value, as a JSON string.
fn write_shape(view: View<'_>, out: &mut String) {
    let kind = view
        .kind()
        .map_or("not a finite number", |kind| kind.name());
    // Writing to a string cannot fail.
    let _ = match length(view) {
        Some(size) => write!(out, "\"{kind}({size})\""),
        None => write!(out, "\"{kind}\""),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Args;

    #[test]
    fn each_level_shows_more_and_never_a_secret() {
        let args = Args::parse(r#"{"amount": 5, "key": "s3cr3t", "to": ["a", "b"]}"#).unwrap();
        let shown = |level| {
            let mut out = String::new();
            ShownArguments {
                arguments: args.view(),
                secret: &["key"],
                level,
            }
            .write(&mut out);
            out
        };
        assert_eq!(shown(AuditLevel::Standard), "");
        assert_eq!(
            shown(AuditLevel::Detailed),
            r#"{"amount":"integer","key":"<secret>","to":"array(2)"}"#
        );
        assert_eq!(
            shown(AuditLevel::Full),
            r#"{"amount":5,"key":"<secret>","to":["a","b"]}"#
        );
    }
}
