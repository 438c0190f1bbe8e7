//! Everything that is installed, laid out as on a host.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use flate2::{Compression, GzBuilder};

use super::notices;
use crate::step::Step;
use crate::tool;
use support::place;

/// What was staged beside the tree.
pub struct Staged {
    /// The debug symbols of the program.
    pub symbols: PathBuf,
}

/// What is staged.
pub struct Parts<'a> {
    /// The program, with its symbols.
    pub binary: &'a Path,
    /// The same for this machine, which writes its own manual pages and completions.
    pub runs_here: &'a Path,
    /// libonnxruntime for the program's machine.
    pub onnxruntime: &'a Path,
    /// The `objcopy` for the program's machine.
    pub objcopy: String,
    /// The time of all files, seconds since 1970.
    pub epoch: &'a str,
}

/// Files of `packaging/` and where they lie on a host.
const PACKAGING: [(&str, &str); 8] = [
    ("monitor.service", "usr/lib/systemd/system/monitor.service"),
    ("actions.conf", "usr/share/monitor/actions.conf"),
    ("monitor.sysusers", "usr/lib/sysusers.d/monitor.conf"),
    ("monitor.catalog", "usr/lib/systemd/catalog/monitor.catalog"),
    ("monitor.logrotate", "etc/logrotate.d/monitor"),
    ("monitor.toml", "etc/monitor/monitor.toml"),
    (
        "prometheus/monitor.rules.yml",
        "usr/share/monitor/prometheus/monitor.rules.yml",
    ),
    (
        "grafana/monitor.json",
        "usr/share/monitor/grafana/monitor.json",
    ),
];

/// Stages all of it anew under `target/dist/root`.
pub fn all(parts: &Parts<'_>) -> Result<Staged> {
    let step = Step::begin("stage", "laying the files out", "as they lie on a host");
    let folder = place::root().join("target/dist");
    let tree = Tree::anew(folder.join("root"))?;
    // What only Debian has a use for.
    let debian = Tree::anew(folder.join("debian"))?;
    let symbols = folder.join("monitor.symbols");
    program(&step, &tree, parts, &symbols)?;
    tree.copy(parts.onnxruntime, "usr/lib/monitor/libonnxruntime.so")?;
    for name in [
        "manifest.json",
        "model.onnx",
        "README.md",
        "evaluation.json",
    ] {
        let from = place::root().join("models/default").join(name);
        tree.copy(&from, &format!("usr/share/monitor/models/default/{name}"))?;
    }
    for (from, to) in PACKAGING {
        tree.copy(&place::root().join("packaging").join(from), to)?;
    }
    generated(&step, &tree, parts.runs_here)?;
    let notices = notices::collect().context("the notices of the crates inside")?;
    tree.compressed("usr/share/doc/monitor/THIRD-PARTY.gz", notices.as_bytes())?;
    let changes = fs::read(place::root().join("CHANGELOG.md")).context("CHANGELOG.md")?;
    tree.compressed("usr/share/doc/monitor/changelog.gz", &changes)?;
    debian.compressed(
        "usr/share/doc/monitor/changelog.Debian.gz",
        debian_changelog(parts.epoch)?.as_bytes(),
    )?;
    let overrides = place::root().join("packaging/lintian-overrides");
    debian.copy(&overrides, "usr/share/lintian/overrides/monitor")?;
    tree.write("usr/share/doc/monitor/copyright", COPYRIGHT.as_bytes())?;
    step.done("laid out");
    Ok(Staged { symbols })
}

/// The program without its symbols, which name their file so that a debugger finds it.
fn program(step: &Step, tree: &Tree, parts: &Parts<'_>, symbols: &Path) -> Result<()> {
    let place = tree.place("usr/bin/monitor")?;
    let objcopy = || Command::new(&parts.objcopy);
    let why = format!("{} is needed (Debian: binutils)", parts.objcopy);
    tool::run(
        step,
        objcopy()
            .arg("--only-keep-debug")
            .args([parts.binary, symbols]),
    )
    .with_context(|| why.clone())?;
    tool::run(
        step,
        objcopy().arg("--strip-all").args([parts.binary, &place]),
    )
    .context(why)?;
    fs::set_permissions(&place, Permissions::from_mode(0o755))?;
    Ok(())
}

/// Manual pages and completions, as the program itself writes them.
fn generated(step: &Step, tree: &Tree, binary: &Path) -> Result<()> {
    let pages = tree.root.join("../man");
    if pages.exists() {
        fs::remove_dir_all(&pages)?;
    }
    fs::create_dir_all(&pages)?;
    tool::run(step, Command::new(binary).arg("man-pages").arg(&pages))?;
    for entry in fs::read_dir(&pages)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        tree.compressed(&format!("usr/share/man/man8/{name}.gz"), &fs::read(&path)?)?;
    }
    for (shell, to) in [
        ("bash", "usr/share/bash-completion/completions/monitor"),
        // Debian's zsh looks in the first, that of others in the second.
        ("zsh", "usr/share/zsh/vendor-completions/_monitor"),
        ("zsh", "usr/share/zsh/site-functions/_monitor"),
        ("fish", "usr/share/fish/vendor_completions.d/monitor.fish"),
    ] {
        // The script asks the program itself, which knows the host's services and incidents.
        let script = tool::output(Command::new(binary).env("COMPLETE", shell));
        let script = script.with_context(|| format!("no completions for {shell}"))?;
        tree.write(to, format!("{script}\n").as_bytes())?;
    }
    Ok(())
}

/// The root of a host to be.
struct Tree {
    root: PathBuf,
}

impl Tree {
    /// An empty one.
    fn anew(root: PathBuf) -> Result<Self> {
        if root.exists() {
            fs::remove_dir_all(&root)
                .with_context(|| format!("cannot remove {}", root.display()))?;
        }
        Ok(Self { root })
    }

    /// Where a file goes, its folders made.
    fn place(&self, to: &str) -> Result<PathBuf> {
        let place = self.root.join(to);
        let folder = place.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(place)
    }

    fn copy(&self, from: &Path, to: &str) -> Result<()> {
        let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        self.write(to, &bytes)
    }

    fn write(&self, to: &str, bytes: &[u8]) -> Result<()> {
        let place = self.place(to)?;
        let written = || -> std::io::Result<()> {
            File::create(&place)?.write_all(bytes)?;
            fs::set_permissions(&place, Permissions::from_mode(0o644))
        };
        written().with_context(|| format!("cannot write {}", place.display()))
    }

    /// Writes it gzipped, without a name and a time in its header.
    fn compressed(&self, to: &str, bytes: &[u8]) -> Result<()> {
        let mut writer = GzBuilder::new().write(Vec::new(), Compression::best());
        writer.write_all(bytes)?;
        self.write(to, &writer.finish()?)
    }
}

/// The Debian changelog, which has one entry: `CHANGELOG.md` has the rest.
fn debian_changelog(epoch: &str) -> Result<String> {
    let mut date = Command::new("date");
    date.args(["--utc", "--rfc-email", "--date", &format!("@{epoch}")]);
    let date = tool::output(&mut date).context("date(1) does not tell the date")?;
    let version = env!("CARGO_PKG_VERSION");
    Ok(format!(
        "monitor ({version}-1) unstable; urgency=medium\n\n  * Release {version}; see \
         changelog.gz.\n\n -- The monitor developers <noreply@github.com>  {date}\n"
    ))
}

/// Debian's machine-readable form
/// (<https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>).
const COPYRIGHT: &str = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: monitor

Files: *
Copyright: The monitor developers
License: Expat or Apache-2.0
Comment: Licences of the crates inside are in THIRD-PARTY.gz, those of libonnxruntime (MIT, Microsoft
 Corporation, and of what it holds) at its makers' package.

License: Expat or Apache-2.0
 The texts are in THIRD-PARTY.gz; Apache-2.0 is also in /usr/share/common-licenses/Apache-2.0.
";
