//! The text of `strace -f` as a source of events.
//!
//! A call is counted where it is *entered*: the line that ends in `<unfinished ...>` is the call,
//! `<... resumed>` only its end. Names become numbers through the table of the thread's ABI; strace's
//! note that a process runs in 32-bit mode changes it. strace leaves that note out of a file of
//! `-o`: there, a name that only the other table has still tells, but a name that both have is taken
//! for the native one.
//!
//! What the text does not tell: which threads share a process (each tid is taken for its own tgid),
//! when a thread started, a thread's name before its first execve (unless `-Y` prints it), and the
//! pid of the first process when strace does not print it. That one has tid 0.

mod clock;
mod constants;
mod line;
mod lines;
mod message;
mod quoted;
mod threads;
mod touch;

use std::collections::VecDeque;
use std::io::BufRead;

use crate::detail::Touch;
use crate::syscall::event::{Abi, Call, Comm, Event, EventKind, Stretch};
use crate::syscall::table;
use crate::trace::error::{Place, TraceError};
use crate::trace::recorded::{FormatReader, TraceSummary};

use clock::Clock;
use line::{Line, Mode, What};
use lines::Lines;
use message::{Message, Verb};
use threads::Threads;

/// How many calls stand in one event at most.
const STRETCH: usize = 1024;

const NOISE: &str = "line that is not strace's";
const HEADLESS: &str = "call that was entered before the text begins";

/// Whether the line has the form of a call, its end, or the end of a thread.
#[must_use]
pub fn is_strace(text: &[u8]) -> bool {
    match line::parse(text).what {
        // Prose holds brackets too: a call has a name that some table knows, or a result.
        What::Call { name, rest } => {
            let name = std::str::from_utf8(name).unwrap_or("");
            let known = Abi::ALL
                .iter()
                .any(|&abi| table::number(abi, name).is_some());
            known || numbered(name).is_some() || rest.windows(3).any(|w| w == b" = ")
        }
        What::Resumed { .. } | What::Ended | What::Superseded { .. } => true,
        What::Message(_) | What::Mode { .. } => true,
        What::Other | What::Noise => false,
    }
}

/// The calls of a text, one stretch for each run of lines of one thread.
pub struct Strace<R> {
    lines: Lines<R>,
    threads: Threads,
    clock: Clock,
    now: u64,
    /// The stretch that the next call of the same thread joins.
    run: Option<(u32, Event)>,
    /// What calls of that stretch touched: told before it.
    touches: Vec<Event>,
    ready: VecDeque<Event>,
    /// The thread into whose last line strace wrote, so that the next one may be its rest.
    broken: Option<u32>,
    summary: TraceSummary,
    over: bool,
}

impl<R: BufRead> Strace<R> {
    /// Reads from `reader`; the traced program is of `abi`. `origin` names the input in errors and
    /// is shown as it is.
    pub fn new(origin: String, reader: R, abi: Abi) -> Self {
        Self {
            lines: Lines::new(origin, reader),
            threads: Threads::new(abi),
            clock: Clock::default(),
            now: 0,
            run: None,
            touches: Vec::new(),
            ready: VecDeque::new(),
            broken: None,
            summary: TraceSummary::default(),
            over: false,
        }
    }

    fn understand(&mut self, text: &[u8]) -> Result<(), TraceError> {
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

    fn message(&mut self, Message { pid, verb }: Message) {
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
    fn forked(&mut self, rest: &[u8]) {
        if let Some(child) = result(rest).and_then(line::decimal) {
            self.threads.forked(child);
        }
    }

    fn check_threads(&self) -> Result<(), TraceError> {
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

    fn mode(&mut self, pid: u32, mode: Mode) {
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

    fn call(&mut self, id: u32, name: &[u8], rest: &[u8], line: &Line<'_>) {
        let unfinished = is_unfinished(rest) || line.broken_by.is_some();
        let thread = self.threads.get(id);
        thread.inside = unfinished;
        thread.execs = None;
        let Some(call) = named(thread.abi, name) else {
            self.summary.unknown(name);
            return;
        };
        let details = touch::details(name, rest, id);
        let is_exec = name.starts_with(b"execve");
        if is_exec {
            // With `-e raw=execve`, the program's name is not printed.
            thread.execs = Some(program(rest).unwrap_or(thread.comm));
        }
        if !unfinished && is_fork(name) {
            self.forked(rest);
        }
        let thread = self.threads.get(id);
        let seq = thread.seq;
        thread.seq += 1;
        self.summary.calls += 1;
        self.summary.traces += u64::from(seq == 0);
        let now = self.now;
        let joins = match &mut self.run {
            Some((of, event)) if *of == id => match &mut event.kind {
                EventKind::Calls(stretch) if stretch.calls.len() < STRETCH => {
                    stretch.calls.push(call);
                    stretch.last_ns = now;
                    true
                }
                _ => false,
            },
            _ => false,
        };
        if !joins {
            self.end_run();
            let stretch = Stretch {
                first_seq: seq,
                last_ns: now,
                calls: vec![call],
            };
            let event = self.threads.event(id, now, EventKind::Calls(stretch));
            self.run = Some((id, event));
        }
        for detail in details {
            let touch = Touch {
                seq,
                call,
                detail,
                outcome: touch::outcome(rest),
            };
            if unfinished {
                self.threads.get(id).touches.push(touch);
            } else {
                self.touched(id, touch);
            }
        }
        if is_exec && !unfinished {
            self.exec(id, rest);
        }
    }

    fn touched(&mut self, id: u32, touch: Touch) {
        let event = self.threads.event(id, self.now, EventKind::Touch(touch));
        self.touches.push(event);
        if self.run.is_none() {
            self.end_run();
        }
    }

    fn resumed(&mut self, id: u32, name: &[u8], rest: &[u8]) {
        if is_fork(name) {
            self.forked(rest);
        }
        let thread = self.threads.get(id);
        if !std::mem::take(&mut thread.inside) {
            self.summary.skip(HEADLESS);
        }
        for mut touch in std::mem::take(&mut self.threads.get(id).touches) {
            touch.outcome = touch::outcome(rest);
            self.touched(id, touch);
        }
        self.exec(id, rest);
    }

    /// After the end of an execve: when it succeeded, the thread runs another program.
    fn exec(&mut self, id: u32, rest: &[u8]) {
        let thread = self.threads.get(id);
        if let Some(comm) = thread.execs.take()
            && succeeded(rest)
        {
            thread.comm = comm;
            self.emit(id, EventKind::Exec);
        }
    }

    fn ended(&mut self, id: u32) {
        let thread = self.threads.get(id);
        let count = thread.seq;
        for touch in std::mem::take(&mut thread.touches) {
            self.touched(id, touch);
        }
        self.emit(id, EventKind::Exit { count });
        self.threads.remove(id);
    }

    /// The leader and the thread that called execve both end; the latter goes on as the former.
    fn superseded(&mut self, leader: u32, by: u32) {
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

    fn emit(&mut self, id: u32, kind: EventKind) {
        self.end_run();
        let event = self.threads.event(id, self.now, kind);
        self.ready.push_back(event);
    }

    fn end_run(&mut self) {
        self.ready.extend(self.touches.drain(..));
        self.ready.extend(self.run.take().map(|(_, event)| event));
    }

    fn event(&mut self) -> Result<Option<Event>, TraceError> {
        let mut line = Vec::new();
        while self.ready.is_empty() && !self.over {
            if self.lines.read(&mut line)? {
                self.understand(&line)?;
                continue;
            }
            self.over = true;
            self.end_run();
            if self.summary.calls == 0 {
                return Err(TraceError::Unusable {
                    origin: self.lines.origin().to_owned(),
                    problem: "holds no system call".to_owned(),
                    remedy: "give the output of strace -f, or check the ABI",
                });
            }
        }
        Ok(self.ready.pop_front())
    }
}

/// The call of this name, or `None` when no table has it.
fn named(abi: Abi, name: &[u8]) -> Option<Call> {
    let name = std::str::from_utf8(name).ok()?;
    match numbered(name) {
        Some(register) => Some(table::numbered(abi, register)),
        None => table::call(abi, name),
    }
}

/// The number in a name that strace makes of one: `syscall_0x1f3`, `syscall_317`, before 4.0
/// `SYS_317`.
fn numbered(name: &str) -> Option<u64> {
    let number = name.strip_prefix("syscall_");
    let number = number.or_else(|| name.strip_prefix("SYS_"))?;
    match number.strip_prefix("0x") {
        Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16).ok(),
        None => number.parse().ok(),
    }
}

/// Whether the end of the call is not on its line.
fn is_unfinished(rest: &[u8]) -> bool {
    rest.ends_with(b"<unfinished ...>") || rest.ends_with(b"<detached ...>")
}

fn is_fork(name: &[u8]) -> bool {
    matches!(name, b"clone" | b"clone3" | b"fork" | b"vfork" | b"clone2")
}

/// The name that a thread gets by an execve with these arguments: the end of the first path.
fn program(arguments: &[u8]) -> Option<Comm> {
    let start = arguments.iter().position(|&b| b == b'"')? + 1;
    let path = &arguments[start..];
    let path = quoted::unescaped(&path[..quoted::end(path)?]);
    path.rsplit(|&b| b == b'/').next().map(Comm::new)
}

/// The result at the end of a call's text: what stands between the last ` = ` and a blank.
fn result(rest: &[u8]) -> Option<&[u8]> {
    let at = rest.windows(3).rposition(|window| window == b" = ")?;
    let result = rest[at + 3..].trim_ascii();
    result.split(|&b| b == b' ').next()
}

/// Whether a call's text ends in the result 0 (with `-T`, a duration follows).
fn succeeded(rest: &[u8]) -> bool {
    result(rest) == Some(b"0")
}

impl<R: BufRead> Iterator for Strace<R> {
    type Item = Result<Event, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.event();
        self.over |= next.is_err();
        next.transpose()
    }
}

impl<R: BufRead> FormatReader for Strace<R> {
    fn summary(&self) -> TraceSummary {
        self.summary.clone()
    }
}

#[cfg(test)]
mod tests;
