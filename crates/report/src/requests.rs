//! Requests to a web service while its profile did not protect: what they started there, AppArmor did not see.

use std::collections::HashSet;

use aaf_case::context::{About, ContextLine};
use aaf_model::tables::WindowRow;

use crate::dossier::Dossier;
use crate::near::{Told, folded};
use crate::phrase::many;
use crate::time::Clock;

/// Requests to scripts that are named one by one.
const MOST_NAMED: usize = 5;

/// What a request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Request<'l> {
    method: &'l str,
    target: &'l str,
    status: &'l str,
}

impl<'l> Request<'l> {
    /// `"GET /cgi-bin/x HTTP/1.1" 200 39 …`
    fn read(message: &'l str) -> Option<Request<'l>> {
        let (request, answer) = message.strip_prefix('"')?.split_once("\" ")?;
        let mut words = request.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        Some(Request { method, target, status: answer.split(' ').next().unwrap_or_default() })
    }

    /// Whether it is for a program rather than for a file: by what it sends, or by the name. A query alone says nothing; many
    /// files are asked for with one.
    fn is_for_script(&self) -> bool {
        const ENDS: [&str; 12] =
            [".cgi", ".fcgi", ".pl", ".py", ".rb", ".sh", ".php", ".phtml", ".jsp", ".jspx", ".asp", ".aspx"];
        let path = self.target.split('?').next().unwrap_or_default().to_ascii_lowercase();
        // `/x.php/more`: what follows the script is its argument.
        let is_named = path.split('/').any(|part| ENDS.iter().any(|end| part.ends_with(end)));
        is_named || path.contains("/cgi-bin/") || !matches!(self.method, "GET" | "HEAD" | "OPTIONS")
    }
}

/// What was asked for within a window; nothing where it was no web service's, where AppArmor still logged, or where no request is
/// known.
pub(crate) fn inside<'c>(
    window: &WindowRow,
    lines: impl Iterator<Item = &'c ContextLine>,
    clock: &Clock,
) -> Option<String> {
    if !matches!(&*window.service, "web" | "app") || window.gap == "complain" {
        return None;
    }
    let requests: Vec<&ContextLine> =
        lines.filter(|line| line.said.about == About::Web && is_inside(line, window)).collect();
    let message = |line: &ContextLine| String::from_utf8_lossy(&line.message()).into_owned();
    let is_for_script =
        |line: &ContextLine| Request::read(&message(line)).is_some_and(|request| request.is_for_script());
    let (scripts, others): (Vec<&ContextLine>, Vec<&ContextLine>) =
        requests.into_iter().partition(|line| is_for_script(line));
    let others = others.len() as u64;
    if scripts.is_empty() {
        return (others > 0).then(|| {
            format!(
                "no request to a script or CGI path, {}",
                many(others, "to another path", "to other paths")
            )
        });
    }
    let named = |told: &Told<'_>| {
        let text = message(told.line);
        let Request { method, target, status } = Request::read(&text)?;
        let method = if method == "GET" { String::new() } else { format!("{method} ") };
        let when = clock.second(told.line.said.time_us);
        Some(format!("{when} {method}{target} {status}{}", told.times(|us| clock.second(us))))
    };
    let told = folded(scripts.iter().copied());
    let mut parts: Vec<String> = told.iter().take(MOST_NAMED).filter_map(named).collect();
    if told.len() > MOST_NAMED {
        let more: usize = told[MOST_NAMED..].iter().map(|it| it.count).sum();
        parts.push(format!("{more} more"));
    }
    let count = scripts.len() as u64;
    let mut text =
        format!("{} to a script or CGI path: {}", many(count, "request", "requests"), parts.join(", "));
    if others > 0 {
        text.push_str(&format!("; and {}", many(others, "to another path", "to other paths")));
    }
    Some(text)
}

/// The same of a window of a report, from the lines around all incidents that touch its profile.
pub(crate) fn of(dossier: &Dossier, window: &WindowRow) -> Option<String> {
    let mut seen: HashSet<(&str, u64)> = HashSet::new();
    let touching = dossier.context.iter().filter(|(id, _)| window.incident_ids.contains(id));
    let mut lines: Vec<&ContextLine> = touching
        .flat_map(|(_, context)| &context.lines)
        .filter(|line| seen.insert((&*line.path, line.offset_bytes)))
        .collect();
    lines.sort_by_key(|line| line.said.time_us);
    inside(window, lines.into_iter(), &dossier.clock)
}

/// Web servers print whole seconds: a request of the second in which a window begins may lie inside it.
fn is_inside(line: &ContextLine, window: &WindowRow) -> bool {
    const SECOND: i64 = 1_000_000;
    window.from_us.is_none_or(|from| line.said.time_us > from.saturating_sub(SECOND))
        && window.to_us.is_none_or(|to| line.said.time_us <= to)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn line(clock: &str, request: &str) -> ContextLine {
        let text = format!(
            "127.0.0.1 - - [14/Oct/2026:{clock} +0000] \"{request} HTTP/1.1\" 200 29 \"-\" \"probe/1.0\""
        );
        let said = aaf_case::context::read_line(text.as_bytes(), &TimeZone::UTC, 0).expect("a request");
        ContextLine { said, path: "access.log".to_owned(), offset_bytes: 0, text: text.into_bytes() }
    }

    fn told(lines: &[ContextLine], gap: &str) -> Option<String> {
        let window = WindowRow {
            service: "web".to_owned(),
            gap: gap.to_owned(),
            // 2026-10-14 08:58:25.43 UTC
            from_us: Some(1_791_968_305_430_000),
            ..WindowRow::default()
        };
        inside(&window, lines.iter(), &Clock::default())
    }

    #[test]
    fn requests_to_scripts_are_named_and_others_counted() {
        let lines = [
            line("08:56:59", "GET /cgi-bin/sh.cgi?step=exec_id"),
            line("08:58:25", "GET /cgi-bin/sh.cgi?step=exec_id"),
            line("08:58:36", "GET /"),
            line("08:58:36", "GET /"),
            line("08:58:36", "GET /robots.txt?v=2"),
        ];
        assert_eq!(
            told(&lines, "absent").as_deref(),
            Some(
                "1 request to a script or CGI path: 08:58:25 /cgi-bin/sh.cgi?step=exec_id 200; and 3 to other paths"
            )
        );
        assert_eq!(told(&lines, "complain"), None);
        assert_eq!(
            told(&lines[2..3], "absent").as_deref(),
            Some("no request to a script or CGI path, 1 to another path")
        );
        assert_eq!(told(&lines[..1], "absent"), None);
    }

    #[test]
    fn what_is_sent_to_a_program() {
        let is = |request: &str| {
            Request::read(&format!("\"{request} HTTP/1.1\" 200 1")).is_some_and(|it| it.is_for_script())
        };
        for script in ["POST /", "GET /a.PHP?x=1", "GET /index.php/more", "PUT /f", "HEAD /cgi-bin/x"] {
            assert!(is(script), "{script}");
        }
        for file in ["GET /style.css?v=.php", "GET /robots.txt", "HEAD /", "OPTIONS *"] {
            assert!(!is(file), "{file}");
        }
        assert!(Request::read("\"\" 400 0").is_none() && Request::read("").is_none());
    }
}
