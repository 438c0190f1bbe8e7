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
