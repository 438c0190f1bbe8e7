//! What each line means for the threads.

use std::io::BufRead;

use super::line::{self, Mode, What};
use super::message::{Message, Verb};
use super::text::{decimal, is_unfinished, result};
use super::{Strace, quoted, threads};
use crate::syscall::event::{Abi, Comm, EventKind};
use crate::trace::error::{Place, TraceError};

const NOISE: &str = "line that is not strace's";

impl<R: BufRead> Strace<R> {
    pub(super) fn understand(&mut self, text: &[u8]) -> Result<(), TraceError> {
        let line = line::parse(text);
        let broken = self.broken.take();
        match line.what {
            What::Noise if text.trim_ascii().is_empty() => return Ok(()),
            What::Noise if let Some(id) = broken => {
                self.threads.get(id).inside = is_unfinished(text.trim_ascii_end());
                self.forked(text);
                return Ok(());
            }
            What::Noise => {
                self.summary.skip(NOISE);
                return Ok(());
            }
            What::Message(message) => {
                self.message(message);
                return self.check_threads();
            }
            What::Mode { pid, mode } => {
                self.mode(pid, mode);
                return Ok(());
            }
            What::Other => return Ok(()),
            _ => {}
        }
        self.now = self.clock.advance(line.time);
        let id = match line.what {
            What::Superseded { by } => self.threads.survivor(line.pid, by),
            What::Resumed { .. } => self.threads.id(line.pid, true),
            _ => self.threads.id(line.pid, false),
        };
        if let Some(comm) = line.comm {
            self.threads.get(id).comm = Comm::new(&quoted::unescaped(comm));
        }
        match line.what {
            What::Call { name, rest } => self.call(id, name, rest, &line),
            What::Resumed { name, rest } => self.resumed(id, name, rest),
            What::Ended => self.ended(id),
            What::Superseded { by } => self.superseded(id, by),
            _ => {}
        }
        if let Some(message) = line.broken_by {
            self.broken = Some(id);
            self.message(message);
        }
        self.check_threads()
    }

    pub(super) fn message(&mut self, Message { pid, verb }: Message) {
        match verb {
            Verb::Attached => {
                // A pid that returns is a new thread.
                if let Some(id) = self.threads.replaced(pid) {
                    self.ended(id);
                }
                self.threads.attach(pid);
            }
            Verb::Detached => {
                if let Some(id) = self.threads.detached(pid) {
                    self.ended(id);
                }
            }
            Verb::Waits => {}
        }
    }

    /// Notes the child that the end of a call like fork gives.
    pub(super) fn forked(&mut self, rest: &[u8]) {
        if let Some(child) = result(rest).and_then(decimal) {
            self.threads.forked(child);
        }
    }

    pub(super) fn check_threads(&self) -> Result<(), TraceError> {
        if self.threads.len() <= threads::MOST {
            return Ok(());
        }
        Err(TraceError::Malformed {
            origin: self.lines.origin().to_owned(),
            place: Place::Line(self.lines.count()),
            problem: format!("more than {} threads live at once", threads::MOST),
            remedy: "this is no text of strace",
        })
    }

    pub(super) fn mode(&mut self, pid: u32, mode: Mode) {
        let id = self.threads.id(Some(pid), false);
        let thread = self.threads.get(id);
        let arm = matches!(thread.abi, Abi::Aarch64 | Abi::Arm);
        thread.abi = match mode {
            Mode::Bits64 if arm => Abi::Aarch64,
            Mode::Bits32 if arm => Abi::Arm,
            Mode::Bits64 => Abi::X86_64,
            Mode::Bits32 => Abi::I386,
            Mode::X32 => Abi::X32,
        };
    }

    pub(super) fn ended(&mut self, id: u32) {
        let thread = self.threads.get(id);
        let count = thread.seq;
        for touch in std::mem::take(&mut thread.touches) {
            self.touched(id, touch);
        }
        self.emit(id, EventKind::Exit { count });
        self.threads.remove(id);
    }

    /// The leader and the thread that called execve both end; the latter goes on as the former.
    pub(super) fn superseded(&mut self, leader: u32, by: u32) {
        self.ended(leader);
        let by = self.threads.id(Some(by), false);
        let execs = self.threads.get(by).execs.take();
        let comm = self.threads.get(by).comm;
        self.ended(by);
        let thread = self.threads.get(leader);
        thread.inside = true;
        thread.comm = comm;
        thread.execs = execs;
    }
}
