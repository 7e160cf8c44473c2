//! `verify`

use std::io::Write;
use std::path::PathBuf;

use aaf_export::sums::{self, Sum};
use aaf_export::{CaseReader, package};
use aaf_report::show::Rehashed;
use aaf_report::{Page, Style, escape, grouped};
use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::exit::Exit;
use crate::reread::Evidence;
use crate::ui::Ui;

/// Hash evidence and tables again, and compare with what the case says
///
/// Evidence is compared with the digests in case.json, the case's own files with its SHA256SUMS, and lists of SHA-256
/// that came with the evidence (SHA256SUMS, *.sha256) with the digests in case.json. Whoever can rewrite the tables can
/// rewrite their list, too: keep the list's own digest, which is shown, elsewhere. Exit code 3 unless everything that has
/// a digest is the same. Of a folder that `export --incident` wrote, its own files are compared.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics verify case
  aa-forensics verify case --evidence-root /mnt/evidence
  aa-forensics verify case --format json | jq -r '.[] | select(.state != \"same\") | .path'")]
pub struct Verify {
    /// The case folder, or the folder of an incident
    case: PathBuf,
    /// Where the evidence is now, if it was moved
    #[arg(long, value_name = "DIR")]
    evidence_root: Option<PathBuf>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One array, an object a file
    Json,
}

/// What was found of one file.
struct Line {
    /// `evidence`, `case`, `package` or `collector`.
    what: &'static str,
    path: String,
    /// `same`, `changed`, `missing`, `unlisted`, `no digest`.
    state: &'static str,
    detail: String,
}

/// A collector's list is no longer than this.
const LONGEST_LIST_BYTES: u64 = 16 << 20;

impl Verify {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let lines = if package::is_package(&self.case) && !CaseReader::is_case(&self.case) {
            // What was handed over of one incident: its files are all there is to compare.
            self.own_lines("package", package::MANIFEST)?
        } else {
            let case = CaseReader::open(&self.case)?;
            let run = case.run();
            let evidence = Evidence::new(case.info(), &run, self.evidence_root.as_deref());
            let mut lines = evidence_lines(&evidence);
            lines.extend(collector_lines(&case, &evidence));
            lines.extend(self.own_lines("case", "case.json")?);
            lines
        };
        let mut out = ui.out();
        match self.format {
            Format::Text => text(&lines, &mut out)?,
            Format::Json => {
                let rows: Vec<_> = lines
                    .iter()
                    .map(|line| {
                        serde_json::json!({
                            "what": line.what, "path": line.path, "state": line.state, "detail": line.detail,
                        })
                    })
                    .collect();
                aaf_report::json::write_pretty(&mut out, &rows)?;
            }
        }
        out.flush()?;
        let good = lines.iter().all(|line| matches!(line.state, "same" | "no digest"));
        Ok(if good { Exit::Done } else { Exit::Damaged })
    }

    /// The folder's own files; its list must name `head`.
    fn own_lines(&self, what: &'static str, head: &str) -> anyhow::Result<Vec<Line>> {
        let shown = || self.case.display().to_string();
        let line = |path: &str, state, detail: String| Line { what, path: path.to_owned(), state, detail };
        let Some(found) = sums::check(&self.case).with_context(shown)? else {
            let detail = format!("the {what} holds no list of its files");
            return Ok(vec![line(sums::NAME, "missing", detail)]);
        };
        let mut lines: Vec<Line> = found
            .iter()
            .map(|(name, sum)| match sum {
                Sum::Same => line(name, "same", String::new()),
                Sum::Changed(then, now) => line(name, "changed", format!("sha256 was {then}, is {now}")),
                Sum::Missing => line(name, "missing", String::new()),
                Sum::Unlisted => line(name, "unlisted", "it was not written with the others".to_owned()),
                Sum::Unreadable(why) => line(name, "missing", why.clone()),
            })
            .collect();
        // A list that leaves out a table that stands there is told above; one that names nothing says nothing.
        if !found.contains_key(head) {
            lines.push(line(head, "missing", "the list does not name it".to_owned()));
        }
        let own = sums::sha256(&self.case.join(sums::NAME)).with_context(shown)?;
        lines.push(line(sums::NAME, "no digest", format!("its own sha256 is {own}")));
        Ok(lines)
    }
}

fn evidence_lines(evidence: &Evidence<'_>) -> Vec<Line> {
    let rehashed = evidence.rehash_all();
    rehashed
        .into_iter()
        .map(|(file, found)| {
            let (state, detail) = match found {
                Rehashed::Same(word) => ("same", word.to_owned()),
                Rehashed::Differs(word, then, now) => ("changed", format!("{word} was {then}, is {now}")),
                Rehashed::NotRecorded => ("no digest", "the case holds none to compare with".to_owned()),
                Rehashed::Gone(why) => ("missing", why),
            };
            Line { what: "evidence", path: file.path.clone(), state, detail }
        })
        .collect()
}

/// What lists of digests that came with the evidence say of it.
fn collector_lines(case: &CaseReader, evidence: &Evidence<'_>) -> Vec<Line> {
    let files = &case.info().evidence;
    let mut lines = Vec::new();
    for list in files.iter().filter(|file| is_list(&file.path)) {
        let Some(bytes) = evidence.beginning(list.id, LONGEST_LIST_BYTES) else { continue };
        let folder = list.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (name, then) in sums::parse(&String::from_utf8_lossy(&bytes)) {
            let name = name.strip_prefix("./").unwrap_or(&name);
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            // Lists made elsewhere name other folders: then the file of that name beside the list is meant.
            let beside = name.rsplit_once('/').map_or(name, |(_, last)| last);
            let beside = if folder.is_empty() { beside.to_owned() } else { format!("{folder}/{beside}") };
            let found = files
                .iter()
                .find(|file| file.path == path)
                .or_else(|| files.iter().find(|file| file.path == beside));
            let told = |state, detail: String| Line {
                what: "collector",
                path: found.map_or_else(|| path.clone(), |file| file.path.clone()),
                state,
                detail,
            };
            lines.push(match found.map(|file| file.sha256.as_deref()) {
                Some(Some(now)) if now == then => told("same", format!("as {} says", list.path)),
                Some(Some(now)) => {
                    told("changed", format!("{} says sha256 {then}, the case {now}", list.path))
                }
                Some(None) => told("no digest", "the case holds no sha256 to compare with".to_owned()),
                None => told("missing", format!("named by {}, not among the evidence", list.path)),
            });
        }
    }
    lines
}

/// Whether a path is called as lists of SHA-256 are.
fn is_list(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name).to_ascii_lowercase();
    let stem = name.strip_suffix(".txt").unwrap_or(&name);
    matches!(stem, "sha256sums" | "sha256sum") || name.ends_with(".sha256") || name.ends_with(".sha256sum")
}

fn text(lines: &[Line], page: &mut dyn Page) -> std::io::Result<()> {
    for line in lines {
        let style = match line.state {
            "same" => Style::Good,
            "no digest" => Style::Quiet,
            _ => Style::Grave,
        };
        page.put(style, &escape::pad(line.state, 9))?;
        page.put(Style::Quiet, &format!("  {}", escape::pad(line.what, 9)))?;
        page.plain(&format!("  {}", escape::terminal(line.path.as_bytes())))?;
        if !line.detail.is_empty() {
            page.put(Style::Quiet, &format!("  {}", escape::terminal(line.detail.as_bytes())))?;
        }
        page.end_line()?;
    }
    let count = |state: &str| lines.iter().filter(|line| line.state == state).count() as u64;
    let counts: Vec<String> = ["same", "changed", "missing", "unlisted", "no digest"]
        .iter()
        .filter(|state| count(state) > 0)
        .map(|state| format!("{} {state}", grouped(count(state))))
        .collect();
    page.line(&counts.join(" · "))
}
