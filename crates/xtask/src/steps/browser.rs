//! The HTML report in a real browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::Outcome;
use super::fuzz::target_directory;
use super::python::{binary, make_case};
use crate::Options;
use crate::count::Count;
use crate::shell::{self, answers, command, install_with_apt, run_counting, say};

const FOLDER: &str = "crates/report/browser";
/// Names of the browser, where one is installed.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// A log whose names would be markup if anybody let them: `<img src=x onerror=window.owned=1>` and a script.
const HOSTILE_LOG: &str = "type=AVC msg=audit(1791968189.402:7): apparmor=\"DENIED\" operation=\"exec\" class=\"file\" \
    profile=\"nginx\" name=\"/tmp/<img src=x onerror=window.owned=1>\" pid=7 comm=\"</script>\" requested_mask=\"x\" \
    denied_mask=\"x\" fsuid=33 ouid=0\n";

pub(super) fn report(options: &Options) -> Outcome {
    check(&options.root).into()
}

fn check(root: &Path) -> Result<Count, (Count, String)> {
    let none = |why: String| (Count::default(), why);
    let browser = tools(root).map_err(none)?;
    let Reports { sample, hostile, large } = reports(root).map_err(none)?;
    run_counting(
        command(&root.join(FOLDER), "node")
            .arg("report.mjs")
            .env("AAF_REPORT", sample)
            .env("AAF_HOSTILE", hostile)
            .env("AAF_LARGE", large)
            .env("CHROMIUM", browser),
    )
}

fn installed_browser() -> Option<&'static str> {
    BROWSERS.into_iter().find(|name| answers(name, "--version"))
}

/// The browser's name, once it, node and the test's library are there.
fn tools(root: &Path) -> Result<String, String> {
    if !answers("node", "--version") || !answers("npm", "--version") {
        say("node or npm is not installed");
        install_with_apt(&["nodejs", "npm"])?;
    }
    if installed_browser().is_none() {
        say("no Chromium is installed");
        install_with_apt(&["chromium"])?;
    }
    let browser = installed_browser().ok_or("Chromium does not start")?;
    let folder = root.join(FOLDER);
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let wanted = read("package-lock.json").map_err(|error| format!("{FOLDER}/package-lock.json: {error}"))?;
    let mark = "node_modules/.installed-lock.json";
    if !read(mark).is_ok_and(|text| text == wanted) {
        shell::run(command(&folder, "npm").args(["ci", "--silent", "--ignore-scripts"]))?;
        fs::write(folder.join(mark), wanted).map_err(|error| format!("{FOLDER}/{mark}: {error}"))?;
    }
    Ok(browser.to_owned())
}

/// What the browser opens.
struct Reports {
    /// Of a recorded attack.
    sample: PathBuf,
    /// Of a log full of markup.
    hostile: PathBuf,
    /// Of more than 100,000 events.
    large: PathBuf,
}

/// An audit log of this size holds some 105,000 events.
const LARGE_BYTES: &str = "96000000";

fn reports(root: &Path) -> Result<Reports, String> {
    let program = binary(root)?;
    let case = make_case(root, &program, "report-case", &["samples/web01.tar.xz"])?;
    let folder = target_directory(root).join("xtask");
    let (log, hostile_case) = (folder.join("hostile.log"), folder.join("hostile-case"));
    fs::write(&log, HOSTILE_LOG).map_err(|error| error.to_string())?;
    let (large_log, large_case) = (folder.join("large.log"), folder.join("large-case"));
    shell::run(
        command(root, program.with_file_name("aaf-generate"))
            .args(["dense", "--bytes", LARGE_BYTES, "-o"])
            .arg(&large_log),
    )?;
    for (log, case) in [(&log, &hostile_case), (&large_log, &large_case)] {
        shell::run(
            command(root, &program)
                .args(["analyze", "--quiet", "--force", "--raw", "none"])
                .arg(log)
                .arg("-o")
                .arg(case)
                .stdout(Stdio::null()),
        )?;
    }
    let write = |case: &Path, name: &str| {
        let file = folder.join(name);
        // What a run before left; that there is none is as good.
        let _ = fs::remove_file(&file);
        shell::run(
            command(root, &program).arg("report").arg(case).args(["--tlp", "amber", "-o"]).arg(&file),
        )?;
        Ok::<_, String>(file)
    };
    Ok(Reports {
        sample: write(&case, "report.html")?,
        hostile: write(&hostile_case, "hostile.html")?,
        large: write(&large_case, "large.html")?,
    })
}
