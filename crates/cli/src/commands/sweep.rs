//! `sweep`

use std::io::Write;
use std::path::PathBuf;

use aaf_export::CaseReader;
use aaf_model::tables::UseRow;
use aaf_report::escape::{csv, terminal};
use aaf_report::time::rfc3339;
use aaf_report::{Page, Style};
use aaf_triage::indicators::{self, Indicator, Kind};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::exit::Exit;
use crate::ui::Ui;

/// Look for indicators in one case or many: paths, names, profiles, addresses, hashes of evidence
///
/// The list holds one indicator a line: plain (what it is, is guessed), as `type,value,comment` or as JSON with `type`, `value`,
/// `comment`. Types: path, name, profile, address, sha256. Paths, names and profiles may be globs, of which `*` matches `/` too.
/// What is found was asked for; whether it was refused stands beside it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics sweep --ioc iocs.txt case
  aa-forensics sweep --ioc iocs.csv cases/* --format csv > hits.csv
  printf '/tmp/.x/*\\nxmrig\\n' > iocs.txt; aa-forensics sweep --ioc iocs.txt case --fail-on-hit")]
pub struct Sweep {
    /// Case folders
    #[arg(required = true, value_name = "CASE")]
    cases: Vec<PathBuf>,
    /// The list of indicators
    #[arg(long, value_name = "FILE")]
    ioc: PathBuf,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Exit with 4 if anything was found
    #[arg(long)]
    fail_on_hit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object a line
    Jsonl,
    /// One line a hit
    Csv,
}

/// One place where an indicator was found.
struct Hit<'i> {
    case: &'i str,
    indicator: &'i Indicator,
    host: &'i str,
    time_us: Option<i64>,
    event: &'i str,
    field: &'i str,
    value: &'i [u8],
    profile: &'i [u8],
    verdict: &'i str,
    outcome: &'i str,
}

impl Sweep {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let list = self.ioc.display();
        let text = std::fs::read_to_string(&self.ioc).with_context(|| list.to_string())?;
        let indicators =
            indicators::parse(&text).map_err(|bad| anyhow::anyhow!("{list}:{}: {}", bad.line, bad.reason))?;
        if indicators.is_empty() {
            anyhow::bail!("{list}: it holds no indicator");
        }
        let mut out = ui.out();
        if self.format == Format::Csv {
            writeln!(
                out,
                "case,type,indicator,comment,host,time,event_id,field,value,profile,verdict,outcome"
            )?;
        }
        let mut counts = vec![0u64; indicators.len()];
        for path in &self.cases {
            let shown = path.display().to_string();
            let case = CaseReader::open(path)?;
            let mut failed: std::io::Result<()> = Ok(());
            for evidence in &case.info().evidence {
                for (at, indicator) in indicators.iter().enumerate().filter(|(_, it)| it.kind == Kind::Sha256)
                {
                    if evidence.sha256.as_deref().is_some_and(|digest| indicator.matches(digest.as_bytes())) {
                        counts[at] += 1;
                        let hit = Hit {
                            case: &shown,
                            indicator,
                            host: "",
                            time_us: None,
                            event: "",
                            field: "evidence",
                            value: evidence.path.as_bytes(),
                            profile: b"",
                            verdict: "",
                            outcome: "",
                        };
                        self.print(&hit, &mut out)?;
                    }
                }
            }
            case.each_use(&mut |row| {
                for (at, indicator) in indicators.iter().enumerate() {
                    let Some((field, value)) = found(row, indicator) else { continue };
                    counts[at] += 1;
                    let hit = Hit {
                        case: &shown,
                        indicator,
                        host: row.detail.host.as_deref().unwrap_or(""),
                        time_us: row.detail.time_us,
                        event: &row.detail.event_id,
                        field,
                        value,
                        profile: &row.detail.profile,
                        verdict: &row.detail.verdict,
                        outcome: row.detail.outcome.as_deref().unwrap_or(""),
                    };
                    if failed.is_ok() {
                        failed = self.print(&hit, &mut out);
                    }
                }
            })?;
            failed?;
        }
        if self.format == Format::Text {
            for (indicator, count) in indicators.iter().zip(&counts).filter(|(_, count)| **count == 0) {
                let text = format!("{} {}: not found ({count})", indicator.kind.as_str(), indicator.value);
                out.put(Style::Quiet, &terminal(text.as_bytes()))?;
                out.end_line()?;
            }
        }
        out.flush()?;
        let any = counts.iter().any(|count| *count > 0);
        Ok(if any && self.fail_on_hit { Exit::Reached } else { Exit::Done })
    }

    fn print(&self, hit: &Hit<'_>, out: &mut (impl Page + Write)) -> std::io::Result<()> {
        let time = hit.time_us.map_or(String::new(), |time_us| rfc3339(time_us).unwrap_or_default());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self.format {
            Format::Text => {
                let style = if hit.outcome == "refused" || hit.outcome == "killed" {
                    Style::Denied
                } else {
                    Style::Permitted
                };
                let head = format!("{} {}", hit.indicator.kind.as_str(), hit.indicator.value);
                out.put(style, &terminal(head.as_bytes()))?;
                let rest = format!(
                    "  {time} {} {} {}={} {} {} {}",
                    hit.host,
                    text(hit.profile),
                    hit.field,
                    text(hit.value),
                    if hit.outcome.is_empty() { hit.verdict } else { hit.outcome },
                    hit.event,
                    hit.case
                );
                out.line(&terminal(rest.as_bytes()))
            }
            Format::Jsonl => {
                let value = json!({
                    "case": hit.case,
                    "type": hit.indicator.kind.as_str(),
                    "indicator": hit.indicator.value,
                    "comment": hit.indicator.comment,
                    "host": hit.host,
                    "time": time,
                    "event_id": hit.event,
                    "field": hit.field,
                    "value": text(hit.value),
                    "profile": text(hit.profile),
                    "verdict": hit.verdict,
                    "outcome": hit.outcome,
                });
                writeln!(out, "{value}")
            }
            Format::Csv => {
                let cells: [&[u8]; 12] = [
                    hit.case.as_bytes(),
                    hit.indicator.kind.as_str().as_bytes(),
                    hit.indicator.value.as_bytes(),
                    hit.indicator.comment.as_bytes(),
                    hit.host.as_bytes(),
                    time.as_bytes(),
                    hit.event.as_bytes(),
                    hit.field.as_bytes(),
                    hit.value,
                    hit.profile,
                    hit.verdict.as_bytes(),
                    hit.outcome.as_bytes(),
                ];
                writeln!(out, "{}", cells.map(csv).join(","))
            }
        }
    }
}

/// Where the event shows the indicator.
fn found<'r>(row: &'r UseRow, indicator: &Indicator) -> Option<(&'static str, &'r [u8])> {
    let last = |path: &'r [u8]| path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let name: &'r [u8] = &row.detail.name;
    let fields: Vec<(&'static str, &'r [u8])> = match indicator.kind {
        Kind::Path => ["target", "exe", "cwd", "srcname"]
            .into_iter()
            .map(|field| (field, row.word(field)))
            .chain([("name", name)])
            .collect(),
        Kind::Name => vec![
            ("comm", &row.detail.comm[..]),
            ("name", last(name)),
            ("exe", last(row.word("exe"))),
            ("target", last(row.word("target"))),
        ],
        Kind::Profile => {
            vec![
                ("profile", &row.detail.profile[..]),
                ("peer", row.word("peer")),
                ("target", row.word("target")),
            ]
        }
        Kind::Address => {
            ["laddr", "faddr", "addr", "peer_addr"].map(|field| (field, row.word(field))).to_vec()
        }
        Kind::Sha256 => Vec::new(),
    };
    fields.into_iter().find(|(_, value)| !value.is_empty() && indicator.matches(value))
}
