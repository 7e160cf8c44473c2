//! Lines of other logs that may explain an incident: whose they are, when, from where, by whom.
//!
//! Sources: Apache's and nginx's log formats, sshd(8), sudo(8), cron(8), dpkg(1), apt's history.

use aaf_model::time::Civil;
use aaf_model::{AuditId, Stamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::audited;

/// What kind of log a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// A request to a web server.
    Web,
    /// A web server's own complaint.
    WebError,
    /// Logins and sessions.
    Login,
    /// sudo, su, pkexec.
    Privilege,
    /// cron and at.
    Schedule,
    /// systemd starting and stopping units.
    Unit,
    /// apt, dpkg, snap.
    Package,
    /// useradd, passwd and the like.
    Account,
    /// AppArmor's tools and files, auditing.
    Policy,
}

impl About {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            About::Web => "web",
            About::WebError => "web error",
            About::Login => "login",
            About::Privilege => "privilege",
            About::Schedule => "schedule",
            About::Unit => "unit",
            About::Package => "package",
            About::Account => "account",
            About::Policy => "policy",
        }
    }
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Microseconds since 1970-01-01 UTC.
    pub time_us: i64,
    /// What it is about.
    pub about: About,
    /// The address it names, as printed.
    pub address: Option<String>,
    /// The user it names, as printed.
    pub user: Option<String>,
    /// Where what it says begins, behind stamp and host.
    pub message_at: usize,
    /// The audit record that it prints, by event and type: the same in every log.
    pub record: Option<(AuditId, u16)>,
}

/// Reads a line. `zone` is that of stamps without one; the year of stamps without one is the nearest to `near_us`.
pub fn read(line: &[u8], zone: &TimeZone, near_us: i64) -> Option<Said> {
    request(line)
        .or_else(|| web_error(line, zone))
        .or_else(|| package(line, zone))
        .or_else(|| audited::read(line))
        .or_else(|| syslog(line, zone, near_us))
}

/// `10.0.2.2 - alice [14/Oct/2026:08:56:58 +0000] "GET / HTTP/1.1" 200 39 …`
fn request(line: &[u8]) -> Option<Said> {
    let open = memchr::memchr(b'[', line.get(..line.len().min(512))?)?;
    let close = open + memchr::memchr(b']', &line[open..line.len().min(open + 40)])?;
    if line.get(close + 1..close + 3) != Some(b" \"") {
        return None;
    }
    let stamp = std::str::from_utf8(&line[open + 1..close]).ok()?;
    let time = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", stamp).ok()?.to_timestamp().ok()?;
    let head = std::str::from_utf8(&line[..open]).ok()?;
    let mut words = head.split(' ').filter(|word| !word.is_empty());
    let address = words.next()?.to_owned();
    let user = words.nth(1).filter(|user| *user != "-").map(str::to_owned);
    Some(Said {
        time_us: time.as_microsecond(),
        about: About::Web,
        address: Some(address),
        user,
        message_at: close + 2,
        record: None,
    })
}

/// `2026/10/14 08:56:58 [error] 598#598: *10 open() "…" failed, client: 10.0.2.2, …`, in the host's own time.
fn web_error(line: &[u8], zone: &TimeZone) -> Option<Said> {
    let stamp = std::str::from_utf8(line.get(..19)?).ok()?;
    if line.get(19..21) != Some(b" [") || line.get(4) != Some(&b'/') {
        return None;
    }
    let civil = jiff::fmt::strtime::parse("%Y/%m/%d %H:%M:%S", stamp).ok()?.to_datetime().ok()?;
    Some(Said {
        time_us: instant(civil, zone)?,
        about: About::WebError,
        address: after(line, b"client: "),
        user: None,
        message_at: 20,
        record: None,
    })
}

/// `2026-10-14 08:56:58 install nginx:amd64 <none> 1.26`, in the host's own time.
fn package(line: &[u8], zone: &TimeZone) -> Option<Said> {
    const VERBS: [&[u8]; 8] = [
        b"install ",
        b"upgrade ",
        b"remove ",
        b"purge ",
        b"configure ",
        b"trigproc ",
        b"status ",
        b"startup ",
    ];
    let rest = line.get(20..)?;
    if !VERBS.iter().any(|verb| rest.starts_with(verb)) {
        return None;
    }
    let stamp = std::str::from_utf8(&line[..19]).ok()?;
    let civil = jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%S", stamp).ok()?.to_datetime().ok()?;
    Some(Said {
        time_us: instant(civil, zone)?,
        about: About::Package,
        address: None,
        user: None,
        message_at: 20,
        record: None,
    })
}

/// `Oct 14 08:56:58 web01 sshd[812]: Accepted publickey for alice from 10.0.2.2 port 50022`
fn syslog(line: &[u8], zone: &TimeZone, near_us: i64) -> Option<Said> {
    let (stamp, end) = aaf_parse::leading_stamp(line)?;
    let time_us = match stamp {
        Stamp::Instant { epoch_us, .. } => epoch_us,
        Stamp::Civil { civil, .. } => settled(civil, zone, near_us)?,
        Stamp::None => return None,
    };
    let mut words = line.get(end..)?.splitn(4, |byte| *byte == b' ').filter(|word| !word.is_empty());
    let _host = words.next()?;
    let tag = words.next()?;
    let program = tag.split(|byte| matches!(byte, b'[' | b':')).next().unwrap_or_default();
    let message_at = tag.as_ptr() as usize - line.as_ptr() as usize;
    let message = line.get(message_at + tag.len()..).unwrap_or_default();
    if program == b"audit" {
        let blanks = message.iter().take_while(|byte| matches!(byte, b' ' | b':')).count();
        return audited::read_bare(line, message_at + tag.len() + blanks, time_us);
    }
    let about = match program {
        b"sshd" | b"sshd-session" | b"login" | b"systemd-logind" | b"gdm-password]" | b"dropbear" => {
            About::Login
        }
        b"sudo" | b"su" | b"pkexec" | b"polkitd" | b"doas" => About::Privilege,
        b"CRON" | b"cron" | b"crond" | b"anacron" | b"atd" => About::Schedule,
        b"useradd" | b"usermod" | b"userdel" | b"groupadd" | b"groupmod" | b"passwd" | b"chpasswd"
        | b"chage" | b"gpasswd" => About::Account,
        b"dpkg" | b"apt" | b"apt-get" | b"unattended-upgrade" | b"snapd" | b"dnf" | b"yum" => About::Package,
        b"auditd" | b"augenrules" | b"apparmor.systemd" | b"apparmor_parser" | b"aa-complain"
        | b"aa-disable" => About::Policy,
        b"systemd" => About::Unit,
        _ => return None,
    };
    let about = if memchr::memmem::find(message, b"apparmor").is_some() { About::Policy } else { about };
    Some(Said {
        time_us,
        about,
        address: after(message, b" from ").or_else(|| after(message, b"rhost=")),
        user: after(message, b" for user ")
            .or_else(|| after(message, b" for "))
            .or_else(|| after(message, b"user="))
            .filter(|user| user != "invalid"),
        message_at,
        record: None,
    })
}

/// The word behind a mark, without what ends a sentence.
fn after(line: &[u8], mark: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(line, mark)? + mark.len();
    let rest = &line[at..];
    let len = rest
        .iter()
        .position(|byte| matches!(byte, b' ' | b',' | b';' | b'(' | b')' | b'"'))
        .unwrap_or(rest.len());
    let word = String::from_utf8_lossy(&rest[..len]);
    let word = word.trim_end_matches([':', '.']);
    (!word.is_empty()).then(|| word.to_owned())
}

fn instant(civil: DateTime, zone: &TimeZone) -> Option<i64> {
    Some(zone.to_ambiguous_timestamp(civil).compatible().ok()?.as_microsecond())
}

/// The instant of a stamp that may lack its year.
fn settled(civil: Civil, zone: &TimeZone, near_us: i64) -> Option<i64> {
    let of_year = |year: i16| {
        let (month, day) = (i8::try_from(civil.month).ok()?, i8::try_from(civil.day).ok()?);
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        let midnight = date.at(0, 0, 0, 0);
        let time = midnight.checked_add(jiff::SignedDuration::from_micros(civil.of_day_us)).ok()?;
        instant(time, zone)
    };
    if civil.year != 0 {
        return of_year(civil.year);
    }
    let near = jiff::Timestamp::from_microsecond(near_us).ok()?.to_zoned(zone.clone()).year();
    [near - 1, near, near + 1]
        .into_iter()
        .filter_map(of_year)
        .min_by_key(|us| us.saturating_sub(near_us).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).expect("zone");
        match read(line.as_bytes(), &zone, 1_791_968_218_000_000) {
            None => "nothing".to_owned(),
            Some(said) => format!(
                "{} {} {} {}",
                jiff::Timestamp::from_microsecond(said.time_us).expect("time"),
                said.about.as_str(),
                said.address.as_deref().unwrap_or("-"),
                said.user.as_deref().unwrap_or("-")
            ),
        }
    }

    #[test]
    fn lines_of_other_logs() {
        let lines = [
            r#"10.0.2.2 - alice [14/Oct/2026:10:56:58 +0200] "GET /cgi-bin/sh.cgi?cmd=id HTTP/1.1" 200 39 "-" "x""#,
            r#"2026/10/14 10:56:58 [error] 598#598: *10 open() "/x" failed, client: 10.0.2.2, server: _"#,
            "Oct 14 10:56:58 web01 sshd[812]: Accepted publickey for alice from 10.0.2.2 port 50022 ssh2",
            "Oct 14 10:56:58 web01 sshd[812]: Invalid user bob from 10.0.2.3 port 50022",
            "2026-10-14T08:56:58.405741+00:00 web01 sudo[9]:    alice : TTY=pts/0 ; COMMAND=/usr/sbin/aa-complain /etc/apparmor.d/nginx",
            "<86>Oct 14 10:56:58 web01 CRON[9]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
            "2026-10-14 10:56:58 upgrade nginx:amd64 1.26 1.27",
            "Oct 14 10:56:58 web01 systemd[1]: Started apparmor.service - Load AppArmor profiles.",
            "Oct 14 10:56:58 web01 kernel: something else",
            "no stamp at all",
            "",
        ];
        let told: Vec<String> = lines.iter().map(|line| said(line, "Europe/Berlin")).collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn nothing_panics() {
        for text in [
            "[",
            "[]",
            "1 [ ] \"",
            "2026/10/14 10:56:58 [",
            "Oct 14 10:56:58",
            "Oct 14 10:56:58 ",
            "Feb 30 10:56:58 a b: c",
            "<999>Oct",
        ] {
            said(text, "UTC");
            for cut in 0..text.len() {
                said(&text[..cut], "UTC");
            }
        }
    }
}
