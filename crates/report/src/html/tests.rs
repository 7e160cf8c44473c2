use aaf_case::context::{About, Context, ContextLine, Said};
use aaf_model::tables::{
    CoverageRow, EventDetail, FindingRow, IncidentRow, IndicatorRow, IntegrityRow, LintRow, SightingRow,
    TimelineRow, WindowRow,
};

use crate::dossier::{self, Dossier};

/// What tries to leave every place where it may stand.
const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</script><script src=https://evil.example/></script>",
    "<!--",
    "\u{202e}gpj.exe\u{2028}",
    "\x1b]0;owned\x07\0",
    "[x](javascript:alert(1)) | `=cmd|' /C calc'!A0`",
];

fn dossier(text: &str) -> Dossier {
    let (word, bytes) = (text.to_owned(), text.as_bytes().to_vec());
    let mut out = Dossier {
        run: serde_json::json!({ "arguments": ["analyze", text], "stated": { text: text, "examiner": text } }),
        incidents: vec![IncidentRow {
            incident_id: word.clone(),
            host: Some(word.clone()),
            profile_root: bytes.clone(),
            profiles: vec![bytes.clone()],
            severity: word.clone(),
            reasons: vec![word.clone()],
            confidence: word.clone(),
            title: word.clone(),
            stages: vec![word.clone()],
            techniques: vec![word.clone()],
            attack: word.clone(),
            payload: word.clone(),
            result: word.clone(),
            action: word.clone(),
            alternatives: vec![word.clone()],
            next_steps: vec![word.clone()],
            belongs_to: vec![word.clone()],
            novelty: Some(word.clone()),
            novelty_why: Some(word.clone()),
            links: vec![(word.clone(), word.clone())],
            attempts: vec![(word.clone(), word.clone(), 1)],
            episode_ids: vec![word.clone()],
            objects: vec![(word.clone(), vec![bytes.clone()])],
            comms: vec![bytes.clone()],
            first_event_id: word.clone(),
            ..IncidentRow::default()
        }],
        findings: vec![FindingRow {
            incident_id: Some(word.clone()),
            severity: word.clone(),
            stage: word.clone(),
            techniques: vec![word.clone()],
            techniques_before_v19: vec![word.clone()],
            ..FindingRow::default()
        }],
        timelines: vec![TimelineRow {
            host: Some(word.clone()),
            profile_root: bytes.clone(),
            profile: bytes.clone(),
            incident_id: Some(word.clone()),
            first_time_us: Some(i64::MIN),
            last_time_us: Some(i64::MAX),
            count: i64::MAX,
            verdict: word.clone(),
            operation: bytes.clone(),
            requested: bytes.clone(),
            object: bytes.clone(),
            comm: bytes.clone(),
            pid: Some(-1),
            exe: bytes.clone(),
            user: Some(word.clone()),
            uid: Some(0),
            chain: vec![(7, bytes.clone()); 100],
            attempt: "network".to_owned(),
            outcome: Some(word.clone()),
            ..TimelineRow::default()
        }],
        windows: vec![WindowRow {
            host: Some(word.clone()),
            profile: bytes.clone(),
            gap: word.clone(),
            basis: word.clone(),
            incident_ids: vec![word.clone()],
            ..WindowRow::default()
        }],
        coverage: vec![CoverageRow {
            host: Some(word.clone()),
            path: word.clone(),
            kind: "exposed".to_owned(),
            severity: word.clone(),
            subject: word.clone(),
            text: word.clone(),
            action: Some(word.clone()),
            how: Some(word.clone()),
            sources: vec![word.clone()],
            ..CoverageRow::default()
        }],
        lint: vec![LintRow {
            host: Some(word.clone()),
            check: word.clone(),
            severity: "critical".to_owned(),
            profile: Some(word.clone()),
            file: word.clone(),
            rule: Some(word.clone()),
            message: word.clone(),
            fix: word.clone(),
            next_step: Some(word.clone()),
            is_exposed: Some(true),
            ..LintRow::default()
        }],
        integrity: vec![IntegrityRow {
            severity: word.clone(),
            category: word.clone(),
            seen: word.clone(),
            allows: word.clone(),
            lines: vec![aaf_model::tables::IntegrityLine {
                path: word.clone(),
                raw: bytes.clone(),
                role: word.clone(),
                ..Default::default()
            }],
            ..IntegrityRow::default()
        }],
        context: vec![(
            word.clone(),
            Context {
                lines: vec![ContextLine {
                    said: Said {
                        time_us: 0,
                        about: About::Web,
                        address: Some(word.clone()),
                        user: Some(word.clone()),
                        message_at: 0,
                        record: None,
                    },
                    path: word.clone(),
                    offset_bytes: u64::MAX,
                    text: bytes.clone(),
                }],
                left_out: 1,
            },
        )],
        context_missing: vec![word.clone()],
        indicators: vec![IndicatorRow {
            kind: word.clone(),
            value: bytes.clone(),
            episode_id: word.clone(),
            ..IndicatorRow::default()
        }],
        exhibits: vec![EventDetail {
            event_id: word.clone(),
            verdict: word.clone(),
            operation: bytes.clone(),
            name: bytes.clone(),
            sightings: vec![SightingRow {
                role: word.clone(),
                path: word.clone(),
                offset_bytes: i64::MAX,
                length_bytes: i64::MAX,
                raw: Some(bytes),
                ..SightingRow::default()
            }],
            ..EventDetail::default()
        }],
        tlp: Some(word.clone()),
        ..Dossier::default()
    };
    out.info.tool = word.clone();
    out.info.hosts.push(aaf_case::HostInfo { name: Some(word.clone()), ..Default::default() });
    out.info.evidence.push(aaf_case::EvidenceInfo {
        path: word.clone(),
        sha256: Some(word),
        ..Default::default()
    });
    out
}

fn page(dossier: &Dossier) -> String {
    let mut out = Vec::new();
    super::html(dossier, &mut out).expect("memory");
    String::from_utf8(out).expect("UTF-8")
}

/// The tags and their attributes, without the text between them and without values.
fn skeleton(page: &str) -> String {
    let mut out = String::new();
    let (mut inside, mut quoted) = (false, false);
    for letter in page.chars() {
        match letter {
            '<' if !quoted => inside = true,
            '"' if inside => quoted = !quoted,
            '>' if !quoted => inside = false,
            _ if inside && !quoted => out.push(letter),
            _ => {}
        }
    }
    out
}

#[test]
fn hostile_values_change_no_tag() {
    let body = |text: &str| {
        let page = page(&dossier(text));
        page.split_once("</head>").expect("a head").1.split_once("<script").expect("a script").0.to_owned()
    };
    let plain = skeleton(&body("harmless"));
    for hostile in HOSTILE {
        assert_eq!(skeleton(&body(hostile)), plain, "{hostile:?}");
    }
}

#[test]
fn only_our_own_script_and_style_are_there() {
    for hostile in HOSTILE {
        let page = page(&dossier(hostile));
        assert_eq!(page.matches("<script").count(), 2, "{hostile:?}");
        assert_eq!(page.matches("<style").count(), 1);
        assert!(!page.contains("<img") && !page.contains("<!--"), "{hostile:?}");
        assert!(!page.contains(['\u{202e}', '\u{2028}', '\x1b', '\0']), "{hostile:?}");
    }
}

#[test]
fn markdown_and_json_stay_harmless() {
    for hostile in HOSTILE {
        let (mut markdown, mut json) = (Vec::new(), Vec::new());
        dossier::markdown(&dossier(hostile), &mut markdown).expect("memory");
        dossier::json(&dossier(hostile), &mut json).expect("memory");
        let markdown = String::from_utf8(markdown).expect("UTF-8");
        assert!(!markdown.contains("<script") && !markdown.contains("](") && !markdown.contains('\x1b'));
        let json = String::from_utf8(json).expect("UTF-8");
        assert!(!json.contains(['\u{202e}', '\x1b']), "{hostile:?}");
        let back: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(back["incidents"][0]["title"], hostile);
    }
}

#[test]
fn an_empty_case_is_a_small_page() {
    let page = page(&Dossier::default());
    assert!(page.len() < 300_000, "{}", page.len());
    assert!(page.contains("No event has a time."));
}

#[test]
fn a_refused_check_whose_call_went_through_is_told_as_refused() {
    let mut dossier = dossier("x");
    dossier.incidents[0].attempts = vec![("network".to_owned(), "succeeded".to_owned(), 5)];
    dossier.timelines[0].verdict = "DENIED".to_owned();
    dossier.timelines[0].outcome = Some("succeeded".to_owned());
    dossier.timelines[0].count = 2;
    let page = page(&dossier);
    assert!(page.contains("network: succeeded ×3; network: refused, the call went through all the same ×2"));
}
