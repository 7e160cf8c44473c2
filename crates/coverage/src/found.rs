//! What readers find: single statements, each with its place.

use serde::Serialize;

use crate::fact::How;
use crate::label::{Label, Mode};

/// A statement at a place of the file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The line, from 1; 0 for the file as a whole.
    pub line: u32,
    /// Where the line or the value begins.
    pub offset_bytes: u64,
    /// What is stated.
    pub what: What,
}

/// What is stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A profile of the loaded policy.
    Loaded(LoadedProfile),
    /// This file lists the whole loaded policy, so that what it lacks was not loaded.
    LoadedList(How),
    /// This file lists all tasks that have a profile, so that any other ran without one.
    ConfinedList,
    /// A tool counted.
    Count(Counted, u64),
    /// A task.
    Process(Box<ProcessSeen>),
    /// This file lists all tasks.
    ProcessList,
    /// A socket that takes packets or connections.
    Socket(SocketSeen),
    /// This file lists sockets, so that none of its kind is missing.
    SocketList,
    /// A descriptor of a task that is a socket.
    Descriptor {
        /// The task.
        pid: u32,
        /// Of the socket.
        inode: u64,
    },
    /// A profile in a file of the policy.
    OnDisk(DiskProfile),
    /// A file of the policy that includes another.
    Includes(String),
    /// A variable of the policy and the values it is given.
    Variable(String, Vec<String>),
    /// A profile in the compiled cache.
    Cached {
        /// Its name.
        name: String,
        /// What it was compiled to.
        mode: Option<Mode>,
    },
    /// A setting of the kernel or of its command line.
    Switch {
        /// `enabled`, `mode`, `kernel.apparmor_…`, `cmdline`.
        name: String,
        /// As it stands there.
        value: String,
    },
    /// A unit of systemd.
    Unit(UnitSeen),
    /// A container, pod, snap or virtual machine.
    Container(ContainerSeen),
    /// An installed package.
    Package {
        /// Its name without architecture.
        name: String,
        /// Its version.
        version: String,
    },
    /// This file lists all packages.
    PackageList,
    /// A rule of the audit subsystem.
    AuditRule(String),
    /// A listing of all audit rules in force.
    AuditRuleList,
    /// What the file says about itself, or what keeps it from saying more.
    Note(String),
}

/// What tools count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Loaded profiles.
    Profiles,
    /// Loaded profiles in a mode.
    ProfilesIn(Mode),
    /// Tasks with a profile.
    Processes,
    /// Tasks whose label has a mode.
    ProcessesIn(Mode),
}

/// A loaded profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedProfile {
    /// As the kernel has it, children with `//`.
    pub name: String,
    /// Its mode; none where the place does not say.
    pub mode: Option<Mode>,
    /// What it attaches to, where the place says.
    pub attachment: Option<String>,
    /// Who says so.
    pub how: How,
}

/// A task as one place shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessSeen {
    /// Its number.
    pub pid: u32,
    /// Its parent's.
    pub ppid: Option<u32>,
    /// Its user's number.
    pub uid: Option<u32>,
    /// Its user's name, as far as it was printed.
    pub user: Option<String>,
    /// The file that it executes.
    pub exe: Option<String>,
    /// The kernel's short name of it.
    pub comm: Option<String>,
    /// Its command line, blanks between arguments.
    pub command_line: Option<String>,
    /// What it runs under.
    pub label: Option<Label>,
    /// How the label is known.
    pub label_how: Option<How>,
    /// Whether it is a thread of the kernel; none where that does not show.
    pub is_kernel: Option<bool>,
    /// Whether a tool shows it because it listens on the network.
    pub on_network: bool,
    /// Its control group.
    pub cgroup: Option<String>,
}

/// A socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketSeen {
    /// `tcp`, `udp`, `raw`, `packet`, `unix` …; without the version of IP.
    pub protocol: String,
    /// The local address, or path.
    pub address: String,
    /// The local port.
    pub port: Option<u16>,
    /// The tasks that hold it.
    pub owners: Vec<(u32, String)>,
    /// Its inode, 0 where it is not said.
    pub inode: u64,
    /// How that is known.
    pub how: Option<How>,
}

/// A profile in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskProfile {
    /// With its parents' names and `//`.
    pub name: String,
    /// What it attaches to; variables unresolved.
    pub attachment: Option<String>,
    /// What its flags ask for: enforce where they say nothing.
    pub mode: Mode,
    /// Whether it is a child or a hat.
    pub is_child: bool,
}

/// What a unit says about AppArmor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitSeen {
    /// `nginx.service`.
    pub name: String,
    /// The value of `AppArmorProfile=`, without the leading `-`.
    pub profile: Option<String>,
    /// Whether a failure to apply it is ignored.
    pub optional: bool,
    /// The executables of `ExecStart=`.
    pub executables: Vec<String>,
    /// Addresses and ports of `ListenStream=` and the like.
    pub listens: Vec<String>,
    /// `Service=` of a socket unit, else the unit of the same name.
    pub activates: Option<String>,
    /// Its main process, as `systemctl show` has it.
    pub main_pid: Option<u32>,
    /// `active`, `inactive`, `failed`, `masked` … where that was captured.
    pub state: Option<String>,
}

/// A container or what is like one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContainerSeen {
    /// `docker`, `kubernetes`, `snap`, `lxc`, `libvirt`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The profile that it is to run under; none where there is none.
    pub profile: Option<String>,
    /// Whether it was made without any bounds.
    pub privileged: bool,
    /// Its main process.
    pub pid: Option<u32>,
    /// Its id, as its control group has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The namespace and name of its pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// The uid of its pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_uid: Option<String>,
    /// Why it has no profile, or in which mode.
    pub remark: Option<String>,
}
