//! An audit.log in which nearly every event is AppArmor's, each with its companions.

use std::io::{self, Write};

use crate::body::{Act, Bodies};
use crate::kernel_line::START_US;
use crate::random::Random;
use crate::text;
use crate::truth::Truth;

const BLOCK: usize = 1 << 20;
/// The mean distance of two events.
const MEAN_GAP_US: u32 = 150_000;

/// Writes at least `bytes` bytes of audit.log, the first half RAW, the second ENRICHED.
///
/// # Errors
/// When `output` cannot be written.
pub fn generate(bytes: u64, seed: u64, mut output: impl Write) -> io::Result<Truth> {
    let mut log = Dense::new(seed);
    let mut block = Vec::with_capacity(BLOCK + 8192);
    while log.truth.bytes < bytes {
        block.clear();
        log.fill(&mut block, (bytes - log.truth.bytes).min(BLOCK as u64) as usize, bytes / 2);
        output.write_all(&block)?;
    }
    output.flush()?;
    log.bodies.report(&mut log.truth);
    log.truth.last_time_us = log.time_us;
    Ok(log.truth)
}

struct Dense {
    random: Random,
    bodies: Bodies,
    truth: Truth,
    time_us: i64,
    serial: u32,
    /// Two events' lines and where each line ends, kept for their capacity.
    pair: [Event; 2],
}

#[derive(Default)]
struct Event {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Event {
    fn end_line(&mut self) {
        self.text.push(b'\n');
        self.ends.push(self.text.len());
    }

    fn line(&self, index: usize) -> Option<&[u8]> {
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        self.text.get(start..*self.ends.get(index)?)
    }
}

impl Dense {
    fn new(seed: u64) -> Dense {
        let mut random = Random::new(seed);
        let bodies = Bodies::new(&mut random, 3500);
        let truth = Truth { first_time_us: START_US, ..Truth::new("dense", seed) };
        Dense { random, bodies, truth, time_us: START_US, serial: 100, pair: Default::default() }
    }

    /// Appends whole events until at least `bytes` bytes were added; enriched once `enriched_from` is reached.
    fn fill(&mut self, block: &mut Vec<u8>, bytes: usize, enriched_from: u64) {
        let start = block.len();
        let [mut first, mut second] = std::mem::take(&mut self.pair);
        while block.len() - start < bytes {
            let enriched = self.truth.bytes + (block.len() - start) as u64 >= enriched_from;
            self.event(&mut first, enriched);
            if self.random.permille(10) {
                self.event(&mut second, enriched);
                for index in 0..first.ends.len().max(second.ends.len()) {
                    for event in [&first, &second] {
                        block.extend_from_slice(event.line(index).unwrap_or_default());
                    }
                }
            } else {
                block.extend_from_slice(&first.text);
            }
        }
        self.truth.bytes += (block.len() - start) as u64;
        self.pair = [first, second];
    }

    fn event(&mut self, event: &mut Event, enriched: bool) {
        event.text.clear();
        event.ends.clear();
        if self.truth.audit_ids > 0 {
            self.time_us += i64::from(self.random.below(2 * MEAN_GAP_US));
        }
        let act = self.bodies.draw(&mut self.random);
        self.avc(event, &act, enriched);
        if act.touches_a_path() && self.random.permille(95) {
            self.avc(event, &act.followed_by_inherit(), enriched);
        }
        let with_path = self.random.permille(500);
        self.syscall(event, &act, with_path, enriched);
        if with_path {
            self.cwd_and_path(event, &act, enriched);
        }
        self.proctitle(event, &act);
        self.truth.lines += event.ends.len() as u64;
        self.truth.audit_ids += 1;
        self.serial = self.serial.wrapping_add(1);
    }

    fn header(&self, event: &mut Event, kind: &str) {
        let out = &mut event.text;
        out.extend_from_slice(b"type=");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b" msg=audit(");
        text::audit_id(out, self.time_us, self.serial);
        out.extend_from_slice(b"): ");
    }

    fn avc(&mut self, event: &mut Event, act: &Act, enriched: bool) {
        self.header(event, "AVC");
        self.bodies.write(&mut event.text, &mut self.random, act);
        if enriched && act.has_file_owner() {
            let out = &mut event.text;
            out.extend_from_slice(b"\x1dFSUID=\"");
            out.extend_from_slice(act.actor().user.as_bytes());
            out.extend_from_slice(b"\" OUID=\"root\"");
        }
        event.end_line();
    }

    fn syscall(&mut self, event: &mut Event, act: &Act, with_path: bool, enriched: bool) {
        self.header(event, "SYSCALL");
        let (number, name) = act.operation().syscall;
        let (uid, user, exe) = who(act);
        let out = &mut event.text;
        out.extend_from_slice(b"arch=c000003e syscall=");
        text::number(out, u64::from(number));
        out.extend_from_slice(if act.succeeded() {
            &b" success=yes exit=3 a0=ffffffffffffff9c a1=7ff"[..]
        } else {
            &b" success=no exit=-13 a0=ffffffffffffff9c a1=7ff"[..]
        });
        text::hexadecimal(out, self.random.next(), 9);
        out.extend_from_slice(b" a2=");
        text::hexadecimal(out, self.random.next(), 5);
        out.extend_from_slice(if with_path { b" a3=0 items=1 ppid=" } else { b" a3=0 items=0 ppid=" });
        text::number(out, u64::from(400 + act.pid % 97));
        out.extend_from_slice(b" pid=");
        text::number(out, u64::from(act.pid));
        out.extend_from_slice(b" auid=4294967295");
        for key in ["uid", "gid", "euid", "suid", "fsuid", "egid", "sgid", "fsgid"] {
            out.push(b' ');
            out.extend_from_slice(key.as_bytes());
            out.push(b'=');
            text::number(out, u64::from(uid));
        }
        out.extend_from_slice(b" tty=(none) ses=4294967295 comm=");
        text::untrusted(out, act.comm.as_bytes());
        out.extend_from_slice(b" exe=");
        text::untrusted(out, exe.as_bytes());
        out.extend_from_slice(b" subj=");
        out.extend_from_slice(act.profile().as_bytes());
        out.extend_from_slice(b" key=(null)");
        if enriched {
            out.extend_from_slice(b"\x1dARCH=x86_64 SYSCALL=");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b" AUID=\"unset\"");
            for key in ["UID", "GID", "EUID", "SUID", "FSUID", "EGID", "SGID", "FSGID"] {
                out.push(b' ');
                out.extend_from_slice(key.as_bytes());
                out.extend_from_slice(b"=\"");
                out.extend_from_slice(user.as_bytes());
                out.push(b'"');
            }
        }
        event.end_line();
    }

    fn cwd_and_path(&mut self, event: &mut Event, act: &Act, enriched: bool) {
        self.header(event, "CWD");
        event.text.extend_from_slice(b"cwd=\"");
        event.text.extend_from_slice(act.actor().cwd.as_bytes());
        event.text.push(b'"');
        event.end_line();

        self.header(event, "PATH");
        let out = &mut event.text;
        out.extend_from_slice(b"item=0 name=\"");
        out.extend_from_slice(who(act).2.as_bytes());
        out.extend_from_slice(b"\" inode=");
        text::number(out, u64::from(self.random.between(200, 900_000)));
        out.extend_from_slice(b" dev=fe:00 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0");
        if enriched {
            out.extend_from_slice(b"\x1dOUID=\"root\" OGID=\"root\"");
        }
        event.end_line();
    }

    fn proctitle(&self, event: &mut Event, act: &Act) {
        self.header(event, "PROCTITLE");
        let out = &mut event.text;
        out.extend_from_slice(b"proctitle=");
        text::hex_string(out, who(act).2.as_bytes());
        for argument in arguments(act) {
            out.extend_from_slice(b"00");
            text::hex_string(out, argument.as_bytes());
        }
        event.end_line();
    }
}

/// Uid, user name and executable of the acting process.
fn who(act: &Act) -> (u32, &'static str, &'static str) {
    if act.is_policy() {
        (0, "root", "/usr/sbin/apparmor_parser")
    } else {
        (act.actor().uid, act.actor().user, act.actor().exe)
    }
}

fn arguments(act: &Act) -> [&'static str; 3] {
    if act.is_policy() {
        ["--write-cache", "--replace", "/etc/apparmor.d"]
    } else {
        ["--config", "/etc/service/main.conf", act.comm]
    }
}
