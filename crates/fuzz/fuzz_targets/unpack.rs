//! Any bytes as evidence: every unpacker, tar and zip, within small limits and read in pieces of any size.
#![no_main]

use std::io::Read;

use aaf_evidence::{Limits, Member, Visitor, stream_bytes};

/// Reads leaves in pieces of one size and counts them; some leaves it leaves unread.
struct Count {
    at_once: usize,
    skip: bool,
    leaves: usize,
    bytes: u64,
}

impl Visitor for Count {
    fn leaf(&mut self, _member: &Member, content: &mut dyn Read) {
        self.leaves += 1;
        if self.skip && self.leaves % 3 == 0 {
            return;
        }
        let mut buffer = vec![0; self.at_once];
        loop {
            match content.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(count) => self.bytes += count as u64,
            }
        }
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[how, size], data)) = data.split_first_chunk::<2>() else { return };
    let limits = Limits {
        max_depth: 4,
        max_members: 50,
        max_ratio: 200,
        max_unpacked_bytes: 4 << 20,
        max_buffered_bytes: 1 << 20,
    };
    let count = |at_once: usize, skip| {
        let mut visitor = Count { at_once, skip, leaves: 0, bytes: 0 };
        let report = stream_bytes(data, &limits, &mut visitor);
        assert_eq!(report.unpacked_bytes, visitor.bytes);
        let listed: u64 = report.members.iter().map(|member| member.bytes).sum();
        assert_eq!(listed, visitor.bytes);
        assert!(report.members.len() as u64 <= limits.max_members * 3 + 3);
        (visitor.bytes, report.members.len(), report.diagnostics.len())
    };
    // What a layer puts out is bounded; layers within each other and stored members add to it.
    let (bytes, ..) = count(64 << 10, false);
    assert!(bytes <= limits.max_unpacked_bytes + 2 * data.len() as u64 + (2 << 20));
    // The size of the reads changes nothing.
    assert_eq!(count(usize::from(size) + 1, false).0, bytes);
    count(1 << 10, how & 1 == 1);
});
