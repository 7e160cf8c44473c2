//! The kernel's switches, its command line, installed packages, audit rules.
//!
//! Source: the kernel's `security/apparmor/lsm.c` (module parameters), sysctl(8), dpkg-query(1), auditctl(8).

use super::Sink;
use crate::found::What;
use crate::text::{contains, lines, text, words};

/// The setting that a path names.
pub(super) fn of_path(path: &str) -> Option<String> {
    if let Some(at) = path.rfind("module/apparmor/parameters/") {
        let name = path.get(at + 27..)?;
        return (!name.contains('/')).then(|| name.strip_suffix(".txt").unwrap_or(name).to_owned());
    }
    for (ending, name) in [
        ("kernel/security/lsm", "lsm"),
        ("kernel/security/apparmor/revision", "revision"),
        (
            "proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "kernel.apparmor_restrict_unprivileged_userns",
        ),
        (
            "proc/sys/kernel/apparmor_restrict_unprivileged_unconfined",
            "kernel.apparmor_restrict_unprivileged_unconfined",
        ),
        ("proc/sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone"),
    ] {
        if path.ends_with(ending) {
            return Some(name.to_owned());
        }
    }
    None
}

/// Whether the file holds the kernel's command line.
pub(super) fn is_command_line(path: &str, bytes: &[u8]) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_named = matches!(
        name,
        "cmdline" | "cmdline.txt" | "proc_cmdline.txt" | "cat_.proc.cmdline" | "cat_proc_cmdline.txt"
    );
    let head = super::head(bytes);
    is_named
        && super::attr::of_path(path).is_none()
        && (contains(head, "root=")
            || contains(head, "BOOT_IMAGE=")
            || contains(head, "ro ")
            || contains(head, "apparmor="))
        && !head.contains(&0)
}

/// Reads it: whole, and the words that matter.
pub(super) fn read_command_line(bytes: &[u8], sink: &mut Sink) {
    let Some(line) = lines(bytes).find(|line| !super::is_remark(line.bytes) && !line.bytes.is_empty()) else {
        return;
    };
    let put = |sink: &mut Sink, name: &str, value: String| {
        sink.put(line, What::Switch { name: name.to_owned(), value });
    };
    put(sink, "cmdline", text(line.bytes.trim_ascii()));
    for (_, word) in words(line.bytes) {
        let word = text(word);
        if let Some((name, value)) = word.split_once('=')
            && (matches!(name, "apparmor" | "security" | "lsm" | "audit" | "audit_backlog_limit")
                || name.starts_with("apparmor."))
        {
            put(sink, &format!("cmdline {name}"), value.to_owned());
        }
    }
}

/// Whether `sysctl -a` printed it, or several module parameters in one text.
pub(super) fn is_sysctl(bytes: &[u8]) -> bool {
    let head = super::head(bytes);
    lines(head).take(5).any(|line| {
        let line = text(line.bytes);
        line.split_once(" = ").is_some_and(|(name, _)| name.contains('.') && !name.contains(' '))
    }) || lines(head).take(3).any(|line| contains(line.bytes, "module/apparmor/parameters/"))
}

/// Reads what of it concerns AppArmor.
pub(super) fn read_sysctl(bytes: &[u8], sink: &mut Sink) {
    for line in lines(bytes) {
        let shown = text(line.bytes);
        // `grep . /sys/module/apparmor/parameters/*`
        if let Some((path, value)) = shown.split_once(':')
            && let Some(name) = of_path(path)
        {
            sink.put(line, What::Switch { name, value: value.trim().to_owned() });
            continue;
        }
        let Some((name, value)) = shown.split_once('=') else { continue };
        let name = name.trim();
        if name.starts_with("kernel.apparmor_") || name == "kernel.unprivileged_userns_clone" {
            sink.put(line, What::Switch { name: name.to_owned(), value: value.trim().to_owned() });
        }
    }
}

/// Whether it lists packages: `dpkg -l`, or a name and a version a line.
pub(super) fn is_packages(path: &str, bytes: &[u8]) -> bool {
    let head = super::head(bytes);
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let is_named = ["dpkg", "packages", "rpm", "installed"].iter().any(|word| name.contains(word));
    let rows = lines(head).take(20).filter(|line| package(line.bytes).is_some()).count();
    path.ends_with("var/lib/dpkg/status") || is_named && rows > 2
}

/// Reads those that matter here.
pub(super) fn read_packages(path: &str, bytes: &[u8], sink: &mut Sink) {
    let is_wanted = |name: &str| {
        let name = name.split(':').next().unwrap_or(name);
        name.starts_with("apparmor") || name == "libapparmor1" || name == "auditd" || name == "audit"
    };
    if path.ends_with("status") {
        let mut name = String::new();
        for line in lines(bytes) {
            if let Some(value) = line.bytes.strip_prefix(b"Package: ") {
                name = text(value);
            } else if let Some(value) = line.bytes.strip_prefix(b"Version: ")
                && is_wanted(&name)
            {
                sink.put(line, What::Package { name: name.clone(), version: text(value) });
            }
        }
    } else {
        for line in lines(bytes) {
            if let Some((name, version)) = package(line.bytes)
                && is_wanted(&name)
            {
                let name = name.split(':').next().unwrap_or_default().to_owned();
                sink.put(line, What::Package { name, version });
            }
        }
    }
    sink.whole(What::PackageList);
}

/// `ii  apparmor  4.1.0-1  amd64 …`, or `apparmor<tab>4.1.0-1`.
fn package(line: &[u8]) -> Option<(String, String)> {
    let mut all = words(line).map(|(_, word)| word);
    let first = all.next()?;
    if first == b"ii" || first == b"hi" {
        return Some((text(all.next()?), text(all.next()?)));
    }
    let version = all.next()?;
    let is_version = version.iter().any(u8::is_ascii_digit);
    (line.contains(&b'\t') && is_version && all.next().is_none()).then(|| (text(first), text(version)))
}

/// Whether it holds rules of the audit subsystem: in force, or in a file.
pub(super) fn is_audit_rules(path: &str, bytes: &[u8]) -> bool {
    let is_named = path.contains("auditctl") || path.ends_with(".rules") && path.contains("audit");
    is_named
        && lines(super::head(bytes)).take(60).any(|line| {
            line.bytes.starts_with(b"-w ")
                || line.bytes.starts_with(b"-a ")
                || line.bytes.starts_with(b"No rules")
        })
}

/// Reads them.
pub(super) fn read_audit_rules(path: &str, bytes: &[u8], sink: &mut Sink) {
    for line in lines(bytes) {
        if line.bytes.starts_with(b"-w ") || line.bytes.starts_with(b"-a ") {
            sink.put(line, What::AuditRule(text(line.bytes.trim_ascii_end())));
        }
    }
    if path.contains("auditctl") {
        sink.whole(What::AuditRuleList);
    }
}
