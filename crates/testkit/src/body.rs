//! The body of an AppArmor record: which check, by whom, on what.
//!
//! Source: the field order of kernels since 3.14, with `class=` as since 6.2.

use crate::actors::{ACTORS, Actor, UNCONFINED};
use crate::names::Names;
use crate::random::Random;
use crate::text;
use crate::truth::{Truth, Verdict};

/// The shape of the part after `comm=`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    File,
    Exec,
    Link,
    Capability,
    Network,
    Ptrace,
    Signal,
    Mount,
    ChangeProfile,
    Limit,
    Namespace,
    Policy,
}

/// One operation and how often it occurs.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    class: &'static str,
    shape: Shape,
    weight: u32,
    pub(crate) syscall: (u32, &'static str),
    masks: &'static [&'static str],
}

const fn operation(
    name: &'static str,
    class: &'static str,
    shape: Shape,
    weight: u32,
    syscall: (u32, &'static str),
    masks: &'static [&'static str],
) -> Operation {
    Operation { name, class, shape, weight, syscall, masks }
}

const OPERATIONS: [Operation; 27] = [
    operation("open", "file", Shape::File, 380, (257, "openat"), &["r", "r", "r", "w", "wc", "ac", "wr"]),
    operation("getattr", "file", Shape::File, 120, (262, "newfstatat"), &["r"]),
    operation("mknod", "file", Shape::File, 90, (257, "openat"), &["c"]),
    operation("exec", "file", Shape::Exec, 70, (59, "execve"), &["x"]),
    operation("file_mmap", "file", Shape::File, 50, (9, "mmap"), &["m", "rm", "r"]),
    operation("file_perm", "file", Shape::File, 20, (1, "write"), &["w", "r"]),
    operation("unlink", "file", Shape::File, 30, (87, "unlink"), &["d"]),
    operation("mkdir", "file", Shape::File, 10, (83, "mkdir"), &["c"]),
    operation("rename_src", "file", Shape::File, 8, (82, "rename"), &["wrd"]),
    operation("rename_dest", "file", Shape::File, 8, (82, "rename"), &["wc"]),
    operation("link", "file", Shape::Link, 6, (86, "link"), &["l"]),
    operation("chmod", "file", Shape::File, 8, (90, "chmod"), &["w"]),
    operation("truncate", "file", Shape::File, 6, (76, "truncate"), &["w"]),
    operation("file_lock", "file", Shape::File, 6, (72, "fcntl"), &["k", "wk"]),
    operation("capable", "cap", Shape::Capability, 60, (257, "openat"), &[]),
    operation("create", "net", Shape::Network, 30, (41, "socket"), &["create"]),
    operation("connect", "net", Shape::Network, 20, (42, "connect"), &["connect"]),
    operation("bind", "net", Shape::Network, 5, (49, "bind"), &["bind"]),
    operation(
        "ptrace",
        "ptrace",
        Shape::Ptrace,
        25,
        (101, "ptrace"),
        &["read", "trace", "readby", "tracedby"],
    ),
    operation("signal", "signal", Shape::Signal, 20, (62, "kill"), &["send", "receive"]),
    operation("mount", "mount", Shape::Mount, 10, (165, "mount"), &[]),
    operation("change_profile", "file", Shape::ChangeProfile, 3, (1, "write"), &[]),
    operation("setrlimit", "rlimits", Shape::Limit, 3, (302, "prlimit64"), &[]),
    operation("userns_create", "namespace", Shape::Namespace, 6, (272, "unshare"), &["userns_create"]),
    operation("file_inherit", "file", Shape::File, 0, (59, "execve"), &["w", "r", "wr"]),
    operation("profile_replace", "", Shape::Policy, 0, (1, "write"), &[]),
    operation("profile_load", "", Shape::Policy, 0, (1, "write"), &[]),
];

const FILE_INHERIT: usize = 24;
const PROFILE_REPLACE: usize = 25;
const PROFILE_LOAD: usize = 26;

const CAPABILITIES: [(u32, &str); 6] = [
    (1, "dac_override"),
    (2, "dac_read_search"),
    (12, "net_admin"),
    (19, "sys_ptrace"),
    (21, "sys_admin"),
    (6, "setgid"),
];
const SIGNALS: [&str; 5] = ["term", "kill", "hup", "rtmin+8", "exists"];
/// Actors whose profile is in complain mode.
const COMPLAINING: [usize; 6] = [9, 10, 11, 17, 26, 35];

/// Who did what, before it is written down.
#[derive(Clone, Copy)]
pub(crate) struct Act {
    pub(crate) verdict: Verdict,
    operation: usize,
    actor: usize,
    pub(crate) comm: &'static str,
    pub(crate) pid: u32,
}

impl Act {
    pub(crate) fn operation(&self) -> &'static Operation {
        const { &OPERATIONS }.get(self.operation).unwrap_or(const { &OPERATIONS[0] })
    }

    pub(crate) fn actor(&self) -> &'static Actor {
        const { &ACTORS }.get(self.actor).unwrap_or(const { &ACTORS[0] })
    }

    pub(crate) fn is_policy(&self) -> bool {
        self.verdict == Verdict::Status
    }

    pub(crate) fn profile(&self) -> &'static str {
        if self.is_policy() { UNCONFINED } else { self.actor().profile }
    }

    /// Whether the call went through all the same.
    pub(crate) fn succeeded(&self) -> bool {
        !matches!(self.verdict, Verdict::Denied | Verdict::Killed)
    }

    /// Whether `name=` is a path that a PATH record would show.
    pub(crate) fn touches_a_path(&self) -> bool {
        matches!(self.operation().shape, Shape::File | Shape::Exec | Shape::Link)
    }

    /// Whether the record ends in `fsuid=` and `ouid=`, which an enriched log explains.
    pub(crate) fn has_file_owner(&self) -> bool {
        self.touches_a_path()
    }

    /// What the same call was refused next: a second record of one event, never equal to the first.
    pub(crate) fn followed_by_inherit(self) -> Act {
        Act { operation: FILE_INHERIT, ..self }
    }
}

/// Draws acts and writes their bodies, counting what it wrote.
pub(crate) struct Bodies {
    names: Names,
    /// Operation indices, each as often as its weight.
    wheel: Vec<u8>,
    by_verdict: [u64; 5],
    by_operation: [u64; OPERATIONS.len()],
    by_actor: [u64; ACTORS.len()],
    policy: u64,
    numbered_permille: u32,
    numbered: u64,
}

impl Bodies {
    pub(crate) fn new(random: &mut Random, distinct_names: usize) -> Bodies {
        let mut wheel = Vec::new();
        for (index, operation) in OPERATIONS.iter().enumerate() {
            wheel.extend(std::iter::repeat_n(index as u8, operation.weight as usize));
        }
        Bodies {
            names: Names::new(random, distinct_names),
            wheel,
            by_verdict: [0; 5],
            by_operation: [0; OPERATIONS.len()],
            by_actor: [0; ACTORS.len()],
            policy: 0,
            numbered_permille: 0,
            numbered: 0,
        }
    }

    /// Gives that share of the file names a running number, as floods do.
    pub(crate) fn with_numbered_names(mut self, permille: u32) -> Bodies {
        self.numbered_permille = permille;
        self
    }

    /// Draws the next act.
    pub(crate) fn draw(&self, random: &mut Random) -> Act {
        let actor = random.skewed(ACTORS.len());
        let dice = random.below(1000);
        if dice < 20 {
            let operation = if dice < 15 { PROFILE_REPLACE } else { PROFILE_LOAD };
            let pid = random.between(900, 31_000);
            return Act { verdict: Verdict::Status, operation, actor, comm: "apparmor_parser", pid };
        }
        let mut operation = usize::from(*random.pick(&self.wheel));
        let verdict = if COMPLAINING.contains(&actor) {
            Verdict::Allowed
        } else if dice < 24 {
            operation = 0;
            Verdict::Killed
        } else if dice < 140 {
            operation = usize::from(dice.is_multiple_of(2));
            Verdict::Audit
        } else {
            Verdict::Denied
        };
        let comm = random.pick(ACTORS[actor].comms);
        let pid = 500 + 211 * actor as u32 + random.skewed(200) as u32;
        Act { verdict, operation, actor, comm, pid }
    }

    /// Appends the body from `apparmor=` to its last kernel field.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, random: &mut Random, act: &Act) {
        self.count(act);
        let operation = act.operation();
        let actor = act.actor();
        out.extend_from_slice(b"apparmor=\"");
        out.extend_from_slice(act.verdict.as_str().as_bytes());
        out.extend_from_slice(b"\" operation=\"");
        out.extend_from_slice(operation.name.as_bytes());
        if !operation.class.is_empty() {
            out.extend_from_slice(b"\" class=\"");
            out.extend_from_slice(operation.class.as_bytes());
        }
        if operation.shape == Shape::Mount && !act.succeeded() {
            out.extend_from_slice(b"\" info=\"failed mntpnt match\" error=-13 profile=\"");
        } else {
            out.extend_from_slice(b"\" profile=\"");
        }
        out.extend_from_slice(act.profile().as_bytes());
        out.push(b'"');
        match operation.shape {
            Shape::File | Shape::Exec | Shape::Link => {
                out.extend_from_slice(b" name=");
                self.file_name(out, random);
            }
            Shape::Mount => out.extend_from_slice(b" name=\"/mnt/\""),
            Shape::ChangeProfile => out.extend_from_slice(b" name=\"unconfined\""),
            Shape::Policy => {
                out.extend_from_slice(b" name=\"");
                out.extend_from_slice(actor.profile.as_bytes());
                out.push(b'"');
            }
            _ => {}
        }
        out.extend_from_slice(b" pid=");
        text::number(out, u64::from(act.pid));
        out.extend_from_slice(b" comm=");
        text::untrusted(out, act.comm.as_bytes());
        self.tail(out, random, operation, actor);
    }

    fn file_name(&mut self, out: &mut Vec<u8>, random: &mut Random) {
        if self.numbered_permille > 0 && random.permille(self.numbered_permille) {
            self.numbered += 1;
            out.extend_from_slice(b"\"/tmp/.x/flood-");
            let width = if self.numbered < 100_000 { 5 } else { 8 };
            text::digits(out, self.numbered, width);
            out.push(b'"');
        } else {
            out.extend_from_slice(self.names.pick(random));
        }
    }

    fn tail(&self, out: &mut Vec<u8>, random: &mut Random, operation: &Operation, actor: &Actor) {
        let mask = if operation.masks.is_empty() { "" } else { random.pick(operation.masks) };
        match operation.shape {
            Shape::File | Shape::Exec | Shape::Link => {
                masks(out, "requested_mask", "denied_mask", mask);
                out.extend_from_slice(b" fsuid=");
                text::number(out, u64::from(actor.uid));
                out.extend_from_slice(b" ouid=");
                text::number(out, if random.permille(700) { 0 } else { u64::from(actor.uid) });
                if operation.shape == Shape::Exec && random.permille(300) {
                    out.extend_from_slice(b" target=\"");
                    out.extend_from_slice(actor.profile.as_bytes());
                    out.extend_from_slice(b"//null-/usr/bin/id\"");
                } else if operation.shape == Shape::Link {
                    out.extend_from_slice(b" target=");
                    out.extend_from_slice(self.names.pick(random));
                }
            }
            Shape::Capability => {
                let (code, name) = random.pick(&CAPABILITIES);
                out.extend_from_slice(b" capability=");
                text::number(out, u64::from(*code));
                out.extend_from_slice(b"  capname=\"");
                out.extend_from_slice(name.as_bytes());
                out.push(b'"');
            }
            Shape::Network => {
                out.extend_from_slice(if random.permille(700) {
                    &b" family=\"inet\" sock_type=\"stream\" protocol=6"[..]
                } else {
                    &b" family=\"inet6\" sock_type=\"dgram\" protocol=17"[..]
                });
                masks(out, "requested_mask", "denied_mask", mask);
            }
            Shape::Ptrace | Shape::Signal => {
                masks(out, "requested_mask", "denied_mask", mask);
                if operation.shape == Shape::Signal {
                    out.extend_from_slice(b" signal=");
                    out.extend_from_slice(random.pick(&SIGNALS).as_bytes());
                }
                out.extend_from_slice(b" peer=\"");
                out.extend_from_slice(random.pick(&ACTORS).profile.as_bytes());
                out.push(b'"');
            }
            Shape::Mount => {
                out.extend_from_slice(b" fstype=\"tmpfs\" srcname=\"tmpfs\" flags=\"rw, nosuid\"")
            }
            Shape::ChangeProfile => out.extend_from_slice(b" target=\"unconfined\""),
            Shape::Limit => {
                out.extend_from_slice(b" rlimit=nofile value=");
                text::number(out, 1 << random.between(10, 20));
            }
            Shape::Namespace => masks(out, "requested", "denied", mask),
            Shape::Policy => {}
        }
    }

    fn count(&mut self, act: &Act) {
        self.by_verdict[act.verdict as usize] += 1;
        self.by_operation[act.operation] += 1;
        if act.is_policy() {
            self.policy += 1;
        } else {
            self.by_actor[act.actor] += 1;
        }
    }

    /// Puts the counts into the truth.
    pub(crate) fn report(&self, truth: &mut Truth) {
        truth.records = self.by_verdict.iter().sum();
        truth.events = truth.records;
        let named = |count: u64| (count > 0).then_some(count);
        truth.by_verdict = Verdict::ALL
            .iter()
            .filter_map(|verdict| Some((verdict.as_str(), named(self.by_verdict[*verdict as usize])?)))
            .collect();
        truth.by_operation = OPERATIONS
            .iter()
            .zip(self.by_operation)
            .filter_map(|(operation, count)| Some((operation.name, named(count)?)))
            .collect();
        truth.by_profile = ACTORS
            .iter()
            .zip(self.by_actor)
            .filter_map(|(actor, count)| Some((actor.profile, named(count)?)))
            .chain(named(self.policy).map(|count| (UNCONFINED, count)))
            .collect();
    }
}

fn masks(out: &mut Vec<u8>, requested: &str, denied: &str, mask: &str) {
    for key in [requested, denied] {
        out.push(b' ');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"=\"");
        out.extend_from_slice(mask.as_bytes());
        out.push(b'"');
    }
}
