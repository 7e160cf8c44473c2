//! Which files of a collection are worth handing over, by their path alone.

/// Words of names of files that hold what a command printed.
const COMMANDS: [&str; 35] = [
    "ps",
    "ss",
    "netstat",
    "lsof",
    "aa",
    "apparmor",
    "unconfined",
    "status",
    "processes",
    "process",
    "profiles",
    "auditctl",
    "sysctl",
    "dpkg",
    "packages",
    "rpm",
    "installed",
    "cmdline",
    "snap",
    "inspect",
    "crictl",
    "kubectl",
    "pods",
    "lxc",
    "lxd",
    "lsm",
    "systemctl",
    "exe",
    "fd",
    "running",
    "label",
    "labels",
    "attr",
    "pid",
    "sockets",
];

/// Folders whose content is log or data and nothing else.
const NOT_BELOW: [&str; 8] = [
    "var/log/",
    "log/journal/",
    "usr/share/",
    "var/lib/docker/overlay2/",
    "/home/",
    "usr/bin/",
    "var/cache/apt/",
    "/dmesg/",
];

/// Larger files are none of those that are read here.
pub const LARGEST_BYTES: u64 = 16 << 20;

/// Whether a file, or a symbolic link, may say something about the state of the host; cheap, and rather too often yes
/// than too often no.
pub fn wanted(path: &str) -> bool {
    if super::below_policy(path).is_some() || path.contains("apparmor/") && !path.contains("var/log/") {
        return true;
    }
    if let Some((_, part)) = super::attr::of_path(path) {
        return ["attr/", "comm", "cmdline", "cgroup", "status", "exe", "fd", "net/"]
            .iter()
            .any(|known| part.starts_with(known));
    }
    if path.contains("proc/net/")
        || path.ends_with("kernel/security/lsm")
        || path.ends_with("var/lib/dpkg/status")
    {
        return true;
    }
    if super::systemd::unit_of_path(path).is_some() || path.contains("/audit/") && path.ends_with(".rules") {
        return true;
    }
    if path.contains("proc/sys/kernel/") {
        return path.contains("apparmor") || path.contains("userns");
    }
    if NOT_BELOW.iter().any(|folder| path.contains(folder)) {
        return false;
    }
    let name = path.rsplit(['/', '!']).next().unwrap_or(path);
    let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| {
        COMMANDS.iter().any(|known| word.eq_ignore_ascii_case(known))
            // `ss-tulpnZ`, `proc_net_tcp6`, `Linux.Sys.Pslist`
            || ["tcp", "udp", "pslist", "netstat"].iter().any(|known| word.to_ascii_lowercase().starts_with(known))
    })
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn names_of_all_collectors_are_wanted() {
        for path in [
            "web01/live/aa-status.json",
            "web01/live/profiles.txt",
            "web01/live/ps-auxZ.txt",
            "web01/live/ss-tulpnZ.txt",
            "web01/live/cmdline.txt",
            "sosreport-x/sos_commands/apparmor/apparmor_status",
            "sosreport-x/sos_commands/process/ps_auxwwwm",
            "sosreport-x/sos_commands/networking/netstat_-W_-neopa",
            "sosreport-x/sys/module/apparmor/parameters/mode",
            "uac.tar!live_response/network/ss_-tlnp.txt",
            "uac.tar!live_response/process/running_processes_full_paths.txt",
            "uac.tar!live_response/process/proc/812/cmdline.txt",
            "uac.tar![root]/etc/apparmor.d/usr.sbin.nginx",
            "uac.tar!live_response/network/proc_net_tcp6.txt",
            "cat/Process_and_Network/host-20260101-processes-axwwSo.txt",
            "cat/Process_and_Network/host-20260101-ss-anepo.txt",
            "cat/Docker/host-docker-inspect-1.txt",
            "x/etc/systemd/system/nginx.service.d/override.conf",
            "x/proc/812/attr/apparmor/current",
            "x/var/cache/apparmor/1234.0/usr.sbin.nginx",
        ] {
            assert!(wanted(path), "{path}");
        }
        for path in [
            "x/var/log/syslog",
            "x/log/journal/ab/system.journal",
            "x/etc/passwd",
            "x/usr/bin/ps",
            "web01/dmesg/dmesg.txt",
        ] {
            assert!(!wanted(path), "{path}");
        }
    }
}
