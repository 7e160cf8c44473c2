//! The free text of AppArmor before 2.1: `REJECTING r access to /bin/df (sh(7902) profile /usr/sbin/x active SYSINFO)`.
//!
//! Source: security/apparmor of SLES 10 and openSUSE 10.x; the upstream library's old test records.

use aaf_model::{Field, Key, Quoting, Span, Verdict};

use crate::lexer::{Lexer, Token};
use crate::lexis::{find_from, leading_number};

/// What the first word says; none for anything else.
pub fn verdict(body: &[u8]) -> Option<Verdict> {
    const WORDS: &[(&[u8], Verdict)] = &[
        (b"REJECTING ", Verdict::Denied),
        (b"PERMITTING ", Verdict::Allowed),
        (b"AUDITING ", Verdict::Audit),
        (b"LOGPROF-HINT ", Verdict::Hint),
    ];
    WORDS.iter().find(|(word, _)| body.starts_with(word)).map(|&(_, verdict)| verdict)
}

/// Reads the text from `start`; returns where it ends.
pub fn read(text: &[u8], start: usize, limit: usize, fields: &mut Vec<Field>) -> usize {
    let end = start + text[start..limit].trim_ascii_end().len();
    let mut add = |key: Key, from: usize, to: usize| {
        if from < to && to <= end {
            fields.push(Field { key, quoting: Quoting::Bare, name_len: 0, value: Span::new(from, to) });
        }
    };
    let at = start + text[start..end].iter().position(|&byte| byte == b' ').map_or(end - start, |at| at + 1);
    if text[start..].starts_with(b"LOGPROF-HINT ") {
        let word_end = at + text[at..end].iter().position(|&byte| byte == b' ').unwrap_or(end - at);
        add(Key::Operation, at, word_end);
        let mut rest = word_end;
        if text[at..word_end] == *b"unknown_hat" {
            let hat = (word_end + 1).min(end);
            rest = hat + text[hat..end].iter().position(|&byte| byte == b' ').unwrap_or(end - hat);
            add(Key::Name, hat, rest);
        }
        pairs(text, rest, end, fields);
        return end;
    }
    // `(comm(pid) profile P active A)` stands last.
    let who =
        text[at..end].windows(9).rposition(|window| window == b" profile ").map(|found| at + found).and_then(
            |profile| Some((text[at..profile].iter().rposition(|&byte| byte == b' ')? + at + 1, profile)),
        );
    let mut what_end = end;
    if let Some((open, profile)) = who
        && text.get(open) == Some(&b'(')
    {
        what_end = open.saturating_sub(1).max(at);
        let inner = &text[open + 1..profile];
        if let Some(paren) = inner.iter().rposition(|&byte| byte == b'(') {
            let pid = open + 2 + paren;
            add(Key::Comm, open + 1, open + 1 + paren);
            add(Key::Pid, pid, pid + leading_number(&text[pid..profile]).1);
        }
        let name = profile + 9;
        let name_end = find_from(&text[..end], name, b" active ").unwrap_or(end);
        add(Key::Profile, name, name_end);
    }
    let what = &text[at..what_end];
    if let Some(found) = find_from(what, 0, b" access to ") {
        let head = &what[..found];
        let subject = at + found + 11;
        if let Some(from) =
            find_from(head, 0, b"link access from ").or(head.starts_with(b"link").then_some(0))
        {
            add(Key::Operation, at + from, at + from + 4);
        } else {
            add(Key::RequestedMask, at, at + found);
            add(Key::DeniedMask, at, at + found);
        }
        add(Key::Name, subject, what_end);
    } else if what.starts_with(b"link access from ") {
        add(Key::Operation, at, at + 4);
        let from = at + 17;
        match find_from(&text[..what_end], from, b" to ") {
            Some(to) => {
                add(Key::Name, from, to);
                add(Key::Target, to + 4, what_end);
            }
            None => add(Key::Name, from, what_end),
        }
    } else if let Some(rest) = what.strip_prefix(b"access to ") {
        let word = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
        add(Key::Operation, at + 10, at + 10 + word);
        add(Key::Name, (at + 11 + word).min(what_end), what_end);
    } else if let Some(found) = find_from(what, 0, b" on ") {
        add(Key::Operation, at, at + found);
        add(Key::Name, at + found + 4, what_end);
    }
    end
}

fn pairs(text: &[u8], start: usize, end: usize, fields: &mut Vec<Field>) {
    let mut lexer = Lexer::new(text, start, end);
    loop {
        match lexer.next() {
            Token::Pair(pair) => fields.push(Field {
                key: pair.key,
                quoting: Quoting::Bare,
                name_len: (pair.name_end - pair.name_start).min(255) as u8,
                value: Span::new(pair.value_start, pair.value_end),
            }),
            Token::End => return,
            _ => {}
        }
    }
}
