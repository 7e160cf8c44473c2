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

/// The number of letters to add, drop or change, of as much as a reader compares.
fn distance(from: &str, to: &str) -> usize {
    let head = |text: &str| text.chars().take(MOST_LETTERS).collect::<String>();
    strsim::levenshtein(&head(from), &head(to))
}

/// Letters that are compared; what comes later makes no name nearer, and names from evidence may be long.
const MOST_LETTERS: usize = 64;

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
    }
}
