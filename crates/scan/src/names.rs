//! Hosts and programs, each kept once.

use std::collections::HashMap;
use std::sync::Mutex;

/// A table of names shared by all workers.
///
/// The numbers depend on who came first; nothing may be sorted by them.
#[derive(Default)]
pub struct NameTable {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_name: HashMap<Vec<u8>, u32>,
    names: Vec<Vec<u8>>,
}

impl NameTable {
    /// The number of a name, new if it was not seen before.
    pub fn number(&self, name: &[u8]) -> u32 {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(&number) = inner.by_name.get(name) {
            return number;
        }
        let number = inner.names.len() as u32;
        inner.names.push(name.to_vec());
        inner.by_name.insert(name.to_vec(), number);
        number
    }

    /// All names, by number.
    pub fn names(&self) -> Vec<Vec<u8>> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner).names.clone()
    }
}

/// A worker's view of the table: the last names are answered without the lock.
pub struct NameCache<'t> {
    table: &'t NameTable,
    recent: Vec<(Vec<u8>, u32)>,
    next: usize,
}

impl<'t> NameCache<'t> {
    const SIZE: usize = 16;

    pub fn new(table: &'t NameTable) -> Self {
        NameCache { table, recent: Vec::new(), next: 0 }
    }

    pub fn number(&mut self, name: &[u8]) -> u32 {
        if let Some((_, number)) = self.recent.iter().find(|(known, _)| known == name) {
            return *number;
        }
        let number = self.table.number(name);
        if self.recent.len() < Self::SIZE {
            self.recent.push((name.to_vec(), number));
        } else {
            self.recent[self.next] = (name.to_vec(), number);
            self.next = (self.next + 1) % Self::SIZE;
        }
        number
    }
}
