//! The state of one host at collection.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::fact::{Fact, How, Source};
use crate::found::{ContainerSeen, Counted, UnitSeen};
use crate::label::{Label, Mode};

pub use crate::builder::Builder;

/// What the files of one collection say about their host. Made by [`HostState::builder`].
#[derive(Clone, Debug, Default, Serialize)]
pub struct HostState {
    /// Every profile that anything names, by name: loaded, on disk or compiled.
    pub profiles: BTreeMap<String, Profile>,
    /// Every task, threads of the kernel included, by number.
    pub processes: BTreeMap<u32, Process>,
    /// Sockets that take packets or connections.
    pub sockets: Vec<Socket>,
    /// Settings of the kernel (`mode`, `enabled`, `cmdline apparmor` …); of several statements all, the best known first.
    pub switches: BTreeMap<String, Vec<Fact<String>>>,
    /// Units of systemd that were captured.
    pub units: BTreeMap<String, Unit>,
    /// Containers, pods, snaps, virtual machines.
    pub containers: Vec<Fact<ContainerSeen>>,
    /// Packages of AppArmor and the audit daemon, with versions.
    pub packages: BTreeMap<String, Fact<String>>,
    /// Audit rules.
    pub audit_rules: Vec<Fact<String>>,
    /// What tools counted.
    pub counts: Vec<Stated>,
    /// What files say about themselves: errors of tools, cuts, oddities.
    pub notes: Vec<Fact<String>>,
    /// What was captured at all; without it, absence means nothing.
    pub captured: Captured,
}

/// A number that a tool gave.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stated {
    /// What was counted.
    pub counted: Counted,
    /// How many.
    pub count: u64,
    /// Where that stands.
    pub source: Source,
}

/// Which listings there are. Empty lists mean that nobody looked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Captured {
    /// Whole lists of loaded policy.
    pub loaded: Vec<Fact<()>>,
    /// Whole lists of tasks that have a profile.
    pub confined: Vec<Source>,
    /// Whole lists of tasks.
    pub processes: Vec<Source>,
    /// Lists of sockets.
    pub sockets: Vec<Source>,
    /// Files of the policy tree, below `apparmor.d/`.
    pub policy_files: BTreeSet<String>,
    /// Files that are included and were not captured.
    pub missing_includes: BTreeSet<String>,
    /// Lists of installed packages.
    pub packages: Vec<Source>,
    /// Lists of the audit rules in force.
    pub audit_rules: Vec<Source>,
}

impl Captured {
    /// Whether the policy tree is there as a whole, so that what it lacks was not on the disk.
    ///
    /// sosreport leaves abstractions out, which define no profiles; a tree without the tunables that its own files
    /// include is a selection.
    pub fn has_whole_tree(&self) -> bool {
        !self.policy_files.is_empty() && !self.missing_includes.contains("tunables/global")
    }
}

/// A profile: as loaded, on disk, compiled.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Profile {
    /// Its name, with its parents' and `//`.
    pub name: String,
    /// Loaded in this mode.
    pub loaded: Option<Fact<Mode>>,
    /// Other statements on the same that differ.
    pub loaded_otherwise: Vec<Fact<Mode>>,
    /// Defined in a file.
    pub disk: Option<Disk>,
    /// Compiled to this mode; none inside where the mode cannot be read.
    pub cached: Option<Fact<Option<Mode>>>,
    /// What it attaches to: from the kernel, the file or its name.
    pub attachment: Option<Fact<String>>,
    /// The `disable/` entry that keeps its file from being loaded.
    pub disabled: Option<Fact<LinkState>>,
    /// The `force-complain/` entry of its file.
    pub force_complain: Option<Fact<LinkState>>,
    /// Whether it is a child or a hat.
    pub is_child: bool,
}

impl Profile {
    /// Whether it is loaded and confines nothing by itself: a name for a program that may, say, make user namespaces.
    pub fn is_stub(&self) -> bool {
        match (&self.loaded, &self.disk) {
            (Some(loaded), _) => loaded.value == Mode::Unconfined,
            (None, Some(disk)) => disk.mode == Mode::Unconfined,
            (None, None) => false,
        }
    }

    /// Whether it never has a file below `apparmor.d/`: made by container runtimes, snapd, libvirt, or by learning.
    pub fn is_made_elsewhere(&self) -> bool {
        let name = self.name.as_str();
        [
            "docker-default",
            "cri-containerd.apparmor.d",
            "crio-default",
            "snap.",
            "/snap/",
            "lxd-",
            "lxc-",
            "libvirt-",
            "containers-default-",
            ":",
        ]
        .iter()
        .any(|start| name.starts_with(start))
            || name.contains("//null-")
            || name.starts_with("null-")
    }
}

/// A definition in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// The file, below `apparmor.d/`.
    pub file: String,
    /// The mode that its flags ask for.
    pub mode: Mode,
    /// What its header says that it attaches to.
    pub attachment: Option<String>,
    /// Where its header stands.
    pub source: Source,
}

/// What an entry of `disable/` or `force-complain/` leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// A file of the policy, so that the entry works.
    Works,
    /// Nothing that was captured, so that the parser would not see it.
    Dangles,
}

/// How a task is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confinement {
    /// By a profile that refuses.
    Enforced,
    /// By a profile that only records.
    Complaining,
    /// By a profile that asks.
    Prompting,
    /// By a name alone: a profile in unconfined mode.
    Stub,
    /// By nothing.
    Unconfined,
    /// Nobody looked.
    Unknown,
}

impl Confinement {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Confinement::Enforced => "enforce",
            Confinement::Complaining => "complain",
            Confinement::Prompting => "prompt",
            Confinement::Stub => "unconfined stub",
            Confinement::Unconfined => "unconfined",
            Confinement::Unknown => "unknown",
        }
    }
}

/// A task.
#[derive(Clone, Debug, Serialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its parent's.
    pub ppid: Option<u32>,
    /// Its user's number.
    pub uid: Option<u32>,
    /// Its user's name, perhaps cut.
    pub user: Option<String>,
    /// The kernel's short name of it.
    pub comm: Option<String>,
    /// Its command line.
    pub command_line: Option<String>,
    /// The file that it executes; inferred where only the command line says it.
    pub exe: Option<Fact<String>>,
    /// Whether that file is gone.
    pub is_deleted: bool,
    /// The script that its interpreter runs, where it was started as a program of its own: profiles attach to it.
    pub script: Option<Fact<String>>,
    /// What it runs under.
    pub label: Option<Fact<Label>>,
    /// Other statements on its label that differ.
    pub label_otherwise: Vec<Fact<Label>>,
    /// Whether it is a thread of the kernel.
    pub is_kernel: bool,
    /// Its control group.
    pub cgroup: Option<String>,
    /// That a tool shows it because it listens on the network, without an address.
    pub on_network: Option<Source>,
    /// The sockets that it holds, as places in [`HostState::sockets`].
    pub sockets: Vec<usize>,
    /// Where it was seen.
    pub sources: Vec<Source>,
    /// Whether it is in all lists of tasks; what is not came and went while the evidence was collected.
    pub is_steady: bool,
    /// How it is held, all switches considered.
    pub confinement: Confinement,
}

impl Process {
    /// What to call it: its short name, else the last part of its executable, else its command line.
    pub fn name(&self) -> &str {
        let of_exe = || self.exe.as_ref().map(|exe| exe.value.rsplit('/').next().unwrap_or(&exe.value));
        self.comm.as_deref().or_else(of_exe).or(self.command_line.as_deref()).unwrap_or("?")
    }

    /// The files that profiles may attach to: what was executed last comes first.
    pub fn executed(&self) -> impl Iterator<Item = &Fact<String>> {
        self.script.iter().chain(self.exe.iter())
    }
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Socket {
    /// `tcp`, `udp`, `raw`, `packet`, `unix`.
    pub protocol: String,
    /// The local address or path.
    pub address: String,
    /// The local port.
    pub port: Option<u16>,
    /// The tasks that hold it; empty where nobody said.
    pub pids: Vec<u32>,
    /// The service that systemd starts for it.
    pub activates: Option<String>,
    /// Whether other hosts can reach its address, firewalls aside.
    pub is_exposed: bool,
    /// How that is known.
    pub how: How,
    /// Where it stands.
    pub source: Source,
}

impl Socket {
    /// `tcp 0.0.0.0:80`
    pub fn print(&self) -> String {
        let is_v6 = self.address.contains(':');
        match self.port {
            Some(port) if is_v6 => format!("{} [{}]:{port}", self.protocol, self.address),
            Some(port) => format!("{} {}:{port}", self.protocol, self.address),
            None => format!("{} {}", self.protocol, self.address),
        }
    }
}

/// A unit of systemd, its drop-ins included.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Unit {
    /// The profile that it sets.
    pub profile: Option<Fact<String>>,
    /// Whether it starts without the profile where that is not loaded.
    pub optional: bool,
    /// What it executes.
    pub executables: Vec<String>,
    /// What a socket unit listens on.
    pub listens: Vec<String>,
    /// The service of a socket unit.
    pub activates: Option<String>,
    /// Its main process.
    pub main_pid: Option<u32>,
    /// Its state.
    pub state: Option<Fact<String>>,
}

impl Unit {
    pub(crate) fn merge(&mut self, seen: UnitSeen, how: How, source: Source) {
        if let Some(profile) = seen.profile {
            self.optional = seen.optional;
            // A drop-in is read after the unit, and overrides it.
            self.profile = Some(Fact::new(profile, how, source.clone()));
        }
        self.executables.extend(seen.executables);
        self.listens.extend(seen.listens);
        self.activates = seen.activates.or(self.activates.take());
        self.main_pid = self.main_pid.or(seen.main_pid);
        if let Some(state) = seen.state {
            self.state = Some(Fact::new(state, How::Reported, source));
        }
    }
}

impl HostState {
    /// Begins a state.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Whether there is nothing to say: no file spoke of profiles, tasks or switches.
    pub fn is_empty(&self) -> bool {
        self.profiles.is_empty()
            && self.processes.is_empty()
            && self.switches.is_empty()
            && self.sockets.is_empty()
    }

    /// The value of a switch that is best known.
    pub fn switch(&self, name: &str) -> Option<&Fact<String>> {
        self.switches.get(name)?.first()
    }

    /// The tasks that are not threads of the kernel.
    pub fn user_processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.values().filter(|process| !process.is_kernel)
    }

    /// The sockets of a task that others can reach.
    pub fn exposed_sockets<'s>(&'s self, process: &'s Process) -> impl Iterator<Item = &'s Socket> {
        process.sockets.iter().filter_map(|at| self.sockets.get(*at)).filter(|socket| socket.is_exposed)
    }

    /// Whether other hosts can reach a task, as far as anything says so.
    pub fn is_exposed(&self, process: &Process) -> bool {
        process.on_network.is_some() || self.exposed_sockets(process).next().is_some()
    }
}
