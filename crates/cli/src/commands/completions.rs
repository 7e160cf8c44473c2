//! `completions`

use std::io::Write;

use clap::{Args, CommandFactory};

use crate::args::Cli;
use crate::exit::Exit;
use crate::ui::Ui;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aa-forensics completions bash > ~/.local/share/bash-completion/completions/aa-forensics\n  aa-forensics completions fish > ~/.config/fish/completions/aa-forensics.fish"
)]
pub struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

impl Completions {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "aa-forensics", &mut script);
        let mut out = ui.out();
        out.write_all(&script)?;
        out.flush()?;
        Ok(Exit::Done)
    }
}
