//! The keys whose values come from outside the kernel: printed as hexadecimal digits where they are not clean.
//!
//! Source: `audit_log_untrustedstring` and its callers in security/apparmor and kernel/audit*.c of Linux.

use aaf_model::Key;

/// In an AppArmor record.
#[inline]
pub fn in_record(key: Key) -> bool {
    holds(RECORD, key)
}

/// In another audit record of this type.
#[inline]
pub fn in_companion(key: Key, audit_type: u16) -> bool {
    match key {
        // Arguments in EXECVE, numbers in SYSCALL.
        Key::A0 | Key::A1 | Key::A2 | Key::A3 | Key::Unknown => {
            matches!(audit_type, 1309 | 1319 | 1123 | 1124)
        }
        _ => holds(COMPANION, key),
    }
}

#[inline]
fn holds(set: [u64; 4], key: Key) -> bool {
    let index = key as usize;
    set[index / 64] >> (index % 64) & 1 != 0
}

const fn set(keys: &[Key]) -> [u64; 4] {
    let mut set = [0; 4];
    let mut at = 0;
    while at < keys.len() {
        let index = keys[at] as usize;
        set[index / 64] |= 1 << (index % 64);
        at += 1;
    }
    set
}

const RECORD: [u64; 4] = set(&[
    Key::Profile,
    Key::Namespace,
    Key::Label,
    Key::Name,
    Key::Name2,
    Key::Comm,
    Key::Ocomm,
    Key::Target,
    Key::Peer,
    Key::PeerProfile,
    Key::Tcontext,
    Key::Ns,
    Key::Fstype,
    Key::Srcname,
    Key::Trans,
    Key::Options,
    Key::Path,
    Key::Exe,
    Key::Addr,
    Key::PeerAddr,
    Key::Capname,
]);

const COMPANION: [u64; 4] = set(&[
    Key::Name,
    Key::Comm,
    Key::Ocomm,
    Key::Exe,
    Key::Cwd,
    Key::Path,
    Key::Proctitle,
    Key::AuditKey,
    Key::Acct,
    Key::Unit,
    Key::Dir,
    Key::Text,
    Key::SubjApparmor,
]);
