//! The keys that AppArmor, the audit system and dbus-daemon print.
//!
//! A key that is not in the list is kept as [`Key::Unknown`] with its name in the text.

macro_rules! keys {
    ($($variant:ident = $text:literal),* $(,)?) => {
        /// A known key, or [`Key::Unknown`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Key {
            $(#[doc = concat!("`", $text, "=`")] $variant,)*
            /// Any other key; its name stands before the value in the record's text.
            Unknown,
        }

        impl Key {
            /// Every known key, in the order of the declaration.
            pub const ALL: &'static [Key] = &[$(Key::$variant),*];

            /// The key with exactly these bytes, [`Key::Unknown`] for any other.
            #[inline]
            pub fn from_bytes(bytes: &[u8]) -> Key {
                let mut slot = slot(bytes);
                loop {
                    let key = Key::TABLE[slot];
                    if key == Key::Unknown || key.as_str().as_bytes() == bytes {
                        return key;
                    }
                    slot = (slot + 1) % SLOTS;
                }
            }

            /// The known key whose text these bytes begin with, if `=` follows it within sixteen bytes; and its length.
            #[inline]
            pub fn leading(bytes: &[u8; 16]) -> Option<(Key, usize)> {
                const ONES: u128 = u128::MAX / 255;
                let word = u128::from_le_bytes(*bytes);
                let short = word as u64;
                let differs = short ^ (ONES as u64 * b'=' as u64);
                let equal = differs.wrapping_sub(ONES as u64) & !differs & (ONES as u64 * 128);
                let (name, len) = if equal != 0 {
                    // Most keys have fewer than eight letters.
                    let bits = equal.trailing_zeros() & !7;
                    ((short & ((1 << bits) - 1)) as u128, (bits / 8) as usize)
                } else {
                    let differs = word ^ (ONES * b'=' as u128);
                    let equal = differs.wrapping_sub(ONES) & !differs & (ONES * 128);
                    if equal == 0 {
                        return None;
                    }
                    let bits = equal.trailing_zeros() & !7;
                    (word & ((1 << bits) - 1), (bits / 8) as usize)
                };
                if len == 0 {
                    return None;
                }
                let mut slot = word_slot(name);
                loop {
                    let index = Key::SLOTS_OF_WORDS[slot] as usize;
                    if Key::WORDS[index] == name {
                        return Some((Key::ALL[index], len));
                    }
                    if index == 0 {
                        return None;
                    }
                    slot = (slot + 1) % WORD_SLOTS;
                }
            }

            /// The first fifteen bytes of every key as a number; 0 for a longer one.
            const WORDS: &[u128] = &{
                let mut words = [0; Key::ALL.len()];
                let mut index = 0;
                while index < Key::ALL.len() {
                    let text = Key::ALL[index].as_str().as_bytes();
                    let mut at = 0;
                    while at < text.len() && text.len() < 16 {
                        words[index] |= (text[at] as u128) << (8 * at);
                        at += 1;
                    }
                    index += 1;
                }
                words
            };

            /// The index of a key by the slot of its word. A free slot holds 0: the first key, `apparmor`, ends every
            /// search, found or not.
            const SLOTS_OF_WORDS: &[u8; WORD_SLOTS] = &{
                let mut table = [0; WORD_SLOTS];
                let mut index = 1;
                while index < Key::ALL.len() {
                    if Key::WORDS[index] != 0 {
                        let mut slot = word_slot(Key::WORDS[index]);
                        while table[slot] != 0 {
                            slot = (slot + 1) % WORD_SLOTS;
                        }
                        table[slot] = index as u8;
                    }
                    index += 1;
                }
                table
            };

            /// The key's declaration by its slot; the next free slot where two share one.
            const TABLE: &[Key; SLOTS] = &{
                let mut table = [Key::Unknown; SLOTS];
                let mut index = 0;
                while index < Key::ALL.len() {
                    let mut slot = slot(Key::ALL[index].as_str().as_bytes());
                    while table[slot] as u8 != Key::Unknown as u8 {
                        slot = (slot + 1) % SLOTS;
                    }
                    table[slot] = Key::ALL[index];
                    index += 1;
                }
                table
            };

            /// The key as printed; empty for [`Key::Unknown`].
            #[inline]
            pub const fn as_str(self) -> &'static str {
                const TEXTS: &[&str] = &[$($text,)* ""];
                TEXTS[self as usize]
            }
        }
    };
}

/// Slots of the lookup table; many more than keys, so that most keys have one of their own.
const SLOTS: usize = 2048;

/// Where the search for a key as a number begins.
#[inline]
const fn word_slot(name: u128) -> usize {
    let mixed = (name as u64) ^ ((name >> 64) as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 53) as usize % WORD_SLOTS
}

/// Slots of the lookup by number.
const WORD_SLOTS: usize = 2048;

/// Where a key's search begins: its length, first, middle and last byte.
#[inline]
const fn slot(bytes: &[u8]) -> usize {
    let len = bytes.len();
    if len == 0 {
        return 0;
    }
    let mixed =
        (bytes[0] as u32) | (bytes[len / 2] as u32) << 8 | (bytes[len - 1] as u32) << 16 | (len as u32) << 24;
    (mixed.wrapping_mul(0x9E37_79B1) >> 21) as usize % SLOTS
}

keys! {
    // AppArmor, kernel. Source: security/apparmor/{audit,file,net,ipc,mount,…}.c of Linux.
    Apparmor = "apparmor", Operation = "operation", Class = "class", Info = "info", Error = "error",
    Namespace = "namespace", Profile = "profile", Label = "label", Name = "name", Pid = "pid", Comm = "comm",
    RequestedMask = "requested_mask", DeniedMask = "denied_mask", Requested = "requested", Denied = "denied",
    Fsuid = "fsuid", Ouid = "ouid", Target = "target", Peer = "peer",
    Capability = "capability", Capname = "capname",
    Family = "family", SockType = "sock_type", Protocol = "protocol", Addr = "addr", PeerAddr = "peer_addr",
    Laddr = "laddr", Lport = "lport", Faddr = "faddr", Fport = "fport",
    Saddr = "saddr", Src = "src", Daddr = "daddr", Dest = "dest", Netif = "netif",
    Signal = "signal", Fstype = "fstype", Srcname = "srcname", Trans = "trans", Flags = "flags",
    Options = "options", Rlimit = "rlimit", Value = "value", Execpath = "execpath", Tcontext = "tcontext",
    Ns = "ns", Offset = "offset", Parent = "parent", Name2 = "name2", Attribute = "attribute",
    Task = "task", MagicToken = "magic_token", Ocomm = "ocomm",
    // AppArmor, dbus-daemon.
    Bus = "bus", Path = "path", Interface = "interface", Member = "member", Method = "method",
    ErrorName = "error_name", Mask = "mask", PeerPid = "peer_pid", PeerLabel = "peer_label",
    PeerInfo = "peer_info", PeerProfile = "peer_profile",
    // Audit, outer part of user messages.
    Msg = "msg", Hostname = "hostname", Terminal = "terminal", Res = "res", Unit = "unit", Acct = "acct",
    Sauid = "sauid", Op = "op", Grantors = "grantors", Text = "text",
    // Audit, SYSCALL and companions. Source: kernel/auditsc.c.
    Arch = "arch", Syscall = "syscall", Success = "success", Exit = "exit",
    A0 = "a0", A1 = "a1", A2 = "a2", A3 = "a3", Items = "items", Ppid = "ppid", Auid = "auid",
    Uid = "uid", Gid = "gid", Euid = "euid", Suid = "suid", Egid = "egid", Sgid = "sgid", Fsgid = "fsgid",
    Tty = "tty", Ses = "ses", Exe = "exe", Subj = "subj", SubjApparmor = "subj_apparmor", AuditKey = "key",
    Argc = "argc", Cwd = "cwd", Item = "item", Inode = "inode", Dev = "dev", Mode = "mode", Ogid = "ogid",
    Rdev = "rdev", Nametype = "nametype", CapFp = "cap_fp", CapFi = "cap_fi", CapFe = "cap_fe",
    CapFver = "cap_fver", CapFrootid = "cap_frootid", Obj = "obj", Proctitle = "proctitle", Fd = "fd",
    Opid = "opid", Oauid = "oauid", Oses = "oses",
    Fver = "fver", Fp = "fp", Fi = "fi", Fe = "fe",
    OldPp = "old_pp", OldPi = "old_pi", OldPe = "old_pe", OldPa = "old_pa", Pp = "pp", Pi = "pi", Pe = "pe",
    Pa = "pa", Frootid = "frootid",
    // Audit, configuration and loss.
    AuditEnabled = "audit_enabled", AuditFailure = "audit_failure", AuditBacklogLimit = "audit_backlog_limit",
    AuditRateLimit = "audit_rate_limit", AuditLost = "audit_lost", AuditPid = "audit_pid", Old = "old",
    Lost = "lost", List = "list", Dir = "dir",
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn every_key_is_found_by_its_text() {
        for &key in Key::ALL {
            assert_eq!(Key::from_bytes(key.as_str().as_bytes()), key);
        }
        assert_eq!(Key::from_bytes(b"nonsense"), Key::Unknown);
        for &key in Key::ALL {
            let mut bytes = [b'='; 32];
            let text = key.as_str().as_bytes();
            bytes[..text.len()].copy_from_slice(text);
            let bytes: &[u8; 16] = bytes[..16].try_into().expect("sixteen");
            let found = Key::leading(bytes);
            assert_eq!(found, (text.len() < 16).then_some((key, text.len())));
        }
        assert_eq!(Key::leading(b"nonsense=1 pid=5"), None);
        assert_eq!(Key::leading(b"pidpidpidpidpidp"), None);
        assert!(Key::ALL.len() < 250);
    }
}
