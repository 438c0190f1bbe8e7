//! `monitor guard`: every service of the host at once, each by its own profile.

mod outlets;
mod reread;
mod service_manager;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use clap::Args;
use crossbeam_channel::bounded;
use monitor::guard::board::{Board, Overview};
use monitor::guard::claims::ProbeClaims;
use monitor::guard::control::{self, Control, Followers, Socket};
use monitor::guard::keeper::Keeper;
use monitor::guard::lookup::Lookups;
use monitor::guard::{Guard, Parts as GuardParts};
use monitor::pipeline::{Parts, Pipeline};
use monitor::report::hub::{Listener, Policy, Role};
use monitor::report::incidents::IncidentLines;
use monitor::response::helper;
use monitor::response::plan::Plan;
use monitor::response::responder::{self as response, Responder, Voice};
use monitor::run;
use monitor::run::clock::unix_s;
use monitor::run::snapshot::ModelIdentity;
use monitor::service::host::Host;
use monitor::service::identity::{Lookup, Rules};
use monitor::service::store::{self, Store};

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
use reread::reread;
use service_manager::{alive, attached, ending};

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
            "this monitor is in a cgroup namespace of its own: units and containers beside it are \
             told by what /proc shows of them, and those outside may be hidden (see \
             MONITOR_HOST_ROOT)",
        );
    }
    let identity = ModelIdentity::of(model.manifest());
    let outlets = Outlets::new(&config, identity.clone());
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
        // Reading the kernel's types and the model leaves 4 MiB that nobody needs again.
        run::memory::give_back();
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
        limits: Some(Box::new({
            let board = board.clone();
            move |limits| board.lock().limits = limits
        })),
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
            ids: run::ids::live(),
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
        let mut listeners = args.outputs.listeners(&identity, kind, terminal.color())?;
        listeners.extend(args.output_to.listeners(&identity)?);
        listeners.extend(outlets.borrow().listeners()?);
        if let Some(plan) = plan {
            let responder = Responder::start(response::Parts {
                plan,
                user_units: config.discovery.user_units,
                state: args.state.clone(),
                board: board.clone(),
                voice: Voice::new(board.clone(), Arc::clone(&voice_hub)),
                model: identity.clone(),
            });
            let responder = responder.context("who acts upon incidents cannot be started")?;
            listeners.push(Listener::new("actions", Role::Keeping, Box::new(responder)));
        }
        exporter.replace(Some(metrics.bind(&identity)?));
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
            queue: live::QUEUE,
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
    ending();
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
