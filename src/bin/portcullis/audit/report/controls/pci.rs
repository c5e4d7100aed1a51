//! Source: PCI DSS 4.0.1, requirements 7, 8 and 10.

use super::Control;
use crate::audit::report::evidence::{
    ALL, DECISIONS, DENIED, FOR_USERS, OPENINGS, OUTCOMES, OUTSIDE, POLICY_CHANGES, REPAIRS,
    SESSIONS, SHUT_OUT, SUSPICIOUS, UNKEPT,
};

pub(super) static CONTROLS: [Control; 11] = [
    Control {
        id: "7.2",
        title: "Access is defined and assigned by need, with least privilege",
        evidence: &[&DECISIONS, &OUTSIDE, &POLICY_CHANGES],
        verification: false,
        elsewhere: &[
            "why each permission is needed, and who approved it",
            "the review every six months",
        ],
    },
    Control {
        id: "8.2",
        title: "Users and what they may do are identified and managed through the life of an account",
        evidence: &[&FOR_USERS, &SESSIONS, &SHUT_OUT],
        verification: false,
        elsewhere: &["how accounts are opened, changed and closed"],
    },
    Control {
        id: "8.6",
        title: "Accounts of applications and systems, and what they authenticate with, are strictly managed",
        evidence: &[&SESSIONS, &DECISIONS],
        verification: false,
        elsewhere: &["how the agents' credentials are kept and rotated"],
    },
    Control {
        id: "10.2.1",
        title: "Audit logs are on: access, refused attempts, changes, starts and stops of the log",
        evidence: &[&DECISIONS, &DENIED, &POLICY_CHANGES, &OPENINGS],
        verification: false,
        elsewhere: &[
            "access to the log itself",
            "components that do not go through the gate, and changes of credentials",
        ],
    },
    Control {
        id: "10.2.2",
        title: "Each record says who, what, when, whether it succeeded, from where and on what",
        evidence: &[&DECISIONS, &OUTCOMES, &FOR_USERS],
        verification: false,
        elsewhere: &[
            "network origins, and data touched by a tool beyond its name and arguments' digest",
        ],
    },
    Control {
        id: "10.3.2",
        title: "Logs are protected against change",
        evidence: &[&REPAIRS, &UNKEPT],
        verification: true,
        elsewhere: &["who can write the log's files"],
    },
    Control {
        id: "10.3.3",
        title: "Logs are promptly backed up to where they are hard to change",
        evidence: &[&UNKEPT],
        verification: true,
        elsewhere: &["the backups; a checkpoint kept elsewhere shows what they must hold"],
    },
    Control {
        id: "10.3.4",
        title: "Changes of existing records raise an alert",
        evidence: &[&REPAIRS],
        verification: true,
        elsewhere: &["that `audit verify` runs regularly, and whom its exit code alerts"],
    },
    Control {
        id: "10.4",
        title: "Logs are reviewed for what is anomalous or suspicious",
        evidence: &[&SUSPICIOUS, &DENIED],
        verification: false,
        elsewhere: &["that they were reviewed: by whom, when, and what followed"],
    },
    Control {
        id: "10.5.1",
        title: "Logs are kept for twelve months, the last three at hand",
        evidence: &[&ALL],
        verification: true,
        elsewhere: &["that what is older than this log is kept elsewhere"],
    },
    Control {
        id: "10.6",
        title: "Clocks are synchronised, so that times can be compared",
        evidence: &[&ALL],
        verification: false,
        elsewhere: &[
            "how the machine's clock is synchronised; each record holds its time of day and a monotonic one",
        ],
    },
];
