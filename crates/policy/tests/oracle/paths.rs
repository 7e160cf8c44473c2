//! Paths worth asking about: members of globs, and their near misses.

/// A small generator with a fixed seed, so that each run asks the same.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    pub fn of<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len())]
    }
}

/// A text that a pattern probably matches.
pub fn member(pattern: &[u8], random: &mut Random) -> Vec<u8> {
    let mut at = 0;
    sequence(pattern, &mut at, random)
}

fn sequence(pattern: &[u8], at: &mut usize, random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    while *at < pattern.len() {
        let byte = pattern[*at];
        *at += 1;
        match byte {
            b'*' => {
                let deep = pattern.get(*at) == Some(&b'*');
                let choices: &[&[u8]] = if deep {
                    *at += 1;
                    &[b"", b"a", b"b/c", b"x.so.1", b"d/"]
                } else {
                    &[b"", b"a", b"7", b"x.so", b".h"]
                };
                let choice: &&[u8] = random.of(choices);
                text.extend_from_slice(choice);
            }
            b'?' => text.push(*random.of(b"az0.")),
            b'\\' => {
                text.extend(pattern.get(*at));
                *at += 1;
            }
            b'[' => {
                let end = pattern[*at..]
                    .iter()
                    .position(|byte| *byte == b']')
                    .map_or(pattern.len(), |end| *at + end);
                let class = &pattern[*at..end];
                text.push(if class.first() == Some(&b'^') { *random.of(b"qZ/5") } else { *random.of(class) });
                *at = end + 1;
            }
            b'{' => {
                let mut branches = Vec::new();
                loop {
                    branches.push(sequence(pattern, at, random));
                    *at += 1;
                    if pattern.get(*at - 1) != Some(&b',') {
                        break;
                    }
                }
                let branch = random.of(&branches);
                text.extend_from_slice(branch);
            }
            b',' | b'}' => {
                *at -= 1;
                return text;
            }
            byte => text.push(byte),
        }
    }
    text
}

/// A near miss, or the text itself.
pub fn bent(mut text: Vec<u8>, random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => text.push(b'/'),
        1 => {
            text.pop();
        }
        2 => text.extend_from_slice(b"/x"),
        3 if text.len() > 1 => {
            let at = random.below(text.len());
            text[at] = *random.of(b"/a0.-");
        }
        4 => text.push(b'a'),
        _ => {}
    }
    text
}

/// Paths that matter to whoever judges a profile.
pub const TELLING: [&str; 24] = [
    "/",
    "/etc/shadow",
    "/etc/passwd",
    "/root/.ssh/id_rsa",
    "/home/u/.ssh/id_rsa",
    "/home/u/.bashrc",
    "/bin/sh",
    "/usr/bin/python3",
    "/tmp/x",
    "/var/tmp/x",
    "/dev/null",
    "/dev/shm/x",
    "/proc/1/mem",
    "/proc/self/maps",
    "/proc/sys/kernel/core_pattern",
    "/sys/kernel/security/apparmor/.remove",
    "/etc/ld.so.cache",
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/usr/lib/x86_64-linux-gnu/libz.so.1",
    "/run/x.pid",
    "/var/log/syslog",
    "/home/",
    "/tmp/",
    "/usr/share/zoneinfo/UTC",
];
