//! Pid namespaces: a `/proc` of another one, and numbers of a nested one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use super::watching::{Held, LONGEST, wait_until};
use crate::harness::{Ran, parse, text};
use crate::traced::traced;

#[test]
#[ignore = "needs root"]
fn under_the_proc_of_another_pid_namespace_every_watch_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    let commands: [&[&str]; 6] = [
        &["--no-alarm-log", "--pid", "2"],
        &["--no-alarm-log", "--comm", "sh"],
        &["--no-alarm-log", "--all"],
        &["--no-alarm-log", "--", "true"],
        &["record", "--output", text(&file), "--pid", "2"],
        &["learn", "--profile", text(&file), "--pid", "2"],
    ];
    for command in commands {
        let output = Command::new("timeout")
            .args(["60", "unshare", "--pid", "--fork"])
            .arg(env!("CARGO_BIN_EXE_monitor"))
            .args(command)
            .output();
        let ran = Ran::from(output.expect("unshare is installed"));
        let told = [
            "/proc shows the processes of another pid namespace",
            "mount -t proc proc /proc",
        ];
        ran.refused(1, &told);
        assert!(!file.exists(), "{command:?}");
    }
}

/// A shell in a pid namespace of its own.
struct Inside {
    unshare: Held,
    input: ChildStdin,
    answers: Receiver<String>,
}

impl Inside {
    fn new() -> Self {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc", "sh"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut unshare = Held::start(&mut command);
        let input = unshare.0.stdin.take().expect("piped");
        let output = BufReader::new(unshare.0.stdout.take().expect("piped"));
        let (answer, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A test that failed meanwhile hears no more.
                let _ = answer.send(line);
            }
        });
        Self {
            unshare,
            input,
            answers,
        }
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.input, "{command}").expect("it reads");
    }

    /// What a command answers, in one line.
    fn ask(&mut self, command: &str) -> String {
        self.tell(command);
        let answer = self.answers.recv_timeout(LONGEST);
        answer.unwrap_or_else(|_| panic!("no answer to {command}"))
    }

    /// The number that a process of this namespace has outside of it.
    fn outside(&self, pid: &str) -> String {
        let namespace = |path: PathBuf| std::fs::read_link(path).ok();
        let own = format!("/proc/{}/ns/pid_for_children", self.unshare.pid());
        let own = namespace(own.into()).expect("it runs");
        let mut processes = std::fs::read_dir("/proc").expect("mounted").flatten();
        let found = processes.find_map(|process| {
            if namespace(process.path().join("ns/pid"))? != own {
                return None;
            }
            let status = std::fs::read_to_string(process.path().join("status")).ok()?;
            let numbers = status.lines().find_map(|it| it.strip_prefix("NSpid:"))?;
            let is_it = numbers.split_whitespace().next_back()? == pid;
            is_it.then(|| process.file_name().into_string().ok())?
        });
        found.expect("it runs")
    }
}

#[test]
#[ignore = "needs root"]
fn the_numbers_of_a_process_that_ended_in_a_nested_pid_namespace_are_nobodys() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let (output, said) = (place("output"), place("said"));
    let pipes = [place("ends"), place("stays")];
    let mut inside = Inside::new();
    // Both wait in the call that opens their pipe.
    let [ends, stays] = pipes.each_ref().map(|pipe| {
        let pipe = pipe.display();
        inside.ask(&format!("mkfifo {pipe}; cat {pipe} > /dev/null & echo $!"))
    });
    let let_end = |pipe: &PathBuf| {
        let opened = std::fs::OpenOptions::new().write(true).open(pipe);
        drop(opened.expect("it waits"));
    };
    let outside = inside.outside(&ends);
    let monitor = inside.ask(&format!(
        "timeout 100 {} --no-alarm-log --no-learn --format json --output {} --pid {ends} --pid \
         {stays} 2> {} & echo $!",
        env!("CARGO_BIN_EXE_monitor"),
        output.display(),
        said.display()
    ));
    wait_until("it watches", || {
        let said = std::fs::read_to_string(&said).ok()?;
        said.contains(": watching ").then_some(())
    });
    let_end(&pipes[0]);
    assert_eq!(inside.ask(&format!("wait {ends}; echo $?")), "0");
    // Another process with both numbers, which nobody watches: it makes calls, says so and stays.
    let again = format!("{} numbered {ends} {outside} &", traced().display());
    assert_eq!(inside.ask(&again), "made");
    let_end(&pipes[1]);
    let ended = inside.ask(&format!("wait {monitor}; echo $?"));
    assert_eq!(ended, "0", "the run ends with the two that it watches");
    let lines = parse(&std::fs::read_to_string(&output).expect("written"));
    let seen: Vec<_> = lines
        .iter()
        .filter(|it| it["type"] == "thread_end")
        .map(|it| (it["pid"].to_string(), it["comm"].as_str().expect("text")))
        .collect();
    assert_eq!(seen, [(ends, "cat"), (stays, "cat")]);
    let summary = lines.last().expect("a summary");
    assert!(summary["calls"].as_u64() < Some(1000), "{summary}");
}
