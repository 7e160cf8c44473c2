//! The text of rules.

use serde::Serialize;

use super::{Candidate, Rule};
use crate::evaluate::{Ask, Class, LETTERS, permissions_of};
use crate::glob::{Glob, covers, overlaps};
use crate::resolve::{EffectiveRule, ResolvedProfile, without_doubled_slashes};
use crate::syntax::words::{Access, permissions};
use crate::syntax::{Effect, Ownership, RuleKind};

/// A wide permission that is to be narrowed: closed as a whole, kept in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restriction {
    /// What is closed, as policy writes it: `@{HOME}/**`.
    pub pattern: String,
    /// The permission letters.
    pub permissions: String,
    /// What stays permitted: `@{HOME}/curl/**`.
    pub keep: Vec<String>,
}

/// A path as a pattern that matches it alone; none where the language has no way to write it.
#[must_use]
pub fn pattern_of(path: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(path).ok()?;
    if !text.starts_with('/') || text.chars().any(char::is_control) {
        return None;
    }
    let mut pattern = String::new();
    for letter in text.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '{' | '}' | '^' | '\\' | '"' | '@') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    let is_plain = |letter: char| !letter.is_whitespace() && !matches!(letter, ',' | '#' | '(' | ')' | '=');
    Some(if pattern.chars().all(is_plain) { pattern } else { format!("\"{pattern}\"") })
}

pub(super) fn prefix(priority: i32) -> String {
    if priority > 0 { format!("priority={priority} audit deny") } else { "audit deny".to_owned() }
}

pub(super) fn of_file(path: &[u8], permissions: &str, priority: i32) -> Option<String> {
    Some(format!("{} file {permissions} {},", prefix(priority), pattern_of(path)?))
}

pub(super) fn of_folder(folder: &str, permissions: &str, priority: i32) -> Option<String> {
    let pattern = pattern_of(folder.as_bytes())?;
    let pattern = match pattern.strip_suffix('"') {
        Some(quoted) => format!("{quoted}/*\""),
        None => format!("{pattern}/*"),
    };
    Some(format!("{} file {permissions} {pattern},", prefix(priority)))
}

/// The rules that refuse what is no file; why there are none.
pub(super) fn of_other(all: &[Vec<Ask>], priority: i32) -> Result<Vec<String>, String> {
    let mut lines: Vec<String> = Vec::new();
    for ask in all.iter().filter_map(|forms| forms.first()) {
        let line = format!("{} {},", prefix(priority), body(ask)?);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    Ok(lines)
}

fn body(ask: &Ask) -> Result<String, String> {
    let of = |name: &str| ask.properties.get(name).filter(|value| !value.is_empty());
    let quoted = |value: &String| {
        let is_plain = value.chars().all(|it| it.is_ascii_alphanumeric() || "/._-:@+".contains(it));
        if is_plain { value.clone() } else { format!("\"{}\"", value.replace(['\\', '"'], "?")) }
    };
    let conditions = |names: &[(&str, &str)]| {
        let present = names.iter().filter_map(|(name, key)| Some(format!(" {key}={}", quoted(of(name)?))));
        present.collect::<String>()
    };
    let permission = if ask.permission.is_empty() { String::new() } else { format!(" ({})", ask.permission) };
    Ok(match ask.class {
        Class::Capability => format!("capability {}", ask.permission),
        Class::Network => {
            let words = ["domain", "type"].into_iter().filter_map(of).cloned().collect::<Vec<_>>();
            format!("network {}", words.join(" "))
        }
        Class::Unix => format!("unix{permission}{}", conditions(&[("type", "type")])),
        Class::Signal => format!("signal{permission}{}", conditions(&[("set", "set"), ("peer", "peer")])),
        Class::Ptrace => format!("ptrace{permission}{}", conditions(&[("peer", "peer")])),
        Class::Dbus => format!(
            "dbus{permission}{}",
            conditions(&[
                ("bus", "bus"),
                ("path", "path"),
                ("interface", "interface"),
                ("member", "member"),
                ("name", "name"),
            ])
        ),
        Class::Mount => {
            let source = of("source").map_or(String::new(), |it| format!(" {}", quoted(it)));
            let place = of("mountpoint").map_or(String::new(), |it| format!(" -> {}", quoted(it)));
            format!("mount{}{source}{place}", conditions(&[("fstype", "fstype")]))
        }
        Class::Umount | Class::Remount => {
            let place = of("mountpoint").map_or(String::new(), |it| format!(" {}", quoted(it)));
            format!("{}{place}", ask.class.keyword())
        }
        Class::Userns => "userns create".to_owned(),
        Class::ChangeProfile => {
            let target = of("target").map_or(String::new(), |it| format!(" -> {}", quoted(it)));
            format!("change_profile{target}")
        }
        Class::PivotRoot => "pivot_root".to_owned(),
        Class::Mqueue | Class::IoUring => {
            return Err(format!("no rule is written for {}; see apparmor.d(5)", ask.class.keyword()));
        }
    })
}

/// The rules that narrow a wide permission.
pub(super) fn restrict(
    profile: &ResolvedProfile,
    wanted: &Restriction,
    priorities: bool,
) -> Result<Candidate, String> {
    let (access, _) = permissions(wanted.permissions.as_bytes())?;
    let globs = |text: &str| -> Result<Vec<Glob>, String> {
        let texts = profile.expand(text.as_bytes());
        texts.into_iter().map(|text| Glob::new(&without_doubled_slashes(text))).collect::<Result<_, _>>()
    };
    let closed = globs(&wanted.pattern)?;
    let touching = |effect: Effect| {
        profile.rules.iter().filter(move |rule| {
            let touches = permissions_of(rule).meets(access);
            rule.effect() == effect && touches
        })
    };
    let meets = |rule: &EffectiveRule, globs: &[Glob]| {
        rule.patterns.iter().any(|pattern| globs.iter().any(|glob| overlaps(&pattern.glob, glob)))
    };
    let granting: Vec<&EffectiveRule> = touching(Effect::Allow).filter(|rule| meets(rule, &closed)).collect();
    if granting.is_empty() {
        return Err(format!(
            "no rule of {} permits {} on {}",
            profile.name, wanted.permissions, wanted.pattern
        ));
    }
    let is_owner = granting.iter().all(|rule| rule.qualifiers.ownership == Ownership::Owner);
    let owner = if is_owner { "owner " } else { "" };
    let above = granting.iter().map(|rule| rule.priority()).max().unwrap_or(0).max(0);
    let letters = &wanted.permissions;
    let mut lines = Vec::new();
    if priorities {
        lines.push(format!("{} file {letters} {},", prefix(above), wanted.pattern));
        for keep in &wanted.keep {
            let kept = globs(keep)?;
            let is_permitted = kept.iter().all(|kept| {
                granting.iter().any(|rule| rule.patterns.iter().any(|it| covers(&it.glob, kept)))
            });
            if !is_permitted {
                return Err(format!(
                    "{keep}: the profile does not permit all of it now, and an override must not add to it"
                ));
            }
            lines.push(format!("priority={} {owner}file {letters} {keep},", above + 1));
            // What was refused within must go on being refused.
            for rule in touching(Effect::Deny).filter(|rule| meets(rule, &kept)) {
                let RuleKind::File(file) = &rule.rule.kind else { continue };
                let Some(path) = &file.path else { continue };
                let text = String::from_utf8_lossy(&path.value);
                let text = if path.quoted { format!("\"{text}\"") } else { text.into_owned() };
                let line = format!("priority={} audit deny file {letters} {text},", above + 2);
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
    } else {
        if above > 0 {
            return Err(format!("{}: a rule with a priority permits it", wanted.pattern));
        }
        match &wanted.keep[..] {
            [] => lines.push(format!("audit deny file {letters} {},", wanted.pattern)),
            [keep] => lines.extend(
                complement(&wanted.pattern, keep)?
                    .iter()
                    .map(|pattern| format!("audit deny file {letters} {pattern},")),
            ),
            _ => return Err("without `priority=` only one part can be kept".to_owned()),
        }
    }
    let by = granting[0];
    let owner_note = if is_owner && priorities && !wanted.keep.is_empty() {
        "; `owner` stays, since without it the kept part would be opened to files of other users"
    } else {
        ""
    };
    Ok(Candidate {
        rule: Rule {
            lines,
            check: None,
            closes: vec![format!("{letters} {}", wanted.pattern)],
            events: 0,
            event_ids: Vec::new(),
            why: format!(
                "narrows {}:{}: {}{owner_note}",
                by.origin.place.file.name,
                by.origin.place.line(),
                by.origin.place.text()
            ),
            keeps: wanted.keep.clone(),
            might_break: format!("any use of {} that is not kept", wanted.pattern),
        },
        closes: std::collections::BTreeSet::new(),
        probes: Vec::new(),
    })
}

/// Patterns for everything that `BASE/**` matches and `BASE/NAME/**` does not: no rule can be overruled without
/// priorities, so that what is kept must not be matched at all.
fn complement(pattern: &str, keep: &str) -> Result<Vec<String>, String> {
    let form =
        || format!("without `priority=` the part of {pattern} that is kept must be written BASE/NAME/**");
    let base = pattern.strip_suffix("/**").ok_or_else(form)?;
    let name = keep
        .strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|rest| rest.strip_suffix("/**"))
        .filter(|name| {
            !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric() || "._-".contains(it))
        })
        .ok_or_else(form)?;
    let mut patterns: Vec<String> =
        (0..name.len()).map(|at| format!("{base}/{}[^{}]{{,**}}", &name[..at], &name[at..=at])).collect();
    patterns.push(format!("{base}/{name}[^/]{{,**}}"));
    if name.len() > 1 {
        let shorter: Vec<&str> = (1..=name.len()).map(|length| &name[..length]).collect();
        patterns.push(format!("{base}/{{{}}}", shorter.join(",")));
    } else {
        patterns.push(format!("{base}/{name}"));
    }
    Ok(patterns)
}

/// The letters of a mask that the language knows.
#[must_use]
pub fn letters_of(mask: &[u8]) -> String {
    let mut access = Access::default();
    for letter in mask {
        access = access.with(match letter {
            b'r' => Access::READ,
            b'w' | b'c' | b'd' => Access::WRITE,
            b'a' => Access::APPEND,
            b'l' => Access::LINK,
            b'k' => Access::LOCK,
            b'm' => Access::MAP,
            b'x' => Access::EXECUTE,
            _ => continue,
        });
    }
    let has_write = access.has(Access::WRITE);
    LETTERS
        .iter()
        // `w` includes `a`, and the language refuses both together.
        .filter(|(bit, _)| access.has(*bit) && !(has_write && *bit == Access::APPEND))
        .map(|(_, letter)| *letter)
        .collect()
}
