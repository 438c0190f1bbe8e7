//! What was touched, as a person says it.

use std::fmt::Write as _;

use super::address::Reach;
use super::{Access, Address, Contact, Detail, Field, Outcome};

/// What a process did, as the rest of a sentence that begins with its name: "opened /etc/shadow for
/// reading: denied".
#[must_use]
pub fn did(detail: &Detail, outcome: Option<Outcome>) -> String {
    let mut words = match detail {
        Detail::Path(access, path) => on_path(*access, &path.to_string()),
        Detail::UnreadablePath(access) => on_path(*access, "a path that could not be read"),
        Detail::Address(contact, address) => format!("{} {}", with(*contact), place(address)),
        Detail::UnreadableAddress(contact) => {
            format!("{} an address that could not be read", with(*contact))
        }
        Detail::Number(field, number) => of_number(*field, *number),
    };
    if let Some(outcome) = outcome.filter(|&it| it != Outcome::Ok) {
        let _ = write!(words, ": {}", outcome.name());
    }
    words
}

/// The same where the thing is known and only how it went is new: "opened /etc/shadow for reading,
/// which never succeeded before".
#[must_use]
pub fn went(detail: &Detail, outcome: Outcome) -> String {
    let news = match outcome {
        Outcome::Ok => "which never succeeded before",
        Outcome::Denied => "which was never denied before",
        _ => "which never went so before",
    };
    format!("{}, {news}", did(detail, Some(outcome)))
}

fn on_path(access: Access, path: &str) -> String {
    match access {
        Access::Read => format!("opened {path} for reading"),
        Access::ReadPrivate => {
            format!("opened {path} for reading, which only its owner may read")
        }
        Access::Write => format!("opened {path} for writing"),
        Access::Create => format!("created or wrote {path}"),
        Access::Execute => format!("ran the program {path}"),
        Access::ExecuteWritten => format!("ran the program {path}, which it wrote itself"),
        Access::Remove => format!("removed {path}"),
        Access::Rename => format!("renamed a file to {path}"),
        Access::RenameFrom => format!("gave {path} another name"),
        Access::Link => format!("made the link {path}"),
        Access::LinkFrom => format!("made a link to {path}"),
        Access::Mode => format!("changed the mode of {path}"),
        Access::Owner => format!("changed the owner of {path}"),
        Access::MakeDirectory => format!("made the directory {path}"),
        Access::Mount => format!("mounted on or unmounted {path}"),
        Access::Enter => format!("entered the directory {path}"),
    }
}

const fn with(contact: Contact) -> &'static str {
    match contact {
        Contact::Connect => "connected to",
        Contact::Bind => "bound a socket to",
        Contact::Send => "sent data to",
    }
}

fn place(address: &Address) -> String {
    match address {
        Address::Internet(ip, _) => format!("{address} ({})", Reach::of(*ip).name()),
        Address::Unix(path) if path.as_bytes().is_empty() => "an unnamed Unix socket".into(),
        Address::Unix(path) => format!("the Unix socket {path}"),
        Address::Family(16) => "a netlink socket".into(),
        Address::Family(family) => format!("a socket of family {family}"),
    }
}

fn of_number(field: Field, number: u64) -> String {
    match field {
        Field::Memory => memory(number),
        Field::Clone => format!("made a process or thread with flags {number:#x}"),
        Field::Unshare => format!("left shared namespaces (flags {number:#x})"),
        Field::JoinNamespace => format!("joined another namespace (flags {number:#x})"),
        Field::MemoryFile => format!("made a file in memory (flags {number:#x})"),
        Field::Socket => format!(
            "opened a socket of domain {} and type {}",
            number >> 16,
            number & 0xffff
        ),
        Field::Ptrace => format!("traced another process (ptrace request {number})"),
        Field::SignalOwn => format!("sent signal {number} to itself or its group"),
        Field::SignalOther => format!("sent signal {number} to another process"),
        Field::User => format!("took the user id {number}"),
        Field::Group => format!("took the group id {number}"),
        Field::ForeignMemory if number == 0 => "read another process's memory".into(),
        Field::ForeignMemory => "wrote another process's memory".into(),
        Field::Prctl | Field::Fcntl | Field::Bpf | Field::Keyctl => {
            format!("made {} with request {number}", field.name())
        }
        Field::Ioctl => format!("made ioctl with request {number:#x}"),
    }
}

fn memory(number: u64) -> String {
    let is = |bit: u64| number & bit != 0;
    let rights = if is(Field::WRITE) {
        "writable and executable"
    } else {
        "executable"
    };
    let behind = if is(Field::ANONYMOUS) {
        " without a file behind it"
    } else {
        ""
    };
    if is(Field::CHANGED) {
        format!("made memory {rights}")
    } else {
        format!("mapped {rights} memory{behind}")
    }
}

#[cfg(test)]
mod tests {
    use super::did;
    use crate::detail::{Detail, Outcome};

    #[test]
    fn what_went_another_way_is_said_with_how_it_went() {
        let detail: Detail = "read:/etc/shadow".parse().expect("a detail");
        assert_eq!(
            super::went(&detail, Outcome::Ok),
            "opened /etc/shadow for reading, which never succeeded before"
        );
        assert_eq!(
            super::went(&detail, Outcome::Denied),
            "opened /etc/shadow for reading: denied, which was never denied before"
        );
    }

    #[test]
    fn what_happened_is_said_as_a_person_says_it() {
        let said = |text: &str, outcome| {
            let detail: Detail = text.parse().expect("a detail");
            did(&detail, outcome)
        };
        for (text, outcome, expected) in [
            (
                "read:/etc/shadow",
                Some(Outcome::Denied),
                "opened /etc/shadow for reading: denied",
            ),
            (
                "read:/etc/shadow",
                Some(Outcome::Ok),
                "opened /etc/shadow for reading",
            ),
            (
                "connect:8.8.8.8:53",
                None,
                "connected to 8.8.8.8:53 (public)",
            ),
            (
                "connect:unix:/run/docker.sock",
                None,
                "connected to the Unix socket /run/docker.sock",
            ),
            (
                "memory:7",
                None,
                "mapped writable and executable memory without a file behind it",
            ),
            ("memory:10", None, "made memory executable"),
        ] {
            assert_eq!(said(text, outcome), expected);
        }
    }
}
