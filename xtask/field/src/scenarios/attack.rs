//! The attacks of the suite, by the numbers that `implant/control.h` gives them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One behaviour that the implant plays in a service's own process. What each does stands in
/// `implant/attacks.c`; all of it stays in the suite's folder and on 127.0.0.1.
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
    /// Opens and reads `/etc/shadow` and what else such a script looks for; refused where unprivileged.
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
}

impl Attack {
    /// All of them, the mimicry attempts last.
    pub const ALL: [Self; 15] = [
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
