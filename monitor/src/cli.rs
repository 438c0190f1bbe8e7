//! What the user asked for, and how it went.

#[cfg(feature = "live")]
mod ask;
mod completion;
mod config;
#[cfg(feature = "live")]
mod doctor;
mod explain;
#[cfg(feature = "live")]
mod guard;
mod incidents;
mod judge;
mod learn;
mod live;
mod live_line;
mod man;
mod memory;
mod metrics;
mod offer;
mod output;
mod outputs;
mod profile;
mod quantity;
mod record;
mod replay;
mod report;
mod score;
#[cfg(feature = "live")]
mod services;
mod status;
mod support_bundle;
mod syscalls;
mod target;
mod terminal;
#[cfg(feature = "live")]
mod top;
mod usage;
mod version;
mod watch;
mod who;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use monitor::report::remarks;
use monitor::report::sinks::program;

use status::{Exit, Usage};
pub use terminal::{Color, Format, TerminalArgs, columns, complain, print_row, stderr_is_terminal};

/// Watches the system calls of a Linux service live and tells how surprising they are.
///
/// `monitor --pid N` watches running processes, `monitor -- COMMAND` starts one under watch.
#[derive(Debug, Parser)]
#[command(
    name = "monitor",
    version,
    override_usage = "monitor [OPTIONS] --pid PID | --comm NAME | --uid USER | --cgroup PATH | \
                      --all\n       monitor [OPTIONS] -- COMMAND ARGS...\n       monitor \
                      record|learn|profile|replay|explain|report|score|syscalls [OPTIONS] \
                      ...\n       monitor guard|status|services|top|incidents|config [OPTIONS] \
                      ...\n       monitor outputs|doctor|support-bundle|version [OPTIONS] ...",
    after_help = "Exit status: 0 no alarm, 3 at least one alarm (--alarm-exit-code), 4 no alarm \
                  but blind for a time, 1 failure, 2 wrong usage; after -- COMMAND, that of the \
                  command."
)]
struct Cli {
    #[command(flatten)]
    watch: watch::WatchArgs,
    #[command(flatten)]
    terminal: TerminalArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes a recording and scores nothing
    Record(record::RecordArgs),
    /// Learns what a service normally does, from recordings or live, into a profile
    Learn(learn::LearnArgs),
    /// Shows, compares, merges or corrects what was learned
    Profile(profile::ProfileCommand),
    /// Judges what was recorded, without root: recordings, ADFA-LD, strace text, stored alarms
    Replay(replay::ReplayArgs),
    /// Shows a kept alarm again, with the window before and after it; without an id, lists the
    /// latest
    Explain(explain::ExplainArgs),
    /// Shows the incidents of a period by service, as text or as a page
    Report(report::ReportArgs),
    /// Shows the surprise of every call of a sequence, and what was expected instead
    Score(score::ScoreArgs),
    /// Watches every service of the host at once, each by its own profile, which it learns first
    #[cfg(feature = "live")]
    #[command(alias = "run")]
    Guard(guard::GuardArgs),
    /// Shows how a guarded host stands
    #[cfg(feature = "live")]
    Status(ask::AskArgs),
    /// Lists the services of a guarded host, or does something about one
    #[cfg(feature = "live")]
    Services(services::ServicesArgs),
    /// Shows services, threads and incidents on the terminal, as they go on
    #[cfg(feature = "live")]
    Top(top::TopArgs),
    /// Lists, shows, acknowledges and suppresses incidents
    Incidents(incidents::IncidentsArgs),
    /// Checks or shows the configuration of a guarded host
    Config(config::ConfigArgs),
    /// Tries outputs of incidents
    Outputs(output::OutputsCommand),
    /// Checks everything that watching needs, each with its remedy
    #[cfg(feature = "live")]
    Doctor(doctor::DoctorArgs),
    /// Gathers what a report of a defect needs into an archive
    SupportBundle(support_bundle::SupportBundleArgs),
    /// Says what this build is
    Version(version::VersionArgs),
    /// Prints how system calls are mapped to the model's vocabulary
    Syscalls(syscalls::SyscallsArgs),
    /// Runs a program for each line of standard input: the helper of an output
    #[command(hide = true, name = program::HELPER)]
    OutputProgram(output::HelperArgs),
    /// Sends what standard input gives to the journal: the helper of an output
    #[cfg(feature = "live")]
    #[command(hide = true, name = monitor::report::sinks::journal::COMMAND)]
    OutputJournal {
        /// The journal's socket
        path: std::path::PathBuf,
    },
    /// Acts upon incidents as it is asked on standard input: the helper of a guard with actions
    #[cfg(feature = "live")]
    #[command(hide = true, name = monitor::response::helper::COMMAND)]
    ResponseHelper,
    /// Writes the manual pages into a folder
    #[command(hide = true)]
    ManPages {
        /// The folder
        folder: std::path::PathBuf,
    },
    /// Makes the calls that the self-test of doctor counts
    #[cfg(feature = "live")]
    #[command(hide = true, name = monitor::live::doctor::self_test::COMMAND)]
    SelfTestCalls,
}

/// How long the end of the process waits for a standard error that takes nothing.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Does what the arguments of this process say.
pub fn main() -> ExitCode {
    // SAFETY: no thread has been started yet.
    unsafe { monitor::model::runtime::disable_telemetry() };
    memory::keep_large_blocks_apart();
    // Ends here where a shell asks what may follow what was typed.
    clap_complete::CompleteEnv::with_factory(Cli::command)
        .completer("monitor")
        .complete();
    let cli = match parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    terminal::start_logging(cli.terminal.log_level);
    let outcome = match cli.command {
        None => watch::run(cli.watch, cli.terminal),
        Some(Command::Record(args)) => record::run(args),
        Some(Command::Learn(args)) => learn::run(args),
        Some(Command::Profile(command)) => profile::run(command),
        Some(Command::Replay(args)) => replay::run(args, cli.terminal),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Explain(args)) => explain::run(&args, cli.terminal),
        Some(Command::Score(args)) => score::run(&args),
        #[cfg(feature = "live")]
        Some(Command::Guard(args)) => guard::run(&args, cli.terminal),
        #[cfg(feature = "live")]
        Some(Command::Status(args)) => services::status(&args),
        #[cfg(feature = "live")]
        Some(Command::Services(args)) => services::services(&args),
        #[cfg(feature = "live")]
        Some(Command::Top(args)) => top::run(&args, cli.terminal),
        Some(Command::Incidents(args)) => incidents::run(&args),
        Some(Command::Config(args)) => config::run(&args),
        Some(Command::Outputs(command)) => output::run(&command),
        #[cfg(feature = "live")]
        Some(Command::Doctor(args)) => doctor::run(&args),
        Some(Command::SupportBundle(args)) => support_bundle::run(&args),
        Some(Command::Version(args)) => version::run(args),
        Some(Command::Syscalls(args)) => syscalls::run(args),
        Some(Command::OutputProgram(args)) => output::help(&args),
        #[cfg(feature = "live")]
        Some(Command::OutputJournal { path }) => output::send_to_journal(&path),
        #[cfg(feature = "live")]
        Some(Command::ResponseHelper) => guard::act(),
        Some(Command::ManPages { folder }) => man::write(&folder),
        #[cfg(feature = "live")]
        Some(Command::SelfTestCalls) => {
            monitor::live::doctor::self_test::make_calls();
            Ok(Exit::Quiet)
        }
    };
    let exit = outcome.unwrap_or_else(|error| {
        if status::is_closed_output(&error) {
            return Exit::Quiet;
        }
        complain(&status::in_words(&error));
        if error.is::<Usage>() {
            Exit::Usage
        } else {
            Exit::Failure
        }
    });
    remarks::flush(LAST_WORDS);
    exit.into()
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let arguments: Vec<OsString> = arguments.collect();
    let matches = command.try_get_matches_from_mut(&arguments)?;
    if let Some(name) = matches.subcommand_name() {
        let before = arguments.iter().take_while(|it| *it != name);
        let before: Vec<_> = before.map(|it| it.to_string_lossy()).collect();
        // clap would take them and nobody would look at them.
        let stray = matches.ids().find(|id| {
            let is_global = ["log_level", "color"].contains(&id.as_str());
            // A global option of the command itself is listed here too.
            let is_ours = !is_global && command.get_arguments().any(|it| it.get_id() == *id);
            // So is one of the command's that its own commands take, wherever it stands.
            let option = format!("--{}", id.as_str().replace('_', "-"));
            let stands_before = before.iter().any(|it| {
                it.strip_prefix(&option)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
            });
            is_ours
                && stands_before
                && matches.value_source(id.as_str()) == Some(ValueSource::CommandLine)
        });
        if let Some(stray) = stray {
            let option = stray.as_str().replace('_', "-");
            return Err(command.error(
                ErrorKind::ArgumentConflict,
                format!("--{option} stands before {name}: give the options of {name} after it"),
            ));
        }
    }
    Cli::from_arg_matches(&matches)
}

/// Help and version go to standard output; everything else is wrong usage, told in one line.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nobody reads it: nothing is left to do.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<_> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    complain(&usage::told(error, &arguments, &Cli::command()));
    remarks::flush(LAST_WORDS);
    Exit::Usage.into()
}

#[cfg(test)]
mod tests;
