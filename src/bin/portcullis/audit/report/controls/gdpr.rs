//! Source: Regulation (EU) 2016/679.

use super::Control;
use crate::audit::report::evidence::{
    ALL, ASKED, DECISIONS, DENIED, DIGESTS, ERASURES, EXPIRIES, FOR_TASKS, FOR_USERS, LIMITED,
    LOST, LOST_OUTCOMES, NOT_REMOVED, OUTCOMES, OUTSIDE, POLICY_CHANGES, SHUT_OUT, SUSPICIOUS,
};

pub(super) static CONTROLS: [Control; 10] = [
    Control {
        id: "Art 5(1)(c)",
        title: "Data minimisation: no more than the purpose takes",
        evidence: &[&OUTSIDE, &FOR_TASKS, &DIGESTS],
        verification: false,
        elsewhere: &["what each purpose takes", "what tools return"],
    },
    Control {
        id: "Art 5(1)(e)",
        title: "Storage limitation: no longer than the purpose takes",
        evidence: &[&ALL, &EXPIRIES, &NOT_REMOVED],
        verification: false,
        elsewhere: &["how long this log may be kept, and the systems behind the tools"],
    },
    Control {
        id: "Art 5(1)(f)",
        title: "Integrity and confidentiality",
        evidence: &[&DENIED, &SHUT_OUT],
        verification: true,
        elsewhere: &["who can read the log and the systems behind the tools"],
    },
    Control {
        id: "Art 5(2)",
        title: "Accountability: the principles can be shown to be kept",
        evidence: &[&DECISIONS, &OUTCOMES, &POLICY_CHANGES],
        verification: true,
        elsewhere: &["the lawful basis of each processing"],
    },
    Control {
        id: "Art 17",
        title: "Erasure on request",
        evidence: &[&ERASURES],
        verification: true,
        elsewhere: &[
            "the requests, and what was erased in the systems behind the tools",
            "names of agents, users, tasks and tools: they stay in the log",
            "copies in snapshots and backups",
        ],
    },
    Control {
        id: "Art 22",
        title: "No decision with legal or like effect by automation alone, without a person's say",
        evidence: &[&ASKED],
        verification: false,
        elsewhere: &[
            "which calls have such an effect",
            "who decided, and on what grounds",
        ],
    },
    Control {
        id: "Art 25",
        title: "Data protection by design and by default",
        evidence: &[&OUTSIDE, &LIMITED, &DIGESTS],
        verification: false,
        elsewhere: &["the design of the systems behind the tools"],
    },
    Control {
        id: "Art 30",
        title: "Records of processing activities",
        evidence: &[&DECISIONS, &FOR_USERS, &FOR_TASKS],
        verification: false,
        elsewhere: &[
            "controllers, purposes, recipients, time limits: the log is a source for such a record, not the record",
        ],
    },
    Control {
        id: "Art 32",
        title: "Security of processing, tested regularly",
        evidence: &[&DENIED, &SUSPICIOUS, &LOST_OUTCOMES, &LOST],
        verification: true,
        elsewhere: &["encryption, resilience, and the tests"],
    },
    Control {
        id: "Art 33",
        title: "A breach is told to the authority within 72 hours, and documented",
        evidence: &[&SUSPICIOUS, &SHUT_OUT, &OUTCOMES],
        verification: true,
        elsewhere: &[
            "when the breach was noticed, and what was told; the log gives the order of events",
        ],
    },
];
