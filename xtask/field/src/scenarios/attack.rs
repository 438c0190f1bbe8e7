//! The attacks of the suite, by the numbers that `implant/control.h` gives them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One behaviour that the implant plays in a service's own process, or that the service's own
/// application lends itself to. What each does stands in `implant/attacks.c` and
/// `implant/touching.c`; all of it stays in the suite's folder and namespaces, and on loopback.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u32)]
pub enum Attack {
    /// A forked process connects to the attacker and becomes a shell on the connection.
    ReverseShell = 1,
    /// A forked process waits for the attacker on a port and becomes a shell on the connection.
    BindShell = 2,
    /// `system("id; uname -a; cat /etc/passwd")`.
    WebShell = 3,
    /// Opens and reads `/etc/shadow` and what else such a script looks for; refused where
    /// unprivileged.
    ReadSecrets = 4,
    /// Runs a program from memory (`memfd_create`, `execveat`).
    FilelessExec = 5,
    /// Attaches to a process, reads and writes its memory and registers.
    PtraceInjection = 6,
    /// A forked process connects to 1,000 ports.
    PortScan = 7,
    /// Four threads that compute for 2 s.
    Miner = 8,
    /// `unshare` and mounts in a namespace of its own.
    Mount = 9,
    /// Asks the kernel to load what is no module.
    KernelModule = 10,
    /// Reads, overwrites, renames and unlinks 200 files.
    Ransomware = 11,
    /// Reads files and sends them in chunks over a connection.
    Exfiltration = 12,
    /// [`Attack::ReverseShell`], padded with the service's own sequences.
    MimicReverseShell = 13,
    /// [`Attack::Exfiltration`], padded with the service's own sequences.
    MimicExfiltration = 14,
    /// [`Attack::Ransomware`], padded with the service's own sequences.
    MimicRansomware = 15,
    /// Maps memory that is writable and executable at once, and runs code there that makes a call.
    WritableCode = 16,
    /// Writes code into anonymous memory, makes it executable, and runs it.
    CodeMadeExecutable = 17,
    /// Reads the service's own key, or its configuration where it has no key.
    OwnSecret = 18,
    /// [`Attack::OwnSecret`], sent out on a connection.
    OwnSecretSent = 19,
    /// Asks for root's rights, which are refused; as root, gives them up and takes them back.
    Credentials = 20,
    /// A connection and a few bytes every second for 8 s, to an address that was never contacted.
    Beacon = 21,
    /// One call that servers do not make every 2 s: `keyctl`, `userfaultfd`, `perf_event_open`,
    /// `bpf`, all of them without effect.
    Trickle = 22,
    /// Opens 40 files by `../..` out of a folder of the service, and reads what it may.
    PathTraversal = 23,
    /// Walks a tree of folders and overwrites every file in it.
    TreeOverwritten = 24,
    /// Writes a file in `/etc/cron.d`.
    DropCron = 25,
    /// Writes `.ssh/authorized_keys` in a home that the suite made.
    DropAuthorizedKeys = 26,
    /// Writes a unit in `/etc/systemd/system`.
    DropUnit = 27,
    /// Writes `/etc/ld.so.preload`.
    DropPreload = 28,
    /// Opens and reads `/proc/1/environ`; refused where unprivileged.
    ForeignEnvironment = 29,
    /// Reads another process's memory by `/proc/PID/mem` and `process_vm_readv`.
    ForeignMemory = 30,
    /// Asks `/run/docker.sock` for the containers.
    ContainerSocket = 31,
    /// Asks 169.254.169.254 for a cloud machine's metadata.
    MetadataAddress = 32,
    /// Writes a program into a file, and runs it.
    WrittenThenRun = 33,
    /// Opens, reads, sends and unlinks a file by raw `io_uring`.
    IoUring = 34,
    /// What the application itself does with files for whoever can talk to it; no code runs in it.
    ThroughApplication = 35,
}

impl Attack {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 35] = [
        Self::ReverseShell,
        Self::BindShell,
        Self::WebShell,
        Self::ReadSecrets,
        Self::FilelessExec,
        Self::PtraceInjection,
        Self::PortScan,
        Self::Miner,
        Self::Mount,
        Self::KernelModule,
        Self::Ransomware,
        Self::Exfiltration,
        Self::MimicReverseShell,
        Self::MimicExfiltration,
        Self::MimicRansomware,
        Self::WritableCode,
        Self::CodeMadeExecutable,
        Self::OwnSecret,
        Self::OwnSecretSent,
        Self::Credentials,
        Self::Beacon,
        Self::Trickle,
        Self::PathTraversal,
        Self::TreeOverwritten,
        Self::DropCron,
        Self::DropAuthorizedKeys,
        Self::DropUnit,
        Self::DropPreload,
        Self::ForeignEnvironment,
        Self::ForeignMemory,
        Self::ContainerSocket,
        Self::MetadataAddress,
        Self::WrittenThenRun,
        Self::IoUring,
        Self::ThroughApplication,
    ];

    /// The number in the control file.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// What the files of the run are called in which it is made.
    #[must_use]
    pub fn run(self) -> String {
        format!("attack-{}", self.number())
    }

    /// What a table calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReverseShell => "reverse shell",
            Self::BindShell => "bind shell",
            Self::WebShell => "web shell",
            Self::ReadSecrets => "reading /etc/shadow",
            Self::FilelessExec => "fileless exec",
            Self::PtraceInjection => "ptrace injection",
            Self::PortScan => "port scan",
            Self::Miner => "miner",
            Self::Mount => "unshare and mount",
            Self::KernelModule => "kernel module",
            Self::Ransomware => "ransomware",
            Self::Exfiltration => "exfiltration",
            Self::MimicReverseShell => "reverse shell, padded",
            Self::MimicExfiltration => "exfiltration, padded",
            Self::MimicRansomware => "ransomware, padded",
            Self::WritableCode => "writable code",
            Self::CodeMadeExecutable => "code made executable",
            Self::OwnSecret => "own key or configuration",
            Self::OwnSecretSent => "the same, sent out",
            Self::Credentials => "change of user",
            Self::Beacon => "beacon",
            Self::Trickle => "trickle",
            Self::PathTraversal => "path traversal",
            Self::TreeOverwritten => "tree overwritten",
            Self::DropCron => "cron file dropped",
            Self::DropAuthorizedKeys => "authorized keys dropped",
            Self::DropUnit => "unit dropped",
            Self::DropPreload => "ld.so.preload dropped",
            Self::ForeignEnvironment => "/proc/1/environ",
            Self::ForeignMemory => "memory of a process",
            Self::ContainerSocket => "container socket",
            Self::MetadataAddress => "metadata address",
            Self::WrittenThenRun => "program written and run",
            Self::IoUring => "by io_uring",
            Self::ThroughApplication => "through the application",
        }
    }

    /// Whether it hides among the service's own sequences. Detecting these is no target.
    #[must_use]
    pub const fn is_mimicry(self) -> bool {
        matches!(
            self,
            Self::MimicReverseShell | Self::MimicExfiltration | Self::MimicRansomware
        )
    }
}

impl Attack {
    /// Whether it stands out by what its calls touch, more than by the calls themselves.
    #[must_use]
    pub const fn touches(self) -> bool {
        self as u32 >= Self::WritableCode as u32
    }

    /// Whether it needs the suite's own namespaces: it touches what is the host's elsewhere.
    #[must_use]
    pub const fn needs_namespaces(self) -> bool {
        matches!(
            self,
            Self::DropCron
                | Self::DropUnit
                | Self::DropPreload
                | Self::ContainerSocket
                | Self::MetadataAddress
        )
    }

    /// The steps of a slow attack and the time between two of them; one without time for the
    /// others.
    #[must_use]
    pub const fn steps(self) -> (u32, Duration) {
        match self {
            Self::Beacon => (8, Duration::from_secs(1)),
            Self::Trickle => (4, Duration::from_secs(2)),
            _ => (1, Duration::ZERO),
        }
    }

    /// How long it takes by design: a slow one, from its first step to its last.
    #[must_use]
    pub fn lasts(self) -> Duration {
        let (steps, between) = self.steps();
        between * (steps - 1)
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Attack;

    #[test]
    fn the_numbers_are_those_of_the_implant() {
        let header = include_str!("implant/control.h");
        let list = header
            .split("NO_ATTACK,")
            .nth(1)
            .and_then(|rest| rest.split('}').next())
            .expect("the list of attacks");
        let names: Vec<_> = list.split(',').map(str::trim).collect();
        for (place, attack) in Attack::ALL.into_iter().enumerate() {
            assert_eq!(attack.number() as usize, place + 1);
            let here = format!("{attack:?}").to_uppercase();
            assert_eq!(names[place].replace('_', ""), here);
        }
    }
}
