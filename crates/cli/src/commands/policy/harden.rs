//! `policy harden`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aaf_export::CaseReader;
use aaf_policy::harden::{self, Behaviour, Override, Restriction, harden};
use aaf_policy::replay::Question;
use aaf_policy::{FileSet, Tree};
use aaf_report::escape::terminal;
use aaf_report::{Page, Style};
use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::uses;
use crate::exit::Exit;
use crate::ui::Ui;

/// A local override that closes what was attacked, keeps what was used, and is tried before it is shown
///
/// Each rule is replayed in memory: the attacks it closes are refused and logged, all observed use goes on as before, nothing is
/// permitted that was not. Where `apparmor_parser` is installed the result is compiled with it (`-Q -K`: nothing is loaded).
/// What a profile permits leaves no record unless a rule says `audit`, so that unobserved use may exist: read what each rule
/// might break before it is deployed.
#[derive(Debug, Args)]
pub struct Harden {
    /// The case folder
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// A folder of profiles, or evidence that holds one
    #[arg(long, value_name = "TREE|EVIDENCE")]
    tree: PathBuf,
    /// The profile
    #[arg(long, value_name = "NAME")]
    profile: String,
    /// Narrow this wide permission too, as policy writes it: '@{HOME}/**'
    #[arg(long, value_name = "PATTERN")]
    restrict: Option<String>,
    /// The permission letters that --restrict closes
    #[arg(long, value_name = "LETTERS", default_value = "w", requires = "restrict")]
    perm: String,
    /// What of it stays permitted; may be repeated
    #[arg(long, value_name = "PATTERN", requires = "restrict")]
    keep: Vec<String>,
    /// Also close, or make visible, what an attacked profile would have let through unseen next: credentials, start-up files,
    /// programs within reach of its wide rules, plain `deny`. What it permits is not logged, so read what each rule might break
    #[arg(long)]
    next_steps: bool,
    /// The parser that the override is for; by default the one found here, else one without `priority=`
    #[arg(long, value_name = "VERSION")]
    parser: Option<Generation>,
    /// Compile with this apparmor_parser
    #[arg(long, value_name = "PATH", conflicts_with = "no_parser")]
    with_parser: Option<PathBuf>,
    /// Do not compile it
    #[arg(long)]
    no_parser: bool,
    /// Write the override here instead of printing it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The file, with its reasons as comments
    Text,
    /// One object
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Generation {
    /// From 4.1 on: rules have priorities
    #[value(name = "4.1")]
    New,
    /// Up to 4.0: they have not
    #[value(name = "3.0", alias = "4.0")]
    Old,
}

impl Harden {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let tree = super::load(&self.tree, Some(&self.profile), ui)?;
        let case = CaseReader::open(&self.case)?;
        // Different operations may ask the same of policy.
        let mut known: BTreeMap<(Question, bool, bool), Behaviour> = BTreeMap::new();
        let mut unasked = 0;
        for used in uses::read(&case)?.into_iter().filter(|used| used.profile == self.profile) {
            match used.question {
                Ok(question) => {
                    let permitted = matches!(used.verdict.as_str(), "ALLOWED" | "AUDIT");
                    let key = (question.clone(), used.attacked, permitted);
                    let behaviour = known.entry(key).or_insert_with(|| Behaviour {
                        question,
                        attacked: used.attacked,
                        permitted,
                        count: 0,
                        event_ids: Vec::new(),
                    });
                    behaviour.count += used.count;
                    behaviour.event_ids.extend(used.event_ids);
                }
                Err(_) => unasked += 1,
            }
        }
        let behaviours: Vec<Behaviour> = known.into_values().collect();
        let parser = if self.no_parser { None } else { Parser::find(self.with_parser.as_deref()) };
        let priorities = match (self.parser, &parser) {
            (Some(generation), _) => generation == Generation::New,
            (None, Some(parser)) => parser.has_priorities(),
            (None, None) => false,
        };
        let restrictions = self
            .restrict
            .iter()
            .map(|pattern| Restriction {
                pattern: pattern.clone(),
                permissions: self.perm.clone(),
                keep: self.keep.clone(),
            })
            .collect();
        let options = harden::Options { priorities, restrictions, next_steps: self.next_steps };
        let found = harden(&tree, &self.profile, &behaviours, &options).map_err(anyhow::Error::msg)?;
        let compiled = match &parser {
            Some(parser) => parser.compile(&tree, &self.profile, &found)?,
            None => Compiled { by: None, ok: false, said: String::new() },
        };
        let text = text(&found, &compiled, &self.case);
        if let Some(path) = &self.output {
            std::fs::write(path, &text).with_context(|| path.display().to_string())?;
        }
        let mut out = ui.out();
        match self.format {
            Format::Json => aaf_report::json::write_pretty(
                &mut out,
                &json!({
                    "override": found,
                    "text": text,
                    "compiled_by": compiled.by,
                    "compiles": compiled.by.as_ref().map(|_| compiled.ok),
                    "parser_said": compiled.said,
                    "behaviours_that_cannot_be_asked": unasked,
                }),
            )?,
            Format::Text => {
                if self.output.is_none() {
                    for line in text.lines() {
                        out.line(&terminal(line.as_bytes()))?;
                    }
                }
                rest(&found, unasked, &mut out)?;
            }
        }
        out.flush()?;
        if compiled.by.is_some() && !compiled.ok {
            ui.warning(&terminal(format!("the parser refuses it: {}", compiled.said).as_bytes()));
            return Ok(Exit::Failed);
        }
        Ok(Exit::Done)
    }
}

/// The file as a whole.
fn text(found: &Override, compiled: &Compiled, case: &Path) -> String {
    let checked = match &compiled.by {
        Some(by) if compiled.ok => format!("compiled by {by}"),
        Some(by) => format!("REFUSED by {by}"),
        None if !compiled.said.is_empty() => {
            "unchecked: the profile does not compile without the files that the tree lacks; run apparmor_parser -Q -K \
             where they are"
                .to_owned()
        }
        None => {
            "unchecked: no apparmor_parser here; run apparmor_parser -Q -K on the profile first".to_owned()
        }
    };
    let mut text = format!(
        "# /etc/apparmor.d/{} – suggested for {} by aa-forensics {} from {}\n# {checked}; tried in memory against {} observed uses\n# take it back: remove these lines and reload the profile\n",
        found.file,
        found.profile,
        env!("CARGO_PKG_VERSION"),
        case.display(),
        found.uses
    );
    text.push_str(&found.text());
    if found.rules.is_empty() {
        text.push_str("# nothing is to be closed here; see what is said below\n");
    }
    text
}

fn rest(found: &Override, unasked: usize, out: &mut impl Page) -> std::io::Result<()> {
    let mut list = |title: String, lines: &[String]| -> std::io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        out.end_line()?;
        out.put(Style::Heading, &terminal(title.as_bytes()))?;
        out.end_line()?;
        for line in lines.iter().take(MOST_LINES) {
            out.line(&terminal(format!("  {line}").as_bytes()))?;
        }
        if lines.len() > MOST_LINES {
            out.line(&format!("  … {} more; see --format json", lines.len() - MOST_LINES))?;
        }
        Ok(())
    };
    list("Refused and logged already".to_owned(), &found.refused_already)?;
    let open: Vec<String> = found.open.iter().map(|open| format!("{}: {}", open.what, open.why)).collect();
    list("Stays open".to_owned(), &open)?;
    if let Some(enforced) = &found.enforced {
        list(
            "The profile only complains. Enforced (aa-enforce), it would have refused these attacks"
                .to_owned(),
            &enforced.attacks,
        )?;
        list("… and this other observed use, for which it lacks rules".to_owned(), &enforced.uses)?;
    }
    let mut notes = found.notes.clone();
    if unasked > 0 {
        notes.push(format!("{unasked} behaviours cannot be asked of policy; see `policy replay`"));
    }
    list("Notes".to_owned(), &notes)
}

/// Lines of one list on the terminal.
const MOST_LINES: usize = 20;

struct Compiled {
    /// What compiled it; nothing where it was not tried, or where the profile does not compile without it either.
    by: Option<String>,
    ok: bool,
    said: String,
}

/// The real parser, which compiles and loads nothing.
struct Parser {
    path: PathBuf,
    version: String,
}

impl Parser {
    fn find(given: Option<&Path>) -> Option<Parser> {
        let usual = ["apparmor_parser", "/usr/sbin/apparmor_parser", "/sbin/apparmor_parser"];
        let candidates: Vec<PathBuf> = match given {
            Some(path) => vec![path.to_owned()],
            None => usual.iter().map(PathBuf::from).collect(),
        };
        candidates.into_iter().find_map(|path| {
            let output = Command::new(&path).arg("--version").stdin(Stdio::null()).output().ok()?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let version = text.split_whitespace().skip_while(|word| *word != "version").nth(1)?.to_owned();
            Some(Parser { path, version })
        })
    }

    fn has_priorities(&self) -> bool {
        let mut numbers = self.version.split(['.', '~', '-']).map(|word| word.parse::<u32>().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        version >= (4, 1)
    }

    fn compile(&self, tree: &Tree, profile: &str, found: &Override) -> anyhow::Result<Compiled> {
        let with = tree.with_override(profile, &found.text()).map_err(anyhow::Error::msg)?;
        let by = format!("apparmor_parser {}", self.version);
        let verdict = self.check(&with, profile)?;
        // An override cannot be blamed for what its profile lacks, such as the abstractions that collections leave out.
        let Some(said) = verdict else { return Ok(Compiled { by: Some(by), ok: true, said: String::new() }) };
        let is_own = self.check(tree, profile)?.is_none();
        Ok(Compiled { by: is_own.then_some(by), ok: false, said })
    }

    /// What the parser has against a profile; nothing where it compiles.
    fn check(&self, with: &Tree, profile: &str) -> anyhow::Result<Option<String>> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        write_tree(with.files(), folder.path())?;
        let main = with.profile(profile).map(|profile| profile.main.name.clone()).unwrap_or_default();
        let output = Command::new(&self.path)
            .args(["--config-file", "/dev/null", "-Q", "-K", "-j1", "-b"])
            .arg(folder.path())
            .arg(folder.path().join(&main))
            .stdin(Stdio::null())
            .output()
            .with_context(|| self.path.display().to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).replace(&folder.path().display().to_string(), "");
        Ok((!output.status.success()).then(|| said.trim().to_owned()))
    }
}

/// The files of a tree below a folder; links are written as what they lead to.
fn write_tree(files: &FileSet, folder: &Path) -> anyhow::Result<()> {
    for (path, _) in files.entries() {
        let Some((_, entry)) = files.file(path) else { continue };
        // Paths of a set have no `..` and no leading slash, since they were taken apart when it was made.
        let shown = files.shown(path);
        if shown.split('/').any(|part| matches!(part, "" | "." | "..")) {
            continue;
        }
        let target = folder.join(shown);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        }
        std::fs::write(&target, &entry.bytes).with_context(|| target.display().to_string())?;
    }
    Ok(())
}
