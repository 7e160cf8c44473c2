//! What the end-to-end tests share.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder to work in.
pub struct Place {
    pub folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place { folder: tempfile::tempdir().expect("folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(&path, content).expect("file");
        path
    }

    /// The program in this folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aa-forensics"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("COLUMNS")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().expect("run"))
    }

    /// Whatever begins with a dot: a case that was not finished.
    pub fn leftovers(&self) -> Vec<String> {
        std::fs::read_dir(self.folder.path())
            .expect("folder")
            .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with('.') || name.contains("partial"))
            .collect()
    }
}

/// How a run ended, and what it said.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(output: Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Run {
        assert_eq!(self.code, code, "standard output:\n{}\nstandard error:\n{}", self.out, self.err);
        self
    }
}

/// A sample of the repository.
pub fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name).display().to_string()
}

/// A record of audit.log.
pub fn avc(serial: u32, second: u32, verdict: &str, profile: &str, rest: &str) -> String {
    format!(
        "type=AVC msg=audit({}.402:{serial}): apparmor=\"{verdict}\" operation=\"open\" class=\"file\" profile=\"{profile}\" {rest} pid=638 comm=\"sh.cgi\" requested_mask=\"r\" denied_mask=\"r\" fsuid=33 ouid=0\n",
        1_791_968_189 + second
    )
}

/// Three profiles, one of them after credentials.
pub fn log() -> String {
    [
        avc(1, 0, "DENIED", "fcgiwrap//cgi", "name=\"/etc/shadow\""),
        avc(2, 1, "DENIED", "fcgiwrap//cgi", "name=\"/etc/passwd\""),
        avc(3, 60, "ALLOWED", "legacy", "name=\"/etc/passwd\""),
        avc(4, 61, "AUDIT", "/usr/sbin/nginx", "name=\"/srv/www/index.html\""),
        // A name that holds what a terminal obeys, and a formula as a comm.
        avc(5, 62, "DENIED", "hostile", "name=2F746D702F1B5D303B6F776E656407E280AE"),
    ]
    .concat()
}
