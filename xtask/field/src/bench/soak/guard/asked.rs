//! What a guard answers through a socket.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// Asks for a path and gives the answer's body.
///
/// # Errors
/// There is no answer within ten seconds, or another than 200.
pub fn ask(socket: &Path, path: &str) -> Result<String> {
    let mut stream = UnixStream::connect(socket).with_context(|| socket.display().to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    // Of HTTP 1.0, whose answers come in one piece and end with the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: monitor\r\n\r\n")?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .context(path.to_owned())?;
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        bail!("{path}: an answer without an end of its head");
    };
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        bail!("{path}: status {status}: {body}");
    }
    Ok(body.to_owned())
}
