//! What goes before a header and changes it: pax records and long names.

/// Collected for the next member.
#[derive(Default)]
pub(super) struct Extensions {
    pub name: Option<Vec<u8>>,
    /// What a link names.
    pub target: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub mtime_us: Option<i64>,
    pub sparse: bool,
    /// pax sparse format 1.0: the map of holes leads the content.
    pub sparse_map_inside: bool,
    /// Older pax sparse formats: where the stored runs belong.
    pub runs: super::Runs,
}

impl Extensions {
    /// Takes pax records, `<length> <key>=<value>\n` each; stops at the first that is none.
    pub fn parse(&mut self, mut records: &[u8]) {
        while let Some((record, rest)) = split_record(records) {
            records = rest;
            let Some(equals) = record.iter().position(|&byte| byte == b'=') else { continue };
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            let text = std::str::from_utf8(value).unwrap_or_default();
            match key {
                // The real name of a sparse member comes after the stand-in for old archivers.
                b"GNU.sparse.name" => self.name = Some(value.to_vec()),
                b"path" if !self.sparse && !value.is_empty() => self.name = Some(value.to_vec()),
                b"linkpath" if !value.is_empty() => self.target = Some(value.to_vec()),
                b"size" => self.size = text.parse().ok(),
                b"mtime" => self.mtime_us = microseconds(text),
                b"GNU.sparse.major" => {
                    self.sparse = true;
                    self.sparse_map_inside = text == "1";
                }
                b"GNU.sparse.map" => {
                    self.sparse = true;
                    super::sparse::add_decimals(value.split(|&byte| byte == b','), &mut self.runs);
                }
                key if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
    }
}

fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|&byte| byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
    let record = bytes.get(space + 1..length)?;
    Some((record.strip_suffix(b"\n").unwrap_or(record), &bytes[length..]))
}

/// Decimal seconds with a fraction.
fn microseconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let micros: i64 = digits.parse().ok()?;
    let micros = if whole.starts_with('-') { -micros } else { micros };
    seconds.checked_mul(1_000_000)?.checked_add(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let mut extensions = Extensions::default();
        extensions.parse(b"12 path=a/b\n20 mtime=12.3456789\n11 size=42\nrubbish");
        assert_eq!(extensions.name.as_deref(), Some(&b"a/b"[..]));
        assert_eq!(extensions.size, Some(42));
        assert_eq!(extensions.mtime_us, Some(12_345_678));
        assert_eq!(microseconds("-1.5"), Some(-1_500_000));
        assert_eq!(microseconds("x"), None);
        extensions.parse(b"99 path=cut");
        extensions.parse(b"0 x");
        extensions.parse(b"3 a");
    }
}
