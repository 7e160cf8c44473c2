//! Journal entries of several lines.
use crate::Output;
/// Parses.
pub fn parse_entry(block: &[u8], out: &mut Output) {
    crate::text::parse(block, out)
}
