//! Which executables a profile attaches to.
//!
//! Source: apparmor.d(5): `*` stops at `/`, `**` does not, `{a,b}` is either, `[…]` one of, `@{X}` any value of X. Of several
//! profiles that match, the one with the longest literal beginning is taken, as the kernel does by its own count.

use std::collections::BTreeMap;

/// Values of variables, without `@{}`.
pub(crate) type Variables = BTreeMap<String, Vec<String>>;

/// More expansions than this are cut; no attachment needs as many.
const MOST_EXPANSIONS: usize = 256;
/// More steps to them are not taken either; variables may lead to nothing in many ways.
const MOST_STEPS: u32 = 4096;
/// Longer patterns and paths match nothing; the kernel's paths end at 4096 bytes.
const LONGEST: usize = 4096;

/// A matcher for one attachment.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    patterns: Vec<Vec<char>>,
}

impl Attachment {
    pub fn new(text: &str, variables: &Variables) -> Attachment {
        let mut all = Vec::new();
        let mut budget = MOST_STEPS;
        expand(text, variables, &mut budget, &mut all);
        Attachment { patterns: all.into_iter().map(|pattern| pattern.chars().collect()).collect() }
    }

    /// How specifically it matches; none if it does not.
    pub fn matches(&self, path: &str) -> Option<usize> {
        let path: Vec<char> = path.chars().collect();
        self.patterns.iter().filter(|pattern| glob(pattern, &path)).map(|pattern| literal(pattern)).max()
    }
}

/// Letters before the first that is not literal; a whole literal beats every pattern.
fn literal(pattern: &[char]) -> usize {
    pattern.iter().position(|letter| matches!(letter, '*' | '?' | '[')).unwrap_or(usize::MAX)
}

/// Replaces variables and alternations.
fn expand(text: &str, variables: &Variables, budget: &mut u32, out: &mut Vec<String>) {
    if out.len() >= MOST_EXPANSIONS || text.len() > LONGEST || *budget == 0 {
        return;
    }
    *budget -= 1;
    if let Some(at) = text.find("@{")
        && let Some(length) = text.get(at..).and_then(|rest| rest.find('}'))
    {
        let name = text.get(at + 2..at + length).unwrap_or_default();
        let (before, after) =
            (text.get(..at).unwrap_or_default(), text.get(at + length + 1..).unwrap_or_default());
        let known = variables.get(name).cloned().unwrap_or_else(|| usual(name));
        for value in known {
            expand(&format!("{before}{value}{after}"), variables, budget, out);
        }
        return;
    }
    if let Some((before, choices, after)) = alternation(text) {
        for choice in choices {
            expand(&format!("{before}{choice}{after}"), variables, budget, out);
        }
        return;
    }
    // Doubled slashes come from empty or slashed variables.
    let mut text = text.to_owned();
    while text.contains("//") {
        text = text.replace("//", "/");
    }
    out.push(text);
}

/// What the distribution's tunables say, for trees that lack them.
fn usual(name: &str) -> Vec<String> {
    let value = match name {
        "bin" => "/{,usr/}{,s}bin",
        "sbin" => "/{,usr/}sbin",
        "lib" => "/{,usr/}lib{,exec,32,64}",
        "HOME" => "/{root,home/*}/",
        "PROC" => "/proc/",
        "run" => "/{,var/}run",
        "multiarch" => "*-linux-gnu*",
        _ => return Vec::new(),
    };
    vec![value.to_owned()]
}

/// The first innermost-last alternation: what is before, its choices, what is behind.
fn alternation(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    let start = text.find('{')?;
    let mut depth = 0_u32;
    let mut from = start + 1;
    let mut choices = Vec::new();
    for (at, letter) in text.char_indices().skip_while(|(at, _)| *at < start) {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    choices.push(text.get(from..at)?);
                    return Some((text.get(..start)?, choices, text.get(at + 1..)?));
                }
            }
            ',' if depth == 1 => {
                choices.push(text.get(from..at)?);
                from = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// Whether the whole path matches: all states of the pattern at once, so that work is bounded by the product of lengths.
fn glob(pattern: &[char], path: &[char]) -> bool {
    let same = pattern.iter().zip(path).take_while(|(a, b)| a == b && !is_special(**a)).count();
    let is_decided = match (pattern.get(same), path.get(same)) {
        (None, None) => return true,
        (Some(special), _) if is_special(*special) => false,
        _ => true,
    };
    if is_decided || path.len() > LONGEST {
        return false;
    }
    let mut now = vec![false; pattern.len() + 1];
    let mut next = now.clone();
    enter(pattern, same, &mut now);
    for &letter in path.get(same..).unwrap_or_default() {
        next.fill(false);
        let mut any = false;
        for state in (0..pattern.len()).filter(|state| now.get(*state) == Some(&true)).collect::<Vec<_>>() {
            let to = match pattern.get(state) {
                Some('*') => {
                    let is_double = pattern.get(state + 1) == Some(&'*')
                        || state > 0 && pattern.get(state - 1) == Some(&'*');
                    (is_double || letter != '/').then_some(state)
                }
                Some('?') => (letter != '/').then_some(state + 1),
                Some('[') => class(pattern.get(state..).unwrap_or_default(), letter)
                    .and_then(|(length, is_in)| is_in.then_some(state + length)),
                Some('\\') => (pattern.get(state + 1) == Some(&letter)).then_some(state + 2),
                literal => (literal == Some(&letter)).then_some(state + 1),
            };
            if let Some(to) = to {
                any = true;
                enter(pattern, to, &mut next);
            }
        }
        if !any {
            return false;
        }
        std::mem::swap(&mut now, &mut next);
    }
    now.last() == Some(&true)
}

fn is_special(letter: char) -> bool {
    matches!(letter, '*' | '?' | '[' | '\\')
}

/// Enters a state, and those behind stars, which may match nothing.
fn enter(pattern: &[char], state: usize, states: &mut [bool]) {
    let mut state = state;
    while let Some(place) = states.get_mut(state) {
        if std::mem::replace(place, true) || pattern.get(state) != Some(&'*') {
            return;
        }
        state += 1;
    }
}

/// How long a class is, and whether a letter is in it.
fn class(pattern: &[char], letter: char) -> Option<(usize, bool)> {
    let end = pattern.iter().position(|letter| *letter == ']')?;
    let mut inner = pattern.get(1..end)?;
    let is_not = inner.first() == Some(&'^');
    if is_not {
        inner = inner.get(1..)?;
    }
    let mut is_in = false;
    let mut at = 0;
    while let Some(&first) = inner.get(at) {
        if inner.get(at + 1) == Some(&'-')
            && let Some(&last) = inner.get(at + 2)
        {
            is_in |= (first..=last).contains(&letter);
            at += 3;
        } else {
            is_in |= first == letter;
            at += 1;
        }
    }
    Some((end + 1, is_in != is_not && letter != '/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_match_as_the_manual_says() {
        let mut variables = Variables::new();
        variables.insert("opt".to_owned(), vec!["/opt/{a,b}".to_owned(), "/srv".to_owned()]);
        let cases = [
            ("/usr/sbin/nginx", "/usr/sbin/nginx", true),
            ("/usr/{,s}bin/nginx", "/usr/sbin/nginx", true),
            ("/usr/{,s}bin/nginx", "/usr/lib/nginx", false),
            ("/opt/*/bin/*", "/opt/x/bin/y", true),
            ("/opt/*/bin/*", "/opt/x/z/bin/y", false),
            ("/opt/**/y", "/opt/x/z/bin/y", true),
            ("/opt/**", "/opt/x", true),
            ("@{opt}/run", "/opt/b/run", true),
            ("@{opt}/run", "/srv/run", true),
            ("@{bin}/ps", "/usr/bin/ps", true),
            ("@{unknown}/ps", "/usr/bin/ps", false),
            ("/bin/python3.[0-9]", "/bin/python3.7", true),
            ("/bin/python3.[^0-9]", "/bin/python3.7", false),
            ("/bin/x?", "/bin/xy", true),
            ("/{usr/{bin,sbin},bin}/a", "/usr/sbin/a", true),
            ("/a{b", "/a{b", true),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(
                Attachment::new(pattern, &variables).matches(path).is_some(),
                expected,
                "{pattern} {path}"
            );
        }
        let wide = Attachment::new("/usr/**", &variables).matches("/usr/sbin/nginx");
        let exact = Attachment::new("/usr/sbin/nginx", &variables).matches("/usr/sbin/nginx");
        assert!(exact > wide);
    }

    proptest::proptest! {
        #[test]
        fn a_literal_matches_itself(path in "[a-zA-Z0-9/._-]{0,40}") {
            let mut path = path;
            while path.contains("//") {
                path = path.replace("//", "/");
            }
            proptest::prop_assert!(Attachment::new(&path, &Variables::new()).matches(&path).is_some());
        }

        #[test]
        fn any_pattern_ends(pattern in "[/a*{},\\[\\]^?\\\\@-]{0,60}", path in "[/a]{0,40}") {
            let _ = Attachment::new(&pattern, &Variables::new()).matches(&path);
        }
    }
}
