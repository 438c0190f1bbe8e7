//! The other end of the socket.

use std::io;
use std::path::{Path, PathBuf};

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;

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

    /// Asks, and gives every piece of the answer's body to `take` until that says no; whether the
    /// answer is a good one.
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
            let request = Request::builder()
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
