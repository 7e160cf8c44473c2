//! `events.parquet`: one row an event.

use std::borrow::Cow;
use std::io;

use aaf_case::EventContext;
use aaf_model::record::ContextKind;
use aaf_model::{Field, HexId, Key, Role};
use aaf_timeline::Event;
use aaf_timeline::fold::parse_i64;
use aaf_timeline::sorted::Entry;

use crate::columns::{Column, Kind, column};
use crate::encode::{Group, Layout};
use crate::ids::Ids;

const EXTRA: &[(&str, Kind)] = &[("key", Kind::Word), ("value", Kind::Word), ("value_bytes", Kind::Bytes)];
const PATHS: &[(&str, Kind)] = &[
    ("name", Kind::Word),
    ("name_bytes", Kind::Bytes),
    ("nametype", Kind::Word),
    ("inode", Kind::Word),
    ("dev", Kind::Word),
];

/// Text columns that are a key of the record and nothing else.
const TEXT_KEYS: &[(&str, Key, &str)] = &[
    ("operation", Key::Operation, "`operation=`; null where the record has none"),
    ("label", Key::Label, "`label=`, of compound labels and D-Bus; null where absent"),
    ("namespace", Key::Namespace, "`namespace=` of the policy; null for the root namespace"),
    ("name", Key::Name, "`name=`: the object, as resolved by the kernel; null where absent"),
    ("target", Key::Target, "`target=`: link target or profile to change to; null where absent"),
    ("peer", Key::Peer, "`peer=`: label of the other task; null where absent"),
    (
        "comm",
        Key::Comm,
        "`comm=`: name of the acting thread, up to 15 bytes, chosen by itself; null where absent",
    ),
    ("info", Key::Info, "`info=`: the kernel's remark; null where absent"),
    ("capname", Key::Capname, "`capname=`; null where absent"),
    ("family", Key::Family, "`family=` of the socket; null where absent"),
    ("sock_type", Key::SockType, "`sock_type=`; null where absent"),
    ("protocol", Key::Protocol, "`protocol=` as printed; null where absent"),
    ("addr", Key::Addr, "`addr=` of a unix socket, `@` for abstract; null where absent"),
    ("peer_addr", Key::PeerAddr, "`peer_addr=` of a unix socket; null where absent"),
    ("laddr", Key::Laddr, "`laddr=`: local address; null where absent"),
    ("faddr", Key::Faddr, "`faddr=`: foreign address; null where absent"),
    ("signal", Key::Signal, "`signal=`; null where absent"),
    ("fstype", Key::Fstype, "`fstype=` of a mount; null where absent"),
    ("srcname", Key::Srcname, "`srcname=` of a mount; null where absent"),
    ("flags", Key::Flags, "`flags=` of a mount; null where absent"),
    ("bus", Key::Bus, "`bus=` of D-Bus; null where absent"),
    ("dbus_path", Key::Path, "`path=` of D-Bus; null where absent"),
    ("interface", Key::Interface, "`interface=` of D-Bus; null where absent"),
    ("member", Key::Member, "`member=` (or `method=`) of D-Bus; null where absent"),
    ("peer_label", Key::PeerLabel, "`peer_label=` of D-Bus; null where absent"),
];

/// Integer columns that are a key of the record.
const INT_KEYS: &[(&str, Key, &str)] = &[
    ("pid", Key::Pid, "`pid=` of the acting task (of the subject in D-Bus records); null where absent"),
    ("fsuid", Key::Fsuid, "`fsuid=`: file-system user id of the task; null where absent"),
    ("ouid", Key::Ouid, "`ouid=`: owner of the object; null where absent"),
    ("error", Key::Error, "`error=`: negative errno; null where absent"),
    ("capability", Key::Capability, "`capability=` number; null where absent"),
    ("lport", Key::Lport, "`lport=`: local port; null where absent"),
    ("fport", Key::Fport, "`fport=`: foreign port; null where absent"),
    ("peer_pid", Key::PeerPid, "`peer_pid=` of D-Bus; null where absent"),
];

/// Text columns from the joined SYSCALL, CWD and PROCTITLE.
const JOINED_TEXT: &[(&str, u16, Key, &str)] = &[
    ("exe", 1300, Key::Exe, "`exe=` of the joined SYSCALL; null where none was joined"),
    ("tty", 1300, Key::Tty, "`tty=` of the joined SYSCALL; null where none was joined"),
    ("key", 1300, Key::AuditKey, "`key=` of the audit rule; null where none was joined"),
    ("arch", 1300, Key::Arch, "`arch=` of the joined SYSCALL, hexadecimal; null where none was joined"),
    (
        "syscall",
        1300,
        Key::Syscall,
        "`syscall=` number (or name) of the joined SYSCALL; null where none was joined",
    ),
    ("cwd", 1307, Key::Cwd, "`cwd=` of the joined CWD; null where none was joined"),
    ("sockaddr", 1306, Key::Saddr, "`saddr=` of the joined SOCKADDR as printed; null where none was joined"),
];

/// Integer columns from the joined SYSCALL.
const JOINED_INT: &[(&str, Key, &str)] = &[
    ("ppid", Key::Ppid, "`ppid=` of the joined SYSCALL; null where none was joined"),
    ("uid", Key::Uid, "`uid=` of the joined SYSCALL; null where none was joined"),
    ("euid", Key::Euid, "`euid=` of the joined SYSCALL; null where none was joined"),
    ("auid", Key::Auid, "`auid=`: login user id, 4294967295 where unset; null where none was joined"),
    ("ses", Key::Ses, "`ses=`: login session, 4294967295 where unset; null where none was joined"),
    ("exit", Key::Exit, "`exit=`: return value or negative errno; null where none was joined"),
];

/// The columns, in order.
pub fn columns() -> Vec<Column> {
    let mut columns = vec![
        column("event_id", Kind::Word, "id derived from content, 16 hex digits").required().distinct(),
        column("kind", Kind::Word, "`apparmor` for records, `context` for lines that explain").required(),
        column("context", Kind::Word, "kind of a context line; null for records"),
        column("time", Kind::Time, "settled time, microseconds, UTC; null where nothing gives one").distinct(),
        column("time_source", Kind::Word, "where `time` comes from: `audit_epoch`, `serial_order`, `journal_source`, `envelope`, `envelope_neighbours`, `envelope_file`, `envelope_assumed`, `monotonic`, `ingestion`, `none`").required(),
        column("time_error_us", Kind::Int, "how far `time` may be off, microseconds; null without time"),
        column(
            "clock_correction_us",
            Kind::Int,
            "what `--clock` added to the host's own time to give `time`, microseconds; null where nothing",
        ),
        column("host", Kind::Word, "host as the line or its collection says; null where neither does"),
        column("audit_id", Kind::Word, "`seconds.milliseconds:serial` of the audit header; null without one").distinct(),
        column("serial", Kind::Int, "serial of the audit header; null without one").distinct(),
        column("episode_id", Kind::Word, "episode of its profile, 16 hex digits; the incident stands in `timelines.parquet`, since what a profile suffered belongs to whoever did it; null for context lines and plain loading of policy"),
        column("verdict", Kind::Word, "the kernel's word: DENIED, ALLOWED, AUDIT, KILLED, STATUS, HINT, ERROR, AUTO; null where none or another one was printed"),
        column("class", Kind::Word, "kind of check, from `class=` or the other keys").required(),
        column("attempt", Kind::Word, "what was attempted, by operation and path; null for context lines"),
        column("outcome", Kind::Word, "`refused`, `killed`, `succeeded` (the joined SYSCALL says so), `failed`, `not-stopped` (outcome unknown), `recorded` (policy); null where nothing was checked"),
        column("authenticity", Kind::Word, "`kernel` (journald or auditd had it from the kernel), `daemon` (dbus-daemon), `unverified` (anyone could have written it there; nothing speaks against it), `rewritten` (printed anew by a tool), `doubtful`, `forged-looking`: how far it can be believed; null for context lines"),
        column("authenticity_score", Kind::Int, "the same from 0 to 100; null for context lines"),
        column("authenticity_reasons", Kind::Words, "what lowers it, by word").required(),
        column("profile", Kind::Text, "`profile=`, else `label=`; for policy changes the profile that is touched; `:namespace:profile` where it is not the host's; null where absent"),
        column("profile_root", Kind::Text, "the profile whose timeline the event stands in; null where absent"),
        column("requested", Kind::Text, "`requested_mask=`, `requested=` or `mask=`; null where absent"),
        column("denied", Kind::Text, "`denied_mask=` or `denied=`; null where absent"),
    ];
    columns.extend(TEXT_KEYS.iter().map(|&(name, _, meaning)| column(name, Kind::Text, meaning)));
    columns.extend(INT_KEYS.iter().map(|&(name, _, meaning)| column(name, Kind::Int, meaning)));
    columns.extend(JOINED_TEXT.iter().map(|&(name, _, _, meaning)| column(name, Kind::Text, meaning)));
    columns.extend(JOINED_INT.iter().map(|&(name, _, meaning)| column(name, Kind::Int, meaning)));
    columns.extend([
        column("success", Kind::Bool, "`success=` of the joined SYSCALL; null where none was joined"),
        column(
            "proctitle",
            Kind::Text,
            "command line of the joined PROCTITLE, NUL as blank, up to 128 bytes; null where none was joined",
        ),
        column(
            "argv",
            Kind::Words,
            "arguments of the joined EXECVE, U+FFFD where no UTF-8; empty where none was joined",
        )
        .required(),
        column(
            "paths",
            Kind::Structs(PATHS),
            "names of the joined PATH records, as asked for, with inode and device (`major:minor`, hexadecimal); empty where none \
             was joined",
        )
        .required(),
        column("extra", Kind::Structs(EXTRA), "every further key of the record in order, repeated ones too")
            .required(),
        column("notes", Kind::Words, "what is odd about the record, by word").required(),
        column("sightings", Kind::Int32, "lines that show this event").required(),
        column("carriers", Kind::Words, "the envelopes it was seen in").required(),
    ]);
    columns
}

/// Keys that have a column of their own.
fn has_column(key: Key) -> bool {
    matches!(
        key,
        Key::Apparmor
            | Key::Class
            | Key::Profile
            | Key::RequestedMask
            | Key::DeniedMask
            | Key::Requested
            | Key::Denied
            | Key::Mask
            | Key::Method
    ) || TEXT_KEYS.iter().any(|&(_, known, _)| known == key)
        || INT_KEYS.iter().any(|&(_, known, _)| known == key)
}

/// Where the columns lie in a row group.
pub struct Places {
    event_id: usize,
    kind: usize,
    context: usize,
    time: usize,
    time_source: usize,
    time_error: usize,
    correction: usize,
    host: usize,
    audit_id: usize,
    serial: usize,
    episode_id: usize,
    verdict: usize,
    class: usize,
    attempt: usize,
    outcome: usize,
    authenticity: usize,
    score: usize,
    reasons: usize,
    profile: usize,
    profile_root: usize,
    requested: usize,
    denied: usize,
    member: usize,
    /// What becomes of each of a record's own keys, by the key's number.
    own: Vec<Own>,
    joined_texts: Vec<usize>,
    joined_ints: Vec<usize>,
    success: usize,
    proctitle: usize,
    argv: usize,
    paths: usize,
    extra: usize,
    notes: usize,
    sightings: usize,
    carriers: usize,
}

/// What becomes of a record's own key.
#[derive(Clone, Copy)]
enum Own {
    /// It is a text column.
    Text(usize),
    /// It is a column of numbers.
    Int(usize),
    /// It has no column.
    Extra,
    /// It is read by itself.
    Elsewhere,
}

impl Places {
    /// In this layout.
    pub fn new(layout: &Layout) -> Places {
        let at = |name: &str| layout.at(name);
        let own = |&key: &Key| {
            let text = TEXT_KEYS.iter().find(|&&(_, known, _)| known == key && key != Key::Member);
            let int = INT_KEYS.iter().find(|&&(_, known, _)| known == key);
            match (text, int) {
                (Some((name, ..)), _) => Own::Text(at(name)),
                (_, Some((name, ..))) => Own::Int(at(name)),
                _ if has_column(key) => Own::Elsewhere,
                _ => Own::Extra,
            }
        };
        Places {
            event_id: at("event_id"),
            kind: at("kind"),
            context: at("context"),
            time: at("time"),
            time_source: at("time_source"),
            time_error: at("time_error_us"),
            correction: at("clock_correction_us"),
            host: at("host"),
            audit_id: at("audit_id"),
            serial: at("serial"),
            episode_id: at("episode_id"),
            verdict: at("verdict"),
            class: at("class"),
            attempt: at("attempt"),
            outcome: at("outcome"),
            authenticity: at("authenticity"),
            score: at("authenticity_score"),
            reasons: at("authenticity_reasons"),
            profile: at("profile"),
            profile_root: at("profile_root"),
            requested: at("requested"),
            denied: at("denied"),
            member: at("member"),
            own: Key::ALL.iter().map(own).collect(),
            joined_texts: JOINED_TEXT.iter().map(|&(name, ..)| at(name)).collect(),
            joined_ints: JOINED_INT.iter().map(|&(name, ..)| at(name)).collect(),
            success: at("success"),
            proctitle: at("proctitle"),
            argv: at("argv"),
            paths: at("paths"),
            extra: at("extra"),
            notes: at("notes"),
            sightings: at("sightings"),
            carriers: at("carriers"),
        }
    }

    /// Adds a row for an event, whose ids these are.
    pub fn push(
        &self,
        context: &EventContext<'_>,
        event: &Event<'_>,
        ids: &Ids,
        to: &mut Group,
    ) -> io::Result<()> {
        let at = to.next_row()?;
        let row = event.primary.row;
        let is_record = row.role == Role::Record;
        to.word(self.event_id, at, ids.event());
        to.word(self.kind, at, if is_record { "apparmor" } else { "context" });
        if row.context != ContextKind::None {
            to.word(self.context, at, row.context.as_str());
        }
        if event.time_us != i64::MIN {
            to.int(self.time, at, event.time_us);
            to.int(self.time_error, at, event.time_error_us);
            if context.hosts.is_corrected(event.host) {
                to.int(self.correction, at, context.hosts.correction_us(event.host));
            }
        }
        to.word(self.time_source, at, event.time_source.as_str());
        if let Some(host) = context.hosts.name(event.host) {
            to.word(self.host, at, host);
        }
        if let (Some(id), Some(text)) = (event.audit_id, ids.audit()) {
            to.word(self.audit_id, at, text);
            to.int(self.serial, at, i64::from(id.serial));
        }
        if let Some(episode) = event.episode {
            to.word(self.episode_id, at, HexId::of(episode).as_str());
        }
        if !row.verdict.as_str().is_empty() {
            to.word(self.verdict, at, row.verdict.as_str());
        }
        to.word(self.class, at, row.class.as_str());
        if let Some(attempt) = event.attempt {
            to.word(self.attempt, at, attempt.as_str());
        }
        if let Some(outcome) = event.outcome {
            to.word(self.outcome, at, outcome.as_str());
        }
        if is_record {
            to.word(self.authenticity, at, event.authenticity.level.as_str());
            to.int(self.score, at, i64::from(event.authenticity.score));
        }
        for reason in event.authenticity.reasons.words() {
            to.word(self.reasons, at, reason);
        }
        if !event.profile.is_empty() {
            to.text(self.profile, at, &event.profile);
        }
        let root = event.profile_root();
        if !root.is_empty() {
            to.text(self.profile_root, at, root);
        }
        if let Some(value) = first_of(event, &[Key::RequestedMask, Key::Requested, Key::Mask]) {
            to.text(self.requested, at, &value);
        }
        if let Some(value) = first_of(event, &[Key::DeniedMask, Key::Denied]) {
            to.text(self.denied, at, &value);
        }
        if let Some(value) = first_of(event, &[Key::Member, Key::Method]) {
            to.text(self.member, at, &value);
        }
        self.own(event, at, to);
        self.joined(event, at, to);
        for note in row.notes.words() {
            to.word(self.notes, at, note);
        }
        let range = event.sightings.clone();
        to.int32(self.sightings, at, range.len() as i32);
        self.carriers(context, &context.events.sightings[range], at, to);
        Ok(())
    }

    /// The record's own keys: each has a column or stands among the further ones; so does what is repeated.
    fn own(&self, event: &Event<'_>, at: usize, to: &mut Group) {
        let fields = event.primary.own_fields();
        let bytes = event.primary.bytes;
        for field in fields {
            let is_first = event.index.get(field.key, fields).is_some_and(|known| std::ptr::eq(known, field));
            let own = match self.own.get(field.key as usize) {
                Some(&own) if is_first => own,
                _ => Own::Extra,
            };
            match own {
                Own::Text(place) => to.text(place, at, &field.bytes(bytes)),
                Own::Int(place) => {
                    if let Some(value) = own_int(field, bytes) {
                        to.int(place, at, value);
                    }
                }
                Own::Extra => {
                    let value = field.bytes(bytes);
                    to.member(self.extra, at, Some(field.name(bytes)));
                    to.member(self.extra + 1, at, Some(&value));
                    to.member_twin(self.extra + 2, at, Some(&value));
                }
                Own::Elsewhere => {}
            }
        }
    }

    /// What the other records of the call say.
    fn joined(&self, event: &Event<'_>, at: usize, to: &mut Group) {
        let bytes = event.joined.bytes;
        if let Some(success) = event.success
            && let Some(leaf) = to.leaf(self.success)
        {
            leaf.flag(at, success);
        }
        let mut seen = 0u16;
        for companion in event.joined.companions {
            let fields = event.joined.fields_of(companion);
            let bit = match companion.audit_type {
                1300 => 1,
                1306 => 2,
                1307 => 4,
                1309 => 8,
                1327 => 16,
                1302 => {
                    self.path(fields, bytes, at, to);
                    continue;
                }
                _ => continue,
            };
            // Of several of one kind the first one speaks.
            if seen & bit != 0 {
                continue;
            }
            seen |= bit;
            match companion.audit_type {
                1309 => {
                    for field in arguments(fields, bytes) {
                        to.member(self.argv, at, Some(&field.bytes(bytes)));
                    }
                }
                1327 => {
                    if let Some(title) = fields.iter().find(|field| field.key == Key::Proctitle) {
                        to.text(self.proctitle, at, &blank_nul(title.bytes(bytes)));
                    }
                }
                audit_type => {
                    for (&place, &(_, of_type, key, _)) in self.joined_texts.iter().zip(JOINED_TEXT) {
                        if of_type == audit_type
                            && let Some(field) = fields.iter().find(|field| field.key == key)
                        {
                            to.text(place, at, &field.bytes(bytes));
                        }
                    }
                    if audit_type == 1300 {
                        for (&place, &(_, key, _)) in self.joined_ints.iter().zip(JOINED_INT) {
                            let field = fields.iter().find(|field| field.key == key);
                            if let Some(value) = field.and_then(|field| parse_i64(field.value.of(bytes))) {
                                to.int(place, at, value);
                            }
                        }
                    }
                }
            }
        }
    }

    fn path(&self, fields: &[Field], bytes: &[u8], at: usize, to: &mut Group) {
        let value = |key: Key| fields.iter().find(|field| field.key == key).map(|field| field.bytes(bytes));
        let name = value(Key::Name);
        to.member(self.paths, at, name.as_deref());
        to.member_twin(self.paths + 1, at, name.as_deref());
        for (member, key) in [(2, Key::Nametype), (3, Key::Inode), (4, Key::Dev)] {
            to.member(self.paths + member, at, value(key).as_deref());
        }
    }

    fn carriers(&self, context: &EventContext<'_>, sightings: &[Entry], at: usize, to: &mut Group) {
        let carrier = |entry: &Entry| context.batch.view(entry).row.carrier.as_str();
        if let [only] = sightings {
            to.word(self.carriers, at, carrier(only));
            return;
        }
        let mut carriers: Vec<&str> = sightings.iter().map(carrier).collect();
        carriers.sort_unstable();
        carriers.dedup();
        for carrier in carriers {
            to.word(self.carriers, at, carrier);
        }
    }
}

fn first_of<'b>(event: &Event<'b>, keys: &[Key]) -> Option<Cow<'b, [u8]>> {
    keys.iter().find_map(|&key| event.value(key))
}

fn own_int(field: &Field, bytes: &[u8]) -> Option<i64> {
    let value = parse_i64(field.value.of(bytes))?;
    // The kernel prints user ids as signed: −2 is 4294967294.
    let is_user_id = matches!(field.key, Key::Fsuid | Key::Ouid);
    Some(if is_user_id && value < 0 { value + (1 << 32) } else { value })
}

fn blank_nul(title: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if !title.contains(&0) {
        return title;
    }
    Cow::Owned(title.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect())
}

/// The `a0`, `a1`, … of an EXECVE.
fn arguments<'f>(fields: &'f [Field], bytes: &'f [u8]) -> impl Iterator<Item = &'f Field> {
    fields.iter().filter(move |field| match field.key {
        Key::A0 | Key::A1 | Key::A2 | Key::A3 => true,
        Key::Unknown => {
            let name = field.name(bytes);
            name.first() == Some(&b'a')
                && name.len() > 1
                && name[1].is_ascii_digit()
                && !name.ends_with(b"_len")
        }
        _ => false,
    })
}
