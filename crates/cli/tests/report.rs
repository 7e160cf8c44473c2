//! `report`, end to end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use common::{Place, sample};
use serde_json::Value;

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("no {to}")).0
}

#[test]
fn a_report_of_a_recorded_attack() {
    let place = Place::new();
    let code = place
        .run(&[
            "analyze",
            &sample("web01.tar.xz"),
            "-o",
            "case",
            "--case-id",
            "2026/<7>",
            "--examiner",
            "A. Hand",
        ])
        .code;
    assert!(code == 0 || code == 3, "{code}");
    place.run(&["report", "case", "-o", "report.html", "--tlp", "amber"]).expect(0);
    let page = std::fs::read_to_string(place.path("report.html")).unwrap();

    assert!(page.contains("Stated by the user") && page.contains("2026/&lt;7"), "custody as stated");
    // Nothing is fetched and nothing runs but what the policy names.
    let policy = between(&page, "Content-Security-Policy content=\"", "\"");
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    for (element, end, directive) in
        [("<style>", "</style>", "style-src"), ("<script>", "</script>", "script-src")]
    {
        let hash = base64_sha256(between(&page, element, end));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{directive} {hash} {policy}");
    }
    for outside in
        ["src=", "href=\"http", "href=http", "url(", "@import", " style=", " onclick", "javascript:"]
    {
        let markup = page.replace("default-src=", "");
        let found = markup.match_indices(outside).find(|(at, _)| {
            // Text from evidence holds no `<`, so an attribute stands behind the last one that is still open.
            let before = &markup[..*at];
            before.rfind('<') > before.rfind('>')
        });
        assert!(
            found.is_none(),
            "{outside}: {:?}",
            found.map(|(at, _)| &markup[at..(at + 60).min(markup.len())])
        );
    }

    // What a reader looks for.
    for text in [
        "TLP:AMBER",
        "web01",
        "fcgiwrap",
        "<h4>Observed</h4>",
        "<h4>Interpretation</h4>",
        "<h4>Recommendation</h4>",
        "Exhibit 1:",
        "apparmor=&quot;DENIED&quot;",
        "open at the end of the evidence",
        "What to preserve",
        "Sign-off",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let evidence = std::fs::read_to_string(place.path("case/case.json")).unwrap();
    let evidence: Value = serde_json::from_str(&evidence).unwrap();
    assert!(page.contains(evidence["evidence"][0]["sha256"].as_str().unwrap()));

    // Every link inside leads somewhere.
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(
            page.contains(&format!("id={link}>"))
                || page.contains(&format!("id={link} "))
                || page.contains(&format!("id=\"{link}\"")),
            "{link}"
        );
    }

    // The same again, and never over another file.
    let again = place.run(&["report", "case", "--tlp", "amber"]).expect(0);
    assert!(again.out == page);
    let refused = place.run(&["report", "case", "-o", "report.html"]).expect(1);
    assert!(refused.err.contains("cannot write report.html"), "{}", refused.err);
    assert!(refused.err.contains("it exists; choose another name or pass --force"), "{}", refused.err);
    place.file("report.html", "old");
    place.run(&["report", "case", "--tlp", "amber", "-o", "report.html", "--force"]).expect(0);
    assert!(std::fs::read_to_string(place.path("report.html")).unwrap() == page);
    place.run(&["report", "case", "-o", "case/case.json", "--force"]).expect(1);
    std::fs::copy(sample("bus04.tar.xz"), place.path("copy.tar.xz")).unwrap();
    place.run(&["analyze", "copy.tar.xz", "-o", "of-copy", "-q"]).expect(0);
    std::fs::hard_link(place.path("copy.tar.xz"), place.path("other-name")).unwrap();
    let evidence = place.run(&["report", "of-copy", "-o", "other-name", "--force"]).expect(1);
    assert!(evidence.err.contains("it is evidence of the case"), "{}", evidence.err);

    let json = place.run(&["report", "case", "--format", "json"]).expect(0);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert!(json["incidents"][0]["exhibits"][0]["lines"][0]["raw"].as_str().unwrap().contains("apparmor"));
    let markdown = place.run(&["report", "case", "--format", "markdown"]).expect(0);
    assert!(markdown.out.starts_with("# AppArmor forensic report: web01\n"), "{}", markdown.out);
}

#[test]
fn hostile_names_stay_text() {
    let place = Place::new();
    let name = "</script><img src=x onerror=alert(1)>\u{202e}";
    let hex: String = name.bytes().map(|byte| format!("{byte:02X}")).collect();
    let line = common::avc(1, 0, "DENIED", "nginx", &format!("name={hex}"))
        .replace("comm=\"sh.cgi\"", &format!("comm={hex}"));
    place.file("audit.log", line);
    place.run(&["analyze", "audit.log", "-o", "case"]).expect(0);
    let page = place.run(&["report", "case", "--min-severity", "info"]).expect(0).out;
    assert!(
        page.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\\u{202e}"),
        "the name is not shown"
    );
    assert!(!page.contains("<img") && !page.contains('\u{202e}'));
    assert_eq!(page.matches("</script>").count(), 2);
}

#[test]
fn what_people_said_stands_beside_the_incident() {
    let place = Place::new();
    place.file("audit.log", common::log());
    place.run(&["analyze", "audit.log", "-o", "case"]).expect(0);
    let all = place.run(&["incidents", "case", "--min-severity", "info", "--format", "json"]).expect(0).out;
    let all: Value = serde_json::from_str(&all).unwrap();
    let id = all[0]["incident_id"].as_str().unwrap();
    place.run(&["note", "case", id, "<b>seen</b>", "--author", "alice"]).expect(0);
    place.run(&["dismiss", "case", id, "--reason", "a drill", "--author", "bob"]).expect(0);
    let page = place.run(&["report", "case", "--min-severity", "info"]).expect(0).out;
    assert!(
        page.contains("Annotations · dismissed") && page.contains("&lt;b&gt;seen&lt;/b&gt; (alice, "),
        "{page}"
    );
    assert!(page.contains("SHA-256 "), "exhibits have no digest");
    let report = place.run(&["report", "case", "--min-severity", "info", "--format", "json"]).expect(0).out;
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["incidents"][0]["annotations"][1]["text"], "a drill");
    let markdown =
        place.run(&["report", "case", "--min-severity", "info", "--format", "markdown"]).expect(0).out;
    assert!(markdown.contains("a drill"), "{markdown}");
}

#[test]
fn what_is_no_case_is_refused() {
    let place = Place::new();
    place.file("audit.log", common::log());
    let run = place.run(&["report", "audit.log"]).expect(1);
    assert!(run.err.contains("is no case"), "{}", run.err);
}

/// By the tools of the system, so that the hash is not checked by what made it.
fn base64_sha256(text: &str) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let hex = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let bytes: Vec<u8> =
        (0..64).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let mut child =
        Command::new("base64").arg("-w0").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn what_other_logs_say_stands_beside_the_incident() {
    let place = Place::new();
    let bundle = place.path("web01.tar.xz");
    std::fs::copy(sample("web01.tar.xz"), &bundle).unwrap();
    place.run(&["analyze", "web01.tar.xz", "-o", "case", "-q"]).expect(0);
    let report = |arguments: &[&str]| {
        let run = place.run(&[&["report", "case"][..], arguments].concat()).expect(0);
        run.out
    };
    let html = report(&[]);
    assert!(html.contains("lines of other logs around it"), "no context");
    assert!(html.contains("GET /cgi-bin/"), "no request");
    let json: Value = serde_json::from_str(&report(&["--format", "json"])).unwrap();
    let lines = json["incidents"][0]["context"].as_array().unwrap();
    // Entries of the journal stand among them, and what the log says too is told once.
    assert!(lines.iter().any(|line| line["path"].as_str().unwrap().contains(".journal")), "no journal");
    let of = |text: &str| lines.iter().filter(|line| line["line"].as_str().unwrap().ends_with(text)).count();
    assert_eq!(of("Started rsyslog.service - System Logging Service."), 2, "once a start");
    let markdown = report(&["--format", "markdown"]);
    assert!(markdown.contains("candidates, not causes"));
    // What drove the incidents, and not what the host did when it started.
    for (text, name) in [(&html, "step=agent"), (&markdown, "step=agent"), (&markdown, "step=exec\\_id")] {
        assert!(text.contains(name), "{name}");
    }
    for text in [&html, &markdown] {
        assert!(
            text.contains("1 request to a script or CGI path: 08:58:25 /cgi-bin/sh.cgi?step=exec"),
            "{text}"
        );
    }
    assert!(!report(&["--context", "never"]).contains("lines of other logs around it"));
    // Without the evidence the report says that it lacks them.
    std::fs::remove_file(&bundle).unwrap();
    assert!(report(&[]).contains("no lines around incidents could be read"), "nothing said");
}
