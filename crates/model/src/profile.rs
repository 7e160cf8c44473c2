//! Profile names: stacks, namespaces, children, hats and learning profiles.

/// The profile whose timeline a name belongs to: the namespace is kept, `//child` and `//null-…` are cut.
///
/// A stack (`A//&B`) belongs to its first member. `:ns:A//b` gives `:ns:A`, `:ns://A//b` gives `:ns://A`.
pub fn root(name: &[u8]) -> &[u8] {
    let first = match find(name, b"//&") {
        Some(at) if at > 0 => &name[..at],
        _ => name,
    };
    let skip = namespace_len(first);
    match find(&first[skip..], b"//") {
        Some(at) if at > 0 => &first[..skip + at],
        _ => first,
    }
}

/// The bytes of a leading `:namespace:` or `:namespace://`, 0 where there is none.
fn namespace_len(name: &[u8]) -> usize {
    if name.first() != Some(&b':') {
        return 0;
    }
    match name[1..].iter().position(|&byte| byte == b':') {
        Some(at) => {
            let end = at + 2;
            if name[end..].starts_with(b"//") { end + 2 } else { end }
        }
        None => 0,
    }
}

/// Whether the name holds a learning profile that complain mode made up (`//null-…`).
pub fn is_learning(name: &[u8]) -> bool {
    find(name, b"//null-").is_some()
}

fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    text.windows(pattern.len()).position(|window| window == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots() {
        let cases: &[(&str, &str)] = &[
            ("fcgiwrap//cgi", "fcgiwrap"),
            ("A//null-/usr/bin/rm//null-/bin/sh", "A"),
            ("/opt/catalina.sh///usr/local/jdk/bin/java", "/opt/catalina.sh"),
            ("A//&B", "A"),
            (":ns:A//b", ":ns:A"),
            (":ns://A//b", ":ns://A"),
            ("unconfined", "unconfined"),
            ("//null-x", "//null-x"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(root(name.as_bytes()), expected.as_bytes(), "{name}");
        }
        assert!(is_learning(b"A//null-2d"));
    }
}
