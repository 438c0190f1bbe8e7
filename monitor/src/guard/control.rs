//! The control socket: HTTP with JSON on a Unix listener.
//!
//! Requests are bounded in size and time, and a client that takes nothing is cut off; it holds up nobody, since nothing
//! waits for the thread that serves.

mod accepting;

mod follow;

use std::convert::Infallible;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use http_body_util::{BodyExt as _, Empty, Full, combinators::BoxBody};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request as HttpRequest, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::Request;
use super::board::{Action, Board};
use super::rights::{Does, keep_only};
use crate::service::key::Key;
use crate::service::store::Store;

pub use follow::Followers;

/// Where the socket is.
pub const PLACE: &str = "/run/monitor/monitor.sock";

/// The group whose members may ask.
const GROUP: &str = "monitor";

/// Clients that are served at once.
const MOST_CLIENTS: usize = 32;

/// How long a request may take to come, and an answer to go; following incidents has no end.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the guard may take to do what is asked.
const DONE_WITHIN: Duration = Duration::from_secs(5);

/// Bytes of a request's head at most.
const LARGEST_HEAD: usize = 16 << 10;

type Body = BoxBody<Bytes, Infallible>;

/// What the server needs.
#[derive(Clone)]
pub struct Control {
    /// How the host stands.
    pub board: Board,
    /// Where requests go.
    pub requests: Sender<Request>,
    /// Incidents as they come.
    pub followers: Followers,
    /// Where previous profiles are; the thread that serves keeps the right to read them.
    pub store: Option<Store>,
    /// The alarm log, from which incidents are accepted; the thread that serves may read its folder.
    pub log: Option<PathBuf>,
}

impl Control {
    /// The folders that are read.
    fn folders(&self) -> Vec<PathBuf> {
        let state = self.store.as_ref().map(|it| it.folder().to_path_buf());
        let log = self.log.as_ref().and_then(|it| it.parent());
        // One that is not there yet cannot be named to Landlock.
        let log = log.filter(|it| it.is_dir()).map(Path::to_path_buf);
        state.into_iter().chain(log).collect()
    }
}

/// A bound socket. It is removed when the run ends.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Binds the socket at `path`, with mode 0660 and of the group `monitor` where there is one. One that a dead monitor left
    /// behind is replaced.
    ///
    /// # Errors
    /// When a living monitor serves there, or it cannot be bound.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        if let Ok(about) = fs::symlink_metadata(path) {
            if !about.file_type().is_socket() {
                return Err(io::Error::other("something else than a socket is there"));
            }
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                return Err(io::Error::other("another monitor serves there already"));
            }
            fs::remove_file(path)?;
        }
        // Private from its first moment on, until its group is set.
        // SAFETY: umask takes a number and cannot fail; no other thread makes files yet.
        let before = unsafe { libc::umask(0o177) };
        let bound = UnixListener::bind(path);
        // SAFETY: as above.
        unsafe { libc::umask(before) };
        let listener = bound?;
        listener.set_nonblocking(true)?;
        if let Ok(Some(group)) = nix::unistd::Group::from_name(GROUP)
            && std::os::unix::fs::chown(path, None, Some(group.gid.as_raw())).is_ok()
        {
            fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
        }
        Ok(Self {
            listener,
            path: path.to_path_buf(),
        })
    }

    /// Serves on a thread of its own until the process ends.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn serve(self, control: Control) -> io::Result<Served> {
        let path = self.path;
        thread::Builder::new()
            .name("control".into())
            .spawn(move || {
                keep_only(Does::Reads(&control.folders()));
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                // Without one nobody is answered; the watch goes on.
                if let Ok(runtime) = runtime {
                    runtime.block_on(accept(self.listener, control));
                }
            })?;
        Ok(Served { path })
    }
}

/// Removes the socket when the run ends.
pub struct Served {
    path: PathBuf,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = fs::remove_file(&self.path);
    }
}

async fn accept(listener: UnixListener, control: Control) {
    let Ok(listener) = tokio::net::UnixListener::from_std(listener) else {
        return;
    };
    let places = Arc::new(Semaphore::new(MOST_CLIENTS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: some will be closed.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let control = control.clone();
        tokio::spawn(async move {
            let _place = place;
            let follows = Arc::new(AtomicBool::new(false));
            let flag = Arc::clone(&follows);
            let service = service_fn(move |request| {
                let (control, flag) = (control.clone(), Arc::clone(&flag));
                async move { Ok::<_, Infallible>(answer(&request, &control, &flag).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .keep_alive(false)
                .max_buf_size(LARGEST_HEAD)
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away or sends rubbish is its own affair.
            let _ = follow::bound(connection, PATIENCE, &follows).await;
        });
    }
}

async fn answer(
    request: &HttpRequest<Incoming>,
    control: &Control,
    follows: &Arc<AtomicBool>,
) -> Response<Body> {
    let path = request.uri().path();
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    match (request.method(), &parts[..]) {
        (&Method::GET, ["v1", "status"]) => {
            let mut status = control.board.lock().clone();
            status.services.iter_mut().for_each(|it| it.lacking.clear());
            json(StatusCode::OK, &status)
        }
        (&Method::GET, ["v1", "services"]) => {
            let services = control.board.lock().services.clone();
            json(StatusCode::OK, &services)
        }
        (&Method::GET, ["v1", "services", key]) => {
            let Some(key) = decoded(key) else {
                return no_such(StatusCode::BAD_REQUEST, "the service's name is no text");
            };
            let services = control.board.lock().services.clone();
            match services.iter().find(|it| it.service == key) {
                Some(service) => json(StatusCode::OK, service),
                None => no_such(StatusCode::NOT_FOUND, &unknown(&key)),
            }
        }
        (&Method::POST, ["v1", "services", key, action]) => {
            let key = decoded(key).and_then(|key| key.parse::<Key>().ok());
            match (key, Action::of(action)) {
                (Some(service), Some(action)) => act(control, service, action).await,
                (None, _) => no_such(StatusCode::BAD_REQUEST, "that is no name of a service"),
                (_, None) => no_such(StatusCode::NOT_FOUND, "there is no such action"),
            }
        }
        (&Method::GET, ["v1", "services", key, "threads"]) => {
            match decoded(key).and_then(|key| key.parse::<Key>().ok()) {
                Some(service) => look(control, service).await,
                None => no_such(StatusCode::BAD_REQUEST, "that is no name of a service"),
            }
        }
        (&Method::POST, ["v1", "incidents", id, what @ ("accept" | "unaccept")]) => {
            let asked = accepting::Asked::of(id, what, request.uri().query());
            match asked {
                Ok(asked) => accepting::answer(control, asked).await,
                Err(why) => no_such(StatusCode::BAD_REQUEST, why),
            }
        }
        (&Method::GET, ["v1", "incidents"]) => {
            if request.uri().query() == Some("follow") {
                let body = control.followers.body(follows);
                return with_type(StatusCode::OK, "application/x-ndjson", body);
            }
            json(StatusCode::OK, &control.followers.latest())
        }
        _ => no_such(StatusCode::NOT_FOUND, "there is no such place"),
    }
}

fn unknown(key: &str) -> String {
    format!(
        "there is no service {}: see monitor services",
        key.escape_debug()
    )
}

async fn act(control: &Control, service: Key, action: Action) -> Response<Body> {
    let (reply, outcome) = bounded(1);
    let store = control
        .store
        .as_ref()
        .filter(|_| action == Action::Rollback);
    let previous = store.and_then(|store| store.previous(&service).ok());
    let request = Request::Act {
        service,
        action,
        previous: previous.map(Box::new),
        reply,
    };
    told(asked(control, request, outcome).await)
}

/// The threads of a service.
async fn look(control: &Control, service: Key) -> Response<Body> {
    let (reply, outcome) = bounded(1);
    match asked(control, Request::Look { service, reply }, outcome).await {
        Ok(threads) => json(StatusCode::OK, &threads),
        Err((status, why)) => no_such(status, &why),
    }
}

/// What the guard answers to a request, or with which status it does not.
async fn asked<T: Send + 'static>(
    control: &Control,
    request: Request,
    outcome: Receiver<Result<T, String>>,
) -> Result<T, (StatusCode, String)> {
    let busy = |status, why: &str| Err((status, why.to_owned()));
    if control.requests.try_send(request).is_err() {
        return busy(StatusCode::SERVICE_UNAVAILABLE, "too much is asked at once");
    }
    let waited = tokio::task::spawn_blocking(move || outcome.recv_timeout(DONE_WITHIN)).await;
    match waited {
        Ok(Ok(Ok(done))) => Ok(done),
        Ok(Ok(Err(why))) => Err((StatusCode::CONFLICT, why)),
        _ => busy(
            StatusCode::GATEWAY_TIMEOUT,
            "the guard is too busy to answer",
        ),
    }
}

fn told(outcome: Result<String, (StatusCode, String)>) -> Response<Body> {
    match outcome {
        Ok(done) => json(StatusCode::OK, &Done { done }),
        Err((status, why)) => no_such(status, &why),
    }
}

#[derive(Serialize)]
struct Done {
    done: String,
}

#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
}

fn no_such(status: StatusCode, error: &str) -> Response<Body> {
    json(status, &Refusal { error })
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_vec(value).unwrap_or_default();
    with_type(
        status,
        "application/json",
        Full::new(Bytes::from(text)).boxed(),
    )
}

fn with_type(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A part of a path without its percent signs.
fn decoded(part: &str) -> Option<String> {
    let mut text = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'%' {
            let [high, low, after @ ..] = behind else {
                return None;
            };
            let digit = |it: u8| char::from(it).to_digit(16);
            text.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
            rest = after;
        } else {
            text.push(byte);
        }
    }
    String::from_utf8(text).ok()
}

/// A key as a part of a path.
#[must_use]
pub fn encoded(key: &str) -> String {
    use std::fmt::Write as _;
    key.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._:@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// A client of the socket at `path`.
#[derive(Clone, Debug)]
pub struct Client {
    path: PathBuf,
}

impl Client {
    /// Of the monitor that serves at `path`.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
        }
    }

    /// Asks, and gives every piece of the answer's body to `take` until that says no; whether the answer is a good one.
    ///
    /// # Errors
    /// When nobody serves there, or the answer breaks off.
    pub fn ask(
        &self,
        method: Method,
        path: &str,
        mut take: impl FnMut(&[u8]) -> bool,
    ) -> io::Result<StatusCode> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let stream = tokio::net::UnixStream::connect(&self.path).await?;
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream))
                    .await
                    .map_err(io::Error::other)?;
            tokio::spawn(connection);
            let request = HttpRequest::builder()
                .method(method)
                .uri(path)
                .header("host", "monitor")
                .body(Empty::<Bytes>::new())
                .map_err(io::Error::other)?;
            let mut response = sender
                .send_request(request)
                .await
                .map_err(io::Error::other)?;
            let status = response.status();
            while let Some(frame) = response.frame().await {
                let frame = frame.map_err(io::Error::other)?;
                if let Some(data) = frame.data_ref()
                    && !take(data)
                {
                    break;
                }
            }
            Ok(status)
        })
    }
}

#[cfg(test)]
mod tests;
