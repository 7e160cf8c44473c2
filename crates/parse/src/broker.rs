//! Refusals of dbus-broker, which writes no record of its own: its journal fields are put into the words of dbus-daemon.
//!
//! Source: dbus-broker's `DBUS_BROKER_*` journal fields; `log-formats` reference, §1.3.

use crate::Output;
use crate::json::unescape::string;

/// The fields beside the message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Broker<'t> {
    policy: Option<&'t [u8]>,
    action: Option<&'t [u8]>,
    sender_label: Option<&'t [u8]>,
    receiver_label: Option<&'t [u8]>,
    message_type: Option<&'t [u8]>,
    destination: Option<&'t [u8]>,
    path: Option<&'t [u8]>,
    interface: Option<&'t [u8]>,
    member: Option<&'t [u8]>,
}

impl<'t> Broker<'t> {
    /// Takes a field by what follows `DBUS_BROKER_` in its name.
    pub fn take(&mut self, key: &[u8], value: &'t [u8]) {
        let slot = match key {
            b"POLICY_TYPE" => &mut self.policy,
            b"TRANSMIT_ACTION" => &mut self.action,
            b"SENDER_SECURITY_LABEL" => &mut self.sender_label,
            b"RECEIVER_SECURITY_LABEL" => &mut self.receiver_label,
            b"MESSAGE_TYPE" => &mut self.message_type,
            b"MESSAGE_DESTINATION" => &mut self.destination,
            b"MESSAGE_PATH" => &mut self.path,
            b"MESSAGE_INTERFACE" => &mut self.interface,
            b"MESSAGE_MEMBER" => &mut self.member,
            _ => return,
        };
        slot.get_or_insert(value);
    }

    /// Writes the refusal as a record and parses it; says whether there was one.
    pub fn emit(&self, out: &mut Output) -> bool {
        if self.policy != Some(b"apparmor") {
            return false;
        }
        let operation: &[u8] = match self.message_type {
            Some(b"signal") => b"dbus_signal",
            Some(b"method_return") => b"dbus_method_return",
            Some(b"error") => b"dbus_error",
            _ => b"dbus_method_call",
        };
        let sends = self.action != Some(b"receive");
        let (own, peer) = match sends {
            true => (self.sender_label, self.receiver_label),
            false => (self.receiver_label, self.sender_label),
        };
        let mask: &[u8] = if sends { b"send" } else { b"receive" };
        let start = out.side.len();
        out.side.extend_from_slice(b"apparmor=\"DENIED\"");
        for (key, value) in [
            ("operation", Some(operation)),
            ("path", self.path),
            ("interface", self.interface),
            ("member", self.member),
            ("mask", Some(mask)),
            ("name", self.destination),
            ("label", own.map(without_mode)),
            ("peer_label", peer.map(without_mode)),
        ] {
            let Some(value) = value else { continue };
            out.side.extend_from_slice(format!(" {key}=\"").as_bytes());
            let from = out.side.len();
            string(value, &mut out.side);
            for byte in &mut out.side[from..] {
                if *byte < b' ' || *byte == b'"' {
                    *byte = b'\'';
                }
            }
            out.side.push(b'"');
        }
        let first = out.drafts.len();
        crate::rewrite::parse_side(start, u32::MAX, out);
        out.drafts.len() > first
    }
}

/// `gnome-clocks (enforce)`
fn without_mode(label: &[u8]) -> &[u8] {
    match label.iter().rposition(|&byte| byte == b' ') {
        Some(at) if label[at..].starts_with(b" (") && label.ends_with(b")") => &label[..at],
        _ => label,
    }
}
