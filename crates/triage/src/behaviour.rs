//! What the rules read: one behaviour of one profile, however often it occurred.

use std::borrow::Cow;

use aaf_model::{Class, Key, Outcome, Verdict};

/// Equal events of one profile within one episode, folded.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// Rank of the host.
    pub host: u32,
    /// The profile as printed, as `:namespace:profile` where it is not the host's; the touched profile for changes of policy.
    pub profile: Vec<u8>,
    /// Its timeline: without `//child`.
    pub profile_root: Vec<u8>,
    /// The episode; none for policy that was loaded without fault, and for what looks forged.
    pub episode: Option<u64>,
    /// Microseconds since 1970-01-01 UTC of the first event; `i64::MIN` where unknown.
    pub first_us: i64,
    /// The same of the last event.
    pub last_us: i64,
    /// Number of events.
    pub count: u64,
    /// The most of them within one second.
    pub peak_per_second: u64,
    /// Distinct targets, counted up to 64.
    pub objects: u32,
    /// The kernel's word.
    pub verdict: Verdict,
    /// The kind of check.
    pub class: Class,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// `operation=`.
    pub operation: Vec<u8>,
    /// The target as the timeline shows it.
    pub object: Vec<u8>,
    /// `comm=`.
    pub comm: Vec<u8>,
    /// `exe=` of the joined SYSCALL.
    pub exe: Vec<u8>,
    /// The first few processes.
    pub pids: Vec<i64>,
    /// Processes above the first one, the nearest first; names are empty where unknown.
    pub chain: Vec<(i64, Vec<u8>)>,
    /// Login user id and session; none where unset, so that unset ones never join anything.
    pub session: Option<(i64, i64)>,
    /// Other values of the first event.
    pub details: Vec<(Key, Vec<u8>)>,
    /// Whether it looks forged: such a behaviour is shown, and raises nothing.
    pub is_forged_looking: bool,
    /// Id of the first event.
    pub first_event: u64,
}

impl Behaviour {
    /// A value of the first event; empty where it has none.
    pub fn detail(&self, key: Key) -> &[u8] {
        self.details.iter().find(|(known, _)| *known == key).map_or(b"", |(_, value)| value)
    }

    /// The same as text, for rules and templates.
    pub fn text(&self, key: Key) -> Cow<'_, str> {
        String::from_utf8_lossy(self.detail(key))
    }

    /// `name=`.
    pub fn name(&self) -> &[u8] {
        self.detail(Key::Name)
    }

    /// What was refused, or asked for where nothing was.
    pub fn mask(&self) -> &[u8] {
        [Key::DeniedMask, Key::Denied, Key::RequestedMask, Key::Requested, Key::Mask]
            .into_iter()
            .map(|key| self.detail(key))
            .find(|mask| !mask.is_empty())
            .unwrap_or_default()
    }

    /// Whether AppArmor refused it, and the call did not succeed for all that.
    pub fn is_stopped(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Refused | Outcome::Killed))
    }

    /// Whether AppArmor refused this check, and the call as a whole went through all the same.
    pub fn is_refused_in_vain(&self) -> bool {
        self.verdict == Verdict::Denied && self.outcome == Some(Outcome::Succeeded)
    }

    /// Whether the profile only suffered it: the receiving side of a signal, or a traced process. Pid and `comm=` are those
    /// of the other side then.
    pub fn is_suffered(&self) -> bool {
        matches!(self.class, Class::Signal | Class::Ptrace)
            && matches!(self.mask(), b"receive" | b"tracedby" | b"readby")
    }

    /// Whether policy was loaded, replaced or removed.
    pub fn is_policy_change(&self) -> bool {
        self.class == Class::Policy
    }

    /// What the process asked to do with a file, in words; see the taxonomy.
    pub fn access(&self) -> Access {
        let mut words = Access::default();
        let mut put = |word: &'static str| words.put(word);
        match &*self.operation {
            b"unlink" | b"rmdir" => put("delete"),
            b"mkdir" | b"mknod" => put("create"),
            b"rename_src" | b"rename_dest" => put("rename"),
            b"truncate" => put("truncate"),
            b"chmod" | b"chown" => put("attributes"),
            b"link" | b"symlink" => put("link"),
            _ => {}
        }
        if matches!(self.class, Class::File | Class::Unknown) {
            for letter in self.mask() {
                match letter {
                    b'r' => put("read"),
                    b'w' => put("write"),
                    b'a' => put("append"),
                    b'c' => put("create"),
                    b'd' => put("delete"),
                    b'x' => put("execute"),
                    b'm' => put("map"),
                    b'k' => put("lock"),
                    b'l' => put("link"),
                    _ => {}
                }
            }
        }
        if words.iter().any(|word| !matches!(*word, "read" | "execute" | "map" | "lock")) {
            words.put("modify");
        }
        words
    }
}

/// Words in the order in which they were found, each once. Asked of every behaviour several times, so it needs no memory of
/// its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Access {
    words: [&'static str; Access::MOST],
    length: usize,
}

impl Access {
    /// What an operation says, a word for each letter of a mask, and `modify`.
    const MOST: usize = 12;

    fn put(&mut self, word: &'static str) {
        if !self.contains(&word)
            && let Some(free) = self.words.get_mut(self.length)
        {
            *free = word;
            self.length += 1;
        }
    }
}

impl std::ops::Deref for Access {
    type Target = [&'static str];

    fn deref(&self) -> &[&'static str] {
        self.words.get(..self.length).unwrap_or_default()
    }
}
