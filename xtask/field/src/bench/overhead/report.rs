//! The figures as tables and as JSON.

use serde::Serialize;

use super::rounds::{Cell, Row};
use super::{Configuration, Options};
use support::machine::Machine;
use support::spread::Spread;

/// All that was measured.
#[derive(Serialize)]
pub struct Report<'a> {
    format: u32,
    machine: Machine,
    command: String,
    rounds: u32,
    seconds: f64,
    figures: Vec<Figures>,
    measured: &'a [Row],
}

/// What is derived for one configuration of a workload.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    workload: &'static str,
    configuration: &'static str,
    /// Nanoseconds an operation, by the clock.
    wall_ns: Spread,
    /// Throughput as a share of that alone, round by round.
    throughput: Option<Spread>,
    /// What it adds to an operation, in units of what the empty program adds, round by round.
    added: Option<Spread>,
    /// The same of the CPU time of what is watched.
    added_cpu: Option<Spread>,
    /// Cores that the tool used itself.
    tool_cores: Spread,
}

impl<'a> Report<'a> {
    pub fn new(options: &Options, measured: &'a [Row]) -> Self {
        let names = |it: Vec<&str>| it.join(",");
        let command = format!(
            "cargo xtask bench overhead --rounds {} --seconds {} --settle {} --workloads {} \
             --configurations {}",
            options.rounds,
            options.seconds,
            options.settle,
            names(options.workloads.iter().map(|it| it.name()).collect()),
            names(options.configurations.iter().map(|it| it.name()).collect()),
        );
        Self {
            format: 1,
            machine: Machine::this(),
            command,
            rounds: options.rounds,
            seconds: options.seconds,
            figures: measured.iter().flat_map(figures).collect(),
            measured,
        }
    }

    /// As the section of a page.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "Measured by `{}` on {}. Medians (first to third quartile) of {} interleaved rounds. \
             *Added* is the time that watching adds to an operation, divided by what the empty \
             program adds in the same round; *added CPU* is the same of the watched processes' own \
             CPU time, which leaves out that the tool may take a CPU away from them.\n",
            self.command,
            self.machine.sentence(),
            self.rounds
        );
        for row in self.measured {
            text += &format!(
                "\n**{}**: {}.\n\n| watched by | time an operation | throughput | added | added \
                 CPU | cores of the tool |\n\
                 | --- | --- | --- | --- | --- | --- |\n",
                row.workload.name(),
                row.workload.operation()
            );
            let mine = |it: &&Figures| it.workload == row.workload.name();
            for (figures, cell) in self.figures.iter().filter(mine).zip(&row.cells) {
                text += &line(cell.configuration.title(), figures);
            }
            for (configuration, why) in &row.not_had {
                text += &format!("| {} | not had: {why} | | | | |\n", configuration.title());
            }
        }
        text
    }
}

fn line(title: &str, it: &Figures) -> String {
    let ratio = |spread: &Option<Spread>, unit: f64, sign: &str| {
        spread.map_or_else(String::new, |s| {
            let shown = |value: f64| format!("{:.*}", digits(value * unit), value * unit);
            format!(
                "{}{sign} ({} to {})",
                shown(s.median),
                shown(s.quartiles[0]),
                shown(s.quartiles[1])
            )
        })
    };
    let (time, unit) = match it.wall_ns.median {
        ns if ns < 10_000.0 => (1.0, "ns"),
        _ => (1e-3, "us"),
    };
    format!(
        "| {title} | {} | {} | {} | {} | {} |\n",
        ratio(&Some(it.wall_ns), time, &format!(" {unit}")),
        ratio(&it.throughput, 100.0, "%"),
        ratio(&it.added, 1.0, "x"),
        ratio(&it.added_cpu, 1.0, "x"),
        if it.tool_cores.highest > 0.0 {
            format!("{:.2}", it.tool_cores.median)
        } else {
            String::new()
        }
    )
}

fn digits(value: f64) -> usize {
    match value.abs() {
        it if it < 10.0 => 2,
        it if it < 100.0 => 1,
        _ => 0,
    }
}

fn figures(row: &Row) -> Vec<Figures> {
    let find = |which| {
        let cell = row.cells.iter().find(|cell| cell.configuration == which);
        cell.map(|cell| &cell.rounds)
    };
    let (alone, empty) = (find(Configuration::Alone), find(Configuration::Empty));
    let of = |cell: &Cell| {
        let rounds = &cell.rounds;
        let throughput = alone.map(|alone| {
            let share = |(a, b): (&_, &_)| wall(a) / wall(b);
            Spread::of(&alone.iter().zip(rounds).map(share).collect::<Vec<_>>())
        });
        let added = |of: fn(&super::subject::Measured) -> f64| {
            let (alone, empty) = (alone?, empty?);
            let rounds = rounds.iter().zip(alone.iter().zip(empty));
            let ratio = |(it, (alone, empty)): (&_, (&_, &_))| {
                (of(it) - of(alone)) / (of(empty) - of(alone))
            };
            Some(Spread::of(&rounds.map(ratio).collect::<Vec<_>>()))
        };
        let watched = cell.configuration != Configuration::Alone;
        Figures {
            workload: row.workload.name(),
            configuration: cell.configuration.name(),
            wall_ns: Spread::of(&rounds.iter().map(wall).collect::<Vec<_>>()),
            throughput: throughput.filter(|_| watched),
            added: added(wall).filter(|_| watched),
            added_cpu: added(|it| it.cpu_ns).filter(|_| watched),
            tool_cores: Spread::of(&cell.tool_cores),
        }
    };
    row.cells.iter().map(of).collect()
}

fn wall(measured: &super::subject::Measured) -> f64 {
    measured.wall_ns
}

#[cfg(test)]
mod tests {
    use super::super::subject::Measured;
    use super::super::workload::Workload;
    use super::{Cell, Configuration, Row, figures};

    #[test]
    fn what_is_added_is_in_units_of_the_empty_program() {
        let cell = |configuration, ns: [f64; 2]| Cell {
            configuration,
            rounds: ns
                .iter()
                .map(|&ns| Measured {
                    wall_ns: ns,
                    cpu_ns: ns,
                })
                .collect(),
            tool_cores: vec![0.0; 2],
        };
        let row = Row {
            workload: Workload::Getppid,
            cells: vec![
                cell(Configuration::Alone, [100.0, 200.0]),
                cell(Configuration::Empty, [140.0, 240.0]),
                cell(Configuration::Pid, [160.0, 260.0]),
            ],
            not_had: Vec::new(),
        };
        let figures = figures(&row);
        let added = figures[2].added.expect("both are there");
        assert_eq!((added.lowest, added.highest), (1.5, 1.5));
        let share = figures[1].throughput.expect("alone is there");
        assert!((share.lowest - 100.0 / 140.0).abs() < 1e-12);
        assert!(figures[0].added.is_none());
    }
}
