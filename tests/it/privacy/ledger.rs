//! The ledger in real directories: threads, restarts, kills, and budgets that change.

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::privacy::{
    Adjacency, Budget, BudgetPlan, Charge, ChargeError, Cost, Count, DataSubject, Delta, Epsilon,
    Exponential, Filter, Gaussian, Histogram, Laplace, Ledger, LedgerError, LedgerOptions, Limit,
    PartitionName, Rho, Scope, Votes,
};

use crate::child::work_and_kill;
use crate::folder::Folder;

fn tickets() -> PartitionName {
    "tickets".parse().unwrap()
}

fn rho(value: f64) -> Budget {
    Budget::zcdp(Rho::new(value).unwrap(), Delta::ZERO)
}

fn within(filter: Filter, epsilon: f64) -> Budget {
    Budget::within(filter, Epsilon::new(epsilon).unwrap(), Delta::default()).unwrap()
}

fn plan(budget: Budget) -> BudgetPlan {
    BudgetPlan::new(budget).partition(tickets(), budget)
}

/// A choice that costs a rho of 1/8.
fn cost() -> Cost {
    cost_of(1.0)
}

fn cost_of(epsilon: f64) -> Cost {
    let mechanism = Exponential::new(Votes.range(), Epsilon::new(epsilon).unwrap());
    mechanism.unwrap().cost()
}

fn charge() -> Charge {
    Charge::new(Scope::Partition(tickets()), cost())
}

fn spend_all(ledger: &Ledger, charge: &Charge) -> usize {
    (0..).take_while(|_| ledger.spend(charge).is_ok()).count()
}

fn is_over_budget<T>(result: &Result<T, LedgerError>) -> bool {
    matches!(result, Err(LedgerError::Charge(ChargeError::OverBudget(_))))
}

/// Fault 5 of the naive design: epsilon is added to a counter that refuses nothing and forgets on restart.
#[test]
fn naive_counter_refuses_nothing_and_forgets_on_restart() {
    let folder = Folder::new();
    let ledger = Ledger::open(folder.path(), plan(rho(1.01))).unwrap();
    assert_eq!(spend_all(&ledger, &charge()), 8);
    drop(ledger);
    let ledger = Ledger::open(folder.path(), plan(rho(1.01))).unwrap();
    let refused = ledger.spend(&charge());
    assert!(is_over_budget(&refused), "{refused:?}");
    // Smaller ones still fit.
    let small = Charge::new(*charge().scope(), cost_of(0.25));
    ledger.spend(&small).unwrap();
}

/// How many Gaussian releases of (1, 1e-6) a budget of (10, 1e-6) holds: the counter of the naive design counts 10.
#[test]
fn composition_is_counted_as_it_is() {
    let each = Gaussian::new(Count.l2(), Epsilon::new(1.0).unwrap(), Delta::default()).unwrap();
    let charge = Charge::new(Scope::Partition(tickets()), each.cost());
    for (filter, releases) in [(Filter::Gdp, 60), (Filter::Zcdp, 54)] {
        let ledger = Ledger::that_forgets(plan(within(filter, 10.0))).unwrap();
        assert_eq!(spend_all(&ledger, &charge), releases, "{filter}");
        let statement = ledger.statement(None, Delta::default()).unwrap().unwrap();
        assert!(statement.spent() <= statement.budget());
        assert!(
            (9.99..10.001).contains(&statement.budget().value()),
            "{statement}"
        );
    }
}

#[test]
fn threads_race_for_the_last_of_the_budget() {
    let folder = Folder::new();
    let plan = || plan(rho(0.125 * 37.0 + 0.01));
    for ledger in [
        Ledger::that_forgets(plan()).unwrap(),
        Ledger::open(folder.path(), plan()).unwrap(),
    ] {
        let charged = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| charged.fetch_add(spend_all(&ledger, &charge()), Ordering::Relaxed));
            }
        });
        assert_eq!(charged.into_inner(), 37);
    }
}

#[test]
fn a_subject_pays_for_its_own_record_and_everyone_for_an_aggregate() {
    let folder = Folder::new();
    let profiles: PartitionName = "profiles".parse().unwrap();
    let plan = || {
        BudgetPlan::new(rho(1.01))
            .partition_of_subjects(profiles, rho(0.76), rho(0.38))
            .most_subjects(2)
    };
    let own = |who| Charge::new(Scope::Subject(profiles, DataSubject::new(who)), cost());
    let everyone = Charge::new(Scope::Partition(profiles), cost());
    let ledger = Ledger::open(folder.path(), plan()).unwrap();
    assert_eq!(spend_all(&ledger, &own("ann")), 3);
    assert!(is_over_budget(&ledger.spend(&own("ann"))));
    // Three eighths are left for everyone, since Ann has lost three.
    assert_eq!(spend_all(&ledger, &everyone), 3);
    assert_eq!(spend_all(&ledger, &own("bob")), 3);
    let more = ledger.spend(&own("eve"));
    assert!(
        matches!(
            more,
            Err(LedgerError::Charge(ChargeError::TooManySubjects {
                most: 2
            }))
        ),
        "{more:?}"
    );
    drop(ledger);
    let ledger = Ledger::open(folder.path(), plan()).unwrap();
    assert!(is_over_budget(&ledger.spend(&own("bob"))));
    assert!(is_over_budget(&ledger.spend(&everyone)));
}

/// There is nothing that takes a subject out: who is forgotten and comes back has lost what was lost.
#[test]
fn a_forgotten_subject_keeps_its_spend() {
    let folder = Folder::new();
    let profiles: PartitionName = "profiles".parse().unwrap();
    let open = |most| {
        let plan = BudgetPlan::new(rho(1.01)).partition_of_subjects(profiles, rho(1.01), rho(0.3));
        Ledger::open(folder.path(), plan.most_subjects(most)).unwrap()
    };
    let own = |who| Charge::new(Scope::Subject(profiles, DataSubject::new(who)), cost());
    for who in ["ann", "bob"] {
        assert_eq!(spend_all(&open(2), &own(who)), 2);
    }
    // Nobody holds anything of them but the ledger, which has room for fewer now and drops none.
    let ledger = open(1);
    for who in ["ann", "bob"] {
        assert!(is_over_budget(&ledger.spend(&own(who))), "{who}");
    }
    let other = ledger.spend(&own("eve"));
    assert!(
        matches!(
            other,
            Err(LedgerError::Charge(ChargeError::TooManySubjects {
                most: 1
            }))
        ),
        "{other:?}"
    );
}

#[test]
fn budgets_are_lowered_on_record_and_never_raised() {
    let folder = Folder::new();
    let open = |budget| Ledger::open(folder.path(), plan(budget));
    let ledger = open(rho(1.01)).unwrap();
    assert_eq!(
        (0..3).filter(|_| ledger.spend(&charge()).is_ok()).count(),
        3
    );
    drop(ledger);
    let ledger = open(rho(0.51)).unwrap();
    assert_eq!(spend_all(&ledger, &charge()), 1);
    drop(ledger);
    let Err(LedgerError::Raised(raised)) = open(rho(1.01)) else {
        panic!()
    };
    assert_eq!((raised.limit, raised.wanted), (Limit::Overall, rho(1.01)));
    // Below what is spent already: nothing is left.
    let ledger = open(rho(0.2)).unwrap();
    assert!(is_over_budget(&ledger.spend(&charge())));
    drop(ledger);
    let other = Ledger::open(folder.path(), plan(within(Filter::Gdp, 0.1)));
    assert!(
        matches!(other, Err(LedgerError::OtherFilter { .. })),
        "{other:?}"
    );
}

/// What hides whether a record is there costs less than what hides which value it has, and must not pay for that.
#[test]
fn a_cost_for_other_neighbours_is_refused() {
    let bins = |adjacency| {
        let mechanism = Laplace::new(Histogram.l1(adjacency), Epsilon::new(0.1).unwrap());
        Charge::new(*charge().scope(), mechanism.unwrap().cost())
    };
    let folder = Folder::new();
    let open = |adjacency| Ledger::open(folder.path(), plan(rho(1.0)).neighbours(adjacency));
    let ledger = open(Adjacency::ReplaceOne).unwrap();
    ledger.spend(&bins(Adjacency::ReplaceOne)).unwrap();
    let refused = ledger.spend(&bins(Adjacency::AddRemove));
    assert!(
        matches!(
            refused,
            Err(LedgerError::Charge(ChargeError::OtherNeighbours))
        ),
        "{refused:?}"
    );
    drop(ledger);
    let other = open(Adjacency::AddRemove);
    assert!(
        matches!(other, Err(LedgerError::OtherNeighbours { .. })),
        "{other:?}"
    );
    let ledger = Ledger::that_forgets(plan(rho(1.0)).neighbours(Adjacency::AddRemove)).unwrap();
    for adjacency in [Adjacency::ReplaceOne, Adjacency::AddRemove] {
        ledger.spend(&bins(adjacency)).unwrap();
    }
}

#[test]
fn a_partition_that_is_no_more_declared_keeps_what_was_spent() {
    let folder = Folder::new();
    let other: PartitionName = "other".parse().unwrap();
    let both = || plan(rho(1.01)).partition(other, rho(1.01));
    let ledger = Ledger::open(folder.path(), both()).unwrap();
    assert_eq!(spend_all(&ledger, &charge()), 8);
    drop(ledger);
    let only = BudgetPlan::new(rho(1.01)).partition(other, rho(1.01));
    let ledger = Ledger::open(folder.path(), only).unwrap();
    let closed = ledger.spend(&charge());
    assert!(
        matches!(
            closed,
            Err(LedgerError::Charge(ChargeError::UnknownPartition { .. }))
        ),
        "{closed:?}"
    );
    drop(ledger);
    let ledger = Ledger::open(folder.path(), both()).unwrap();
    assert!(is_over_budget(&ledger.spend(&charge())));
}

#[test]
fn plans_that_contradict_themselves_are_errors() {
    let twice = plan(rho(1.0)).partition(tickets(), rho(0.5));
    assert!(matches!(
        Ledger::that_forgets(twice),
        Err(LedgerError::PartitionTwice { .. })
    ));
    let mixed = BudgetPlan::new(rho(1.0)).partition(tickets(), within(Filter::Gdp, 1.0));
    assert!(matches!(
        Ledger::that_forgets(mixed),
        Err(LedgerError::OtherFilter { .. })
    ));
    let names = (0..65).map(|n| format!("p{n}").parse().unwrap());
    let many = names.fold(BudgetPlan::new(rho(1.0)), |plan, name| {
        plan.partition(name, rho(1.0))
    });
    assert!(matches!(
        Ledger::that_forgets(many),
        Err(LedgerError::TooManyPartitions { most: 64 })
    ));
}

#[test]
fn a_ledger_that_was_rolled_back_shows_against_its_head() {
    let folder = Folder::new();
    let path = folder.path().join("ledger");
    let ledger = Ledger::open(&path, plan(rho(1.01))).unwrap();
    ledger.spend(&charge()).unwrap();
    drop(ledger);
    let copy = folder.path().join("copy");
    copy_files(&path, &copy);
    let ledger = Ledger::open(&path, plan(rho(1.01))).unwrap();
    ledger.spend(&charge()).unwrap();
    let head = ledger.head().unwrap();
    assert_eq!(head.to_string().parse(), Ok(head));
    drop(ledger);
    let open = |path| LedgerOptions::new(plan(rho(1.01))).kept(head).open(path);
    open(&path).unwrap();
    let rolled_back = open(&copy);
    assert!(
        matches!(rolled_back, Err(LedgerError::NotGrown { records: 4 })),
        "{rolled_back:?}"
    );
    // Without it, nothing could tell: that is for whoever owns the disk to know.
    let ledger = Ledger::open(&copy, plan(rho(1.01))).unwrap();
    // A ledger of another history, as long.
    ledger
        .spend(&Charge::new(*charge().scope(), cost_of(0.5)))
        .unwrap();
    drop(ledger);
    assert!(matches!(open(&copy), Err(LedgerError::NotGrown { .. })));
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[test]
fn a_second_writer_is_refused() {
    let folder = Folder::new();
    let _first = Ledger::open(folder.path(), plan(rho(1.0))).unwrap();
    let second = Ledger::open(folder.path(), plan(rho(1.0)));
    assert!(matches!(second, Err(LedgerError::InUse)));
}

const CHILD: &str = "PORTCULLIS_TEST_LEDGER";

/// What the child process does: it tells of each release, after it was charged, until it is killed or the budget is spent.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(CHILD) else {
        return;
    };
    let ledger = Ledger::open(directory, plan(big())).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while ledger.spend(&charge()).is_ok() {
                    writeln!(std::io::stdout(), "released").unwrap();
                }
            });
        }
    });
}

fn big() -> Budget {
    rho(0.125 * 2000.0 + 0.01)
}

#[test]
fn killed_again_and_again_it_never_releases_more_than_the_budget() {
    let folder = Folder::new();
    let mut released = 0;
    let mut rounds = 0;
    while rounds < 200 {
        let told = work_and_kill(
            "privacy::ledger::child",
            (CHILD, folder.path()),
            "released",
            Duration::from_millis(7 * (rounds % 9)),
        );
        let more = told.len();
        released += more;
        rounds += 1;
        if more == 0 && released > 500 {
            break;
        }
    }
    let opened = Ledger::open(folder.path(), plan(big()));
    if let Err(LedgerError::Torn { .. }) = opened {
        // A kill can cut a write off where a page of memory ends. What was torn may have been a charge, so all is spent.
        let options = LedgerOptions::new(plan(big())).accept_loss();
        let ledger = options.open(folder.path()).unwrap();
        assert!(released <= 2000, "{released}");
        assert_eq!(spend_all(&ledger, &charge()), 0);
        return;
    }
    let ledger = opened.unwrap();
    let left = spend_all(&ledger, &charge());
    assert!(released + left <= 2000, "{released} and {left}");
    assert!(released > 500, "{released} in {rounds} rounds");
    // Each kill costs at most what three threads were about to release.
    assert!(
        released + left + 3 * rounds as usize >= 2000,
        "{released} and {left}, {rounds} rounds"
    );
}

/// As the documentation of `Filter` says.
#[test]
fn a_small_budget_has_room_for_less_than_its_epsilon() {
    let ledger = Ledger::that_forgets(plan(within(Filter::Zcdp, 1.0))).unwrap();
    let most = ledger.remaining(charge().scope()).unwrap().laplace();
    assert!((0.22..0.23).contains(&most.value()), "{}", most.value());
}
