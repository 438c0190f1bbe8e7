//! systemd's journal, by its native protocol
//! (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>).

#[cfg(feature = "live")]
mod sender;

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Destination;
use super::syslog::{ACTION_LEVEL, level};
#[cfg(feature = "live")]
use sender::Sender;
#[cfg(feature = "live")]
pub use sender::{COMMAND, serve};

use crate::report::notice::{Notice, cut};
use crate::response::statement::ActionStatement;

/// Where journald listens.
pub const SOCKET: &str = "/run/systemd/journal/socket";

/// The `MESSAGE_ID` of a statement about an incident; the catalogue explains it.
pub const INCIDENT: &str = "6f1d7c0a9b2e4c5d8e3f1a4b7c9d0e21";

/// Longest record that goes along, bytes: a datagram has room for it beside the other fields.
const RECORD: usize = 48 << 10;

/// The journal of this host.
pub struct Journal {
    direct: Direct,
    /// Sends in the place of this process, which may not be root's by then.
    #[cfg(feature = "live")]
    sender: Option<Sender>,
}

impl Journal {
    /// Behind the socket at `path`.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            direct: Direct::new(path),
            #[cfg(feature = "live")]
            sender: None,
        }
    }

    /// Has root's helper started where this process is root's. Without it the journal says less of
    /// the process that an incident is about; the incident itself is all there.
    #[cfg(feature = "live")]
    #[must_use]
    pub fn by_root(mut self) -> Self {
        if nix::unistd::geteuid().is_root() {
            self.sender = Sender::start(&self.direct.path).ok();
        }
        self
    }

    fn deliver(&mut self, datagram: &[u8]) -> io::Result<()> {
        #[cfg(feature = "live")]
        if let Some(sender) = &self.sender {
            match sender.send(datagram) {
                Ok(delivered) => return delivered,
                Err(_) => self.sender = None,
            }
        }
        self.direct.send(datagram)
    }
}

/// The journal's socket, written to by this process.
struct Direct {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Direct {
    fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            socket: None,
        }
    }

    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let sent = self.connected()?.send(datagram);
        if sent.is_err() {
            // It is made anew when journald was started again.
            self.socket = None;
        }
        sent.map(|_| ())
    }

    fn connected(&mut self) -> io::Result<&UnixDatagram> {
        if self.socket.is_none() {
            let socket = UnixDatagram::unbound()?;
            socket.set_write_timeout(Some(Duration::from_secs(5)))?;
            socket.connect(&self.path)?;
            self.socket = Some(socket);
        }
        self.socket
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Destination for Journal {
    fn send(&mut self, notice: &Notice) -> io::Result<()> {
        self.deliver(&datagram(notice))
    }

    fn act(&mut self, said: &ActionStatement) -> io::Result<()> {
        self.deliver(&action(said))
    }
}

fn action(said: &ActionStatement) -> Vec<u8> {
    let mut out = Vec::new();
    let mut field = |name: &str, value: &str| put(&mut out, name, value);
    field("MESSAGE", &said.line());
    field("PRIORITY", &ACTION_LEVEL.to_string());
    field("SYSLOG_IDENTIFIER", "monitor");
    field("MONITOR_ALARM_ID", &said.incident);
    field("MONITOR_SERVICE", &said.service);
    field("MONITOR_ACTION", &said.action.to_string());
    field("MONITOR_OUTCOME", said.outcome.name());
    if let Some(unit) = said.service.strip_prefix("unit:") {
        field("OBJECT_SYSTEMD_UNIT", unit);
    }
    out
}

fn datagram(notice: &Notice) -> Vec<u8> {
    let mut out = Vec::new();
    let mut field = |name: &str, value: &str| put(&mut out, name, value);
    field("MESSAGE", notice.short_headline());
    field("PRIORITY", &level(notice.severity).to_string());
    field("MESSAGE_ID", INCIDENT);
    field("SYSLOG_IDENTIFIER", "monitor");
    // journald adds what it knows of this process while it lives: OBJECT_EXE, OBJECT_CMDLINE and
    // others.
    field("OBJECT_PID", &notice.process.pid.to_string());
    // Most have ended when they are told. journalctl heeds this of root (systemd,
    // src/shared/logs-show.c, add_matches_for_unit).
    if let Some(unit) = notice
        .service
        .strip_prefix("unit:")
        .and(notice.unit.as_ref())
    {
        field("OBJECT_SYSTEMD_UNIT", unit);
    }
    field("MONITOR_ALARM_ID", &notice.id);
    field("MONITOR_STATE", notice.stage.name());
    field("MONITOR_SERVICE", &notice.service);
    field("MONITOR_REASON", notice.rule.reason());
    field("MONITOR_SEVERITY", notice.severity.name());
    field("MONITOR_SCORE", &format!("{:.3}", notice.score));
    field("MONITOR_THRESHOLD", &format!("{:.3}", notice.threshold));
    field("MONITOR_EVIDENCE", notice.evidence);
    // A record that is cut would be no JSON.
    if notice.record.len() <= RECORD {
        field("MONITOR_JSON", &notice.record);
    }
    out
}

/// A value with a newline goes with its length, so that nothing in it begins a field.
fn put(out: &mut Vec<u8>, name: &str, value: &str) {
    let value = cut(value, RECORD);
    out.extend(name.as_bytes());
    if value.contains('\n') {
        out.push(b'\n');
        out.extend((value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend(value.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    use super::{Journal, action, put};
    use crate::report::notice::sample;
    use crate::report::sinks::Destination;
    use crate::response::plan::Action;
    use crate::response::statement::{ActionStatement, Outcome};

    #[test]
    fn an_action_is_shown_with_its_unit_and_its_incident() {
        let said = ActionStatement {
            incident: "01HF7YAT00IA".into(),
            service: "unit:nginx.service".into(),
            action: Action::Freeze,
            outcome: Outcome::Done,
            what: "frozen for 5m".into(),
            time: "2026-11-26T08:00:01Z".into(),
        };
        let text = String::from_utf8(action(&said)).expect("text");
        assert!(
            text.starts_with("MESSAGE=ACTION freeze done: frozen for 5m (unit:nginx.service)"),
            "{text}"
        );
        for field in [
            "PRIORITY=4",
            "MONITOR_ALARM_ID=01HF7YAT00IA",
            "OBJECT_SYSTEMD_UNIT=nginx.service",
        ] {
            assert!(text.lines().any(|it| it == field), "{field}: {text}");
        }
    }

    #[test]
    fn a_value_with_a_newline_cannot_begin_a_field() {
        let mut out = Vec::new();
        put(&mut out, "A", "x\nPRIORITY=0");
        assert_eq!(out, b"A\n\x0c\0\0\0\0\0\0\0x\nPRIORITY=0\n");
    }

    #[test]
    fn fields_arrive_at_a_socket_and_again_at_its_successor() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("socket");
        let mut journal = Journal::new(&path);
        journal.send(&sample::notice()).expect_err("nobody listens");
        for _ in 0..2 {
            let listener = UnixDatagram::bind(&path).expect("a socket");
            listener
                .set_read_timeout(Some(Duration::from_secs(10)))
                .expect("set");
            // The first attempt may find that the former listener is gone.
            if journal.send(&sample::notice()).is_err() {
                journal.send(&sample::notice()).expect("sent");
            }
            let mut buffer = vec![0; 1 << 16];
            let length = listener.recv(&mut buffer).expect("received");
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            assert!(text.contains("\nPRIORITY=3\n"), "{text}");
            assert!(text.contains("\nOBJECT_PID=70\n"), "{text}");
            assert!(
                text.contains("\nOBJECT_SYSTEMD_UNIT=nginx.service\n"),
                "{text}"
            );
            drop(listener);
            std::fs::remove_file(&path).expect("removed");
        }
    }
}
