//! The commands of this crate.

use std::process::ExitCode;

use crate::{bench, kernels, scenarios};

/// The commands of this crate.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Learn, watch and attack real services, and report on it (root).
    Scenarios(scenarios::Options),
    /// Boot other kernels in an emulator, with checks of what the monitor sees there.
    Kernels(kernels::Options),
    /// Measure speed.
    #[command(subcommand)]
    Bench(bench::Bench),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// What the command cannot do without.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Scenarios(options) => scenarios::command(&options)?,
            Self::Kernels(options) => return kernels::command(&options),
            Self::Bench(bench) => bench.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use clap::Subcommand;
    use xtask::delegate::COMMANDS;

    fn of<C: Subcommand>(package: &str) -> Vec<(String, String)> {
        let commands = C::augment_subcommands(clap::Command::new("xtask"));
        let names = commands.get_subcommands().map(|command| command.get_name());
        names
            .map(|name| (package.to_owned(), name.to_owned()))
            .collect()
    }

    #[test]
    fn cargo_xtask_knows_every_command_of_the_other_crates_and_its_package() {
        let mut there = of::<super::Command>("xtask-field");
        there.extend(of::<evaluation::Command>("xtask-evaluation"));
        there.extend(of::<trainer::Command>("xtask-trainer"));
        let known = COMMANDS.map(|known| (known.package.to_owned(), known.name.to_owned()));
        let mut known = known.to_vec();
        there.sort();
        known.sort();
        assert_eq!(known, there);
    }
}
