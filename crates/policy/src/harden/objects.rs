//! Files that a wide rule should not reach: what is closed on them, and how to tell a wide rule from a deliberate one.

/// Files that stand or fall together.
pub(super) struct Object {
    /// The check of `lint` that is about them.
    pub(super) check: &'static str,
    /// Permission letters that are closed, where the profile permits them.
    pub(super) letters: &'static str,
    /// What is closed, as policy writes it; no variables, since not every tree defines them.
    pub(super) pattern: &'static str,
    /// A file among them, which is asked about.
    pub(super) probe: &'static str,
    /// A file beside them that nothing asks for: a rule that reaches it too was not written for them.
    pub(super) neighbour: &'static str,
    /// What an attacker would do with them.
    pub(super) step: &'static str,
}

const fn object(
    check: &'static str,
    letters: &'static str,
    pattern: &'static str,
    probe: &'static str,
    neighbour: &'static str,
    step: &'static str,
) -> Object {
    Object { check, letters, pattern, probe, neighbour, step }
}

/// The files, credentials first. Ours; the families are those of `lint/sets.rs`.
pub(super) const OBJECTS: [Object; 22] = [
    object(
        "PQ-14",
        "r",
        "/etc/{shadow,gshadow}{,-}",
        "/etc/shadow",
        "/etc/zz-any",
        "read the password hashes",
    ),
    object("PQ-14", "r", "/etc/sudoers{,.d/**}", "/etc/sudoers", "/etc/zz-any", "read who may become root"),
    object(
        "PQ-14",
        "r",
        "/etc/krb5.keytab",
        "/etc/krb5.keytab",
        "/etc/zz-any",
        "read the host's Kerberos keys",
    ),
    object(
        "PQ-14",
        "r",
        "/etc/ssh/ssh_host_*_key",
        "/etc/ssh/ssh_host_ed25519_key",
        "/etc/ssh/zz-any",
        "read the host's SSH keys",
    ),
    object(
        "PQ-14",
        "r",
        "/etc/ssl/private/**",
        "/etc/ssl/private/zz-any.key",
        "/etc/ssl/zz-any",
        "read the private keys of certificates",
    ),
    object(
        "PQ-14",
        "r",
        "/home/*/.{ssh,gnupg,aws,kube}/**",
        "/home/user/.ssh/id_ed25519",
        "/home/user/zz-any",
        "read keys of users",
    ),
    object(
        "PQ-14",
        "r",
        "/root/.{ssh,gnupg,aws,kube}/**",
        "/root/.ssh/id_ed25519",
        "/root/zz-any",
        "read keys of root",
    ),
    object(
        "PQ-14",
        "r",
        "/proc/*/{mem,environ}",
        "/proc/1/environ",
        "/proc/1/zz-any",
        "read secrets of other processes",
    ),
    object(
        "PQ-13",
        "w",
        "/etc/{passwd,group,shadow,gshadow}",
        "/etc/passwd",
        "/etc/zz-any",
        "add an account",
    ),
    object(
        "PQ-13",
        "w",
        "/etc/{sudoers,sudoers.d/**,pam.d/**}",
        "/etc/sudoers",
        "/etc/zz-any",
        "become root at will",
    ),
    object(
        "PQ-13",
        "w",
        "/etc/{ld.so.preload,ld.so.conf,ld.so.conf.d/**}",
        "/etc/ld.so.preload",
        "/etc/zz-any",
        "have every program load a library",
    ),
    object(
        "PQ-13",
        "w",
        "/etc/{crontab,cron.*/**}",
        "/etc/cron.d/zz-any",
        "/etc/zz-any",
        "have cron run a program",
    ),
    object(
        "PQ-13",
        "w",
        "/etc/{systemd/**,init.d/**,rc.local}",
        "/etc/systemd/system/zz-any.service",
        "/etc/zz-any",
        "start a service",
    ),
    object(
        "PQ-13",
        "w",
        "/etc/{apparmor,apparmor.d}/**",
        "/etc/apparmor.d/zz-any",
        "/etc/zz-any",
        "change the policy",
    ),
    object(
        "PQ-13",
        "w",
        "/home/*/.{bashrc,profile,ssh/**,config/autostart/**}",
        "/home/user/.bashrc",
        "/home/user/zz-any",
        "have users run a program at login",
    ),
    object(
        "PQ-13",
        "w",
        "/root/.{bashrc,profile,ssh/**}",
        "/root/.bashrc",
        "/root/zz-any",
        "have root run a program at login",
    ),
    object(
        "PQ-12",
        "w",
        "/{usr/,}{bin,sbin,lib,lib32,lib64}/**",
        "/usr/bin/zz-any",
        "/usr/zz-any",
        "replace programs and libraries",
    ),
    object(
        "PQ-15",
        "w",
        "/proc/sys/kernel/{core_pattern,modprobe}",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/zz-any",
        "have the kernel run a program",
    ),
    object("PQ-15", "w", "/proc/sysrq-trigger", "/proc/sysrq-trigger", "/proc/zz-any", "stop the machine"),
    object(
        "PQ-15",
        "w",
        "/sys/kernel/uevent_helper",
        "/sys/kernel/uevent_helper",
        "/sys/kernel/zz-any",
        "have the kernel run a program",
    ),
    object(
        "PQ-13",
        "w",
        "/sys/kernel/security/apparmor/**",
        "/sys/kernel/security/apparmor/.remove",
        "/sys/kernel/zz-any",
        "unload policy",
    ),
    object(
        "PQ-16",
        "rw",
        "/dev/{mem,kmem,port,sd*,nvme*,dm-*}",
        "/dev/sda",
        "/dev/zz-any",
        "read or write disks and memory",
    ),
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use crate::glob::Glob;

    #[test]
    fn probes_lie_in_their_patterns_and_neighbours_beside() {
        for object in &OBJECTS {
            let glob = Glob::new(object.pattern.as_bytes()).unwrap();
            assert!(glob.matches(object.probe.as_bytes()), "{}", object.pattern);
            assert!(!glob.matches(object.neighbour.as_bytes()), "{}", object.pattern);
            assert!(crate::lint::check_of(object.check).is_some(), "{}", object.check);
        }
    }
}
