//! Audit record types: names and numbers.
//!
//! Source: linux/audit.h, and audit-records.h of audit-userspace.

/// The number of a record type by its name; 0 for a name that is not known.
#[inline]
pub fn number(name: &[u8]) -> u16 {
    match name {
        b"AVC" => 1400,
        b"SYSCALL" => 1300,
        b"PATH" => 1302,
        b"PROCTITLE" => 1327,
        b"CWD" => 1307,
        b"EXECVE" => 1309,
        _ => rare(name),
    }
}

/// The name of a record type by its number.
pub fn name(number: u16) -> Option<&'static str> {
    NAMES.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}

fn rare(name: &[u8]) -> u16 {
    match NAMES.binary_search_by(|(known, _)| known.as_bytes().cmp(name)) {
        Ok(at) => NAMES[at].1,
        Err(_) => unknown(name).unwrap_or(0),
    }
}

/// `UNKNOWN[1503]`, and numbers in place of names.
fn unknown(name: &[u8]) -> Option<u16> {
    let digits = name.strip_prefix(b"UNKNOWN[").and_then(|rest| rest.strip_suffix(b"]")).unwrap_or(name);
    crate::lexis::whole_number(digits).and_then(|value| u16::try_from(value).ok())
}

/// Sorted by name.
const NAMES: &[(&str, u16)] = &[
    ("ACCT_LOCK", 1135),
    ("ACCT_UNLOCK", 1136),
    ("ADD_GROUP", 1116),
    ("ADD_USER", 1114),
    ("ANOM_ABEND", 1701),
    ("ANOM_CREAT", 1703),
    ("ANOM_LINK", 1702),
    ("ANOM_LOGIN_FAILURES", 2100),
    ("ANOM_PROMISCUOUS", 1700),
    ("APPARMOR", 1500),
    ("APPARMOR_ALLOWED", 1502),
    ("APPARMOR_AUDIT", 1501),
    ("APPARMOR_DENIED", 1503),
    ("APPARMOR_ERROR", 1506),
    ("APPARMOR_HINT", 1504),
    ("APPARMOR_KILL", 1507),
    ("APPARMOR_STATUS", 1505),
    ("AVC", 1400),
    ("AVC_PATH", 1402),
    ("BPF", 1334),
    ("BPRM_FCAPS", 1321),
    ("CAPSET", 1322),
    ("CHGRP_ID", 1119),
    ("CHUSER_ID", 1125),
    ("CONFIG_CHANGE", 1305),
    ("CRED_ACQ", 1103),
    ("CRED_DISP", 1104),
    ("CRED_REFR", 1110),
    ("CRYPTO_KEY_USER", 2404),
    ("CRYPTO_SESSION", 2407),
    ("CWD", 1307),
    ("DAEMON_ABORT", 1202),
    ("DAEMON_ACCEPT", 1207),
    ("DAEMON_CLOSE", 1208),
    ("DAEMON_CONFIG", 1203),
    ("DAEMON_END", 1201),
    ("DAEMON_ERR", 1209),
    ("DAEMON_RECONFIG", 1204),
    ("DAEMON_RESUME", 1206),
    ("DAEMON_ROTATE", 1205),
    ("DAEMON_START", 1200),
    ("DEL_GROUP", 1117),
    ("DEL_USER", 1115),
    ("EOE", 1320),
    ("EVENT_LISTENER", 1335),
    ("EXECVE", 1309),
    ("FANOTIFY", 1331),
    ("FD_PAIR", 1317),
    ("FEATURE_CHANGE", 1328),
    ("GRP_AUTH", 1126),
    ("GRP_MGMT", 1132),
    ("INTEGRITY_DATA", 1800),
    ("INTEGRITY_HASH", 1803),
    ("INTEGRITY_METADATA", 1801),
    ("INTEGRITY_PCR", 1804),
    ("INTEGRITY_RULE", 1805),
    ("INTEGRITY_STATUS", 1802),
    ("IPC", 1303),
    ("IPC_SET_PERM", 1311),
    ("KERNEL", 2000),
    ("KERNEL_OTHER", 1316),
    ("KERN_MODULE", 1330),
    ("LOGIN", 1006),
    ("MAC_CALIPSO_ADD", 1418),
    ("MAC_CALIPSO_DEL", 1419),
    ("MAC_CIPSOV4_ADD", 1407),
    ("MAC_CIPSOV4_DEL", 1408),
    ("MAC_CONFIG_CHANGE", 1405),
    ("MAC_IPSEC_EVENT", 1415),
    ("MAC_MAP_ADD", 1409),
    ("MAC_MAP_DEL", 1410),
    ("MAC_POLICY_LOAD", 1403),
    ("MAC_STATUS", 1404),
    ("MAC_UNLBL_ALLOW", 1406),
    ("MAC_UNLBL_STCADD", 1416),
    ("MAC_UNLBL_STCDEL", 1417),
    ("MMAP", 1323),
    ("MQ_GETSETATTR", 1315),
    ("MQ_NOTIFY", 1314),
    ("MQ_OPEN", 1312),
    ("MQ_SENDRECV", 1313),
    ("NETFILTER_CFG", 1325),
    ("NETFILTER_PKT", 1324),
    ("OBJ_PID", 1318),
    ("OPENAT2", 1337),
    ("PATH", 1302),
    ("PROCTITLE", 1327),
    ("REPLACE", 1329),
    ("SECCOMP", 1326),
    ("SELINUX_ERR", 1401),
    ("SERVICE_START", 1130),
    ("SERVICE_STOP", 1131),
    ("SOCKADDR", 1306),
    ("SOCKETCALL", 1304),
    ("SOFTWARE_UPDATE", 1138),
    ("SYSCALL", 1300),
    ("SYSTEM_BOOT", 1127),
    ("SYSTEM_RUNLEVEL", 1129),
    ("SYSTEM_SHUTDOWN", 1128),
    ("TIME_ADJNTPVAL", 1333),
    ("TIME_INJOFFSET", 1332),
    ("TRUSTED_APP", 1121),
    ("TTY", 1319),
    ("URINGOP", 1336),
    ("USER", 1005),
    ("USER_ACCT", 1101),
    ("USER_AUTH", 1100),
    ("USER_AVC", 1107),
    ("USER_CHAUTHTOK", 1108),
    ("USER_CMD", 1123),
    ("USER_DEVICE", 1137),
    ("USER_END", 1106),
    ("USER_ERR", 1109),
    ("USER_LOGIN", 1112),
    ("USER_LOGOUT", 1113),
    ("USER_MAC_CONFIG_CHANGE", 2310),
    ("USER_MAC_POLICY_LOAD", 2309),
    ("USER_MAC_STATUS", 2313),
    ("USER_MGMT", 1102),
    ("USER_ROLE_CHANGE", 2300),
    ("USER_SELINUX_ERR", 1122),
    ("USER_START", 1105),
    ("USER_TTY", 1124),
    ("USYS_CONFIG", 1111),
    ("VIRT_CONTROL", 2500),
    ("VIRT_MACHINE_ID", 2502),
    ("VIRT_RESOURCE", 2501),
];

/// The verdict that an old record's type stands for. Source: security/apparmor/audit.c before 2.6.36.
pub fn old_verdict(audit_type: u16) -> aaf_model::Verdict {
    use aaf_model::Verdict;
    match audit_type {
        1501 => Verdict::Audit,
        1502 => Verdict::Allowed,
        1503 => Verdict::Denied,
        1504 => Verdict::Hint,
        1505 => Verdict::Status,
        1506 => Verdict::Error,
        1507 => Verdict::Killed,
        _ => Verdict::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_found() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for &(name, value) in NAMES {
            assert_eq!(number(name.as_bytes()), value);
        }
        assert_eq!(number(b"UNKNOWN[1503]"), 1503);
        assert_eq!(number(b"1400"), 1400);
        assert_eq!(number(b"NONSENSE"), 0);
    }
}
