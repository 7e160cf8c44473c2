//! Policy from evidence: lint on a bundle, replay, and an override for every profile that the samples show in use.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::Place;

fn sample(host: &str) -> PathBuf {
    PathBuf::from(common::sample(&format!("{host}.tar.xz")))
}

fn aa(arguments: &[&str]) -> std::process::Output {
    Place::new().command(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> serde_json::Value {
    let output = aa(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Where the tests have set the newer parser up.
fn newer() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    target.join("parsers")
}

/// The parsers to compile with: the one installed, and the newer one; each with whether it is that.
fn parsers() -> Vec<(PathBuf, bool)> {
    let installed = ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser"].map(PathBuf::from);
    let installed = installed.into_iter().find(|path| path.is_file()).map(|path| (path, false));
    let newer = Some((newer().join("apparmor_parser-4.1"), true)).filter(|(path, _)| path.is_file());
    installed.into_iter().chain(newer).collect()
}

/// The collection's profiles over the abstractions that the distribution ships, which collections leave out.
fn tree(host: &str, folder: &Path) -> Option<PathBuf> {
    // The hosts run Debian 13, as the newer package does.
    let candidates = [newer().join("unpacked/etc/apparmor.d"), PathBuf::from("/etc/apparmor.d")];
    let shipped = candidates.into_iter().find(|path| path.join("abi/4.0").is_file())?;
    let tree = folder.join(host);
    std::fs::create_dir(&tree).unwrap();
    for part in ["abstractions", "tunables", "abi"] {
        let copied = Command::new("cp").arg("-r").arg(shipped.join(part)).arg(&tree).status().unwrap();
        assert!(copied.success());
    }
    let file = std::fs::File::open(sample(host)).unwrap();
    let mut unpack = Command::new("tar");
    unpack.args(["-xJ", "--strip-components=3", "-C"]).arg(&tree).arg(format!("{host}/etc/apparmor.d"));
    assert!(unpack.stdin(file).status().unwrap().success());
    Some(tree)
}

#[test]
fn a_bundle_is_linted_as_it_is() {
    let findings = json(&["policy", "lint", sample("web01").to_str().unwrap(), "--format", "json"]);
    let files: Vec<&str> = findings.as_array().unwrap().iter().filter_map(|it| it["file"].as_str()).collect();
    assert!(files.iter().any(|file| file.ends_with("web01.tar.xz!web01/etc/apparmor.d/nginx")), "{files:?}");
    let answer = aa(&[
        "policy",
        "explain",
        sample("web01").to_str().unwrap(),
        "--profile",
        "nginx",
        "--ask",
        "capability sys_module",
    ]);
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(text.starts_with("nginx: capability sys_module: denied, logged"), "{text}");
}

#[test]
fn exposed_and_attacked_profiles_come_first() {
    let place = Place::new();
    let bundle = sample("web01");
    let bundle = bundle.to_str().unwrap();
    let first = |arguments: &[&str]| {
        let run =
            place.run(&[&["policy", "lint", bundle, "--format", "json"][..], arguments].concat()).expect(0);
        let all: Vec<serde_json::Value> = serde_json::from_str(&run.out).unwrap();
        let marked: Vec<String> = all
            .iter()
            .take_while(|it| it["exposed"] == true)
            .map(|it| it["profile"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(marked.len(), all.iter().filter(|it| it["exposed"] == true).count(), "in front");
        marked.into_iter().collect::<std::collections::BTreeSet<String>>()
    };
    assert_eq!(first(&[]), ["nginx".to_owned()].into(), "what listens");
    place.run(&["analyze", bundle, "-o", "case", "-q"]).expect(0);
    let with = first(&["--case", "case"]);
    assert!(with.contains("nginx") && with.contains("backup-agent"), "{with:?}");
}

#[test]
fn overrides_compile_keep_use_and_close_attacks() {
    let folder = tempfile::tempdir().unwrap();
    let parsers = parsers();
    let mut table = String::new();
    for host in ["web01", "app02a", "bus04"] {
        let case = folder.path().join(format!("{host}.case"));
        let case = case.to_str().unwrap();
        let output = aa(&["analyze", sample(host).to_str().unwrap(), "-o", case, "--quiet"]);
        assert!(output.status.code().is_some_and(|code| code == 0 || code == 3));
        let Some(tree) = tree(host, folder.path()) else {
            println!(
                "SKIPPED: no abstractions in /etc/apparmor.d; they come with the newer parser that `cargo xtask test` sets up"
            );
            return;
        };
        let tree = tree.to_str().unwrap();
        let replayed = json(&["policy", "replay", case, "--tree", tree, "--format", "json"]);
        let mut profiles: Vec<&str> = replayed
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["policy"].get("unknown").is_none())
            .filter_map(|it| it["profile"].as_str())
            .collect();
        profiles.dedup();
        for profile in profiles {
            for version in ["3.0", "4.1"] {
                let arguments = [
                    "policy",
                    "harden",
                    case,
                    "--tree",
                    tree,
                    "--profile",
                    profile,
                    "--parser",
                    version,
                    "--next-steps",
                ];
                let found = json(&[&arguments[..], &["--no-parser", "--format", "json"]].concat());
                let rules = found["override"]["rules"].as_array().unwrap();
                let next = rules.iter().filter(|rule| !rule["check"].is_null()).count();
                let rules = rules.len();
                let path = folder.path().join("override");
                std::fs::write(&path, found["text"].as_str().unwrap()).unwrap();
                // What the library promises is tried again from outside.
                let with = [
                    "policy",
                    "replay",
                    case,
                    "--tree",
                    tree,
                    "--profile",
                    profile,
                    "--override",
                    path.to_str().unwrap(),
                    "--format",
                    "json",
                ];
                let closed: Vec<&str> = found["override"]["rules"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .flat_map(|rule| rule["closes"].as_array().unwrap())
                    .filter_map(|it| it.as_str())
                    .collect();
                for line in json(&with).as_array().unwrap() {
                    let (before, after) = (&line["policy"]["allowed"], &line["with_override"]["allowed"]);
                    if line["attack"] == false && line["recorded"] != "DENIED" {
                        assert_eq!(before, after, "{host} {profile}: {line}");
                    }
                    if line["attack"] == true && closed.contains(&line["question"].as_str().unwrap()) {
                        assert_eq!(
                            (&line["with_override"]["allowed"], &line["with_override"]["logged"]),
                            (&false.into(), &true.into()),
                            "{line}"
                        );
                    }
                }
                let mut compiled = 0;
                for (parser, _) in parsers.iter().filter(|(_, is_newer)| version == "3.0" || *is_newer) {
                    let found = json(
                        &[&arguments[..], &["--with-parser", parser.to_str().unwrap(), "--format", "json"]]
                            .concat(),
                    );
                    assert_eq!(found["compiles"], true, "{host} {profile} {version}: {found}");
                    compiled += 1;
                }
                table.push_str(&format!(
                    "{host:7} {version} {rules:3} rules, {next:3} of them against next steps, {:3} closed, {:3} open, compiled by {compiled}  {profile}\n",
                    closed.len(),
                    found["override"]["open"].as_array().unwrap().len()
                ));
            }
        }
    }
    println!("{table}");
    assert!(table.lines().count() > 20, "{table}");
}

#[test]
fn what_a_missing_include_might_permit_is_not_called_refused() {
    let place = Place::new();
    let log = [
        common::avc(1, 0, "AUDIT", "p", "name=\"/etc/ld.so.cache\""),
        common::avc(2, 1, "AUDIT", "p", "name=\"/etc/shadow\""),
        common::avc(3, 2, "DENIED", "p", "name=\"/srv/x\""),
        common::avc(4, 3, "AUDIT", "whole", "name=\"/srv/x\""),
        common::avc(5, 4, "AUDIT", "gone", "name=\"/srv/x\""),
    ];
    place.file("audit.log", log.concat());
    place.file("tree/p", "profile p {\n  include <abstractions/base>\n  deny /etc/shadow r,\n}\n");
    place.file("tree/whole", "profile whole {\n  /srv/y r,\n}\n");
    place.run(&["analyze", "audit.log", "-o", "case", "-q"]).expect(0);
    let text = place.run(&["policy", "replay", "case", "--tree", "tree"]).expect(0).out;
    let expected = "\
gone: r /srv/x (another's) (1×)
    recorded AUDIT, policy not known  cannot be judged: the tree has no such profile
p: attack r /etc/ld.so.cache (another's) (1×)
    recorded AUDIT, policy not known  cannot be judged: abstractions/base is missing
p: attack r /etc/shadow (another's) (1×)
    recorded AUDIT, policy denied, silent  now refused  by p:3
p: attack r /srv/x (another's) (1×)
    recorded DENIED, policy denied, logged
whole: r /srv/x (another's) (1×)
    recorded AUDIT, policy denied, logged  now refused
5 behaviours: 2 now refused, 0 now allowed, 0 now silent, 2 cannot be judged, the others as recorded
  1 cannot be judged: abstractions/base is missing
  1 cannot be judged: the tree has no such profile
";
    assert_eq!(text, expected);
    let changed = place
        .run(&["policy", "replay", "case", "--tree", "tree", "--changed", "--format", "csv"])
        .expect(0)
        .out;
    assert_eq!(changed.lines().skip(1).filter(|line| line.contains(",now refused,")).count(), 2, "{changed}");
    assert_eq!(changed.lines().count(), 3, "{changed}");
    let json = place.run(&["policy", "replay", "case", "--tree", "tree", "--format", "json"]).expect(0).out;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let cache = rows.iter().find(|row| row["question"] == "r /etc/ld.so.cache (another's)").unwrap();
    assert_eq!(cache["cannot_be_judged"], "abstractions/base is missing");
    assert!(cache["change"].is_null());
}
