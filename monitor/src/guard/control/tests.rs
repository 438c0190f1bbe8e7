use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use crossbeam_channel::bounded;
use hyper::{Method, StatusCode};

use super::{Client, Control, Followers, Served, Socket};
use crate::guard::Request;
use crate::guard::board::{Board, ServiceStatus};
use crate::guard::place::{decoded, encoded};
use crate::guard::threads::ServiceThreads;

struct Serving {
    _folder: tempfile::TempDir,
    path: PathBuf,
    followers: Followers,
    _served: Served,
}

/// A socket with one service behind it whose requests all succeed.
fn serving() -> Serving {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("monitor.sock");
    let board = Board::default();
    board.lock().services.push(ServiceStatus {
        service: "exe:/usr/sbin/nginx".into(),
        ..ServiceStatus::default()
    });
    let (requests, asked) = bounded::<Request>(4);
    std::thread::spawn(move || {
        for request in asked {
            match request {
                Request::Act { action, reply, .. } => {
                    let _ = reply.send(Ok(format!("{} done", action.name())));
                }
                Request::Look { service, reply } => {
                    let _ = reply.send(Ok(ServiceThreads {
                        service: service.to_string(),
                        ..ServiceThreads::default()
                    }));
                }
                Request::Accept(_) | Request::Configure(_) => {}
            }
        }
    });
    let followers = Followers::default();
    let socket = Socket::bind(&path).expect("bound");
    let served = socket.serve(Control {
        board,
        requests,
        followers: followers.clone(),
        store: None,
        log: None,
    });
    Serving {
        _folder: folder,
        path,
        followers,
        _served: served.expect("a thread"),
    }
}

fn ask(serving: &Serving, method: Method, path: &str) -> (StatusCode, String) {
    let mut text = Vec::new();
    let status = Client::new(&serving.path).ask(method, path, |piece| {
        text.extend_from_slice(piece);
        true
    });
    (
        status.expect("served"),
        String::from_utf8(text).expect("text"),
    )
}

#[test]
fn a_person_asks_and_is_answered_in_json() {
    let serving = serving();
    let key = encoded("exe:/usr/sbin/nginx");
    let (status, text) = ask(&serving, Method::GET, "/v1/services");
    assert_eq!(status, StatusCode::OK);
    let services: Vec<ServiceStatus> = serde_json::from_str(&text).expect("JSON");
    assert_eq!(services[0].service, "exe:/usr/sbin/nginx");
    let (status, _) = ask(&serving, Method::GET, &format!("/v1/services/{key}"));
    assert_eq!(status, StatusCode::OK);
    let path = format!("/v1/services/{key}/approve");
    let (status, text) = ask(&serving, Method::POST, &path);
    assert_eq!(
        (status, &*text),
        (StatusCode::OK, r#"{"done":"approve done"}"#)
    );
    let (status, text) = ask(
        &serving,
        Method::GET,
        &format!("/v1/services/{key}/threads"),
    );
    assert_eq!(status, StatusCode::OK);
    let threads: ServiceThreads = serde_json::from_str(&text).expect("JSON");
    assert_eq!(threads.service, "exe:/usr/sbin/nginx");
    for (method, path, expected) in [
        (
            Method::POST,
            "/v1/incidents/01ABC/accept",
            StatusCode::CONFLICT,
        ),
        (
            Method::GET,
            "/v1/services/exe:%2Fnone",
            StatusCode::NOT_FOUND,
        ),
        (
            Method::POST,
            "/v1/services/x/approve",
            StatusCode::BAD_REQUEST,
        ),
        (
            Method::POST,
            "/v1/services/unit:x/eat",
            StatusCode::NOT_FOUND,
        ),
        (Method::GET, "/", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(ask(&serving, method, path).0, expected, "{path}");
    }
}

#[test]
fn only_its_user_and_group_may_ask() {
    let serving = serving();
    let mode = std::fs::metadata(&serving.path)
        .expect("there")
        .permissions()
        .mode();
    // Whoever runs the tests may have the group `monitor`, and be free to give it files.
    assert!(matches!(mode & 0o777, 0o600 | 0o660), "{mode:o}");
    assert!(Socket::bind(&serving.path).is_err(), "another serves there");
}

#[test]
fn incidents_are_followed_line_by_line() {
    let serving = serving();
    let client = Client::new(&serving.path);
    let followers = serving.followers.clone();
    let follower = std::thread::spawn(move || {
        let mut text = Vec::new();
        let status = client.ask(Method::GET, "/v1/incidents?follow", |piece| {
            text.extend_from_slice(piece);
            false
        });
        (status.expect("served"), text)
    });
    while followers.clients() == 0 {
        std::thread::yield_now();
    }
    followers.tell(serde_json::json!({"id": "1"}));
    let (status, text) = follower.join().expect("it ends");
    assert_eq!(status, StatusCode::OK);
    assert_eq!(text, b"{\"id\":\"1\"}\n");
    assert_eq!(
        ask(&serving, Method::GET, "/v1/incidents").1,
        r#"[{"id":"1"}]"#
    );
}

#[test]
fn rubbish_and_a_stuck_client_hold_up_nobody() {
    let serving = serving();
    let mut stuck = Vec::new();
    for _ in 0..8 {
        let mut stream = UnixStream::connect(&serving.path).expect("served");
        stream.write_all(b"GET /v1/sta").expect("taken");
        stuck.push(stream);
    }
    let mut rubbish = UnixStream::connect(&serving.path).expect("served");
    let _ = rubbish.write_all(&vec![b'x'; 1 << 20]);
    let mut answer = String::new();
    let _ = rubbish.read_to_string(&mut answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
    assert_eq!(ask(&serving, Method::GET, "/v1/status").0, StatusCode::OK);
}

#[test]
fn of_a_head_that_never_ends_no_more_is_taken_than_fits_into_the_buffers() {
    let serving = serving();
    // One, two and four times as much as is sent changes nothing about what is taken.
    let taken = [1, 2, 4].map(|times| {
        let mut stream = UnixStream::connect(&serving.path).expect("served");
        stream
            .write_all(b"GET /v1/status HTTP/1.1\r\n")
            .expect("taken");
        let header = format!("x-{}: {}\r\n", "y".repeat(90), "z".repeat(90));
        let lines = (0..times * 10_000).take_while(|_| stream.write_all(header.as_bytes()).is_ok());
        lines.count() * header.len()
    });
    // A socket's own buffers hold some hundred KiB (net.core.wmem_default).
    assert!(taken.iter().all(|&bytes| bytes < 1 << 20), "{taken:?}");
}

#[test]
fn names_survive_the_way_through_a_path() {
    for name in [
        "exe:/usr/sbin/nginx",
        "unit:a@b.service",
        "exe:/tmp/%20x",
        "pod:a/b/c",
    ] {
        assert_eq!(decoded(&encoded(name)).as_deref(), Some(name));
    }
    assert_eq!(decoded("%"), None);
    assert_eq!(decoded("%zz"), None);
    assert_eq!(decoded("%ff"), None);
}
