//! Decompressors, and the decoder of UTF-16: one driver for what they have in common, one file for each format.
//!
//! A format decodes one unit (gzip member, xz or bzip2 stream, zstd frame) at a time. The driver strings the units
//! together, keeps to the limits, names the damage, and goes on at the next unit behind it.

mod bzip2;
mod gzip;
mod utf16;
mod xz;
mod zstd;

pub(crate) use self::bzip2::Bzip2;
pub(crate) use self::gzip::{Gzip, member_mtime_us};
pub(crate) use self::utf16::Utf16;
pub(crate) use self::xz::Xz;
pub(crate) use self::zstd::Zstd;

use std::io::{self, Read};

use aaf_model::Code;

use crate::context::Context;
use crate::input::Input;

/// Packed bytes that are read at once.
const INPUT_BYTES: usize = 256 << 10;
/// How much of a candidate is decoded before it is taken for the next unit.
const TRIAL_BYTES: usize = 32 << 10;

/// A compression format, decoding one unit after the other.
pub(crate) trait Codec: Sized {
    /// The format and its unit as a reader knows them.
    const NAME: &'static str;
    const UNIT: &'static str;

    /// Prepares for the unit at the input's position and takes its header, if the format leaves that to us.
    fn begin(&mut self, input: &mut Input<'_>) -> Result<(), String>;
    /// Decodes some.
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step;
    /// Takes and checks the unit's trailer, if the format leaves that to us.
    fn finish(&mut self, _input: &mut Input<'_>) -> Result<(), Trailer> {
        Ok(())
    }
    /// Whether a unit may begin with these bytes.
    fn is_start(head: &[u8]) -> bool;
    /// Where the first candidate is.
    fn find_start(bytes: &[u8]) -> Option<usize>;
    /// Whether the candidate decodes as far as it is shown.
    fn is_sound(head: &[u8]) -> bool {
        Self::is_start(head)
    }
}

/// What one step of decoding did.
pub(crate) struct Step {
    pub consumed: usize,
    pub produced: usize,
    pub outcome: Outcome,
}

/// How a step of decoding went.
pub(crate) enum Outcome {
    More,
    /// The unit is complete.
    Done,
    Corrupt(String),
    /// It could be read, but with more memory than is granted.
    TooLarge(String),
}

/// What is wrong with a unit's trailer.
pub(crate) enum Trailer {
    Missing,
    /// Bytes may be wrong, but none are missing.
    Wrong(String),
    /// There are more or fewer bytes than there should be.
    Shifted(String),
}

enum Phase {
    Boundary,
    Unit,
    Trailer,
    End,
}

/// The unpacked bytes of a stream.
///
/// An error means that bytes are missing at this place; where a later read gives bytes, they are what follows.
pub(crate) struct Unpacker<'i, 's, 'c, C> {
    context: &'c Context<'c>,
    member: &'c str,
    input: &'i mut Input<'s>,
    codec: C,
    phase: Phase,
    /// Where the unit begins in the packed bytes.
    unit_start: u64,
    units: u64,
    unpacked_bytes: u64,
    /// Damage found in a step that still put out bytes.
    pending: Option<Outcome>,
}

impl<'i, 's, 'c, C: Codec> Unpacker<'i, 's, 'c, C> {
    pub fn new(context: &'c Context<'c>, member: &'c str, input: &'i mut Input<'s>, codec: C) -> Self {
        input.read_ahead(INPUT_BYTES);
        Unpacker {
            context,
            member,
            input,
            codec,
            phase: Phase::Boundary,
            unit_start: 0,
            units: 0,
            unpacked_bytes: 0,
            pending: None,
        }
    }

    /// At the end of a unit, or at the very beginning.
    fn boundary(&mut self) -> io::Result<()> {
        let head = self.input.peek(16);
        if head.is_empty() {
            self.phase = Phase::End;
            return self.input.take_error().map_or(Ok(()), |error| {
                self.phase = Phase::Boundary;
                Err(error)
            });
        }
        if C::is_start(head) {
            self.unit_start = self.input.offset_bytes();
            self.phase = Phase::Unit;
            return match self.codec.begin(self.input) {
                Ok(()) => Ok(()),
                Err(what) => Err(self.damaged(Code::Corrupt, &what)),
            };
        }
        let from = self.input.offset_bytes();
        let (found, only_zeros) = self.seek();
        let passed = self.input.offset_bytes() - from;
        self.phase = if found { Phase::Boundary } else { Phase::End };
        let name = C::NAME;
        if only_zeros {
            let message = format!("{passed} zero bytes behind the {name} data, passed over");
            self.context.report(Code::NulRun, self.member, Some(self.unpacked_bytes), message);
        } else if found || self.units == 0 {
            let message =
                format!("{passed} packed bytes from byte {from} on are no {name} data, passed over");
            return Err(self.context.damage(Code::Corrupt, self.member, self.unpacked_bytes, message));
        } else {
            let message = format!("{passed} bytes behind the {name} data are no {name} data, not read");
            self.context.report(Code::NotYetRead, self.member, Some(self.unpacked_bytes), message);
        }
        Ok(())
    }

    /// Names the damage at this place and moves on to the next unit, if there is one.
    fn damaged(&mut self, code: Code, what: &str) -> io::Error {
        let at = self.input.offset_bytes();
        self.input.rewind_toward(self.unit_start + 1);
        let (found, _) = self.seek();
        self.phase = if found { Phase::Boundary } else { Phase::End };
        let outcome = if found {
            let next = self.input.offset_bytes();
            format!("went on at the next {} {} at packed byte {next}", C::NAME, C::UNIT)
        } else {
            "the rest is not read".to_owned()
        };
        let bytes = self.unpacked_bytes;
        let message = format!("{what} after {bytes} unpacked bytes, packed byte {at}; {outcome}");
        self.context.damage(code, self.member, bytes, message)
    }

    /// Consumes up to the next sound start of a unit; tells whether there is one and whether all before it is zero.
    fn seek(&mut self) -> (bool, bool) {
        let mut only_zeros = true;
        loop {
            let window = self.input.peek(TRIAL_BYTES);
            if window.is_empty() {
                if self.input.take_error().is_some() {
                    only_zeros = false;
                    continue;
                }
                return (false, only_zeros);
            }
            let candidate = C::find_start(window);
            if candidate == Some(0) && C::is_sound(window) {
                return (true, only_zeros);
            }
            let pass = match candidate {
                Some(0) => 1,
                Some(at) => at,
                // A start may be cut by the end of the window.
                None if window.len() > 16 => window.len() - 15,
                None => window.len(),
            };
            only_zeros &= window[..pass].iter().all(|&byte| byte == 0);
            self.input.consume(pass);
        }
    }

    fn unit(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(outcome) = self.pending.take() {
            return self.settle(outcome);
        }
        let allowance = match self.context.allowance(self.member, self.unpacked_bytes) {
            Ok(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX),
            Err(error) => {
                self.phase = Phase::End;
                return Err(error);
            }
        };
        let wanted = out.len().min(allowance);
        let bytes = match self.input.fill() {
            Ok(bytes) => bytes,
            // Packed bytes are missing: what is decoded of this unit from here on would be made up.
            Err(error) => {
                let (found, _) = self.seek();
                self.phase = if found { Phase::Boundary } else { Phase::End };
                return Err(error);
            }
        };
        let at_end = bytes.is_empty();
        let Step { consumed, produced, outcome } = self.codec.step(bytes, &mut out[..wanted]);
        self.input.consume(consumed);
        self.unpacked_bytes += produced as u64;
        self.context.count_inflated(produced);
        let stuck = consumed == 0 && produced == 0 && matches!(outcome, Outcome::More);
        let outcome = match outcome {
            Outcome::More if stuck && !at_end => Outcome::Corrupt(format!("stalled {} data", C::NAME)),
            other => other,
        };
        if stuck && at_end {
            self.phase = Phase::End;
            let bytes = self.unpacked_bytes;
            let message = format!("unexpected end of {} data after {bytes} unpacked bytes", C::NAME);
            return Err(self.context.damage(Code::Truncated, self.member, bytes, message));
        }
        match outcome {
            Outcome::More => Ok(produced),
            Outcome::Done => {
                self.phase = Phase::Trailer;
                Ok(produced)
            }
            outcome if produced > 0 => {
                self.pending = Some(outcome);
                Ok(produced)
            }
            outcome => self.settle(outcome),
        }
    }

    fn settle(&mut self, outcome: Outcome) -> io::Result<usize> {
        match outcome {
            Outcome::More | Outcome::Done => Ok(0),
            Outcome::Corrupt(what) => Err(self.damaged(Code::Corrupt, &what)),
            Outcome::TooLarge(what) => Err(self.damaged(Code::LimitReached, &what)),
        }
    }

    fn trailer(&mut self) -> io::Result<()> {
        self.units += 1;
        self.phase = Phase::Boundary;
        match self.codec.finish(self.input) {
            Ok(()) => Ok(()),
            Err(Trailer::Missing) => {
                if let Some(error) = self.input.take_error() {
                    return Err(error);
                }
                let bytes = self.unpacked_bytes;
                let message =
                    format!("the {} trailer is cut; its {bytes} unpacked bytes are unchecked", C::NAME);
                self.context.report(Code::Truncated, self.member, Some(bytes), message);
                Ok(())
            }
            Err(Trailer::Wrong(what)) => {
                // The bytes are out already and nothing is missing between this unit and the next.
                self.context.report(Code::Corrupt, self.member, Some(self.unpacked_bytes), what);
                Ok(())
            }
            Err(Trailer::Shifted(what)) => {
                Err(self.context.damage(Code::Corrupt, self.member, self.unpacked_bytes, what))
            }
        }
    }
}

impl<C: Codec> Read for Unpacker<'_, '_, '_, C> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match self.phase {
                Phase::Boundary => self.boundary()?,
                Phase::Unit => match self.unit(out)? {
                    0 => {}
                    produced => return Ok(produced),
                },
                Phase::Trailer => self.trailer()?,
                Phase::End => return Ok(0),
            }
        }
    }
}
