//! Parses one text: finds records, companions and context lines in it, and the envelope before them.

use aaf_model::{Carrier, ContextKind, Draft, Notes, Role, Span, Verdict};

use crate::envelope::{self, Envelope, kmsg};
use crate::header::{self, AuditHeader, Found};
use crate::lexis::{find_from, finders, is_blank, is_key, seek, skip_blanks};
use crate::{Extent, Output, body, companion, context, old, types};

/// How far before a record its `USER_AVC pid=… msg='` may begin.
const OUTER_BYTES: usize = 1024;
/// Text beyond this is not taken into a draft's piece as a whole.
const LONG_TEXT: usize = 64 << 10;

/// Parses the text and appends what is in it. Spans index the text.
pub(crate) fn parse(text: &[u8], out: &mut Output) {
    Walk { text, at: 0, envelope: None, first: out.drafts.len(), out }.run();
}

/// A line of audit.log that holds one record in the kernel's own spelling.
#[inline]
pub(crate) fn fast(text: &[u8], out: &mut Output) -> bool {
    let Some(found) = header::leading(text) else { return false };
    let start = found.header.body_start as usize;
    if found.header.audit_type != 1400
        || found.header.id.is_none()
        || !text[start..].starts_with(b"apparmor=\"")
        || !text.get(start + 10).is_some_and(u8::is_ascii_uppercase)
    {
        return false;
    }
    let first_field = out.fields.len();
    let read = body::record(text, start, text.len(), false, false, &mut out.fields);
    if read.known == 0 || text[read.next..].iter().any(|&byte| !is_blank(byte)) {
        out.fields.truncate(first_field);
        return false;
    }
    out.drafts.push(Draft {
        role: Role::Record,
        carrier: Carrier::AuditLog,
        piece: Span::new(0, text.len()),
        body: Span::new(start, read.end),
        first_field: first_field as u32,
        field_count: (out.fields.len() - first_field) as u32,
        audit_type: 1400,
        audit_id: found.header.id,
        host: found.header.node,
        verdict: read.verdict,
        notes: read.notes,
        ..Draft::default()
    });
    true
}

struct Walk<'t, 'o> {
    text: &'t [u8],
    /// Everything before is done.
    at: usize,
    envelope: Option<Envelope>,
    first: usize,
    out: &'o mut Output,
}

impl Walk<'_, '_> {
    fn run(&mut self) {
        let text = self.text;
        let mut header = header::leading(text).or_else(|| header::find(text, 0)).or_else(|| worded(text));
        let mut mark = find_mark(text, 0);
        loop {
            if header
                .is_some_and(|found| (found.header.body_start as usize) < self.at || found.start < self.at)
            {
                header = header::find(text, self.at);
            }
            if mark.is_some_and(|mark| mark < self.at) {
                mark = find_mark(text, self.at);
            }
            match (header, mark) {
                (Some(found), _) if mark.is_none_or(|mark| found.start < mark) => self.headed(&found, mark),
                (_, Some(mark)) => self.unheaded(mark),
                _ => break,
            }
        }
        if self.out.drafts.len() == self.first {
            self.without_key();
        }
        // A repeated message holds the record that was repeated.
        if self.out.drafts.len() == self.first || seek(text, 0, &finders::REPEATED).is_some() {
            self.context_text();
        }
        if self.out.drafts.len() - self.first == 1 && text.len() <= LONG_TEXT {
            self.out.drafts[self.first].piece = Span::new(0, text.len());
        }
    }

    /// The envelope of what begins at `start`; lines that share an envelope inherit it.
    fn envelope(&mut self, start: usize) -> Envelope {
        let text = self.text;
        match self.envelope {
            None => {
                let found = envelope::recognise(text, start);
                self.envelope = Some(found);
                found
            }
            Some(known) if start < self.at || known.is_of_another(text) => known,
            Some(known) => {
                let gap = text[self.at..start].trim_ascii().len();
                if gap < 12 {
                    return known;
                }
                let shift = self.at;
                let mut found = envelope::recognise(&text[shift..start], start - shift);
                if matches!(found.carrier, Carrier::Unknown | Carrier::Bare) {
                    return known;
                }
                let moved =
                    |span: Option<Span>| span.map(|span| Span { start: span.start + shift as u32, ..span });
                found.host = moved(found.host);
                found.program = moved(found.program);
                found.end += shift;
                self.envelope = Some(found);
                found
            }
        }
    }

    /// What the header and the envelope say.
    fn draft(&mut self, found: &Found, start: usize) -> Draft {
        let mut envelope = self.envelope(start);
        let header = &found.header;
        kmsg::name_program(&mut envelope, self.text, start);
        let mut notes = Notes::default();
        if found.damaged {
            notes.add(Notes::BAD_HEADER);
        }
        if found.interpreted {
            notes.add(Notes::INTERPRETED);
            if found.day_first {
                notes.add(Notes::DAY_FIRST);
            }
        }
        if kmsg::is_written(&envelope, self.text, found) {
            notes.add(Notes::USER_FACILITY);
        }
        let carrier = match envelope.carrier {
            Carrier::Bare if found.interpreted => Carrier::AuditInterpreted,
            Carrier::Bare if found.by_daemon => Carrier::AuditLog,
            Carrier::SyslogBsd | Carrier::SyslogIso | Carrier::SyslogIetf | Carrier::JournalShort
                if found.by_daemon =>
            {
                Carrier::Audisp
            }
            // `h audit: type=1400` is the shape of a text written into /dev/kmsg.
            Carrier::JournalAudit if header.id.is_some() => Carrier::JournalShort,
            carrier => carrier,
        };
        Draft {
            carrier,
            audit_type: header.audit_type,
            audit_id: header.id,
            stamp: if found.interpreted { found.stamp } else { envelope.stamp },
            monotonic_us: envelope.monotonic_us,
            host: header.node.or(envelope.host),
            program: envelope.program,
            notes,
            first_field: self.out.fields.len() as u32,
            ..Draft::default()
        }
    }

    /// What follows an audit header.
    fn headed(&mut self, found: &Found, mark: Option<usize>) {
        let text = self.text;
        let start = found.header.body_start as usize;
        let audit_type = found.header.audit_type;
        if (1500..=1507).contains(&audit_type) {
            return self.old(found);
        }
        let next = || header::find(text, start).map_or(text.len(), |found| found.start.max(start));
        if matches!(audit_type, 0 | 1107 | 1400 | 1420)
            && let Some(mark) = mark
            && (mark == start || mark < next())
        {
            let outer = (mark > start).then_some((start, mark));
            return self.record(found, mark, outer);
        }
        let limit = next();
        let trimmed = start + text[start..limit].trim_ascii_end().len();
        if matches!(audit_type, 0 | 1400) {
            self.bare_operation(found, start, limit);
            self.at = self.at.max(limit.max(start));
            return;
        }
        if audit_type == 1107 {
            self.at = limit.max(start);
            return;
        }
        let body = &text[start..trimmed];
        let kind = match context::of_type(audit_type) {
            ContextKind::None if context::is_policy(audit_type, body) => ContextKind::PolicyFile,
            ContextKind::Boot if audit_type == 2000 && !body.starts_with(b"state=initialized") => {
                ContextKind::None
            }
            kind => kind,
        };
        let mut draft = self.draft(found, found.start);
        draft.role = if kind == ContextKind::None { Role::Companion } else { Role::Context };
        draft.context = kind;
        let kind = (audit_type, found.interpreted);
        companion::pairs(text, start, trimmed, kind, Extent::Whole, &mut self.out.fields);
        draft.field_count = self.out.fields.len() as u32 - draft.first_field;
        if draft.role == Role::Context && draft.field_count == 0 && audit_type != 2000 {
            draft.role = Role::Companion;
        }
        draft.body = Span::new(start, trimmed);
        draft.piece = Span::new(found.start, limit.max(start));
        self.at = limit.max(start).max(self.at + 1);
        self.out.drafts.push(draft);
    }

    /// A record with `apparmor=` at `mark`; `outer` is the part of a user message before it.
    fn record(&mut self, found: &Found, mark: usize, outer: Option<(usize, usize)>) {
        let text = self.text;
        let mut draft = self.draft(found, found.start);
        let in_message = text[..mark].ends_with(b"msg='") || found.header.audit_type == 1107;
        let read = body::record(text, mark, text.len(), in_message, found.interpreted, &mut self.out.fields);
        if read.known == 0 && (found.header.id.is_none() || read.verdict == Verdict::Other) {
            self.out.fields.truncate(draft.first_field as usize);
            self.at = read.next.max(mark + 9);
            return;
        }
        draft.role = Role::Record;
        draft.verdict = read.verdict;
        draft.notes.0 |= read.notes.0;
        draft.body = Span::new(mark, read.end);
        let inner = self.out.fields.len();
        for (from, to) in outer.into_iter().chain(read.outer) {
            let kind = (1107, found.interpreted);
            companion::pairs(text, from, to, kind, Extent::Whole, &mut self.out.fields);
        }
        draft.outer_fields = (self.out.fields.len() - inner) as u32;
        draft.field_count = self.out.fields.len() as u32 - draft.first_field;
        draft.piece = Span::new(found.start, read.next);
        self.at = read.next.max(mark + 9);
        self.out.drafts.push(draft);
    }

    /// A record without an audit header.
    fn unheaded(&mut self, mark: usize) {
        let text = self.text;
        let low = self.at.max(mark.saturating_sub(OUTER_BYTES));
        let before = &text[low..mark];
        let mut found = Found { start: mark, ..Found::default() };
        let mut outer = None;
        if let Some(at) = before.windows(9).rposition(|window| window == b"USER_AVC ") {
            let word = low + at;
            found.start = word;
            found.header.audit_type = 1107;
            found.header.type_name = Span::new(word, word + 8);
            outer = Some((word + 9, mark));
        } else if let Some(head) = before.strip_suffix(b"AVC ") {
            found.start = low + head.len();
            found.header.audit_type = 1400;
            found.header.type_name = Span::new(found.start, found.start + 3);
            // `type=AVC msg=audit: …` of log templates keeps the type only.
        }
        let drafts = self.out.drafts.len();
        self.record(&found, mark, outer);
        if let Some(draft) = self.out.drafts.get_mut(drafts) {
            draft.notes.add(Notes::NO_HEADER);
        }
    }

    /// Records of kernels before 2.6.36: the type is the verdict.
    fn old(&mut self, found: &Found) {
        let text = self.text;
        let start = found.header.body_start as usize;
        let mut draft = self.draft(found, found.start);
        let limit = header::find(text, start).map_or(text.len(), |found| found.start.max(start));
        let verdict = types::old_verdict(found.header.audit_type);
        if let Some(by_word) = old::verdict(&text[start..limit]) {
            let end = old::read(text, start, limit, &mut self.out.fields);
            draft.verdict = by_word;
            draft.body = Span::new(start, end);
            self.at = limit.max(start);
        } else {
            let read = body::record(text, start, limit, false, found.interpreted, &mut self.out.fields);
            draft.verdict = if read.verdict == Verdict::None { verdict } else { read.verdict };
            draft.notes.0 |= read.notes.0;
            draft.body = Span::new(start, read.end);
            self.at = read.next.max(start);
            if read.known == 0 {
                self.out.fields.truncate(draft.first_field as usize);
                self.at = self.at.max(limit);
                return;
            }
        }
        self.at = self.at.max(start).max(found.start + 1);
        draft.field_count = self.out.fields.len() as u32 - draft.first_field;
        draft.piece = Span::new(found.start, self.at);
        self.out.drafts.push(draft);
    }

    /// A body that begins with `operation=`, without a verdict.
    fn bare_operation(&mut self, found: &Found, start: usize, limit: usize) {
        let text = self.text;
        if !text[start..limit].starts_with(b"operation=") {
            return;
        }
        let mut draft = self.draft(found, found.start);
        let read = body::record(text, start, limit, false, found.interpreted, &mut self.out.fields);
        if read.known < 3 || read.telling == 0 {
            self.out.fields.truncate(draft.first_field as usize);
            return;
        }
        draft.notes.0 |= read.notes.0;
        draft.body = Span::new(start, read.end);
        draft.field_count = self.out.fields.len() as u32 - draft.first_field;
        draft.piece = Span::new(found.start, limit);
        self.out.drafts.push(draft);
    }

    /// The last resort: a lost verdict, or the short form of aa-log.
    fn without_key(&mut self) {
        let text = self.text;
        let window = &text[..text.len().min(LONG_TEXT)];
        if let Some(start) = find_from(window, 0, b"operation=\"") {
            let found = Found { start, ..Found::default() };
            let standing_free = start == 0 || !is_key(text[start - 1]);
            let mut draft = self.draft(&found, start);
            let read = body::record(text, start, window.len(), false, false, &mut self.out.fields);
            if standing_free && read.telling >= 1 && read.known >= 3 {
                draft.notes.0 |= read.notes.0;
                draft.notes.add(Notes::NO_HEADER);
                draft.body = Span::new(start, read.end);
                draft.field_count = self.out.fields.len() as u32 - draft.first_field;
                draft.piece = Span::new(0, window.len());
                self.out.drafts.push(draft);
            } else {
                self.out.fields.truncate(draft.first_field as usize);
            }
        }
    }

    /// Messages of the kernel and of syslog daemons that are no audit records.
    fn context_text(&mut self) {
        let text = self.text;
        let Some((kind, start)) = context::of_text(text) else { return };
        let envelope = envelope::recognise(text, start);
        // Strict: the message stands right behind an envelope, or begins the line.
        if !text[envelope.end.min(start)..start].trim_ascii().is_empty() {
            return;
        }
        let first_field = self.out.fields.len();
        let end = text.len().min(start + LONG_TEXT);
        companion::pairs(text, start, end, (0, false), Extent::Whole, &mut self.out.fields);
        let mut notes = Notes::default();
        if kmsg::is_written(&envelope, text, &Found::default()) {
            notes.add(Notes::USER_FACILITY);
        }
        self.out.drafts.push(Draft {
            role: Role::Context,
            context: kind,
            carrier: envelope.carrier,
            piece: Span::new(0, end),
            body: Span::new(start, start + text[start..end].trim_ascii_end().len()),
            first_field: first_field as u32,
            field_count: (self.out.fields.len() - first_field) as u32,
            stamp: envelope.stamp,
            monotonic_us: envelope.monotonic_us,
            host: envelope.host,
            program: envelope.program,
            notes,
            ..Draft::default()
        });
    }
}

/// `SYSCALL arch=…` as journald prints audit messages: at the start, or behind `audit[123]: `.
fn worded(text: &[u8]) -> Option<Found> {
    let window = &text[..text.len().min(512)];
    let mut from = 0;
    let mut start = skip_blanks(window, 0);
    loop {
        let len = window[start..]
            .iter()
            .take(40)
            .take_while(|byte| {
                byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'[' | b']')
            })
            .count();
        let end = start + len;
        if len > 2 && window[start].is_ascii_uppercase() && window.get(end) == Some(&b' ') {
            let audit_type = types::number(&window[start..end]);
            let rest = &window[end + 1..];
            let name = rest.iter().take_while(|&&byte| is_key(byte)).count();
            if audit_type > 1000 && name > 0 && rest.get(name) == Some(&b'=') && audit_type != 1400 {
                let header = AuditHeader {
                    audit_type,
                    type_name: Span::new(start, end),
                    body_start: (end + 1) as u32,
                    ..AuditHeader::default()
                };
                // USER_AVC is read from its mark backwards.
                return (audit_type != 1107).then_some(Found { header, start, ..Found::default() });
            }
        }
        // The next `audit[123]: ` or `audit: `.
        let at = seek(window, from, &finders::AUDIT_WORD)?;
        from = at + 5;
        let mut after = from;
        if window.get(after) == Some(&b'[') {
            after += window[after..].iter().take(14).position(|&byte| byte == b']')? + 1;
        }
        if window[after..].starts_with(b": ") {
            start = after + 2;
        } else {
            start = window.len();
        }
    }
}

/// The next `apparmor=` with a verdict behind it.
fn find_mark(text: &[u8], from: usize) -> Option<usize> {
    let mut from = from;
    while let Some(at) = seek(text, from, &finders::MARK) {
        from = at + 9;
        let standing_free = match at.checked_sub(1).map(|before| text[before]) {
            None => true,
            // An underscore of Markdown, but not `subj_apparmor=`.
            Some(b'_') => at < 2 || !text[at - 2].is_ascii_alphanumeric(),
            Some(b'-' | b'.' | b'/' | b':') => false,
            Some(byte) => !byte.is_ascii_alphanumeric(),
        };
        if standing_free && is_verdict(&text[from..]) {
            return Some(at);
        }
    }
    None
}

/// Whether the text begins with a verdict, quoted or bare.
pub(crate) fn is_verdict(text: &[u8]) -> bool {
    if let Some(rest) = text.strip_prefix(b"\"") {
        let len = rest.iter().take(16).take_while(|byte| byte.is_ascii_uppercase()).count();
        return len >= 3 && rest.get(len).is_none_or(|&byte| byte == b'"');
    }
    let len = text.iter().take(16).take_while(|byte| byte.is_ascii_uppercase()).count();
    let word = Verdict::from_bytes(&text[..len]);
    len >= 3
        && !matches!(word, Verdict::None | Verdict::Other)
        && text.get(len).is_none_or(|&byte| is_blank(byte))
}
