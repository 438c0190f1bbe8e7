//! The terminal: its screen, its keys, and its end.

use std::io::{self, Stdout, stdout};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use anyhow::{Context as _, Result};
use crossbeam_channel::{Receiver, bounded};
use monitor::live::signals::is_ignored;
use monitor::top::draw::{Palette, draw};
use monitor::top::state::{Key, Top};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A signal told the run to end.
static TOLD: AtomicBool = AtomicBool::new(false);

extern "C" fn tell(_: libc::c_int) {
    TOLD.store(true, Relaxed);
}

/// Whether a signal told the run to end.
pub fn is_told_to_end() -> bool {
    TOLD.load(Relaxed)
}

/// The screen; the terminal is as it was before when this ends, also by a panic.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    palette: Palette,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be set up.
    pub fn open(palette: Palette) -> Result<Self> {
        for signal in [Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT] {
            if is_ignored(signal as libc::c_int) {
                continue;
            }
            let action = SigAction::new(
                SigHandler::Handler(tell),
                SaFlags::SA_RESTART,
                SigSet::empty(),
            );
            // SAFETY: the handler only stores into an atomic, which is safe in a signal handler.
            unsafe { sigaction(signal, &action) }.context("signals cannot be heeded")?;
        }
        // Its own hook for panics puts the terminal right before the message.
        let terminal = ratatui::try_init().context("the terminal cannot be set up")?;
        Ok(Self { terminal, palette })
    }

    /// Draws what is on the screen.
    ///
    /// # Errors
    /// When the terminal takes nothing.
    pub fn draw(&mut self, top: &mut Top) -> io::Result<()> {
        let palette = self.palette;
        self.terminal
            .draw(|frame| draw(frame, top, palette))
            .map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The hook for panics did it: to leave the screen once more puts the cursor back to before
        // the message, which is then written over.
        if thread::panicking() {
            return;
        }
        // A terminal that is gone needs nothing.
        let _ = ratatui::try_restore();
    }
}

/// Whether an error says that the terminal went away.
pub fn is_gone(error: &io::Error) -> bool {
    let gone = [
        libc::EIO,
        libc::ENXIO,
        libc::ENODEV,
        libc::EBADF,
        libc::EPIPE,
    ];
    error.raw_os_error().is_some_and(|it| gone.contains(&it))
        || !nix::unistd::isatty(stdout()).unwrap_or(false)
}

/// Keys as they are pressed; `None` where only the size changed. It ends when the terminal does.
///
/// # Errors
/// When the thread that reads them cannot be started.
pub fn keys(queued: usize) -> io::Result<Receiver<Option<Key>>> {
    let (tell, keys) = bounded(queued);
    // Reading from a terminal that is gone may never return: the run does not wait for this thread.
    thread::Builder::new().name("keys".into()).spawn(move || {
        while let Ok(event) = event::read() {
            let key = match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => match of(key) {
                    Some(key) => Some(key),
                    None => continue,
                },
                Event::Resize(..) => None,
                _ => continue,
            };
            if tell.send(key).is_err() {
                return;
            }
        }
    })?;
    Ok(keys)
}

fn of(key: KeyEvent) -> Option<Key> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c' | 'd') if control => Key::Interrupt,
        KeyCode::Char(_) if control || key.modifiers.contains(KeyModifiers::ALT) => return None,
        KeyCode::Char(letter) => Key::Letter(letter),
        KeyCode::F(number) => Key::Function(number),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    mod needs_tmux {
        use std::fs;
        use std::path::Path;
        use std::process::Command;
        use std::time::{Duration, Instant};

        use monitor::top::draw::Palette;
        use ratatui::crossterm::terminal::is_raw_mode_enabled;

        use super::super::Screen;

        /// Set for the same test in a terminal, which panics there.
        const INSIDE: &str = "MONITOR_TEST_PANICS_IN_THIS_TERMINAL";

        fn panic_in_this_terminal() -> ! {
            let mut screen = Screen::open(Palette { colour: false }).expect("a terminal");
            let drawn = screen
                .terminal
                .draw(|frame| frame.render_widget("drawn over the screen", frame.area()));
            drawn.expect("a terminal");
            assert!(is_raw_mode_enabled().expect("a terminal"));
            panic!("this is why");
        }

        fn tmux(folder: &Path, arguments: &[&str]) -> String {
            let ran = Command::new("tmux")
                .arg("-S")
                .arg(folder.join("tmux"))
                .args(arguments)
                .current_dir(folder)
                .env_remove("TMUX")
                .output()
                .expect("tmux");
            String::from_utf8_lossy(&ran.stdout).trim().to_owned()
        }

        #[test]
        #[ignore = "needs tmux"]
        fn a_panic_gives_the_terminal_back_before_it_says_why() {
            if std::env::var_os(INSIDE).is_some() {
                panic_in_this_terminal();
            }
            let folder = tempfile::tempdir().expect("a folder");
            let folder = folder.path();
            let this = std::env::current_exe().expect("a test is a file");
            let module = module_path!().split_once("::").expect("in a module").1;
            let inside = format!(
                "stty -g > before; RUST_BACKTRACE=0 {INSIDE}=1 {} --ignored --nocapture --exact \
                 {module}::a_panic_gives_the_terminal_back_before_it_says_why; \
                 stty -g > now; mv now after; cat",
                this.display()
            );
            let size = ["-x", "80", "-y", "24"];
            let session = [
                &["-f", "/dev/null", "new-session", "-d"],
                &size[..],
                &[&inside],
            ];
            tmux(folder, &session.concat());
            let until = Instant::now() + Duration::from_secs(60);
            while !folder.join("after").exists() {
                let screen = tmux(folder, &["capture-pane", "-p"]);
                assert!(Instant::now() < until, "{screen}");
                std::thread::sleep(Duration::from_millis(50));
            }
            let flags = "#{alternate_on} #{cursor_flag}";
            let flags = tmux(folder, &["display-message", "-p", flags]);
            let screen = tmux(folder, &["capture-pane", "-p"]);
            tmux(folder, &["kill-server"]);
            let read = |name: &str| fs::read_to_string(folder.join(name)).expect("written");
            assert_eq!(read("before"), read("after"), "{screen}");
            assert_eq!(flags, "0 1", "neither another screen nor a hidden cursor");
            assert!(screen.contains("this is why"), "{screen}");
            assert!(!screen.contains("drawn over"), "{screen}");
        }
    }
}
