//! `monitor guard`: every service of the host at once, each by its own profile.

mod outlets;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use crossbeam_channel::{Sender, bounded};
use monitor::config::diff::Diff;
use monitor::config::{self, Config};
use monitor::guard::board::{Board, Overview};
use monitor::guard::claims::ProbeClaims;
use monitor::guard::control::{self, Control, Followers, Socket};
use monitor::guard::keeper::Keeper;
use monitor::guard::lookup::Lookups;
use monitor::guard::{Guard, Parts as GuardParts, Request};
use monitor::incident::ids::IdSource;
use monitor::model::Model;
use monitor::pipeline::{Parts, Pipeline};
use monitor::report::hub::{Listener, Policy, Role};
use monitor::report::incidents::IncidentLines;
use monitor::response::helper;
use monitor::response::plan::Plan;
use monitor::response::responder::{self as response, Responder, Voice};
use monitor::run::snapshot::ModelIdentity;
use monitor::service::host::Host;
use monitor::service::identity::{Lookup, Rules};
use monitor::service::store::{self, Store};
use sd_notify::NotifyState;

use super::config::PlaceArgs;
use super::judge::ModelArgs;
use super::live::{self, Files, Hooks, LiveArgs};
use super::metrics::{Exporter, MetricsArgs};
use super::output::OutputToArgs;
use super::outputs::{Kind, OutputArgs};
use super::status::Exit;
use super::target::Target;
use super::who::WhoArgs;
use super::{TerminalArgs, complain};
use outlets::Outlets;

/// Options of `monitor guard`.
#[derive(Args, Clone, Debug)]
pub struct GuardArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Where the state of the services is kept
    #[arg(long, value_name = "DIR", default_value = store::PLACE)]
    state: PathBuf,
    /// Where the control socket is
    #[arg(long, value_name = "PATH", default_value = control::PLACE)]
    socket: PathBuf,
    #[command(flatten)]
    live: LiveArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    who: WhoArgs,
    #[command(flatten)]
    outputs: OutputArgs,
    #[command(flatten)]
    output_to: OutputToArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
}

/// Requests that may wait for the guard.
const QUEUED_REQUESTS: usize = 16;

/// How often a service manager hears that the scorer lives.
const ALIVE_EVERY: Duration = Duration::from_secs(1);

/// How often it hears how the host stands.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// Guards the host until it is told to end.
pub fn run(args: &GuardArgs, terminal: TerminalArgs) -> Result<Exit> {
    let loaded = args.place.load()?;
    let config = Arc::new(loaded.config);
    let store = Store::open(&args.state)
        .with_context(|| format!("cannot keep the state in {}", args.state.display()))?;
    let model = args.model.load()?;
    let board = Board::default();
    {
        let mut status = board.lock();
        status.version = env!("CARGO_PKG_VERSION").to_owned();
        status.config_is_right = true;
        status.config_read_s = unix_s();
    }
    let (requests, asked) = bounded(QUEUED_REQUESTS);
    let followers = Followers::default();
    let control = Control {
        board: board.clone(),
        requests: requests.clone(),
        followers: followers.clone(),
        store: Some(store.clone()),
        log: args.outputs.kept_log(),
    };
    let served = Socket::bind(&args.socket).and_then(|socket| socket.serve(control));
    if let Err(why) = &served {
        let at = args.socket.display();
        complain(&format!("nobody can ask at {at}: {why}; the watch goes on"));
    }
    let lookup = Lookup::new(
        Host::of_environment(),
        Rules {
            user_units: config.discovery.user_units,
        },
    );
    if lookup.host().in_cgroup_namespace("/sys/fs/cgroup") == Some(true) {
        complain(
            "this monitor is in a cgroup namespace of its own: units and containers beside it are told by what \
             /proc shows of them, and those outside may be hidden (see MONITOR_HOST_ROOT)",
        );
    }
    let outlets = Outlets::new(&config, identity(&model));
    let mut files = Files {
        uses_network: outlets.use_network() || args.output_to.uses_network(),
        ..Files::default()
    };
    files.written.extend(outlets.files().map(Path::to_path_buf));
    let outlets = Rc::new(RefCell::new(outlets));
    let voice_hub = Arc::new(OnceLock::new());
    let hub = Arc::clone(&voice_hub);
    let metrics = args.metrics.clone().or(&config.metrics);
    // Bound while there are privileges, served once there are none.
    let exporter = RefCell::new(None::<Exporter>);
    let offered = Arc::new(OnceLock::new());
    let offering = RefCell::new(None);
    let started = |pipeline: &Pipeline| {
        outlets.borrow_mut().begin(pipeline.hub());
        // There is one run.
        let _ = hub.set(pipeline.hub());
        if let Some(exporter) = exporter.take() {
            let (metrics, server) = exporter.start(pipeline.hub())?;
            offering.replace(server);
            // There is one run.
            let _ = offered.set(metrics);
        }
        super::give_memory_back();
        Ok(())
    };
    let claims = Rc::new(RefCell::new(None));
    let loaded = Rc::clone(&claims);
    let hooks = Hooks {
        loaded: Some(Box::new(move |watch| {
            let probe = ProbeClaims::new(watch.services(), watch.cgroups());
            loaded.replace(Some(probe));
        })),
        attached: Some(attached(board.clone())),
        started: Some(Box::new(started)),
        hang_up: Some(reread(
            args,
            Arc::clone(&config),
            requests,
            board.clone(),
            Rc::clone(&outlets),
        )),
    };
    // The configuration was checked when it was read.
    let plan = Plan::of(&config.actions).ok().flatten();
    let parts = || {
        let kept = store.read(&mut |remark| complain(&remark));
        // Both are started here, while their threads still get this one's privileges.
        let lookups = Lookups::start(lookup)?;
        let keeper = Keeper::start(store, |remark| complain(&remark))?;
        let claims = claims.take().context("the probe is not loaded")?;
        let guard = Guard::new(GuardParts {
            model: model.clone(),
            config: Arc::clone(&config),
            lookups,
            claims: Box::new(claims),
            kept,
            keeper,
            board: board.clone(),
            requests: asked,
            ids: ids(),
            remark: Box::new(|remark| complain(&remark)),
            alive: alive(board.clone()),
        })?;
        let kind = Kind {
            live_line: false,
            thread_ends: false,
            alarm_log: true,
            policy: Policy::DropOldest,
            command: false,
        };
        let mut listeners = args
            .outputs
            .listeners(&identity(&model), kind, terminal.color())?;
        listeners.extend(args.output_to.listeners(&identity(&model))?);
        listeners.extend(outlets.borrow().listeners()?);
        if let Some(plan) = plan {
            let responder = Responder::start(response::Parts {
                plan,
                user_units: config.discovery.user_units,
                state: args.state.clone(),
                board: board.clone(),
                voice: Voice::new(board.clone(), Arc::clone(&voice_hub)),
                model: identity(&model),
            });
            let responder = responder.context("who acts upon incidents cannot be started")?;
            listeners.push(Listener::new("actions", Role::Keeping, Box::new(responder)));
        }
        exporter.replace(Some(metrics.bind(&identity(&model))?));
        let lines = IncidentLines::new(move |line| followers.tell(line));
        listeners.push(Listener::new(
            "status",
            Role::Showing,
            Box::new(Overview::new(board.clone(), Arc::clone(&offered))),
        ));
        listeners.push(Listener::new(
            "control socket",
            Role::Showing,
            Box::new(lines),
        ));
        let who = args.who.clone().or_named(config.host_name());
        Ok(Parts {
            engine: Box::new(guard),
            tap: None,
            listeners,
            reporting: who.reporting(
                Some(config.alarms.again_after.0),
                args.outputs.suppressions(),
            )?,
            queued_batches: live::QUEUE,
            tick: live::TICK,
            cpu: config.judging.cpu.0,
        })
    };
    files.written.extend(args.outputs.default_log());
    files.read.extend(args.outputs.notes_folder());
    // Removed at the end.
    files.written.push(args.socket.clone());
    files.written.extend(metrics.files().map(Path::to_path_buf));
    files
        .written
        .extend(args.output_to.files().map(Path::to_path_buf));
    // Read again at SIGHUP.
    let folder = args.place.path().parent().filter(|folder| folder.is_dir());
    files.read.extend(folder.map(Path::to_path_buf));
    let ended = live::run_with(Target::All, true, &args.live, &files, hooks, parts);
    notify(&[NotifyState::Stopping]);
    drop(served);
    ended?;
    Ok(Exit::Quiet)
}

/// Is the helper that acts, until its input ends.
pub fn act() -> Result<Exit> {
    let input = std::io::BufReader::new(std::io::stdin());
    helper::serve(input, &mut std::io::stdout().lock()).context("the helper's pipes")?;
    Ok(Exit::Quiet)
}

/// Says that the probe is attached.
fn attached(board: Board) -> Box<dyn FnOnce()> {
    Box::new(move || {
        board.lock().attached = true;
        notify(&[
            NotifyState::Ready,
            NotifyState::Status("watching; no service seen yet"),
        ]);
    })
}

/// Tells a service manager that the scorer goes on, and how the host stands.
fn alive(board: Board) -> Box<dyn FnMut() + Send> {
    let (mut told, mut stated) = (None::<Instant>, None::<Instant>);
    Box::new(move || {
        let is_due = |last: Option<Instant>, every| last.is_none_or(|it| it.elapsed() >= every);
        if is_due(told, ALIVE_EVERY) {
            told = Some(Instant::now());
            notify(&[NotifyState::Watchdog]);
        }
        if is_due(stated, STATUS_EVERY) {
            stated = Some(Instant::now());
            let line = board.lock().line();
            notify(&[NotifyState::Status(&line)]);
        }
    })
}

/// Reads the configuration again; a bad one leaves the old one in force.
fn reread(
    args: &GuardArgs,
    config: Arc<Config>,
    requests: Sender<Request>,
    board: Board,
    outlets: Rc<RefCell<Outlets>>,
) -> Box<dyn FnMut()> {
    let place = args.place.clone();
    let config = Rc::new(RefCell::new(config));
    Box::new(move || {
        let loaded = match config::load(place.path(), place.is_named()) {
            Ok(loaded) => loaded,
            Err(errors) => {
                let mut status = board.lock();
                status.config_is_right = false;
                status.remark(unix_s(), format!("the configuration is wrong: {errors}"));
                drop(status);
                // Rotated files and new addresses are to be found all the same.
                outlets.borrow_mut().reopen(&config.borrow());
                return complain(&format!("the configuration stays as it was: {errors}"));
            }
        };
        let diff = Diff::between(&config.borrow(), &loaded.config);
        let waits = diff.at_start();
        let waits = if waits.is_empty() {
            String::new()
        } else {
            format!("; {} at the next start", waits.join(", "))
        };
        let new = Arc::new(loaded.config);
        if requests
            .try_send(Request::Configure(Arc::clone(&new)))
            .is_err()
        {
            return complain("the configuration stays as it was: too much is asked at once");
        }
        complain(&format!("the configuration was read again: {diff}{waits}"));
        outlets.borrow_mut().reopen(&new);
        config.replace(new);
    })
}

/// Tells systemd, if it listens.
fn notify(states: &[NotifyState<'_>]) {
    // Without a service manager nobody listens, and that is fine.
    let _ = sd_notify::notify(states);
}

fn ids() -> IdSource {
    let mut seed = [0; 16];
    // SAFETY: the buffer is as long as it is said to be. Without entropy the ids are those of the time.
    unsafe { libc::getrandom(seed.as_mut_ptr().cast(), seed.len(), 0) };
    let since = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default();
    let now = i128::try_from(since.as_nanos()).unwrap_or_default();
    let mut ids = IdSource::new(seed, now);
    ids.set_offset(now - i128::from(monitor::run::clock::monotonic_ns()));
    ids
}

fn identity(model: &Model) -> ModelIdentity {
    let manifest = model.manifest();
    ModelIdentity {
        name: manifest.name.clone(),
        sha256: manifest.model_sha256.clone(),
        slow_threshold: manifest.threshold.slow,
        fast_threshold: manifest.threshold.fast,
        profile: None,
    }
}

fn unix_s() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    since.unwrap_or_default().as_secs()
}
