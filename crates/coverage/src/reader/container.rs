//! Descriptions of containers, pods, snaps and virtual machines.
//!
//! Source: the APIs of Docker and Podman (`inspect`), `crictl inspect`, Kubernetes (`securityContext.appArmorProfile`, the older
//! annotation), lxc.container.conf(5), LXD's `config show`, `snap list`, libvirt's domain XML.

use serde_json::Value;

use super::Sink;
use crate::found::{ContainerSeen, What};
use crate::text::{contains, lines, text, words};

/// The kinds of text that are read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Inspect,
    Pods,
    PodsYaml,
    Lxc,
    Snaps,
    Domain,
}

/// Which of them a text is.
pub(super) fn form(bytes: &[u8]) -> Option<Form> {
    let head = super::head(bytes);
    let first = super::first_sign(head);
    if matches!(first, Some(b'[' | b'{')) {
        let is_cri = contains(head, "\"runtimeSpec\"") || contains(head, "\"io.kubernetes.container.name\"");
        if contains(head, "\"HostConfig\"") || contains(head, "\"AppArmorProfile\"") || is_cri {
            return Some(Form::Inspect);
        }
        let is_pod = contains(head, "\"kind\"") && (contains(head, "\"Pod") || contains(head, "\"List\""));
        return (is_pod && contains(head, "\"apiVersion\"")).then_some(Form::Pods);
    }
    if contains(head, "apiVersion:") && contains(head, "kind: Pod") {
        return Some(Form::PodsYaml);
    }
    if contains(head, "lxc.apparmor.profile")
        || contains(head, "lxc.aa_profile")
        || contains(head, "security.privileged")
    {
        return Some(Form::Lxc);
    }
    if contains(head, "<domain ") {
        return Some(Form::Domain);
    }
    let is_snaps = lines(head).take(6).any(|line| {
        let all: Vec<&[u8]> = words(line.bytes).map(|(_, word)| word).collect();
        matches!(*all, [b"Name", b"Version", b"Rev", .., b"Notes"])
    });
    is_snaps.then_some(Form::Snaps)
}

/// Reads it.
pub(super) fn read(form: Form, path: &str, bytes: &[u8], sink: &mut Sink) {
    match form {
        Form::Inspect | Form::Pods => json(form, bytes, sink),
        Form::PodsYaml => pods_yaml(bytes, sink),
        Form::Lxc => lxc(path, bytes, sink),
        Form::Snaps => snaps(bytes, sink),
        Form::Domain => domain(path, bytes, sink),
    }
}

fn json(form: Form, bytes: &[u8], sink: &mut Sink) {
    let start = bytes.iter().position(|byte| matches!(byte, b'[' | b'{')).unwrap_or(0);
    let mut any = false;
    for document in
        serde_json::Deserializer::from_slice(bytes.get(start..).unwrap_or_default()).into_iter::<Value>()
    {
        let Ok(document) = document else {
            sink.whole(What::Note("the description is no proper JSON behind what was read".to_owned()));
            break;
        };
        let items = document.get("items").and_then(Value::as_array).or(document.as_array());
        let one = [document.clone()];
        for item in items.map_or(&one[..], |items| items) {
            any = true;
            if form == Form::Inspect { inspect(item, sink) } else { pod(item, sink) }
        }
    }
    if !any {
        sink.whole(What::Note("no container is described".to_owned()));
    }
}

fn string(value: &Value, path: &str) -> Option<String> {
    value.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn inspect(item: &Value, sink: &mut Sink) {
    let options = item.pointer("/HostConfig/SecurityOpt").and_then(Value::as_array);
    let by_option = options.into_iter().flatten().filter_map(Value::as_str).find_map(|option| {
        option.strip_prefix("apparmor=").or_else(|| option.strip_prefix("apparmor:")).map(str::to_owned)
    });
    let privileged = item.pointer("/HostConfig/Privileged").and_then(Value::as_bool).unwrap_or(false);
    let profile = string(item, "/AppArmorProfile")
        .or_else(|| string(item, "/info/runtimeSpec/process/apparmorProfile"))
        .or(by_option);
    let is_unconfined = profile.as_deref().is_none_or(|profile| profile == "unconfined");
    let remark = match (&profile, privileged) {
        (_, true) if is_unconfined => Some("privileged: no profile is applied"),
        (Some(_), _) if is_unconfined => Some("started with apparmor=unconfined"),
        (None, _) => Some("no profile is set"),
        _ => None,
    };
    let id = string(item, "/Id").or_else(|| string(item, "/status/id"));
    let name = string(item, "/Name").or_else(|| string(item, "/status/metadata/name")).or(id.clone());
    let name = name.unwrap_or_default();
    let labels = item.pointer("/Config/Labels").or_else(|| item.pointer("/status/labels"));
    let label = |key: &str| labels?.get(key)?.as_str().map(str::to_owned);
    let namespace = label("io.kubernetes.pod.namespace").unwrap_or_else(|| "default".to_owned());
    sink.whole(What::Container(ContainerSeen {
        kind: "docker".to_owned(),
        name: name.trim_start_matches('/').to_owned(),
        profile: profile.filter(|_| !is_unconfined),
        privileged,
        pid: item
            .pointer("/State/Pid")
            .or_else(|| item.pointer("/info/pid"))
            .and_then(Value::as_u64)
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid != 0),
        id,
        pod: label("io.kubernetes.pod.name").map(|pod| format!("{namespace}/{pod}")),
        pod_uid: label("io.kubernetes.pod.uid"),
        remark: remark.map(str::to_owned),
    }));
}

fn pod(item: &Value, sink: &mut Sink) {
    let pod = string(item, "/metadata/name").unwrap_or_default();
    let namespace = string(item, "/metadata/namespace").unwrap_or_else(|| "default".to_owned());
    let of_pod = item.pointer("/spec/securityContext/appArmorProfile");
    for container in item.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten() {
        let name = string(container, "/name").unwrap_or_default();
        let annotation = item
            .pointer("/metadata/annotations")
            .and_then(|all| all.get(format!("container.apparmor.security.beta.kubernetes.io/{name}")))
            .and_then(Value::as_str);
        let set = container.pointer("/securityContext/appArmorProfile").or(of_pod);
        let (kind, local) = match (set, annotation) {
            (Some(set), _) => (string(set, "/type").unwrap_or_default(), string(set, "/localhostProfile")),
            (None, Some(value)) => match value.split_once('/') {
                Some(("localhost", profile)) => ("Localhost".to_owned(), Some(profile.to_owned())),
                Some(_) => ("RuntimeDefault".to_owned(), None),
                None => ("Unconfined".to_owned(), None),
            },
            (None, None) => (String::new(), None),
        };
        let privileged =
            container.pointer("/securityContext/privileged").and_then(Value::as_bool).unwrap_or(false);
        let (profile, remark) = match &*kind {
            "Localhost" => (local, None),
            "RuntimeDefault" => (Some("RuntimeDefault".to_owned()), None),
            "Unconfined" => (None, Some("appArmorProfile is Unconfined")),
            _ if privileged => (None, Some("privileged: no profile is applied")),
            _ => (
                Some("RuntimeDefault".to_owned()),
                Some("nothing is set; the runtime's default applies where it has one"),
            ),
        };
        let of_name = |status: &&Value| status.get("name").and_then(Value::as_str) == Some(&*name);
        let all = item.pointer("/status/containerStatuses").and_then(Value::as_array);
        let running = all.into_iter().flatten().find(of_name);
        // `containerd://3f2a…`
        let id = running.and_then(|status| string(status, "/containerID"));
        let id = id.and_then(|id| id.rsplit('/').next().map(str::to_owned));
        sink.whole(What::Container(ContainerSeen {
            kind: "kubernetes".to_owned(),
            name: format!("{namespace}/{pod}/{name}"),
            profile,
            privileged,
            pid: None,
            id,
            pod: Some(format!("{namespace}/{pod}")),
            pod_uid: string(item, "/metadata/uid"),
            remark: remark.map(str::to_owned),
        }));
    }
}

/// Only what says something about AppArmor; YAML is not parsed.
fn pods_yaml(bytes: &[u8], sink: &mut Sink) {
    let mut name = String::new();
    let mut kind = None;
    for line in lines(bytes) {
        let shown = text(line.bytes);
        let trimmed = shown.trim_start_matches([' ', '-']);
        if let Some(value) = trimmed.strip_prefix("name: ") {
            name = value.trim_matches('"').to_owned();
        } else if let Some(value) = trimmed.strip_prefix("container.apparmor.security.beta.kubernetes.io/") {
            let (container, value) = value.split_once(": ").unwrap_or((value, ""));
            let profile = value.trim_matches('"');
            let is_unconfined = profile == "unconfined";
            sink.put(
                line,
                What::Container(ContainerSeen {
                    kind: "kubernetes".to_owned(),
                    name: container.to_owned(),
                    profile: (!is_unconfined).then(|| profile.trim_start_matches("localhost/").to_owned()),
                    remark: is_unconfined.then(|| "annotated as unconfined".to_owned()),
                    ..ContainerSeen::default()
                }),
            );
        } else if trimmed.starts_with("appArmorProfile:") {
            kind = Some(line);
        } else if let (Some(place), Some(value)) = (kind, trimmed.strip_prefix("type: ")) {
            let is_unconfined = value.trim() == "Unconfined";
            sink.put(
                place,
                What::Container(ContainerSeen {
                    kind: "kubernetes".to_owned(),
                    name: name.clone(),
                    profile: (!is_unconfined).then(|| value.trim().to_owned()),
                    remark: is_unconfined.then(|| "appArmorProfile is Unconfined".to_owned()),
                    ..ContainerSeen::default()
                }),
            );
            kind = None;
        }
    }
}

fn lxc(path: &str, bytes: &[u8], sink: &mut Sink) {
    let mut seen = ContainerSeen { kind: "lxc".to_owned(), ..ContainerSeen::default() };
    let mut folders = path.rsplit('/');
    seen.name = folders.nth(1).or(folders.next()).unwrap_or(path).to_owned();
    for line in lines(bytes) {
        let shown = text(line.bytes);
        let trimmed = shown.trim();
        if let Some(name) = trimmed.strip_prefix("name: ") {
            seen.name = name.to_owned();
        }
        if trimmed.starts_with("security.privileged:") && trimmed.contains("true") {
            seen.privileged = true;
        }
        let at = trimmed.find("lxc.apparmor.profile").or(trimmed.find("lxc.aa_profile"));
        let value = at.and_then(|at| trimmed.get(at..)).and_then(|setting| setting.split_once('='));
        if let Some((_, value)) = value.filter(|_| !trimmed.starts_with('#')) {
            seen.profile = Some(value.trim().trim_matches(['"', '\'']).to_owned());
        }
    }
    if seen.profile.as_deref() == Some("unconfined") {
        seen.profile = None;
        seen.remark = Some("lxc.apparmor.profile is unconfined".to_owned());
    }
    sink.whole(What::Container(seen));
}

fn snaps(bytes: &[u8], sink: &mut Sink) {
    for line in lines(bytes) {
        let all: Vec<&[u8]> = words(line.bytes).map(|(_, word)| word).collect();
        let (Some(name), Some(notes)) = (all.first(), all.last()) else { continue };
        if all.len() < 5 || *name == b"Name" {
            continue;
        }
        let notes = text(notes);
        let has = |word: &str| notes.split(',').any(|note| note == word);
        let name = text(name);
        let (profile, remark) = if has("classic") {
            (Some(format!("snap.{name}.*")), Some("classic: its profiles allow everything"))
        } else if has("devmode") {
            (Some(format!("snap.{name}.*")), Some("devmode: its profiles only complain"))
        } else {
            (Some(format!("snap.{name}.*")), None)
        };
        sink.put(
            line,
            What::Container(ContainerSeen {
                kind: "snap".to_owned(),
                name,
                profile,
                remark: remark.map(str::to_owned),
                ..ContainerSeen::default()
            }),
        );
    }
}

fn domain(path: &str, bytes: &[u8], sink: &mut Sink) {
    let shown = text(bytes);
    let between =
        |from: &str, to: &str| shown.split_once(from)?.1.split_once(to).map(|(inner, _)| inner.to_owned());
    let label = shown.contains("model='apparmor'").then(|| between("<label>", "</label>")).flatten();
    let is_off = shown.contains("<seclabel type='none'") && shown.contains("apparmor");
    sink.whole(What::Container(ContainerSeen {
        kind: "libvirt".to_owned(),
        name: between("<name>", "</name>").unwrap_or_else(|| path.to_owned()),
        profile: label,
        remark: is_off.then(|| "seclabel is none".to_owned()),
        ..ContainerSeen::default()
    }));
}
