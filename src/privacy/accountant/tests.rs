//! The accountant against a naive one that adds everything up anew for every question.

pub(in crate::privacy) mod amounts;
mod exact;
mod reals;

use proptest::prelude::*;

use super::*;
use crate::privacy::{Adjacency, Cost, Delta};

const NAMES: [&str; 2] = ["tickets", "profiles"];

fn name(index: usize) -> PartitionName {
    NAMES[index].parse().unwrap()
}

fn units(loss: u128, delta: u128) -> Spend {
    Spend {
        loss: Amount::from_units(loss),
        delta: Amount::from_units(delta),
    }
}

/// Overall 100, one partition without and one with releases of a subject's own record.
fn accounts() -> Accounts {
    let mut accounts = Accounts::new(Filter::Zcdp, Adjacency::ReplaceOne, units(100, 100), 3);
    accounts.add_partition(name(0), units(70, 90), None);
    accounts.add_partition(name(1), units(60, 60), Some(units(30, 50)));
    accounts
}

/// One charge, in units.
#[derive(Clone, Copy, Debug)]
struct Step {
    partition: usize,
    subject: Option<u8>,
    price: Spend,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..2_usize,
        prop::option::of(0..4_u8),
        0..40_u128,
        0..40_u128,
    );
    let step = step.prop_map(|(partition, subject, loss, delta)| Step {
        partition,
        subject,
        price: units(loss, delta),
    });
    prop::collection::vec(step, 0..30)
}

impl Step {
    fn approved(&self) -> Approved {
        Approved {
            partition: self.partition as u16,
            subject: self.subject.map(subject),
            price: self.price,
        }
    }
}

fn subject(number: u8) -> DataSubject {
    DataSubject::new(&number.to_string())
}

/// All accepted charges, nothing else.
#[derive(Default)]
struct Naive(Vec<Step>);

impl Naive {
    fn sum(&self, of: impl Fn(&Step) -> bool) -> (u128, u128) {
        let steps = self.0.iter().filter(|step| of(step));
        steps.fold((0, 0), |(loss, delta), step| {
            (
                loss + step.price.loss.units(),
                delta + step.price.delta.units(),
            )
        })
    }

    /// Whether every subject, also one of which nothing was released, has lost no more than every budget says.
    fn holds(&self) -> bool {
        let within =
            |(loss, delta): (u128, u128), limit: (u128, u128)| loss <= limit.0 && delta <= limit.1;
        (0..5_u8).all(|who| {
            let loses = |step: &Step| step.subject.is_none_or(|subject| subject == who);
            within(self.sum(loses), (100, 100))
                && within(
                    self.sum(|step| step.partition == 0 && loses(step)),
                    (70, 90),
                )
                && within(
                    self.sum(|step| step.partition == 1 && loses(step)),
                    (60, 60),
                )
                && within(
                    self.sum(|step| step.partition == 1 && step.subject == Some(who)),
                    (30, 50),
                )
        })
    }

    fn takes(&mut self, step: Step) -> bool {
        if step.subject.is_some() && step.partition == 0 {
            return false;
        }
        let mut known: Vec<u8> = self.0.iter().filter_map(|step| step.subject).collect();
        known.extend(step.subject);
        known.sort_unstable();
        known.dedup();
        if known.len() > 3 {
            return false;
        }
        self.0.push(step);
        let holds = self.holds();
        if !holds {
            self.0.pop();
        }
        holds
    }
}

fn check(accounts: &Accounts, step: &Step) -> Result<Approved, ChargeError> {
    let scope = match step.subject {
        Some(number) => Scope::Subject(name(step.partition), subject(number)),
        None => Scope::Partition(name(step.partition)),
    };
    accounts.check_price(&scope, step.price)
}

proptest! {
    #[test]
    fn it_decides_as_one_that_adds_up_everything_anew(steps in steps()) {
        let (mut accounts, mut naive) = (accounts(), Naive::default());
        for step in steps {
            let checked = check(&accounts, &step);
            prop_assert_eq!(checked.is_ok(), naive.takes(step), "{:?}: {:?}", step, checked);
            if let Ok(approved) = checked {
                prop_assert_eq!(approved, step.approved());
                prop_assert!(accounts.add(&approved));
            }
            prop_assert!(naive.holds());
        }
    }

    /// What is refused costs nothing, and what is left always fits.
    #[test]
    fn what_is_left_fits_and_no_more(steps in steps(), partition in 0..2_usize) {
        let mut accounts = accounts();
        for step in steps {
            if let Ok(approved) = check(&accounts, &step) {
                accounts.add(&approved);
            }
        }
        let left = accounts.remaining(&Scope::Partition(name(partition))).unwrap();
        let all = Step {
            partition,
            subject: None,
            price: Spend { loss: left.loss(), delta: left.delta() },
        };
        prop_assert!(check(&accounts, &all).is_ok());
        for (loss, delta) in [(1, 0), (0, 1)] {
            let price = all.price.plus(units(loss, delta));
            let more = check(&accounts, &Step { price, ..all });
            let Err(ChargeError::OverBudget(over)) = more else { panic!("{more:?}") };
            prop_assert_eq!(over.requested, over.remaining.saturating_plus(Amount::from_units(1)));
        }
    }

    #[test]
    fn the_order_of_charges_does_not_matter(steps in steps(), seed in any::<u64>()) {
        let fits: Vec<Step> = {
            let mut naive = Naive::default();
            steps.into_iter().filter(|step| naive.takes(*step)).collect()
        };
        let mut shuffled = fits.clone();
        let count = shuffled.len().max(1);
        for index in 0..shuffled.len() {
            shuffled.swap(index, (seed as usize).wrapping_mul(index + 7) % count);
        }
        let (mut one, mut other) = (accounts(), accounts());
        for (first, second) in fits.iter().zip(&shuffled) {
            prop_assert!(check(&one, first).is_ok() && check(&other, second).is_ok());
            one.add(&first.approved());
            other.add(&second.approved());
        }
        for index in 0..2 {
            let scope = Scope::Partition(name(index));
            prop_assert_eq!(one.remaining(&scope), other.remaining(&scope));
        }
    }
}

fn charge(loss: f64) -> Charge {
    // A pure epsilon of the exponential mechanism, of which rho is an eighth of the square.
    Charge::new(
        Scope::Partition(name(0)),
        Cost::exponential((8.0 * loss).sqrt()),
    )
}

fn with_budget(rho: f64) -> Accounts {
    let budget = Budget::zcdp(crate::privacy::Rho::new(rho).unwrap(), Delta::ZERO).limit();
    let mut accounts = Accounts::new(Filter::Zcdp, Adjacency::ReplaceOne, budget, 3);
    accounts.add_partition(name(0), budget, None);
    accounts
}

#[test]
fn a_quote_is_what_is_charged_and_charges_nothing() {
    let mut accounts = with_budget(1.0);
    let before = accounts.remaining(charge(0.1).scope()).unwrap();
    let quote = accounts.quote(&[charge(0.1), charge(0.2)]).unwrap();
    assert_eq!(accounts.remaining(charge(0.1).scope()).unwrap(), before);
    let mut total = Spend::default();
    for charge in [charge(0.1), charge(0.2)] {
        let approved = accounts.check(&charge).unwrap();
        accounts.add(&approved);
        total = total.plus(approved.price);
    }
    assert_eq!((quote.loss(), quote.delta()), (total.loss, total.delta));
    assert!(accounts.quote(&[charge(0.4), charge(0.4)]).is_err());
    assert!(accounts.quote(&[charge(0.4)]).is_ok());
}

/// So small a charge that a float would lose it is still one, and after the budget is used up it is refused.
#[test]
fn no_charge_is_too_small_to_count() {
    let mut accounts = with_budget(0.5);
    let left = accounts.remaining(charge(0.1).scope()).unwrap();
    accounts.add(&Approved {
        partition: 0,
        subject: None,
        price: Spend {
            loss: left.loss(),
            delta: Amount::ZERO,
        },
    });
    let tiny = Charge::new(
        Scope::Partition(name(0)),
        Cost::laplace(f64::MIN_POSITIVE / 8.0),
    );
    let Err(ChargeError::OverBudget(over)) = accounts.check(&tiny) else {
        panic!()
    };
    assert_eq!((over.requested.units(), over.remaining), (1, Amount::ZERO));
    let nothing = Charge::new(Scope::Partition(name(0)), Cost::laplace(0.0));
    assert!(accounts.check(&nothing).is_ok());
}

#[test]
fn what_is_affordable_is_accepted_and_hardly_more_is() {
    let accounts = with_budget(0.3);
    let left = accounts.remaining(charge(0.1).scope()).unwrap();
    let scope = Scope::Partition(name(0));
    for (affordable, cost) in [
        (left.laplace().value(), Cost::laplace as fn(f64) -> Cost),
        (left.exponential().value(), Cost::exponential),
    ] {
        assert!(affordable > 0.5);
        assert!(
            accounts
                .check(&Charge::new(scope, cost(affordable)))
                .is_ok()
        );
        let more = Charge::new(scope, cost(affordable * (1.0 + 1e-9)));
        assert!(accounts.check(&more).is_err());
    }
    let gaussian = left.gaussian(crate::privacy::Count.l2()).unwrap();
    assert!(accounts.check(&Charge::new(scope, gaussian.cost())).is_ok());
}

#[test]
fn a_cost_that_is_no_number_is_beyond_every_budget() {
    let accounts = with_budget(1e14);
    for epsilon in [f64::NAN, f64::INFINITY, -1.0] {
        let charge = Charge::new(Scope::Partition(name(0)), Cost::laplace(epsilon));
        assert!(accounts.check(&charge).is_err(), "{epsilon}");
    }
    let many = charge(1e-3).times(std::num::NonZeroU32::MAX);
    assert!(with_budget(1.0).check(&many).is_err());
}

#[test]
fn charging_everyone_allocates_nothing() {
    let mut accounts = with_budget(1e6);
    let charge = charge(1e-3);
    let used = allocation_counter::measure(|| {
        for _ in 0..1000 {
            let approved = accounts.check(&charge).unwrap();
            accounts.add(&approved);
        }
    });
    assert_eq!((used.count_total, used.bytes_total), (0, 0));
}

#[test]
fn a_refusal_says_what_was_asked_what_is_spent_and_what_is_left() {
    let mut accounts = with_budget(0.5);
    let approved = accounts.check(&charge(0.25)).unwrap();
    accounts.add(&approved);
    let refused = accounts.check(&charge(0.375)).unwrap_err().to_string();
    assert!(
        refused.starts_with("the budget of `tickets` has rho 0.2499"),
        "{refused}"
    );
    assert!(
        refused.contains("0.25") && refused.contains("0.375"),
        "{refused}"
    );
    assert!(accounts.check(&charge(0.2)).is_ok());
}
