//! Ids as they are written.

/// An id as sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexId([u8; 16]);

impl HexId {
    /// The digits of an id.
    pub fn of(id: u64) -> HexId {
        let mut digits = [0; 16];
        for (at, digit) in digits.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(id >> (60 - 4 * at) & 15) as usize];
        }
        HexId(digits)
    }

    /// The same as text.
    pub fn as_str(&self) -> &str {
        // They are digits.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::HexId;

    #[test]
    fn all_digits_stand_in_their_order() {
        assert_eq!(HexId::of(0x0123_4567_89ab_cdef).as_str(), "0123456789abcdef");
        assert_eq!(HexId::of(7).as_str(), format!("{:016x}", 7));
    }
}
