//! What OCSF 1.8.0 demands of the objects that we write, as a table, and a checker.
//!
//! Source: <https://github.com/ocsf/ocsf-schema/tree/v1.8.0>: `events/base_event.json`,
//! `events/application/{application,api_activity,application_lifecycle,application_error}.json`,
//! `events/findings/{finding,detection_finding}.json`, `profiles/security_control.json`, `dictionary.json` and the files of the same names in `objects/`. Of attributes that
//! are neither required nor constrained, only those that we write are listed: any other is a slip of ours.

use serde_json::{Map, Value};

/// An object of the schema.
struct Object {
    required: &'static [&'static str],
    at_least_one: &'static [&'static str],
    attributes: &'static [(&'static str, Type)],
}

#[derive(Clone, Copy)]
enum Type {
    /// `string_t`, and types that are strings.
    Text,
    /// `integer_t`: one of these.
    Of(&'static [u64]),
    /// `integer_t`
    Integer,
    /// `long_t`, `timestamp_t`
    Long,
    Object(&'static Object),
    Objects(&'static Object),
    Texts,
    Boolean,
    /// `object`: anything
    Free,
}

use Type::{Boolean, Free, Integer, Long, Objects, Of, Text, Texts};

const BASE: &[(&str, Type)] = &[
    ("activity_name", Text),
    ("category_uid", Of(&[2, 6])),
    ("class_name", Text),
    ("message", Text),
    ("metadata", Type::Object(&METADATA)),
    ("severity", Text),
    ("severity_id", Of(&[0, 1, 2, 3, 4, 5, 6, 99])),
    ("status", Text),
    ("status_code", Text),
    ("status_detail", Text),
    ("status_id", Of(&[0, 1, 2, 99])),
    ("time", Long),
    ("type_uid", Long),
    ("unmapped", Free),
];

const BASE_REQUIRED: [&str; 7] = [
    "activity_id",
    "category_uid",
    "class_uid",
    "metadata",
    "severity_id",
    "time",
    "type_uid",
];

/// A class: what it demands beyond the base event.
const CLASSES: [(u64, Object); 4] = [
    (
        6003,
        Object {
            required: &["actor", "api", "src_endpoint"],
            at_least_one: &[],
            attributes: &[
                ("activity_id", Of(&[0, 1, 2, 3, 4, 99])),
                ("class_uid", Of(&[6003])),
                ("actor", Type::Object(&ACTOR)),
                ("api", Type::Object(&API)),
                ("src_endpoint", Type::Object(&ENDPOINT)),
                ("resources", Objects(&RESOURCE)),
                ("duration", Long),
                ("action", Text),
                ("action_id", Of(&[0, 1, 2, 3, 4, 99])),
                ("disposition", Text),
                ("disposition_id", Of(&[0, 1, 2, 26, 99])),
                ("policy", Type::Object(&POLICY)),
            ],
        },
    ),
    (
        6002,
        Object {
            required: &["app"],
            at_least_one: &[],
            attributes: &[
                ("activity_id", Of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 99])),
                ("class_uid", Of(&[6002])),
                ("app", Type::Object(&PRODUCT)),
            ],
        },
    ),
    (
        6008,
        Object {
            required: &[],
            at_least_one: &[],
            attributes: &[
                ("activity_id", Of(&[0, 1, 2, 99])),
                ("class_uid", Of(&[6008])),
            ],
        },
    ),
    (
        2004,
        Object {
            required: &["finding_info"],
            at_least_one: &[],
            attributes: &[
                ("activity_id", Of(&[0, 1, 2, 3, 99])),
                ("class_uid", Of(&[2004])),
                ("finding_info", Type::Object(&FINDING_INFO)),
                ("is_alert", Boolean),
                ("evidences", Objects(&EVIDENCE)),
                ("resources", Objects(&RESOURCE)),
                ("anomaly_analyses", Objects(&ANOMALY_ANALYSIS)),
            ],
        },
    ),
];

const FINDING_INFO: Object = Object {
    required: &["uid"],
    at_least_one: &[],
    attributes: &[
        ("uid", Text),
        ("title", Text),
        ("desc", Text),
        ("types", Texts),
        ("analytic", Type::Object(&ANALYTIC)),
        ("last_seen_time", Long),
        ("related_events_count", Integer),
    ],
};

const ANALYTIC: Object = Object {
    required: &["type_id"],
    at_least_one: &["name", "uid"],
    attributes: &[
        ("name", Text),
        ("uid", Text),
        ("type", Text),
        ("type_id", Of(&[0, 1, 2, 3, 4, 99])),
    ],
};

const EVIDENCE: Object = Object {
    required: &[],
    at_least_one: &["actor", "api", "data", "resources", "user"],
    attributes: &[("actor", Type::Object(&ACTOR))],
};

const ANOMALY_ANALYSIS: Object = Object {
    required: &["analysis_targets", "anomalies"],
    at_least_one: &[],
    attributes: &[
        ("analysis_targets", Objects(&ANALYSIS_TARGET)),
        ("anomalies", Objects(&OBSERVED)),
        ("baselines", Objects(&OBSERVED)),
    ],
};

const ANALYSIS_TARGET: Object = Object {
    required: &["name"],
    at_least_one: &[],
    attributes: &[("name", Text), ("type", Text)],
};

/// `anomaly` and `baseline`, which have the same attributes.
const OBSERVED: Object = Object {
    required: &["observation_parameter", "observations"],
    at_least_one: &[],
    attributes: &[
        ("observation_parameter", Text),
        ("observation_type", Text),
        ("observations", Objects(&OBSERVATION)),
    ],
};

const OBSERVATION: Object = Object {
    required: &["value"],
    at_least_one: &[],
    attributes: &[("value", Text), ("count", Integer)],
};

const METADATA: Object = Object {
    required: &["product", "version"],
    at_least_one: &[],
    attributes: &[
        ("product", Type::Object(&PRODUCT)),
        ("version", Text),
        ("uid", Text),
        ("original_event_uid", Text),
        ("correlation_uid", Text),
        ("event_code", Text),
        ("log_name", Text),
        ("log_provider", Text),
        ("original_time", Text),
        ("sequence", Integer),
        ("profiles", Texts),
    ],
};

const PRODUCT: Object = Object {
    required: &[],
    at_least_one: &["name", "uid"],
    attributes: &[("name", Text), ("vendor_name", Text), ("version", Text)],
};

const ACTOR: Object = Object {
    required: &[],
    at_least_one: &[
        "process",
        "user",
        "invoked_by",
        "session",
        "app_name",
        "app_uid",
    ],
    attributes: &[
        ("app_uid", Text),
        ("authorizations", Objects(&AUTHORIZATION)),
        ("session", Type::Object(&SESSION)),
        ("user", Type::Object(&USER)),
    ],
};

const AUTHORIZATION: Object = Object {
    required: &[],
    at_least_one: &[],
    attributes: &[("decision", Text), ("policy", Type::Object(&POLICY))],
};

const POLICY: Object = Object {
    required: &[],
    at_least_one: &["name", "type", "uid"],
    attributes: &[("uid", Text), ("version", Text)],
};

const SESSION: Object = Object {
    required: &[],
    at_least_one: &[],
    attributes: &[("uid", Text)],
};

const USER: Object = Object {
    required: &[],
    at_least_one: &["account", "name", "uid"],
    attributes: &[("uid", Text)],
};

const API: Object = Object {
    required: &["operation"],
    at_least_one: &[],
    attributes: &[("operation", Text), ("request", Type::Object(&REQUEST))],
};

const REQUEST: Object = Object {
    required: &["uid"],
    at_least_one: &[],
    attributes: &[("uid", Text)],
};

const ENDPOINT: Object = Object {
    required: &[],
    at_least_one: &[
        "ip",
        "uid",
        "name",
        "hostname",
        "svc_name",
        "instance_uid",
        "interface_uid",
        "interface_name",
        "domain",
    ],
    attributes: &[("name", Text), ("uid", Text)],
};

const RESOURCE: Object = Object {
    required: &[],
    at_least_one: &["name", "uid"],
    attributes: &[("name", Text), ("type", Text)],
};

/// Attributes of the profile `security_control`: an event that has one names the profile.
const CONTROL: [&str; 4] = ["action", "action_id", "disposition", "disposition_id"];

/// Panics unless an event is one of the schema.
pub(super) fn check(event: &Value) {
    let object = event.as_object().unwrap();
    let class = event["class_uid"].as_u64().unwrap();
    let (_, schema) = CLASSES.iter().find(|(uid, _)| *uid == class).unwrap();
    for key in BASE_REQUIRED {
        assert!(object.contains_key(key), "`{key}` is required: {event}");
    }
    let attributes: Vec<_> = BASE.iter().chain(schema.attributes).copied().collect();
    check_object(object, schema, &attributes);
    let activity = event["activity_id"].as_u64().unwrap();
    assert_eq!(event["type_uid"], class * 100 + activity, "{event}");
    assert_eq!(event["metadata"]["version"], "1.8.0");
    if CONTROL.iter().any(|key| object.contains_key(*key)) {
        assert_eq!(
            event["metadata"]["profiles"][0], "security_control",
            "{event}"
        );
    }
}

fn check_object(object: &Map<String, Value>, schema: &Object, attributes: &[(&str, Type)]) {
    for key in schema.required {
        assert!(object.contains_key(*key), "`{key}` is required: {object:?}");
    }
    let mut constrained = schema.at_least_one.iter();
    let satisfied =
        schema.at_least_one.is_empty() || constrained.any(|key| object.contains_key(*key));
    assert!(satisfied, "one of {:?}: {object:?}", schema.at_least_one);
    for (key, value) in object {
        let found = attributes.iter().find(|(name, _)| name == key);
        let (_, of) = found.unwrap_or_else(|| panic!("`{key}` is not in the schema: {object:?}"));
        check_value(key, value, *of);
    }
}

fn check_value(key: &str, value: &Value, of: Type) {
    let right = match of {
        Text => value.is_string(),
        Of(numbers) => value
            .as_u64()
            .is_some_and(|number| numbers.contains(&number)),
        Integer => value
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        Long => value.as_i64().is_some(),
        Boolean => value.is_boolean(),
        Free => value.is_object(),
        Texts => value
            .as_array()
            .is_some_and(|all| all.iter().all(Value::is_string)),
        Type::Object(schema) => {
            check_object(value.as_object().unwrap(), schema, schema.attributes);
            true
        }
        Objects(schema) => {
            for element in value.as_array().unwrap() {
                check_object(element.as_object().unwrap(), schema, schema.attributes);
            }
            true
        }
    };
    assert!(right, "`{key}` is {value}");
}
