//! `portcullis graph`: who called what, by an audit log.

use std::io;

use clap::{Args, ValueEnum};
use portcullis::anomaly::{CommunicationGraph, GraphView, MonitorPolicy};

use crate::output::{Output, complain};
use crate::watching::{Heard, WatchArgs};
use crate::{Exit, Failure};

/// Draws which agents called which tools, and where their calls led, as an audit log says
///
/// An edge tells how often, how many calls waited for a person, were denied or ended in an error, how long they took and what
/// a monitor would have told about them, whatever was told then. What a log does not hold is not drawn: what agents said to each other is in none, and hosts and
/// mail domains are known from arguments that were kept whole, at the audit level `full`, and are still there. Nothing is
/// verified: `audit verify` does that.
#[derive(Debug, Args)]
pub(crate) struct Graph {
    #[command(flatten)]
    watch: WatchArgs,
    /// As what
    #[arg(long, value_enum, default_value = "mermaid")]
    format: Format,
    /// For about how many agents there is room. Beyond that the one seen longest ago goes
    #[arg(long, value_name = "COUNT", default_value = "4096")]
    agents: usize,
    /// For how many edges of each agent there is room. Beyond that the one used longest ago goes
    #[arg(long, value_name = "COUNT", default_value = "64")]
    edges: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The language of Graphviz
    Dot,
    /// A flowchart for Markdown; at most 500 edges, the ones that matter most
    Mermaid,
    /// One JSON object
    Json,
}

impl Graph {
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let policy = self.watch.monitor_policy()?;
        let builder = CommunicationGraph::builder();
        let graph = builder.agents(self.agents).edges(self.edges).build();
        let mut has_entries = false;
        let read = self.watch.watch(policy.clone(), |heard| {
            match heard {
                Heard::Entry(_, Some(record)) => graph.see(record),
                Heard::Entry(_, None) => {}
                Heard::Alert(alert, _) => graph.alert(alert),
            }
            has_entries = true;
            Ok(())
        });
        // What was seen before an error is drawn; the error is told.
        if read.is_ok() || has_entries {
            self.draw(&graph, &policy, output)
                .map_err(Failure::Output)?;
        }
        read.map(|()| Exit::Fine)
    }

    fn draw(
        &self,
        graph: &CommunicationGraph,
        policy: &MonitorPolicy,
        output: &mut Output,
    ) -> io::Result<()> {
        let view = graph.view(policy);
        warn_of_dropped(&view);
        match self.format {
            Format::Dot => output.text(&view.dot()),
            Format::Mermaid => output.text(&view.mermaid()),
            Format::Json => output.json(&view),
        }
    }
}

fn warn_of_dropped(view: &GraphView) {
    let dropped = view.dropped();
    if dropped.edges > 0 {
        complain(&format_args!(
            "warning: there was no room for {} edges and {} agents: see `--edges` and `--agents`",
            dropped.edges, dropped.agents
        ));
    }
}
