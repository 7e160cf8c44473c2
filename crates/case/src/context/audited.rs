//! Lines of the audit system that may explain an incident: logins, commands of sudo, units, accounts, changes of auditing, and
//! what a watch on AppArmor's own files and tools saw.
//!
//! Records of AppArmor itself are no context; neither are the records beside them. Source of the types: linux/audit.h and
//! audit-userspace's `audit-records.h`; `log-formats` reference, §3.2.

use std::borrow::Cow;

use aaf_model::AuditId;
use aaf_parse::{AuditHeader, Route};

use super::line::{About, Said};

/// Stands for the serial of a record without a header: the kernel counts from one.
pub const NO_SERIAL: u32 = 0;

/// Reads a line with an audit header in any envelope.
pub fn read(line: &[u8]) -> Option<Said> {
    memchr::memmem::find(line, b"audit(")?;
    let header = aaf_parse::find_header(line)?;
    let id = header.id?;
    let said = said(line, &header, id)?;
    Some(Said { message_at: begins(line, &header), ..said })
}

/// Reads a message that journald made of a record: the type's name and the body, without a header.
pub fn read_bare(line: &[u8], message_at: usize, time_us: i64) -> Option<Said> {
    let message = line.get(message_at..)?;
    let name = &message[..memchr::memchr(b' ', message)?];
    let header = AuditHeader {
        audit_type: aaf_parse::audit_type(name),
        body_start: (message_at + name.len() + 1) as u32,
        ..AuditHeader::default()
    };
    let id = AuditId { epoch_us: time_us, serial: NO_SERIAL };
    Some(Said { message_at, ..said(line, &header, id)? })
}

fn said(line: &[u8], header: &AuditHeader, id: AuditId) -> Option<Said> {
    if aaf_parse::route(line, header) != Route::Context {
        return None;
    }
    let body = line.get(header.body_start as usize..).unwrap_or_default();
    Some(Said {
        time_us: id.epoch_us,
        about: about(header, body)?,
        address: value(body, b" addr=").filter(|address| address != "?"),
        user: value(body, b" acct=").or_else(|| value(body, b"AUID=")).filter(|user| user != "unset"),
        message_at: 0,
        record: Some((id, header.audit_type)),
    })
}

fn about(header: &AuditHeader, body: &[u8]) -> Option<About> {
    let has = |text: &[u8]| memchr::memmem::find(body, text).is_some();
    Some(match header.audit_type {
        1200..=1209 | 1305 => About::Policy,
        1127..=1131 | 2000 => About::Unit,
        // Credentials that PAM sets and drops around every session; the session itself says more.
        1103 | 1104 | 1110 => return None,
        1123 => About::Privilege,
        1114..=1117 | 1108 | 1118..=1122 | 1124..=1126 => About::Account,
        1005 | 1006 | 1100..=1113 => {
            if has(b"/sudo\"") || has(b"/su\"") || has(b"/pkexec\"") {
                About::Privilege
            } else if has(b"/cron") || has(b"/atd\"") {
                About::Schedule
            } else {
                About::Login
            }
        }
        // The call beside a record of policy has no key: there the record speaks. The title repeats the arguments.
        1300 if has(b" key=(null)") || !has(b" key=") => return None,
        1327 => return None,
        _ => About::Policy,
    })
}

/// Where the type is printed, or the body where none is.
fn begins(line: &[u8], header: &AuditHeader) -> usize {
    let name = header.type_name.of(line);
    let at = (name.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
    let is_named = !name.is_empty() && at <= line.len();
    if is_named {
        line[..at].strip_suffix(b"type=").map_or(at, <[u8]>::len)
    } else {
        header.body_start as usize
    }
}

/// What a record says, from its type on: the type, and the body behind the header if there is one.
fn parts(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = text.strip_prefix(b"type=").unwrap_or(text);
    let (name, behind) = rest.split_at(memchr::memchr(b' ', rest).unwrap_or(rest.len()));
    let body = if rest.len() < text.len() {
        text.get(aaf_parse::find_header(text)?.body_start as usize..).unwrap_or_default()
    } else {
        behind.trim_ascii_start()
    };
    (aaf_parse::audit_type(name) != 0).then_some((name, body))
}

/// What is the same in every copy of a record: its body, without what auditd and the programs behind it add at the end.
pub fn core(text: &[u8]) -> &[u8] {
    let body = parts(text).map_or(text, |(_, body)| body);
    let is_added = |at: usize| {
        let name = body[at + 1..].split(|byte| !byte.is_ascii_uppercase()).next().unwrap_or_default();
        let quoted = body[at + 1 + name.len()..].starts_with(b"=\"");
        quoted && (name.ends_with(b"UID") || name.ends_with(b"GID") || name == b"ID") || name == b"ARCH"
    };
    let added = memchr::memchr2_iter(b'\x1d', b' ', body).find(|&at| body[at] == b'\x1d' || is_added(at));
    body[..added.unwrap_or(body.len())].trim_ascii_end()
}

/// `type=USER_CMD msg=audit(…): pid=9 … msg='cmd=… res=success'` as `USER_CMD cmd=… res=success`; the same without a header.
pub fn message(text: &[u8]) -> Cow<'_, [u8]> {
    let Some((name, body)) = parts(text) else { return Cow::Borrowed(text) };
    let said = match memchr::memmem::find(body, b"msg='") {
        Some(at) => {
            let inner = &body[at + 5..];
            inner.iter().rposition(|&byte| byte == b'\'').map_or(inner, |close| &inner[..close])
        }
        None => body,
    };
    // The kernel prints numbers.
    let name = aaf_parse::audit_type_name(aaf_parse::audit_type(name)).map_or(name, str::as_bytes);
    let mut told = [name, b" ", said].concat();
    decode_command(&mut told);
    Cow::Owned(told)
}

/// sudo's command stands in digits wherever it has a blank.
fn decode_command(told: &mut Vec<u8>) {
    let Some(at) = memchr::memmem::find(told, b" cmd=").map(|at| at + 5) else { return };
    let end = told[at..].iter().position(|&byte| byte == b' ').map_or(told.len(), |len| at + len);
    let mut command = Vec::new();
    aaf_model::value::decode_hex_into(&told[at..end], &mut command);
    if !command.is_empty() && command.len() * 2 == end - at {
        let quoted = [b"\"", &command[..], b"\""].concat();
        told.splice(at..end, quoted);
    }
}

/// The value behind a mark: in quotes, or up to a blank.
fn value(body: &[u8], mark: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(body, mark)? + mark.len();
    let rest = body.get(at..)?;
    let text = match rest.strip_prefix(b"\"") {
        Some(quoted) => &quoted[..memchr::memchr(b'"', quoted)?],
        None => {
            let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\'' | b'\x1d'));
            &rest[..end.unwrap_or(rest.len())]
        }
    };
    (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        match read(line.as_bytes()) {
            None => "nothing".to_owned(),
            Some(said) => {
                let text = message(&line.as_bytes()[said.message_at..]);
                format!(
                    "{} {} {} | {:.40}",
                    said.about.as_str(),
                    said.address.as_deref().unwrap_or("-"),
                    said.user.as_deref().unwrap_or("-"),
                    String::from_utf8_lossy(&text)
                )
            }
        }
    }

    #[test]
    fn copies_have_one_core() {
        let copies = [
            "type=SERVICE_START msg=audit(1783080015.224:51): pid=1 uid=0 msg='unit=cron res=success'\x1dUID=\"root\" AUID=\"unset\"",
            "type=SERVICE_START msg=audit(1783080015.224:51): pid=1 uid=0 msg='unit=cron res=success' UID=\"root\" AUID=\"unset\"",
            "type=1130 audit(1783080015.224:51): pid=1 uid=0 msg='unit=cron res=success'",
            "SERVICE_START pid=1 uid=0 msg='unit=cron res=success'",
        ];
        for copy in copies {
            assert_eq!(core(copy.as_bytes()), b"pid=1 uid=0 msg='unit=cron res=success'", "{copy}");
            assert_eq!(&*message(copy.as_bytes()), b"SERVICE_START unit=cron res=success", "{copy}");
        }
        let path = br#"type=PATH msg=audit(1.2:3): item=0 name="/etc/apparmor.d/My UID x" inode=5"#;
        assert_eq!(core(path), br#"item=0 name="/etc/apparmor.d/My UID x" inode=5"#);
        for text in [
            "",
            " ",
            "type=",
            "type=USER_LOGIN",
            "type=USER_LOGIN msg=audit(",
            "USER_LOGIN\x1d",
            "USER_LOGIN ARCH",
        ] {
            core(text.as_bytes());
            message(text.as_bytes());
        }
    }

    #[test]
    fn records_as_journald_prints_them() {
        let lines = [
            r#"USER_LOGIN pid=812 uid=0 auid=1000 ses=3 subj=unconfined msg='op=login id=1000 exe="/usr/sbin/sshd" hostname=10.0.2.2 addr=10.0.2.2 terminal=/dev/pts/0 res=success'"#,
            r#"USER_CMD pid=9 uid=1000 auid=1000 ses=3 msg='cwd="/home/alice" cmd=61612D636F6D706C61696E20 exe="/usr/bin/sudo" res=success'"#,
            r#"AVC apparmor="DENIED" operation="open" profile="nginx" name="/etc/apparmor.d/x" pid=1"#,
            r#"USER_AVC pid=1 uid=0 msg='apparmor="DENIED" operation="dbus_signal"'"#,
            r#"PATH item=0 name="/etc/hosts" inode=5 nametype=NORMAL"#,
            "USER_LOGIN",
            "",
        ];
        let told: Vec<String> = lines
            .iter()
            .map(|line| match read_bare(line.as_bytes(), 0, 7) {
                None => "nothing".to_owned(),
                Some(Said { about, address, .. }) => {
                    let text = message(line.as_bytes());
                    let address = address.unwrap_or_default();
                    format!("{} {address} | {:.50}", about.as_str(), String::from_utf8_lossy(&text))
                }
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        login 10.0.2.2 | USER_LOGIN op=login id=1000 exe="/usr/sbin/sshd" h
        privilege  | USER_CMD cwd="/home/alice" cmd="aa-complain " exe=
        nothing
        nothing
        nothing
        nothing
        nothing
        "#);
    }

    #[test]
    fn lines_of_the_audit_system() {
        let lines = [
            r#"type=USER_LOGIN msg=audit(1791968218.123:40): pid=812 uid=0 auid=1000 ses=3 subj=unconfined msg='op=login id=1000 exe="/usr/sbin/sshd" hostname=10.0.2.2 addr=10.0.2.2 terminal=/dev/pts/0 res=success'"#,
            r#"node=h type=USER_AUTH msg=audit(1791968218.123:41): pid=9 uid=1000 auid=1000 ses=3 msg='op=PAM:authentication acct="alice" exe="/usr/bin/sudo" hostname=? addr=? terminal=pts/0 res=success'"#,
            r#"type=USER_CMD msg=audit(1791968218.123:42): pid=9 uid=1000 auid=1000 ses=3 msg='cwd="/home/alice" cmd=61612D636F6D706C61696E exe="/usr/bin/sudo" res=success'"#,
            r#"type=SERVICE_STOP msg=audit(1791968218.123:43): pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=apparmor comm="systemd" res=success'"#,
            r#"Oct 14 08:56:58 h kernel: [ 10.0] audit: type=1305 audit(1791968218.123:44): op=set audit_enabled=0 old=1 auid=1000 ses=3 res=1"#,
            r#"type=PATH msg=audit(1791968218.123:45): item=1 name="/etc/apparmor.d/disable/nginx" inode=5 nametype=CREATE"#,
            r#"type=SYSCALL msg=audit(1791968218.123:46): arch=c000003e syscall=257 success=yes exit=3 pid=9 auid=1000 comm="aa-complain" exe="/usr/bin/python3" key="policy" AUID="alice""#,
            r#"type=SYSCALL msg=audit(1791968218.123:47): arch=c000003e syscall=1 pid=9 comm="apparmor_parser" exe="/usr/sbin/apparmor_parser" key=(null)"#,
            r#"type=CRED_ACQ msg=audit(1791968218.123:48): pid=9 uid=0 msg='op=PAM:setcred acct="root" exe="/usr/sbin/cron" res=success'"#,
            r#"type=USER_START msg=audit(1791968218.123:49): pid=9 uid=0 msg='op=PAM:session_open acct="root" exe="/usr/sbin/cron" hostname=? addr=? terminal=cron res=success'"#,
            r#"type=AVC msg=audit(1791968218.123:50): apparmor="DENIED" operation="open" profile="nginx" name="/etc/apparmor.d/x" pid=1"#,
            r#"type=PATH msg=audit(1791968218.123:51): item=0 name="/etc/hosts" inode=5 nametype=NORMAL"#,
            "audit(",
            "type=USER_LOGIN msg=audit(1.1:1):",
        ];
        let told: Vec<String> = lines.iter().map(|line| said(line)).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        login 10.0.2.2 - | USER_LOGIN op=login id=1000 exe="/usr/sb
        privilege - alice | USER_AUTH op=PAM:authentication acct="al
        privilege - - | USER_CMD cwd="/home/alice" cmd="aa-compl
        unit - - | SERVICE_STOP unit=apparmor comm="systemd
        policy - - | CONFIG_CHANGE op=set audit_enabled=0 old
        policy - - | PATH item=1 name="/etc/apparmor.d/disabl
        policy - alice | SYSCALL arch=c000003e syscall=257 succes
        nothing
        nothing
        schedule - root | USER_START op=PAM:session_open acct="roo
        nothing
        nothing
        nothing
        login - - | USER_LOGIN 
        "#);
        for line in lines {
            for cut in 0..line.len() {
                read(&line.as_bytes()[..cut]);
            }
        }
    }
}
