//! What the lines of an audit log say about its own completeness.

/// Lines of an audit log whose serials follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SerialRun {
    /// The first serial.
    pub first: u32,
    /// The last serial.
    pub last: u32,
    /// The time of the first line, microseconds since 1970-01-01 UTC.
    pub first_us: i64,
    /// The time of the last line.
    pub last_us: i64,
    /// Where the first line begins, bytes of the unpacked text.
    pub offset_bytes: u64,
    /// Tells the machines of a log that several of them write to apart: a hash of `node=`, 0 without one.
    pub node: u32,
}

/// An event that was logged because of a record that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HollowEvent {
    /// Its serial.
    pub serial: u32,
    /// Its time, microseconds since 1970-01-01 UTC.
    pub epoch_us: i64,
    /// Where its SYSCALL line begins, bytes of the unpacked text.
    pub offset_bytes: u64,
    /// Length of that line, bytes.
    pub length_bytes: u32,
    /// Paths that the line says there are (`items=`).
    pub items: u32,
    /// PATH lines that are there.
    pub paths: u32,
    /// The line.
    pub raw: Vec<u8>,
}

/// The serials of an audit log, and events in it that lack what they must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditSerials {
    /// Runs in the order of the lines.
    pub runs: Vec<SerialRun>,
    /// Events that lost their cause.
    pub hollow: Vec<HollowEvent>,
    /// There were too many runs to keep: a log that holds only some types says nothing by its holes.
    pub overflowed: bool,
}

/// A log with more runs keeps only some types of records.
const MOST_RUNS: usize = 65_536;
/// Hollow events that are kept.
const MOST_HOLLOW: usize = 4096;
/// Lines that are further apart in time do not follow one another, microseconds.
const NEAR_US: u64 = 60_000_000;

impl AuditSerials {
    /// Takes the next line.
    pub fn line(&mut self, serial: u32, epoch_us: i64, offset_bytes: u64, node: u32) {
        let run = SerialRun {
            first: serial,
            last: serial,
            first_us: epoch_us,
            last_us: epoch_us,
            offset_bytes,
            node,
        };
        self.run(run);
    }

    fn run(&mut self, run: SerialRun) {
        if let Some(known) = self.runs.last_mut()
            && run.node == known.node
            && run.first.wrapping_sub(known.last) <= 1
            && run.first_us.abs_diff(known.last_us) <= NEAR_US
        {
            (known.last, known.last_us) = (run.last, run.last_us);
        } else if self.runs.len() < 2 * MOST_RUNS {
            self.runs.push(run);
        } else {
            self.overflowed = true;
        }
    }

    /// Takes an event that lost its cause.
    pub fn hollow(&mut self, event: HollowEvent) {
        if self.hollow.len() < MOST_HOLLOW {
            self.hollow.push(event);
        }
    }

    /// Appends what the lines behind these say.
    pub fn append(&mut self, next: &AuditSerials) {
        next.runs.iter().for_each(|run| self.run(*run));
        next.hollow.iter().for_each(|event| self.hollow(event.clone()));
        self.overflowed |= next.overflowed;
    }

    /// Drops the runs where there are too many to say anything; which they are depends on the log alone.
    pub fn settle(&mut self) {
        self.overflowed |= self.runs.len() > MOST_RUNS;
        if self.overflowed {
            self.runs = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_do_not_depend_on_where_the_log_was_cut() {
        let lines =
            [(1, 0), (1, 0), (2, 5), (3, 5), (7, 9), (6, 9), (8, 9), (9, 70_000_000), (10, 70_000_000)];
        let of = |lines: &[(u32, i64)]| {
            let mut serials = AuditSerials::default();
            lines.iter().for_each(|&(serial, at)| serials.line(serial, at, u64::from(serial), 0));
            serials
        };
        let whole = of(&lines);
        let firsts: Vec<(u32, u32)> = whole.runs.iter().map(|run| (run.first, run.last)).collect();
        assert_eq!(firsts, [(1, 3), (7, 7), (6, 6), (8, 8), (9, 10)]);
        for cut in 0..=lines.len() {
            let mut first = of(&lines[..cut]);
            first.append(&of(&lines[cut..]));
            assert_eq!(first, whole, "cut at {cut}");
        }
    }
}
