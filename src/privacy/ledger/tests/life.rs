//! A life of every kind of record, on a disk that fails at every operation and crashes in every way.
//!
//! Law: the accounts are as they were behind some step that was asked for, and behind each that was acknowledged.

use super::*;
use crate::privacy::accountant::Accounts;
use crate::privacy::{DataSubject, Limit};

fn rho(value: f64) -> Budget {
    Budget::zcdp(Rho::new(value).unwrap(), Delta::ZERO)
}

fn profiles() -> PartitionName {
    "profiles".parse().unwrap()
}

/// In the second life one budget is lower, and there is another partition.
fn plan_of(life: usize) -> BudgetPlan {
    let plan = BudgetPlan::new(rho(1.0)).partition_of_subjects(profiles(), rho(0.9), rho(0.4));
    match life {
        0 => plan.partition(tickets(), rho(0.8)),
        _ => plan
            .partition(tickets(), rho(0.6))
            .partition("more".parse().unwrap(), rho(0.1)),
    }
}

fn open_life(disk: &Disk, life: usize) -> Result<Ledger, LedgerError> {
    let mut options = LedgerOptions::new(plan_of(life));
    options.journal = options.journal.segment_size(500);
    options.open_in(Arc::new(disk.clone()))
}

/// Some fit and some do not; the third in the second life is more than the lowered budget has.
fn charges() -> [Charge; 6] {
    let own = |key| Scope::Subject(profiles(), DataSubject::new(key));
    let charge = |scope, rho: f64| Charge::new(scope, Cost::gaussian(2.0 * rho));
    [
        charge(Scope::Partition(tickets()), 0.1),
        charge(own("ann"), 0.19),
        charge(Scope::Partition(tickets()), 0.4),
        charge(own("bob"), 0.1),
        charge(Scope::Partition(profiles()), f64::from_bits(1)),
        charge(own("ann"), 0.3),
    ]
}

/// What was asked for, and what was acknowledged of it.
#[derive(Clone)]
struct Model {
    /// The accounts behind each step that is on record, or may be, with the life that they are of.
    states: Vec<(usize, Accounts)>,
    acknowledged: usize,
}

impl Model {
    fn new() -> Self {
        let mut accounts = plan_of(0).accounts();
        let per_subject = Some(rho(0.4).limit());
        accounts.add_partition(profiles(), rho(0.9).limit(), per_subject);
        accounts.add_partition(tickets(), rho(0.8).limit(), None);
        Self {
            states: vec![(0, accounts)],
            acknowledged: 0,
        }
    }

    fn last(&self) -> &Accounts {
        &self.states.last().unwrap().1
    }

    /// A ledger that was opened: what it shows is durable, and what it does not show never was.
    fn sees(&mut self, ledger: &Ledger, life: usize) {
        let found = ledger.accounts.lock().clone();
        let place = self
            .states
            .iter()
            .rposition(|(of, accounts)| match *of == life {
                true => *accounts == found,
                false => plan_applied(accounts.clone()) == found,
            });
        let place = place.expect("the accounts are as they were behind some step");
        assert!(place >= self.acknowledged, "what was acknowledged is gone");
        self.states.truncate(place + 1);
        self.states[place] = (life, found);
        self.acknowledged = place;
    }

    fn spend(&mut self, ledger: &Ledger, charge: &Charge, life: usize) -> Result<(), LedgerError> {
        let mut next = self.last().clone();
        let expected = next.check(charge);
        if let Ok(approved) = &expected {
            next.add(approved);
            self.states.push((life, next));
        }
        match (ledger.spend(charge), expected) {
            (Ok(()), Ok(_)) => self.acknowledged = self.states.len() - 1,
            (Err(LedgerError::Charge(found)), Err(expected)) => assert_eq!(found, expected),
            (Err(error @ LedgerError::Storage(_)), _) => {
                // What may be on record counts as spent, and nothing more is charged.
                assert_eq!(*ledger.accounts.lock(), *self.last());
                let again = ledger.spend(&charges()[0]);
                assert!(matches!(again, Err(LedgerError::Storage(_))), "{again:?}");
                return Err(error);
            }
            (found, expected) => panic!("{found:?} for {expected:?}"),
        }
        Ok(())
    }
}

/// What the plan of the second life makes of accounts of the first.
fn plan_applied(mut accounts: Accounts) -> Accounts {
    accounts.set_budget(&Limit::Partition(tickets()), rho(0.6).limit());
    accounts.add_partition("more".parse().unwrap(), rho(0.1).limit(), None);
    accounts
}

fn live(disk: &Disk, model: &mut Model) -> Result<(), LedgerError> {
    for life in 0..2 {
        let ledger = open_life(disk, life)?;
        model.sees(&ledger, life);
        for charge in &charges() {
            model.spend(&ledger, charge, life)?;
        }
    }
    Ok(())
}

#[test]
pub(in crate::privacy) fn every_fault_and_crash_leaves_the_accounts_of_some_step() {
    let (mut crashes, mut torn, mut unacknowledged) = (0, 0, 0);
    let mut checked = HashSet::new();
    for fault in FAULTS {
        for operation in 0.. {
            let (disk, mut model) = (Disk::default(), Model::new());
            disk.fail_at(operation, fault);
            let lived = live(&disk, &mut model);
            let is_past_the_end = operation >= disk.operations();
            match fault {
                Fault::WritesHalf => lived.expect("a short write is carried on"),
                Fault::Fails => assert!(
                    lived.is_err() || is_past_the_end,
                    "the failure of operation {operation} was ignored"
                ),
                _ => {}
            }
            let died = disk.state(|state| state.after_the_process());
            for state in disk.crashes_by(13).into_iter().chain([died]) {
                if !checked.insert((state.content(), model.acknowledged, model.states.len())) {
                    continue;
                }
                crashes += 1;
                let (disk, mut model) = (Disk::new(state), model.clone());
                let ledger = match open_life(&disk, 1) {
                    Err(LedgerError::Torn { .. } | LedgerError::Damaged { .. }) => {
                        torn += 1;
                        continue;
                    }
                    opened => opened.unwrap(),
                };
                let acknowledged = model.acknowledged;
                model.sees(&ledger, 1);
                unacknowledged += usize::from(model.acknowledged > acknowledged);
                // It goes on.
                model.spend(&ledger, &charges()[4], 1).unwrap();
            }
            if is_past_the_end {
                break;
            }
        }
    }
    let seen = (crashes, torn, unacknowledged);
    assert!(
        crashes > 500 && torn > 100 && unacknowledged > 20,
        "{seen:?}"
    );
}
