//! The evaluator against the real parser: what `apparmor_parser` compiles is walked state by state and must decide as
//! the evaluator does, for random (profile, path, permission, owner).
//!
//! The parser is found through `AAF_APPARMOR_PARSER`, in `PATH` or in `/sbin`; the profiles through
//! `AAF_SHIPPED_POLICY` (folders, `:` between them) or in `/etc/apparmor.d` and Debian's extra profiles.
//! `AAF_POLICY_QUESTIONS` says how many questions are asked (100,000).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::panic, reason = "a test")]

mod compiled;
mod paths;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aaf_policy::Tree;
use aaf_policy::evaluate::{self, Outcome};
use aaf_policy::syntax::words::Access;

use paths::{Random, TELLING, bent, member};

/// The kernel's bits of the evaluator's permissions.
const BITS: [(Access, u32, char); 7] = [
    (Access::EXECUTE, 1, 'x'),
    (Access::WRITE, 2, 'w'),
    (Access::READ, 4, 'r'),
    (Access::APPEND, 8, 'a'),
    (Access::LINK, 0x10, 'l'),
    (Access::LOCK, 0x20, 'k'),
    (Access::MAP, 0x40, 'm'),
];

fn parser() -> Option<PathBuf> {
    let named = std::env::var_os("AAF_APPARMOR_PARSER").filter(|named| !named.is_empty()).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/sbin".into(), "/usr/sbin".into()]);
    named.into_iter().chain(folders.map(|folder| folder.join("apparmor_parser"))).find(|file| file.is_file())
}

fn sources() -> Vec<PathBuf> {
    let named = std::env::var_os("AAF_SHIPPED_POLICY").filter(|named| !named.is_empty());
    let usual = || vec!["/etc/apparmor.d".into(), "/usr/share/apparmor/extra-profiles".into()];
    let folders = named.map_or_else(usual, |named| std::env::split_paths(&named).collect());
    folders.into_iter().filter(|folder: &PathBuf| folder.is_dir()).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("folder") {
        let entry = entry.expect("entry");
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("type");
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() && !target.exists() {
            std::fs::copy(entry.path(), target).expect("copy");
        }
    }
}

/// One tree of all sources, with the empty files in `local/` that packages create when they are installed.
fn tree(folder: &Path) -> Tree {
    for source in sources() {
        let inner = source.join("etc/apparmor.d");
        copy(if inner.is_dir() { &inner } else { &source }, folder);
    }
    let first = Tree::load(folder).expect("tree");
    std::fs::create_dir_all(folder.join("local")).expect("local");
    for include in first.profiles().iter().flat_map(|profile| &profile.includes) {
        if !include.found && include.path.starts_with("local/") {
            std::fs::write(folder.join(&include.path), "").expect("local file");
        }
    }
    Tree::load(folder).expect("tree")
}

fn compile(parser: &Path, base: &Path, file: &str) -> Result<Vec<compiled::Compiled>, String> {
    let mut command = Command::new(parser);
    command.args(["--config-file", "/dev/null", "-Q", "-K", "-S", "-j1", "-b"]).arg(base);
    let features = base.join("abi/3.0");
    if features.is_file() {
        command.arg("-M").arg(features);
    }
    let output =
        command.arg(base.join(file)).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(compiled::read(&output.stdout))
}

/// Says how the two disagree about one permission, if they do.
fn disagreement(outcome: Outcome, bits: compiled::Bits, bit: u32) -> Option<String> {
    let real = (bits.allow & bit != 0, bits.audit & bit != 0, bits.quiet & bit != 0);
    let agrees = match outcome {
        Outcome::Allowed { logged } => real.0 && real.1 == logged,
        Outcome::Denied { silent } => !real.0 && real.2 == silent,
        Outcome::NotAllowed => !real.0 && !real.2,
        Outcome::Prompted => false,
    };
    (!agrees).then(|| format!("{outcome:?}, compiled: allow {} audit {} quiet {}", real.0, real.1, real.2))
}

/// Says how the two disagree about how a file is executed.
fn exec_disagreement(answer: &evaluate::FileAnswer<'_>, bits: compiled::Bits) -> Option<String> {
    use aaf_policy::syntax::words::{Fallback, Transition};
    if !matches!(answer.outcome(Access::EXECUTE), Outcome::Allowed { .. }) {
        return None;
    }
    let exec = answer.exec?;
    let inherits =
        exec.mode.transition == Transition::Inherit || exec.mode.fallback == Some(Fallback::Inherit);
    // An ix keeps the environment by nature; the compiled bit is not set for it.
    let keeps = !exec.mode.scrub && exec.mode.transition != Transition::Inherit;
    let real = (bits.exec & 4 != 0, bits.exec & 2 != 0);
    ((inherits, keeps) != real).then(|| format!("{}: compiled {:#x}", exec.mode.letters(), bits.exec))
}

#[test]
fn agrees_with_apparmor_parser() {
    let Some(parser) = parser() else {
        println!("oracle: SKIPPED (no apparmor_parser in PATH or /sbin; install the package apparmor)");
        return;
    };
    if sources().is_empty() {
        println!(
            "oracle: SKIPPED (no profiles: set AAF_SHIPPED_POLICY or install the packages apparmor-profiles*)"
        );
        return;
    }
    let questions: usize =
        std::env::var("AAF_POLICY_QUESTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("folder");
    let tree = tree(folder.path());

    let mut automata = BTreeMap::new();
    let mut report = String::new();
    let files: std::collections::BTreeSet<&str> =
        tree.profiles().iter().map(|profile| profile.main.name.as_str()).collect();
    let mut refused = 0;
    for file in files {
        match compile(&parser, folder.path(), file) {
            Ok(profiles) => {
                for profile in profiles {
                    automata.insert((file.to_owned(), profile.name), profile.file);
                }
            }
            Err(why) => {
                refused += 1;
                writeln!(report, "  {file}: refused by the parser: {}", why.trim()).unwrap();
            }
        }
    }
    let pairs: Vec<_> = tree
        .profiles()
        .iter()
        .filter_map(|profile| {
            let key = (profile.main.name.clone(), profile.name.clone());
            automata.get(&key).map(|automaton| (profile, automaton))
        })
        .collect();
    assert!(!pairs.is_empty(), "no profile could be compiled\n{report}");

    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut asked, mut disagreed) = (0, 0);
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    while asked < questions {
        let (profile, automaton) = random.of(&pairs);
        let patterns: Vec<&[u8]> = profile
            .rules
            .iter()
            .flat_map(|rule| &rule.patterns)
            .map(|pattern| pattern.text.as_slice())
            .collect();
        let path = match patterns.len() {
            0 => random.of(&TELLING).as_bytes().to_vec(),
            count if random.below(10) > 0 => member(patterns[random.below(count)], &mut random),
            _ => random.of(&TELLING).as_bytes().to_vec(),
        };
        let path = bent(path, &mut random);
        if path.is_empty() || path.contains(&0) {
            continue;
        }
        let is_owner = random.below(2) == 0;
        let answer = evaluate::file(profile, &path, is_owner);
        let nothing = compiled::Bits { allow: 0, audit: 0, quiet: 0, exec: 0 };
        let bits = automaton.as_ref().map_or(nothing, |automaton| automaton.decide(&path, is_owner));
        // One question is one permission; two of the seven are asked at each path.
        for _ in 0..2 {
            let (access, bit, letter) = *random.of(&BITS);
            asked += 1;
            let mut outcome = answer.outcome(access);
            let mut bits = bits;
            if access == Access::LINK {
                let target = bent(random.of(&TELLING).as_bytes().to_vec(), &mut random);
                outcome = evaluate::link(profile, &path, &target, is_owner).outcome;
                let pair = [path.as_slice(), b"\0", &target].concat();
                let found = automaton.as_ref().map_or(nothing, |automaton| automaton.decide(&pair, is_owner));
                // Refused at the first name, it is logged whatever the rules of the pair say.
                bits = if bits.allow & bit == 0 { nothing } else { found };
            }
            *outcomes.entry(format!("{outcome:?}")).or_default() += 1;
            let exec = if access == Access::EXECUTE { exec_disagreement(&answer, bits) } else { None };
            if let Some(why) = disagreement(outcome, bits, bit).or(exec) {
                disagreed += 1;
                if disagreed <= 60 {
                    let shown = path.escape_ascii();
                    writeln!(report, "  {} {letter} {shown} owner={is_owner}: {why}", profile.name).unwrap();
                }
            }
        }
    }
    println!(
        "oracle: {} profiles compiled by {}, {refused} files refused; {asked} questions, {disagreed} disagreements; {outcomes:?}\n{report}",
        pairs.len(),
        parser.display(),
    );
    assert_eq!(disagreed, 0, "{report}");
}
