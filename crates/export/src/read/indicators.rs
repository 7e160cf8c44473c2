//! Addresses and inodes of events, for looking elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use aaf_model::tables::{IndicatorRow, Text};

use super::{CaseReader, Filter, ReadError};

const COLUMNS: &[&str] = &[
    "event_id",
    "episode_id",
    "time",
    "laddr",
    "laddr_bytes",
    "faddr",
    "faddr_bytes",
    "sockaddr",
    "sockaddr_bytes",
    "name",
    "name_bytes",
    "paths",
];
/// Distinct indicators at most; a flood of names says nothing more.
const MOST: usize = 20_000;

impl CaseReader {
    /// The addresses and inodes of the events of these episodes, by kind and value.
    ///
    /// # Errors
    ///
    /// The table cannot be read.
    pub fn indicators(&self, episodes: &BTreeSet<String>) -> Result<Vec<IndicatorRow>, ReadError> {
        let wanted = episodes.clone();
        let filter = Filter {
            keys: &["episode_id"],
            holds: Box::new(move |keys| keys[0].is_some_and(|id| wanted.contains(id))),
            limit: None,
        };
        let mut found: BTreeMap<(&'static str, Text, String), IndicatorRow> = BTreeMap::new();
        self.each_batch("events.parquet", Some((COLUMNS, filter)), &mut |table| {
            for at in 0..table.rows {
                let mut values: Vec<(&'static str, Text)> = Vec::new();
                for (kind, column) in [("local address", "laddr"), ("foreign address", "faddr")] {
                    let text = table.text(column, at);
                    if is_telling(&text) {
                        values.push((kind, text));
                    }
                }
                values.extend(socket_address(&table.text("sockaddr", at)).map(|it| ("socket address", it)));
                if let Some(paths) = table.structs("paths", at) {
                    for path in 0..paths.rows {
                        let (inode, device) = (paths.word("inode", path), paths.word("dev", path));
                        if !inode.is_empty() {
                            let mut value = format!("{inode} on {device} ").into_bytes();
                            value.extend(paths.text("name", path));
                            values.push(("inode", value));
                        }
                    }
                }
                let (id, time) = (table.word("event_id", at), table.time("time", at));
                let episode = table.word("episode_id", at);
                for (kind, value) in values {
                    let key = (kind, value, episode.clone());
                    if found.len() >= MOST && !found.contains_key(&key) {
                        continue;
                    }
                    let (kind, value, episode_id) = key.clone();
                    let row = found.entry(key).or_insert_with(|| IndicatorRow {
                        kind: kind.to_owned(),
                        value,
                        episode_id,
                        first_time_us: time,
                        event_id: id.clone(),
                        ..IndicatorRow::default()
                    });
                    row.count = row.count.saturating_add(1);
                    row.last_time_us = row.last_time_us.max(time);
                }
            }
        })?;
        Ok(found.into_values().collect())
    }
}

/// Whether an address says anything about another machine.
fn is_telling(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    match (text.parse::<Ipv4Addr>(), text.parse::<Ipv6Addr>()) {
        (Ok(it), _) => !it.is_unspecified() && !it.is_loopback(),
        (_, Ok(it)) => !it.is_unspecified() && !it.is_loopback(),
        _ => false,
    }
}

/// `saddr=` of a SOCKADDR record: a `struct sockaddr` in hexadecimal. Source: linux/socket.h, auditd's raw format.
fn socket_address(text: &[u8]) -> Option<Text> {
    let digit = |at: usize| (*text.get(at)? as char).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let byte = |at: usize| Some(digit(at * 2)? << 4 | digit(at * 2 + 1)?);
    let port = u16::from_be_bytes([byte(2)?, byte(3)?]);
    let shown = match byte(0)? {
        2 => {
            let address = Ipv4Addr::new(byte(4)?, byte(5)?, byte(6)?, byte(7)?);
            (!address.is_loopback() && !address.is_unspecified()).then(|| format!("{address}:{port}"))?
        }
        10 => {
            let mut octets = [0; 16];
            for (at, octet) in octets.iter_mut().enumerate() {
                *octet = byte(8 + at)?;
            }
            let address = Ipv6Addr::from(octets);
            (!address.is_loopback() && !address.is_unspecified()).then(|| format!("[{address}]:{port}"))?
        }
        _ => return None,
    };
    Some(shown.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_sockets() {
        let of =
            |text: &str| socket_address(text.as_bytes()).map(|it| String::from_utf8_lossy(&it).into_owned());
        assert_eq!(of("020001BBCB0071090000000000000000").as_deref(), Some("203.0.113.9:443"));
        assert_eq!(of("0A001F90000000002001 0DB8").as_deref(), None);
        assert_eq!(
            of("0A001F900000000020010DB800000000000000000000001700000000").as_deref(),
            Some("[2001:db8::17]:8080")
        );
        assert_eq!(of("020000507F000001"), None, "loopback");
        assert_eq!(of("01002F72756E"), None, "a unix socket");
        assert_eq!(of("02"), None);
    }
}
