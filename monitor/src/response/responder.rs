//! Hears of incidents, decides which are to be acted upon, and has it done.

mod voice;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::helper::{COMMAND, Start};
use super::plan::{Action, Plan};
use super::request::{LONGEST, Request};
use super::statement::{ActionStatement, Outcome};
use crate::detect::severity::Severity;
use crate::detect::verdict::{Evidence, Verdict};
use crate::guard::board::Board;
use crate::incident::{Incident, State};
use crate::live::privileges::{Needs, give_up};
use crate::report::sink::{Interest, Origin, Sink};
use crate::report::sinks::notices::Notices;
use crate::report::sinks::program::Program;
use crate::run::snapshot::{ModelIdentity, Summary};
use crate::service::host::ROOT_VARIABLE;
use crate::service::life;

pub use voice::Voice;

/// How long a hook may run.
const HOOK_LIMIT: Duration = Duration::from_secs(10);

/// Incidents whose actions are remembered; of more, all are forgotten but those that are open now.
const REMEMBERED: usize = 4096;

/// What a responder is made of.
pub struct Parts {
    /// What may be done.
    pub plan: Plan,
    /// Whether a user's units are services of their own.
    pub user_units: bool,
    /// The folder of the state, where what is not undone yet is noted.
    pub state: PathBuf,
    /// How the services stand.
    pub board: Board,
    /// Where it is said what becomes of actions.
    pub voice: Voice,
    /// By what is judged, for hooks.
    pub model: ModelIdentity,
}

/// The output that acts.
pub struct Responder {
    plan: Plan,
    board: Board,
    voice: Voice,
    helper: Option<(Child, ChildStdin)>,
    hooks: BTreeMap<PathBuf, Notices>,
    /// By incident, what was asked for and what was not to be done.
    known: HashMap<String, HashSet<(Action, bool)>>,
}

impl Responder {
    /// Starts the helper, and those of the hooks, with the rights that this process has now.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn start(parts: Parts) -> io::Result<Self> {
        let plan = parts.plan;
        let mut hooks = BTreeMap::new();
        for action in plan.all() {
            if let Action::Hook(program) = action
                && !plan.dry_run
                && !hooks.contains_key(program)
            {
                let command = [program.to_string_lossy().into_owned()];
                let runs = Program::start(&command, None, HOOK_LIMIT)?;
                let model = Some(parts.model.clone());
                let notices = Notices::new(Box::new(runs), Severity::Low, None, model);
                hooks.insert(program.clone(), notices);
            }
        }
        let start = Start {
            plan: plan.clone(),
            user_units: parts.user_units,
            record: parts.state.join("acted"),
        };
        let helper = plan
            .acts()
            .then(|| helper(&start, &parts.voice))
            .transpose()?;
        Ok(Self {
            plan,
            board: parts.board,
            voice: parts.voice,
            helper,
            hooks,
            known: HashMap::new(),
        })
    }

    fn say(&self, incident: &Incident, action: &Action, outcome: Outcome, what: impl Into<String>) {
        self.voice.say(ActionStatement {
            incident: incident.id.clone(),
            service: incident.service.to_string(),
            action: action.clone(),
            outcome,
            what: what.into(),
            time: Timestamp::now().to_string(),
        });
    }

    /// The cgroup of an incident's service, as far as it has one of its own.
    ///
    /// # Errors
    /// Why the incident is not acted upon.
    fn place(&self, incident: &Incident) -> Result<Option<String>, &'static str> {
        if incident.provisional || incident.alarm.provisional {
            return Err("it rests on nothing that was learned");
        }
        if incident.alarm.evidence != Evidence::Complete {
            return Err("calls are missing in its evidence");
        }
        let board = self.board.lock();
        let mut services = board.services.iter();
        match services.find(|it| it.service == *incident.service) {
            Some(it) if it.state == life::State::Watching && !it.paused => Ok(it.cgroup.clone()),
            Some(_) => Err("the service is not watched, or not yet"),
            None => Err("the service is not known"),
        }
    }

    fn act(&mut self, incident: &Incident, action: &Action, cgroup: Option<String>) {
        if let Action::Hook(program) = action {
            return self.run(incident, action, program);
        }
        let alarm = &incident.alarm;
        let request = Request {
            incident: incident.id.clone(),
            severity: incident.severity,
            action: action.clone(),
            service: incident.service.to_string(),
            pid: alarm.thread.tgid,
            tid: alarm.thread.tid,
            start_ns: alarm.thread.start_ns,
            cgroup,
        };
        let asked = match &mut self.helper {
            Some((_, input)) => ask(input, &request),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        if let Err(error) = asked {
            let what = format!("the helper that acts cannot be asked: {error}");
            self.say(incident, action, Outcome::Failed, what);
        }
    }

    fn run(&mut self, incident: &Incident, action: &Action, program: &Path) {
        let (outcome, what) = match self.hooks.get_mut(program) {
            None => (Outcome::DryRun, "it would be run".to_owned()),
            Some(hook) => match hook.incident(incident) {
                Ok(()) => (Outcome::Done, "it was run".to_owned()),
                Err(error) => (Outcome::Failed, error.to_string()),
            },
        };
        self.say(incident, action, outcome, what);
    }
}

fn ask(input: &mut ChildStdin, request: &Request) -> io::Result<()> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    if line.len() as u64 > LONGEST {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    input.write_all(&line)
}

/// Starts the helper, and a thread that says what it says.
fn helper(start: &Start, voice: &Voice) -> io::Result<(Child, ChildStdin)> {
    let mut helper = Command::new("/proc/self/exe");
    helper
        .arg(COMMAND)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Signals from the terminal are for the monitor.
        .process_group(0);
    if let Some(root) = std::env::var_os(ROOT_VARIABLE) {
        helper.env(ROOT_VARIABLE, root);
    }
    let mut child = helper.spawn()?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    let mut line = serde_json::to_vec(start)?;
    line.push(b'\n');
    if line.len() as u64 > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "[actions] is too long",
        ));
    }
    input.write_all(&line)?;
    let voice = voice.clone();
    thread::Builder::new()
        .name("actions".into())
        .spawn(move || {
            if let Err(error) = give_up(&Needs::default()) {
                log::warn!("the thread that hears of actions keeps its rights: {error}");
            }
            let mut output = BufReader::new(output);
            loop {
                let mut line = Vec::new();
                let read = output.by_ref().take(LONGEST).read_until(b'\n', &mut line);
                if !matches!(read, Ok(1..)) {
                    return voice
                        .remark("the helper that acts has ended: nothing is done any more".into());
                }
                if let Ok(said) = serde_json::from_slice(&line) {
                    voice.say(said);
                }
            }
        })?;
    Ok((child, input))
}

impl Sink for Responder {
    fn interest(&self) -> Interest {
        Interest::INCIDENTS
    }

    fn origin(&mut self, origin: &Origin) {
        self.hooks.values_mut().for_each(|it| it.origin(origin));
    }

    fn verdict(&mut self, _: &Verdict) -> io::Result<()> {
        Ok(())
    }

    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        if incident.state == State::Closed {
            self.known.remove(&incident.id);
            return Ok(());
        }
        // A person knows of its like.
        if incident.suppressed.is_some() {
            return Ok(());
        }
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        for action in self.plan.actions(incident.severity).to_vec() {
            let place = self.place(incident);
            let known = self.known.entry(incident.id.clone()).or_default();
            // Each once: what was not to be done may be by what came since.
            if known.contains(&(action.clone(), true))
                || !known.insert((action.clone(), place.is_ok()))
            {
                continue;
            }
            match place {
                Err(why) => self.say(incident, &action, Outcome::Refused, why),
                Ok(cgroup) => self.act(incident, &action, cgroup),
            }
        }
        Ok(())
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if let Some((mut child, input)) = self.helper.take() {
            // It undoes what it did, and ends.
            drop(input);
            let _ = child.wait();
        }
    }
}
