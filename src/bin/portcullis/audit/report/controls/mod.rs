//! The table: a row a control. Titles are our words; the frameworks' texts decide.

mod gdpr;
mod hipaa;
mod pci;
mod soc2;

use clap::ValueEnum;

use super::evidence::Evidence;

/// One control and what the log has to do with it.
#[derive(Debug)]
pub(super) struct Control {
    /// As the framework numbers it.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) evidence: &'static [&'static Evidence],
    /// Whether it is evidence that the log verifies.
    pub(super) verification: bool,
    /// What a reader must get elsewhere.
    pub(super) elsewhere: &'static [&'static str],
}

/// Whose controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Framework {
    /// SOC 2: Trust Services Criteria
    Soc2,
    /// HIPAA Security Rule
    Hipaa,
    /// PCI DSS 4.0.1
    Pci,
    /// GDPR
    Gdpr,
}

impl Framework {
    pub(super) const ALL: [Self; 4] = [Self::Soc2, Self::Hipaa, Self::Pci, Self::Gdpr];

    /// As `--framework` takes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Soc2 => "soc2",
            Self::Hipaa => "hipaa",
            Self::Pci => "pci",
            Self::Gdpr => "gdpr",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Soc2 => "SOC 2, Trust Services Criteria (2017, points of focus of 2022)",
            Self::Hipaa => "HIPAA Security Rule, 45 CFR Part 164 Subpart C",
            Self::Pci => "PCI DSS 4.0.1",
            Self::Gdpr => "GDPR, Regulation (EU) 2016/679",
        }
    }

    pub(super) fn controls(self) -> &'static [Control] {
        match self {
            Self::Soc2 => &soc2::CONTROLS,
            Self::Hipaa => &hipaa::CONTROLS,
            Self::Pci => &pci::CONTROLS,
            Self::Gdpr => &gdpr::CONTROLS,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_control_stands_once_and_says_what_is_missing() {
        for framework in Framework::ALL {
            let mut ids = HashSet::new();
            for control in framework.controls() {
                assert!(ids.insert(control.id), "{} twice", control.id);
                assert!(!control.elsewhere.is_empty(), "{}", control.id);
            }
        }
    }

    /// A report says what there is evidence for. Whether that is enough is not for software to say.
    #[test]
    fn nothing_claims_that_a_control_is_met() {
        for control in Framework::ALL.into_iter().flat_map(Framework::controls) {
            let texts = control.evidence.iter().map(|evidence| evidence.what);
            for text in texts
                .chain(control.elsewhere.iter().copied())
                .chain([control.title])
            {
                let text = text.to_lowercase();
                for word in ["complian", "conform", "satisf", "fulfil", "certif"] {
                    assert!(!text.contains(word), "{}: {text}", control.id);
                }
            }
        }
    }
}
