//! Single records as JSON lines or CSV: what `records` prints.
//!
//! Keys are the kernel's own. Ours stand behind them; where the kernel uses one of our names, ours wins, except for
//! D-Bus' `path=`, which is why `evidence_path` always says where the record stands.

use std::borrow::Cow;
use std::io::Write;

use aaf_case::RecordLine;
use aaf_model::block::CompanionLine;
use aaf_model::{Field, Key, Role, Verdict};

/// Keys that every record has, null where it does not print them.
const FIXED: [(&str, Key); 9] = [
    ("operation", Key::Operation),
    ("profile", Key::Profile),
    ("label", Key::Label),
    ("name", Key::Name),
    ("comm", Key::Comm),
    ("requested_mask", Key::RequestedMask),
    ("denied_mask", Key::DeniedMask),
    ("requested", Key::Requested),
    ("denied", Key::Denied),
];

/// Names that are ours, and those of the fixed keys that are not printed as such.
const OURS: [&str; 19] = [
    "verdict",
    "epoch",
    "serial",
    "pid_printed",
    "time",
    "time_source",
    "clock_correction_us",
    "host",
    "carrier",
    "role",
    "context",
    "evidence_path",
    "evidence",
    "offset_bytes",
    "length_bytes",
    "more_ranges",
    "diagnostics",
    "companions",
    "path",
];

/// Columns of the CSV.
const CSV_COLUMNS: &str = "verdict,operation,profile,label,name,comm,requested_mask,denied_mask,requested,denied,pid,\
                           epoch,serial,time,time_source,host,carrier,role,path,evidence,offset_bytes,length_bytes,\
                           diagnostics,other";

/// Appends the record as one JSON object and a newline.
pub fn write_json(line: &RecordLine<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(b'{');
    let row = line.view.row;
    let bytes = line.view.bytes;
    let verdict = verdict(line);
    member(out, "verdict", verdict.as_deref());
    for (name, key) in FIXED {
        member(out, name, inner(line, key).as_deref());
    }
    let pid = inner(line, Key::Pid);
    let number = pid.as_deref().and_then(number);
    key(out, "pid");
    raw(out, number.map(|it| it.to_string()).as_deref());
    key(out, "epoch");
    match row.audit_id() {
        Some(id) => {
            string(out, epoch(id.epoch_us).as_bytes());
            key(out, "serial");
            raw(out, Some(&id.serial.to_string()));
        }
        None => {
            out.extend_from_slice(b"null");
            key(out, "serial");
            raw(out, None);
        }
    }
    if number.is_none() {
        optional_member(out, "pid_printed", pid.as_deref());
    }
    let mut dbus_path = false;
    further(line, |name, field| {
        dbus_path |= name == "path";
        member(out, name, Some(&field.bytes(bytes)));
    });
    key(out, "time");
    match line.time_us.and_then(rfc3339) {
        Some(time) => string(out, time.as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
    member(out, "time_source", Some(line.time_source.as_str().as_bytes()));
    if let Some(correction_us) = line.clock_correction_us {
        key(out, "clock_correction_us");
        raw(out, Some(&correction_us.to_string()));
    }
    member(out, "host", line.host.map(str::as_bytes));
    member(out, "carrier", Some(row.carrier.as_str().as_bytes()));
    member(out, "role", Some(row.role.as_str().as_bytes()));
    if row.role == Role::Context {
        member(out, "context", Some(row.context.as_str().as_bytes()));
    }
    if !dbus_path {
        member(out, "path", Some(line.path.as_bytes()));
    }
    member(out, "evidence_path", Some(line.path.as_bytes()));
    for (name, value) in [
        ("evidence", u64::from(row.evidence)),
        ("offset_bytes", row.offset_bytes),
        ("length_bytes", u64::from(row.length_bytes)),
    ] {
        key(out, name);
        raw(out, Some(&value.to_string()));
    }
    key(out, "diagnostics");
    out.push(b'[');
    for (at, word) in row.notes.words().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        string(out, word.as_bytes());
    }
    out.push(b']');
    if line.view.pieces().next().is_some() {
        key(out, "more_ranges");
        for (at, piece) in line.view.pieces().enumerate() {
            out.extend_from_slice(if at == 0 { b"[" } else { b"," });
            let range = format!(
                "{{\"offset_bytes\":{},\"length_bytes\":{}}}",
                piece.offset_bytes, piece.length_bytes
            );
            out.extend_from_slice(range.as_bytes());
        }
        out.push(b']');
    }
    if line.view.companion_count() > 0 {
        key(out, "companions");
        companions(line, out);
    }
    out.extend_from_slice(b"}\n");
    // Every member was written with a comma before it.
    if out.get(start + 1) == Some(&b',') {
        out.remove(start + 1);
    }
}

/// Appends the heading of the CSV.
pub fn write_csv_heading(out: &mut Vec<u8>) {
    out.extend_from_slice(CSV_COLUMNS.as_bytes());
    out.push(b'\n');
}

/// Appends the record as one line of CSV; companions and further keys stand in the last column.
pub fn write_csv(line: &RecordLine<'_>, out: &mut Vec<u8>) {
    let row = line.view.row;
    let bytes = line.view.bytes;
    csv_field(out, verdict(line).as_deref().unwrap_or_default());
    for (_, key) in FIXED {
        out.push(b',');
        csv_field(out, inner(line, key).as_deref().unwrap_or_default());
    }
    out.push(b',');
    csv_field(out, inner(line, Key::Pid).as_deref().unwrap_or_default());
    let id = row.audit_id();
    let ours = [
        id.map(|id| epoch(id.epoch_us)).unwrap_or_default(),
        id.map(|id| id.serial.to_string()).unwrap_or_default(),
        line.time_us.and_then(rfc3339).unwrap_or_default(),
        line.time_source.as_str().to_owned(),
        line.host.unwrap_or_default().to_owned(),
        row.carrier.as_str().to_owned(),
        row.role.as_str().to_owned(),
        line.path.to_owned(),
        row.evidence.to_string(),
        row.offset_bytes.to_string(),
        row.length_bytes.to_string(),
        row.notes.words().collect::<Vec<_>>().join(" "),
    ];
    for value in ours {
        out.push(b',');
        csv_field(out, value.as_bytes());
    }
    let mut other: Vec<u8> = Vec::new();
    let mut add = |name: &str, value: &[u8]| {
        if !other.is_empty() {
            other.extend_from_slice(b"; ");
        }
        other.extend_from_slice(name.as_bytes());
        other.push(b'=');
        other.extend_from_slice(value);
    };
    further(line, |name, field| add(name, &field.bytes(bytes)));
    for companion in line.view.companions.iter().filter(|companion| !companion.is_piece()) {
        let prefix = type_name(companion.audit_type);
        for field in line.view.fields_of(companion) {
            let name = field_name(field, bytes);
            add(&format!("{prefix}.{name}"), &field.bytes(bytes));
        }
    }
    out.push(b',');
    csv_field(out, &other);
    out.push(b'\n');
}

/// The verdict as the parser understood it; the printed word where it is none that we know.
fn verdict<'a>(line: &RecordLine<'a>) -> Option<Cow<'a, [u8]>> {
    match line.view.row.verdict {
        Verdict::None => None,
        Verdict::Other => line.view.value(Key::Apparmor),
        known => Some(Cow::Borrowed(known.as_str().as_bytes())),
    }
}

/// Whether a field is one of the sender of a user message, or of an enriched tail, and not of the record itself.
fn is_outer(line: &RecordLine<'_>, field: &Field) -> bool {
    let body = line.view.row.body;
    !body.is_empty() && (field.value.start < body.start || field.value.end() > body.end())
}

/// The record's own value of a key.
fn inner<'a>(line: &RecordLine<'a>, key: Key) -> Option<Cow<'a, [u8]>> {
    let field = line.view.own_fields().iter().find(|field| field.key == key && !is_outer(line, field))?;
    Some(field.bytes(line.view.bytes))
}

/// Every key that is not fixed, in order, under the name that it gets.
fn further(line: &RecordLine<'_>, mut each: impl FnMut(&str, &Field)) {
    let bytes = line.view.bytes;
    let fields = line.view.own_fields();
    let mut fixed_seen: Vec<Key> = Vec::new();
    let mut used: Vec<String> = Vec::new();
    for field in fields {
        let is_fixed =
            matches!(field.key, Key::Apparmor | Key::Pid) || FIXED.iter().any(|(_, key)| *key == field.key);
        let is_outer = is_outer(line, field);
        if is_fixed && !is_outer && !fixed_seen.contains(&field.key) {
            fixed_seen.push(field.key);
            continue;
        }
        let printed = field_name(field, bytes);
        let is_taken = |name: &str, used: &[String]| {
            used.iter().any(|known| known == name)
                || (name != "path" && OURS.contains(&name))
                || matches!(name, "apparmor" | "pid")
                || FIXED.iter().any(|(fixed, _)| *fixed == name)
        };
        let mut name = printed.clone().into_owned();
        if is_taken(&name, &used) && is_outer {
            name = format!("outer_{printed}");
        }
        let mut ordinal = 1;
        while is_taken(&name, &used) {
            ordinal += 1;
            name = format!("{printed}#{ordinal}");
        }
        each(&name, field);
        used.push(name);
    }
}

fn field_name<'a>(field: &Field, bytes: &'a [u8]) -> Cow<'a, str> {
    match field.key {
        Key::Unknown => String::from_utf8_lossy(field.name(bytes)),
        known => Cow::Borrowed(known.as_str()),
    }
}

fn companions(line: &RecordLine<'_>, out: &mut Vec<u8>) {
    let bytes = line.view.bytes;
    out.push(b'{');
    let start = out.len();
    let mut used: Vec<String> = Vec::new();
    let value = |companion: &CompanionLine, key: Key| {
        line.view.fields_of(companion).iter().find(|field| field.key == key).map(|field| field.bytes(bytes))
    };
    for companion in line.view.companions.iter().filter(|companion| !companion.is_piece()) {
        let word = type_name(companion.audit_type);
        if companion.audit_type == 1302 {
            if !used.iter().any(|known| known == "paths") {
                used.push("paths".to_owned());
                key(out, "paths");
                out.push(b'[');
                let all = line.view.companions.iter().filter(|companion| companion.audit_type == 1302);
                for (at, path) in all.enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    object(line.view.fields_of(path), bytes, out);
                }
                out.push(b']');
            }
            continue;
        }
        let mut name = word.to_string();
        let mut ordinal = 1;
        while used.contains(&name) {
            ordinal += 1;
            name = format!("{word}#{ordinal}");
        }
        match companion.audit_type {
            1307 => member(out, &name, value(companion, Key::Cwd).as_deref()),
            1327 => {
                let title = value(companion, Key::Proctitle).map(|title| blank_nul(&title));
                member(out, &name, title.as_deref());
            }
            1309 => {
                key(out, &name);
                out.push(b'[');
                for (at, argument) in arguments(line.view.fields_of(companion), bytes).iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    string(out, argument);
                }
                out.push(b']');
            }
            _ => {
                key(out, &name);
                object(line.view.fields_of(companion), bytes, out);
            }
        }
        used.push(name);
    }
    out.push(b'}');
    if out.get(start) == Some(&b',') {
        out.remove(start);
    }
}

fn object(fields: &[Field], bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'{');
    let start = out.len();
    let mut used: Vec<String> = Vec::with_capacity(fields.len());
    for field in fields {
        let printed = field_name(field, bytes);
        let mut name = printed.clone().into_owned();
        let mut ordinal = 1;
        while used.contains(&name) {
            ordinal += 1;
            name = format!("{printed}#{ordinal}");
        }
        member(out, &name, Some(&field.bytes(bytes)));
        used.push(name);
    }
    out.push(b'}');
    if out.get(start) == Some(&b',') {
        out.remove(start);
    }
}

/// The arguments of an EXECVE, long ones put together from their pieces (`a1[0]`, `a1[1]`).
fn arguments(fields: &[Field], bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut arguments: Vec<(String, Vec<u8>)> = Vec::new();
    for field in fields {
        let name = field_name(field, bytes);
        let Some(rest) = name.strip_prefix('a') else { continue };
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        if number.is_empty() || !(tail.is_empty() || tail.starts_with('[')) {
            continue;
        }
        match arguments.last_mut().filter(|(last, _)| tail.starts_with('[') && last == number) {
            Some((_, value)) => value.extend_from_slice(&field.bytes(bytes)),
            None => arguments.push((number.to_owned(), field.bytes(bytes).into_owned())),
        }
    }
    arguments.into_iter().map(|(_, value)| value).collect()
}

fn blank_nul(text: &[u8]) -> Vec<u8> {
    text.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect()
}

/// The name of an audit record type in lower case. Source: linux/audit.h.
fn type_name(audit_type: u16) -> Cow<'static, str> {
    Cow::Borrowed(match audit_type {
        1300 => "syscall",
        1302 => "path",
        1303 => "ipc",
        1304 => "socketcall",
        1305 => "config_change",
        1306 => "sockaddr",
        1307 => "cwd",
        1309 => "execve",
        1311 => "ipc_set_perm",
        1312 => "mq_open",
        1313 => "mq_sendrecv",
        1314 => "mq_notify",
        1315 => "mq_getsetattr",
        1316 => "kernel_other",
        1317 => "fd_pair",
        1318 => "obj_pid",
        1319 => "tty",
        1320 => "eoe",
        1321 => "bprm_fcaps",
        1322 => "capset",
        1323 => "mmap",
        1325 => "netfilter_cfg",
        1326 => "seccomp",
        1327 => "proctitle",
        1330 => "kern_module",
        1331 => "fanotify",
        1334 => "bpf",
        1336 => "uringop",
        1337 => "openat2",
        1400 => "avc",
        1420 => "mac_task_contexts",
        1421 => "mac_obj_contexts",
        other => return Cow::Owned(format!("type_{other}")),
    })
}

fn epoch(epoch_us: i64) -> String {
    format!("{}.{:03}", epoch_us.div_euclid(1_000_000), epoch_us.rem_euclid(1_000_000) / 1000)
}

fn rfc3339(time_us: i64) -> Option<String> {
    let stamp = jiff::Timestamp::from_microsecond(time_us).ok()?;
    Some(format!("{}.{:06}Z", stamp.strftime("%Y-%m-%dT%H:%M:%S"), time_us.rem_euclid(1_000_000)))
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn key(out: &mut Vec<u8>, name: &str) {
    out.push(b',');
    string(out, name.as_bytes());
    out.push(b':');
}

fn raw(out: &mut Vec<u8>, value: Option<&str>) {
    out.extend_from_slice(value.unwrap_or("null").as_bytes());
}

/// A member; its bytes in hexadecimal behind it where it is no UTF-8.
fn member(out: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
    key(out, name);
    let Some(value) = value else { return out.extend_from_slice(b"null") };
    string(out, value);
    if std::str::from_utf8(value).is_err() {
        key(out, &format!("{name}_hex"));
        out.push(b'"');
        for byte in value {
            // Writing to memory cannot fail.
            let _ = write!(out, "{byte:02x}");
        }
        out.push(b'"');
    }
}

fn optional_member(out: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
    if value.is_some() {
        member(out, name, value);
    }
}

/// Whether a terminal would obey it, or it would hide or reorder what stands beside it.
fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A JSON string; U+FFFD for bytes that are no UTF-8, `\uXXXX` for what a terminal would obey.
fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if bytes.iter().all(plain) {
        out.extend_from_slice(bytes);
    } else {
        for letter in String::from_utf8_lossy(bytes).chars() {
            match letter {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\t' => out.extend_from_slice(b"\\t"),
                '\r' => out.extend_from_slice(b"\\r"),
                letter if is_unsafe(letter) => {
                    for unit in letter.encode_utf16(&mut [0; 2]) {
                        let _ = write!(out, "\\u{unit:04x}");
                    }
                }
                letter => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }
    out.push(b'"');
}

/// A field of CSV: visible escapes for what a terminal would obey, an apostrophe before what a spreadsheet would take
/// for a formula, quotes where they are needed.
fn csv_field(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                letter if is_unsafe(letter) => text.extend(letter.escape_unicode()),
                letter => text.push(letter),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    if text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', ';', '\'']) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of a text, as JSON lines and as CSV.
    fn shown(text: &[u8]) -> (String, String) {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("log");
        std::fs::write(&path, text).expect("file");
        let (mut json, mut csv) = (Vec::new(), Vec::new());
        aaf_case::records(&[path], &aaf_case::Options::default(), &mut |line| {
            write_json(line, &mut json);
            write_csv(line, &mut csv);
            true
        })
        .expect("records");
        let hidden = folder.path().to_string_lossy().into_owned();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text").replace(&hidden, "DIR");
        (text(json), text(csv))
    }

    #[test]
    fn a_record_with_its_companions() {
        let (json, _) = shown(
            b"type=AVC msg=audit(1791968189.402:695): apparmor=\"DENIED\" operation=\"exec\" class=\"file\" profile=\"fcgiwrap//cgi\" name=\"/usr/bin/bash\" pid=638 comm=\"sh.cgi\" requested_mask=\"x\" denied_mask=\"x\" fsuid=33 ouid=0\n\
              type=SYSCALL msg=audit(1791968189.402:695): arch=c000003e syscall=59 success=no exit=-13 a0=1 ppid=1 pid=638 comm=\"sh.cgi\" exe=\"/bin/dash\" key=(null)\n\
              type=EXECVE msg=audit(1791968189.402:695): argc=3 a0=\"bash\" a1=\"-c\" a2=6964203B\n\
              type=CWD msg=audit(1791968189.402:695): cwd=\"/srv\"\n\
              type=PATH msg=audit(1791968189.402:695): item=0 name=\"/usr/bin/bash\" nametype=NORMAL\n\
              type=PROCTITLE msg=audit(1791968189.402:695): proctitle=62617368002D63\n",
        );
        insta::assert_snapshot!(json);
    }

    #[test]
    fn a_message_of_dbus_keeps_both_senders() {
        let (json, csv) = shown(
            b"type=USER_AVC msg=audit(1517240582.820:100): pid=1 uid=107 auid=4294967295 msg='apparmor=\"DENIED\" operation=\"dbus_method_call\" bus=\"system\" path=\"/org/x\" interface=\"org.x\" member=\"Go\" mask=\"send\" name=\"org.x\" pid=2190 label=\"snap.a\" peer_label=\"unconfined\" exe=\"/usr/bin/dbus-daemon\" sauid=107 hostname=? addr=? terminal=?'\n",
        );
        insta::assert_snapshot!(json);
        insta::assert_snapshot!(csv);
    }

    #[test]
    fn hostile_and_odd_values() {
        let (json, csv) = shown(
            b"type=AVC msg=audit(1791968189.402:695): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=2F746D702FFF1B5B33316D pid=638 comm=3D312B31 time=\"x\" odd=1 odd=2\n",
        );
        insta::assert_snapshot!(json);
        insta::assert_snapshot!(csv);
        let back: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(back["name_hex"], "2f746d702fff1b5b33316d");
        assert_eq!(back["comm"], "=1+1");
    }
}
