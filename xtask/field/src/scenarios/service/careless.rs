//! Clients that mean no harm and do not know better: bad requests, slow ones, ones that give up.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use support::stop;

/// What an HTTP server refuses or has not.
pub const HTTP: [&[u8]; 6] = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"BREW /pot HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /%zz/../.. HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"POST /none HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
    b"GET /none HTTP/9.9\r\nHost: localhost\r\n\r\n",
    // A client that speaks TLS to a port that does not.
    b"\x16\x03\x01\x00\x05hello",
];

/// A way to send a request.
type Client = fn(&mut TcpStream, &[u8]) -> std::io::Result<()>;

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long a slow client pauses.
const PAUSE: Duration = Duration::from_millis(100);

/// Sends each of the requests in turn, whole, in three slow pieces, and half of it before going
/// away, until the time is over.
///
/// # Errors
/// The port cannot be reached, or the user asks to stop.
pub fn clients(port: u16, requests: &[&[u8]], time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    let kinds: [Client; 3] = [whole, slowly, halfway];
    let turns = kinds
        .iter()
        .flat_map(|kind| requests.iter().map(move |request| (kind, request)));
    for (kind, request) in turns.cycle() {
        stop::check()?;
        if Instant::now() >= end {
            break;
        }
        let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        let mut stream = connected.context("a careless client does not reach the service")?;
        // A service may hang up on them at any time.
        let _ = kind(&mut stream, request);
    }
    Ok(())
}

fn whole(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<()> {
    stream.write_all(request)?;
    answer(stream)
}

fn slowly(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<()> {
    for piece in request.chunks(request.len().div_ceil(3)) {
        stream.write_all(piece)?;
        std::thread::sleep(PAUSE);
    }
    answer(stream)
}

fn halfway(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<()> {
    stream.write_all(&request[..request.len() / 2])
}

/// Takes what comes; the end of it, or of the patience, is no matter.
fn answer(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let _ = stream.read(&mut [0; 4096])?;
    Ok(())
}

/// Asks an HTTP server for pages, one connection each.
///
/// # Errors
/// It cannot be reached.
pub fn get(port: u16, paths: &[&str]) -> Result<()> {
    for path in paths {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        whole(&mut stream, request.as_bytes()).with_context(|| format!("no answer to {path}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Duration;

    use super::clients;

    #[test]
    fn requests_arrive_whole_in_pieces_and_cut_in_half() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let service = std::thread::spawn(move || {
            let taken = listener.incoming().take(3).map(|stream| {
                let mut stream = stream.expect("a client");
                let mut all: Vec<u8> = Vec::new();
                let mut piece = [0; 16];
                while all.len() < 6 {
                    match stream.read(&mut piece).expect("read") {
                        0 => break,
                        read => all.extend(&piece[..read]),
                    }
                }
                all
            });
            taken.collect::<Vec<_>>()
        });
        // The fourth client finds nobody: that ends it.
        let _ = clients(port, &[b"abcdef"], Duration::from_secs(60));
        let seen = service.join().expect("no panic");
        assert_eq!(seen, [&b"abcdef"[..], b"abcdef", b"abc"]);
    }
}
