//! The control file's bytes: the other side of `implant/control.h`.
//!
//! Read and written as a file. Linux keeps one page for a file's reads, writes and shared mappings,
//! so what one side writes the other side sees at once; the words used are aligned and written
//! whole.

use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// The most calls of a pattern.
pub const LONGEST_PATTERN: usize = 4096;

const MAGIC: u32 = 0x6e63_734d;
const VERSION: u32 = 2;
const ORDER: u64 = 8;
const STATE: u64 = 12;
const USER: u64 = 16;
const PORT: u64 = 56;
const PATTERN_LENGTH: u64 = 64;
const PROGRAM: u64 = 72;
const DUE: u64 = 88;
const STEPS: u64 = 96;
const STEP: u64 = 104;
const VICTIM: u64 = 108;
const TAKERS: u64 = 112;
const PATTERN: u64 = 128;
const TAKEN_BY: u64 = PATTERN + 4 * LONGEST_PATTERN as u64;
const MOST_TAKERS: usize = 32;
const SECRET: u64 = TAKEN_BY + 4 * MOST_TAKERS as u64;
const LONGEST_SECRET: usize = 512;

/// How far an order is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Nobody took it.
    Idle,
    /// A thread is at it.
    Running,
    /// It is over.
    Done,
}

/// What the implant wrote.
#[derive(Clone, Debug)]
pub struct Seen {
    pub state: State,
    pub tgid: u32,
    pub tid: u32,
    /// What the attack forked; 0 for nothing.
    pub child: u32,
    pub start_ns: u64,
    /// 0 as long as it is not over.
    pub end_ns: u64,
    pub made: u32,
    pub error: i32,
    /// The processes that made the steps of a slow attack.
    pub takers: Vec<u32>,
}

/// What the implant needs to know beside the order.
#[derive(Clone, Copy, Debug)]
pub struct Orders<'a> {
    pub user: u32,
    pub program: &'a str,
    pub port: u16,
    pub ports: u32,
    pub pattern: &'a [u32],
    pub padding: u32,
    /// Steps of a slow attack, and the milliseconds between two.
    pub steps: (u32, u32),
    /// A process whose memory is read.
    pub victim: u32,
    /// A file of the service's own that is read.
    pub secret: &'a Path,
}

/// An open control file.
#[derive(Debug)]
pub struct Layout {
    file: File,
}

impl Layout {
    /// Makes the file anew: another one than a mapping that a process of an earlier run may still
    /// have.
    pub fn create(path: &Path) -> Result<Self> {
        let named = || format!("the control file {} cannot be made", path.display());
        if let Err(error) = std::fs::remove_file(path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error).with_context(named);
        }
        let mut options = File::options();
        let file = options.read(true).write(true).create_new(true).open(path);
        let file = file.with_context(named)?;
        file.set_len(SECRET + LONGEST_SECRET as u64)
            .with_context(named)?;
        let this = Self { file };
        this.write(0, &[MAGIC, VERSION])?;
        Ok(this)
    }

    /// Clears what the last attack wrote and writes what the next one needs.
    pub fn prepare(&self, orders: &Orders<'_>) -> Result<()> {
        ensure!(
            orders.pattern.len() <= LONGEST_PATTERN,
            "a pattern of {} calls",
            orders.pattern.len()
        );
        let secret = orders.secret.as_os_str().as_bytes();
        ensure!(
            secret.len() < LONGEST_SECRET,
            "the path {} is too long for the control file",
            orders.secret.display()
        );
        self.write(ORDER, &[0; 12])?;
        self.write(DUE, &[0; 2])?;
        self.write(STEPS, &[orders.steps.0, orders.steps.1])?;
        self.write(STEP, &[0])?;
        self.write(VICTIM, &[orders.victim])?;
        self.write(TAKERS, &[0])?;
        let mut named = [0; LONGEST_SECRET];
        named[..secret.len()].copy_from_slice(secret);
        self.put(SECRET, &named)?;
        self.write(USER, &[orders.user])?;
        let length = orders.pattern.len() as u32;
        self.write(PORT, &[u32::from(orders.port), orders.ports])?;
        self.write(PATTERN_LENGTH, &[length, orders.padding])?;
        let mut program = [0; 16];
        let name = orders.program.as_bytes();
        let kept = name.len().min(15);
        program[..kept].copy_from_slice(&name[..kept]);
        self.put(PROGRAM, &program)?;
        self.write(PATTERN, orders.pattern)
    }

    /// Writes the order itself: an attack's number, or 0 for none.
    pub fn order(&self, number: u32) -> Result<()> {
        self.write(ORDER, &[number])
    }

    /// What the implant wrote.
    pub fn read(&self) -> Result<Seen> {
        let (mut bytes, mut takers) = ([0; PATTERN as usize], [0; 4 * MOST_TAKERS]);
        for (bytes, at) in [(&mut bytes[..], 0), (&mut takers[..], TAKEN_BY)] {
            self.file
                .read_exact_at(bytes, at)
                .context("the control file cannot be read")?;
        }
        let word = |bytes: &[u8]| {
            bytes
                .iter()
                .rev()
                .fold(0, |all, &byte| all << 8 | u32::from(byte))
        };
        let four = |at: u64| word(&bytes[at as usize..][..4]);
        let taken = (four(TAKERS) as usize).min(MOST_TAKERS);
        let eight = |at: u64| u64::from(four(at)) | u64::from(four(at + 4)) << 32;
        Ok(Seen {
            state: match four(STATE) {
                0 => State::Idle,
                1 => State::Running,
                _ => State::Done,
            },
            tgid: four(20),
            tid: four(24),
            child: four(28),
            start_ns: eight(32),
            end_ns: eight(40),
            made: four(48),
            error: four(52).cast_signed(),
            takers: takers.chunks_exact(4).take(taken).map(word).collect(),
        })
    }

    fn write(&self, at: u64, words: &[u32]) -> Result<()> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(at, &bytes)
    }

    fn put(&self, at: u64, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all_at(bytes, at)
            .context("the control file cannot be written")
    }
}
