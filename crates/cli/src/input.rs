//! What commands read that take a case or evidence alike.

use std::path::PathBuf;

use aaf_case::{Analysis, NoTables, Options};
use aaf_export::CaseReader;

use crate::args::Reading;
use crate::incident;
use crate::ui::Ui;

/// A case, or what the evidence gave.
pub enum Input {
    /// A case on the disk.
    Case(Box<CaseReader>),
    /// What was read just now.
    Evidence(Box<Analysis>),
}

/// Opens the only input as a case if it is one; else reads all of them as evidence, with options as `prepare` leaves
/// them.
pub fn open(
    inputs: &[PathBuf],
    reading: &Reading,
    ui: &Ui,
    prepare: impl FnOnce(&mut Options),
) -> anyhow::Result<Input> {
    if let [only] = inputs
        && CaseReader::is_case(only)
    {
        return Ok(Input::Case(Box::new(CaseReader::open(only)?)));
    }
    refuse_cases(inputs, "give one case, or evidence")?;
    let mut options = reading.options();
    prepare(&mut options);
    let inventory = aaf_evidence::discover(inputs, &options.evidence);
    let progress = ui.progress(inventory.files.iter().map(|file| file.size_bytes).sum());
    options.progress = Some(progress.callback());
    let result = aaf_case::analyze(inputs, &options, &mut NoTables);
    progress.finish();
    match result {
        Ok(analysis) => Ok(Input::Evidence(Box::new(analysis))),
        Err(aaf_case::Error::NoEvidence { diagnostics }) => {
            ui.diagnostics(&diagnostics, false);
            anyhow::bail!("no evidence could be read");
        }
        Err(error) => Err(error.into()),
    }
}

/// A case is no evidence: its tables hold no lines, and would pass for a host on which nothing happened.
pub fn refuse_cases(inputs: &[PathBuf], instead: &str) -> anyhow::Result<()> {
    match inputs.iter().find(|input| CaseReader::is_case(input)) {
        Some(case) => anyhow::bail!("{} is a case, not evidence; {instead}", case.display()),
        None => Ok(()),
    }
}

/// Says that nothing was found, which is no proof that nothing happened.
pub fn tell_if_empty(analysis: &Analysis, ui: &Ui) {
    if analysis.info.totals.events == 0 {
        ui.warning(
            "no AppArmor record was found in what was read: either nothing was recorded, or kernel log, audit.log and journal \
             are not in it; `evidence` lists what was read",
        );
    }
}

/// What was given, for messages.
pub fn shown(inputs: &[PathBuf]) -> String {
    inputs.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
}

/// `incidents CASE 2` means an incident, which other commands take so; here an option chooses it.
pub fn hint_at_incident(inputs: &[PathBuf]) -> anyhow::Result<()> {
    match inputs {
        [case, other] if CaseReader::is_case(case) && !other.exists() && incident::could_be(other) => {
            anyhow::bail!(
                "{} does not exist; one incident of {} is chosen by --incident {}",
                other.display(),
                case.display(),
                other.display()
            )
        }
        _ => Ok(()),
    }
}
