//! The host's time zone, from whichever file states it.
//!
//! Source: localtime(5), tzfile(5), timedatectl(1); Debian's `/etc/timezone`.

use jiff::tz::TimeZone;

/// A time zone as a collection states it.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// The name, or the rule where only that is known: `Europe/Berlin`, `CET-1CEST,M3.5.0,M10.5.0/3`.
    pub name: String,
    /// What it means.
    pub zone: TimeZone,
}

impl Zone {
    /// A zone by its name.
    pub fn named(name: &str) -> Option<Zone> {
        let name = name.trim();
        let zone = TimeZone::get(name).ok()?;
        Some(Zone { name: name.to_owned(), zone })
    }

    /// The zone that `/etc/localtime` links to: `/usr/share/zoneinfo/Europe/Berlin`.
    pub(super) fn of_link(target: &str) -> Option<Zone> {
        let (_, name) = target.split_once("zoneinfo/")?;
        let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
        Zone::named(name)
    }

    /// The zone in a compiled file, which has no name; its rule for the future stands in the last line.
    pub(super) fn of_file(bytes: &[u8]) -> Option<Zone> {
        if !bytes.starts_with(b"TZif") {
            return None;
        }
        let footer = bytes.strip_suffix(b"\n").and_then(|rest| rest.rsplit(|&byte| byte == b'\n').next());
        let rule = footer.and_then(|rule| std::str::from_utf8(rule).ok()).filter(|rule| is_rule(rule));
        let zone = TimeZone::tzif("", bytes).ok().or_else(|| TimeZone::posix(rule?).ok())?;
        Some(Zone { name: rule.unwrap_or("(compiled)").to_owned(), zone })
    }

    /// `Europe/Berlin (CEST, +0200)`
    pub(super) fn of_timedatectl(value: &str) -> Option<Zone> {
        Zone::named(value.split(" (").next()?)
    }
}

fn is_rule(rule: &str) -> bool {
    !rule.is_empty() && rule.len() < 64 && rule.bytes().all(|byte| byte.is_ascii_graphic())
}
