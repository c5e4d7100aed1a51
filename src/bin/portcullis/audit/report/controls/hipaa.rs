//! Source: 45 CFR 164.308, 164.312, 164.316.

use super::Control;
use crate::audit::report::evidence::{
    ALL, BEGINNINGS, DECISIONS, DENIED, FOR_USERS, OPENINGS, OUTCOMES, OUTSIDE, REPAIRS, SESSIONS,
    SHUT_OUT, SUSPICIOUS, UNKEPT,
};

pub(super) static CONTROLS: [Control; 7] = [
    Control {
        id: "164.312(a)",
        title: "Access control: only who has been granted it, each under a unique name",
        evidence: &[&DECISIONS, &FOR_USERS, &OUTSIDE],
        verification: false,
        elsewhere: &[
            "that each name belongs to one person or program",
            "emergency access, automatic logoff, encryption at rest",
        ],
    },
    Control {
        id: "164.312(b)",
        title: "Audit controls: activity is recorded and can be examined",
        evidence: &[&DECISIONS, &BEGINNINGS, &OUTCOMES],
        verification: true,
        elsewhere: &["activity that does not go through the gate"],
    },
    Control {
        id: "164.312(c)",
        title: "Integrity: improper alteration or destruction shows",
        evidence: &[&REPAIRS, &UNKEPT],
        verification: true,
        elsewhere: &["integrity of the health records themselves; this is about the log"],
    },
    Control {
        id: "164.312(d)",
        title: "Authentication: who asks for access is who they claim to be",
        evidence: &[&SESSIONS, &SHUT_OUT],
        verification: false,
        elsewhere: &["how each identity was verified, and by which credentials"],
    },
    Control {
        id: "164.312(e)",
        title: "Transmission security: what is sent over a network is guarded",
        evidence: &[],
        verification: false,
        elsewhere: &["all of it: the log sees calls, not connections"],
    },
    Control {
        id: "164.308(a)(1)(ii)(D)",
        title: "Records of system activity are reviewed regularly",
        evidence: &[&DENIED, &SUSPICIOUS],
        verification: false,
        elsewhere: &["that this report, or another, was reviewed: by whom and when"],
    },
    Control {
        id: "164.316(b)(2)",
        title: "Documentation is kept for six years, at hand and up to date",
        evidence: &[&ALL, &OPENINGS],
        verification: true,
        elsewhere: &[
            "that what is older than this log is kept elsewhere",
            "policies and procedures in writing",
        ],
    },
];
