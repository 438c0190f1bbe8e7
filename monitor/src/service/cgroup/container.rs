//! The parts of a cgroup's path that stand for a container.

/// Who made a container.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Runtime {
    /// Docker.
    Docker,
    /// containerd for Kubernetes.
    Containerd,
    /// CRI-O.
    Crio,
    /// Podman.
    Podman,
    /// nerdctl.
    Nerdctl,
    /// containerd by another client, as `ctr`.
    Ctr,
    /// LXC or Incus.
    Lxc,
    /// libvirt's LXC.
    Libvirt,
    /// Cloud Foundry's Garden.
    Garden,
    /// BOSH's process manager.
    Bpm,
}

impl Runtime {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Containerd | Self::Ctr => "containerd",
            Self::Crio => "cri-o",
            Self::Podman => "podman",
            Self::Nerdctl => "nerdctl",
            Self::Lxc => "lxc",
            Self::Libvirt => "libvirt-lxc",
            Self::Garden => "garden",
            Self::Bpm => "bpm",
        }
    }
}

/// A container as its cgroup's path names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Container {
    /// Who made it.
    pub runtime: Runtime,
    /// Its whole id; of LXC, libvirt and BPM, its name.
    pub id: String,
    /// containerd's namespace, where the path has it.
    pub namespace: Option<String>,
    /// Whether the pattern is so weak that a file must confirm it.
    pub doubtful: bool,
}

/// Characters of an id that are shown.
const SHOWN: usize = 12;

/// The shortest id that is believed without a file, as in Tracee.
const SHORTEST_SURE: usize = 28;

/// The longest id of containerd.
const LONGEST: usize = 64;

/// `PREFIX-ID` with or without `.scope`. What keeps watch over a container (`crio-conmon-ID`,
/// `libpod-conmon-ID`) fits none.
const PREFIXES: [(&str, Runtime); 6] = [
    ("docker-", Runtime::Docker),
    ("cri-containerd-", Runtime::Containerd),
    ("crio-", Runtime::Crio),
    ("libpod-payload-", Runtime::Podman),
    ("libpod-", Runtime::Podman),
    ("nerdctl-", Runtime::Nerdctl),
];

impl Container {
    fn new(runtime: Runtime, id: &str) -> Self {
        Self {
            runtime,
            id: id.to_owned(),
            namespace: None,
            doubtful: false,
        }
    }

    /// The id as people see it.
    #[must_use]
    pub fn short_id(&self) -> &str {
        if is_hex(&self.id) {
            &self.id[..SHOWN]
        } else {
            &self.id
        }
    }

    /// Whether its id is a name that a person gave.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        matches!(
            self.runtime,
            Runtime::Lxc | Runtime::Libvirt | Runtime::Bpm | Runtime::Ctr
        )
    }
}

/// The container that `part` of a path stands for, behind the parts `before`; `last` says whether
/// nothing follows.
pub(super) fn of_part(before: &[&str], part: &str, last: bool) -> Option<Container> {
    let parent = before.last().copied().unwrap_or_default();
    let bare = part.strip_suffix(".scope").unwrap_or(part);
    for (prefix, runtime) in PREFIXES {
        if let Some(id) = bare.strip_prefix(prefix).filter(|id| is_hex(id)) {
            return Some(Container::new(runtime, id));
        }
    }
    // `kubepods-podUID.slice:cri-containerd:ID`
    if let Some((rest, id)) = bare.rsplit_once(':')
        && is_hex(id)
    {
        let runtime = match rest.rsplit(':').next() {
            Some("crio") => Runtime::Crio,
            Some("docker") => Runtime::Docker,
            _ => Runtime::Containerd,
        };
        return Some(Container::new(runtime, id));
    }
    if is_hex(part) {
        match parent {
            "docker" | "actions_job" => return Some(Container::new(Runtime::Docker, part)),
            _ if parent.starts_with("pod") || parent.contains("-pod") => {
                return Some(Container::new(Runtime::Containerd, part));
            }
            _ => {}
        }
    }
    lxc(parent, part)
        .or_else(|| foundry(part))
        .or_else(|| ctr(before, part, last))
}

fn lxc(parent: &str, part: &str) -> Option<Container> {
    if parent == "lxc" || parent == "lxc.payload" {
        return Some(Container::new(Runtime::Lxc, part));
    }
    if let Some(name) = part.strip_prefix("lxc.payload.") {
        return Some(Container::new(Runtime::Lxc, name));
    }
    if let Some(name) = part.strip_suffix(".libvirt-lxc") {
        return Some(Container::new(Runtime::Libvirt, name));
    }
    // `machine-lxc\x2dPID\x2dNAME.scope`
    let name = part.strip_prefix("machine-lxc\\x2d")?;
    let name = super::unescape(name.strip_suffix(".scope")?);
    let without_pid = name.split_once('-').filter(|(pid, rest)| {
        pid.bytes().all(|it| it.is_ascii_digit()) && !pid.is_empty() && !rest.is_empty()
    });
    let name = without_pid.map_or(&*name, |(_, rest)| rest);
    Some(Container::new(Runtime::Libvirt, name))
}

/// Garden: eight hexadecimal digits and four times four; BPM: `bpm-NAME`.
fn foundry(part: &str) -> Option<Container> {
    let groups: Vec<_> = part.split('-').collect();
    let is_group = |(at, group): (usize, &&str)| {
        let length = if at == 0 { 8 } else { 4 };
        group.len() == length && group.bytes().all(is_low_hex)
    };
    if groups.len() == 5 && groups.iter().enumerate().all(is_group) {
        return Some(Container::new(Runtime::Garden, part));
    }
    let name = part.strip_prefix("bpm-")?;
    let is_name = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
    (!name.is_empty() && name.bytes().all(is_name)).then(|| Container::new(Runtime::Bpm, name))
}

/// `/NAMESPACE/ID`, the whole path.
fn ctr(before: &[&str], part: &str, last: bool) -> Option<Container> {
    let [namespace] = before else {
        return None;
    };
    let of_systemd = |it: &str| {
        let endings = [".service", ".slice", ".scope", ".mount", ".socket"];
        endings.iter().any(|ending| it.ends_with(ending))
    };
    let owned = ["docker", "lxc.monitor", "kubepods", "libpod_parent"];
    let fits = last
        && !of_systemd(part)
        && !of_systemd(namespace)
        && !owned.contains(namespace)
        && part.len() <= LONGEST
        && !part.starts_with("crio-conmon-")
        && !part.starts_with("libpod-conmon-");
    fits.then(|| Container {
        namespace: Some((*namespace).to_owned()),
        doubtful: part.len() < SHORTEST_SURE,
        ..Container::new(Runtime::Ctr, part)
    })
}

/// Whether it is the id that all of Docker, containerd, CRI-O and Podman make: 32 bytes.
fn is_hex(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|it| it.is_ascii_hexdigit())
}

const fn is_low_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}
