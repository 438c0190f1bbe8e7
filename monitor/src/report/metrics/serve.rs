//! Serves `/metrics`, `/healthz` and `/readyz` over HTTP/1.1, on a TCP port or a Unix socket.
//!
//! A few threads take one connection after the other, each with little time and room, so that who
//! connects can neither use up memory nor keep the others away for long.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Health, Metrics};

/// Threads that serve.
const THREADS: usize = 3;

/// How long a request or an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Longest head of a request, bytes.
const HEAD: usize = 8 << 10;

/// The type of OpenMetrics' text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A bound socket, not served yet.
pub struct Server {
    socket: Socket,
    shown: String,
    is_public: bool,
    /// Removed at the end.
    path: Option<PathBuf>,
}

impl Server {
    /// Binds `HOST:PORT` or `unix:PATH`.
    ///
    /// # Errors
    ///
    /// When it is no address, or in use.
    pub fn bind(address: &str) -> io::Result<Self> {
        if let Some(path) = address.strip_prefix("unix:") {
            return Self::bind_path(path.as_ref());
        }
        let wrong = || {
            let told = "give HOST:PORT, as in 127.0.0.1:9469, or unix:PATH";
            io::Error::new(io::ErrorKind::InvalidInput, told)
        };
        let mut addresses = address.to_socket_addrs().map_err(|_| wrong())?;
        let address = addresses.next().ok_or_else(wrong)?;
        let listener = TcpListener::bind(address)?;
        let bound = listener.local_addr()?;
        Ok(Self {
            socket: Socket::Tcp(listener),
            shown: format!("http://{bound}/metrics"),
            is_public: !is_loopback(bound),
            path: None,
        })
    }

    fn bind_path(path: &Path) -> io::Result<Self> {
        // Left behind by a run that was killed; anything else is somebody's.
        if std::fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_socket()) {
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
        Ok(Self {
            socket: Socket::Unix(listener),
            shown: format!("unix:{}", path.display()),
            is_public: false,
            path: Some(path.to_path_buf()),
        })
    }

    /// Where it can be reached.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether other hosts can reach it.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        self.is_public
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub fn serve(self, metrics: Metrics) -> io::Result<Guard> {
        let socket = Arc::new(self.socket);
        for _ in 0..THREADS {
            let (socket, metrics) = (Arc::clone(&socket), metrics.clone());
            thread::Builder::new()
                .name("metrics".into())
                .spawn(move || {
                    loop {
                        accept(&socket, &metrics);
                    }
                })?;
        }
        Ok(Guard(self.path))
    }
}

/// Removes the socket's file at the end.
#[derive(Debug)]
pub struct Guard(Option<PathBuf>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // It may be gone already.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback(),
    }
}

fn accept(socket: &Socket, metrics: &Metrics) {
    // Whoever goes away again is no failure.
    let outcome = match socket {
        Socket::Tcp(listener) => listener.accept().and_then(|(stream, _)| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            handle(stream, metrics)
        }),
        Socket::Unix(listener) => listener.accept().and_then(|(stream, _)| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            handle(stream, metrics)
        }),
    };
    if let Err(error) = outcome {
        log::debug!("a request for metrics failed: {error}");
        // Out of descriptors, say: not again at once.
        thread::sleep(Duration::from_millis(10));
    }
}

fn handle(mut stream: impl Read + Write, metrics: &Metrics) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
        let count = stream.read(&mut part)?;
        head.extend(part.get(..count).unwrap_or_default());
        if count == 0 || head.len() > HEAD || Instant::now() > deadline {
            return Ok(());
        }
    }
    let line = head.split(|&it| it == b'\r').next().unwrap_or_default();
    let mut words = line.split(|&it| it == b' ');
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let path = target.split(|&it| it == b'?').next().unwrap_or_default();
    let (status, kind, body) = answer(method, path, metrics);
    let is_head = method == b"HEAD";
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: \
         close\r\n\r\n"
    )?;
    if !is_head {
        stream.write_all(body.as_bytes())?;
    }
    stream.flush()
}

fn answer(method: &[u8], path: &[u8], metrics: &Metrics) -> (&'static str, &'static str, String) {
    const PLAIN: &str = "text/plain; charset=utf-8";
    if !matches!(method, b"GET" | b"HEAD") {
        return ("405 Method Not Allowed", PLAIN, "only GET\n".into());
    }
    match path {
        b"/metrics" => match metrics.text() {
            Ok(text) => ("200 OK", OPEN_METRICS, text),
            Err(_) => ("500 Internal Server Error", PLAIN, "not encoded\n".into()),
        },
        // Alive as long as nothing has stopped; ready once something came.
        b"/healthz" => match metrics.health() {
            Health::Stopped(what) => (
                "503 Service Unavailable",
                PLAIN,
                format!("{what} has stopped\n"),
            ),
            Health::Alive | Health::Starting => ("200 OK", PLAIN, "ok\n".into()),
        },
        b"/readyz" => match metrics.health() {
            Health::Alive => ("200 OK", PLAIN, "ok\n".into()),
            Health::Starting => ("503 Service Unavailable", PLAIN, "starting\n".into()),
            Health::Stopped(what) => (
                "503 Service Unavailable",
                PLAIN,
                format!("{what} has stopped\n"),
            ),
        },
        _ => (
            "404 Not Found",
            PLAIN,
            "there are /metrics, /healthz and /readyz\n".into(),
        ),
    }
}
