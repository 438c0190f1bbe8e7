//! What is wrong with a command line, in one line: the option, what was given, what is right.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// How alike two words are, at least, for one to be a slip of the pen for the other: Jaro-Winkler,
/// from 0 to 1. clap takes the same for options.
const ALIKE: f64 = 0.7;

/// What is wrong, without `error:`, and with the nearest command where a word is none.
pub fn told(error: &clap::Error, arguments: &[String], command: &Command) -> String {
    if let Some(told) = no_command(error, arguments, command) {
        return told;
    }
    let text = error.to_string();
    let told: Vec<_> = text
        .lines()
        .take_while(|line| !line.starts_with("Usage:"))
        .filter(|line| !line.starts_with("For more information"))
        .map(|line| line.trim().trim_start_matches("error: "))
        .filter(|line| !line.is_empty())
        .collect();
    let told = told.join("; ").replace(":; ", ": ");
    format!("{told} (see monitor --help)")
}

/// A word in the place of a command that is none.
fn no_command(error: &clap::Error, arguments: &[String], command: &Command) -> Option<String> {
    let kind = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        _ => return None,
    };
    let Some(ContextValue::String(word)) = error.get(kind) else {
        return None;
    };
    if word.starts_with('-') {
        return None;
    }
    // The command in whose place it stands: `profile` of `monitor profile list`.
    let mut within = command;
    let mut path = String::new();
    for argument in arguments.iter().skip(1) {
        match within.find_subcommand(argument) {
            Some(next) if argument != word => {
                within = next;
                path += &format!("{argument} ");
            }
            _ => break,
        }
    }
    let names: Vec<_> = within
        .get_subcommands()
        .filter(|it| !it.is_hide_set())
        .map(Command::get_name)
        .collect();
    if names.is_empty() {
        return None;
    }
    let likeness = |name: &&&str| strsim::jaro_winkler(name, word);
    let nearest = names
        .iter()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let remedy = match nearest {
        Some(name) if likeness(&name) > ALIKE => format!("did you mean {path}{name}?"),
        _ => format!("the commands are {}", names.join(", ")),
    };
    let run_it = if path.is_empty() {
        format!("; to watch a program of this name, monitor -- {word}")
    } else {
        String::new()
    };
    Some(format!(
        "there is no command {path}{word}: {remedy}{run_it}"
    ))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::told;
    use crate::cli::{Cli, parse};

    fn refusal(arguments: &[&str]) -> String {
        let arguments: Vec<_> = ["monitor"]
            .iter()
            .chain(arguments)
            .map(|&it| it.to_owned())
            .collect();
        let error = parse(arguments.iter().map(Into::into)).expect_err("wrong usage");
        told(&error, &arguments, &Cli::command())
    }

    #[test]
    fn a_word_that_is_no_command_gets_the_nearest_or_all_of_them() {
        let text = refusal(&["lern"]);
        assert!(
            text.starts_with("there is no command lern: did you mean learn?"),
            "{text}"
        );
        let text = refusal(&["profile", "mrge"]);
        assert_eq!(
            text,
            "there is no command profile mrge: did you mean profile merge?"
        );
        for (arguments, names) in [
            (&["ls"][..], "record, learn"),
            (&["profile", "zzz"], "show, merge"),
        ] {
            let text = refusal(arguments);
            assert!(
                text.contains("the commands are") && text.contains(names),
                "{text}"
            );
        }
        assert!(refusal(&["ls"]).ends_with("monitor -- ls"));
    }

    /// Every option that takes a value, of every command.
    #[test]
    fn every_value_that_is_refused_is_named_with_its_option_and_what_is_right() {
        let wrong = "\u{1}no such value";
        let mut refused = 0;
        let root = Cli::command();
        let mut all = vec![(Vec::new(), &root)];
        while let Some((path, command)) = all.pop() {
            for option in command.get_arguments() {
                let Some(long) = option
                    .get_long()
                    .filter(|_| option.get_action().takes_values())
                else {
                    continue;
                };
                let mut arguments = path.clone();
                let given = format!("--{long}={wrong}");
                arguments.push(given.as_str());
                let owned: Vec<_> = ["monitor"]
                    .iter()
                    .chain(&arguments)
                    .map(|&it| it.to_owned())
                    .collect();
                let Err(error) = parse(owned.iter().map(Into::into)) else {
                    continue;
                };
                if error.kind() == clap::error::ErrorKind::MissingRequiredArgument {
                    // A name or a path: whatever it is, it is taken.
                    continue;
                }
                refused += 1;
                let text = told(&error, &owned, &root);
                assert!(text.contains(&format!("--{long}")), "{text}");
                assert!(text.contains("no such value"), "{text}");
                assert!(
                    text.contains("give ") || text.contains("possible values"),
                    "{text}"
                );
            }
            for below in command.get_subcommands() {
                let mut path: Vec<&str> = path.clone();
                path.push(below.get_name());
                all.push((path, below));
            }
        }
        assert!(refused > 20, "{refused}");
    }
}
