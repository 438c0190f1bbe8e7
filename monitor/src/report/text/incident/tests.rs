use super::{LINES, Page};
use crate::detect::blind::Blind;
use crate::incident::{Change, State};
use crate::report::sample;
use crate::run::clock::WallClock;

const PLAIN: Page = Page {
    colour: false,
    columns: 80,
};

fn shown(incident: &crate::incident::Incident) -> String {
    PLAIN.of(incident, "01HF7YAT", WallClock::Unknown, None)
}

#[test]
fn an_incident_says_what_when_where_who_and_what_to_type() {
    assert_eq!(
        shown(&sample::incident()),
        "CRITICAL a process of web started a program it never ran: sh\\x1b[2J, ptrace, an…
  when     12.000s, 3 alarms since 12.000s
  where    web-1, nginx.service
  process  evil\\x1b[2J (41) of user www-data: /bin/sh -c id
  lineage  nginx (40) → sh\\x1b[2J (41)
  new      program sh\\x1b[2J, read by sh\\x1b[2J, ptrace (T1055.008)
  unusual  ptrace, where was expected read 61%
  details  monitor explain 01HF7YAT
"
    );
}

#[test]
fn a_cgroup_says_where_it_was_unless_it_is_the_root_of_all() {
    let within = |cgroup: &str| {
        let who = crate::who::Who {
            cgroup: Some(cgroup.into()),
            ..crate::who::Who::default()
        };
        super::place(&who)
    };
    assert_eq!(within("/shop/web").as_deref(), Some("/shop/web"));
    assert_eq!(within("/"), None);
}

#[test]
fn it_fits_a_terminal_however_long_its_parts_are() {
    let mut incident = sample::incident();
    incident.headline = "x".repeat(500);
    incident.provisional = true;
    for state in [State::Opened, State::Updated, State::Closed] {
        incident.state = state;
        incident.changes = vec![Change::Score];
        let text = shown(&incident);
        assert!(text.lines().count() <= 1 + LINES, "{text}");
        assert!(
            text.lines()
                .all(|line| line.chars().count() <= PLAIN.columns),
            "{text}"
        );
    }
    assert!(shown(&incident).starts_with("closed 01HF7YAT: calm since 12.000s, 3 alarms: xxx"));
}

#[test]
fn being_blind_is_said_with_since_when() {
    let mut blind = Blind {
        service: "web".into(),
        since_ns: 3_000_000_000,
        until_ns: None,
        lost: 12_345,
        threads: 1,
    };
    let said = PLAIN.blind(&blind, WallClock::Unknown);
    assert_eq!(
        said,
        "BLIND to web since 3.000s: 12,345 calls of 1 thread lost, more are being lost\n"
    );
    blind.until_ns = Some(9_000_000_000);
    let said = PLAIN.blind(&blind, WallClock::Unknown);
    assert!(said.contains("no more: from 3.000s to 9.000s"), "{said}");
}
