//! Which of day and month comes first in the dates of `ausearch -i`, which prints them as its locale does.
//!
//! One text was printed under one locale, so a date that can be read in one way alone speaks for those beside it.

use std::collections::HashMap;

use aaf_model::block::Row;
use aaf_model::{Notes, Stamp};

use crate::track::Track;

/// What the dates of each text say.
#[derive(Debug, Default)]
pub(crate) struct DayFirst(HashMap<(u32, u32), Said>);

/// Whether a date can be read with the day first alone, and whether with the month first alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub day_first: bool,
    pub month_first: bool,
}

impl Said {
    /// What a row says. What another program or a user's message quotes was not printed under the text's locale.
    pub fn by(row: &Row) -> Said {
        if [Notes::OTHER_PROGRAM, Notes::USER_FACILITY].iter().any(|&note| row.notes.has(note)) {
            return Said::default();
        }
        match row.stamp {
            Stamp::Civil { civil, .. } if row.notes.has(Notes::INTERPRETED) => {
                let day_first = row.notes.has(Notes::DAY_FIRST);
                Said { day_first, month_first: !day_first && civil.day > 12 }
            }
            _ => Said::default(),
        }
    }

    pub fn add(&mut self, other: Said) {
        self.day_first |= other.day_first;
        self.month_first |= other.month_first;
    }
}

impl DayFirst {
    /// Learns from all blocks.
    pub fn of(tracks: &[Track]) -> DayFirst {
        let mut days = DayFirst::default();
        tracks.iter().for_each(|track| days.observe(track));
        days
    }

    /// Learns from one block more.
    pub fn observe(&mut self, track: &Track) {
        if track.dates != Said::default() {
            self.0.entry((track.evidence, track.member)).or_default().add(track.dates);
        }
    }

    /// A row's stamp: the date that was read month first for want of a reason is turned where the text has one. Where some
    /// dates of a text say one thing and some another, each stays as it was read.
    pub fn stamp(&self, row: &Row) -> Stamp {
        let Stamp::Civil { mut civil, resolution_us } = row.stamp else { return row.stamp };
        let is_open =
            row.notes.has(Notes::INTERPRETED) && !row.notes.has(Notes::DAY_FIRST) && civil.day <= 12;
        let text = (row.evidence, row.member);
        if is_open && self.0.get(&text).is_some_and(|said| said.day_first && !said.month_first) {
            std::mem::swap(&mut civil.day, &mut civil.month);
        }
        Stamp::Civil { civil, resolution_us }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aaf_model::block::Block;
    use aaf_model::time::Civil;

    fn row(month: u8, day: u8, notes: Notes) -> Row {
        let civil = Civil { year: 2024, month, day, of_day_us: 0 };
        let notes = Notes(notes.0 | Notes::INTERPRETED.0);
        Row {
            stamp: Stamp::Civil { civil, resolution_us: 1000 },
            notes,
            epoch_us: i64::MIN,
            ..Row::default()
        }
    }

    fn settled(rows: &[Row]) -> Vec<(u8, u8)> {
        let mut block = Block::default();
        block.rows.extend(rows.iter().cloned());
        let days = DayFirst::of(&[Track::of(0, 0, 0, &block)]);
        block.rows.iter_mut().for_each(|row| row.stamp = days.stamp(row));
        let dates = block.rows.iter().map(|row| match row.stamp {
            Stamp::Civil { civil, .. } => (civil.month, civil.day),
            _ => (0, 0),
        });
        dates.collect()
    }

    #[test]
    fn one_text_has_one_order() {
        // 30/04, 01/05, 13/05 and 02/06, as each alone was read.
        let british = [
            row(4, 30, Notes::DAY_FIRST),
            row(1, 5, Notes(0)),
            row(5, 13, Notes::DAY_FIRST),
            row(2, 6, Notes(0)),
        ];
        assert_eq!(settled(&british), [(4, 30), (5, 1), (5, 13), (6, 2)]);
        assert_eq!(settled(&[row(1, 5, Notes(0)), row(4, 30, Notes(0))]), [(1, 5), (4, 30)]);
        // A text that says both things is left alone.
        let both = [row(4, 30, Notes::DAY_FIRST), row(4, 30, Notes(0)), row(1, 5, Notes(0))];
        assert_eq!(settled(&both), [(4, 30), (4, 30), (1, 5)]);
    }

    #[test]
    fn what_others_write_says_nothing_of_the_texts_order() {
        let quoted = row(4, 30, Notes(Notes::DAY_FIRST.0 | Notes::OTHER_PROGRAM.0));
        assert_eq!(settled(&[row(1, 5, Notes::default()), quoted])[0], (1, 5));
        let own = row(4, 30, Notes::DAY_FIRST);
        assert_eq!(settled(&[row(1, 5, Notes::default()), own])[0], (5, 1));
    }
}
