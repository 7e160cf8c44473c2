//! One file a command: its arguments, its help and what it does.

pub mod analyze;
pub mod annotate;
pub mod completions;
pub mod context;
pub mod coverage;
pub mod diff;
pub mod evidence;
pub mod export;
pub mod incidents;
pub mod integrity;
pub mod man;
pub mod merge;
pub mod policy;
pub mod records;
pub mod report;
pub mod rules;
pub mod schema;
pub mod show;
pub mod sweep;
pub mod timeline;
pub mod verify;

use crate::args::Command;
use crate::exit::Exit;
use crate::ui::Ui;

/// Runs a command.
pub fn run(command: Command, ui: &Ui) -> anyhow::Result<Exit> {
    match command {
        Command::Analyze(command) => command.run(ui),
        Command::Context(command) => command.run(ui),
        Command::Diff(command) => command.run(ui),
        Command::Evidence(command) => command.run(ui),
        Command::Export(command) => command.run(ui),
        Command::Incidents(command) => command.run(ui),
        Command::Integrity(command) => command.run(ui),
        Command::Coverage(command) => command.run(ui),
        Command::Timeline(command) => command.run(ui),
        Command::Records(command) => command.run(ui),
        Command::Report(command) => command.run(ui),
        Command::Show(command) => command.run(ui),
        Command::Sweep(command) => command.run(ui),
        Command::Policy(command) => command.run(ui),
        Command::Note(command) => command.run(ui),
        Command::Tag(command) => command.run(ui),
        Command::Dismiss(command) => command.run(ui),
        Command::Verify(command) => command.run(ui),
        Command::Rules(command) => command.run(ui),
        Command::Schema(command) => command.run(ui),
        Command::Completions(command) => command.run(ui),
        Command::Merge(command) => command.run(ui),
        Command::Man(command) => command.run(ui),
    }
}
