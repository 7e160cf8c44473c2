//! Capabilities: PQ-17 to PQ-19.

use super::Linter;
use crate::resolve::ResolvedProfile;
use crate::syntax::{Effect, RuleKind};

/// Capabilities with which the machine is owned.
pub(crate) const OWN_THE_MACHINE: [&str; 6] =
    ["mac_admin", "mac_override", "sys_module", "sys_rawio", "sys_admin", "sys_chroot"];
const WIDEN: [&str; 13] = [
    "dac_override",
    "dac_read_search",
    "chown",
    "fowner",
    "fsetid",
    "mknod",
    "setfcap",
    "setpcap",
    "linux_immutable",
    "bpf",
    "checkpoint_restore",
    "sys_ptrace",
    "perfmon",
];
const REACH: [&str; 9] = [
    "net_admin",
    "net_raw",
    "audit_control",
    "audit_write",
    "syslog",
    "sys_time",
    "sys_boot",
    "kill",
    "ipc_owner",
];

pub(super) fn check(linter: &mut Linter<'_>, profile: &ResolvedProfile) {
    let allowed: Vec<_> = profile
        .rules
        .iter()
        .filter(|rule| rule.effect() != Effect::Deny)
        .filter_map(|rule| match &rule.rule.kind {
            RuleKind::Capability(names) => Some((rule, names)),
            _ => None,
        })
        .collect();
    let denied = |name: &str| {
        profile.rules.iter().filter(|rule| rule.effect() == Effect::Deny).any(|rule| match &rule.rule.kind {
            RuleKind::Capability(names) => {
                names.is_empty() || names.iter().any(|word| word.value == name.as_bytes())
            }
            _ => false,
        })
    };
    let has = |name: &str| {
        !denied(name)
            && allowed.iter().any(|(_, names)| names.iter().any(|word| word.value == name.as_bytes()))
    };
    let traces = profile.rules.iter().any(|rule| {
        rule.effect() != Effect::Deny
            && matches!(&rule.rule.kind, RuleKind::Ptrace(parts) if super::ipc::speaks_of(parts, "trace"))
    });
    let switches_identity = has("setuid") && has("setgid");
    for (rule, names) in &allowed {
        for name in *names {
            let name = String::from_utf8_lossy(&name.value).into_owned();
            let name = name.as_str();
            if denied(name) {
                continue;
            }
            let id = if OWN_THE_MACHINE.contains(&name) || (name == "sys_ptrace" && traces) {
                "PQ-17"
            } else if WIDEN.contains(&name) || (switches_identity && name == "setuid") {
                "PQ-18"
            } else if REACH.contains(&name) {
                "PQ-19"
            } else {
                continue;
            };
            linter.rule(id, None, profile, rule, name);
        }
    }
}
