//! What commands printed about the host, told by the names of the files that hold it.

/// A command whose output tells about the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Hostname,
    Hostnamectl,
    Timedatectl,
    Date,
    Uname,
    OsRelease,
    ListBoots,
    ChronycTracking,
    Ntpq,
    /// `Date : …`, as Cat-Scale writes it.
    CatScaleDate,
}

impl Command {
    /// Tells the command by a file's name, with the options as collectors write them: `date_--utc`,
    /// `timedatectl_status.txt`, `chronyc_-n_tracking`.
    pub fn of(name: &str) -> Option<Command> {
        if super::catscale::stamp(name).is_some_and(|(_, tail)| tail == "host-date-timezone.txt") {
            return Some(Command::CatScaleDate);
        }
        let stem = name.strip_suffix(".txt").unwrap_or(name);
        let (word, options) = match stem.find(['_', ' ', '-']) {
            // `os-release` has a dash of its own.
            Some(_) if stem == "os-release" => (stem, ""),
            Some(at) => (&stem[..at], &stem[at..]),
            None => (stem, ""),
        };
        let plain = options.is_empty();
        match word {
            "hostname" if plain || matches!(options, "_-f" | "_--fqdn") => Some(Command::Hostname),
            "hostnamectl" => Some(Command::Hostnamectl),
            "timedatectl" => Some(Command::Timedatectl),
            "date" if plain || options.starts_with("_-") => Some(Command::Date),
            "uname" => Some(Command::Uname),
            "os-release" => Some(Command::OsRelease),
            "journalctl" if options.contains("list-boots") => Some(Command::ListBoots),
            "list" if options == "-boots" => Some(Command::ListBoots),
            "chronyc" if options.contains("tracking") => Some(Command::ChronycTracking),
            "ntpq" if options.contains('p') => Some(Command::Ntpq),
            _ => None,
        }
    }
}

/// The value behind `key:` (blanks before both), on the first line that has one.
pub(super) fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key && !value.trim().is_empty()).then(|| value.trim())
    })
}
