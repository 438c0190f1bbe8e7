//! One service as a person reads it.

use jiff::Timestamp;
use monitor::detect::verdict::Pace;
use monitor::guard::board::ServiceStatus;
use monitor::report::text::{counted, grouped};

use crate::cli::judge::span;

/// What is said of a service, a heading and a text each; what it does not have is left out.
/// `last_call` is the time of its last call in words.
pub fn rows(it: &ServiceStatus, last_call: &str) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("service", it.service.clone()),
        ("state", format!("{}{}", it.word(), since(it.since_s))),
    ];
    if let Some(since) = it.blind_since() {
        let told = format!("calls are lost so fast since {since}: see monitor status");
        rows.push(("not seen", told));
    } else if it.blind_s >= 1.0 {
        rows.push(("was not seen", format!("for {} in all", span(it.blind_s))));
    }
    if !it.lacking.is_empty() {
        rows.push(("lacking", it.lacking.join(", ")));
    }
    let known = [
        ("release", &it.release),
        ("unit", &it.unit),
        ("cgroup", &it.cgroup),
        ("container", &it.container),
        ("container id", &it.container_id),
        ("inner container", &it.inner_container_id),
        ("image", &it.image),
        ("pod", &it.pod),
    ];
    let known = known.into_iter();
    rows.extend(known.filter_map(|(name, text)| Some((name, text.clone()?))));
    let calls = format!(
        "{}, {:.1} a second lately, {} lost",
        grouped(it.calls),
        it.calls_per_second,
        grouped(it.lost)
    );
    rows.push(("calls", calls));
    if it.last_call_ns > 0 {
        rows.push(("last call", last_call.to_owned()));
    }
    rows.push(("threads now", grouped(it.threads)));
    if it.io_uring_enter > 0 {
        rows.push((
            "io_uring",
            counted(it.io_uring_enter, "io_uring_enter call"),
        ));
    }
    if it.learned > 0 {
        let mut learned = format!("{} in {}", counted(it.learned, "call"), span(it.learned_s));
        if let Some(novelty) = it.novelty {
            learned += &format!(", {novelty:.1} new sequences in a thousand lately");
        }
        rows.push(("learned", learned));
    }
    if let Some(sha256) = &it.profile_sha256 {
        let begin = sha256.get(..12).unwrap_or(sha256);
        rows.push(("profile", format!("{begin} (sha256)")));
    }
    rows.push(("budget", it.budget.clone()));
    if let Some(nearest) = it.nearest {
        let what = match nearest.pace {
            Pace::Slow => "nats a call, slow mean",
            Pace::Fast => "nats a call, fast mean",
            Pace::Sequence => "nats of sequences never learned",
            Pace::FirstSeen => "nats of what was never seen before",
        };
        let (score, threshold) = (nearest.score, nearest.threshold);
        let told = format!("{score:.2} {what}; told above {threshold:.2}");
        rows.push(("nearest thread", told));
    }
    let (opened, open) = it.incidents;
    rows.push((
        "incidents",
        format!("{}, {} open", grouped(opened), grouped(open)),
    ));
    let suppressed = it.suppressed;
    rows.push((
        "alarms",
        format!(
            "{}; not told: {} like one before, {} over the limit a minute",
            grouped(it.alarms),
            grouped(suppressed.alike),
            grouped(suppressed.rate)
        ),
    ));
    rows
}

fn since(unix_s: u64) -> String {
    let second = i64::try_from(unix_s).ok().filter(|&it| it > 0);
    let time = second.and_then(|it| Timestamp::from_second(it).ok());
    time.map_or_else(String::new, |it| format!(" since {it}"))
}

#[cfg(test)]
mod tests {
    use monitor::detect::verdict::Pace;
    use monitor::guard::board::{ServiceStatus, Suppressed};
    use monitor::guard::threads::ScoreStatus;
    use monitor::service::life::State;

    use super::rows;

    #[test]
    fn a_service_is_shown_in_words_and_units_and_without_what_it_has_not() {
        let status = ServiceStatus {
            service: "unit:nginx.service".into(),
            state: State::Watching,
            since_s: 1_795_804_468,
            unit: Some("nginx.service".into()),
            calls: 1_234_567,
            calls_per_second: 61.25,
            threads: 3,
            learned: 1_000_000,
            learned_s: 905.0,
            profile_sha256: Some("0123456789abcdef".into()),
            budget: "1/day".into(),
            budget_per_second: Some(1.0 / 86_400.0),
            nearest: Some(ScoreStatus {
                pace: Pace::FirstSeen,
                score: 1.5,
                threshold: 9.25,
            }),
            alarms: 2,
            incidents: (1, 1),
            suppressed: Suppressed { alike: 3, rate: 0 },
            last_call_ns: 7,
            ..ServiceStatus::default()
        };
        let shown = rows(&status, "18:22:01.000");
        let shown: Vec<_> = shown.iter().map(|(name, it)| (*name, &it[..])).collect();
        assert_eq!(
            shown,
            [
                ("service", "unit:nginx.service"),
                ("state", "watching since 2026-11-27T18:34:28Z"),
                ("unit", "nginx.service"),
                ("calls", "1,234,567, 61.2 a second lately, 0 lost"),
                ("last call", "18:22:01.000"),
                ("threads now", "3"),
                ("learned", "1,000,000 calls in 15m 5s"),
                ("profile", "0123456789ab (sha256)"),
                ("budget", "1/day"),
                (
                    "nearest thread",
                    "1.50 nats of what was never seen before; told above 9.25"
                ),
                ("incidents", "1, 1 open"),
                (
                    "alarms",
                    "2; not told: 3 like one before, 0 over the limit a minute"
                ),
            ]
        );
    }

    #[test]
    fn a_service_that_is_learned_or_blind_says_what_is_lacking_and_since_when() {
        let status = ServiceStatus {
            state: State::Learning,
            lacking: vec!["7 minutes more".into(), "one restart not yet seen".into()],
            blind_since_s: Some(1_795_804_468),
            learned: 1,
            novelty: Some(4.25),
            ..ServiceStatus::default()
        };
        let shown = rows(&status, "");
        let of = |name| shown.iter().find(|it| it.0 == name).map(|it| &it.1[..]);
        assert_eq!(of("state"), Some("blind"));
        assert_eq!(
            of("lacking"),
            Some("7 minutes more, one restart not yet seen")
        );
        assert_eq!(
            of("learned"),
            Some("1 call in 0s, 4.2 new sequences in a thousand lately")
        );
        let seen = of("not seen").expect("it is blind");
        assert!(seen.contains("since 2026-11-27T18:34:28Z"), "{seen}");
        assert_eq!(of("last call"), None);
    }
}
