use clap::CommandFactory;

use super::{Cli, Color, parse};

fn told(arguments: &[&str]) -> String {
    let arguments = ["monitor"].iter().chain(arguments).map(Into::into);
    parse(arguments).expect_err("wrong usage").to_string()
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn an_option_of_the_live_run_before_a_command_is_refused() {
    let text = told(&["--pid", "1", "syscalls"]);
    assert!(text.contains("--pid stands before syscalls"), "{text}");
    let text = told(&["--format", "json", "incidents", "list"]);
    assert!(text.contains("--format stands before incidents"), "{text}");
    for right in [
        &["--color", "never", "syscalls"][..],
        &["incidents", "--format", "json", "list"],
        &["incidents", "list", "--format", "json"],
    ] {
        let arguments = ["monitor"].iter().chain(right).map(Into::into);
        assert!(parse(arguments).is_ok(), "{right:?}");
    }
}

#[test]
fn a_name_of_a_command_after_two_dashes_is_the_users_own_command() {
    let cli = parse(
        ["monitor", "--", "replay", "--pid"]
            .map(Into::into)
            .into_iter(),
    );
    let cli = cli.expect("well-formed");
    assert!(cli.command.is_none());
}

#[test]
fn colour_follows_the_choice_before_the_terminal() {
    assert!(Color::Always.is_on(false));
    assert!(!Color::Never.is_on(true));
    assert!(!Color::Auto.is_on(false));
}
