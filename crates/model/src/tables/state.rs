//! Rows on the state of hosts at collection, and on the policy that was collected.

/// One statement on how a host was held when it was collected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverageRow {
    /// The host; none where nothing says it.
    pub host: Option<String>,
    /// Where its files begin: a collection's path, or the argument.
    pub path: String,
    /// `count`, `exposed`, `restart`, `gap`, `container`, `drift`, `control`, `missing`, `not assessable`.
    pub kind: String,
    /// `critical`, `high`, `medium`, `info`.
    pub severity: String,
    /// The task, profile, switch, container or item that is meant.
    pub subject: String,
    /// The task's number.
    pub pid: Option<i64>,
    /// Its user.
    pub user: Option<String>,
    /// The profile that holds it or should; of a difference the profile.
    pub profile: Option<String>,
    /// Of a count, how many.
    pub part: Option<i64>,
    /// Of how many that could be.
    pub whole: Option<i64>,
    /// In a sentence.
    pub text: String,
    /// What to do about it.
    pub action: Option<String>,
    /// `observed`, `reported` or `inferred`.
    pub how: Option<String>,
    /// The places that it rests on, `path:line`.
    pub sources: Vec<String>,
}

/// One task at collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessRow {
    /// The host; none where nothing says it.
    pub host: Option<String>,
    /// Where its files begin.
    pub path: String,
    /// Its number.
    pub pid: i64,
    /// Its parent's.
    pub ppid: Option<i64>,
    /// Its user's number.
    pub uid: Option<i64>,
    /// Its user's name, perhaps cut.
    pub user: Option<String>,
    /// What to call it.
    pub name: String,
    /// The file that it executes.
    pub exe: Option<String>,
    /// Whether that file is gone.
    pub is_deleted: bool,
    /// Its command line.
    pub command_line: Option<String>,
    /// The profile of its label; `unconfined` where it has none.
    pub profile: Option<String>,
    /// The mode of its label.
    pub mode: Option<String>,
    /// How it is held, all switches considered.
    pub confinement: String,
    /// `observed`, `reported` or `inferred`: its label.
    pub how: Option<String>,
    /// Whether it is a thread of the kernel.
    pub is_kernel: bool,
    /// Whether it is in all lists of tasks.
    pub is_steady: bool,
    /// Whether other hosts can reach it; none where nobody looked.
    pub is_exposed: Option<bool>,
    /// Where it listens.
    pub listens: Vec<String>,
    /// The places that say so, `path:line`.
    pub sources: Vec<String>,
}

/// One profile at collection: loaded, on disk, compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileRow {
    /// The host; none where nothing says it.
    pub host: Option<String>,
    /// Where its files begin.
    pub path: String,
    /// Its name, with its parents' and `//`.
    pub profile: String,
    /// The mode in which it is loaded; none where it is not, or where that is not known.
    pub loaded: Option<String>,
    /// Whether it is loaded; none where nobody listed the loaded policy.
    pub is_loaded: Option<bool>,
    /// The file that defines it, below `apparmor.d/`.
    pub file: Option<String>,
    /// The mode that its flags ask for there.
    pub disk_mode: Option<String>,
    /// What it attaches to.
    pub attachment: Option<String>,
    /// Whether an entry of `disable/` keeps it from being loaded.
    pub is_disabled: bool,
    /// Whether an entry of `force-complain/` makes it complain.
    pub is_forced_to_complain: bool,
    /// Whether it is a child or a hat.
    pub is_child: bool,
    /// Whether it confines nothing by itself.
    pub is_stub: bool,
    /// Tasks that run under it.
    pub tasks: i64,
    /// Of them those that other hosts can reach.
    pub exposed_tasks: i64,
    /// `observed`, `reported` or `inferred`: that it is loaded, else its definition.
    pub how: Option<String>,
    /// The places that say so, `path:line`.
    pub sources: Vec<String>,
}

/// One finding on the collected policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LintRow {
    /// The host; none where nothing says it.
    pub host: Option<String>,
    /// The check: `PQ-07`.
    pub check: String,
    /// `critical`, `high`, `medium`, `low`, `info`.
    pub severity: String,
    /// The profile; none where the file as a whole is meant.
    pub profile: Option<String>,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: i64,
    /// The rule.
    pub rule: Option<String>,
    /// The includes that lead to the rule, `file:line`, from the profile inward.
    pub included_through: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What it is worth to an attacker.
    pub why: String,
    /// What it keeps out of the logs.
    pub hides: String,
    /// What to do.
    pub fix: String,
    /// The step of an attacker that it would let through unseen; none where it is about no step, or one that is logged.
    pub next_step: Option<String>,
    /// Why that leaves no record.
    pub unlogged: Option<String>,
    /// Whether tasks under the profile answer the network; none where that is not known.
    pub is_exposed: Option<bool>,
    /// The incidents that touch the profile.
    pub incident_ids: Vec<String>,
}

/// One recorded behaviour, and what a policy says to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayRow {
    /// The host; empty where nothing says it.
    pub host: String,
    /// The profile.
    pub profile: String,
    /// The operation.
    pub operation: String,
    /// What was asked of policy; why it cannot be asked, where it cannot.
    pub question: String,
    /// The kernel's word.
    pub recorded: String,
    /// Whether it belongs to an attack.
    pub is_attack: bool,
    /// Number of events.
    pub events: i64,
    /// Ids of the first few events.
    pub event_ids: Vec<String>,
    /// What the policy says; none where that is not known.
    pub policy: Option<String>,
    /// What it says with the override; none where none was given, or that is not known.
    pub with_override: Option<String>,
    /// How that differs from what was recorded; none where it does not.
    pub change: Option<String>,
    /// The rule that decides, `file:line`; none where none does.
    pub rule: Option<String>,
}
