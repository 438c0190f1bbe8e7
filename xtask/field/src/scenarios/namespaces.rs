//! Mounts and a network of the suite's own, so that attacks can touch what is the host's elsewhere.
//!
//! The calling thread moves into them, and all that it starts from then on is in them: services,
//! their clients, the monitor. `/etc` and `/run` are layers over the host's, which is never written
//! to; the network has loopback only, and the address at which clouds offer metadata is on it.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};

use super::tool::run;

/// Where clouds offer a machine its metadata.
pub const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// Where a container engine listens.
const ENGINE: &str = "/run/docker.sock";

/// The folders that get a layer.
const LAYERED: [&str; 2] = ["/etc", "/run"];

/// What everybody may write to there, as on a host where a service has more rights than it needs.
const OPEN: [&str; 3] = ["/etc", "/etc/cron.d", "/etc/systemd/system"];

/// What attacks leave there: `implant/touching.c` has the same.
const LEFT: [&str; 3] = [
    "/etc/cron.d/update",
    "/etc/systemd/system/update.service",
    "/etc/ld.so.preload",
];

/// The calling thread's stay in namespaces of the suite's own. It stays in them when this is
/// dropped, but the layers are gone then.
#[derive(Debug)]
pub struct Namespaces {
    layers: PathBuf,
    mounts: PathBuf,
    _engine: UnixListener,
}

impl Namespaces {
    /// Whether [`Namespaces::enter`] works here; tried by a thread that ends with it.
    ///
    /// # Errors
    /// It does not; the error says why.
    pub fn possible(folder: &Path) -> Result<()> {
        std::thread::scope(|scope| {
            let tried = scope.spawn(|| Self::enter(folder).map(drop)).join();
            tried.unwrap_or_else(|_| anyhow::bail!("the thread that tried it panicked"))
        })
    }

    /// Moves the calling thread into new namespaces, with layers below `folder`.
    ///
    /// # Errors
    /// The kernel refuses it, has no overlay file system, or `ip` is missing. The thread must not
    /// go on then: it may have no network.
    pub fn enter(folder: &Path) -> Result<Self> {
        unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)
            .context("no namespaces of its own")?;
        let none = None::<&str>;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
            .context("mounts cannot be made private")?;
        ip(&["link", "set", "lo", "up"])?;
        ip(&["address", "add", &format!("{METADATA}/32"), "dev", "lo"])?;
        let layers = folder.join("layers");
        fs::create_dir_all(&layers)
            .with_context(|| format!("cannot make the folder {}", layers.display()))?;
        mount(Some("none"), &layers, Some("tmpfs"), MsFlags::empty(), none)
            .context("no file system in memory")?;
        for path in LAYERED {
            layer(&layers, Path::new(path))?;
        }
        for path in OPEN {
            fs::create_dir_all(path)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o777))?;
        }
        // The host's own may be below.
        let _ = fs::remove_file(ENGINE);
        let engine = UnixListener::bind(ENGINE).with_context(|| format!("no {ENGINE}"))?;
        fs::set_permissions(ENGINE, fs::Permissions::from_mode(0o666))?;
        Ok(Self {
            layers,
            mounts: mounts()?,
            _engine: engine,
        })
    }

    /// Removes what attacks left in the layers. Touches nothing that is not in one.
    ///
    /// # Errors
    /// The calling thread is not in the namespaces.
    pub fn restore(&self) -> Result<()> {
        ensure!(self.mounts == mounts()?, "these are another's namespaces");
        for left in LEFT.map(Path::new) {
            if left.exists() {
                fs::remove_file(left)
                    .with_context(|| format!("cannot remove {}", left.display()))?;
            }
        }
        Ok(())
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        if mounts().ok().as_ref() != Some(&self.mounts) {
            return;
        }
        for path in LAYERED {
            let _ = umount2(path, MntFlags::MNT_DETACH);
        }
        let _ = umount2(&self.layers, MntFlags::MNT_DETACH);
        let _ = fs::remove_dir(&self.layers);
    }
}

/// Puts a layer over a folder: what is written there goes into memory.
fn layer(layers: &Path, path: &Path) -> Result<()> {
    let name = path.file_name().context("a folder with a name")?;
    let (upper, work) = (layers.join(name), layers.join("work").join(name));
    fs::create_dir(&upper)?;
    fs::create_dir_all(&work)?;
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        path.display(),
        upper.display(),
        work.display()
    );
    let kind = Some("overlay");
    mount(kind, path, kind, MsFlags::empty(), Some(options.as_str()))
        .with_context(|| format!("no overlay over {}", path.display()))
}

/// Which mounts the calling thread sees: a name that no other such namespace has while it lives.
fn mounts() -> Result<PathBuf> {
    fs::read_link("/proc/thread-self/ns/mnt").context("cannot tell namespaces apart")
}

fn ip(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("ip");
    command.args(arguments);
    let done = run(&mut command, Duration::from_secs(10))
        .context("ip is not to be had: apt-get install --no-install-recommends iproute2")?;
    ensure!(done, "ip {} failed", arguments.join(" "));
    Ok(())
}

#[cfg(test)]
mod tests {
    mod needs_root {
        use std::fs;
        use std::net::TcpListener;
        use std::path::Path;
        use std::sync::mpsc::channel;

        use super::super::{LEFT, METADATA, Namespaces};

        #[test]
        #[ignore = "needs root"]
        fn what_is_left_in_a_layer_is_not_on_the_host_and_goes_away_again() {
            let folder = tempfile::tempdir().expect("a folder");
            let seen = || LEFT.map(|left| Path::new(left).exists());
            let before = seen();
            let (here, there) = channel::<Namespaces>();
            let (give, back) = channel::<Namespaces>();
            std::thread::scope(|scope| {
                let layers = folder.path();
                let inside = scope.spawn(move || {
                    let namespaces = Namespaces::enter(layers).expect("root may");
                    for left in LEFT {
                        fs::write(left, "# nothing\n").expect("a layer");
                    }
                    TcpListener::bind((METADATA, 80)).expect("an address of ours");
                    // Threads of before are not in them.
                    here.send(namespaces).expect("awaited");
                    let namespaces = back.recv().expect("given back");
                    namespaces.restore().expect("in them");
                    assert_eq!(LEFT.map(|left| Path::new(left).exists()), [false; 3]);
                });
                let namespaces = there.recv().expect("no panic");
                assert_eq!(seen(), before, "the host has it");
                assert!(namespaces.restore().is_err(), "it would remove the host's");
                give.send(namespaces).expect("awaited");
                inside.join().expect("no panic");
            });
            assert!(!folder.path().join("layers").exists(), "left behind");
        }
    }
}
