//! What the papers and the tree promise of each other, held by a check instead of a memory.

use std::path::Path;
use std::{env, fs};

use super::Outcome;
use super::python::binary;
use crate::Options;
use crate::count::Count;
use crate::shell::{command, output, say};

const LONGEST_FILE: usize = 800;
/// Folders that every machine has; a path into one of them says nothing about a particular machine.
const ORDINARY_FOLDERS: [&str; 10] =
    ["/", "/tmp", "/var/tmp", "/home", "/root", "/srv", "/opt", "/mnt", "/usr/src", "/builds"];
/// Settings that name a particular package registry.
const REGISTRY_MARKS: [&str; 5] =
    ["--index-url", "--extra-index-url", "\"resolved\": \"http", "replace-with =", "registry = \"http"];

pub(super) fn run(options: &Options) -> Outcome {
    match check(&options.root) {
        Err(why) => Outcome::Failed(Count::default(), why),
        Ok(problems) if problems.is_empty() => Outcome::Passed(Count::ONE),
        Ok(problems) => {
            for problem in &problems {
                say(problem);
            }
            let count = Count { passed: 0, failed: 1 };
            Outcome::Failed(count, format!("{} things to put right", problems.len()))
        }
    }
}

fn check(root: &Path) -> Result<Vec<String>, String> {
    let files = tracked_files(root)?;
    let mut problems = Vec::new();
    let marks = machine_marks(root);
    for file in &files {
        let Ok(text) = fs::read_to_string(root.join(file)) else { continue };
        problems.extend(foreign_marks(file, &text, &marks));
        problems.extend(too_long(file, &text));
    }
    problems.extend(unnamed_crates(root));
    problems.extend(sample_hashes(root, &files));
    problems.extend(schema_reference(root).unwrap_or_else(|why| vec![format!("docs/schema.md: {why}")]));
    Ok(problems)
}

fn tracked_files(root: &Path) -> Result<Vec<String>, String> {
    let list =
        output(command(root, "git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))
            .ok_or("git cannot list the files")?;
    Ok(list.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// Paths that exist on this machine alone.
fn machine_marks(root: &Path) -> Vec<String> {
    let mut marks = vec![format!("{}/", root.display())];
    if let Some(parent) = root.parent().and_then(Path::to_str)
        && !ORDINARY_FOLDERS.contains(&parent)
        && env::var_os("HOME").is_none_or(|home| home != parent)
    {
        marks.push(format!("{parent}/"));
    }
    if let Ok(home) = env::var("HOME") {
        marks.push(format!("{home}/.cargo"));
        marks.push(format!("{home}/.rustup"));
    }
    marks
}

fn foreign_marks(file: &str, text: &str, machine: &[String]) -> Vec<String> {
    let is_this_check = file.ends_with("steps/tidy.rs");
    let mut problems = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = format!("{file}:{}", index + 1);
        if machine.iter().any(|mark| holds_path(line, mark)) {
            problems.push(format!("{place}: a path of this machine"));
        }
        if !is_this_check && REGISTRY_MARKS.iter().any(|mark| line.contains(mark)) {
            problems.push(format!("{place}: names a package registry"));
        }
    }
    problems
}

/// Whether the path begins at a place where no longer path is under way.
fn holds_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"._-/".contains(letter))
    })
}

fn too_long(file: &str, text: &str) -> Option<String> {
    let is_code = [".rs", ".py", ".sh", ".js", ".css", ".md"].iter().any(|ending| file.ends_with(ending));
    let lines = text.lines().count();
    (is_code && lines > LONGEST_FILE).then(|| format!("{file}: {lines} lines; does it hold one thing?"))
}

fn unnamed_crates(root: &Path) -> Vec<String> {
    let Ok(readme) = fs::read_to_string(root.join("crates/README.md")) else {
        return vec!["crates/README.md is missing".to_owned()];
    };
    let Ok(folders) = fs::read_dir(root.join("crates")) else { return vec!["crates is missing".to_owned()] };
    let mut names: Vec<String> = folders
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !readme.contains(&format!("`{name}`")))
        .collect();
    names.sort();
    names.into_iter().map(|name| format!("crates/README.md does not name `{name}`")).collect()
}

/// Every sample is listed, and is what the list says.
fn sample_hashes(root: &Path, files: &[String]) -> Vec<String> {
    let manifest = fs::read_to_string(root.join("samples/MANIFEST.toml")).unwrap_or_default();
    let values = |key: &str| -> Vec<&str> {
        manifest
            .lines()
            .filter_map(|line| Some(line.strip_prefix(key)?.trim_matches([' ', '=', '"'])))
            .collect()
    };
    let listed: Vec<(&str, &str)> = values("name").into_iter().zip(values("sha256")).collect();
    let mut problems = Vec::new();
    for file in files.iter().filter_map(|file| file.strip_prefix("samples/")) {
        let is_paper = ["MANIFEST.toml", "README.md"].contains(&file);
        if !is_paper && !listed.iter().any(|(name, _)| *name == file) {
            problems.push(format!("samples/{file} is not in samples/MANIFEST.toml"));
        }
    }
    for (name, expected) in listed {
        let answer = output(command(root, "sha256sum").arg(format!("samples/{name}"))).unwrap_or_default();
        if !answer.starts_with(expected) {
            problems.push(format!("samples/{name} is not what samples/MANIFEST.toml says"));
        }
    }
    problems
}

/// The column reference equals what the binary prints, where the binary has that command.
fn schema_reference(root: &Path) -> Result<Vec<String>, String> {
    let binary = binary(root)?;
    let knows_schema = output(command(root, &binary).arg("--help"))
        .is_some_and(|help| help.lines().any(|line| line.trim_start().starts_with("schema")));
    if !knows_schema {
        say("docs/schema.md: not compared, aa-forensics has no `schema` command");
        return Ok(Vec::new());
    }
    let generated = output(command(root, &binary).args(["schema", "--markdown"]))
        .ok_or("aa-forensics schema --markdown failed")?;
    let kept = fs::read_to_string(root.join("docs/schema.md")).unwrap_or_default();
    Ok(if generated == kept {
        Vec::new()
    } else {
        vec!["docs/schema.md is old: aa-forensics schema --markdown > docs/schema.md".to_owned()]
    })
}

#[cfg(test)]
mod tests {
    use super::{holds_path, too_long};

    #[test]
    fn a_path_counts_where_it_begins() {
        assert!(holds_path("see /build/here/x", "/build/here/"));
        assert!(holds_path("path=\"/build/here/x\"", "/build/here/"));
        assert!(!holds_path("/home/alice/build/here/x", "/build/here/"));
    }

    #[test]
    fn only_code_and_papers_are_measured() {
        let text = "x\n".repeat(801);
        assert!(too_long("a.rs", &text).is_some());
        assert!(too_long("Cargo.lock", &text).is_none());
    }
}
