use super::{Body, Kind, OutputConfig};
use crate::report::sinks::syslog::Transport;

fn of(text: &str) -> Result<OutputConfig, String> {
    text.parse()
        .map_err(|error: super::OutputError| error.to_string())
}

#[test]
fn a_word_is_enough_for_each_kind() {
    let falco = of("falco+http://host:2801/").expect("fits");
    assert_eq!((falco.kind, falco.format), (Kind::Http, Some(Body::Falco)));
    assert_eq!(falco.shown_name(), "http http://host:2801/");
    assert_eq!(of("http://host/x").expect("fits").format, None);
    let syslog = of("syslog+tcp://host").expect("fits");
    assert_eq!(syslog.transport(), Some(Transport::Tcp("host:514".into())));
    let local = of("syslog").expect("fits");
    assert_eq!(local.transport(), Some(Transport::Local("/dev/log".into())));
    assert_eq!(of("program:/bin/x").expect("fits").command, ["/bin/x"]);
    assert_eq!(of("file:/x").expect("fits").shown_name(), "file /x");
    for wrong in [
        "",
        "nats://x",
        "syslog+x://y",
        "file",
        "program:x",
        "http",
        "falco+x",
    ] {
        let error = of(wrong).expect_err(wrong);
        assert!(error.contains("give "), "{error}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let output = of("http://user:secret@host:1/a?token=secret").expect("fits");
    assert_eq!(output.shown_name(), "http http://host:1/a");
    let error = of("https+http://user:secret@host/").expect_err("no kind");
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn a_field_of_another_kind_is_refused() {
    let text = r#"{"type": "file", "path": "/x", "format": "falco"}"#;
    let output: OutputConfig = serde_json::from_str(text).expect("reads");
    let error = output.check().expect_err("refused").to_string();
    assert_eq!(error, "output file /x: format is for type http");
    let text = r#"{"type": "file", "paht": "/x"}"#;
    serde_json::from_str::<OutputConfig>(text).expect_err("unknown");
}
