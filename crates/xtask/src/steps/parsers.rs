//! The real parsers that `aaf-policy` is compared with: the system's own, and Debian 13's 4.1, which knows priorities,
//! unpacked aside with the C library it needs.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::fuzz::target_directory;
use crate::shell::{answers, command, install_with_apt, output, run, say};

const PACKAGES: [&str; 3] = ["apparmor", "apparmor-profiles", "apparmor-profiles-extra"];
const SUITE: &str = "trixie";
const ASIDE: [&str; 4] = ["apparmor", "libc6", "libgcc-s1", "libstdc++6"];

/// What the tests are told: parsers and profiles. Without a parser they say themselves that they are skipped.
pub(super) fn settings(root: &Path) -> Vec<(&'static str, OsString)> {
    if env::var_os("AAF_APPARMOR_PARSER").is_some() {
        return Vec::new();
    }
    let usual = ["/sbin/apparmor_parser", "/usr/sbin/apparmor_parser"].map(PathBuf::from);
    if !usual.iter().any(|path| path.is_file()) {
        say("apparmor_parser is not installed; answers about profiles are compared with it");
        if let Err(why) = install_with_apt(&PACKAGES) {
            say(&format!("{why}; the comparisons with apparmor_parser are SKIPPED"));
            return Vec::new();
        }
    }
    let mut parsers: Vec<PathBuf> = usual.into_iter().filter(|path| path.is_file()).take(1).collect();
    match newer(root) {
        Ok(parser) => parsers.push(parser),
        Err(why) => {
            say(&format!("no apparmor_parser 4.1 ({why}); the comparisons with priorities are SKIPPED"))
        }
    }
    env::join_paths(parsers).map(|parsers| vec![("AAF_APPARMOR_PARSER", parsers)]).unwrap_or_default()
}

/// A script that runs the newer parser, unpacked below the target directory.
fn newer(root: &Path) -> Result<PathBuf, String> {
    let folder = target_directory(root).join("parsers");
    let script = folder.join("apparmor_parser-4.1");
    if script.is_file() {
        return Ok(script);
    }
    if !answers("apt-get", "--version") || !answers("dpkg", "--version") {
        return Err("there is no apt-get".to_owned());
    }
    let io = |error: std::io::Error| error.to_string();
    let lists = folder.join("lists");
    let cache = folder.join("cache");
    for inner in [lists.join("partial"), cache.join("archives/partial"), folder.join("unpacked")] {
        fs::create_dir_all(inner).map_err(io)?;
    }
    let architecture =
        output(command(root, "dpkg").arg("--print-architecture")).ok_or("dpkg does not answer")?;
    let architecture = architecture.trim();
    let sources = folder.join("sources.list");
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let mirror = mirror().ok_or("apt names no mirror of Debian")?;
    let line = format!("deb [signed-by={keys} arch={architecture}] {mirror} {SUITE} main\n");
    fs::write(&sources, line).map_err(io)?;
    say(&format!("fetching {} of {SUITE} to {}", ASIDE.join(" "), folder.display()));
    let apt = || {
        let mut apt = command(&folder, "apt-get");
        apt.arg("-qq");
        for (key, value) in [
            ("Dir::Etc::sourcelist", sources.as_path()),
            ("Dir::Etc::sourceparts", Path::new("/dev/null")),
            ("Dir::State::lists", lists.as_path()),
            ("Dir::Cache", cache.as_path()),
        ] {
            apt.arg("-o").arg(format!("{key}={}", value.display()));
        }
        apt
    };
    run(apt().arg("update"))?;
    run(apt().arg("download").args(ASIDE.map(|package| format!("{package}:{architecture}"))))?;
    let unpacked = folder.join("unpacked");
    for entry in fs::read_dir(&folder).map_err(io)?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            run(command(&folder, "dpkg").arg("-x").arg(&path).arg(&unpacked))?;
            fs::remove_file(&path).map_err(io)?;
        }
    }
    let parser = unpacked.join("usr/sbin/apparmor_parser");
    let (loader, libraries) = loader(&unpacked).ok_or("the packages hold no loader")?;
    let text = format!(
        "#!/bin/sh\nexec '{}' --library-path '{}' '{}' \"$@\"\n",
        loader.display(),
        libraries.display(),
        parser.display()
    );
    let half = script.with_extension("half");
    fs::write(&half, text).map_err(io)?;
    run(command(&folder, "chmod").arg("755").arg(&half))?;
    if !answers(&half.to_string_lossy(), "-V") {
        return Err("it does not run here".to_owned());
    }
    fs::rename(&half, &script).map_err(io)?;
    Ok(script)
}

/// The dynamic loader and the folder of libraries in an unpacked tree.
fn loader(unpacked: &Path) -> Option<(PathBuf, PathBuf)> {
    let folders = fs::read_dir(unpacked.join("usr/lib")).ok()?.flatten().map(|entry| entry.path());
    folders.filter(|folder| folder.is_dir()).find_map(|folder| {
        let names = fs::read_dir(&folder).ok()?.flatten().map(|entry| entry.path());
        let loader = names.into_iter().find(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("ld-linux"))
        })?;
        Some((loader, folder))
    })
}

/// The mirror that the system uses.
fn mirror() -> Option<String> {
    let files = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
    let text: String = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    let found = text.lines().find_map(|line| {
        let line = line.strip_prefix("URIs:").or_else(|| line.strip_prefix("deb "))?;
        line.split_whitespace()
            .find(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian"))
    });
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #[test]
    #[ignore = "fetches packages"]
    fn the_newer_parser_runs() {
        let root = crate::shell::repository_root().unwrap();
        let script = super::newer(&root).unwrap();
        assert!(super::output(super::command(&root, script).arg("-V")).unwrap().contains("4.1"));
    }
}
