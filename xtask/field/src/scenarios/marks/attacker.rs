//! The other end of an attack's connection. Listens on loopback and connects to 127.0.0.1, nowhere
//! else.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::super::attack::Attack;

/// What the attacker types into a shell.
const COMMANDS: &[u8] = b"id\nuname -a\ncat /etc/passwd\nexit\n";

/// The first of the ports that are scanned: above those that the kernel hands out by itself, so
/// that a scan meets nobody.
const FIRST_SCANNED: u16 = 61_000;

/// How many are scanned.
const SCANNED: u32 = 1000;

/// Whom a beacon calls: `implant/touching.c` has the same.
const BEACON: Ipv4Addr = Ipv4Addr::new(127, 66, 6, 6);

/// Where a cloud machine's metadata are to be had; an address of the suite's own network namespace.
const METADATA: Ipv4Addr = super::super::namespaces::METADATA;

/// The most of an answer that is kept, bytes.
const KEPT: usize = 4096;

/// What the attack needs on the other end.
#[derive(Debug)]
pub enum Attacker {
    /// Nothing.
    Away,
    /// Closed ports.
    Scanned,
    /// Somebody who waits for a shell to call.
    Awaits(TcpListener, u16),
    /// Somebody who calls a shell.
    Calls(u16),
    /// Somebody who takes files.
    Takes(TcpListener, u16),
    /// Somebody who is there and says nothing: the kernel takes what comes.
    Listens(
        #[expect(dead_code, reason = "open as long as the attack goes on")] TcpListener,
        u16,
    ),
}

/// Whether the attack ends as another program, or when the attacker hangs up: the implant cannot
/// tell when it is over.
pub fn outlives_its_thread(attack: Attack) -> bool {
    matches!(
        attack,
        Attack::ReverseShell | Attack::MimicReverseShell | Attack::BindShell
    )
}

impl Attacker {
    /// Takes its place before the attack begins.
    pub fn ready(attack: Attack) -> Result<Self> {
        Ok(match attack {
            Attack::ReverseShell | Attack::MimicReverseShell => {
                let (listener, port) = listener()?;
                Self::Awaits(listener, port)
            }
            Attack::Exfiltration | Attack::MimicExfiltration | Attack::OwnSecretSent => {
                let (listener, port) = listener()?;
                Self::Takes(listener, port)
            }
            // Taken and given back: the kernel does not give the same one to the next that asks.
            Attack::BindShell => Self::Calls(listener()?.1),
            Attack::PortScan => Self::Scanned,
            Attack::Beacon => Self::listens(BEACON, 0)?,
            Attack::MetadataAddress => Self::listens(METADATA, 80)?,
            Attack::IoUring => Self::listens(Ipv4Addr::LOCALHOST, 0)?,
            _ => Self::Away,
        })
    }

    fn listens(host: Ipv4Addr, port: u16) -> Result<Self> {
        let listener = TcpListener::bind((host, port))
            .with_context(|| format!("cannot listen on {host}, port {port}"))?;
        let port = listener.local_addr()?.port();
        Ok(Self::Listens(listener, port))
    }

    /// The port that the attack uses.
    pub fn port(&self) -> u16 {
        match self {
            Self::Away => 0,
            Self::Scanned => FIRST_SCANNED,
            Self::Awaits(_, port)
            | Self::Calls(port)
            | Self::Takes(_, port)
            | Self::Listens(_, port) => *port,
        }
    }

    /// How many ports from that one on.
    pub fn ports(&self) -> u32 {
        if matches!(self, Self::Scanned) {
            SCANNED
        } else {
            1
        }
    }

    /// Plays the part, for at most `timeout`. What came over the connection, or why nothing did.
    pub fn play(&self, timeout: Duration) -> String {
        let deadline = Instant::now() + timeout;
        let played = match self {
            Self::Away | Self::Scanned | Self::Listens(..) => return String::new(),
            Self::Awaits(listener, _) => {
                accept(listener, deadline).and_then(|s| shell(s, deadline))
            }
            Self::Calls(port) => dial(*port, deadline).and_then(|stream| shell(stream, deadline)),
            Self::Takes(listener, _) => {
                accept(listener, deadline).and_then(|stream| drain(stream, deadline))
            }
        };
        played.unwrap_or_else(|why| format!("nothing: {why:#}"))
    }
}

fn listener() -> Result<(TcpListener, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = listener.context("no port of 127.0.0.1 is to be had")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

fn accept(listener: &TcpListener, deadline: Instant) -> Result<TcpStream> {
    again_until(deadline, || listener.accept().map(|(stream, _)| stream))
}

fn dial(port: u16, deadline: Instant) -> Result<TcpStream> {
    again_until(deadline, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)))
}

fn again_until(
    deadline: Instant,
    mut attempt: impl FnMut() -> std::io::Result<TcpStream>,
) -> Result<TcpStream> {
    loop {
        match attempt() {
            Ok(stream) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if Instant::now() >= deadline => {
                return Err(error).context("no connection on 127.0.0.1 in time");
            }
            Err(_) => sleep(Duration::from_millis(2)),
        }
    }
}

fn shell(mut stream: TcpStream, deadline: Instant) -> Result<String> {
    stream.write_all(COMMANDS)?;
    let (bytes, _) = read(&mut stream, deadline)?;
    let _ = stream.shutdown(Shutdown::Both);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn drain(mut stream: TcpStream, deadline: Instant) -> Result<String> {
    let (_, count) = read(&mut stream, deadline)?;
    Ok(format!("{count} bytes"))
}

/// Reads until the other end closes or time is up: the beginning, and how many bytes in all.
fn read(stream: &mut TcpStream, deadline: Instant) -> Result<(Vec<u8>, u64)> {
    let (mut kept, mut count, mut buffer) = (Vec::new(), 0, [0; 4096]);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok((kept, count)),
            Ok(length) => {
                count += length as u64;
                let room = KEPT - kept.len();
                kept.extend_from_slice(&buffer[..length.min(room)]);
            }
            Err(error) if count == 0 => {
                return Err(error).context("the connection brought nothing");
            }
            Err(_) => return Ok((kept, count)),
        }
    }
}
