use super::{News, Sighting, Touched};
use crate::detail::{Detail, Outcome};

fn detail(text: &str) -> Detail {
    let detail: Detail = text.parse().expect("a detail");
    detail.generalised(77)
}

fn learned(texts: &[&str]) -> Touched {
    let mut touched = Touched::default();
    for text in texts {
        touched.learn(&detail(text), None, Sighting::default());
    }
    touched
}

#[test]
fn a_folder_of_many_children_stands_for_them_and_a_dozen_trusted_names_do_not() {
    let mut touched = Touched::default();
    let folders = [
        "/srv/www/img",
        "/etc",
        "/etc/nginx/sites",
        "/usr/bin",
        "/var/lib",
    ];
    for folder in folders {
        for name in ('a'..='z').map(|letter| letter.to_string()) {
            let text = format!("read:{folder}/{name}");
            touched.learn(&detail(&text), None, Sighting::default());
        }
    }
    assert!(touched.knows(&detail("read:/srv/www/img/logo")));
    assert!(!touched.knows(&detail("read:/srv/www/img/logo/deep")));
    assert!(!touched.knows(&detail("read:/srv/www/other")));
    assert!(!touched.knows(&detail("create:/srv/www/img/logo")));
    for folder in &folders[1..] {
        assert!(!touched.knows(&detail(&format!("read:{folder}/shadow"))));
    }
    assert!(
        touched.others() > 0,
        "what the folder covers is only counted"
    );
}

#[test]
fn uploads_logs_and_tables_with_new_names_are_no_news() {
    let touched = learned(&[
        "create:/srv/up/cat.jpg",
        "create:/srv/up/dog.jpg",
        "create:/srv/up/report.pdf",
        "create:/srv/up/notes.txt",
        "create:/var/log/app/access.log",
        "rename:/var/log/app/access.log.1",
        "create:/var/lib/pg/base/16384/2619",
    ]);
    for known in [
        "create:/srv/up/holiday.png",
        "read:/srv/up/holiday.png",
        "remove:/srv/up/holiday.png",
        "rename:/var/log/app/access.log.2",
        "write:/var/log/app/access.log",
        "create:/var/lib/pg/base/16384/2840",
    ] {
        assert!(touched.knows(&detail(known)), "{known}");
    }
    for news in [
        "execute:/srv/up/holiday.png",
        "create:/srv/other/x",
        "create:/etc/cron.d/x",
        "read:/etc/shadow",
        "read:/srv/up/../../etc/shadow",
    ] {
        assert!(!touched.knows(&detail(news)), "{news}");
    }
    let made = |text: &str| match detail(text) {
        Detail::Path(_, path) => touched.writes(&path),
        _ => false,
    };
    assert!(made("execute:/srv/up/holiday.png") && !made("execute:/bin/sh"));
}

#[test]
fn a_client_of_many_hosts_may_reach_another_but_never_the_metadata_service() {
    let mut touched = Touched::default();
    for host in 1..=8 {
        let text = format!("connect:8.8.4.{host}:443");
        touched.learn(&detail(&text), None, Sighting::default());
    }
    assert!(touched.knows(&detail("connect:1.1.1.1:443")));
    for news in [
        "connect:1.1.1.1:4444",
        "connect:10.0.0.1:443",
        "connect:169.254.169.254:443",
        "send:1.1.1.1:443",
    ] {
        assert!(!touched.knows(&detail(news)), "{news}");
    }
}

#[test]
fn what_was_learned_is_taken_back_exactly() {
    let before = ["read:/a/x", "read:/a/x", "memory:3"];
    let held: Vec<_> = ["read:/a/x", "read:/a/y", "connect:1.2.3.4:5"]
        .map(detail)
        .into();
    let mut touched = learned(&before);
    for one in &held {
        touched.learn(one, None, Sighting::default());
    }
    assert!(touched.knows(&held[1]));
    touched.unlearn(held.iter().map(|it| (it, None)));
    assert_eq!(touched.things(), learned(&before).things());
    assert!(!touched.knows(&held[1]) && touched.knows(&held[0]));
}

#[test]
fn joined_counts_add_up_and_later_sightings_stay_later() {
    let mut one = learned(&["read:/a", "read:/b"]);
    let two = learned(&["read:/b", "read:/c"]);
    let after = Sighting {
        calls: 100,
        millis: 7,
    };
    one.join(&two, after);
    let thing = |text: &str| one.things()[&detail(text)];
    assert_eq!(thing("read:/b").count, 2);
    assert_eq!(thing("read:/b").first, Sighting::default());
    assert_eq!(thing("read:/c").first, after);
}

#[test]
fn a_program_that_is_not_there_was_not_run_and_is_news_when_it_is() {
    let absent = Some(Outcome::NotThere);
    for text in [
        "execute:/usr/local/sbin/true",
        "execute:/usr/local/bin/true",
    ] {
        let program = detail(text);
        let mut touched = Touched::default();
        assert_eq!(touched.news(&program, absent), None, "{text}");
        assert_eq!(touched.news(&program, None), Some(News::Thing));
        // Nor where it was looked for while it was learned.
        assert_eq!(touched.learn(&program, absent, Sighting::default()), None);
        let ran = touched.news(&program, Some(Outcome::Ok));
        assert_eq!(ran, Some(News::Outcome(Outcome::Ok)));
        assert_eq!(touched.things().len(), 1);
    }
    // A file that is not there was asked for all the same.
    let file = detail("read:/etc/shadow");
    assert_eq!(Touched::default().news(&file, absent), Some(News::Thing));
}

#[test]
fn how_a_call_on_a_known_thing_went_is_news_until_it_is_learned() {
    let preload = detail("read:/etc/ld.so.preload");
    let mut touched = Touched::default();
    let absent = Some(Outcome::NotThere);
    let learned = touched.learn(&preload, absent, Sighting::default());
    assert_eq!(learned, Some(News::Thing));
    assert_eq!(touched.news(&preload, absent), None);
    assert_eq!(
        touched.news(&preload, None),
        None,
        "nobody knows how it went"
    );
    let found = (&preload, Some(Outcome::Ok));
    assert_eq!(
        touched.news(found.0, found.1),
        Some(News::Outcome(Outcome::Ok))
    );
    let before = touched.clone();
    touched.learn(found.0, found.1, Sighting::default());
    assert_eq!(touched.news(found.0, found.1), None);
    touched.unlearn([found]);
    assert_eq!(touched.things(), before.things());
    touched.take_up([found]);
    assert_eq!(touched.news(found.0, found.1), None);
    let mut other = Touched::default();
    other.join(&touched, Sighting::default());
    assert_eq!(other.news(found.0, found.1), None, "it came with the rest");
    // What only a folder of many children stands for has no outcomes.
    let learned_without = ["read:/a"].map(detail);
    touched.learn(&learned_without[0], None, Sighting::default());
    assert_eq!(touched.news(&learned_without[0], found.1), None);
}
