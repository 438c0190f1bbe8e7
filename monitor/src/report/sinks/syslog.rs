//! Syslog: to the local socket in the form that syslog(3) sends, which is what daemons expect
//! there; as of RFC 5424 over UDP (RFC 5426), and over TCP with octet counting (RFC 6587, section
//! 3.4.1).

use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::Destination;
use crate::detect::severity::Severity;
use crate::report::notice::{Notice, cut};
use crate::response::statement::ActionStatement;

/// Where the local daemon listens.
pub const SOCKET: &str = "/dev/log";

/// `authpriv`: messages about security (RFC 5424, section 6.2.1).
const FACILITY: u8 = 10;

/// The enterprise number that RFC 5612 sets aside for examples: the project has none of its own.
const ENTERPRISE: &str = "32473";

/// Longest value of a parameter, bytes.
const VALUE: usize = 1024;

/// How long a connection, or sending a message, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Syslog's severity (RFC 5424, section 6.2.1), which is journald's priority too.
#[must_use]
pub const fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
    }
}

/// The level of what became of an action: a warning.
pub(super) const ACTION_LEVEL: u8 = 4;

/// How the daemon is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Transport {
    /// A socket of this host.
    Local(PathBuf),
    /// Datagrams to host and port.
    Udp(String),
    /// A stream to host and port.
    Tcp(String),
}

enum Connection {
    Local(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// A syslog daemon.
pub struct Syslog {
    transport: Transport,
    connection: Option<Connection>,
}

impl Syslog {
    /// Behind `transport`, to which nothing is sent yet.
    #[must_use]
    pub fn new(transport: Transport) -> Self {
        Self {
            transport,
            connection: None,
        }
    }

    fn connect(&self) -> io::Result<Connection> {
        Ok(match &self.transport {
            Transport::Local(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(PATIENCE))?;
                socket.connect(path)?;
                Connection::Local(socket)
            }
            Transport::Udp(address) => {
                let to = resolve(address)?;
                let socket = unbound(to)?;
                socket.connect(to)?;
                Connection::Udp(socket)
            }
            Transport::Tcp(address) => {
                let stream = TcpStream::connect_timeout(&resolve(address)?, PATIENCE)?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Connection::Tcp(stream)
            }
        })
    }
}

/// A socket for datagrams to `to`. The standard library's are bound, which a run after its start
/// must not do; the kernel finds a port at the first message.
fn unbound(to: SocketAddr) -> io::Result<UdpSocket> {
    let family = match to {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let socket = socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    Ok(socket.into())
}

fn resolve(address: &str) -> io::Result<SocketAddr> {
    let mut found = address.to_socket_addrs()?;
    found
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "its name has no address"))
}

impl Destination for Syslog {
    fn send(&mut self, notice: &Notice) -> io::Result<()> {
        self.deliver(
            || local(notice, &notice.time.to_zoned(TimeZone::system())),
            || message(notice),
        )
    }

    fn act(&mut self, said: &ActionStatement) -> io::Result<()> {
        let time = said.time.parse().unwrap_or_else(|_| Timestamp::now());
        self.deliver(
            || {
                let time = time.to_zoned(TimeZone::system());
                format!("{}{}", local_header(ACTION_LEVEL, &time), said.line())
            },
            || {
                let header = header(ACTION_LEVEL, &time, "-");
                format!("{header} action - {}", said.line())
            },
        )
    }
}

impl Syslog {
    /// Sends a message in the form that the transport takes.
    fn deliver(
        &mut self,
        local: impl FnOnce() -> String,
        message: impl FnOnce() -> String,
    ) -> io::Result<()> {
        let mut connection = match self.connection.take() {
            Some(connection) if !is_closed(&connection) => connection,
            _ => self.connect()?,
        };
        match &mut connection {
            Connection::Local(socket) => {
                socket.send(local().as_bytes()).map(|_| ())?;
            }
            Connection::Udp(socket) => socket.send(message().as_bytes()).map(|_| ())?,
            Connection::Tcp(stream) => {
                let message = message();
                stream.write_all(format!("{} {message}", message.len()).as_bytes())?;
            }
        }
        self.connection = Some(connection);
        Ok(())
    }
}

/// Whether the other side has closed a stream: what is written to it would be lost without a word.
fn is_closed(connection: &Connection) -> bool {
    let Connection::Tcp(stream) = connection else {
        return false;
    };
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    let mut reader = stream;
    let read = reader.read(&mut [0; 64]);
    let is_restored = stream.set_nonblocking(false).is_ok();
    match read {
        Ok(count) => count == 0 || !is_restored,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock || !is_restored,
    }
}

/// The form that syslog(3) sends, at `time` by the host's clock.
fn local(notice: &Notice, time: &Zoned) -> String {
    let mut text = local_header(level(notice.severity), time);
    push_headline(&mut text, notice);
    text
}

fn local_header(level: u8, time: &Zoned) -> String {
    format!(
        "<{}>{} monitor[{}]: ",
        FACILITY * 8 + level,
        time.strftime("%b %e %H:%M:%S"),
        std::process::id(),
    )
}

/// The header of RFC 5424 up to the process, from a host of this name.
fn header(level: u8, time: &Timestamp, host: &str) -> String {
    format!(
        "<{}>1 {time:.6} {host} monitor {}",
        FACILITY * 8 + level,
        std::process::id()
    )
}

/// Without control characters: a line feed would end the message for some receivers.
fn push_headline(text: &mut String, notice: &Notice) {
    let headline = notice.short_headline().chars();
    text.extend(headline.map(|c| if c.is_control() { ' ' } else { c }));
}

/// The form of RFC 5424.
fn message(notice: &Notice) -> String {
    let host = notice.host.as_deref().unwrap_or_default();
    let header = header(level(notice.severity), &notice.time, &name(host, 255));
    let mut text = format!("{header} alarm [alarm@{ENTERPRISE}");
    let mut parameter = |name: &str, value: &str| {
        let value = cut(value, VALUE);
        let _ = write!(text, " {name}=\"");
        for c in value.chars() {
            if matches!(c, '"' | '\\' | ']') {
                text.push('\\');
            }
            // A line feed would end the message for a receiver that counts no octets.
            text.push(if c.is_control() { ' ' } else { c });
        }
        text.push('"');
    };
    parameter("MONITOR_ALARM_ID", &notice.id);
    parameter("MONITOR_STATE", notice.stage.name());
    parameter("MONITOR_SERVICE", &notice.service);
    parameter("MONITOR_REASON", notice.rule.reason());
    parameter("MONITOR_SEVERITY", notice.severity.name());
    parameter("MONITOR_SCORE", &format!("{:.3}", notice.score));
    parameter("MONITOR_THRESHOLD", &format!("{:.3}", notice.threshold));
    parameter("MONITOR_EVIDENCE", notice.evidence);
    parameter("MONITOR_PID", &notice.process.pid.to_string());
    text.push_str("] ");
    push_headline(&mut text, notice);
    text
}

/// A header field: printable ASCII without blanks, or the nil value.
fn name(text: &str, most: usize) -> String {
    let name: String = text
        .chars()
        .filter(char::is_ascii_graphic)
        .take(most)
        .collect();
    if name.is_empty() { "-".into() } else { name }
}

#[cfg(test)]
mod tests;
