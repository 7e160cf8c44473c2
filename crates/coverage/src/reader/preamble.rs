//! Which profiles a file of the policy defines: names, attachments and flags, not the rules.
//!
//! The one place that looks into policy text; [`read`] can be replaced by a full parser. Source: apparmor.d(5).

use super::Sink;
use crate::found::{DiskProfile, What};
use crate::label::Mode;
use crate::text::{Line, lines, text};

/// Deeper nesting than this is no policy.
const MOST_LAYERS: usize = 32;

/// Reads the profiles, variables and includes of one file.
pub(super) fn read(bytes: &[u8], sink: &mut Sink) {
    let mut state = State::default();
    for line in lines(bytes) {
        state.line(line, sink);
    }
    if !state.open.is_empty() {
        sink.whole(What::Note("a profile is not closed at the end of the file".to_owned()));
    }
}

#[derive(Default)]
struct State {
    /// The words since the last rule or brace, and where the first stands.
    header: Vec<String>,
    place: (u32, u64),
    /// The name of the profile that each open brace belongs to; none where the brace only groups rules.
    open: Vec<Option<String>>,
}

impl State {
    fn line(&mut self, line: Line<'_>, sink: &mut Sink) {
        let mut rest = line.bytes.trim_ascii_start();
        if self.header.is_empty() {
            let include = rest.strip_prefix(b"#").unwrap_or(rest);
            if let Some(target) = include.strip_prefix(b"include") {
                let target = target.trim_ascii().strip_prefix(b"if exists").unwrap_or(target).trim_ascii();
                let target = text(target);
                sink.put(line, What::Includes(target.trim_matches(['<', '>', '"', ' ']).to_owned()));
                return;
            }
        }
        if self.header.is_empty() && assignment(&text(rest)).is_some() {
            return self.assign(line, sink);
        }
        while let Some((word, behind)) = word(rest) {
            rest = behind;
            self.word(word, line, sink);
        }
    }

    /// An assignment ends with its line.
    fn assign(&self, line: Line<'_>, sink: &mut Sink) {
        let shown = text(line.bytes);
        let Some((name, values)) = assignment(&shown) else { return };
        let mut rest = values.as_bytes();
        let mut all = Vec::new();
        while let Some((value, behind)) = word(rest) {
            rest = behind;
            if !matches!(&*value, "," | "{" | "}") {
                all.push(value);
            }
        }
        sink.put(line, What::Variable(name, all));
    }

    fn word(&mut self, word: String, line: Line<'_>, sink: &mut Sink) {
        match &*word {
            "{" => self.open(sink),
            "}" => {
                self.open.pop();
                self.header.clear();
            }
            "," => self.header.clear(),
            _ => {
                if self.header.is_empty() {
                    self.place = (line.number, line.offset_bytes);
                }
                // A header is short; what is longer is none.
                if self.header.len() < 256 {
                    self.header.push(word);
                }
            }
        }
    }

    fn open(&mut self, sink: &mut Sink) {
        let header = std::mem::take(&mut self.header);
        if self.open.len() >= MOST_LAYERS {
            return;
        }
        let parent = self.open.iter().rev().flatten().next().cloned();
        let found = profile(&header, parent.as_deref());
        self.open.push(found.as_ref().map(|found| found.name.clone()));
        if let Some(found) = found {
            let (line, offset_bytes) = self.place;
            sink.found.push(crate::found::Found { line, offset_bytes, what: What::OnDisk(found) });
        }
    }
}

/// `@{NAME} = VALUES` and `@{NAME}+=VALUES`, with or without blanks.
fn assignment(line: &str) -> Option<(String, &str)> {
    let rest = line.trim_start().strip_prefix("@{")?;
    let (name, rest) = rest.split_once('}')?;
    let rest = rest.trim_start();
    let values = rest.strip_prefix("+=").or_else(|| rest.strip_prefix('='))?;
    Some((name.to_owned(), values))
}

/// What a header defines, if it is one of a profile.
fn profile(header: &[String], parent: Option<&str>) -> Option<DiskProfile> {
    let (first, rest) = header.split_first()?;
    let (named, is_hat) = match &**first {
        "profile" => (rest, false),
        "hat" => (rest, true),
        _ if first.starts_with('^') => (header, true),
        // An attachment as the name, in the old form. Rules never open a brace.
        _ if first.starts_with(['/', '@', ':']) => (header, false),
        _ => return None,
    };
    let is_old = !is_hat && first != "profile";
    let (name, rest) = named.split_first()?;
    let name = name.trim_start_matches('^');
    let mut attachment = rest.first().filter(|word| word.starts_with(['/', '@', '{'])).cloned();
    if attachment.is_none() && (is_old || name.starts_with('/') || name.starts_with('@')) {
        attachment = Some(name.to_owned());
    }
    let flags = rest.join(" ");
    let flags =
        flags.split_once("flags=").or_else(|| flags.split_once("flags =")).map_or("", |(_, flags)| flags);
    // `(complain, audit)`, or the older `(complain)` without `flags=`.
    let flags = flags.split_once(')').map_or(flags, |(flags, _)| flags);
    let flags = if flags.is_empty() {
        rest.last().filter(|word| word.starts_with('(')).map_or("", |word| word)
    } else {
        flags
    };
    let mode = flags
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '=')))
        .filter(|word| *word != "mixed")
        .find_map(Mode::from_word)
        .unwrap_or(Mode::Enforce);
    let name = match parent {
        Some(parent) => format!("{parent}//{name}"),
        None => name.to_owned(),
    };
    (!name.is_empty()).then_some(DiskProfile { name, attachment, mode, is_child: parent.is_some() || is_hat })
}

/// The next word of a line and what is behind it; `{`, `}` and `,` are words where they are no part of one.
fn word(line: &[u8]) -> Option<(String, &[u8])> {
    let line = line.trim_ascii_start();
    let first = *line.first()?;
    if first == b'#' {
        return None;
    }
    if first == b',' || first == b'}' {
        return Some((char::from(first).to_string(), line.get(1..)?));
    }
    if first == b'{'
        && line.get(1).is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'#' | b'}'))
    {
        return Some(("{".to_owned(), line.get(1..)?));
    }
    let mut out = Vec::new();
    let mut at = 0;
    let (mut depth, mut is_quoted, mut brackets) = (0_u32, false, 0_u32);
    while let Some(&byte) = line.get(at) {
        match byte {
            b'\\' => {
                // Of what is escaped only a quotation mark loses its backslash in a name.
                match line.get(at + 1) {
                    Some(b'"') => out.push(b'"'),
                    Some(&next) => out.extend_from_slice(&[b'\\', next]),
                    None => out.push(b'\\'),
                }
                at += 2;
                continue;
            }
            b'"' => {
                is_quoted = !is_quoted;
                at += 1;
                continue;
            }
            _ if is_quoted => {}
            b'(' => brackets = brackets.saturating_add(1),
            b')' => brackets = brackets.saturating_sub(1),
            b' ' | b'\t' if brackets == 0 => break,
            b',' if depth == 0 && brackets == 0 => break,
            b'{' => {
                let ends = line.get(at + 1).is_none_or(u8::is_ascii_whitespace);
                if ends && depth == 0 {
                    break;
                }
                depth = depth.saturating_add(1);
            }
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            _ => {}
        }
        out.push(byte);
        at += 1;
    }
    Some((text(&out), line.get(at.min(line.len())..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(policy: &str) -> Vec<String> {
        let mut sink = Sink::default();
        read(policy.as_bytes(), &mut sink);
        sink.found
            .iter()
            .filter_map(|found| match &found.what {
                What::OnDisk(it) => Some(format!(
                    "{}: {} {} {}",
                    found.line,
                    it.name,
                    it.attachment.as_deref().unwrap_or("-"),
                    it.mode.as_str()
                )),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn headers_of_profiles_are_found() {
        let policy = r#"abi <abi/4.0>,
include <tunables/global>
@{exec} = /opt/{a,b}/bin
@{CHROOT}=""
@{TFTP}=/var/tftp \
# profile not { really }
profile nginx /usr/{,s}bin/nginx flags=(attach_disconnected, complain) {
  include <abstractions/base>
  capability setuid,  # profile x {
  /srv/data/{counter,pids} r,
  audit deny {
    /etc/shadow r,
  }
  profile cgi {
    /usr/bin/perl mrix,
  }
  ^upload flags=(unconfined) { }
}
profile "night job" {
}
profile "say \"cheese\"" { /x r, }
/usr/sbin/old (complain) {
  hat DEFAULT {
    /y r,
  }
}
profile default flags=(default_allow) /x/** {}
"/opt/with blank/x" { }
"#;
        assert_eq!(
            names(policy),
            [
                "7: nginx /usr/{,s}bin/nginx complain",
                "14: nginx//cgi - enforce",
                "17: nginx//upload - unconfined",
                "19: night job - enforce",
                "21: say \"cheese\" - enforce",
                "22: /usr/sbin/old /usr/sbin/old complain",
                "23: /usr/sbin/old//DEFAULT - enforce",
                "27: default - unconfined",
                "28: /opt/with blank/x /opt/with blank/x enforce",
            ]
        );
    }
}
