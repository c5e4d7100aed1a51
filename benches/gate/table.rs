//! The one table at the end.

/// What a figure should be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// Only told.
    None,
}

/// Lines in the order in which they were added.
#[derive(Default)]
pub(crate) struct Table(Vec<String>);

impl Table {
    /// Nanoseconds, those of the floor, and the ratio of the two as it was measured.
    pub(crate) fn ratio(&mut self, what: &str, [measured, floor, ratio]: [f64; 3], goal: Goal) {
        let line = format!(
            "{what} | {} | {} | {ratio:.2} | {}",
            show(measured),
            show(floor),
            goal.show(ratio)
        );
        self.0.push(line);
    }

    /// A count or a size, such as of allocations.
    pub(crate) fn count(&mut self, what: &str, count: f64, goal: Goal) {
        self.0.push(format!(
            "{what} | {} | | | {}",
            show(count),
            goal.show(count)
        ));
    }

    pub(crate) fn print(&self) {
        println!(
            "\n| what | measured, ns | floor, ns | ratio | goal | |\n|---|--:|--:|--:|--:|---|"
        );
        self.0.iter().for_each(|line| println!("| {line} |"));
        let over = self
            .0
            .iter()
            .filter(|line| line.ends_with("| over"))
            .count();
        println!("\n{over} of {} over their goals", self.0.len());
    }
}

impl Goal {
    fn show(self, figure: f64) -> String {
        let (goal, holds) = match self {
            Self::AtMost(most) => (format!("≤ {}", show(most)), figure <= most),
            Self::AtLeast(least) => (format!("≥ {}", show(least)), figure >= least),
            Self::None => return "| ".to_owned(),
        };
        format!("{goal} | {}", if holds { "ok" } else { "over" })
    }
}

fn show(figure: f64) -> String {
    if figure.abs() >= 1000.0 || figure == 0.0 {
        format!("{figure:.0}")
    } else {
        format!("{figure:.1}")
    }
}
