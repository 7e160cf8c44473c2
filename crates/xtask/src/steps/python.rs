//! What needs Python: the tables read by others' libraries, and the notebooks.

use std::fs;
use std::path::{Path, PathBuf};

use super::Outcome;
use super::fuzz::target_directory;
use crate::Options;
use crate::count::Count;
use crate::shell::{self, answers, cargo, command, install_with_apt, run_counting, say};

/// The cases that the tests read: the variable that names one to them, its folder and its evidence.
const CASES: [(&str, &str, &[&str]); 3] = [
    ("AAF_CASE", "case", &["samples/web01.tar.xz"]),
    ("AAF_FLEET", "fleet", &["samples/app02a.tar.xz", "samples/bus04.tar.xz", "samples/web01.tar.xz"]),
    // A text without records: what is written for incidents must bear that there are none.
    ("AAF_QUIET", "quiet", &["samples/README.md"]),
];
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
    let binary = binary(&options.root).map_err(none)?;
    let mut pytest = command(&options.root, python);
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", tests]);
    for (variable, name, evidence) in CASES {
        pytest.env(variable, make_case(&options.root, &binary, name, evidence).map_err(none)?);
    }
    pytest.env("AAF_REPLAY_TABLE", replay(&options.root, &binary).map_err(none)?);
    run_counting(&mut pytest)
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

/// A case made of samples by the binary that the tests built.
pub(super) fn make_case(
    root: &Path,
    binary: &Path,
    name: &str,
    evidence: &[&str],
) -> Result<PathBuf, String> {
    let folder = target_directory(root).join("xtask");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let case = folder.join(name);
    let mut analyze = command(root, binary);
    analyze.args(["analyze", "--quiet", "--force"]).args(evidence).arg("-o").arg(&case);
    let status = analyze.status().map_err(|error| format!("aa-forensics: {error}"))?;
    // 3: done, but some evidence was damaged; the samples hold files that are no text.
    if matches!(status.code(), Some(0 | 3)) {
        Ok(case)
    } else {
        Err(format!("analyze {} ended with {status}", evidence.join(" ")))
    }
}

/// The past of a case asked of its own policy and of an override for an attacked profile.
fn replay(root: &Path, binary: &Path) -> Result<PathBuf, String> {
    let folder = target_directory(root).join("xtask");
    let (text, table) = (folder.join("override"), folder.join("replay.parquet"));
    let case = folder.join("case");
    let about = |action: &str| {
        let mut it = command(root, binary);
        it.args(["policy", action]).arg(&case);
        it.args(["--tree", "samples/web01.tar.xz", "--profile", "backup-agent", "--quiet"]);
        it.stdout(std::process::Stdio::null());
        it
    };
    shell::run(
        about("harden").args(["--next-steps", "--parser", "4.1", "--no-parser", "--output"]).arg(&text),
    )?;
    shell::run(about("replay").arg("--override").arg(&text).arg("--parquet").arg(&table))?;
    Ok(table)
}

/// Builds the binary as the tests do, so that nothing is compiled twice.
pub(super) fn binary(root: &Path) -> Result<PathBuf, String> {
    shell::run(cargo(root).args(["build", "--quiet", "--workspace", "--bins", "--tests"]))?;
    Ok(target_directory(root).join("debug/aa-forensics"))
}
