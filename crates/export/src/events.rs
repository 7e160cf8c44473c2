//! `events.parquet`: one row an event.

use std::borrow::Cow;
use std::sync::Arc;

use aaf_case::{EventContext, hex};
use aaf_model::record::ContextKind;
use aaf_model::{AuditId, Field, Key, Role};
use aaf_timeline::Event;
use aaf_timeline::fold::parse_i64;
use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Int32Builder, Int64Builder, ListBuilder, RecordBatch,
    StringBuilder, StructBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field as ArrowField, SchemaRef};
use arrow::error::ArrowError;

use crate::columns::{Column, Kind, TextBuilder, column, struct_fields};

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
        column("profile", Kind::Text, "`profile=`, else `label=`; for policy changes the profile that is touched; null where absent"),
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

type StructListBuilder = ListBuilder<StructBuilder>;

pub(crate) fn struct_list(members: &'static [(&'static str, Kind)]) -> StructListBuilder {
    let fields = struct_fields(members);
    let item = ArrowField::new("item", DataType::Struct(fields.clone()), false);
    ListBuilder::new(StructBuilder::from_fields(fields, 0)).with_field(item)
}

fn word_list() -> ListBuilder<StringBuilder> {
    ListBuilder::new(StringBuilder::new()).with_field(ArrowField::new("item", DataType::Utf8, false))
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

/// The table of some events of a batch.
pub fn batch(
    schema: &SchemaRef,
    context: &EventContext<'_>,
    events: &[Event<'_>],
) -> Result<RecordBatch, ArrowError> {
    let rows = events.len();
    let word = || StringBuilder::with_capacity(rows, rows * 8);
    let [mut event_id, mut kind, mut context_kind, mut time_source, mut host] =
        [word(), word(), word(), word(), word()];
    let [mut audit_id, mut episode_id, mut verdict, mut class, mut attempt, mut outcome] =
        [word(), word(), word(), word(), word(), word()];
    let mut authenticity = word();
    let mut score = Int64Builder::with_capacity(rows);
    let mut reasons = word_list();
    let mut time = TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC");
    let mut time_error = Int64Builder::with_capacity(rows);
    let mut correction = Int64Builder::with_capacity(rows);
    let mut serial = Int64Builder::with_capacity(rows);
    let [mut profile, mut profile_root, mut requested, mut denied, mut proctitle] =
        [(); 5].map(|()| TextBuilder::new(rows));
    let mut texts: Vec<TextBuilder> = TEXT_KEYS.iter().map(|_| TextBuilder::new(rows)).collect();
    let mut ints: Vec<Int64Builder> = INT_KEYS.iter().map(|_| Int64Builder::with_capacity(rows)).collect();
    let mut joined_texts: Vec<TextBuilder> = JOINED_TEXT.iter().map(|_| TextBuilder::new(rows)).collect();
    let mut joined_ints: Vec<Int64Builder> =
        JOINED_INT.iter().map(|_| Int64Builder::with_capacity(rows)).collect();
    let mut success = BooleanBuilder::with_capacity(rows);
    let mut argv = word_list();
    let mut paths = struct_list(PATHS);
    let mut extra = struct_list(EXTRA);
    let mut notes = word_list();
    let mut sightings = Int32Builder::with_capacity(rows);
    let mut carriers = word_list();
    let extra_keys: Vec<bool> =
        Key::ALL.iter().map(|&key| !has_column(key)).chain(std::iter::once(true)).collect();
    let mut seen_carriers: Vec<&'static str> = Vec::new();
    for event in events {
        let row = event.primary.row;
        let is_record = row.role == Role::Record;
        push_hex(&mut event_id, event.id);
        kind.append_value(if is_record { "apparmor" } else { "context" });
        match row.context {
            ContextKind::None => context_kind.append_null(),
            it => context_kind.append_value(it.as_str()),
        }
        if event.time_us == i64::MIN {
            time.append_null();
            time_error.append_null();
        } else {
            time.append_value(event.time_us);
            time_error.append_value(event.time_error_us);
        }
        let corrected = context.hosts.is_corrected(event.host) && event.time_us != i64::MIN;
        correction.append_option(corrected.then(|| context.hosts.correction_us(event.host)));
        time_source.append_value(event.time_source.as_str());
        host.append_option(context.hosts.name(event.host));
        match event.audit_id {
            Some(id) => {
                push_audit_id(&mut audit_id, id);
                serial.append_value(i64::from(id.serial));
            }
            None => {
                audit_id.append_null();
                serial.append_null();
            }
        }
        match event.episode {
            Some(incident) => push_hex(&mut episode_id, incident),
            None => episode_id.append_null(),
        }
        match row.verdict.as_str() {
            "" => verdict.append_null(),
            it => verdict.append_value(it),
        }
        class.append_value(row.class.as_str());
        attempt.append_option(event.attempt.map(|it| it.as_str()));
        outcome.append_option(event.outcome.map(|it| it.as_str()));
        let believed = is_record.then_some(&event.authenticity);
        authenticity.append_option(believed.map(|it| it.level.as_str()));
        score.append_option(believed.map(|it| i64::from(it.score)));
        for reason in event.authenticity.reasons.words() {
            reasons.values().append_value(reason);
        }
        reasons.append(true);
        profile.push((!event.profile.is_empty()).then_some(&*event.profile));
        let root = event.profile_root();
        profile_root.push((!root.is_empty()).then_some(root));
        requested.push_cow(first_of(event, &[Key::RequestedMask, Key::Requested, Key::Mask]));
        denied.push_cow(first_of(event, &[Key::DeniedMask, Key::Denied]));
        for (builder, &(_, key, _)) in texts.iter_mut().zip(TEXT_KEYS) {
            let value = match key {
                Key::Member => first_of(event, &[Key::Member, Key::Method]),
                key => event.value(key),
            };
            builder.push_cow(value);
        }
        for (builder, &(_, key, _)) in ints.iter_mut().zip(INT_KEYS) {
            builder.append_option(own_int(event, key));
        }
        joined(event, &mut joined_texts, &mut joined_ints);
        success.append_option(event.success);
        proctitle.push_cow(event.companion_value(1327, Key::Proctitle).map(blank_nul));
        if let Some((_, fields)) = event.companion(1309) {
            for field in arguments(fields, event.joined.bytes) {
                argv.values().append_value(String::from_utf8_lossy(&field.bytes(event.joined.bytes)));
            }
        }
        argv.append(true);
        push_paths(event, &mut paths);
        paths.append(true);
        push_extra(event, &extra_keys, &mut extra);
        extra.append(true);
        for note in row.notes.words() {
            notes.values().append_value(note);
        }
        notes.append(true);
        let range = event.sightings.clone();
        sightings.append_value(range.len() as i32);
        seen_carriers.clear();
        for entry in &context.events.sightings[range] {
            let carrier = context.batch.view(entry).row.carrier.as_str();
            if !seen_carriers.contains(&carrier) {
                seen_carriers.push(carrier);
            }
        }
        seen_carriers.sort_unstable();
        for carrier in &seen_carriers {
            carriers.values().append_value(carrier);
        }
        carriers.append(true);
    }
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(event_id.finish()),
        Arc::new(kind.finish()),
        Arc::new(context_kind.finish()),
        Arc::new(time.finish()),
        Arc::new(time_source.finish()),
        Arc::new(time_error.finish()),
        Arc::new(correction.finish()),
        Arc::new(host.finish()),
        Arc::new(audit_id.finish()),
        Arc::new(serial.finish()),
        Arc::new(episode_id.finish()),
        Arc::new(verdict.finish()),
        Arc::new(class.finish()),
        Arc::new(attempt.finish()),
        Arc::new(outcome.finish()),
        Arc::new(authenticity.finish()),
        Arc::new(score.finish()),
        Arc::new(reasons.finish()),
    ];
    for text in [profile, profile_root, requested, denied] {
        arrays.extend(text.finish());
    }
    arrays.extend(texts.into_iter().flat_map(TextBuilder::finish));
    arrays.extend(ints.into_iter().map(|mut builder| Arc::new(builder.finish()) as ArrayRef));
    arrays.extend(joined_texts.into_iter().flat_map(TextBuilder::finish));
    arrays.extend(joined_ints.into_iter().map(|mut builder| Arc::new(builder.finish()) as ArrayRef));
    arrays.push(Arc::new(success.finish()));
    arrays.extend(proctitle.finish());
    arrays.push(Arc::new(argv.finish()));
    arrays.push(Arc::new(paths.finish()));
    arrays.push(Arc::new(extra.finish()));
    arrays.push(Arc::new(notes.finish()));
    arrays.push(Arc::new(sightings.finish()));
    arrays.push(Arc::new(carriers.finish()));
    RecordBatch::try_new(Arc::clone(schema), arrays)
}

fn first_of<'b>(event: &Event<'b>, keys: &[Key]) -> Option<Cow<'b, [u8]>> {
    keys.iter().find_map(|&key| event.value(key))
}

/// Appends an id as sixteen hexadecimal digits.
fn push_hex(builder: &mut StringBuilder, id: u64) {
    let mut digits = [0u8; 16];
    for (at, digit) in digits.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(id >> (60 - 4 * at) & 15) as usize];
    }
    match std::str::from_utf8(&digits) {
        Ok(text) => builder.append_value(text),
        Err(_) => builder.append_value(hex(id)),
    }
}

/// Appends `seconds.milliseconds:serial`.
fn push_audit_id(builder: &mut StringBuilder, id: AuditId) {
    use std::fmt::Write;
    // Writing to a builder in memory cannot fail.
    let _ = write!(builder, "{id}");
    builder.append_value("");
}

fn own_int(event: &Event<'_>, key: Key) -> Option<i64> {
    let field = event.index.get(key, event.primary.own_fields())?;
    let value = parse_i64(field.value.of(event.primary.bytes))?;
    // The kernel prints user ids as signed: −2 is 4294967294.
    let is_user_id = matches!(key, Key::Fsuid | Key::Ouid);
    Some(if is_user_id && value < 0 { value + (1 << 32) } else { value })
}

/// One pass over the joined SYSCALL; CWD and SOCKADDR by themselves.
fn joined(event: &Event<'_>, texts: &mut [TextBuilder], ints: &mut [Int64Builder]) {
    let bytes = event.joined.bytes;
    let syscall = event.companion(1300).map_or(&[][..], |(_, fields)| fields);
    for (builder, &(_, audit_type, key, _)) in texts.iter_mut().zip(JOINED_TEXT) {
        let fields = if audit_type == 1300 {
            syscall
        } else if event.joined.companions.is_empty() {
            &[]
        } else {
            event.companion(audit_type).map_or(&[][..], |(_, fields)| fields)
        };
        let field = fields.iter().find(|field| field.key == key);
        builder.push_cow(field.map(|field| field.bytes(bytes)));
    }
    for (builder, &(_, key, _)) in ints.iter_mut().zip(JOINED_INT) {
        let field = syscall.iter().find(|field| field.key == key);
        builder.append_option(field.and_then(|field| parse_i64(field.value.of(bytes))));
    }
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

fn push_paths(event: &Event<'_>, paths: &mut StructListBuilder) {
    for companion in event.joined.companions.iter().filter(|companion| companion.audit_type == 1302) {
        let fields = event.joined.fields_of(companion);
        let value = |key: Key| fields.iter().find(|field| field.key == key);
        let name = value(Key::Name).map(|field| field.bytes(event.joined.bytes));
        let nametype = value(Key::Nametype).map(|field| field.bytes(event.joined.bytes));
        let item = paths.values();
        push_member(item, 0, Some(1), name.as_deref());
        push_member(item, 2, None, nametype.as_deref());
        for (at, key) in [(3, Key::Inode), (4, Key::Dev)] {
            let field = value(key).map(|field| field.bytes(event.joined.bytes));
            push_member(item, at, None, field.as_deref());
        }
        item.append(true);
    }
}

fn push_extra(event: &Event<'_>, extra_keys: &[bool], extra: &mut StructListBuilder) {
    let fields = event.primary.own_fields();
    for (at, field) in fields.iter().enumerate() {
        let first = event.index.get(field.key, fields).is_some_and(|known| std::ptr::eq(known, &fields[at]));
        if first && !extra_keys.get(field.key as usize).copied().unwrap_or(true) {
            continue;
        }
        let value = field.bytes(event.primary.bytes);
        let item = extra.values();
        push_member(item, 0, None, Some(field.name(event.primary.bytes)));
        push_member(item, 1, Some(2), Some(&value));
        item.append(true);
    }
}

/// Appends a text member of a struct, and its bytes twin where it has one.
fn push_member(item: &mut StructBuilder, text: usize, twin: Option<usize>, value: Option<&[u8]>) {
    let valid = value.map(|bytes| std::str::from_utf8(bytes).is_ok());
    if let Some(builder) = item.field_builder::<StringBuilder>(text) {
        builder.append_option(value.map(String::from_utf8_lossy));
    }
    if let Some(builder) = twin.and_then(|twin| item.field_builder::<BinaryBuilder>(twin)) {
        builder.append_option(value.filter(|_| valid == Some(false)));
    }
}
