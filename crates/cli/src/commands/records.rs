//! `records`

use std::io::Write;

use aaf_export::records::{write_csv, write_csv_heading, write_json};
use aaf_model::Role;
use clap::{Args, ValueEnum};

use crate::args::{Evidence, Reading};
use crate::exit::Exit;
use crate::input;
use crate::ui::Ui;

/// Print every record as parsed, in the order of the evidence
///
/// Nothing is merged: a record that stands in three logs is printed three times. Keys are the kernel's own; the other
/// audit records of the same serial stand under `companions`. Ours are `time`, `time_source`, `host`, `carrier`,
/// `role`, `path` (a bundle's member after `!`), `evidence`, `offset_bytes`, `length_bytes` and `diagnostics`; where
/// D-Bus prints a `path` of its own, that is the `path`, and `evidence_path` says where the record stands, as always.
/// A value that is no UTF-8 stands in hexadecimal under `<key>_hex` too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics records web01.tar.xz | jq -r 'select(.verdict == \"DENIED\") | .name'
  journalctl -k | aa-forensics records - --format csv > records.csv")]
pub struct Records {
    #[command(flatten)]
    evidence: Evidence,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", help_heading = "Output")]
    format: Format,
    /// Lines that explain (configuration, services, logins, losses, boots) too
    #[arg(long, help_heading = "Output")]
    context: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values
    Csv,
}

/// Output waits until it is this much.
const BLOCK_BYTES: usize = 64 << 10;

impl Records {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        input::refuse_cases(
            &self.evidence.evidence,
            "`records` reads the evidence, of a case ask `timeline`, `show` or sightings.parquet",
        )?;
        let options = self.reading.options();
        let mut out = ui.out();
        let mut block = Vec::with_capacity(BLOCK_BYTES * 2);
        if self.format == Format::Csv {
            write_csv_heading(&mut block);
        }
        let mut failed = None;
        let result = aaf_case::records(&self.evidence.evidence, &options, &mut |line| {
            if line.view.row.role != Role::Record && !self.context {
                return true;
            }
            match self.format {
                Format::Jsonl => write_json(line, &mut block),
                Format::Csv => write_csv(line, &mut block),
            }
            if block.len() < BLOCK_BYTES {
                return true;
            }
            let written = out.write_all(&block);
            block.clear();
            written.map_err(|error| failed = Some(error)).is_ok()
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        out.write_all(&block)?;
        out.flush()?;
        let diagnostics = match result {
            Ok(diagnostics) => diagnostics,
            Err(aaf_case::Error::NoEvidence { diagnostics }) => {
                ui.diagnostics(&diagnostics, false);
                anyhow::bail!("no evidence could be read");
            }
            Err(error) => return Err(error.into()),
        };
        Ok(if ui.diagnostics(&diagnostics, false) { Exit::Damaged } else { Exit::Done })
    }
}
