//! The small files that tell about a host, and what is kept of them while everything is read.

/// How much of a telling file is kept.
pub const TELLING_BYTES: usize = 64 << 10;

/// A small file or a symbolic link that tells something about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The path as a reader would write it, `!` before members of bundles.
    pub path: String,
    /// The first bytes of a file; empty for a link.
    pub head: Vec<u8>,
    /// What a symbolic link names.
    pub target: Option<String>,
}

/// Last parts of paths whose content is wanted; those with a slash are files of the host, the others what a command
/// printed or what a collector says of itself.
const NAMES: [&str; 14] = [
    "etc/hostname",
    "etc/timezone",
    "etc/localtime",
    "etc/machine-id",
    "lib/dbus/machine-id",
    "etc/os-release",
    "usr/lib/os-release",
    "etc/passwd",
    "kernel/osrelease",
    "kernel/hostname",
    "random/boot_id",
    "proc/version",
    "collection_context.json",
    "client_info.json",
];

/// Whether a file tells about its host, by its path: of such files the beginning is kept.
pub fn is_telling(path: &str) -> bool {
    let decoded;
    let path = if path.contains('%') {
        decoded = super::velociraptor::decoded(path);
        &*decoded
    } else {
        path
    };
    let ends = |end: &str| {
        path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with(['/', '!']))
    };
    if NAMES.iter().any(|name| ends(name)) {
        return true;
    }
    let name = path.rsplit(['/', '!']).next().unwrap_or_default();
    super::output::Command::of(name).is_some() || super::audit_status::is_named(name)
}

#[cfg(test)]
mod tests {
    use super::is_telling;

    #[test]
    fn names() {
        for path in [
            "etc/hostname",
            "c.tar!web01/etc/machine-id",
            "x/[root]/etc/localtime",
            "c.zip!uploads/auto/%2Fetc%2Ftimezone",
            "s/sos_commands/systemd/timedatectl",
            "s/sos_commands/chrony/chronyc_tracking",
            "s/sos_commands/date/date_--utc",
            "u/live_response/system/timedatectl_status.txt",
            "u/live_response/network/hostname.txt",
            "c/System_Info/web01-20240501-1200-host-date-timezone.txt",
            "web01/live/os-release",
            "c.zip!client_info.json",
        ] {
            assert!(is_telling(path), "{path}");
        }
        for path in
            ["fetc/machine-id", "var/log/syslog", "etc/hostname.bak", "update", "doc/hostname.md", "dates"]
        {
            assert!(!is_telling(path), "{path}");
        }
    }
}
