//! Source: AICPA, Trust Services Criteria for Security (TSP section 100), common criteria.

use super::Control;
use crate::audit::report::evidence::{
    ALLOWED, ASKED, DECISIONS, DENIED, FOR_USERS, LIMITED, LOST_OUTCOMES, OUTCOMES, OUTSIDE,
    POLICY_CHANGES, REPAIRS, SESSIONS, SHUT_OUT, SUSPICIOUS,
};

pub(super) static CONTROLS: [Control; 8] = [
    Control {
        id: "CC6.1",
        title: "Logical access to systems and data is restricted",
        evidence: &[&DECISIONS, &OUTSIDE, &LIMITED],
        verification: false,
        elsewhere: &[
            "the policies themselves, by the digests in the log",
            "that agents cannot reach their tools past the gate",
        ],
    },
    Control {
        id: "CC6.2",
        title: "Access is granted to who is known and authorised, and taken away when it is no longer due",
        evidence: &[&SESSIONS, &SHUT_OUT],
        verification: false,
        elsewhere: &[
            "who registered each agent and user, and on whose approval",
            "that leavers were revoked in time",
        ],
    },
    Control {
        id: "CC6.3",
        title: "Access follows roles, least privilege and separation of duties, and changes with them",
        evidence: &[&POLICY_CHANGES, &OUTSIDE, &ASKED, &FOR_USERS],
        verification: false,
        elsewhere: &[
            "why each permission is needed, and its periodic review",
            "who approved the calls that had to wait",
        ],
    },
    Control {
        id: "CC6.6",
        title: "The boundary is protected against what comes from outside",
        evidence: &[&DENIED, &SHUT_OUT],
        verification: false,
        elsewhere: &["the network's own defences; the log sees calls of tools only"],
    },
    Control {
        id: "CC7.2",
        title: "Systems are watched for anomalies, which are analysed",
        evidence: &[&SUSPICIOUS, &DENIED],
        verification: false,
        elsewhere: &["that somebody looked at them, and what they concluded"],
    },
    Control {
        id: "CC7.3",
        title: "Security events are judged: are they incidents?",
        evidence: &[&SUSPICIOUS, &SHUT_OUT, &LOST_OUTCOMES],
        verification: false,
        elsewhere: &["the judgement, by whom and when"],
    },
    Control {
        id: "CC7.4",
        title: "Incidents are answered: contained, put right, told",
        evidence: &[&SHUT_OUT, &OUTCOMES, &REPAIRS],
        verification: true,
        elsewhere: &["the incident records, and what was told to whom"],
    },
    Control {
        id: "CC8.1",
        title: "Changes are authorised, tested, approved and documented",
        evidence: &[&POLICY_CHANGES, &ALLOWED],
        verification: false,
        elsewhere: &[
            "who approved each change of policy, and its tests",
            "changes of anything but the policies",
        ],
    },
];
