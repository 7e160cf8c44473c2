//! Builders for single lines, so that a test says only what it is about.

use crate::text;
use crate::truth::Verdict;

/// An AppArmor record in the making.
///
/// ```
/// use aaf_testkit::Avc;
///
/// let line = Avc::denied("open", "nginx").name("/etc/shadow").pid(7).comm("nginx").masks("r", "r").audit_line();
/// assert_eq!(
///     line,
///     "type=AVC msg=audit(1700000000.123:1): apparmor=\"DENIED\" operation=\"open\" profile=\"nginx\" \
///      name=\"/etc/shadow\" pid=7 comm=\"nginx\" requested_mask=\"r\" denied_mask=\"r\""
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Avc {
    time_us: i64,
    serial: u32,
    body: Vec<u8>,
}

impl Avc {
    /// A record with that verdict, operation and profile, at 2023-11-14 22:13:20.123 UTC with serial 1.
    pub fn new(verdict: Verdict, operation: &str, profile: &str) -> Avc {
        let avc = Avc { time_us: 1_700_000_000_123_000, serial: 1, body: Vec::new() };
        avc.raw("apparmor", &format!("\"{}\"", verdict.as_str()))
            .raw("operation", &format!("\"{operation}\""))
            .untrusted("profile", profile.as_bytes())
    }

    /// A refusal.
    pub fn denied(operation: &str, profile: &str) -> Avc {
        Avc::new(Verdict::Denied, operation, profile)
    }

    /// What complain mode let pass.
    pub fn allowed(operation: &str, profile: &str) -> Avc {
        Avc::new(Verdict::Allowed, operation, profile)
    }

    /// A policy change of the profile `name` by an unconfined loader.
    pub fn status(operation: &str, name: &str) -> Avc {
        Avc::new(Verdict::Status, operation, "unconfined").name(name)
    }

    /// Sets the audit time and serial.
    #[must_use]
    pub fn at(mut self, time_us: i64, serial: u32) -> Avc {
        self.time_us = time_us;
        self.serial = serial;
        self
    }

    /// Appends `key=value` as it stands.
    #[must_use]
    pub fn raw(mut self, key: &str, value: &str) -> Avc {
        if !self.body.is_empty() {
            self.body.push(b' ');
        }
        self.body.extend_from_slice(key.as_bytes());
        self.body.push(b'=');
        self.body.extend_from_slice(value.as_bytes());
        self
    }

    /// Appends a value that the kernel does not trust: quoted, or in hexadecimal where it must be.
    #[must_use]
    pub fn untrusted(mut self, key: &str, value: &[u8]) -> Avc {
        if !self.body.is_empty() {
            self.body.push(b' ');
        }
        self.body.extend_from_slice(key.as_bytes());
        self.body.push(b'=');
        text::untrusted(&mut self.body, value);
        self
    }

    /// Appends `name=`.
    #[must_use]
    pub fn name(self, name: impl AsRef<[u8]>) -> Avc {
        self.untrusted("name", name.as_ref())
    }

    /// Appends `pid=`.
    #[must_use]
    pub fn pid(self, pid: u32) -> Avc {
        self.raw("pid", &pid.to_string())
    }

    /// Appends `comm=`.
    #[must_use]
    pub fn comm(self, comm: impl AsRef<[u8]>) -> Avc {
        self.untrusted("comm", comm.as_ref())
    }

    /// Appends `requested_mask=` and `denied_mask=`.
    #[must_use]
    pub fn masks(self, requested: &str, denied: &str) -> Avc {
        self.raw("requested_mask", &format!("\"{requested}\"")).raw("denied_mask", &format!("\"{denied}\""))
    }

    /// The body alone.
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// `E.mmm:S`.
    pub fn audit_id(&self) -> String {
        let mut out = Vec::new();
        text::audit_id(&mut out, self.time_us, self.serial);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// As auditd writes it, without a line end.
    pub fn audit_line(&self) -> String {
        format!("type=AVC msg=audit({}): {}", self.audit_id(), self.body())
    }

    /// A companion line of the same event: `kind` is `SYSCALL`, `CWD`, ….
    pub fn companion(&self, kind: &str, rest: &str) -> String {
        format!("type={kind} msg=audit({}): {rest}", self.audit_id())
    }

    /// As the kernel ring prints it, without an envelope.
    pub fn kernel_message(&self) -> String {
        format!("audit: type=1400 audit({}): {}", self.audit_id(), self.body())
    }

    /// As rsyslog writes the kernel's copy with high-precision stamps.
    pub fn iso_line(&self, host: &str) -> String {
        iso_line(self.time_us, host, "kernel", &self.kernel_message())
    }

    /// As rsyslog writes the kernel's copy with traditional stamps.
    pub fn bsd_line(&self, stamp: &str, host: &str) -> String {
        bsd_line(stamp, host, "kernel", &self.kernel_message())
    }
}

/// A syslog line with a high-precision stamp in UTC.
pub fn iso_line(time_us: i64, host: &str, program: &str, message: &str) -> String {
    let mut stamp = Vec::new();
    text::iso_stamp(&mut stamp, time_us);
    format!("{} {host} {program}: {message}", String::from_utf8_lossy(&stamp))
}

/// A syslog line with a traditional stamp such as `Jan  2 03:04:05`.
pub fn bsd_line(stamp: &str, host: &str, program: &str, message: &str) -> String {
    format!("{stamp} {host} {program}: {message}")
}
