//! Collections: what a collector put together from one host, recognised by the tree of its content.
//!
//! The names of the outermost folders have no say. Each kind has a file of its own: what marks its root, and which
//! path a member had on the host. What the small files inside tell about the host is gathered in [`Facts`].
//! Source: the collectors' own scripts and manuals, named in each file.

mod audit_status;
mod catscale;
mod clock;
mod date;
mod facts;
mod log_copy;
mod output;
mod root_copy;
mod sosreport;
mod telling;
mod tree;
mod uac;
mod velociraptor;
mod zone;

pub use self::audit_status::AuditStatus;
pub use self::clock::ClockState;
pub use self::facts::{Fact, Facts};
pub use self::telling::{TELLING_BYTES, Telling, is_telling};
pub use self::zone::Zone;

use std::borrow::Cow;
use std::collections::BTreeMap;

use self::tree::Marks;

/// The collector, or what else made the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A zip of Velociraptor's offline collector, or what was unpacked from it.
    Velociraptor,
    /// UAC, the Unix-like Artifacts Collector.
    Uac,
    /// sosreport.
    Sosreport,
    /// WithSecure's Cat-Scale.
    CatScale,
    /// A plain copy of `/`, or of parts of it with `/etc`.
    Root,
    /// A plain copy of `/var/log`.
    Logs,
}

impl Kind {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Velociraptor => "velociraptor",
            Kind::Uac => "uac",
            Kind::Sosreport => "sosreport",
            Kind::CatScale => "cat-scale",
            Kind::Root => "root",
            Kind::Logs => "var-log",
        }
    }

    /// Whether a collector made it, not somebody with `cp`: only then may it lie inside another collection.
    const fn is_made(self) -> bool {
        !matches!(self, Kind::Root | Kind::Logs)
    }

    /// The path that a member had on the host; `relative` begins below the collection's root.
    fn host_path(self, relative: &str) -> Option<String> {
        match self {
            Kind::Velociraptor => velociraptor::host_path(relative),
            Kind::Uac => uac::host_path(relative),
            Kind::Sosreport => sosreport::host_path(relative),
            Kind::CatScale => catscale::host_path(relative),
            Kind::Root => root_copy::host_path(relative),
            Kind::Logs => log_copy::host_path(relative),
        }
    }
}

/// One collection.
#[derive(Clone, Debug)]
pub struct Collection {
    /// What made it.
    pub kind: Kind,
    /// The beginning that the paths of all its files share: empty, or up to a `/` or `!`.
    pub root: String,
    /// What it says about its host.
    pub facts: Facts,
}

impl Collection {
    /// The path that a file of the collection had on the host, where that can be told.
    pub fn host_path(&self, path: &str) -> Option<String> {
        let relative = path.strip_prefix(&*self.root)?;
        self.kind.host_path(&plain(relative))
    }

    /// Whether a file of the collection holds only the end of the log that it is a copy of.
    pub fn is_tail(&self, path: &str) -> bool {
        let relative = path.strip_prefix(&*self.root).unwrap_or_default();
        self.kind == Kind::Sosreport && sosreport::is_tailed(relative)
    }
}

/// All collections of a run, by root.
#[derive(Clone, Debug, Default)]
pub struct Collections {
    by_root: BTreeMap<String, Collection>,
}

impl Collections {
    /// Recognises the collections among files.
    ///
    /// `paths` are all files as a reader would write them (`!` before members of bundles), `telling` what was kept of
    /// those that [`is_telling`] names, and symbolic links.
    pub fn recognise(paths: &[&str], telling: &[Telling]) -> Collections {
        let mut marks: BTreeMap<String, Marks> = BTreeMap::new();
        for path in paths.iter().copied().chain(telling.iter().map(|telling| &*telling.path)) {
            tree::mark(path, &mut marks);
        }
        let mut found = Collections::default();
        // In the order of their bytes a root comes before everything inside it.
        for (root, marks) in &marks {
            let Some(kind) = marks.kind() else { continue };
            let allowed = match found.around(root) {
                None => true,
                Some(outer) if outer.kind == Kind::Logs && kind != Kind::Logs => true,
                Some(outer) => {
                    let in_bundle = root[outer.root.len()..].contains('!');
                    if kind.is_made() {
                        kind != outer.kind || in_bundle
                    } else {
                        kind == Kind::Root && in_bundle
                    }
                }
            };
            if allowed {
                let collection = Collection { kind, root: root.clone(), facts: Facts::default() };
                found.by_root.insert(root.clone(), collection);
            }
        }
        found.gather(paths, telling);
        // A copy of files inside a bundle of a collection is another host's only if it says so.
        let same: Vec<String> = found
            .by_root
            .values()
            .filter(|collection| !collection.kind.is_made())
            .filter(|collection| {
                let outer = found.around(&collection.root).filter(|outer| outer.kind != Kind::Logs);
                outer.is_some_and(|outer| match (&outer.facts.host, &collection.facts.host) {
                    (Some(outer), Some(inner)) => is_same_host(&outer.value, &inner.value),
                    _ => true,
                })
            })
            .map(|collection| collection.root.clone())
            .collect();
        if !same.is_empty() {
            for root in &same {
                found.by_root.remove(root);
            }
            found.gather(paths, telling);
        }
        found
    }

    /// Reads what the small files say about their hosts.
    fn gather(&mut self, paths: &[&str], telling: &[Telling]) {
        let mut gathered: BTreeMap<String, Facts> = BTreeMap::new();
        for telling in telling {
            let Some(collection) = self.of(&telling.path) else { continue };
            let relative = plain(telling.path.get(collection.root.len()..).unwrap_or_default());
            let host_path = collection.kind.host_path(&relative);
            let facts = gathered.entry(collection.root.clone()).or_default();
            facts.take(collection.kind, telling, &relative, host_path.as_deref());
        }
        for path in paths.iter().filter(|path| path.contains("journal")) {
            let decoded = plain(path);
            if let Some(id) = tree::journal_folder(&decoded)
                && let Some(collection) = self.of(path)
            {
                gathered.entry(collection.root.clone()).or_default().journal_folder(id, path);
            }
        }
        for (root, collection) in &mut self.by_root {
            collection.facts = gathered.remove(root).unwrap_or_default();
            collection.facts.settle();
        }
    }

    /// All collections, in the order of their roots.
    pub fn iter(&self) -> impl Iterator<Item = &Collection> {
        self.by_root.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_root.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_root.is_empty()
    }

    /// The collection that a file belongs to: the innermost around it.
    pub fn of(&self, path: &str) -> Option<&Collection> {
        let mut end = path.len();
        loop {
            let at = path[..end].rfind(['/', '!'])?;
            if let Some(found) = self.by_root.get(&path[..=at]) {
                return Some(found);
            }
            if at == 0 {
                break;
            }
            end = at;
        }
        self.by_root.get("")
    }

    /// The innermost collection around a root, other than its own.
    fn around(&self, root: &str) -> Option<&Collection> {
        self.of(root.strip_suffix(['/', '!'])?)
    }
}

/// Whether two names are one host's: equal, or one the short form of the other.
pub fn is_same_host(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    long.get(..short.len()).is_some_and(|start| start.eq_ignore_ascii_case(short))
        && (long.len() == short.len() || long[short.len()..].starts_with('.'))
}

/// The relative path with bundles as folders, and without the escapes of Velociraptor's names.
fn plain(relative: &str) -> Cow<'_, str> {
    let path =
        if relative.contains('!') { Cow::Owned(relative.replace('!', "/")) } else { Cow::Borrowed(relative) };
    if path.contains('%') { Cow::Owned(velociraptor::decoded(&path)) } else { path }
}

#[cfg(test)]
mod tests;
