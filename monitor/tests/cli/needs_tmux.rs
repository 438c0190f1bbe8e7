//! `monitor top` in a real terminal, with a guard's control socket behind it that this test serves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use monitor::guard::Request;
use monitor::guard::board::{Board, ServiceStatus};
use monitor::guard::control::{Control, Followers, Served, Socket};
use monitor::guard::threads::{CallStatus, ServiceThreads, ThreadStatus};
use monitor::service::life::State;
use tempfile::TempDir;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A socket that is asked like a guard's.
struct Guard {
    folder: TempDir,
    board: Board,
    served: Option<Served>,
}

impl Guard {
    fn serve() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let board = Board::default();
        {
            let mut status = board.lock();
            status.version = "0.0.0".into();
            status.attached = true;
            status.services = ["unit:nginx.service", "exe:/tmp/\u{1b}]0;evil\u{7}"]
                .map(|service| ServiceStatus {
                    service: service.into(),
                    state: State::Watching,
                    ..ServiceStatus::default()
                })
                .into();
        }
        let (requests, asked) = bounded::<Request>(4);
        std::thread::spawn(move || {
            for request in asked {
                if let Request::Look { service, reply } = request {
                    // Whoever asked may have gone.
                    let _ = reply.send(Ok(threads(service.as_str())));
                }
            }
        });
        let socket = Socket::bind(&folder.path().join("monitor.sock")).expect("bound");
        let served = socket.serve(Control {
            board: board.clone(),
            requests,
            followers: Followers::default(),
            store: None,
            log: None,
        });
        Self {
            served: Some(served.expect("a thread")),
            folder,
            board,
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("monitor.sock")
    }
}

fn threads(service: &str) -> ServiceThreads {
    ServiceThreads {
        service: service.to_owned(),
        judged: true,
        threads: vec![ThreadStatus {
            pid: 7,
            tid: 8,
            comm: "worker".into(),
            calls: 1000,
            lost: 0,
            last_ns: 1,
            nearest: None,
            evidence: monitor::detect::verdict::Evidence::Complete,
            last: vec![CallStatus {
                call: "ptrace".into(),
                nats: Some(14.2),
                breaks: true,
                expected: vec![("epoll_wait".into(), 0.6)],
            }],
        }],
        ..ServiceThreads::default()
    }
}

/// A terminal with a shell in it, of its own server.
struct Terminal {
    server: PathBuf,
}

impl Terminal {
    /// Of 80 columns and 24 lines.
    fn open(folder: &Path) -> Self {
        let terminal = Self {
            server: folder.join("tmux"),
        };
        let shell = "env PS1='ready> ' sh";
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "24",
            shell,
        ]);
        terminal.wait("ready>");
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        Command::new("tmux")
            .arg("-S")
            .arg(&self.server)
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .output()
            .expect("tmux")
    }

    fn press(&self, keys: &[&str]) {
        let ran = self.tmux(&[&["send-keys"], keys].concat());
        assert!(ran.status.success(), "{ran:?}");
    }

    /// Starts `monitor top`, with words before and behind its command.
    fn start(&self, before: &str, guard: &Guard, behind: &str) {
        let monitor = env!("CARGO_BIN_EXE_monitor");
        let socket = guard.socket();
        let line = format!(
            "{before} {monitor} top --socket {} {behind}",
            socket.display()
        );
        self.press(&[&line, "Enter"]);
    }

    /// The lines on the screen, with what colours them.
    fn screen(&self) -> String {
        let seen = self.tmux(&["capture-pane", "-p", "-e"]);
        String::from_utf8_lossy(&seen.stdout).into_owned()
    }

    /// The lines on the screen once they hold a text.
    fn wait(&self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if screen.contains(text) {
                return screen;
            }
            assert!(Instant::now() < until, "no {text:?} in:\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The programs that run below its shell.
    fn children(&self) -> Vec<i32> {
        let shell = self.tmux(&["display-message", "-p", "#{pane_pid}"]);
        let shell = String::from_utf8_lossy(&shell.stdout).trim().to_owned();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"));
        let children = children.unwrap_or_default();
        children
            .split_whitespace()
            .filter_map(|it| it.parse().ok())
            .collect()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended with its shell.
        let _ = Command::new("tmux")
            .arg("-S")
            .arg(&self.server)
            .arg("kill-server")
            .output();
    }
}

#[test]
#[ignore = "needs tmux"]
fn services_and_threads_are_shown_and_the_terminal_is_given_back() {
    let guard = Guard::serve();
    let terminal = Terminal::open(guard.folder.path());
    terminal.start("", &guard, "--color always; echo status $?");
    let screen = terminal.wait("unit:nginx.service");
    // Escaped once more, as its key is data and no text for a terminal.
    assert!(screen.contains("exe:/tmp/\\u{1b}]0;evi"), "{screen}");
    assert!(screen.contains("\u{1b}[38;5;2m"), "watching is green");
    terminal.press(&["/", "nginx", "Enter", "Enter"]);
    let screen = terminal.wait("expected epoll_wait 60%");
    assert!(
        screen.contains("ptrace") && screen.contains("worker"),
        "{screen}"
    );
    terminal.press(&["F1"]);
    terminal.wait("threads of a service; explain an incident");
    terminal.press(&["Escape"]);
    terminal.tmux(&["resize-window", "-x", "120", "-y", "40"]);
    terminal.press(&["3"]);
    terminal.wait("calls outside of what is watched");
    terminal.press(&["q"]);
    terminal.wait("status 0");
    // Letters that are typed are seen again, and lines are edited.
    terminal.press(&[
        "stty -a | grep -ow -e echo -e icanon -e -echo | xargs",
        "Enter",
    ]);
    terminal.wait("\nicanon echo");
}

#[test]
#[ignore = "needs tmux"]
fn a_row_that_is_too_long_goes_on_below_with_its_words_whole() {
    let guard = Guard::serve();
    let lacking = "processes that were seen to begin twice, and a budget of false alarms that its \
                   calls support";
    guard.board.lock().services[0].lacking = vec![lacking.into()];
    let log = guard.folder.path().join("alarms.jsonl");
    let headline =
        "something of nginx started a program that it never ran: /usr/local/bin/something";
    let mut incident = crate::incidents::incident("01HF7YAT00IA", "opened", "aaaaaaaaaaaaaaaa");
    incident["headline"] = headline.into();
    fs::write(&log, format!("{incident}\n")).expect("written");
    let terminal = Terminal::open(guard.folder.path());
    let socket = guard.socket();
    for (options, words) in [
        (format!("services --socket {}", socket.display()), lacking),
        (format!("incidents --alarm-log {}", log.display()), headline),
    ] {
        for columns in ["80", "120", "50"] {
            terminal.tmux(&["resize-window", "-x", columns, "-y", "40"]);
            // Of the commands themselves nothing is on the screen when they have ended.
            let sized =
                format!("until [ \"$(stty size)\" = \"40 {columns}\" ]; do sleep 0.1; done");
            let monitor = env!("CARGO_BIN_EXE_monitor");
            let line = format!("{sized}; clear; {monitor} {options}; echo o''f {columns}");
            terminal.press(&[&line, "Enter"]);
            let screen = terminal.wait(&format!("\nof {columns}"));
            let shown: Vec<_> = screen.split_whitespace().collect();
            let words: Vec<_> = words.split(' ').collect();
            let is_whole = shown.windows(words.len()).any(|it| it == words);
            assert!(is_whole, "{columns}: {screen}");
        }
    }
}

#[test]
#[ignore = "needs tmux"]
fn without_colour_there_is_none() {
    let guard = Guard::serve();
    let terminal = Terminal::open(guard.folder.path());
    for before in ["NO_COLOR=1", "TERM=vt100"] {
        terminal.start(before, &guard, "");
        let screen = terminal.wait("unit:nginx.service");
        let colours = ["\u{1b}[3", "\u{1b}[4", "\u{1b}[9"];
        // The default colours may be named, and underlines are no colours.
        let harmless = ["\u{1b}[39m", "\u{1b}[49m", "\u{1b}[4m"];
        let bare = harmless
            .iter()
            .fold(screen, |text, it| text.replace(it, ""));
        assert!(
            !colours.iter().any(|it| bare.contains(it)),
            "{before}: {bare:?}"
        );
        terminal.press(&["q"]);
        terminal.wait("ready> ");
        terminal.press(&["clear", "Enter"]);
    }
    terminal.start("TERM=dumb", &guard, "");
    terminal.wait("cannot be drawn on");
}

#[test]
#[ignore = "needs tmux"]
fn it_ends_with_its_terminal_and_when_it_is_told_to() {
    let guard = Guard::serve();
    // The terminal tells of its end, or only takes nothing any more.
    for before in ["", "trap '' HUP;"] {
        let terminal = Terminal::open(guard.folder.path());
        terminal.start(before, &guard, "");
        terminal.wait("unit:nginx.service");
        let [top] = terminal.children()[..] else {
            panic!("one program runs");
        };
        terminal.tmux(&["kill-server"]);
        let until = Instant::now() + PATIENCE;
        while is_running(top) {
            assert!(Instant::now() < until, "it goes on after {before:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let terminal = Terminal::open(guard.folder.path());
    terminal.start("", &guard, "; echo status $?");
    terminal.wait("unit:nginx.service");
    let [top] = terminal.children()[..] else {
        panic!("one program runs");
    };
    // SAFETY: takes two numbers; the program is a child of the shell, which waits for it.
    assert_eq!(unsafe { libc::kill(top, libc::SIGTERM) }, 0);
    terminal.wait("status 0");
}

/// Whether a program goes on: one that nobody has waited for yet does not.
fn is_running(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|it| it.1.chars().next());
    state.is_some_and(|it| !"ZX".contains(it))
}

#[test]
#[ignore = "needs tmux"]
fn a_guard_that_goes_away_is_said_and_found_again() {
    let mut guard = Guard::serve();
    let terminal = Terminal::open(guard.folder.path());
    terminal.start("", &guard, "");
    terminal.wait("unit:nginx.service");
    // Removes the socket; who serves it goes on unheard.
    guard.served = None;
    let screen = terminal.wait("nothing new comes");
    assert!(
        screen.contains("unit:nginx.service"),
        "what was known stays"
    );
    let again = Guard::serve();
    again.board.lock().version = "9.9.9".into();
    fs::hard_link(again.socket(), guard.socket()).expect("on the same file system");
    let screen = terminal.wait("monitor 9.9.9");
    assert!(!screen.contains("nothing new comes"), "{screen}");
}
