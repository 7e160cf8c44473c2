//! `schema`

use std::io::Write;

use clap::Args;

use crate::exit::Exit;
use crate::ui::Ui;

/// Describe the tables of a case, column by column
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aa-forensics schema\n  aa-forensics schema --markdown > docs/schema.md")]
pub struct Schema {
    /// As Markdown, with types and what null means
    #[arg(long)]
    markdown: bool,
}

impl Schema {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let mut out = ui.out();
        if self.markdown {
            out.write_all(aaf_export::schema_markdown().as_bytes())?;
        } else {
            for (table, meaning, columns) in aaf_export::tables() {
                writeln!(out, "{table}: {meaning}")?;
                for column in columns {
                    writeln!(out, "  {:<18} {}", column.name, column.meaning)?;
                }
                writeln!(out)?;
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}
