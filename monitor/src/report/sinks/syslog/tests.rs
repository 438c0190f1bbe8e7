use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{Syslog, Transport, local, message};
use crate::report::notice::sample;
use crate::report::sinks::Destination;

#[test]
fn a_message_is_one_of_rfc_5424() {
    let mut notice = sample::notice();
    notice.service = "a\"b]c\\d\ne".into();
    let text = message(&notice);
    let pid = std::process::id();
    assert!(
        text.starts_with(&format!(
            "<83>1 2026-11-26T08:00:01.000000Z web-1 monitor {pid} alarm [alarm@32473 "
        )),
        "{text}"
    );
    assert!(
        text.contains(r#" MONITOR_SERVICE="a\"b\]c\\d e""#),
        "{text}"
    );
    assert!(text.ends_with("] a worker of nginx started a program it never ran"));
}

#[test]
fn the_local_form_is_that_of_syslog_3() {
    let mut notice = sample::notice();
    notice.headline = "it\nran".into();
    let pid = std::process::id();
    // Days below 10 are padded with a blank.
    for (time, shown) in [
        ("2026-11-26T08:00:01Z", "Nov 26 08:00:01"),
        ("2026-02-03T23:05:09Z", "Feb  3 23:05:09"),
    ] {
        notice.time = time.parse().expect("a time");
        assert_eq!(
            local(&notice, &notice.time.to_zoned(TimeZone::UTC)),
            format!("<83>{shown} monitor[{pid}]: it ran")
        );
    }
}

#[test]
fn a_stream_counts_octets_and_is_made_anew_when_the_other_side_closes_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let mut syslog = Syslog::new(Transport::Tcp(address));
    for _ in 0..2 {
        syslog.send(&sample::notice()).expect("sent");
        let (mut stream, _) = listener.accept().expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("set");
        let expected = message(&sample::notice());
        let expected = format!("{} {expected}", expected.len());
        let mut received = vec![0; expected.len()];
        stream.read_exact(&mut received).expect("received");
        assert_eq!(String::from_utf8_lossy(&received), expected);
    }
}

#[test]
fn a_datagram_is_one_message() {
    let listener = UdpSocket::bind("127.0.0.1:0").expect("a port");
    listener
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("set");
    let address = listener.local_addr().expect("bound").to_string();
    let mut syslog = Syslog::new(Transport::Udp(address));
    syslog.send(&sample::notice()).expect("sent");
    let mut buffer = [0; 4096];
    let length = listener.recv(&mut buffer).expect("received");
    let received = String::from_utf8_lossy(&buffer[..length]);
    assert_eq!(received, message(&sample::notice()));
}
