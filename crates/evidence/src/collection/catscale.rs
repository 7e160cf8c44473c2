//! Cat-Scale: `System_Info/<host>-<date>-<time>-….txt` and its sister folders; `/var/log` as a bundle in `Logs`.
//!
//! Source: WithSecureLabs/LinuxCatScale, Cat-Scale.sh.

use super::tree::Parts;

const FOLDERS: [&str; 7] =
    ["Process_and_Network", "System_Info", "Persistence", "User_Files", "Logs", "Misc", "Docker"];
const STAMPED: u16 = 1 << 8;

pub(super) fn look(parts: &Parts<'_>, at: usize) -> u16 {
    let Some(folder) = FOLDERS.iter().position(|folder| *folder == parts.at(at)) else { return 0 };
    if parts.is_last(at) {
        return 0;
    }
    let stamped = if stamp(parts.at(at + 1)).is_some() { STAMPED } else { 0 };
    1 << folder | stamped
}

pub(super) fn is_root(bits: u16) -> bool {
    let folders = (bits & (STAMPED - 1)).count_ones();
    // `Logs` and `Misc` are nobody's own names; the first four are.
    folders >= 2 && bits & STAMPED != 0 && bits & 0b1111 != 0
}

pub(super) fn host_path(relative: &str) -> Option<String> {
    // Its bundles keep paths as `tar` writes them, without the leading slash.
    let (bundle, inside) = relative.split_once(".tar.gz/")?;
    stamp(bundle.rsplit('/').next()?)?;
    Some(format!("/{}", inside.trim_start_matches('/')))
}

/// The host and the rest in `web01-20240501-1200-dmesg.txt`.
pub(super) fn stamp(name: &str) -> Option<(&str, &str)> {
    let is_digits =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    name.match_indices('-').find_map(|(at, _)| {
        let mut rest = name[at + 1..].splitn(3, '-');
        let (date, time, tail) = (rest.next()?, rest.next()?, rest.next()?);
        (at > 0 && is_digits(date, 8) && is_digits(time, 4)).then_some((&name[..at], tail))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn stamps() {
        assert_eq!(super::stamp("web01-20240501-1200-dmesg.txt"), Some(("web01", "dmesg.txt")));
        assert_eq!(super::stamp("db-03-x-20240501-1200-var-log.tar.gz"), Some(("db-03-x", "var-log.tar.gz")));
        assert_eq!(super::stamp("-20240501-1200-x"), None);
        assert_eq!(super::stamp("hidden-user-home-dir-list.txt"), None);
    }
}
