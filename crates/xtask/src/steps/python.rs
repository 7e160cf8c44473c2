//! What needs Python: the tables read by others' libraries, and the notebooks.

use std::fs;
use std::path::{Path, PathBuf};

use super::Outcome;
use super::fuzz::target_directory;
use crate::Options;
use crate::count::Count;
use crate::shell::{self, answers, cargo, command, install_with_apt, run_counting, say};

const SAMPLE: &str = "samples/web01.tar.xz";
const REQUIREMENTS: &str = "requirements.txt";

pub(super) fn tables(options: &Options) -> Outcome {
    pytest(options, "notebooks/tests/test_tables.py").into()
}

pub(super) fn notebooks(options: &Options) -> Outcome {
    pytest(options, "notebooks/tests/test_notebooks.py").into()
}

fn pytest(options: &Options, tests: &str) -> Result<Count, (Count, String)> {
    let none = |why: String| (Count::default(), why);
    let python = environment(&options.root).map_err(none)?;
    let case = sample_case(&options.root).map_err(none)?;
    run_counting(
        command(&options.root, python)
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", tests])
            .env("AAF_CASE", case),
    )
}

/// The Python of `.venv`, which is made and filled where needed.
fn environment(root: &Path) -> Result<PathBuf, String> {
    let folder = root.join(".venv");
    let python = folder.join("bin/python");
    let installed = folder.join("installed-requirements.txt");
    let wanted =
        fs::read_to_string(root.join(REQUIREMENTS)).map_err(|error| format!("{REQUIREMENTS}: {error}"))?;
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) && python.exists() {
        return Ok(python);
    }
    let make = || shell::run(command(root, "python3").args(["-m", "venv", "--clear"]).arg(&folder));
    if !answers("python3", "--version") || make().is_err() {
        say("python3 or its venv module is not installed");
        install_with_apt(&["python3", "python3-venv"])?;
        make()?;
    }
    shell::run(command(root, &python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        REQUIREMENTS,
    ]))?;
    fs::write(&installed, wanted).map_err(|error| format!(".venv: {error}"))?;
    Ok(python)
}

/// A case made of the sample by the binary that the tests built.
fn sample_case(root: &Path) -> Result<PathBuf, String> {
    let binary = binary(root)?;
    let case = target_directory(root).join("xtask/case");
    fs::create_dir_all(target_directory(root).join("xtask")).map_err(|error| error.to_string())?;
    let mut analyze = command(root, binary);
    analyze.args(["analyze", "--quiet", "--force", SAMPLE, "-o"]).arg(&case);
    let status = analyze.status().map_err(|error| format!("aa-forensics: {error}"))?;
    // 3: done, but some evidence was damaged; the sample holds files that are no text.
    if matches!(status.code(), Some(0 | 3)) {
        Ok(case)
    } else {
        Err(format!("analyze {SAMPLE} ended with {status}"))
    }
}

/// Builds the binary as the tests do, so that nothing is compiled twice.
pub(super) fn binary(root: &Path) -> Result<PathBuf, String> {
    shell::run(cargo(root).args(["build", "--quiet", "--workspace", "--bins", "--tests"]))?;
    Ok(target_directory(root).join("debug/aa-forensics"))
}
