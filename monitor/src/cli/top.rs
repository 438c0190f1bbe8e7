//! `monitor top`: the host on the terminal, as it goes on.

mod asking;
mod own;
mod terminal;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use crossbeam_channel::{bounded, select, tick};
use monitor::alarm_log;
use monitor::guard::control;
use monitor::top::draw::Palette;
use monitor::top::state::{Order, Top};

use super::ask::AskArgs;
use super::status::Exit;
use super::{Format, TerminalArgs};
use asking::Asking;
use own::OwnGuard;
use terminal::Screen;

/// Options of `monitor top`.
#[derive(Args, Clone, Debug)]
pub struct TopArgs {
    /// Where the guard's control socket is
    #[arg(long, value_name = "PATH", default_value = control::PLACE, conflicts_with = "start")]
    socket: PathBuf,
    /// Start a guard for as long as this runs; what it learns is forgotten at the end
    #[arg(long)]
    start: bool,
    /// Which services that guard watches, with globs, as in 'unit:nginx*' [default: all]
    #[arg(long = "watch", value_name = "GLOB", requires = "start")]
    watched: Vec<String>,
    /// The log that holds the incidents [default: where a guard of this user keeps it]
    #[arg(long, value_name = "FILE", conflicts_with = "start")]
    alarm_log: Option<PathBuf>,
}

/// How often it is looked whether the run is to end.
const LOOK: Duration = Duration::from_millis(200);

/// Answers and keys that may wait.
const QUEUED: usize = 64;

/// Shows the host until a person quits, or the terminal goes away.
pub fn run(args: &TopArgs, terminal: TerminalArgs) -> Result<Exit> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        bail!("monitor top needs a terminal: use monitor status, services or incidents");
    }
    let kind = std::env::var("TERM").unwrap_or_default();
    if kind.is_empty() || kind == "dumb" {
        bail!(
            "this terminal cannot be drawn on (TERM={}): use monitor status, services or incidents",
            kind.escape_debug()
        );
    }
    let colour = terminal.color().is_on(has_colours(&kind));
    let own = args
        .start
        .then(|| OwnGuard::start(&args.watched))
        .transpose()?;
    let (socket, log) = match &own {
        Some(own) => (own.socket(), Some(own.log())),
        None => {
            let named = args.alarm_log.clone();
            (
                args.socket.clone(),
                named.or_else(|| alarm_log::place().ok()),
            )
        }
    };
    let ask = AskArgs::new(socket, Format::Json);
    if own.is_none() {
        // Said plainly, before anything is drawn.
        if let Err(error) = ask.status() {
            bail!(
                "{error:#}; start one by systemctl start monitor or monitor guard, or give --start"
            );
        }
    }
    let (tell, news) = bounded(QUEUED);
    let asking = Asking::start(ask, log, tell)?;
    let mut screen = Screen::open(Palette { colour })?;
    let keys = terminal::keys(QUEUED)?;
    let looks = tick(LOOK);
    let mut top = Top::default();
    loop {
        match screen.draw(&mut top) {
            // Nobody is there to be shown anything.
            Err(error) if terminal::is_gone(&error) => return Ok(Exit::Quiet),
            drawn => drawn?,
        }
        select! {
            recv(news) -> it => match it {
                Ok(it) => top.hear(it),
                Err(_) => bail!("the thread that asks the guard has ended"),
            },
            recv(keys) -> key => {
                // The terminal is gone when there are no more keys.
                let Ok(key) = key else { return Ok(Exit::Quiet) };
                match key.and_then(|it| top.press(it)) {
                    Some(Order::Quit) => return Ok(Exit::Quiet),
                    Some(order) => asking.order(order),
                    None => {}
                }
            }
            recv(looks) -> _ => {
                if terminal::is_told_to_end() {
                    return Ok(Exit::Quiet);
                }
                if let Some(own) = &own {
                    own.check()?;
                }
            }
        }
    }
}

/// Whether a terminal of this kind has colours: those of vt52 to vt525 have none, nor do those that
/// say so.
fn has_colours(kind: &str) -> bool {
    let is_vt = kind
        .strip_prefix("vt")
        .is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()));
    !is_vt && !kind.ends_with("-m") && !kind.ends_with("-mono")
}

#[cfg(test)]
mod tests {
    use super::has_colours;

    #[test]
    fn a_terminal_says_by_its_name_that_it_has_no_colours() {
        for with in ["xterm-256color", "screen", "linux", "tmux", "vte"] {
            assert!(has_colours(with), "{with}");
        }
        for without in ["vt100", "vt220", "xterm-mono", "ansi-m"] {
            assert!(!has_colours(without), "{without}");
        }
    }
}
