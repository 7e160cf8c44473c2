//! The words of the language: permissions, execute modes, and the closed lists of names.

/// Permissions on files, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Access(pub u8);

impl Access {
    /// `r`
    pub const READ: Access = Access(1);
    /// `w`
    pub const WRITE: Access = Access(2);
    /// `a`
    pub const APPEND: Access = Access(4);
    /// `l`
    pub const LINK: Access = Access(8);
    /// `k`
    pub const LOCK: Access = Access(16);
    /// `m`
    pub const MAP: Access = Access(32);
    /// `x`, however.
    pub const EXECUTE: Access = Access(64);
    /// All of them.
    pub const ALL: Access = Access(127);

    /// Whether all of `other` is in it.
    #[must_use]
    pub const fn has(self, other: Access) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether something of `other` is in it.
    #[must_use]
    pub const fn meets(self, other: Access) -> bool {
        self.0 & other.0 != 0
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Access) -> Access {
        Access(self.0 | other.0)
    }
}

/// Which profile an executed program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transition {
    /// `ix`: the same.
    Inherit,
    /// `ux`: none.
    Unconfined,
    /// `px`: the one that attaches, or the named one.
    Profile,
    /// `cx`: a child of this one.
    Child,
    /// A bare `x`, which only a deny rule may have.
    Bare,
}

/// What happens where the transition finds no profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// `i`: the profile stays.
    Inherit,
    /// `u`: the program runs unconfined.
    Unconfined,
}

/// `ix`, `Px`, `pux` and their kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExecMode {
    /// Which profile.
    pub transition: Transition,
    /// And if there is none.
    pub fallback: Option<Fallback>,
    /// Upper case: the environment is scrubbed.
    pub scrub: bool,
}

impl ExecMode {
    /// Its letters.
    #[must_use]
    pub fn letters(self) -> &'static str {
        use Transition::{Bare, Child, Inherit, Profile, Unconfined};
        match (self.transition, self.fallback, self.scrub) {
            (Inherit, ..) => "ix",
            (Bare, ..) => "x",
            (Unconfined, _, false) => "ux",
            (Unconfined, _, true) => "Ux",
            (Profile, None, false) => "px",
            (Profile, None, true) => "Px",
            (Profile, Some(Fallback::Inherit), false) => "pix",
            (Profile, Some(Fallback::Inherit), true) => "Pix",
            (Profile, Some(Fallback::Unconfined), false) => "pux",
            (Profile, Some(Fallback::Unconfined), true) => "PUx",
            (Child, None, false) => "cx",
            (Child, None, true) => "Cx",
            (Child, Some(Fallback::Inherit), false) => "cix",
            (Child, Some(Fallback::Inherit), true) => "Cix",
            (Child, Some(Fallback::Unconfined), false) => "cux",
            (Child, Some(Fallback::Unconfined), true) => "CUx",
        }
    }

    /// Whether the program may end up without a profile.
    #[must_use]
    pub fn leaves_confinement(self) -> bool {
        self.transition == Transition::Unconfined || self.fallback == Some(Fallback::Unconfined)
    }
}

/// Reads permission letters.
///
/// # Errors
///
/// Says which letters are none, or contradict each other.
pub fn permissions(letters: &[u8]) -> Result<(Access, Option<ExecMode>), String> {
    let mut access = Access::default();
    let mut exec: Option<ExecMode> = None;
    let mut rest = letters;
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        let mode = match first {
            b'r' | b'R' => {
                access = access.with(Access::READ);
                continue;
            }
            b'w' | b'W' => {
                access = access.with(Access::WRITE);
                continue;
            }
            b'a' => {
                access = access.with(Access::APPEND);
                continue;
            }
            b'l' | b'L' => {
                access = access.with(Access::LINK);
                continue;
            }
            b'k' => {
                access = access.with(Access::LOCK);
                continue;
            }
            b'm' | b'M' => {
                access = access.with(Access::MAP);
                continue;
            }
            b'x' | b'X' => ExecMode { transition: Transition::Bare, fallback: None, scrub: true },
            b'i' | b'I' | b'u' | b'U' | b'p' | b'P' | b'c' | b'C' => {
                let (mode, length) = exec_mode(letters_from(letters, rest.len() + 1))?;
                rest = rest.get(length - 1..).unwrap_or_default();
                mode
            }
            other => return Err(format!("'{}' is no permission", char::from(*other).escape_default())),
        };
        match exec {
            Some(before) if before != mode => {
                return Err(format!("{} and {} contradict each other", before.letters(), mode.letters()));
            }
            _ => exec = Some(mode),
        }
    }
    if access.has(Access::WRITE) && access.has(Access::APPEND) {
        return Err("'w' and 'a' exclude each other".to_owned());
    }
    Ok((access, exec))
}

fn letters_from(letters: &[u8], left: usize) -> &[u8] {
    letters.get(letters.len().saturating_sub(left)..).unwrap_or_default()
}

/// One execute mode at the start of the letters, and how many letters it has.
fn exec_mode(letters: &[u8]) -> Result<(ExecMode, usize), String> {
    let is_x = |at: usize| letters.get(at).is_some_and(|letter| letter.eq_ignore_ascii_case(&b'x'));
    let first = letters.first().copied().unwrap_or_default();
    let scrub = first.is_ascii_uppercase();
    let transition = match first.to_ascii_lowercase() {
        b'i' => Transition::Inherit,
        b'u' => Transition::Unconfined,
        b'p' => Transition::Profile,
        _ => Transition::Child,
    };
    if is_x(1) {
        let scrub = scrub || transition == Transition::Inherit;
        return Ok((ExecMode { transition, fallback: None, scrub }, 2));
    }
    let can_fall_back = matches!(transition, Transition::Profile | Transition::Child);
    let fallback = match letters.get(1).map(u8::to_ascii_lowercase) {
        Some(b'i') if can_fall_back && is_x(2) => Fallback::Inherit,
        Some(b'u') if can_fall_back && is_x(2) => Fallback::Unconfined,
        _ => {
            let shown: String = letters.iter().take(3).map(|letter| char::from(*letter)).collect();
            return Err(format!("'{}' is no execute mode", shown.escape_default()));
        }
    };
    Ok((ExecMode { transition, fallback: Some(fallback), scrub }, 3))
}

/// Whether a word may be permission letters.
pub(crate) fn looks_like_permissions(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(|letter| b"rRwWaAlLkKmMxXiIuUpPcC".contains(letter))
}

/// All capabilities that upstream's parser knows, in the kernel's order.
pub(crate) const CAPABILITIES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// Address families.
pub(crate) const DOMAINS: [&str; 47] = [
    "unspec",
    "unix",
    "inet",
    "ax25",
    "ipx",
    "appletalk",
    "netrom",
    "bridge",
    "atmpvc",
    "x25",
    "inet6",
    "rose",
    "netbeui",
    "security",
    "key",
    "netlink",
    "packet",
    "ash",
    "econet",
    "atmsvc",
    "rds",
    "sna",
    "irda",
    "pppox",
    "wanpipe",
    "llc",
    "ib",
    "mpls",
    "can",
    "tipc",
    "bluetooth",
    "iucv",
    "rxrpc",
    "isdn",
    "phonet",
    "ieee802154",
    "caif",
    "alg",
    "nfc",
    "vsock",
    "kcm",
    "qipcrtr",
    "smc",
    "xdp",
    "mctp",
    "local",
    "wpan",
];

/// Socket types.
pub(crate) const SOCKET_TYPES: [&str; 7] = ["stream", "dgram", "seqpacket", "rdm", "raw", "packet", "dccp"];

/// Protocols of the internet families.
pub(crate) const PROTOCOLS: [&str; 3] = ["tcp", "udp", "icmp"];

/// What may be done with sockets.
pub(crate) const SOCKET_ACCESS: [&str; 17] = [
    "create", "bind", "listen", "accept", "connect", "shutdown", "getattr", "setattr", "getopt", "setopt",
    "send", "receive", "r", "w", "rw", "read", "write",
];

/// Signals.
pub(crate) const SIGNALS: [&str; 38] = [
    "hup", "int", "quit", "ill", "trap", "abrt", "bus", "fpe", "kill", "usr1", "segv", "usr2", "pipe",
    "alrm", "term", "stkflt", "chld", "cont", "stop", "stp", "ttin", "ttou", "urg", "xcpu", "xfsz", "vtalrm",
    "prof", "winch", "io", "pwr", "sys", "emt", "exists", "lost", "tstp", "poll", "iot", "info",
];

/// Resources that `set rlimit` bounds.
pub(crate) const LIMITS: [&str; 17] = [
    "cpu",
    "fsize",
    "data",
    "stack",
    "core",
    "rss",
    "nofile",
    "ofile",
    "as",
    "nproc",
    "memlock",
    "locks",
    "sigpending",
    "msgqueue",
    "nice",
    "rtprio",
    "rttime",
];

/// Options that change how a mount propagates; they take no source.
pub(crate) const MAKE_OPTIONS: [&str; 16] = [
    "private",
    "slave",
    "shared",
    "unbindable",
    "rprivate",
    "rslave",
    "rshared",
    "runbindable",
    "make-private",
    "make-slave",
    "make-shared",
    "make-unbindable",
    "make-rprivate",
    "make-rslave",
    "make-rshared",
    "make-runbindable",
];

/// Options with their opposite.
pub(crate) const OPPOSITE_OPTIONS: [(&str, &str); 19] = [
    ("ro", "rw"),
    ("r", "w"),
    ("read-only", "write"),
    ("suid", "nosuid"),
    ("dev", "nodev"),
    ("exec", "noexec"),
    ("sync", "async"),
    ("mand", "nomand"),
    ("atime", "noatime"),
    ("diratime", "nodiratime"),
    ("relatime", "norelatime"),
    ("iversion", "noiversion"),
    ("strictatime", "nostrictatime"),
    ("lazytime", "nolazytime"),
    ("symfollow", "nosymfollow"),
    ("acl", "noacl"),
    ("verbose", "silent"),
    ("user", "nouser"),
    ("loud", "silent"),
];

/// Options without an opposite.
pub(crate) const SINGLE_OPTIONS: [&str; 8] = ["bind", "B", "rbind", "R", "move", "M", "remount", "dirsync"];

/// Whether a list holds a word.
pub(crate) fn knows(list: &[&str], word: &[u8]) -> bool {
    list.iter().any(|known| known.as_bytes() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(letters: &str) -> String {
        match permissions(letters.as_bytes()) {
            Ok((access, exec)) => format!("{:06b} {}", access.0, exec.map_or("-", ExecMode::letters)),
            Err(why) => why,
        }
    }

    #[test]
    fn letters() {
        insta::assert_snapshot!(read("rw"), @"000011 -");
        insta::assert_snapshot!(read("mrixk"), @"110001 ix");
        insta::assert_snapshot!(read("rPUx"), @"000001 PUx");
        insta::assert_snapshot!(read("pxpx"), @"000000 px");
        insta::assert_snapshot!(read("wa"), @"'w' and 'a' exclude each other");
        insta::assert_snapshot!(read("pxix"), @"px and ix contradict each other");
        insta::assert_snapshot!(read("rUix"), @"'Uix' is no execute mode");
        insta::assert_snapshot!(read("K"), @"'K' is no permission");
    }
}
