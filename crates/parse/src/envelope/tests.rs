//! One line per envelope of the reference's table.

use super::*;
use aaf_model::time::days_from_civil;

fn show(prefix: &str) -> String {
    let text = prefix.as_bytes();
    let found = recognise(text, text.len());
    let word = |span: Option<Span>| {
        span.map_or("-".into(), |span| String::from_utf8_lossy(span.of(text)).into_owned())
    };
    let stamp = match found.stamp {
        Stamp::None => "none".into(),
        Stamp::Instant { epoch_us, resolution_us } => format!("@{epoch_us}/{resolution_us}"),
        Stamp::Civil { civil, resolution_us } => {
            format!("{}-{}-{}+{}/{resolution_us}", civil.year, civil.month, civil.day, civil.of_day_us)
        }
    };
    let mono = found.monotonic_us.map_or("-".into(), |value| value.to_string());
    format!(
        "{} {stamp} {} {} {mono} |{}",
        found.carrier.as_str(),
        word(found.host),
        word(found.program),
        &prefix[found.end..]
    )
}

#[test]
fn table() {
    let noon = (days_from_civil(2024, 5, 1) * 86_400 + 43_200) * 1_000_000;
    for (prefix, expected) in [
        (
            "Sep  2 11:53:23 utopic kernel: [182243.243324] ",
            "syslog-bsd 0-9-2+42803000000/1000000 utopic kernel 182243243324 |".to_owned(),
        ),
        ("Dec  7 13:18:59 rosa kernel: ", "syslog-bsd 0-12-7+47939000000/1000000 rosa kernel - |".into()),
        (
            "2024-05-01T12:00:00.123456+00:00 plucky kernel: ",
            format!("syslog-iso @{}/1 plucky kernel - |", noon + 123_456),
        ),
        (
            "2024-05-01T12:00:00.123456Z plucky kernel: [ 1.5] ",
            format!("syslog-iso @{}/1 plucky kernel 1500000 |", noon + 123_456),
        ),
        (
            "2024-05-01 14:00:00.123456+02:00 host kernel: [ 1.5] ",
            format!("syslog-iso @{}/1 host kernel 1500000 |", noon + 123_456),
        ),
        (
            "Jan  1 15:09:04-08:00 host kernel: [ 1.5] ",
            "syslog-bsd 0-1-1+54544000000/1000000 host kernel 1500000 |".into(),
        ),
        (
            "2024-05-01T12:00:00.91645 kern.notice: [ 1.5] ",
            "syslog-hostless 2024-5-1+43200916450/10 - - 1500000 |".into(),
        ),
        (
            "<5>1 2024-05-01T12:00:00.123456Z web1 kernel - - - [ 12.3] ",
            format!("syslog-ietf @{}/1 web1 kernel 12300000 |", noon + 123_456),
        ),
        (
            "<5>1 2024-05-01T12:00:00Z - kernel - - [timeQuality tzKnown=\"1\"] ",
            format!("syslog-ietf @{noon}/1000000 - kernel - |"),
        ),
        (
            "<5>Aug 29 13:41:59 ip-172-31-18-91 kernel: [   15.199355] ",
            "syslog-bsd 0-8-29+49319000000/1000000 ip-172-31-18-91 kernel 15199355 |".into(),
        ),
        (
            "May  1 12:00:00 fw1 May  1 11:59:58 web1 kernel: ",
            "syslog-bsd 0-5-1+43198000000/1000000 web1 kernel - |".into(),
        ),
        ("[  310.308737] ", "dmesg none - - 310308737 |".into()),
        ("[   55.253106] [     T47] ", "dmesg none - - 55253106 |".into()),
        ("<5>[  347.701296][   T44] ", "dmesg none - - 347701296 |".into()),
        ("[Wed May  1 12:00:00 2024] ", "dmesg-human 2024-5-1+43200000000/1000000 - - - |".into()),
        ("[lø. mai 3 03:28:14 2025] ", "dmesg-human 2025-5-3+12494000000/1000000 - - - |".into()),
        ("2024-05-01T12:00:00,000000+00:00 ", format!("dmesg-iso @{noon}/1 - - - |")),
        ("kern  :notice: [   12.300000] ", "dmesg none - - 12300000 |".into()),
        ("user  :notice: [   12.300000] ", "dmesg none - - 12300000 |".into()),
        ("[  +0.000202] ", "dmesg none - - - |".into()),
        ("May  1 12:00:00 h audisp-syslog: ", "audisp 0-5-1+43200000000/1000000 h audisp-syslog - |".into()),
        (
            "Jan 02 10:26:00 jim-pc audit[32956]: ",
            "journal-audit 0-1-2+37560000000/1000000 jim-pc audit - |".into(),
        ),
        ("Jan 02 14:51:59 h kernel: ", "journal-short 0-1-2+53519000000/1000000 h kernel - |".into()),
        ("abr 24 14:51:59 h kernel: ", "syslog-bsd 0-4-24+53519000000/1000000 h kernel - |".into()),
        ("2024-05-01T14:00:00+0200 h kernel: ", format!("journal-short @{noon}/1000000 h kernel - |")),
        ("May 01 12:00:00.123456 h kernel: ", "journal-short 0-5-1+43200123456/1 h kernel - |".into()),
        (
            "Wed 2024-05-01 12:00:00 CEST h kernel: ",
            "journal-short 2024-5-1+43200000000/1000000 h kernel - |".into(),
        ),
        ("Wed 2024-05-01 09:00:00 -03 h kernel: ", format!("journal-short @{noon}/1000000 h kernel - |")),
        (
            "Wed 2024-05-01 17:45:00.5 +0545 h kernel: ",
            format!("journal-short @{}/100000 h kernel - |", noon + 500_000),
        ),
        ("Wed 2024-05-01 12:00:00 UTC h kernel: ", format!("journal-short @{noon}/1000000 h kernel - |")),
        ("2024-05-01 14:00:00 +0200 h kernel: ", format!("journal-short @{noon}/1000000 h kernel - |")),
        ("2024-05-01 12:00:00 -- kernel: ", "syslog-iso 2024-5-1+43200000000/1000000 - kernel - |".into()),
        ("1714564800.123456 h kernel: ", format!("journal-short @{}/1 h kernel - |", noon + 123_456)),
        ("[ 1234.567890] h kernel: ", "journal-monotonic none h kernel 1234567890 |".into()),
        ("2024-05-01T12:00:00.123456789Z stdout F ", format!("cri @{}/1 - - - |", noon + 123_456)),
        (
            "/var/log/kern.log:Nov 12 10:12:46 host16 kernel: [60510.535052] ",
            "syslog-bsd 0-11-12+36766000000/1000000 host16 kernel 60510535052 |".into(),
        ),
        (
            "2024-04-29 17:42:16,898:WARNING:root:Apr 29 17:42:11 fv kernel: [ 1657.793826] ",
            "syslog-bsd 0-4-29+63731000000/1000000 fv kernel 1657793826 |".into(),
        ),
        (
            "> 431:1970 Jan 01 00:00:33 localhost: ",
            "journal-short 1970-1-1+33000000/1000000 - localhost - |".into(),
        ),
        ("kernel: ", "unknown none - kernel - |".into()),
        ("", "bare none - - - |".into()),
    ] {
        assert_eq!(show(prefix), expected, "{prefix}");
    }
}
