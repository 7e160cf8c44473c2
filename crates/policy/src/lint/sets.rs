//! Files that stand for what matters: what a profile permits on them shows how wide it is.

/// Why a file matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    /// A name that nothing would ask for, in a system tree: only a wide rule reaches it.
    SystemTree,
    /// Policy, loader, accounts, start-up files.
    Control,
    /// Passwords, keys, other processes.
    Credentials,
    /// Settings of the kernel.
    KernelKnob,
    /// Disks and memory.
    RawDevice,
    /// Places anybody writes to.
    Staging,
    /// Shells and interpreters.
    Shell,
}

/// A file and why it matters.
pub(super) struct Sample {
    pub(super) set: Set,
    pub(super) path: &'static str,
}

const fn sample(set: Set, path: &'static str) -> Sample {
    Sample { set, path }
}

/// The files, by set.
pub(super) const SAMPLES: [Sample; 92] = [
    sample(Set::SystemTree, "/zz-any"),
    sample(Set::SystemTree, "/etc/zz-any"),
    sample(Set::SystemTree, "/usr/zz-any"),
    sample(Set::SystemTree, "/usr/bin/zz-any"),
    sample(Set::SystemTree, "/usr/lib/zz-any"),
    sample(Set::SystemTree, "/lib/zz-any"),
    sample(Set::SystemTree, "/boot/zz-any"),
    sample(Set::SystemTree, "/opt/zz-any"),
    sample(Set::SystemTree, "/srv/zz-any"),
    sample(Set::SystemTree, "/var/zz-any"),
    sample(Set::SystemTree, "/root/zz-any"),
    sample(Set::SystemTree, "/home/user/zz-any"),
    sample(Set::Control, "/etc/apparmor.d/zz-any"),
    sample(Set::Control, "/etc/apparmor/parser.conf"),
    sample(Set::Control, "/sys/kernel/security/apparmor/.remove"),
    sample(Set::Control, "/etc/ld.so.preload"),
    sample(Set::Control, "/etc/ld.so.conf.d/zz-any.conf"),
    sample(Set::Control, "/etc/ld.so.cache"),
    sample(Set::Control, "/etc/passwd"),
    sample(Set::Control, "/etc/group"),
    sample(Set::Control, "/etc/shadow"),
    sample(Set::Control, "/etc/sudoers"),
    sample(Set::Control, "/etc/sudoers.d/zz-any"),
    sample(Set::Control, "/etc/pam.d/sshd"),
    sample(Set::Control, "/etc/crontab"),
    sample(Set::Control, "/etc/cron.d/zz-any"),
    sample(Set::Control, "/var/spool/cron/crontabs/root"),
    sample(Set::Control, "/etc/systemd/system/zz-any.service"),
    sample(Set::Control, "/etc/init.d/zz-any"),
    sample(Set::Control, "/etc/rc.local"),
    sample(Set::Control, "/etc/udev/rules.d/zz-any.rules"),
    sample(Set::Control, "/etc/profile"),
    sample(Set::Control, "/etc/profile.d/zz-any.sh"),
    sample(Set::Control, "/etc/bash.bashrc"),
    sample(Set::Control, "/etc/ssh/sshd_config"),
    sample(Set::Control, "/root/.bashrc"),
    sample(Set::Control, "/root/.ssh/authorized_keys"),
    sample(Set::Control, "/home/user/.bashrc"),
    sample(Set::Control, "/home/user/.profile"),
    sample(Set::Control, "/home/user/.ssh/authorized_keys"),
    sample(Set::Control, "/home/user/.config/autostart/zz-any.desktop"),
    sample(Set::Credentials, "/etc/shadow"),
    sample(Set::Credentials, "/etc/gshadow"),
    sample(Set::Credentials, "/etc/sudoers"),
    sample(Set::Credentials, "/etc/krb5.keytab"),
    sample(Set::Credentials, "/etc/ssh/ssh_host_ed25519_key"),
    sample(Set::Credentials, "/etc/ssl/private/zz-any.key"),
    sample(Set::Credentials, "/root/.ssh/id_ed25519"),
    sample(Set::Credentials, "/root/.bash_history"),
    sample(Set::Credentials, "/root/zz-any"),
    sample(Set::Credentials, "/home/user/.ssh/id_ed25519"),
    sample(Set::Credentials, "/home/user/.gnupg/private-keys-v1.d/zz-any.key"),
    sample(Set::Credentials, "/home/user/.aws/credentials"),
    sample(Set::Credentials, "/home/user/.kube/config"),
    sample(Set::Credentials, "/home/user/.netrc"),
    sample(Set::Credentials, "/home/user/.bash_history"),
    sample(Set::Credentials, "/home/user/.mozilla/firefox/zz-any/logins.json"),
    sample(Set::Credentials, "/proc/1/environ"),
    sample(Set::Credentials, "/proc/1/mem"),
    sample(Set::KernelKnob, "/proc/sys/kernel/core_pattern"),
    sample(Set::KernelKnob, "/proc/sys/kernel/modprobe"),
    sample(Set::KernelKnob, "/proc/sys/kernel/zz-any"),
    sample(Set::KernelKnob, "/proc/sysrq-trigger"),
    sample(Set::KernelKnob, "/proc/1/mem"),
    sample(Set::KernelKnob, "/sys/kernel/uevent_helper"),
    sample(Set::KernelKnob, "/sys/kernel/zz-any"),
    sample(Set::KernelKnob, "/sys/fs/cgroup/release_agent"),
    sample(Set::KernelKnob, "/sys/module/apparmor/parameters/mode"),
    sample(Set::RawDevice, "/dev/mem"),
    sample(Set::RawDevice, "/dev/kmem"),
    sample(Set::RawDevice, "/dev/port"),
    sample(Set::RawDevice, "/dev/sda"),
    sample(Set::RawDevice, "/dev/nvme0n1"),
    sample(Set::RawDevice, "/dev/dm-0"),
    sample(Set::RawDevice, "/dev/zz-any"),
    sample(Set::Staging, "/tmp/zz-any"),
    sample(Set::Staging, "/var/tmp/zz-any"),
    sample(Set::Staging, "/dev/shm/zz-any"),
    sample(Set::Staging, "/run/user/1000/zz-any"),
    sample(Set::Staging, "/home/user/zz-any"),
    sample(Set::Staging, "/home/user/.cache/zz-any"),
    sample(Set::Shell, "/bin/sh"),
    sample(Set::Shell, "/bin/bash"),
    sample(Set::Shell, "/usr/bin/bash"),
    sample(Set::Shell, "/usr/bin/dash"),
    sample(Set::Shell, "/usr/bin/zz-any"),
    sample(Set::Shell, "/usr/bin/python3"),
    sample(Set::Shell, "/usr/bin/python3.11"),
    sample(Set::Shell, "/usr/bin/perl"),
    sample(Set::Shell, "/usr/bin/env"),
    sample(Set::Shell, "/usr/bin/busybox"),
    sample(Set::Shell, "/usr/bin/ruby"),
];
