//! Lines that a JSON object carries: the same message stands in other logs as plain text.
//!
//! Source: systemd's `journal-export-formats` (one object a line, `MESSAGE` and the fields beside it); `dmesg --json` of
//! util-linux (`"msg": "…"` on a line of its own).

use serde_json::Value;

use super::journal::Fields;

/// The line as the program or the kernel wrote it, with stamp, host and tag where the object has them; none where nothing is
/// carried.
pub(super) fn unwrapped(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii();
    match line.first()? {
        b'{' => object(line),
        b'"' => member(line),
        _ => None,
    }
}

/// An entry of the journal as `journalctl -o json` prints it.
fn object(line: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(line, b"\"MESSAGE\"")?;
    let Ok(Value::Object(object)) = serde_json::from_slice(line) else { return None };
    let received = object.get("__REALTIME_TIMESTAMP").and_then(Value::as_str).and_then(|it| it.parse().ok());
    let mut fields = Fields::received(received.unwrap_or(i64::MIN));
    for (name, value) in &object {
        if let Value::String(value) = value {
            fields.put(name.as_bytes(), value.as_bytes());
        }
    }
    fields.line()
}

/// A member that stands on a line of its own, such as `"msg": "audit: type=1400 …",`.
fn member(line: &[u8]) -> Option<Vec<u8>> {
    let colon = memchr::memmem::find(line, b"\": \"")?;
    let value = line[colon + 3..].trim_ascii();
    let value = value.strip_suffix(b",").unwrap_or(value);
    serde_json::from_slice::<String>(value).ok().map(String::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        unwrapped(line.as_bytes())
            .map_or("nothing".to_owned(), |line| String::from_utf8_lossy(&line).into_owned())
    }

    #[test]
    fn objects_give_the_line_that_they_carry() {
        let lines = [
            r#"{"_TRANSPORT":"kernel","__REALTIME_TIMESTAMP":"1791968123942978","MESSAGE":"audit: type=2000 audit(1791968102.988:1): state=initialized audit_enabled=1 res=1","_HOSTNAME":"web01","SYSLOG_IDENTIFIER":"kernel"}"#,
            r#"{"_TRANSPORT":"audit","_AUDIT_TYPE_NAME":"USER_LOGIN","_AUDIT_ID":"40","_SOURCE_REALTIME_TIMESTAMP":"1791968218123000","__REALTIME_TIMESTAMP":"1791968218200000","MESSAGE":"USER_LOGIN pid=9 uid=0","_HOSTNAME":"web01","SYSLOG_IDENTIFIER":"audit"}"#,
            r#"{"__REALTIME_TIMESTAMP":"1791968123942978","MESSAGE":"Accepted publickey for \"alice\"","_PID":"812","SYSLOG_IDENTIFIER":"sshd"}"#,
            r#"         "msg": "audit: type=1305 audit(1791968135.071:84): op=add_rule key=\"apparmor-policy\" list=4 res=1","#,
            r#"{"MESSAGE":"no time","SYSLOG_IDENTIFIER":"sshd"}"#,
            r#"{"__REALTIME_TIMESTAMP":"9","MESSAGE":[1,2],"SYSLOG_IDENTIFIER":"sshd"}"#,
            r#"{"MESSAGE":"#,
            r#""msg": "#,
            "plain",
            "",
        ];
        let told: Vec<String> = lines.iter().map(|line| told(line)).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        2026-10-14T08:55:23.942978Z web01 kernel: audit: type=2000 audit(1791968102.988:1): state=initialized audit_enabled=1 res=1
        2026-10-14T08:56:58.123000Z web01 audit: type=USER_LOGIN msg=audit(1791968218.123:40): pid=9 uid=0
        2026-10-14T08:55:23.942978Z localhost sshd[812]: Accepted publickey for "alice"
        audit: type=1305 audit(1791968135.071:84): op=add_rule key="apparmor-policy" list=4 res=1
        nothing
        nothing
        nothing
        nothing
        nothing
        nothing
        "#);
    }
}
