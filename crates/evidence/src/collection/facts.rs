//! What a collection says about its host, each fact with the file that says it.

use std::collections::BTreeMap;

use super::clock::{self, ClockState};
use super::output::{Command, value};
use super::{Kind, Telling, Zone, catscale, date, log_copy};

/// Users beyond this many are not kept.
const MOST_USERS: usize = 10_000;
/// Boots and remarks beyond this many are not kept.
const MOST_BOOTS: usize = 1_000;

/// Journals lie in folders named by the machine that wrote them, which may be another one.
const FOLDER_RANK: u8 = 9;

/// A fact and the path of the file that states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// What is stated.
    pub value: T,
    /// Where, as a reader would write the path.
    pub source: String,
}

/// What a collection says about its host.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The host's name.
    pub host: Option<Fact<String>>,
    /// The time zone of stamps that say none.
    pub zone: Option<Fact<Zone>>,
    /// The machine id, 32 hexadecimal digits.
    pub machine_id: Option<Fact<String>>,
    /// Boot ids, 32 hexadecimal digits each, in the order found.
    pub boot_ids: Vec<Fact<String>>,
    /// The kernel's release.
    pub kernel: Option<Fact<String>>,
    /// The distribution and its release.
    pub os: Option<Fact<String>>,
    /// User names by number, from the collection's own passwd.
    pub users: Option<Fact<BTreeMap<i64, String>>>,
    /// Whether the clock was synchronised.
    pub clock: Option<Fact<ClockState>>,
    /// When the collection was made, microseconds since 1970-01-01 UTC, by the host's own clock.
    pub collected_us: Option<Fact<i64>>,
    /// Files that say different things; one sentence each.
    pub disagreements: Vec<String>,
    /// What was found, the better source first; settled into the fields above.
    found: Found,
}

#[derive(Clone, Debug, Default)]
struct Found {
    hosts: Vec<(u8, Fact<String>)>,
    zones: Vec<(u8, Fact<Zone>)>,
    machine_ids: Vec<(u8, Fact<String>)>,
    kernels: Vec<(u8, Fact<String>)>,
    systems: Vec<(u8, Fact<String>)>,
    clocks: Vec<(u8, Fact<ClockState>)>,
    /// Texts with a date in them, which may need the zone.
    dates: Vec<(u8, Fact<String>)>,
}

impl Facts {
    /// Takes what one file says. `relative` is its path below the collection's root, `host_path` that on the host.
    pub(super) fn take(&mut self, kind: Kind, telling: &Telling, relative: &str, host_path: Option<&str>) {
        let source = &telling.path;
        if let Some(target) = &telling.target {
            if host_path == Some("/etc/localtime")
                && let Some(zone) = Zone::of_link(target)
            {
                put(&mut self.found.zones, 0, zone, source);
            }
            return;
        }
        let text = String::from_utf8_lossy(&telling.head);
        let text = text.trim_start_matches('\u{feff}');
        match host_path {
            Some("/etc/hostname") => {
                let line =
                    text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
                self.host(0, line, source);
            }
            Some("/proc/sys/kernel/hostname") => self.host(1, text.lines().next(), source),
            Some("/etc/timezone") => {
                if let Some(zone) = text.lines().find_map(Zone::named) {
                    put(&mut self.found.zones, 3, zone, source);
                }
            }
            Some("/etc/localtime") => {
                // Some collectors copy what a link leads to, others write down where it leads.
                if let Some(zone) = Zone::of_file(&telling.head).or_else(|| Zone::of_link(text.trim())) {
                    put(&mut self.found.zones, 2, zone, source);
                }
            }
            Some("/etc/machine-id") => self.machine(0, text.trim(), source),
            Some("/var/lib/dbus/machine-id") => self.machine(1, text.trim(), source),
            Some("/etc/os-release" | "/usr/lib/os-release") => self.system(text, source),
            Some("/etc/passwd") => self.passwd(text, source),
            Some("/proc/sys/kernel/osrelease") => self.kernel(0, text.trim(), source),
            Some("/proc/version") => self.kernel(1, text.split(' ').nth(2).unwrap_or_default(), source),
            Some("/proc/sys/kernel/random/boot_id") => self.boot(text.trim(), source),
            // Any other file of the host is not what a collector wrote about it.
            Some(_) => {}
            None => self.output(kind, text, relative, source),
        }
    }

    /// What a command printed, or a collector says of itself.
    fn output(&mut self, kind: Kind, text: &str, relative: &str, source: &str) {
        let name = relative.rsplit('/').next().unwrap_or_default();
        if kind == Kind::Velociraptor {
            return self.velociraptor(text, name, source);
        }
        match Command::of(name) {
            Some(Command::Hostname) => self.host(1, text.lines().next(), source),
            Some(Command::Hostnamectl) => {
                self.host(1, value(text, "Static hostname"), source);
                self.machine(2, value(text, "Machine ID").unwrap_or_default(), source);
                self.boot(value(text, "Boot ID").unwrap_or_default(), source);
                let kernel = value(text, "Kernel").unwrap_or_default();
                self.kernel(2, kernel.strip_prefix("Linux ").unwrap_or(kernel), source);
                if let Some(system) = value(text, "Operating System") {
                    put(&mut self.found.systems, 2, system.to_owned(), source);
                }
            }
            Some(Command::Timedatectl) => {
                if let Some(zone) = value(text, "Time zone")
                    .or_else(|| value(text, "Timezone"))
                    .and_then(Zone::of_timedatectl)
                {
                    put(&mut self.found.zones, 1, zone, source);
                }
                if let Some(state) = clock::timedatectl(text) {
                    put(&mut self.found.clocks, 2, state, source);
                }
                if let Some(time) = value(text, "Universal time") {
                    put(&mut self.found.dates, 1, time.to_owned(), source);
                }
            }
            Some(Command::Date) => put(&mut self.found.dates, 0, text.to_owned(), source),
            Some(Command::CatScaleDate) => {
                put(&mut self.found.dates, 0, text.to_owned(), source);
                self.host(1, catscale::stamp(name).map(|(host, _)| host), source);
            }
            Some(Command::Uname) => {
                let mut words = text.split_whitespace();
                if words.next() == Some("Linux") {
                    self.host(2, words.next(), source);
                    self.kernel(0, words.next().unwrap_or_default(), source);
                }
            }
            Some(Command::OsRelease) => self.system(text, source),
            Some(Command::ListBoots) => {
                for line in text.lines() {
                    let ids = line.split_whitespace().take(3).filter(|word| log_copy::is_machine_id(word));
                    ids.for_each(|id| self.boot(id, source));
                }
            }
            Some(Command::ChronycTracking) => {
                if let Some(state) = clock::chronyc(text) {
                    put(&mut self.found.clocks, 0, state, source);
                }
            }
            Some(Command::Ntpq) => {
                if let Some(state) = clock::ntpq(text) {
                    put(&mut self.found.clocks, 1, state, source);
                }
            }
            None => {}
        }
    }

    /// `client_info.json` and `collection_context.json`: only a few members of an object are wanted.
    fn velociraptor(&mut self, text: &str, name: &str, source: &str) {
        let member = |key: &str| {
            let at = text.find(&format!("\"{key}\""))?;
            let rest = text[at + key.len() + 2..].trim_start().strip_prefix(':')?.trim_start();
            match rest.strip_prefix('"') {
                Some(rest) => rest.split('"').next(),
                None => rest.split([',', '}', '\n']).next().map(str::trim),
            }
        };
        match name {
            "client_info.json" => {
                let host = ["Hostname", "hostname", "Fqdn", "fqdn"].iter().find_map(|key| member(key));
                self.host(1, host, source);
                self.kernel(1, member("KernelVersion").unwrap_or_default(), source);
            }
            "collection_context.json" => {
                let time =
                    ["start_time", "create_time"].iter().find_map(|key| member(key)?.parse::<i64>().ok());
                // Microseconds, or nanoseconds in later releases.
                let time = time.map(|time| if time > 10_i64.pow(17) { time / 1000 } else { time });
                let stamp = time.and_then(|time| jiff::Timestamp::from_microsecond(time).ok());
                if let Some(stamp) = stamp.filter(|stamp| stamp.as_second() > 0) {
                    put(&mut self.found.dates, 0, stamp.to_string(), source);
                }
            }
            _ => {}
        }
    }

    fn host(&mut self, rank: u8, name: Option<&str>, source: &str) {
        let Some(name) = name.map(str::trim) else { return };
        let is_name =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') || byte >= 0x80;
        if !name.is_empty() && name.len() <= 253 && name.bytes().all(is_name) {
            put(&mut self.found.hosts, rank, name.to_owned(), source);
        }
    }

    /// A folder of journals, which has the machine id as its name.
    pub(super) fn journal_folder(&mut self, id: &str, path: &str) {
        if !self.found.machine_ids.iter().any(|(_, fact)| fact.value == id) {
            self.machine(FOLDER_RANK, id, path);
        }
    }

    fn machine(&mut self, rank: u8, id: &str, source: &str) {
        let id = id.replace('-', "").to_ascii_lowercase();
        if log_copy::is_machine_id(&id) {
            put(&mut self.found.machine_ids, rank, id, source);
        }
    }

    fn boot(&mut self, id: &str, source: &str) {
        let id = id.replace('-', "").to_ascii_lowercase();
        let known = self.boot_ids.iter().any(|fact| fact.value == id);
        if log_copy::is_machine_id(&id) && !known && self.boot_ids.len() < MOST_BOOTS {
            self.boot_ids.push(Fact { value: id, source: source.to_owned() });
        }
    }

    fn kernel(&mut self, rank: u8, release: &str, source: &str) {
        if release.len() < 200 && release.starts_with(|first: char| first.is_ascii_digit()) {
            put(&mut self.found.kernels, rank, release.to_owned(), source);
        }
    }

    fn system(&mut self, text: &str, source: &str) {
        let of = |key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
            let value = value.trim().trim_matches(['"', '\'']);
            (!value.is_empty()).then(|| value.to_owned())
        };
        let named =
            of("PRETTY_NAME").or_else(|| Some([of("NAME")?, of("VERSION")?].join(" "))).or_else(|| of("ID"));
        if let Some(name) = named {
            put(&mut self.found.systems, 0, name, source);
        }
    }

    fn passwd(&mut self, text: &str, source: &str) {
        let mut users = BTreeMap::new();
        for line in text.lines() {
            let mut fields = line.split(':');
            let (Some(name), Some(_), Some(number)) = (fields.next(), fields.next(), fields.next()) else {
                continue;
            };
            if let Ok(number) = number.parse()
                && !name.is_empty()
                && users.len() < MOST_USERS
            {
                // The first of several names is the one that the system shows.
                users.entry(number).or_insert_with(|| name.to_owned());
            }
        }
        if self.users.is_none() && !users.is_empty() {
            self.users = Some(Fact { value: users, source: source.to_owned() });
        }
    }

    /// Chooses among what was found.
    pub(super) fn settle(&mut self) {
        let found = &mut self.found;
        for list in [
            &mut found.hosts,
            &mut found.machine_ids,
            &mut found.kernels,
            &mut found.systems,
            &mut found.dates,
        ] {
            list.sort_by_key(|(rank, _)| *rank);
        }
        found.zones.sort_by_key(|(rank, _)| *rank);
        found.clocks.sort_by_key(|(rank, _)| *rank);
        // `localhost` is what nobody has named; any other name is better.
        let named = found.hosts.iter().find(|(_, fact)| !fact.value.starts_with("localhost"));
        self.host = named.or(found.hosts.first()).map(|(_, fact)| fact.clone());
        self.zone = first(&found.zones);
        self.machine_id = first(&found.machine_ids);
        let by_folder = found.machine_ids.first().is_some_and(|(rank, _)| *rank == FOLDER_RANK);
        if by_folder && found.machine_ids.iter().any(|(_, fact)| fact.value != found.machine_ids[0].1.value) {
            // Journals of several hosts, or of one before and after it was cloned: none speaks for the collection.
            self.machine_id = None;
        }
        self.kernel = first(&found.kernels);
        self.os = first(&found.systems);
        self.clock = first(&found.clocks);
        let zone = self.zone.as_ref().map(|fact| &fact.value.zone);
        self.collected_us = found.dates.iter().find_map(|(_, fact)| {
            let value = date::first_date(&fact.value, zone)?;
            Some(Fact { value, source: fact.source.clone() })
        });
        self.disagreements = self.compare();
    }

    /// What different files say differently.
    fn compare(&self) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(used) = &self.zone {
            let other = self.found.zones.iter().map(|(_, fact)| fact).find(|fact| {
                let names = [&fact.value.name, &used.value.name];
                // A rule and a name cannot be compared by their text.
                names.iter().all(|name| !name.contains([',', '(']))
                    && names[0] != names[1]
                    && !names.iter().all(|name| is_utc(name))
            });
            all.extend(other.map(|other| {
                format!(
                    "the time zone is {} by {} and {} by {}; the former is used",
                    used.value.name, used.source, other.value.name, other.source
                )
            }));
        }
        let pairs = [("machine id", &self.machine_id, &self.found.machine_ids)];
        for (what, used, found) in pairs {
            let Some(used) = used else { continue };
            let stated = found.iter().filter(|(rank, _)| *rank != FOLDER_RANK);
            if let Some((_, other)) = stated.into_iter().find(|(_, fact)| fact.value != used.value) {
                all.push(format!(
                    "the {what} is {} by {} and {} by {}; the former is used",
                    used.value, used.source, other.value, other.source
                ));
            }
        }
        if let Some(used) = &self.host
            && let Some((_, other)) = self.found.hosts.iter().find(|(_, fact)| {
                !super::is_same_host(&fact.value, &used.value) && !fact.value.starts_with("localhost")
            })
        {
            all.push(format!(
                "the host is {} by {} and {} by {}; the former is used",
                used.value, used.source, other.value, other.source
            ));
        }
        all
    }
}

fn is_utc(name: &str) -> bool {
    matches!(
        name,
        "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT" | "UCT" | "Etc/UCT" | "Universal" | "Zulu" | "Etc/Universal"
    )
}

fn put<T>(list: &mut Vec<(u8, Fact<T>)>, rank: u8, value: T, source: &str) {
    // As many as any honest collection has; a bundle may repeat a name without end.
    if list.len() < 64 {
        list.push((rank, Fact { value, source: source.to_owned() }));
    }
}

fn first<T: Clone>(list: &[(u8, Fact<T>)]) -> Option<Fact<T>> {
    list.first().map(|(_, fact)| fact.clone())
}
