//! Units of systemd: their files, `systemctl show` and lists.
//!
//! Source: systemd.exec(5), systemd.socket(5), systemctl(1).

use super::Sink;
use crate::found::{UnitSeen, What};
use crate::text::{Line, lines, text};

/// The unit that a path names: `nginx.service`, also for drop-ins in `nginx.service.d/`.
pub(super) fn unit_of_path(path: &str) -> Option<&str> {
    if !path.contains("systemd/") {
        return None;
    }
    let (folder, name) = path.rsplit_once('/')?;
    if name.ends_with(".service") || name.ends_with(".socket") {
        return Some(name);
    }
    let owner = folder.rsplit('/').next()?.strip_suffix(".d")?;
    (name.ends_with(".conf") && (owner.ends_with(".service") || owner.ends_with(".socket"))).then_some(owner)
}

/// Reads a unit file.
pub(super) fn read_unit(name: &str, bytes: &[u8], sink: &mut Sink) {
    let mut unit = UnitSeen { name: name.to_owned(), ..UnitSeen::default() };
    let mut place: Option<Line<'_>> = None;
    for line in lines(bytes) {
        let Some((key, value)) = pair(line.bytes) else { continue };
        if setting(&mut unit, &key, &value) && place.is_none() {
            place = Some(line);
        }
    }
    finish(unit, place, sink);
}

/// Whether `systemctl show` printed it.
pub(super) fn is_show(bytes: &[u8]) -> bool {
    let head = super::head(bytes);
    let begins = |key: &[u8]| lines(head).any(|line| line.bytes.starts_with(key));
    begins(b"Id=") && (begins(b"LoadState=") || begins(b"ActiveState=") || begins(b"AppArmorProfile="))
        || begins(b"AppArmorProfile=") && begins(b"MainPID=")
}

/// Reads `systemctl show`: blocks of one unit each, parted by empty lines.
pub(super) fn read_show(bytes: &[u8], sink: &mut Sink) {
    let mut unit = UnitSeen::default();
    let mut place = None;
    for line in lines(bytes) {
        if line.bytes.trim_ascii().is_empty() {
            finish(std::mem::take(&mut unit), place.take(), sink);
            continue;
        }
        let Some((key, value)) = pair(line.bytes) else { continue };
        match &*key {
            "Id" => {
                unit.name = value;
                place = Some(line);
            }
            "MainPID" => unit.main_pid = value.parse().ok().filter(|pid| *pid != 0),
            "ActiveState" => unit.state = Some(value),
            "LoadState" if value == "masked" => unit.state = Some(value),
            "ExecStart" => {
                // `{ path=/usr/sbin/x ; argv[]=… }`
                let path = value.split("path=").nth(1).and_then(|rest| rest.split(' ').next());
                unit.executables.extend(path.map(str::to_owned));
            }
            _ => {
                setting(&mut unit, &key, &value);
            }
        }
    }
    finish(unit, place, sink);
}

fn finish(unit: UnitSeen, place: Option<Line<'_>>, sink: &mut Sink) {
    if unit.name.is_empty() {
        return;
    }
    match place {
        Some(line) => sink.put(line, What::Unit(unit)),
        None => sink.whole(What::Unit(unit)),
    }
}

/// Takes a setting; whether it says something of interest.
fn setting(unit: &mut UnitSeen, key: &str, value: &str) -> bool {
    match key {
        "AppArmorProfile" => {
            let profile = value.strip_prefix('-');
            unit.optional = profile.is_some();
            let profile = profile.unwrap_or(value).to_owned();
            unit.profile = Some(profile).filter(|profile| !profile.is_empty());
            true
        }
        "ExecStart" => {
            let path =
                value.trim_start_matches(['@', '-', ':', '+', '!']).split(' ').next().unwrap_or_default();
            if path.starts_with('/') {
                unit.executables.push(path.to_owned());
            }
            false
        }
        "ListenStream" | "ListenDatagram" | "ListenSequentialPacket" => {
            if !value.is_empty() {
                unit.listens.push(value.to_owned());
            }
            false
        }
        "Service" => {
            unit.activates = Some(value.to_owned());
            false
        }
        _ => false,
    }
}

fn pair(line: &[u8]) -> Option<(String, String)> {
    let line = line.trim_ascii();
    if line.starts_with(b"#") || line.starts_with(b";") {
        return None;
    }
    let at = memchr::memchr(b'=', line)?;
    Some((text(line.get(..at)?.trim_ascii()), text(line.get(at + 1..)?.trim_ascii())))
}

/// Whether `systemctl list-units`, `list-unit-files` or `status apparmor` printed it.
pub(super) fn is_list(bytes: &[u8]) -> bool {
    lines(super::head(bytes)).take(10).any(|line| {
        let line = text(line.bytes);
        line.starts_with("UNIT FILE") || line.trim_start().starts_with("UNIT ") && line.contains("ACTIVE")
    })
}

/// Reads what such a list says of `apparmor.service`.
pub(super) fn read_list(bytes: &[u8], sink: &mut Sink) {
    for line in lines(bytes) {
        let shown = text(line.bytes);
        let mut words = shown.split_whitespace().skip_while(|word| *word == "●" || *word == "*");
        if words.next() != Some("apparmor.service") {
            continue;
        }
        let states = ["masked", "disabled", "enabled", "failed", "inactive", "active"];
        let state = words.find(|word| states.contains(word) && *word != "loaded").map(str::to_owned);
        let unit = UnitSeen { name: "apparmor.service".to_owned(), state, ..UnitSeen::default() };
        sink.put(line, What::Unit(unit));
    }
}
