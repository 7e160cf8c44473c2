//! A syslog in which one line in a thousand is an AppArmor record.

use std::io::{self, Write};

use crate::body::Bodies;
use crate::kernel_line::{self, START_US};
use crate::noise::Noise;
use crate::random::Random;
use crate::text::StampCache;
use crate::truth::Truth;

const HOST: &str = "web01";
/// The mean distance of two lines: seventeen million lines last a fortnight.
const MEAN_GAP_US: u32 = 70_000;
const BLOCK: usize = 1 << 20;

/// Writes at least `bytes` bytes of syslog, ending with a whole line.
///
/// # Errors
/// When `output` cannot be written.
pub fn generate(bytes: u64, seed: u64, mut output: impl Write) -> io::Result<Truth> {
    let mut log = Sparse::new("sparse", seed);
    let mut block = Vec::with_capacity(BLOCK + 4096);
    let mut left = bytes;
    while left > 0 {
        block.clear();
        log.fill(&mut block, left.min(BLOCK as u64) as usize);
        output.write_all(&block)?;
        left = left.saturating_sub(block.len() as u64);
    }
    output.flush()?;
    Ok(log.finish())
}

/// The generator, which can be stopped at the end of any line and carried on in another file.
pub(crate) struct Sparse {
    random: Random,
    noise: Noise,
    bodies: Bodies,
    stamps: StampCache,
    truth: Truth,
    time_us: i64,
    serial: u32,
}

impl Sparse {
    pub(crate) fn new(kind: &str, seed: u64) -> Sparse {
        let mut random = Random::new(seed);
        let bodies = Bodies::new(&mut random, 3000);
        Sparse {
            random,
            noise: Noise::new(),
            bodies,
            stamps: StampCache::default(),
            truth: Truth { first_time_us: START_US, ..Truth::new(kind, seed) },
            time_us: START_US,
            serial: 1000,
        }
    }

    /// Microseconds since 1970 of the last line.
    pub(crate) fn time_us(&self) -> i64 {
        self.time_us
    }

    /// Appends whole lines until at least `bytes` bytes were added.
    pub(crate) fn fill(&mut self, block: &mut Vec<u8>, bytes: usize) {
        let start = block.len();
        while block.len() - start < bytes {
            self.line(block);
            self.truth.lines += 1;
        }
        self.truth.bytes += (block.len() - start) as u64;
    }

    fn line(&mut self, out: &mut Vec<u8>) {
        if self.truth.lines > 0 {
            self.time_us += i64::from(self.random.below(2 * MEAN_GAP_US));
        }
        let dice = self.random.below(10_000);
        if dice < 10 {
            let place = (self.time_us, self.serial, HOST);
            kernel_line::record(out, &mut self.stamps, &mut self.random, &mut self.bodies, place);
            self.serial = self.serial.wrapping_add(1);
            return;
        }
        let line = if dice == 10 {
            let decoy = self.noise.choose_decoy(&mut self.random);
            self.truth.decoys += 1;
            *self.truth.decoys_by_verdict.entry(decoy.verdict).or_default() += 1;
            if decoy.is_record_like {
                *self.truth.record_like_by_verdict.entry(decoy.verdict).or_default() += 1;
            }
            decoy.line
        } else {
            self.noise.choose(&mut self.random)
        };
        if line.is_from_kernel() {
            kernel_line::prefix(out, &mut self.stamps, self.time_us, HOST);
        } else {
            self.stamps.append(out, self.time_us);
            out.push(b' ');
            out.extend_from_slice(HOST.as_bytes());
            line.write_program(out, &mut self.random);
        }
        line.write_message(out, &mut self.random);
    }

    /// The truth about all that was written.
    pub(crate) fn finish(mut self) -> Truth {
        self.bodies.report(&mut self.truth);
        self.truth.audit_ids = self.truth.records;
        self.truth.last_time_us = self.time_us;
        self.truth
    }
}
