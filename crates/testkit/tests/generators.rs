//! The generators against plain counting of what they wrote.

use std::fs;
use std::io::Read as _;

use aaf_testkit::{Avc, Truth, dense, flood, rotated, sparse, write_tree};

fn generated(run: impl Fn(&mut Vec<u8>) -> Truth) -> (Vec<u8>, Truth) {
    let (mut first, mut again) = (Vec::new(), Vec::new());
    let truth = run(&mut first);
    assert_eq!(truth, run(&mut again));
    assert!(first == again, "the same seed gives the same bytes");
    assert_eq!(truth.bytes, first.len() as u64);
    assert_eq!(truth.lines, first.iter().filter(|byte| **byte == b'\n').count() as u64);
    (first, truth)
}

fn lines_with(text: &[u8], needle: &str) -> u64 {
    String::from_utf8_lossy(text).lines().filter(|line| line.contains(needle)).count() as u64
}

fn assert_verdicts(text: &[u8], truth: &Truth) {
    for (verdict, count) in &truth.by_verdict {
        let decoys = truth.decoys_by_verdict.get(verdict).copied().unwrap_or_default();
        assert_eq!(lines_with(text, &format!("apparmor=\"{verdict}\"")), count + decoys, "{verdict}");
    }
    for sum in
        [&truth.by_verdict, &truth.by_operation, &truth.by_profile].map(|map| map.values().sum::<u64>())
    {
        assert_eq!(sum, truth.records);
    }
}

#[test]
fn a_sparse_log_holds_what_its_truth_says() {
    let (text, truth) = generated(|out| sparse::generate(8 << 20, 3, out).unwrap());
    assert!((40..110).contains(&truth.records), "{}", truth.records);
    assert!(truth.decoys > 0);
    assert_eq!(lines_with(&text, "apparmor=\""), truth.records + truth.decoys);
    let record_like: u64 = truth.record_like_by_verdict.values().sum();
    assert_eq!(lines_with(&text, "operation=\""), truth.records + record_like);
    assert!((1..truth.decoys).contains(&record_like));
    assert_verdicts(&text, &truth);
    let mean = truth.bytes as f64 / truth.lines as f64;
    assert!((118.0..130.0).contains(&mean), "{mean}");
}

#[test]
fn a_dense_log_holds_what_its_truth_says() {
    let (text, truth) = generated(|out| dense::generate(4 << 20, 3, out).unwrap());
    assert_eq!(lines_with(&text, "type=AVC "), truth.records);
    assert_eq!(lines_with(&text, "type=SYSCALL "), truth.audit_ids);
    assert_verdicts(&text, &truth);
    let share = truth.records as f64 / truth.lines as f64;
    assert!((0.25..0.28).contains(&share), "{share}");
    let mean = truth.bytes as f64 / truth.lines as f64;
    assert!((234.0..254.0).contains(&mean), "{mean}");
    let first_tail = text.iter().position(|byte| *byte == 0x1d).unwrap();
    assert!(first_tail.abs_diff(2 << 20) < 8192, "enriched from the middle on, not from {first_tail}");
}

#[test]
fn a_flood_has_names_that_never_repeat() {
    let (text, truth) = generated(|out| flood::generate(5000, 3, out).unwrap());
    assert_eq!(truth.records, 5000);
    assert_verdicts(&text, &truth);
    assert!(lines_with(&text, "/tmp/.x/flood-00700\"") >= 1);
    assert_eq!(lines_with(&text, "name=\"/tmp/.x/flood-00007\""), 1);
}

#[test]
fn a_rotated_set_unpacks_to_one_log_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let truth = rotated::generate(1 << 20, 4, 3, folder.path()).unwrap();
    let mut whole = Vec::new();
    for name in ["syslog.3.gz", "syslog.2.gz"] {
        let packed = fs::File::open(folder.path().join(name)).unwrap();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut whole).unwrap();
    }
    for name in ["syslog.1", "syslog"] {
        whole.extend(fs::read(folder.path().join(name)).unwrap());
    }
    assert_eq!(whole.len() as u64, truth.bytes);
    assert_verdicts(&whole, &truth);
    let text = String::from_utf8(whole).unwrap();
    assert!(text.lines().is_sorted_by_key(|line| &line[..32]));
}

#[test]
fn the_truth_is_json_beside_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("kern.log");
    let truth = flood::generate(100, 1, fs::File::create(&output).unwrap()).unwrap();
    truth.write_beside(&output).unwrap();
    let json = fs::read_to_string(folder.path().join("kern.log.truth.json")).unwrap();
    assert!(json.starts_with("{\n  \"kind\": \"flood\",\n  \"seed\": 1,\n"), "{json}");
    assert!(json.contains("\"records\": 100,"));
}

#[test]
fn builders_print_what_the_kernel_would() {
    let avc = Avc::denied("open", "my profile").name("/a b").at(1_700_000_001_007_000, 42);
    assert_eq!(
        avc.body(),
        "apparmor=\"DENIED\" operation=\"open\" profile=6D792070726F66696C65 name=2F612062"
    );
    assert_eq!(
        avc.iso_line("web01"),
        format!(
            "2023-11-14T22:13:21.007000+00:00 web01 kernel: audit: type=1400 audit(1700000001.007:42): {}",
            avc.body()
        )
    );
    assert_eq!(avc.companion("CWD", "cwd=\"/\""), "type=CWD msg=audit(1700000001.007:42): cwd=\"/\"");
}

#[test]
fn a_tree_stays_below_its_root() {
    let folder = tempfile::tempdir().unwrap();
    write_tree(folder.path(), [("var/log/syslog", "a line\n")]).unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("var/log/syslog")).unwrap(), "a line\n");
    assert!(write_tree(folder.path(), [("../outside", "")]).is_err());
}
