//! The package for Debian, built, installed, upgraded, removed and purged in a fresh root.

mod needs_debootstrap {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    use tempfile::TempDir;

    /// The release that the root is of.
    const SUITE: &str = "bookworm";

    /// By what systemd starts the unit.
    const WANTED: &str = "etc/systemd/system/multi-user.target.wants/monitor.service";

    /// Calls in strace's form: what `monitor score` is given.
    const TRACE: &str = "read(3, \"x\", 1) = 1\nwrite(4, \"x\", 1) = 1\nclose(3) = 0\n";

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    fn ran(command: &mut Command) -> Output {
        let output = command.output().expect("it starts");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{command:?}: {}\n{}{}",
            output.status,
            said(&output.stdout),
            said(&output.stderr)
        );
        output
    }

    /// A system as debootstrap leaves it.
    struct Fresh(TempDir);

    impl Fresh {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            ran(Command::new("debootstrap")
                .args(["--variant=minbase", SUITE])
                .arg(folder.path()));
            Self(folder)
        }

        fn path(&self, inside: &str) -> PathBuf {
            self.0.path().join(inside)
        }

        /// Whether the unit is started with the system.
        fn is_enabled(&self) -> bool {
            self.path(WANTED).is_symlink()
        }

        /// What a shell in it prints. Its `/proc` is gone with it.
        fn shell(&self, script: &str) -> String {
            let inside = "mount -t proc proc \"$0/proc\" && exec chroot \"$0\" /bin/sh -ec \"$1\"";
            let mut command = Command::new("unshare");
            command
                .args(["--mount", "--propagation", "private", "sh", "-ec", inside])
                .arg(self.0.path())
                .arg(script);
            // What the tests are given is not there.
            for name in ["ORT_DYLIB_PATH", "MONITOR_TOOLS", "MONITOR_ADFA_LD"] {
                command.env_remove(name);
            }
            let output = ran(command.env("DEBIAN_FRONTEND", "noninteractive"));
            String::from_utf8(output.stdout).expect("text")
        }
    }

    fn built(into: &Path) -> PathBuf {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        ran(Command::new(cargo)
            .current_dir(root())
            .args(["xtask", "dist", "--output"])
            .arg(into));
        let listed = fs::read_dir(into).expect("a folder");
        let mut packages = listed.map(|it| it.expect("an entry").path());
        let package = packages.find(|it| it.extension().is_some_and(|it| it == "deb"));
        package.expect("a package")
    }

    #[test]
    #[ignore = "needs debootstrap"]
    fn it_installs_works_upgrades_keeps_state_and_leaves_nothing_when_it_is_purged() {
        let packed = tempfile::tempdir().expect("a folder");
        let package = built(packed.path());
        ran(Command::new("lintian")
            .args(["--fail-on", "error", "--allow-root"])
            .arg(&package));

        let fresh = Fresh::new();
        fs::copy(&package, fresh.path("monitor.deb")).expect("copied");
        fs::write(fresh.path("calls.txt"), TRACE).expect("written");
        fresh.shell(
            "apt-get update -qq && apt-get install -qq -y --no-install-recommends ./monitor.deb",
        );
        assert!(fresh.shell("getent passwd monitor").contains("nologin"));
        let said = fresh.shell("monitor version --json");
        assert!(said.contains("\"version\""), "{said}");
        fresh.shell("monitor config check");
        // The library and the model that came with it.
        let said = fresh.shell("monitor score --abi x86_64 --format json calls.txt");
        assert!(said.contains("score_trace"), "{said}");
        assert_eq!(fresh.shell("dpkg -V monitor"), "");
        assert!(fresh.is_enabled());

        let kept =
            "echo learned > /var/lib/monitor/kept; echo '# mine' >> /etc/monitor/monitor.toml";
        fresh.shell(&format!("mkdir -p /var/lib/monitor; {kept}"));
        let again = "dpkg -i --force-confold monitor.deb";
        fresh.shell(again);
        assert!(fresh.is_enabled());
        let holds = |file: &str| fs::read_to_string(fresh.path(file)).unwrap_or_default();
        assert_eq!(holds("var/lib/monitor/kept"), "learned\n");
        assert!(holds("etc/monitor/monitor.toml").contains("# mine"));

        fresh.shell("apt-get remove -qq -y monitor");
        assert!(!fresh.path("usr/bin/monitor").exists());
        assert_eq!(holds("var/lib/monitor/kept"), "learned\n");
        fresh.shell(again);
        assert!(fresh.is_enabled(), "it was when it was removed");

        fs::remove_file(fresh.path(WANTED)).expect("switched off");
        fresh.shell(again);
        assert!(!fresh.is_enabled(), "an administrator switched it off");
        fresh.shell("apt-get purge -qq -y monitor");
        let left = fresh.shell(
            "find /usr /etc /var/lib /var/log -name '*monitor*' -not -path '/var/lib/dpkg/*' -not \
             -path '/etc/*-' -newer calls.txt",
        );
        assert_eq!(left, "", "something is left");
    }
}
