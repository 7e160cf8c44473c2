//! The binary `aa-forensics`: arguments, progress, colour and exit codes. What it computes, the libraries compute.

#![forbid(unsafe_code)]

mod args;
mod around;
mod commands;
mod exit;
mod filter;
mod handover;
mod incident;
mod input;
mod interrupt;
mod key;
mod near;
mod reread;
mod ui;
mod values;
mod when;
mod whole;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::exit::Exit;
use crate::ui::Ui;

/// Blocks of rows and columns come and go on all workers; the system's allocator spends more time on them than parsing
/// takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The allocator asks for pages of 2 MiB, of which most uses here touch little; clearing them took up to a fifth of the
    // time. Where the system refuses, it only takes longer.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    // A fault of ours is told in one line; the rest is for whoever mends it.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        std::panic::set_hook(Box::new(ui::tell_fault));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ui::usage(&error),
    };
    let ui = Ui::new(&cli.common);
    let exit = match commands::run(cli.command, &ui) {
        Ok(exit) => exit,
        Err(error) if exit::is_closed_pipe(&error) => Exit::Done,
        Err(error) => {
            ui.error(&error);
            Exit::Failed
        }
    };
    exit.into()
}
