//! `man`

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;

use crate::args::Cli;
use crate::exit::Exit;
use crate::ui::Ui;

/// Print the manual page, or write one a command into a folder
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aa-forensics man | man -l -\n  aa-forensics man ~/.local/share/man/man1"
)]
pub struct Man {
    /// Folder for one page a command; made if it is missing
    folder: Option<PathBuf>,
}

impl Man {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let mut command = Cli::command();
        command.build();
        let Some(folder) = self.folder else {
            let mut page = Vec::new();
            Page::new(command).render(&mut page)?;
            let mut out = ui.out();
            out.write_all(&page)?;
            out.flush()?;
            return Ok(Exit::Done);
        };
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut pages = vec![("aa-forensics".to_owned(), command.clone())];
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
            let name = format!("aa-forensics-{}", sub.get_name());
            pages.push((name.clone(), sub.clone().display_name(name)));
        }
        for (name, command) in pages {
            let mut page = Vec::new();
            Page::new(command).title(name.to_uppercase()).render(&mut page)?;
            let path = folder.join(format!("{name}.1"));
            std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(Exit::Done)
    }
}
