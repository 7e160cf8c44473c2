//! Nothing but AppArmor records in kern.log: many events, with names that never repeat among them.

use std::io::{self, Write};

use crate::body::Bodies;
use crate::kernel_line::{self, START_US};
use crate::random::Random;
use crate::text::StampCache;
use crate::truth::Truth;

/// Writes `records` records of kern.log.
///
/// # Errors
/// When `output` cannot be written.
pub fn generate(records: u64, seed: u64, mut output: impl Write) -> io::Result<Truth> {
    let mut random = Random::new(seed);
    let mut bodies = Bodies::new(&mut random, 400).with_numbered_names(300);
    let mut stamps = StampCache::default();
    let mut truth = Truth { first_time_us: START_US, ..Truth::new("flood", seed) };
    let mut block = Vec::with_capacity((1 << 20) + 4096);
    let mut time_us = START_US;
    for index in 0..records {
        if index > 0 {
            time_us += i64::from(random.below(4000));
        }
        let place = (time_us, 1000u32.wrapping_add(index as u32), "kern01");
        kernel_line::record(&mut block, &mut stamps, &mut random, &mut bodies, place);
        if block.len() >= 1 << 20 {
            truth.bytes += block.len() as u64;
            output.write_all(&block)?;
            block.clear();
        }
    }
    truth.bytes += block.len() as u64;
    output.write_all(&block)?;
    output.flush()?;
    truth.lines = records;
    bodies.report(&mut truth);
    truth.audit_ids = records;
    truth.last_time_us = time_us;
    Ok(truth)
}
