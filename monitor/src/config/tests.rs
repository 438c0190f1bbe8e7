use std::fs;
use std::time::Duration;

use super::diff::Diff;
use super::{Config, ConfigErrors, Loaded, load};
use crate::service::key::Key;

/// Files of a folder: `monitor.toml`, and those of `monitor.d`.
fn of(main: &str, others: &[(&str, &str)]) -> (tempfile::TempDir, Result<Loaded, ConfigErrors>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("monitor.toml");
    fs::write(&path, main).expect("written");
    fs::create_dir(folder.path().join("monitor.d")).expect("made");
    for (name, text) in others {
        fs::write(folder.path().join("monitor.d").join(name), text).expect("written");
    }
    let loaded = load(&path, true);
    (folder, loaded)
}

fn refused(main: &str) -> String {
    let errors = of(main, &[]).1.expect_err("it is wrong").0;
    let told = errors
        .iter()
        .map(|it| format!("{}: {}", it.line.unwrap_or(0), it.what));
    told.collect::<Vec<_>>().join("; ")
}

/// The example that the documentation shows.
const WHOLE: &str = r#"
[host]
name = "auto"
[discovery]
include = ["*.service", "container:*"]
exclude = ["systemd-*.service", "getty@*.service", "monitor.service"]
[learning]
at_least = "15m"
at_most = "24h"
review = false
[judging]
budget = "1/day"
cpu = "25%"
adapt = true
[service."unit:nginx.service"]
budget = "1/week"
[alarms]
again_after = "1h"
per_minute = 10
group_within = "60s"
least_severity = "low"
[metrics]
listen = "127.0.0.1:0"
textfile = "/var/lib/prometheus/node-exporter/monitor.prom"
[[output]]
type = "journal"
[[output]]
type = "http"
url = "http://falcosidekick:2801/"
format = "falco"
least_severity = "medium"
[[output]]
type = "file"
path = "/var/log/monitor/alarms.jsonl"
size = "64MiB"
generations = 10
[actions]
dry_run = true
"critical" = ["hook:/etc/monitor/page", "freeze"]
"#;

#[test]
fn the_documented_example_is_whole() {
    let loaded = of(WHOLE, &[]).1.expect("it is right");
    let config = &loaded.config;
    assert_eq!(config.output.len(), 3);
    assert_eq!(config.output[2].size.map(|it| it.0), Some(64 << 20));
    assert_eq!(config.actions.critical.len(), 2);
    let nginx = config.of_service(&Key::unit("nginx.service"));
    assert_eq!(nginx.budget.to_string(), "1/week");
    assert_eq!(nginx.at_least, Duration::from_mins(15));
    let other = config.of_service(&Key::unit("redis.service"));
    assert_eq!(other.budget.to_string(), "1/day");
}

#[test]
fn without_a_file_all_values_are_defaults() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("monitor.toml");
    assert_eq!(load(&path, false), Ok(Loaded::default()));
    assert!(load(&path, true).is_err(), "it was asked for");
}

#[test]
fn an_unknown_key_is_told_with_its_line_and_the_nearest_right_one() {
    assert_eq!(
        refused("[judging]\n\nbugdet = \"1/day\"\n"),
        "3: there is no judging.bugdet: is budget meant?"
    );
    assert_eq!(
        refused("[jugding]\n"),
        "1: there is no jugding: is judging meant?"
    );
    assert_eq!(
        refused(
            "[service.\"unit:*\"]\nbudgets = \"1/day\"\n[[output]]\ntype = \"file\"\npaht = \"x\"\n"
        ),
        "5: there is no output[0].paht: is path meant?; 2: there is no service.unit:*.budgets: is \
         budget meant?"
    );
    let far = refused("[host]\nzzz = 1\n");
    assert_eq!(far, "2: there is no host.zzz: known here: name");
}

#[test]
fn a_wrong_value_is_told_with_its_line() {
    let told = refused("[learning]\nat_least = \"soon\"\n");
    assert!(told.starts_with("2: ") && told.contains("15m"), "{told}");
    let told = refused("[judging]\nadapt = 3\n");
    assert!(told.starts_with("2: "), "{told}");
    let told = refused("[learning]\nat_least = \"2h\"\nat_most = \"1h\"\n");
    assert!(told.contains("3: learning.at_most: is shorter"), "{told}");
    let told = refused("[judging\n");
    assert!(told.starts_with("1: "), "{told}");
}

#[test]
fn later_files_win_and_outputs_add_up() {
    let more = "[judging]\nbudget = \"2/day\"\n[[output]]\ntype = \"file\"\npath = \"/x\"\n";
    let main = "[judging]\nbudget = \"1/week\"\ncpu = \"10%\"\n[[output]]\ntype = \"journal\"\n";
    let (_folder, loaded) = of(
        main,
        &[
            ("20.toml", more),
            ("10.toml", "[judging]\nbudget = \"9/day\"\n"),
            ("x.txt", "?"),
        ],
    );
    let loaded = loaded.expect("it is right");
    assert_eq!(loaded.config.judging.budget.to_string(), "2/day");
    assert_eq!(loaded.config.output.len(), 2);
    assert_eq!(loaded.files.len(), 3);
    let origin = |key: &str| {
        let values = loaded.values();
        let found = values.into_iter().find(|(it, ..)| it == key).expect(key);
        found
            .2
            .map(|it| it.rsplit('/').next().unwrap_or_default().to_owned())
    };
    assert_eq!(origin("judging.budget").as_deref(), Some("20.toml:2"));
    assert_eq!(origin("judging.cpu").as_deref(), Some("monitor.toml:3"));
    assert_eq!(origin("output[0].type").as_deref(), Some("monitor.toml:5"));
    assert_eq!(origin("output[1].path").as_deref(), Some("20.toml:5"));
    assert_eq!(origin("judging.adapt"), None);
}

#[test]
fn the_globs_of_discovery_tell_what_is_watched() {
    let config = Config::default();
    for (key, watched) in [
        (Key::unit("nginx.service"), true),
        (Key::container("web"), true),
        (Key::executable(b"/usr/sbin/nginx"), true),
        (Key::unit("systemd-journald.service"), false),
        (Key::unit("getty@tty1.service"), false),
        (Key::unit("monitor.service"), false),
        (Key::pod("shop", "web", "POD"), false),
        (Key::pod("shop", "web", "nginx"), true),
    ] {
        assert_eq!(config.watches(&key), watched, "{key}");
    }
}

#[test]
fn the_narrowest_glob_of_a_service_counts() {
    let text = "[service.\"*\"]\nbudget = \"3/day\"\nadapt = \
                false\n[service.\"unit:web*\"]\nbudget = \"2/day\"\n\
                [service.\"unit:web1.service\"]\nbudget = \"1/day\"\n";
    let config = of(text, &[]).1.expect("it is right").config;
    let budget = |name| config.of_service(&Key::unit(name)).budget.to_string();
    assert_eq!(budget("web1.service"), "1/day");
    assert_eq!(budget("web2.service"), "2/day");
    assert_eq!(budget("db.service"), "3/day");
    assert!(!config.of_service(&Key::unit("web1.service")).adapt);
}

#[test]
fn a_diff_tells_what_to_add_to_remove_and_to_change() {
    let one = of(
        "[[output]]\ntype = \"journal\"\n[judging]\ncpu = \"10%\"\n",
        &[],
    )
    .1;
    let two = of(
        "[service.\"*\"]\nadapt = false\n[judging]\ncpu = \"20%\"\n[metrics]\nlisten = \
                  \"127.0.0.1:1\"\n",
        &[],
    )
    .1;
    let (one, two) = (one.expect("right").config, two.expect("right").config);
    let diff = Diff::between(&one, &two);
    assert_eq!(diff.added, ["metrics.listen", "service.\"*\".adapt"]);
    assert_eq!(diff.removed, ["output[0].type"]);
    let changed = ("judging.cpu".into(), "\"10%\"".into(), "\"20%\"".into());
    assert_eq!(diff.changed, [changed]);
    assert_eq!(diff.at_start(), ["metrics.listen", "judging.cpu"]);
    assert!(Diff::between(&one, &one).is_empty());
}

#[test]
fn every_value_that_is_shown_can_be_read_again() {
    let loaded = of(WHOLE, &[]).1.expect("it is right");
    let text = toml::to_string(&loaded.config).expect("TOML has all of it");
    assert_eq!(of(&text, &[]).1.expect("it is right").config, loaded.config);
}
