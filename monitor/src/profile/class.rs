//! Classes of new things: of each kind, benign services come up with some more often than with
//! others.

mod consequential;

mod privileged;

use crate::detail::{Address, Detail, Outcome, sensitive};
use crate::syscall::event::Call;

use consequential::is_consequential;
pub use privileged::{PRIVILEGED, Source, TECHNIQUES, gives_up_rights, is_privileged, technique};

/// What the rate of new things is known of ([`prior`](crate::profile::prior::prior)).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// A call that the service never made, which waits, reads, writes or asks.
    Call,
    /// The same, of a call that starts programs, changes memory, files or the thread, or opens a
    /// way in or out.
    ConsequentialCall,
    /// The same, of a call that needs a right or reaches into another program.
    PrivilegedCall,
    /// A program or thread of a name that the service never had.
    Name,
    /// A call that only other programs of the service made.
    CallOfName,
    /// The same, of a privileged call.
    PrivilegedCallOfName,
    /// A file, flag or request that the service never touched.
    Touch,
    /// An address of a network that it never touched.
    AddressTouch,
    /// The file of a program that it never ran.
    ProgramTouch,
    /// Something touched that is heavy wherever it is new ([`sensitive`]).
    SensitiveTouch,
}

impl Class {
    /// Every class, each at the place of its [code](Class::code).
    pub const ALL: [Self; 10] = [
        Self::Call,
        Self::ConsequentialCall,
        Self::PrivilegedCall,
        Self::Name,
        Self::CallOfName,
        Self::PrivilegedCallOfName,
        Self::Touch,
        Self::AddressTouch,
        Self::ProgramTouch,
        Self::SensitiveTouch,
    ];

    /// Its number in a profile's file.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The class of a number in a profile's file.
    #[must_use]
    pub fn of_code(code: u16) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// A call that the whole service never made.
    #[must_use]
    pub fn of_call(call: Call) -> Self {
        match call {
            call if is_privileged(call) => Self::PrivilegedCall,
            call if is_consequential(call) => Self::ConsequentialCall,
            _ => Self::Call,
        }
    }

    /// A call that processes of a name never made, though others of the service did.
    #[must_use]
    pub fn of_call_of_name(call: Call) -> Self {
        match Self::of_call(call) {
            Self::PrivilegedCall => Self::PrivilegedCallOfName,
            _ => Self::CallOfName,
        }
    }

    /// Something that the service never touched.
    #[must_use]
    pub fn of_touch(detail: &Detail) -> Self {
        match detail {
            detail if sensitive::of(detail).is_some() => Self::SensitiveTouch,
            detail if detail.runs() => Self::ProgramTouch,
            Detail::Path(..) | Detail::UnreadablePath(_) | Detail::Number(..) => Self::Touch,
            // The address of a Unix socket is a file on this host.
            Detail::Address(_, Address::Unix(_)) => Self::Touch,
            Detail::Address(..) | Detail::UnreadableAddress(_) => Self::AddressTouch,
        }
    }

    /// Something known that a call was never let do, or was never forbidden: where it succeeds, it
    /// is as heavy as what the service never touched, and where it is forbidden it is only unusual.
    #[must_use]
    pub fn of_outcome(detail: &Detail, outcome: Outcome) -> Self {
        match Self::of_touch(detail) {
            heavy @ (Self::SensitiveTouch | Self::ProgramTouch) if outcome == Outcome::Ok => heavy,
            _ => Self::Touch,
        }
    }

    /// Whether it is of what calls touch, of which a source may say nothing.
    #[must_use]
    pub const fn is_touch(self) -> bool {
        matches!(
            self,
            Self::Touch | Self::AddressTouch | Self::ProgramTouch | Self::SensitiveTouch
        )
    }

    /// Whether it is new to one name only, and not to the service.
    #[must_use]
    pub const fn is_of_name(self) -> bool {
        matches!(self, Self::CallOfName | Self::PrivilegedCallOfName)
    }

    /// What people call it, with its article.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Call => "a call never made",
            Self::ConsequentialCall => "a consequential call never made",
            Self::PrivilegedCall => "a privileged call never made",
            Self::Name => "a program never run",
            Self::CallOfName => "a call new to its program",
            Self::PrivilegedCallOfName => "a privileged call new to its program",
            Self::Touch => "a file or flag never touched",
            Self::AddressTouch => "a network address never touched",
            Self::ProgramTouch => "a program file never run",
            Self::SensitiveTouch => "something sensitive never touched",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Class;

    #[test]
    fn every_class_comes_back_from_its_code() {
        for class in Class::ALL {
            assert_eq!(Class::of_code(class.code()), Some(class));
        }
        assert_eq!(Class::of_code(u16::MAX), None);
    }
}
