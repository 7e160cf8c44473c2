//! Names that are near to one that was written, for whoever mistyped it.

/// The nearest names, the nearest first: those that hold what was written, then those with the fewest letters to change in the
/// whole or in the last part of their path.
pub fn nearest(wanted: &str, names: impl IntoIterator<Item = String>, most: usize) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let mut ranked: Vec<(bool, usize, String)> = names
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            let last = lower.rsplit('/').next().unwrap_or(&lower);
            let changes = distance(&wanted, &lower).min(distance(&wanted, last));
            (!lower.contains(&wanted), changes, name)
        })
        .collect();
    ranked.sort();
    ranked.dedup();
    ranked.into_iter().take(most).map(|(.., name)| name).collect()
}

/// Letters that are compared; what comes later makes no name nearer.
const MOST_LETTERS: usize = 64;

/// The number of letters to add, drop or change (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().take(MOST_LETTERS).collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.chars().take(MOST_LETTERS).enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, other) in to.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[place + 1];
            row[place + 1] = change.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_comes_first() {
        let names = ["backup-agent", "nginx", "fcgiwrap", "fcgiwrap//cgi", "nginx"].map(str::to_owned);
        assert_eq!(nearest("ngnix", names.clone(), 1), ["nginx"]);
        assert_eq!(nearest("FCGI", names.clone(), 2), ["fcgiwrap//cgi", "fcgiwrap"]);
        assert_eq!(
            nearest("nginy", ["mnemo".to_owned(), "/usr/sbin/nginx".to_owned()], 1),
            ["/usr/sbin/nginx"]
        );
        assert_eq!(nearest("x", names, 9).len(), 4, "each once");
        assert_eq!((distance("", "abc"), distance("kitten", "sitting")), (3, 3));
    }
}
