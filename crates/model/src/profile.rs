//! Profile names: stacks, namespaces, children, hats and learning profiles.

use std::borrow::Cow;

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

/// The name of a profile as seen from the host: `:namespace:name`, as `aa-status` and the kernel's list of profiles write it.
///
/// `subject` is `namespace=` of a record (`root//lxd-c1`), in which the task lives; `stated` is `ns=` of a change of policy, which
/// lies in that one, and which the kernel writes as `ns://name` when a profile is removed. Either is empty where it is not there.
/// A name that says its namespace itself is left.
pub fn qualified<'n>(subject: &[u8], stated: &[u8], name: &'n [u8]) -> Cow<'n, [u8]> {
    let subject = match subject {
        b"root" => b"",
        _ => subject.strip_prefix(b"root//").unwrap_or(subject),
    };
    let stated = stated.split(|&byte| byte == b':').next().unwrap_or_default();
    if (subject.is_empty() && stated.is_empty()) || name.is_empty() || name.starts_with(b":") {
        return Cow::Borrowed(name);
    }
    let between: &[u8] = if subject.is_empty() || stated.is_empty() { b"" } else { b"//" };
    Cow::Owned([b":", subject, between, stated, b":", name].concat())
}

/// The namespace in which a stacked task sees itself: that of the last member (`lxd-c1_</x>//&:lxd-c1_<x>:unconfined`). Empty
/// where it is the host's.
pub fn namespace_of_stack(label: &[u8]) -> &[u8] {
    let last = match label.windows(3).rposition(|window| window == b"//&") {
        Some(at) => &label[at + 3..],
        None => label,
    };
    let name = last.strip_prefix(b":").and_then(|rest| rest.split(|&byte| byte == b':').next());
    name.filter(|_| namespace_len(last) > 0).unwrap_or_default()
}

/// A name without its namespace.
pub fn unqualified(name: &[u8]) -> &[u8] {
    &name[namespace_len(name)..]
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

    #[test]
    fn names_seen_from_the_host() {
        let cases: &[(&str, &str, &str, &str)] = &[
            ("", "", "nginx", "nginx"),
            ("root", "", "nginx", "nginx"),
            ("root//lab", "", "boxed", ":lab:boxed"),
            // As the kernel writes a load, and a removal.
            ("", "lab", "boxed", ":lab:boxed"),
            ("", "lab://boxed", "boxed", ":lab:boxed"),
            ("root//lxd-c1_<x>", "inner", "p//hat", ":lxd-c1_<x>//inner:p//hat"),
            ("root//lab", "", ":other:p", ":other:p"),
            ("root//lab", "", "", ""),
        ];
        for (subject, stated, name, expected) in cases {
            let name = qualified(subject.as_bytes(), stated.as_bytes(), name.as_bytes());
            assert_eq!(String::from_utf8_lossy(&name), *expected);
        }
        assert_eq!(unqualified(b":lab:boxed"), b"boxed");
        assert_eq!(unqualified(b":lab://boxed"), b"boxed");
        assert_eq!(unqualified(b"boxed"), b"boxed");
        let label = b"lxd-c1_</var/snap/lxd/common/lxd>//&:lxd-c1_<var-snap-lxd-common-lxd>:unconfined";
        assert_eq!(namespace_of_stack(label), b"lxd-c1_<var-snap-lxd-common-lxd>");
        assert_eq!(namespace_of_stack(b":lab:boxed"), b"lab");
        for plain in ["nginx", "A//&B", "", ":", "A//&:", ":::"] {
            assert_eq!(namespace_of_stack(plain.as_bytes()), b"", "{plain}");
        }
    }
}
