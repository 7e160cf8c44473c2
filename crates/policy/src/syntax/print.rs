//! The text of a tree.

use super::tree::{Item, ItemKind, SourceFile};
use crate::diagnostic::Span;

/// The file's text, put together from its items and what lies between them.
///
/// It equals the parsed text, byte for byte: tests and the fuzz target hold the parser to that, since it shows that no
/// item overlaps another, lies outside of its parent or was lost.
#[must_use]
pub fn print(file: &SourceFile) -> Vec<u8> {
    let mut printer = Printer { text: &file.text, at: 0, out: Vec::with_capacity(file.text.len()) };
    printer.items(&file.items);
    printer.up_to(file.text.len());
    printer.out
}

struct Printer<'t> {
    text: &'t [u8],
    at: usize,
    out: Vec<u8>,
}

impl Printer<'_> {
    fn items(&mut self, items: &[Item]) {
        for item in items {
            // Between items there may be blanks alone; other bytes would have been lost.
            let between = Span::new(self.at, item.span.start).of(self.text);
            self.out.extend(between.iter().filter(|byte| byte.is_ascii_whitespace() || **byte == b'\\'));
            self.at = item.span.start;
            match &item.kind {
                ItemKind::Profile(profile) => self.inner(&profile.items),
                ItemKind::Block(block) => self.inner(&block.items),
                ItemKind::Conditional(conditional) => {
                    for branch in &conditional.branches {
                        self.up_to(branch.span.start);
                        self.inner(&branch.items);
                    }
                }
                _ => {}
            }
            self.up_to(item.span.end);
        }
    }

    fn inner(&mut self, items: &[Item]) {
        if let Some(first) = items.first() {
            self.up_to(first.span.start);
            self.items(items);
        }
    }

    fn up_to(&mut self, end: usize) {
        self.out.extend_from_slice(Span::new(self.at, end).of(self.text));
        self.at = end;
    }
}
