use super::*;
use crate::report::json::alarm::CallRecord;

/// As the monitor writes one, made hostile: a log is a file like any other.
fn alarm() -> AlarmRecord {
    let mut alarm: AlarmRecord = serde_json::from_value(serde_json::json!({
        "schema": 2, "type": "alarm", "id": "01JT<script>", "source": null, "time_ns": 5, "time": null,
        "pid": 7, "tid": 8, "start_ns": 1, "comm": "<b>nginx</b>", "pace": "first_seen", "score": 9.5,
        "score_bits": "4023000000000000", "threshold": 3.0, "evidence": "complete", "surprising": [{
            "seq": 1, "abi": "x86-64", "number": 165, "name": "mount", "index": 21, "surprise": 9.0,
            "expected": [{"index": 3, "name": "read", "probability": 0.75}]
        }],
        "flight": { "first_seq": 0, "calls": [["x86-64", 0, "read"], ["x86-64", 165, "mount"]], "touches": [{
            "seq": 1, "abi": "x86-64", "number": 165, "name": "mount", "detail": "read:/<img src=x>", "outcome": "denied"
        }]}, "model": null
    }))
    .expect("an alarm");
    alarm.who = Some(std::sync::Arc::new(crate::who::Who {
        lineage: ["sh", "nginx"]
            .map(|comm| Program {
                comm: comm.into(),
                pid: 7,
                ..Program::default()
            })
            .into(),
        ..crate::who::Who::default()
    }));
    alarm
}

fn html(alarm: &AlarmRecord) -> String {
    IncidentPage {
        incident: None,
        alarm,
        aftermath: None,
    }
    .html()
}

#[test]
fn what_a_process_chose_is_escaped_wherever_it_stands() {
    let html = html(&alarm());
    assert!(!html.contains("<script"), "{html}");
    assert!(!html.contains("<img"), "{html}");
    assert!(html.contains("&lt;b&gt;nginx&lt;/b&gt; behaved unlike itself"));
}

#[test]
fn it_shows_the_call_with_what_it_touched_what_is_usual_and_who_started_it() {
    let html = html(&alarm());
    assert!(
        html.contains(r#"<strong class="high"><code>mount</code></strong>"#),
        "{html}"
    );
    assert!(html.contains("denied") && html.contains("read 75%") && html.contains("width:100%"));
    let (parent, child) = (
        html.find("<code>sh</code>"),
        html.find("<code>nginx</code>"),
    );
    assert!(parent.is_some() && parent < child, "{html}");
}

#[test]
fn a_window_longer_than_the_page_keeps_its_end_and_its_places() {
    let mut alarm = alarm();
    let read: CallRecord = ("x86-64".into(), 0, Some("read".into()));
    alarm.flight.calls = vec![read; BEFORE + 2];
    let html = html(&alarm);
    assert!(!html.contains(r#"<td class="number dim">1</td>"#), "{html}");
    assert!(html.contains(&format!(r#"<td class="number dim">{}</td>"#, BEFORE + 1)));
}
