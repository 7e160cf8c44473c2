//! The kind of check of a record.

use aaf_model::{Class, Field, Key};

/// The class of a record: `class=`, or inferred from the other keys on kernels that do not print it.
///
/// Source: `log-formats` reference, §2.4.
pub fn class_of(text: &[u8], fields: &[Field]) -> Class {
    let mut operation: &[u8] = b"";
    let mut printed: Option<&[u8]> = None;
    let mut verdict: &[u8] = b"";
    let mut by_key = Class::Unknown;
    let mut any = false;
    for field in fields {
        match field.key {
            Key::Operation if operation.is_empty() => operation = field.value.of(text),
            Key::Class => {
                printed.get_or_insert(field.value.of(text));
            }
            Key::Apparmor => verdict = field.value.of(text),
            Key::Family | Key::SockType | Key::Laddr | Key::Saddr => by_key = Class::Net,
            Key::Capability | Key::Capname => by_key = Class::Cap,
            Key::Signal => by_key = Class::Signal,
            Key::Fstype | Key::Srcname | Key::Flags => by_key = Class::Mount,
            Key::Rlimit => by_key = Class::Rlimits,
            Key::Bus => by_key = Class::Dbus,
            Key::Name | Key::RequestedMask | Key::Requested | Key::DeniedMask => any = true,
            _ => {}
        }
    }
    if operation.starts_with(b"profile_") || verdict == b"STATUS" {
        return Class::Policy;
    }
    let class = match printed {
        Some(b"file" | b"domain" | b"xmatch" | b"label") => Class::File,
        Some(b"cap") => Class::Cap,
        Some(b"net" | b"unix") => Class::Net,
        Some(b"ptrace") => Class::Ptrace,
        Some(b"signal") => Class::Signal,
        Some(b"mount") => Class::Mount,
        Some(b"rlimits" | b"rlimit") => Class::Rlimits,
        Some(b"namespace") => Class::Namespace,
        Some(b"io_uring") => Class::IoUring,
        Some(b"posix_mqueue" | b"sysv_mqueue") => Class::Mqueue,
        Some(b"dbus") => Class::Dbus,
        Some(b"module" | b"lsm") => Class::Policy,
        _ => Class::Unknown,
    };
    if class != Class::Unknown {
        return class;
    }
    match operation {
        b"capable" => Class::Cap,
        b"ptrace" => Class::Ptrace,
        b"signal" => Class::Signal,
        b"mount" | b"umount" | b"pivotroot" => Class::Mount,
        b"setrlimit" => Class::Rlimits,
        b"userns_create" => Class::Namespace,
        b"uring_sqpoll" | b"uring_override" => Class::IoUring,
        b"sysv_mqueue" => Class::Mqueue,
        b"setprocattr" => Class::Policy,
        _ if operation.starts_with(b"dbus_") => Class::Dbus,
        _ if operation.starts_with(b"socket_") => Class::Net,
        _ if by_key != Class::Unknown => by_key,
        b"" if !any => Class::Unknown,
        _ => Class::File,
    }
}
