//! Incidents as they come, for clients that follow them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Bytes, Frame};
use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Incidents that are kept for who asks later.
const LATEST: usize = 256;

/// Incidents that may wait for a client; one that is further behind is cut off.
const QUEUED: usize = 64;

#[derive(Default)]
struct Inner {
    latest: VecDeque<Value>,
    clients: Vec<Sender<Bytes>>,
}

/// The clients that follow.
#[derive(Clone, Default)]
pub struct Followers {
    inner: Arc<Mutex<Inner>>,
}

impl Followers {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells every client of an incident, as one line of JSON. Never waits.
    pub fn tell(&self, incident: Value) {
        let mut line = incident.to_string();
        line.push('\n');
        let line = Bytes::from(line);
        let mut inner = self.lock();
        // Gone, or too far behind: its stream ends, and so it knows.
        inner
            .clients
            .retain(|client| client.try_send(line.clone()).is_ok());
        if inner.latest.len() == LATEST {
            inner.latest.pop_front();
        }
        inner.latest.push_back(incident);
    }

    /// How many clients follow now.
    #[cfg(test)]
    pub(super) fn clients(&self) -> usize {
        self.lock().clients.len()
    }

    /// The latest incidents, oldest first.
    #[must_use]
    pub fn latest(&self) -> Vec<Value> {
        self.lock().latest.iter().cloned().collect()
    }

    /// A body that goes on as long as there are incidents; `follows` says so meanwhile.
    pub(super) fn body(&self, follows: &Arc<AtomicBool>) -> BoxBody<Bytes, Infallible> {
        let (client, lines) = channel(QUEUED);
        self.lock().clients.push(client);
        follows.store(true, Relaxed);
        Following(lines, Arc::clone(follows)).boxed()
    }
}

/// Serves a connection for at most so long, unless incidents are followed on it.
pub(super) async fn bound<T>(
    connection: impl Future<Output = T>,
    patience: Duration,
    follows: &AtomicBool,
) -> Option<T> {
    let mut connection = std::pin::pin!(connection);
    loop {
        match tokio::time::timeout(patience, &mut connection).await {
            Ok(ended) => return Some(ended),
            // One that takes nothing is dropped by who tells it, and then follows no more.
            Err(_) if follows.load(Relaxed) => {}
            Err(_) => return None,
        }
    }
}

struct Following(Receiver<Bytes>, Arc<AtomicBool>);

impl Body for Following {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.get_mut().0.poll_recv(context);
        next.map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.1.store(false, Relaxed);
    }
}
