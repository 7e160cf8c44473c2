//! What a control group says of a task: its unit, login session, container and pod.
//!
//! Source: systemd.unit(5) and systemd.slice(5) for names and escapes; the cgroup drivers of Docker, containerd, CRI-O, Podman and
//! the kubelet (`kubepods[.slice]`, one slice a pod, one scope a container); lxc.container.conf(5); systemd-nspawn(1).

/// What a task belongs to; nothing is set where its group does not say it.
///
/// Whoever owns a delegated group names what lies below it (a container's own systemd, a user's manager), so the outermost name
/// counts, and what lies inside a container says nothing of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The systemd unit that is no slice, as systemd names it; below a user's manager `user@1000.service/app.scope`.
    pub unit: Option<String>,
    /// The number of the login session.
    pub session: Option<String>,
    /// The runtime and id (or name) of the container.
    pub container: Option<(&'static str, String)>,
    /// The uid of the Kubernetes pod.
    pub pod: Option<String>,
}

impl Group {
    /// How many of the four are said: of several hierarchies (version 1) the one counts that says most.
    pub(crate) fn said(&self) -> usize {
        [self.unit.is_some(), self.session.is_some(), self.container.is_some(), self.pod.is_some()]
            .into_iter()
            .map(usize::from)
            .sum()
    }
}

/// Scopes of containers: what stands before the id, and the runtime.
const SCOPES: [(&str, &str); 7] = [
    ("docker-", "docker"),
    ("cri-containerd-", "containerd"),
    ("containerd-", "containerd"),
    ("crio-", "cri-o"),
    ("libpod-", "podman"),
    ("lxc-", "lxc"),
    ("machine-", "machine"),
];

/// Reads the path of a group, with or without the `0::` or `1:name=systemd:` of `/proc/PID/cgroup`.
pub fn parse(group: &str) -> Group {
    let path = group.find(":/").map_or(group, |at| &group[at + 1..]);
    let mut found = Group::default();
    let mut before = "";
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if found.container.is_some() {
            break;
        }
        let (stem, kind) = part.rsplit_once('.').unwrap_or((part, ""));
        match kind {
            "slice" => {
                found.pod = found.pod.or_else(|| pod_of(stem));
            }
            "scope" => {
                let session = stem.strip_prefix("session-").filter(|it| !it.is_empty());
                if let Some(number) = session
                    && found.unit.is_none()
                {
                    found.session = Some(number.to_owned());
                }
                // Podman's monitor stands in a scope of its own, and is no part of the container.
                let of_runtime = SCOPES.iter().find_map(|(mark, runtime)| {
                    let id = stem.strip_prefix(mark)?;
                    let is_named = matches!(*runtime, "machine" | "lxc") && !id.is_empty();
                    (is_named || is_id(id)).then(|| (*runtime, unescape(id)))
                });
                found.container = of_runtime;
                name_unit(&mut found.unit, part);
            }
            "service" | "socket" | "mount" | "swap" => name_unit(&mut found.unit, part),
            _ => {
                let pod = part.strip_prefix("pod").filter(|uid| is_uid(uid));
                found.pod = found.pod.or_else(|| pod.map(str::to_owned));
                let runtime = match before {
                    "docker" => Some("docker"),
                    "lxc" => Some("lxc"),
                    _ if found.pod.is_some() => Some("kubernetes"),
                    _ => None,
                };
                if let Some(name) = part.strip_prefix("lxc.payload.").filter(|it| !it.is_empty()) {
                    found.container = Some(("lxc", name.to_owned()));
                } else if let Some(runtime) = runtime
                    && (is_id(part) || runtime == "lxc")
                {
                    found.container = Some((runtime, part.to_owned()));
                }
            }
        }
        before = part;
    }
    found
}

fn name_unit(unit: &mut Option<String>, part: &str) {
    match unit {
        None => *unit = Some(unescape(part)),
        Some(manager) if manager.starts_with("user@") && !manager.contains('/') => {
            *manager = format!("{manager}/{}", unescape(part));
        }
        Some(_) => {}
    }
}

/// `kubepods-burstable-pod6bc4e0ea_ae5f_4f0c_9c2d_2d5e0a3f6a11` names a pod: in slices `-` separates, so that uids have `_`.
fn pod_of(slice: &str) -> Option<String> {
    let uid = slice.strip_prefix("kubepods")?.rsplit("-pod").next()?.replace('_', "-");
    is_uid(&uid).then_some(uid)
}

fn is_uid(text: &str) -> bool {
    text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `\x2d` stands for `-` in names of units.
fn unescape(name: &str) -> String {
    let mut out = Vec::with_capacity(name.len());
    let bytes = name.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits =
            (byte == b'\\' && bytes.get(at + 1) == Some(&b'x')).then(|| bytes.get(at + 2..at + 4)).flatten();
        let escaped = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(value) => {
                out.push(value);
                at += 4;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_as_hosts_have_them() {
        let id = "3f2a".repeat(16);
        let uid = "6bc4e0ea-ae5f-4f0c-9c2d-2d5e0a3f6a11";
        let in_slice = uid.replace('-', "_");
        let told: Vec<String> = [
            "0::/system.slice/nginx.service".to_owned(),
            "1:name=systemd:/system.slice/system-postgresql.slice/postgresql@15-main.service".to_owned(),
            "0::/user.slice/user-1000.slice/session-3.scope".to_owned(),
            r"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-org.gnome.Evince\x2d4711.scope".to_owned(),
            "0::/init.scope".to_owned(),
            "0::/".to_owned(),
            format!("0::/system.slice/docker-{id}.scope"),
            format!("12:pids:/docker/{id}"),
            format!("0::/machine.slice/libpod-{id}.scope/container"),
            format!("0::/machine.slice/libpod-conmon-{id}.scope"),
            format!("0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{in_slice}.slice/cri-containerd-{id}.scope"),
            format!("0::/kubepods.slice/kubepods-pod{in_slice}.slice/crio-{id}.scope"),
            format!("11:memory:/kubepods/besteffort/pod{uid}/{id}"),
            "0::/lxc.payload.web/system.slice/cron.service".to_owned(),
            "0::/system.slice/backup.service/nginx.service".to_owned(),
            format!("0::/system.slice/docker-{id}.scope/system.slice/docker-{}.scope", "0".repeat(64)),
            "4:cpu:/lxc/web".to_owned(),
            "0::/machine.slice/machine-deb12.scope/payload".to_owned(),
            "0::/system.slice/snap.firefox.firefox-7a1b.scope".to_owned(),
        ]
        .iter()
        .map(|group| {
            let Group { unit, session, container, pod } = parse(group);
            let container = container.map(|(runtime, id)| format!("{runtime}:{:.8}", id));
            let word = |it: Option<String>| it.unwrap_or_else(|| "-".to_owned());
            format!("{:.40} {} {:.8} {}", word(unit), word(session), word(pod), word(container))
        })
        .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        nginx.service - - -
        postgresql@15-main.service - - -
        session-3.scope 3 - -
        user@1000.service/app-gnome-org.gnome.Ev - - -
        init.scope - - -
        - - - -
        docker-3f2a3f2a3f2a3f2a3f2a3f2a3f2a3f2a3 - - docker:3f2a3f2a
        - - - docker:3f2a3f2a
        libpod-3f2a3f2a3f2a3f2a3f2a3f2a3f2a3f2a3 - - podman:3f2a3f2a
        libpod-conmon-3f2a3f2a3f2a3f2a3f2a3f2a3f - - -
        cri-containerd-3f2a3f2a3f2a3f2a3f2a3f2a3 - 6bc4e0ea containerd:3f2a3f2a
        crio-3f2a3f2a3f2a3f2a3f2a3f2a3f2a3f2a3f2 - 6bc4e0ea cri-o:3f2a3f2a
        - - 6bc4e0ea kubernetes:3f2a3f2a
        - - - lxc:web
        backup.service - - -
        docker-3f2a3f2a3f2a3f2a3f2a3f2a3f2a3f2a3 - - docker:3f2a3f2a
        - - - lxc:web
        machine-deb12.scope - - machine:deb12
        snap.firefox.firefox-7a1b.scope - - -
        ");
    }

    #[test]
    fn nothing_is_read_into_what_is_no_group() {
        for text in [
            "",
            "/",
            ":",
            "0::",
            "-",
            "a:/b:/c",
            "\\x",
            "0::/\\x.service",
            "/kubepods-pod.slice/x.scope",
            "/docker/",
            "/docker-.scope/",
        ] {
            let group = parse(text);
            assert_eq!((group.container, group.pod), (None, None), "{text}");
        }
    }
}
