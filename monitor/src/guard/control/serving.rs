//! Serves clients, so many at once and each for so long.

use std::convert::Infallible;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

use super::answers::answer;
use super::{Control, follow};

/// Clients that are served at once.
const MOST_CLIENTS: usize = 32;

/// How long a request may take to come, and an answer to go; following incidents has no end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a request's head at most.
const LARGEST_HEAD: usize = 16 << 10;

pub(super) async fn accept(listener: UnixListener, control: Control) {
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
