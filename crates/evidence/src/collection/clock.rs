//! Whether the host's clock was in step with anything when the collection was made.
//!
//! Source: timedatectl(1), chronyc(1) `tracking`, ntpq(8) `peers`.

use super::output::value;

/// The state of the host's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClockState {
    /// Whether it was said to be synchronised.
    pub synchronised: Option<bool>,
    /// Whether a service was set to keep it so.
    pub service: Option<String>,
    /// How far the clock was ahead of its reference, in microseconds; negative where it was behind.
    pub ahead_us: Option<i64>,
}

/// `timedatectl`, also in the words of older releases.
pub(super) fn timedatectl(text: &str) -> Option<ClockState> {
    let synchronised = value(text, "System clock synchronized").or_else(|| value(text, "NTP synchronized"));
    let service = value(text, "NTP service")
        .or_else(|| value(text, "systemd-timesyncd.service active"))
        .or_else(|| value(text, "Network time on"))
        .or_else(|| value(text, "NTP enabled"));
    (synchronised.is_some() || service.is_some()).then(|| ClockState {
        synchronised: synchronised.and_then(yes),
        service: service.map(str::to_owned),
        ahead_us: None,
    })
}

fn yes(word: &str) -> Option<bool> {
    match word {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// `chronyc tracking`
pub(super) fn chronyc(text: &str) -> Option<ClockState> {
    let leap = value(text, "Leap status")?;
    let ahead_us = value(text, "System time").and_then(|value| {
        // `0.000012345 seconds slow of NTP time`
        let mut words = value.split(' ');
        let us = micros(words.next()?, 1e6)?;
        match words.nth(1)? {
            "fast" => Some(us),
            "slow" => Some(-us),
            _ => None,
        }
    });
    let synchronised = leap != "Not synchronised";
    Some(ClockState {
        synchronised: Some(synchronised),
        service: Some("chrony".to_owned()),
        ahead_us: ahead_us.filter(|_| synchronised),
    })
}

/// `ntpq -p`: the peer with `*` is the one that the clock follows; its offset is how far the clock is behind it.
pub(super) fn ntpq(text: &str) -> Option<ClockState> {
    if !text.lines().any(|line| line.contains("refid") && line.contains("jitter")) {
        return None;
    }
    let peer = text.lines().find(|line| line.starts_with('*'));
    let ahead_us = peer.and_then(|line| micros(line.split_whitespace().nth(8)?, 1e3)).map(|behind| -behind);
    Some(ClockState { synchronised: Some(peer.is_some()), service: Some("ntp".to_owned()), ahead_us })
}

fn micros(text: &str, unit: f64) -> Option<i64> {
    let value: f64 = text.parse().ok()?;
    let us = (value * unit).round();
    (us.abs() < 1e15).then_some(us as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timedatectl_old_and_new() {
        let new = "System clock synchronized: yes\n              NTP service: active\n";
        let state = timedatectl(new).unwrap();
        assert_eq!((state.synchronised, state.service.as_deref()), (Some(true), Some("active")));
        let old = "     NTP enabled: yes\nNTP synchronized: no\n";
        let state = timedatectl(old).unwrap();
        assert_eq!((state.synchronised, state.service.as_deref()), (Some(false), Some("yes")));
        assert_eq!(timedatectl("bash: timedatectl: command not found"), None);
    }

    #[test]
    fn chrony_says_how_far() {
        let text = "Reference ID    : C0248F97 (ntp)\nSystem time     : 12.500000000 seconds slow of NTP time\n\
                    Leap status     : Normal\n";
        assert_eq!(chronyc(text).unwrap().ahead_us, Some(-12_500_000));
        let fast = text.replace("slow", "fast");
        assert_eq!(chronyc(&fast).unwrap().ahead_us, Some(12_500_000));
        let lost = text.replace("Normal", "Not synchronised");
        let state = chronyc(&lost).unwrap();
        assert_eq!((state.synchronised, state.ahead_us), (Some(false), None));
        assert_eq!(chronyc("506 Cannot talk to daemon"), None);
    }

    #[test]
    fn ntpq_follows_the_starred_peer() {
        let head = "     remote           refid      st t when poll reach   delay   offset  jitter\n====\n";
        let peer = "*ntp1.example    .GPS.            1 u   33   64  377    1.234    3.500   0.100\n";
        assert_eq!(ntpq(&format!("{head}{peer}")).unwrap().ahead_us, Some(-3_500));
        assert_eq!(ntpq(head).unwrap().synchronised, Some(false));
        assert_eq!(ntpq("ntpq: read: Connection refused"), None);
    }
}
