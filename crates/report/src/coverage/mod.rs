//! What was confined at collection, for people and for programs.

mod fleet;
mod json;
pub mod kept;
mod markdown;
mod text;

use aaf_case::HostCoverage;
use aaf_coverage::answers::{Coverage, Gap, Ratio, RestartDebt};

pub use self::json::json;
pub use self::markdown::markdown;
pub use self::text::{by_mode, text};

use crate::phrase::{grouped, many};

/// How coverage is shown.
#[derive(Clone, Debug)]
pub struct View {
    /// Columns of the terminal; none where lines need not be cut.
    pub width: Option<usize>,
    /// Whether differences and items of little weight are shown too.
    pub all: bool,
}

/// The number of what is held, of what could be.
fn of(ratio: Ratio) -> String {
    format!("{} of {}", grouped(ratio.part), grouped(ratio.whole))
}

/// The name under which a host is shown.
fn name(host: &HostCoverage) -> &str {
    host.host.as_deref().unwrap_or(&host.path)
}

/// The headline: what is open to the network and not held.
fn headline(coverage: &Coverage) -> String {
    match coverage.counts.exposed {
        None => "not known: nobody recorded which tasks listen on the network".to_owned(),
        Some(Ratio { whole: 0, .. }) => "no task listens on the network".to_owned(),
        Some(exposed) if exposed.part == exposed.whole => {
            format!("none; all {} network-exposed tasks run under a profile that refuses", exposed.whole)
        }
        Some(exposed) => format!(
            "{} of {} network-exposed tasks without a profile that refuses",
            exposed.whole.saturating_sub(exposed.part),
            exposed.whole
        ),
    }
}

/// Tasks by state: `2 enforce · 14 unconfined`; none where nothing is known.
fn tasks(coverage: &Coverage) -> Option<String> {
    let counts = &coverage.counts.processes;
    let parts: Vec<String> = [
        (counts.enforce, "enforce"),
        (counts.complain, "complain"),
        (counts.prompt, "prompt"),
        (counts.stub, "under a stub"),
        (counts.unconfined, "unconfined"),
        (counts.unknown, "without a captured label"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{} {word}", grouped(count)))
    .collect();
    (counts.all > 0).then(|| format!("{}: {}", many(counts.all, "task", "tasks"), parts.join(" · ")))
}

/// How well the labels are known, and who is left out.
fn tasks_aside(coverage: &Coverage) -> String {
    let counts = &coverage.counts;
    let mut parts = vec![format!("{} labels observed", of(counts.observed_labels))];
    if counts.passing.all > 0 {
        parts.push(format!("{} more came and went", grouped(counts.passing.all)));
    }
    if counts.kernel_threads > 0 {
        parts.push(many(counts.kernel_threads, "kernel thread", "kernel threads"));
    }
    parts.join(" · ")
}

/// Loaded profiles by mode.
fn profiles(coverage: &Coverage) -> Option<String> {
    let counts = coverage.counts.profiles.as_ref()?;
    let parts: Vec<String> = counts
        .by_mode()
        .filter(|(_, count)| *count > 0)
        .map(|(mode, count)| {
            let stub = if mode == aaf_coverage::Mode::Unconfined { " stubs" } else { "" };
            format!("{} {}{stub}", grouped(count), mode.as_str())
        })
        .collect();
    let listed = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(" · ")) };
    Some(format!("{} loaded{listed}", many(counts.all, "profile", "profiles")))
}

/// Profiles on disk.
fn on_disk(host: &HostCoverage) -> Option<String> {
    let counts = &host.coverage.counts;
    let mut text = format!("{} on disk", many(counts.on_disk?, "profile", "profiles"));
    match counts.not_loaded {
        Some(count) => text.push_str(&format!(", {} of them not loaded", grouped(count))),
        None => text.push_str(", loaded or not is not known"),
    }
    text.push_str(&format!(", {} disabled", grouped(counts.disabled)));
    if !host.state.captured.has_whole_tree() {
        text.push_str("; the captured tree is a selection");
    }
    Some(text)
}

/// Where a gap listens.
fn listens(gap: &Gap) -> String {
    if gap.listens.is_empty() { "(address not captured)".to_owned() } else { gap.listens.join(", ") }
}

/// What a task under restart debt lacks.
fn debt_text(debt: &RestartDebt) -> String {
    let mut text = format!(
        "{} ({}) attaches to {}",
        debt.expected.profile,
        debt.mode.as_str(),
        debt.expected.executable.value
    );
    if let Some(history) = &debt.history {
        text.push_str("; the log: ");
        text.push_str(history);
    }
    text
}
