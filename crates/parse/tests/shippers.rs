//! What agents and log services make of a record: the record is found inside, with its own time and the agent's host.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use aaf_model::{Carrier, Draft, Notes, Role, Stamp};
use aaf_parse::{Output, parse_line, parse_object};

const BODY: &str = r#"apparmor="DENIED" operation="open" class="file" profile="p" name="/x" pid=5 comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#;

/// A kernel line, which says its own time.
fn kernel() -> String {
    format!("audit: type=1400 audit(1700000000.123:42): {BODY}")
}

fn escaped(text: &str, levels: usize) -> String {
    (0..levels).fold(text.to_owned(), |text, _| {
        let mut out = String::new();
        for letter in text.chars() {
            if matches!(letter, '"' | '\\') {
                out.push('\\');
            }
            out.push(letter);
        }
        out
    })
}

fn records(out: &Output) -> Vec<&Draft> {
    out.drafts.iter().filter(|draft| draft.role == Role::Record).collect()
}

/// Carrier, host and audit id of the only record; its body must be whole.
fn only(line: &str) -> String {
    let mut out = Output::default();
    if line.contains('\n') {
        parse_object(line.as_bytes(), &mut out)
    } else {
        parse_line(line.as_bytes(), &mut out)
    }
    let records = records(&out);
    assert_eq!(records.len(), 1, "{line}");
    let draft = records[0];
    let text = out.text(draft, line.as_bytes());
    assert_eq!(String::from_utf8_lossy(draft.body.of(text)), BODY, "{line}");
    let host = draft.host.map_or("-".to_owned(), |host| String::from_utf8_lossy(host.of(text)).into_owned());
    let id = draft.audit_id.map_or("-".to_owned(), |id| format!("{}:{}", id.epoch_us, id.serial));
    let stamp = match draft.stamp {
        Stamp::Instant { epoch_us, .. } => epoch_us.to_string(),
        _ => "-".to_owned(),
    };
    format!("{} {host} {id} {stamp} ingestion={}", draft.carrier.as_str(), draft.stamp_is_ingestion)
}

#[test]
fn each_shipper() {
    let one = escaped(&kernel(), 1);
    let two = escaped(&format!("{{\"log\":\"{one}\"}}"), 1);
    let shown: Vec<String> = [
        format!(r#"{{"log":"{one}\n","stream":"stdout","time":"2024-05-01T12:00:00.123456789Z"}}"#),
        format!("2024-05-01T12:00:00.123456789Z stdout F {}", kernel()),
        format!(r#"{{"date":1714564800.5,"log":"{one}","hostname":"fb1"}}"#),
        format!(r#"{{"priority":5,"sequence":1,"sec":1,"usec":2,"msg":"{one}"}}"#),
        format!(r#"{{"data":{{"result":[{{"stream":{{"host":"loki1"}},"values":[["1714564800000000000","{one}"]]}}]}}}}"#),
        format!(r#"{{"streams":[{{"stream":{{"host":"loki2"}},"values":[["1714564800000000000","{one}"]]}}]}}"#),
        format!(r#"{{"events":[{{"timestamp":1714564800123,"message":"{one}","ingestionTime":1714564809999}}]}}"#),
        format!(r#"{{"logGroup":"g","logStream":"i-1","logEvents":[{{"id":"1","timestamp":1714564800123,"message":"{one}"}}]}}"#),
        format!(r#"{{"textPayload":"{one}","timestamp":"2024-05-01T12:00:00Z","labels":{{"compute.googleapis.com/resource_name":"gce1"}}}}"#),
        format!(r#"{{"jsonPayload":{{"message":"{one}","hostname":"gce2"}},"timestamp":"2024-05-01T12:00:00Z"}}"#),
        format!(r#"{{"timestamp":"2024-05-01T12:00:00.000+0000","agent":{{"id":"001","name":"wz1"}},"full_log":"{one}"}}"#),
        format!(r#"{{"@timestamp":"2024-05-01T12:00:00Z","host":{{"name":"ab1"}},"auditd":{{"messages":["type=AVC msg=audit(1700000000.123:42): {}"]}}}}"#, escaped(BODY, 1)),
        format!(r#"{{"hostIdentifier":"osq1","unixTime":1714564800,"columns":{{"message":"{one}","time":"1700000000"}}}}"#),
        format!(r#"{{"message":"{two}","host":{{"name":"deep1"}}}}"#),
    ]
    .iter()
    .map(|line| only(line))
    .collect();
    insta::assert_debug_snapshot!(shown, @r#"
    [
        "docker - 1700000000123000:42 1714564800123456 ingestion=true",
        "cri - 1700000000123000:42 1714564800123456 ingestion=false",
        "json fb1 1700000000123000:42 1714564800500000 ingestion=true",
        "json - 1700000000123000:42 - ingestion=false",
        "json loki1 1700000000123000:42 1714564800000000 ingestion=true",
        "json loki2 1700000000123000:42 1714564800000000 ingestion=true",
        "json - 1700000000123000:42 1714564800123000 ingestion=true",
        "json - 1700000000123000:42 1714564800123000 ingestion=true",
        "json gce1 1700000000123000:42 1714564800000000 ingestion=true",
        "json gce2 1700000000123000:42 1714564800000000 ingestion=true",
        "wazuh wz1 1700000000123000:42 1714564800000000 ingestion=true",
        "audit-json ab1 1700000000123000:42 1714564800000000 ingestion=true",
        "json osq1 1700000000123000:42 1714564800000000 ingestion=true",
        "json deep1 1700000000123000:42 - ingestion=false",
    ]
    "#);
}

#[test]
fn every_line_of_a_loki_stream_has_its_own_time() {
    let without_id = escaped(&format!("AVC {BODY}"), 1);
    let line = format!(
        r#"{{"status":"success","data":{{"result":[{{"stream":{{"host":"a"}},"values":[["1714564800000000000","{without_id}"],["1714564801000000000","{without_id}"]]}},{{"stream":{{"host":"b"}},"values":[["1714564802000000000","{without_id}"]]}}]}}}}"#
    );
    let mut out = Output::default();
    parse_line(line.as_bytes(), &mut out);
    let shown: Vec<_> = records(&out)
        .iter()
        .map(|draft| {
            (draft.stamp, draft.host.map(|host| String::from_utf8_lossy(host.of(&out.side)).into_owned()))
        })
        .map(|(stamp, host)| match stamp {
            Stamp::Instant { epoch_us, .. } => (epoch_us / 1_000_000, host.unwrap_or_default()),
            _ => (0, String::new()),
        })
        .collect();
    let expected = [(1_714_564_800, "a"), (1_714_564_801, "a"), (1_714_564_802, "b")];
    assert_eq!(shown, expected.map(|(time, host)| (time, host.to_owned())));
}

#[test]
fn dmesg_json_has_seconds_since_boot_and_a_facility() {
    let object = |priority| {
        format!(
            "{{\n   \"pri\": {priority},\n   \"time\":   204.231696,\n   \"msg\": \"{}\"\n}}",
            escaped(&kernel(), 1)
        )
    };
    for (priority, foreign) in [(5, false), (13, true)] {
        let text = object(priority);
        let mut out = Output::default();
        parse_object(text.as_bytes(), &mut out);
        let draft = records(&out)[0];
        assert_eq!((draft.carrier, draft.monotonic_us), (Carrier::Dmesg, Some(204_231_696)));
        assert_eq!(draft.notes.has(Notes::USER_FACILITY), foreign);
    }
}

#[test]
fn a_refusal_of_dbus_broker_becomes_a_record() {
    let line = r#"{"__CURSOR":"s=1","MESSAGE":"A security policy denied :1.24 to send method call /org/x:org.x.Go to org.x.","_HOSTNAME":"h1","DBUS_BROKER_POLICY_TYPE":"apparmor","DBUS_BROKER_TRANSMIT_ACTION":"send","DBUS_BROKER_SENDER_SECURITY_LABEL":"gnome-clocks (enforce)","DBUS_BROKER_RECEIVER_SECURITY_LABEL":"unconfined","DBUS_BROKER_MESSAGE_TYPE":"method_call","DBUS_BROKER_MESSAGE_PATH":"/org/x","DBUS_BROKER_MESSAGE_INTERFACE":"org.x","DBUS_BROKER_MESSAGE_MEMBER":"Go","DBUS_BROKER_MESSAGE_DESTINATION":"org.x","_SOURCE_REALTIME_TIMESTAMP":"1714564800000000"}"#;
    let mut out = Output::default();
    parse_line(line.as_bytes(), &mut out);
    let draft = records(&out)[0];
    let text = String::from_utf8_lossy(draft.body.of(&out.side)).into_owned();
    assert_eq!(
        text,
        r#"apparmor="DENIED" operation="dbus_method_call" path="/org/x" interface="org.x" member="Go" mask="send" name="org.x" label="gnome-clocks" peer_label="unconfined""#
    );
    assert_eq!(draft.carrier, Carrier::JournalJson);
    assert_eq!(draft.stamp, Stamp::Instant { epoch_us: 1_714_564_800_000_000, resolution_us: 1 });
    let mut out = Output::default();
    parse_line(line.replace("\"apparmor\"", "\"selinux\"").as_bytes(), &mut out);
    assert_eq!(records(&out).len(), 0);
}

#[test]
fn times_and_hosts_under_the_names_of_common_exports() {
    let one = escaped(&format!("AVC {BODY}"), 1);
    let shown: Vec<String> = [
        format!(r#"{{"result":{{"_time":"2024-05-01T14:00:00.000+02:00","_raw":"{one}","host":"splunk1"}}}}"#),
        format!(r#"{{"TimeGenerated":"2024-05-01T12:00:00.1234567Z","Computer":"azure1","HostName":"azure1","ProcessName":"audit","SyslogMessage":"{one}"}}"#),
        format!(r#"{{"HOST":"ng1","PROGRAM":"audit","DATE":"May  1 14:00:00","ISODATE":"2024-05-01T14:00:00+02:00","MESSAGE":"{one}"}}"#),
        format!(r#"{{"resourceLogs":[{{"resource":{{"attributes":[{{"key":"os.type","value":{{"stringValue":"linux"}}}},{{"key":"host.name","value":{{"stringValue":"otel1"}}}}]}},"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"1714564800000000000","body":{{"stringValue":"{one}"}}}}]}}]}}]}}"#),
        format!(r#"{{"@timestamp":"2024-05-01T12:00:00.000Z","agent.name":"a","host.name":"ecs1","message":"{one}"}}"#),
        format!(r#"{{"_source":{{}},"fields":{{"@timestamp":["2024-05-01T12:00:00.000Z"],"host.name":["es1"],"message":["{one}"]}}}}"#),
    ]
    .iter()
    .map(|line| only(line))
    .collect();
    insta::assert_debug_snapshot!(shown, @r#"
    [
        "json splunk1 - 1714564800000000 ingestion=true",
        "json azure1 - 1714564800123456 ingestion=true",
        "json ng1 - 1714564800000000 ingestion=true",
        "json otel1 - 1714564800000000 ingestion=true",
        "json ecs1 - 1714564800000000 ingestion=true",
        "json es1 - 1714564800000000 ingestion=true",
    ]
    "#);
}

#[test]
fn otlp_bodies_may_be_maps() {
    let text = escaped(&kernel(), 1);
    let line = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"1714564800000000000","body":{{"kvlistValue":{{"values":[{{"key":"MESSAGE","value":{{"stringValue":"{text}"}}}},{{"key":"_HOSTNAME","value":{{"stringValue":"web1"}}}}]}}}}}}]}}]}}]}}"#
    );
    assert_eq!(only(&line), only(&line));
    assert!(only(&line).contains("web1"), "{}", only(&line));
}
