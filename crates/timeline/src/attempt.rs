//! What was attempted, and what came of it, as far as one record and its SYSCALL tell.
//!
//! A coarse reading by operation and path, for counting; the rules of `aaf-triage` read closer.

use aaf_model::block::RowView;
use aaf_model::{Class, Key, Verdict};

pub use aaf_model::{Attempt, Outcome};

/// What came of a check, from the verdict and the joined SYSCALL record. None where nothing was checked.
pub fn outcome(view: &RowView<'_>, success: Option<bool>) -> Option<Outcome> {
    let failed = || view.field(Key::Error).is_some();
    Some(match (view.row.verdict, success) {
        (Verdict::Killed, _) => Outcome::Killed,
        // The refused descriptor was closed; the exec around it is another matter.
        (Verdict::Denied, _) if view.value(Key::Operation).as_deref() == Some(b"file_inherit") => {
            Outcome::Refused
        }
        (Verdict::Denied, Some(true)) => Outcome::Succeeded,
        (Verdict::Denied, _) => Outcome::Refused,
        (Verdict::Status, Some(false)) => Outcome::Failed,
        (Verdict::Status, _) if failed() => Outcome::Failed,
        (Verdict::Status, Some(true)) => Outcome::Succeeded,
        (Verdict::Status, None) => Outcome::Recorded,
        (Verdict::Allowed | Verdict::Audit, Some(true)) => Outcome::Succeeded,
        (Verdict::Allowed | Verdict::Audit, Some(false)) => Outcome::Failed,
        (Verdict::Allowed | Verdict::Audit, None) => Outcome::NotStopped,
        _ => return None,
    })
}

/// What was attempted.
pub fn attempt(class: Class, operation: &[u8], mask: &[u8], name: &[u8]) -> Attempt {
    match operation {
        b"exec" => return Attempt::Exec,
        b"profile_load" | b"profile_replace" | b"profile_remove" => return Attempt::PolicyChange,
        b"change_hat" | b"change_profile" | b"change_onexec" | b"stack" | b"stack_onexec"
        | b"setprocattr" => {
            return Attempt::ConfinementChange;
        }
        b"userns_create" | b"mount" | b"umount" | b"pivotroot" => return Attempt::MountNamespace,
        b"ptrace" | b"signal" => return Attempt::PtraceSignal,
        b"capable" => return Attempt::Capability,
        _ => {}
    }
    match class {
        Class::Cap => Attempt::Capability,
        Class::Net => Attempt::Network,
        Class::Ptrace | Class::Signal => Attempt::PtraceSignal,
        Class::Mount | Class::Namespace => Attempt::MountNamespace,
        Class::Policy => Attempt::PolicyChange,
        Class::Dbus | Class::Mqueue => Attempt::Ipc,
        Class::IoUring | Class::Rlimits => Attempt::Other,
        Class::File | Class::Unknown => file(operation, mask, name),
    }
}

fn file(operation: &[u8], mask: &[u8], name: &[u8]) -> Attempt {
    let writes = mask.iter().any(|letter| matches!(letter, b'w' | b'a' | b'c' | b'd' | b'l'))
        || matches!(
            operation,
            b"mknod"
                | b"mkdir"
                | b"rmdir"
                | b"unlink"
                | b"truncate"
                | b"link"
                | b"symlink"
                | b"chmod"
                | b"chown"
                | b"rename_src"
                | b"rename_dest"
        );
    if mask == b"x" {
        Attempt::Exec
    } else if writes {
        if is_persistence(name) { Attempt::PersistenceWrite } else { Attempt::FileWrite }
    } else if is_credential(name) {
        Attempt::CredentialRead
    } else if matches!(operation, b"sendmsg" | b"recvmsg" | b"connect" | b"bind" | b"listen" | b"accept") {
        Attempt::Network
    } else if mask.is_empty() && operation.is_empty() {
        Attempt::Other
    } else {
        Attempt::FileRead
    }
}

/// Whether the path holds secrets. Source: `triage` reference, named set of credential paths.
fn is_credential(name: &[u8]) -> bool {
    const STARTS: [&[u8]; 9] = [
        b"/etc/shadow",
        b"/etc/gshadow",
        b"/etc/security/opasswd",
        b"/etc/ssl/private/",
        b"/etc/krb5.keytab",
        b"/etc/sudoers",
        b"/run/secrets/",
        b"/var/run/secrets/",
        b"/var/lib/sss/",
    ];
    const ENDS: [&[u8]; 9] = [
        b"/.pgpass",
        b"/.netrc",
        b"/.git-credentials",
        b"/.aws/credentials",
        b"/.docker/config.json",
        b"/.kube/config",
        b"/.my.cnf",
        b".key",
        b".pem",
    ];
    const PARTS: [&[u8]; 3] = [b"/.ssh/", b"/.gnupg/", b"/ssh_host_"];
    STARTS.iter().any(|start| name.starts_with(start))
        || ENDS.iter().any(|end| name.ends_with(end))
        || (name.starts_with(b"/proc/") && (name.ends_with(b"/environ") || name.ends_with(b"/mem")))
        || PARTS.iter().any(|part| memchr::memmem::find(name, part).is_some())
}

/// Whether what is written there is run or believed later. Source: `triage` reference, named set of persistence paths.
fn is_persistence(name: &[u8]) -> bool {
    const STARTS: [&[u8]; 24] = [
        b"/etc/cron",
        b"/var/spool/cron",
        b"/etc/systemd/",
        b"/usr/lib/systemd/",
        b"/lib/systemd/",
        b"/run/systemd/system/",
        b"/etc/init.d/",
        b"/etc/rc",
        b"/etc/profile",
        b"/etc/bash",
        b"/etc/ld.so.",
        b"/etc/passwd",
        b"/etc/shadow",
        b"/etc/group",
        b"/etc/sudoers",
        b"/etc/pam.d/",
        b"/etc/udev/rules.d/",
        b"/etc/modules",
        b"/etc/apt/apt.conf.d/",
        b"/etc/ssh/",
        b"/etc/apparmor",
        b"/usr/bin/",
        b"/usr/sbin/",
        b"/usr/local/",
    ];
    const ENDS: [&[u8]; 5] =
        [b"/.bashrc", b"/.profile", b"/.bash_profile", b"/.zshrc", b"/.ssh/authorized_keys"];
    const PARTS: [&[u8]; 2] = [b"/.config/systemd/", b"/.config/autostart/"];
    STARTS.iter().any(|start| name.starts_with(start))
        || ENDS.iter().any(|end| name.ends_with(end))
        || PARTS.iter().any(|part| memchr::memmem::find(name, part).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_by_operation_and_path() {
        let cases: [(Class, &str, &str, &str, Attempt); 9] = [
            (Class::File, "exec", "x", "/usr/bin/bash", Attempt::Exec),
            (Class::File, "open", "r", "/etc/shadow", Attempt::CredentialRead),
            (Class::File, "open", "r", "/home/a/.ssh/id_ed25519", Attempt::CredentialRead),
            (Class::File, "mknod", "c", "/etc/cron.d/x", Attempt::PersistenceWrite),
            (Class::File, "mknod", "c", "/tmp/x", Attempt::FileWrite),
            (Class::Cap, "capable", "", "", Attempt::Capability),
            (Class::Net, "create", "create", "", Attempt::Network),
            (Class::Policy, "profile_remove", "", "nginx", Attempt::PolicyChange),
            (Class::File, "change_hat", "", "x", Attempt::ConfinementChange),
        ];
        for (class, operation, mask, name, expected) in cases {
            assert_eq!(
                attempt(class, operation.as_bytes(), mask.as_bytes(), name.as_bytes()),
                expected,
                "{name}"
            );
        }
    }
}
