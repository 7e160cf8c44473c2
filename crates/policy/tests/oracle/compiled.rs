//! Reads what `apparmor_parser -S` writes, and walks its automata as the kernel does.
//!
//! Source: the kernel's `security/apparmor/policy_unpack.c` and `match.c` (formats), read by name and layout.

/// The decisions of one automaton state for one kind of user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    pub allow: u32,
    pub audit: u32,
    pub quiet: u32,
    pub exec: u32,
}

/// An automaton of the `notflex` format.
pub struct Dfa {
    accept: Vec<u32>,
    accept2: Vec<u32>,
    base: Vec<u32>,
    default: Vec<u32>,
    next: Vec<u32>,
    check: Vec<u32>,
    classes: Vec<u32>,
}

/// A compiled profile with its automaton for files.
pub struct Compiled {
    pub name: String,
    pub file: Option<Dfa>,
    /// For signals and ptrace, among others; each text begins with the class's number.
    pub other: Option<Dfa>,
    /// Sets of capabilities: allowed, audited, quiet.
    pub capabilities: [u64; 3],
}

fn big(bytes: &[u8], at: usize, width: usize) -> u32 {
    bytes[at..at + width].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn little(bytes: &[u8], at: usize, width: usize) -> usize {
    bytes[at..at + width].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

impl Dfa {
    fn read(blob: &[u8]) -> Dfa {
        let start = blob.windows(4).position(|four| four == [0x1b, 0x5e, 0x78, 0x3d]).expect("magic");
        let blob = &blob[start..];
        let mut at = big(blob, 4, 4) as usize;
        let mut tables: Vec<Vec<u32>> = vec![Vec::new(); 9];
        while at + 12 <= blob.len() {
            let (id, width) = (big(blob, at, 2) as usize, big(blob, at + 2, 2) as usize);
            let count = big(blob, at + 8, 4) as usize;
            if id == 0 || id > 8 || width == 0 {
                break;
            }
            tables[id] = (0..count).map(|entry| big(blob, at + 12 + entry * width, width)).collect();
            at = (at + 12 + count * width).next_multiple_of(8);
        }
        let mut take = |id: usize| std::mem::take(&mut tables[id]);
        Dfa {
            accept: take(1),
            base: take(2),
            check: take(3),
            default: take(4),
            classes: take(5),
            accept2: take(7),
            next: take(8),
        }
    }

    fn step(&self, state: usize, byte: u8) -> usize {
        let class = self.classes.get(usize::from(byte)).copied().unwrap_or(u32::from(byte));
        let at = ((self.base[state] & 0x00ff_ffff) + class) as usize;
        let found = self.check.get(at).is_some_and(|owner| *owner as usize == state);
        (if found { self.next[at] } else { self.default[state] }) as usize
    }

    /// The state behind a text; 0 where there is none.
    pub fn walk(&self, text: &[u8]) -> usize {
        let mut state = 1;
        for byte in text {
            state = self.step(state, *byte);
            if state == 0 {
                break;
            }
        }
        state
    }

    /// What is decided about a text, for the owner or for others.
    pub fn decide(&self, text: &[u8], is_owner: bool) -> Bits {
        let state = self.walk(text);
        let shift = if is_owner { 0 } else { 14 };
        let (accept, audit) = (self.accept[state] >> shift, self.accept2[state] >> shift);
        Bits { allow: accept & 0x7f, exec: accept >> 7 & 0x7f, audit: audit & 0x7f, quiet: audit >> 7 & 0x7f }
    }
}

/// The profiles in the parser's output.
pub fn read(bytes: &[u8]) -> Vec<Compiled> {
    let mut profiles: Vec<Compiled> = Vec::new();
    let mut at = 0;
    let mut depth = 0;
    let mut numbers = 0;
    let mut name = String::new();
    // The automaton of the attachment is followed by a number; the one for files by nothing of that kind.
    let mut pending: Option<Dfa> = None;
    while at < bytes.len() {
        let kind = bytes[at];
        at += 1;
        if kind == 4 || kind == 8 {
            numbers = 0;
        }
        let file = pending.take().filter(|_| kind != 2);
        if let (Some(dfa), Some(profile)) = (file, profiles.last_mut()) {
            profile.file = Some(dfa);
        }
        match kind {
            0 => at += 1,
            1 => at += 2,
            2 => {
                let number = little(bytes, at, 4) as u64;
                at += 4;
                // Behind the flags the low halves, in `caps64` the high ones.
                let place = match (name.as_str(), depth) {
                    ("flags", 1) => Some(0),
                    ("caps64", 2) => Some(32),
                    // The number that has this name; the four behind it have none.
                    ("path_flags", 1) => {
                        name = "flags".to_owned();
                        None
                    }
                    _ => None,
                };
                if let (Some(shift), Some(profile)) = (place, profiles.last_mut()) {
                    if let Some(set) = profile.capabilities.get_mut(numbers) {
                        *set |= number << shift;
                    }
                    numbers += 1;
                }
            }
            3 => at += 8,
            4 | 5 => {
                let length = little(bytes, at, 2);
                let text = String::from_utf8_lossy(&bytes[at + 2..at + 1 + length]).into_owned();
                at += 2 + length;
                if kind == 4 {
                    name = text;
                } else if depth == 1 && name == "profile" {
                    profiles.push(Compiled { name: text, file: None, other: None, capabilities: [0; 3] });
                    name = String::new();
                }
            }
            6 => {
                let length = little(bytes, at, 4);
                if name == "aadfa" && depth == 1 {
                    pending = Some(Dfa::read(&bytes[at + 4..at + 4 + length]));
                }
                if name == "aadfa"
                    && depth == 2
                    && let Some(profile) = profiles.last_mut()
                {
                    profile.other = Some(Dfa::read(&bytes[at + 4..at + 4 + length]));
                }
                at += 4 + length;
            }
            7 => depth += 1,
            8 => depth -= 1,
            9 | 10 | 12 => {}
            11 => at += 2,
            other => panic!("unknown code {other} at {at}"),
        }
    }
    if let (Some(dfa), Some(profile)) = (pending, profiles.last_mut()) {
        profile.file = Some(dfa);
    }
    profiles
}
