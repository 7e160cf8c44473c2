//! Strings that try to be more than text, through every output.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;

use common::Place;

/// What somebody might call a file, a process or a profile.
fn strings() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for letter in (0..32).chain(127..160).filter_map(char::from_u32) {
        all.push(format!("/c{letter}d"));
    }
    for end in [
        "[31m",
        "[2J",
        "]0;x\u{7}",
        "]8;;http://x/\u{1b}\\y",
        "P+q\u{1b}\\",
        "c",
        "(0",
        "[6n",
        "[?1049h",
        "_x\u{1b}\\",
    ] {
        all.extend([format!("\u{1b}{end}"), format!("/a/\u{1b}{end}/b"), format!("\u{9b}{end}")]);
    }
    for letter in "\u{ad}\u{61c}\u{115f}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\
                   \u{202c}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}\u{fff9}\u{e0041}\u{301}"
        .chars()
    {
        all.extend([format!("{letter}gpj.exe"), format!("/tmp/a{letter}b")]);
    }
    for tag in [
        "<script>alert(1)</script>",
        "</script><b>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=x>",
        "&lt;b&gt;",
        "\"><b>",
        "' onclick='x",
        "<!--",
        "]]>",
        "<a href=javascript:x>",
        "<style>*{}",
        "<iframe src=//x>",
    ] {
        all.extend([tag.to_owned(), format!("/srv/{tag}"), tag.to_uppercase()]);
    }
    for mark in [
        "# h",
        "* x",
        "- x",
        "> q",
        "1. x",
        "```",
        "`x`",
        "**b**",
        "_i_",
        "[a](http://x)",
        "![a](http://x/y.png)",
        "| a | b |",
        "~~x~~",
        "http://x.example",
        "www.x.example",
        "@someone",
        "<http://x>",
        "[x]: http://x",
        "---",
        "$x$",
    ] {
        all.extend([mark.to_owned(), format!("/x {mark}"), format!("a\n{mark}")]);
    }
    for formula in [
        "1+1",
        "cmd|' /C calc'!A0",
        "HYPERLINK(\"http://x\",\"y\")",
        "SUM(A1)",
        "IMPORTXML(\"http://x\")",
        "2-1",
    ] {
        for sign in ["=", "+", "-", "@", "\t=", "\r=", "＝", "＋", "－", "＠", " ="] {
            all.push(format!("{sign}{formula}"));
        }
    }
    all.extend(
        [
            "\u{0}",
            "a\u{0}b",
            "\r\nx: y",
            "\"",
            "\"\"",
            ",",
            ";",
            "a,b\"c\nd",
            "${jndi:x}",
            "%s%n",
            "../../x",
            "\\u0000",
        ]
        .map(str::to_owned),
    );
    all
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}

/// Whether a terminal or a reader could be led astray.
fn is_obeyed(letter: char) -> bool {
    matches!(letter, '\0'..='\x09' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}' | '\u{ad}' | '\u{e0041}' | '\u{fff9}')
}

/// The first letters of all fields of CSV.
fn field_starts(csv: &str) -> Vec<char> {
    let mut starts = Vec::new();
    let (mut quoted, mut start) = (false, true);
    for letter in csv.chars() {
        if start && letter == '"' {
            quoted = true;
            continue;
        }
        if start {
            starts.push(letter);
        }
        start = false;
        match letter {
            '"' => quoted = !quoted,
            ',' | '\n' if !quoted => start = true,
            _ => {}
        }
    }
    starts
}

#[test]
fn no_output_lets_a_name_be_more_than_text() {
    let place = Place::new();
    let strings = strings();
    assert!(strings.len() >= 300, "{}", strings.len());
    let mut log = String::new();
    for (at, text) in strings.iter().enumerate() {
        let text = hex(text);
        log.push_str(&format!(
            "type=AVC msg=audit({}.402:{}): apparmor=\"DENIED\" operation=\"exec\" class=\"file\" profile={text} name={text} pid=638 comm={text} requested_mask=\"x\" denied_mask=\"x\" fsuid=33 ouid=0\n",
            1_791_968_189 + at, at + 1
        ));
    }
    place.file("audit.log", log);
    let mut outputs = vec![("text", place.run(&["analyze", "audit.log", "-o", "case"]).expect(0).out)];
    let id = {
        let all =
            place.run(&["incidents", "case", "--min-severity", "info", "--format", "json"]).expect(0).out;
        let all: serde_json::Value = serde_json::from_str(&all).unwrap();
        all[0]["incident_id"].as_str().unwrap().to_owned()
    };
    for text in strings.iter().filter(|text| !text.contains('\0') && !text.trim().is_empty()).step_by(7) {
        let text = format!("--reason={text}");
        place.run(&["dismiss", "case", &id, &text, &text.replace("--reason", "--author")]).expect(0);
    }
    for (form, command) in [
        ("text", "incidents case --min-severity info"),
        ("json", "incidents case --min-severity info --format json"),
        ("markdown", "incidents case --min-severity info --format markdown"),
        ("csv", "incidents case --min-severity info --format csv"),
        ("text", "timeline case"),
        ("markdown", "timeline case --format markdown"),
        ("csv", "timeline case --format csv"),
        ("text", "evidence case"),
        ("text", "verify case"),
        ("json", "analyze audit.log --format json"),
        ("csv", "export case --format timesketch-csv"),
        ("jsonl", "export case --format timesketch-jsonl"),
        ("jsonl", "export case --format ecs"),
        ("json", "export case --format navigator"),
    ] {
        let arguments: Vec<&str> = command.split(' ').collect();
        let run = place.run(&arguments).expect(0);
        assert!(!run.out.is_empty(), "{command}");
        assert!(!run.err.chars().any(is_obeyed), "{command}: {}", run.err);
        if form == "json" {
            serde_json::from_str::<serde_json::Value>(&run.out).expect(command);
        }
        if form == "jsonl" {
            assert!(run.out.lines().count() >= strings.len(), "{command}");
            run.out
                .lines()
                .for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).expect(command)));
        }
        outputs.push((form, run.out));
    }
    let mut defused = 0;
    for (form, out) in &outputs {
        for line in out.lines() {
            assert!(!line.chars().any(is_obeyed), "{form}: {line:?}");
            if *form == "markdown" {
                assert!(!line.contains('<') && !line.contains("](") && !line.contains("http://"), "{line:?}");
            }
        }
        if *form == "csv" {
            let bad = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
            let starts = field_starts(out);
            assert!(!starts.iter().any(|letter| bad.contains(letter)), "a formula");
            // One line an event: the formulas are among them.
            if out.lines().count() > strings.len() {
                assert!(starts.contains(&'\''), "defused");
                defused += 1;
            }
        }
    }
    assert!(defused > 0, "an output with a line an event");
}

/// Names in other logs, in policy, in lists of tasks and profiles: through the outputs that show those.
#[test]
fn names_from_other_files_are_text_too() {
    let place = Place::new();
    let strings = strings();
    let one_line: Vec<&String> =
        strings.iter().filter(|text| !text.contains(['\n', '\r', '\0']) && !text.trim().is_empty()).collect();
    let mut log = String::new();
    for (at, text) in strings.iter().enumerate() {
        let text = hex(&format!("/home/{text}/.ssh/id_rsa"));
        log.push_str(&format!(
            "type=AVC msg=audit({}.402:{}): apparmor=\"DENIED\" operation=\"open\" class=\"file\" profile=\"nginx\" name={text} pid=638 comm=\"x\" requested_mask=\"r\" denied_mask=\"r\" fsuid=33 ouid=0\n",
            1_791_968_189 + at, at + 1
        ));
    }
    place.file("ev/var/log/audit/audit.log", &log);
    place.file("ev/etc/hostname", "web\n");
    let stamp = "2026-10-14T08:56:40.000000+00:00 web";
    let said = one_line.iter().map(|text| format!("{stamp} sshd[7]: Accepted password for {text} from {text} port 2\n{stamp} sudo: {text} : USER=root ; COMMAND={text}\n"));
    place.file("ev/var/log/auth.log", said.collect::<String>());
    let asked = one_line.iter().map(|text| {
        format!("{text} - {text} [14/Oct/2026:08:56:41 +0000] \"GET /{text} HTTP/1.1\" 200 1 \"{text}\"\n")
    });
    place.file("ev/var/log/nginx/access.log", asked.collect::<String>());
    let tasks = one_line.iter().enumerate().map(|(at, text)| {
        format!("{text} (enforce) u{text} {} 0.0 0.1 1 1 ? Ss 08:00 0:00 /usr/bin/{text} {text}\n", at + 100)
    });
    place.file(
        "ev/live/ps-auxZ.txt",
        "LABEL USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\n".to_owned()
            + &tasks.collect::<String>(),
    );
    let loaded = one_line.iter().map(|text| format!("{text} (complain)\n")).collect::<String>();
    place.file("ev/sys/kernel/security/apparmor/profiles", loaded);
    let rules = one_line.iter().filter(|text| !text.contains('"')).map(|text| {
        format!(
            "profile \"p{text}\" \"/x{text}\" {{\n  \"/etc/{text}**\" rw,\n  capability,\n  ptrace,\n}}\n"
        )
    });
    place.file("ev/etc/apparmor.d/hostile", rules.collect::<String>());
    place.file("ev/etc/apparmor.d/nginx", "profile nginx /usr/sbin/nginx {\n  /etc/** r,\n}\n");
    let run = |arguments: &str| {
        let run = place.run(&arguments.split(' ').collect::<Vec<_>>());
        assert!(matches!(run.code, 0 | 3), "{arguments}: {}", run.err);
        assert!(!run.err.chars().any(is_obeyed), "{arguments}: {}", run.err);
        run.out
    };
    let mut outputs = vec![("text", run("analyze ev -o case"))];
    let incidents: serde_json::Value =
        serde_json::from_str(&run("incidents case --min-severity info --format json")).unwrap();
    let row = incidents.as_array().unwrap().iter().find(|row| row["profile_root"] == "nginx").unwrap();
    let (id, event) = (row["incident_id"].as_str().unwrap(), row["first_event_id"].as_str().unwrap());
    place.file("list", "/home/*\n");
    place.run(&["analyze", "ev/var/log/audit/audit.log", "-o", "other", "-q"]);
    for (form, command) in [
        ("text", "records ev".to_owned()),
        ("text", format!("show case {event}")),
        ("text", "integrity case".to_owned()),
        ("text", format!("context case {id}")),
        ("json", format!("context case {id} --format json")),
        ("text", "coverage ev --all".to_owned()),
        ("markdown", "coverage ev --format markdown".to_owned()),
        ("json", "coverage ev --format json".to_owned()),
        ("text", "coverage case".to_owned()),
        ("markdown", "coverage case --format markdown".to_owned()),
        ("json", "coverage case --format json".to_owned()),
        ("text", "policy lint ev".to_owned()),
        ("json", "policy lint ev --format json".to_owned()),
        ("json", "policy lint ev --format sarif".to_owned()),
        ("text", "policy replay case --tree ev".to_owned()),
        ("csv", "policy replay case --tree ev --format csv".to_owned()),
        ("markdown", "policy replay case --tree ev --format markdown".to_owned()),
        ("text", "policy harden case --tree ev --profile nginx --next-steps --no-parser".to_owned()),
        ("text", "diff case other".to_owned()),
        ("markdown", "diff case other --format markdown".to_owned()),
        ("json", "diff case other --format json".to_owned()),
        ("text", "sweep --ioc list case".to_owned()),
        ("csv", "sweep --ioc list case --format csv".to_owned()),
        ("html", "report case".to_owned()),
        ("markdown", "report case --format markdown".to_owned()),
        ("json", "report case --format json".to_owned()),
        ("html", "report case --redact key".to_owned()),
    ] {
        let out = run(&command);
        assert!(!out.is_empty() || command == "integrity case", "{command}");
        if form == "json" {
            serde_json::from_str::<serde_json::Value>(&out).expect(&command);
        }
        outputs.push((form, out));
    }
    run(&format!("export case --incident {id} -o given"));
    for (form, name) in [
        ("text", "context.txt"),
        ("markdown", "incident.md"),
        ("csv", "raw.csv"),
        ("json", "incident.json"),
        ("json", "events.jsonl"),
    ] {
        outputs.push((form, std::fs::read_to_string(place.path(&format!("given/{name}"))).unwrap()));
    }
    for (form, out) in &outputs {
        for line in out.lines() {
            // A page has its own ways; nothing in it is obeyed by a terminal either.
            assert!(!line.chars().any(is_obeyed), "{form}: {line:?}");
            if *form == "markdown" {
                assert!(!line.contains('<') && !line.contains("](") && !line.contains("http://"), "{line:?}");
            }
        }
        if *form == "csv" {
            let bad = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
            assert!(!field_starts(out).iter().any(|letter| bad.contains(letter)), "a formula");
        }
        if *form == "html" {
            for tag in
                ["<script>alert", "<img", "<svg/onload", "<b>", "<iframe", "<a href=javascript", "<style>*"]
            {
                assert!(!out.to_ascii_lowercase().contains(tag), "{tag}");
            }
        }
    }
}
