//! Capabilities, signals and ptrace, all that each profile can be asked about them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aaf_policy::ResolvedProfile;
use aaf_policy::evaluate::{self, Ask, Class};

use crate::compiled::{Bits, Compiled, Dfa};
use crate::{Count, disagreement};

/// In the kernel's order, so that the place is the number.
const CAPABILITIES: [&str; 41] = [
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
const SIGNALS: [(&str, u8); 8] = [
    ("hup", 1),
    ("int", 2),
    ("quit", 3),
    ("kill", 9),
    ("usr1", 10),
    ("pipe", 13),
    ("term", 15),
    ("chld", 17),
];
const PTRACE: [(&str, u32); 4] = [("trace", 2), ("read", 4), ("tracedby", 8), ("readby", 0x10)];
const PEERS: [&str; 6] = ["unconfined", "q", "/usr/sbin/q", "dovecot", "libvirtd", "unconfined//x"];

fn question(class: Class, permission: &str, properties: &[(&str, &str)]) -> Ask {
    let properties: BTreeMap<String, String> =
        properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Ask { class, permission: permission.to_owned(), properties }
}

/// Asks both sides everything.
pub fn ask(profile: &ResolvedProfile, compiled: &Compiled, count: &mut Count) {
    let mut compare = |question: &Ask, bits: Bits, bit: u32| {
        let outcome = evaluate::ask(profile, question).bits[0].decision.outcome;
        count.asked += 1;
        *count.outcomes.entry(format!("{outcome:?}")).or_default() += 1;
        if let Some(why) = disagreement(outcome, bits, bit) {
            count.disagreed += 1;
            if count.disagreed <= 60 {
                writeln!(count.report, "  {} {question:?}: {why}", profile.name).unwrap();
            }
        }
    };
    let [allow, audit, quiet] = compiled.capabilities;
    for (number, name) in CAPABILITIES.iter().enumerate() {
        let bit = |set: u64| u32::from(set >> number & 1 == 1);
        let bits = Bits { allow: bit(allow), audit: bit(audit & allow), quiet: bit(quiet), exec: 0 };
        compare(&question(Class::Capability, name, &[]), bits, 1);
    }
    let Some(dfa) = &compiled.other else { return };
    let peers = PEERS.iter().copied().chain([profile.name.as_str()]);
    let decide = |dfa: &Dfa, text: &[u8]| dfa.decide(text, true);
    for peer in peers {
        for (signal, number) in SIGNALS {
            let bits = decide(dfa, &[&[10, number], peer.as_bytes()].concat());
            for (permission, bit) in [("send", 2), ("receive", 4)] {
                compare(&question(Class::Signal, permission, &[("set", signal), ("peer", peer)]), bits, bit);
            }
        }
        let bits = decide(dfa, &[&[9], peer.as_bytes()].concat());
        for (permission, bit) in PTRACE {
            compare(&question(Class::Ptrace, permission, &[("peer", peer)]), bits, bit);
        }
    }
}
