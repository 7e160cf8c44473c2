//! Compiled policy: names and modes of the profiles in a cache file or in `policy/raw_data`.
//!
//! Source: parser_interface.c of AppArmor 3.0 and 4.1, whose output was looked at: a structure is `04`, the length of its
//! name with the NUL as two bytes, the name; `07` begins the fields, `05` a string, `02` a number of four bytes.

use super::Sink;
use crate::found::What;
use crate::label::Mode;
use crate::text::text;

const PROFILE: &[u8] = b"\x04\x08\x00profile\0\x07\x05";
const FLAGS: &[u8] = b"\x04\x06\x00flags\0\x07";

/// Whether it begins as compiled policy does, packed or not.
pub(super) fn applies(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x04\x08\x00version\0")
}

/// Reads it.
pub(super) fn read(bytes: &[u8], sink: &mut Sink) {
    let mut any = false;
    for at in memchr::memmem::find_iter(bytes, PROFILE) {
        let Some(found) = profile(bytes, at) else { continue };
        any = true;
        let (name, mode) = found;
        sink.found.push(crate::found::Found {
            line: 0,
            offset_bytes: at as u64,
            what: What::Cached { name, mode },
        });
    }
    if !any {
        sink.whole(What::Note("compiled policy without a profile that can be read".to_owned()));
    }
}

fn profile(bytes: &[u8], at: usize) -> Option<(String, Option<Mode>)> {
    let rest = bytes.get(at.checked_add(PROFILE.len())?..)?;
    let length = usize::from(u16::from_le_bytes([*rest.first()?, *rest.get(1)?]));
    let name = rest.get(2..length.checked_add(2)?)?;
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    if name.is_empty() || name.contains(&0) {
        return None;
    }
    // The flags of this profile stand before the next one.
    let body = rest.get(length.checked_add(2)?..)?;
    let end = memchr::memmem::find(body, PROFILE).unwrap_or(body.len());
    let body = body.get(..end)?;
    let mode = memchr::memmem::find(body, FLAGS).and_then(|at| {
        // Three numbers: hat, mode, audit.
        let numbers = body.get(at.checked_add(FLAGS.len())?..)?;
        match *numbers.get(5..10)? {
            [2, 0, 0, 0, 0] => Some(Mode::Enforce),
            [2, 1, 0, 0, 0] => Some(Mode::Complain),
            [2, 2, 0, 0, 0] => Some(Mode::Kill),
            [2, 3, 0, 0, 0] => Some(Mode::Unconfined),
            [2, 4, 0, 0, 0] => Some(Mode::Prompt),
            _ => None,
        }
    });
    Some((text(name), mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_modes_are_found() {
        let mut blob = b"\x04\x08\x00version\0\x02\x05\x00\x00\x00".to_vec();
        for (name, mode) in [("nginx", 0_u8), ("nginx//cgi", 1), ("stub", 3)] {
            blob.extend_from_slice(PROFILE);
            blob.extend_from_slice(&(name.len() as u16 + 1).to_le_bytes());
            blob.extend_from_slice(name.as_bytes());
            blob.push(0);
            blob.extend_from_slice(FLAGS);
            blob.extend_from_slice(&[2, 0, 0, 0, 0, 2, mode, 0, 0, 0, 2, 0, 0, 0, 0, 8]);
        }
        assert!(applies(&blob));
        let read_all = |bytes: &[u8]| {
            let mut sink = Sink::default();
            read(bytes, &mut sink);
            sink.found
        };
        let found: Vec<_> = read_all(&blob)
            .into_iter()
            .filter_map(|found| match found.what {
                What::Cached { name, mode } => Some((name, mode)),
                _ => None,
            })
            .collect();
        let expected = [("nginx", Mode::Enforce), ("nginx//cgi", Mode::Complain), ("stub", Mode::Unconfined)];
        assert_eq!(found, expected.map(|(name, mode)| (name.to_owned(), Some(mode))));
        // Cut at any place it is read as far as it goes.
        for end in 0..blob.len() {
            read_all(&blob[..end]);
        }
    }
}
