//! From statements of many files to one state.

use std::collections::{BTreeMap, BTreeSet};

use crate::attach::Variables;
use crate::fact::{Fact, How, Source, keep};
use crate::found::{Found, ProcessSeen, SocketSeen, What};
use crate::label::{Label, Mode};
use crate::reader::sockets::is_exposed;
use crate::reader::{self, PolicyTree};
use crate::state::{Confinement, Disk, HostState, LinkState, Process, Profile, Socket, Stated};

/// Takes the files of one host's collection. Their order has no say.
#[derive(Debug, Default)]
pub struct Builder {
    /// By path, so that the order in which files come does not matter.
    files: BTreeMap<String, Given>,
}

#[derive(Debug)]
enum Given {
    Content { host_path: String, bytes: Vec<u8> },
    Link { host_path: String, target: String },
}

impl Builder {
    /// Adds a file under the path by which the evidence is cited. Bytes are kept until [`Builder::build`].
    pub fn add(&mut self, path: &str, bytes: &[u8]) -> &mut Builder {
        self.add_as(path, path, bytes)
    }

    /// Adds a file whose path on the host is known apart from the one by which it is cited.
    pub fn add_as(&mut self, path: &str, host_path: &str, bytes: &[u8]) -> &mut Builder {
        let given = Given::Content { host_path: host_path.to_owned(), bytes: bytes.to_vec() };
        self.files.insert(path.to_owned(), given);
        self
    }

    /// Adds a symbolic link: entries of `disable/` and `force-complain/`, masked units, `/proc/PID/exe`.
    pub fn add_link(&mut self, path: &str, target: &str) -> &mut Builder {
        let given = Given::Link { host_path: path.to_owned(), target: target.to_owned() };
        self.files.insert(path.to_owned(), given);
        self
    }

    /// Reads everything and joins it.
    pub fn build(self) -> HostState {
        let mut joiner = Joiner::default();
        for (path, given) in &self.files {
            joiner.file(path, given);
        }
        joiner.finish()
    }
}

#[derive(Default)]
struct Joiner {
    state: HostState,
    tree: PolicyTree,
    tree_sources: BTreeMap<String, String>,
    variables: Variables,
    includes: BTreeSet<String>,
    /// The tasks that hold an inode.
    holders: BTreeMap<u64, BTreeSet<u32>>,
    sockets: Vec<(SocketSeen, Source)>,
    /// What is known of being a thread of the kernel: whether anything says no, whether anything says yes.
    kernel: BTreeMap<u32, (bool, bool)>,
    /// Entries of `disable/` and `force-complain/`, with what they lead to.
    links: Vec<(bool, String, Option<String>, String)>,
}

impl Joiner {
    fn file(&mut self, path: &str, given: &Given) {
        let host_path = match given {
            Given::Content { host_path, .. } | Given::Link { host_path, .. } => host_path,
        };
        let target = match given {
            Given::Link { target, .. } => Some(target.clone()),
            Given::Content { .. } => None,
        };
        if let Some(below) = reader::below_policy(host_path) {
            if !below.is_empty() {
                self.state.captured.policy_files.insert(below.to_owned());
            }
            for (folder, disables) in [("disable/", true), ("force-complain/", false)] {
                if let Some(file) = below.strip_prefix(folder).filter(|file| !file.is_empty()) {
                    self.links.push((disables, file.to_owned(), target.clone(), path.to_owned()));
                    return;
                }
            }
        }
        let found = match given {
            Given::Content { bytes, .. } => {
                if let Some((folder, _)) = host_path.rsplit_once('/') {
                    self.tree_sources.entry(folder.to_owned()).or_insert_with(|| path.to_owned());
                }
                reader::read(host_path, bytes, &mut self.tree)
            }
            Given::Link { target, .. } => {
                if host_path.ends_with("systemd/system/apparmor.service") && target == "/dev/null" {
                    let unit = self.state.units.entry("apparmor.service".to_owned()).or_default();
                    unit.state = Some(Fact::new("masked".to_owned(), How::Observed, Source::file(path)));
                }
                reader::read_link(host_path, target)
            }
        };
        let below = reader::below_policy(host_path).unwrap_or(host_path).to_owned();
        let found = if below.starts_with("tunables/") { found } else { with_own_variables(found) };
        for one in found {
            let source = Source { path: path.to_owned(), line: one.line, offset_bytes: one.offset_bytes };
            self.take(one.what, source, &below);
        }
    }

    fn profile(&mut self, name: &str) -> &mut Profile {
        self.state.profiles.entry(name.to_owned()).or_insert_with(|| Profile {
            name: name.to_owned(),
            is_child: name.contains("//"),
            ..Profile::default()
        })
    }

    fn take(&mut self, what: What, source: Source, file: &str) {
        match what {
            What::Loaded(loaded) => {
                let profile = self.profile(&loaded.name);
                if let Some(mode) = loaded.mode {
                    loaded_as(profile, Fact::new(mode, loaded.how, source.clone()));
                }
                if let Some(attachment) = loaded.attachment {
                    keep(&mut profile.attachment, Fact::new(attachment, loaded.how, source));
                }
            }
            What::LoadedList(how) => self.state.captured.loaded.push(Fact::new((), how, source)),
            What::Count(counted, count) => self.state.counts.push(Stated { counted, count, source }),
            What::Process(seen) => self.process(*seen, source),
            What::ConfinedList => self.state.captured.confined.push(source),
            What::ProcessList => self.state.captured.processes.push(source),
            What::Socket(seen) => self.sockets.push((seen, source)),
            What::SocketList => self.state.captured.sockets.push(source),
            What::Descriptor { pid, inode } => {
                self.holders.entry(inode).or_default().insert(pid);
            }
            What::OnDisk(found) => {
                let profile = self.profile(&found.name);
                profile.is_child = found.is_child || profile.is_child;
                let disk =
                    Disk { file: file.to_owned(), mode: found.mode, attachment: found.attachment, source };
                // Of two definitions the first file is loaded last by name; both are kept apart as a note.
                if let Some(first) = &profile.disk {
                    let note = format!("{} is defined in {} and again here", found.name, first.file);
                    self.state.notes.push(Fact::new(note, How::Observed, disk.source));
                } else {
                    profile.disk = Some(disk);
                }
            }
            What::Includes(target) => {
                self.includes.insert(target.split_whitespace().last().unwrap_or_default().to_owned());
            }
            What::Variable(name, values) => self.variables.entry(name).or_default().extend(values),
            What::Cached { name, mode } => {
                let profile = self.profile(&name);
                if profile.cached.is_none() {
                    profile.cached = Some(Fact::new(mode, How::Observed, source));
                }
            }
            What::Switch { name, value } => {
                self.state.switches.entry(name).or_default().push(Fact::new(value, How::Observed, source));
            }
            What::Unit(seen) => {
                let unit = self.state.units.entry(seen.name.clone()).or_default();
                unit.merge(seen, How::Observed, source);
            }
            What::Container(seen) => self.state.containers.push(Fact::new(seen, How::Reported, source)),
            What::Package { name, version } => {
                self.state.packages.entry(name).or_insert(Fact::new(version, How::Reported, source));
            }
            What::PackageList => self.state.captured.packages.push(source),
            What::AuditRule(rule) => self.state.audit_rules.push(Fact::new(rule, How::Observed, source)),
            What::AuditRuleList => self.state.captured.audit_rules.push(source),
            What::Note(note) => self.state.notes.push(Fact::new(note, How::Observed, source)),
        }
    }

    fn process(&mut self, seen: ProcessSeen, source: Source) {
        let process = self.state.processes.entry(seen.pid).or_insert_with(|| new_process(seen.pid));
        process.ppid = process.ppid.or(seen.ppid);
        process.uid = process.uid.or(seen.uid);
        process.user = process.user.take().or(seen.user);
        process.comm = process.comm.take().or(seen.comm);
        process.cgroup = process.cgroup.take().or(seen.cgroup);
        // Tools cut command lines; the longest is the least cut.
        if seen
            .command_line
            .as_ref()
            .is_some_and(|new| process.command_line.as_ref().is_none_or(|old| old.len() < new.len()))
        {
            process.command_line = seen.command_line;
        }
        if let Some(exe) = seen.exe {
            let how = if source.line == 0 { How::Observed } else { How::Reported };
            let alive = exe.strip_suffix(" (deleted)").map(str::to_owned);
            process.is_deleted |= alive.is_some();
            keep(&mut process.exe, Fact::new(alive.unwrap_or(exe), how, source.clone()));
        }
        if seen.on_network && process.on_network.is_none() {
            process.on_network = Some(source.clone());
        }
        if let Some(label) = seen.label {
            labelled(process, Fact::new(label, seen.label_how.unwrap_or(How::Reported), source.clone()));
        }
        let kernel = self.kernel.entry(seen.pid).or_default();
        kernel.0 |= seen.is_kernel == Some(false);
        kernel.1 |= seen.is_kernel == Some(true);
        process.sources.push(source);
    }

    fn finish(mut self) -> HostState {
        let tree = std::mem::take(&mut self.tree);
        for (folder, found) in &tree {
            let path = self.tree_sources.get(folder).cloned().unwrap_or_else(|| folder.clone());
            let source = Source::file(path.rsplit_once('/').map_or(&path, |(folder, _)| folder));
            let Some(name) = tree_name(&tree, folder) else { continue };
            let profile = self.profile(&name);
            if let Some(mode) = found.mode {
                loaded_as(profile, Fact::new(mode, How::Observed, source.clone()));
            }
            if let Some(attachment) = found.attachment.clone() {
                keep(&mut profile.attachment, Fact::new(attachment, How::Observed, source));
            }
        }
        self.disk();
        self.join_sockets();
        self.tasks();
        self.switches();
        let complains = self.state.switch("mode").is_some_and(|mode| mode.value == "complain");
        let is_off = self.state.switch("enabled").is_some_and(|enabled| matches!(&*enabled.value, "N" | "0"))
            || self.state.switch("cmdline apparmor").is_some_and(|value| value.value == "0");
        let modes: BTreeMap<&str, Mode> = self
            .state
            .profiles
            .iter()
            .filter_map(|(name, profile)| Some((name.as_str(), profile.loaded.as_ref()?.value)))
            .collect();
        for process in self.state.processes.values_mut() {
            process.confinement = match &process.label {
                _ if is_off => Confinement::Unconfined,
                Some(label) => confinement(&label.value, &modes, complains),
                None => Confinement::Unknown,
            };
        }
        self.state
    }

    fn disk(&mut self) {
        let files = &self.state.captured.policy_files;
        self.state.captured.missing_includes = self
            .includes
            .iter()
            .filter(|include| !include.is_empty() && !include.starts_with('/') && !include.contains('@'))
            .filter(|include| {
                !files.iter().any(|file| file == *include || file.starts_with(&format!("{include}/")))
            })
            .cloned()
            .collect();
        for (disables, file, target, path) in std::mem::take(&mut self.links) {
            let leads_to = target.as_deref().map(|target| target.rsplit('/').next().unwrap_or(target));
            let works = match leads_to {
                // A copy of what the link led to, or an empty file: the parser sees something that it can read.
                None => true,
                Some(name) => {
                    self.state.captured.policy_files.contains(name)
                        || target.as_deref().is_some_and(|target| target.contains("apparmor.d/"))
                            && !self.state.captured.has_whole_tree()
                }
            };
            let state = if works { LinkState::Works } else { LinkState::Dangles };
            let fact = Fact::new(state, How::Observed, Source::file(&path));
            let mut any = false;
            for profile in self.state.profiles.values_mut() {
                if profile.disk.as_ref().is_some_and(|disk| disk.file == file) {
                    any = true;
                    let place = if disables { &mut profile.disabled } else { &mut profile.force_complain };
                    *place = Some(fact.clone());
                }
            }
            if !any {
                let folder = if disables { "disable" } else { "force-complain" };
                let note = format!("{folder}/{file} names no file of the policy that was captured");
                self.state.notes.push(Fact::new(note, How::Observed, Source::file(&path)));
            }
        }
        // What is loaded under a name that is a path attaches to it, whatever else is known.
        for profile in self.state.profiles.values_mut() {
            let of_disk = profile.disk.as_ref().and_then(|disk| {
                Some(Fact::new(disk.attachment.clone()?, How::Observed, disk.source.clone()))
            });
            let of_name = profile
                .loaded
                .as_ref()
                .filter(|_| profile.name.starts_with('/') && !profile.is_child)
                .map(|loaded| Fact::new(profile.name.clone(), How::Inferred, loaded.source.clone()));
            if profile.attachment.is_none() && !profile.is_child {
                profile.attachment = of_disk.or(of_name);
            }
            if let Some(attachment) = &mut profile.attachment
                && attachment.value.contains("@{")
            {
                attachment.value = resolve(&attachment.value, &self.variables);
            }
        }
    }

    fn tasks(&mut self) {
        let lists: BTreeSet<&str> =
            self.state.captured.processes.iter().map(|source| source.path.as_str()).collect();
        for process in self.state.processes.values_mut() {
            let (says_no, says_yes) = self.kernel.get(&process.pid).copied().unwrap_or_default();
            let bracketed = process
                .command_line
                .as_deref()
                .is_some_and(|line| line.starts_with('[') && line.ends_with(']'));
            process.is_kernel = !says_no && (says_yes || bracketed && process.exe.is_none());
            process.is_steady =
                lists.iter().all(|list| process.sources.iter().any(|source| source.path == *list));
            if process.is_kernel {
                continue;
            }
            program(process);
            // aa-status names every task with a profile; what it leaves out had none.
            if let (None, Some(list)) = (&process.label, self.state.captured.confined.first()) {
                process.label = Some(Fact::new(Label::unconfined(), How::Inferred, list.clone()));
            }
        }
    }

    fn join_sockets(&mut self) {
        let mut known: BTreeMap<(String, String, Option<u16>), usize> = BTreeMap::new();
        for (seen, source) in std::mem::take(&mut self.sockets) {
            let mut pids: BTreeSet<u32> = seen.owners.iter().map(|(pid, _)| *pid).collect();
            if seen.inode != 0 {
                pids.extend(self.holders.get(&seen.inode).into_iter().flatten());
            }
            for (pid, name) in &seen.owners {
                let process = self.state.processes.entry(*pid).or_insert_with(|| new_process(*pid));
                if process.comm.is_none() && !name.is_empty() {
                    process.comm = Some(name.clone());
                }
            }
            let how = seen.how.unwrap_or(How::Reported);
            let exposed = is_exposed(&seen);
            let key = (seen.protocol.clone(), plain_address(&seen.address), seen.port);
            let at = *known.entry(key).or_insert_with(|| {
                self.state.sockets.push(Socket {
                    protocol: seen.protocol,
                    address: seen.address,
                    port: seen.port,
                    pids: Vec::new(),
                    activates: None,
                    is_exposed: exposed,
                    how,
                    source,
                });
                self.state.sockets.len() - 1
            });
            let Some(socket) = self.state.sockets.get_mut(at) else { continue };
            pids.extend(&socket.pids);
            socket.pids = pids.into_iter().collect();
        }
        for (at, socket) in self.state.sockets.iter_mut().enumerate() {
            for pid in &socket.pids {
                let process = self.state.processes.entry(*pid).or_insert_with(|| new_process(*pid));
                process.sockets.push(at);
            }
            if socket.pids == [1]
                && let Some(port) = socket.port
            {
                socket.activates = activated(&self.state.units, port);
            }
        }
    }

    fn switches(&mut self) {
        for facts in self.state.switches.values_mut() {
            facts.sort_by(|a, b| a.how.cmp(&b.how).then_with(|| a.source.cmp(&b.source)));
        }
    }
}

/// Variables of a file that is no tunable hold in that file alone: they are written into its attachments.
fn with_own_variables(mut found: Vec<Found>) -> Vec<Found> {
    let mut own = Variables::new();
    for one in &found {
        if let What::Variable(name, values) = &one.what {
            own.entry(name.clone()).or_default().extend(values.iter().cloned());
        }
    }
    if !own.is_empty() {
        found.retain(|one| !matches!(one.what, What::Variable(..)));
        for one in &mut found {
            if let What::OnDisk(profile) = &mut one.what
                && let Some(attachment) = &mut profile.attachment
            {
                *attachment = resolve(attachment, &own);
            }
        }
    }
    found
}

/// The whole name of a profile of the tree: a child's folder lies in its parent's and has its own part of the name alone.
fn tree_name(tree: &PolicyTree, folder: &str) -> Option<String> {
    let own = tree.get(folder)?.name.clone()?;
    let (above, _) = folder.rsplit_once("/profiles/")?;
    match tree_name_of_parent(tree, above) {
        Some(parent) if !own.contains("//") => Some(format!("{parent}//{own}")),
        _ => Some(own),
    }
}

fn tree_name_of_parent(tree: &PolicyTree, folder: &str) -> Option<String> {
    let mut parts = Vec::new();
    let mut folder = folder;
    // As deep as profiles nest; more is no tree of the kernel.
    for _ in 0..16 {
        let Some(found) = tree.get(folder) else { break };
        parts.push(found.name.clone()?);
        folder = folder.rsplit_once("/profiles/")?.0;
    }
    parts.reverse();
    (!parts.is_empty()).then(|| parts.join("//"))
}

fn plain_address(address: &str) -> String {
    let address = address.split('%').next().unwrap_or_default();
    match address {
        "*" | "::" | "" | "[::]" => "any".to_owned(),
        "0.0.0.0" => "any4".to_owned(),
        _ => address.to_owned(),
    }
}

fn activated(units: &BTreeMap<String, crate::state::Unit>, port: u16) -> Option<String> {
    let port = port.to_string();
    units.iter().find_map(|(name, unit)| {
        let stem = name.strip_suffix(".socket")?;
        let listens = unit
            .listens
            .iter()
            .any(|listen| *listen == port || listen.rsplit_once(':').is_some_and(|(_, last)| last == port));
        listens.then(|| unit.activates.clone().unwrap_or_else(|| format!("{stem}.service")))
    })
}

fn new_process(pid: u32) -> Process {
    Process {
        pid,
        ppid: None,
        uid: None,
        user: None,
        comm: None,
        command_line: None,
        exe: None,
        is_deleted: false,
        script: None,
        label: None,
        label_otherwise: Vec::new(),
        is_kernel: false,
        cgroup: None,
        on_network: None,
        sockets: Vec::new(),
        sources: Vec::new(),
        is_steady: false,
        confinement: Confinement::Unknown,
    }
}

fn loaded_as(profile: &mut Profile, new: Fact<Mode>) {
    match &mut profile.loaded {
        None => profile.loaded = Some(new),
        Some(old) if old.value == new.value => {
            if new.how < old.how {
                *old = new;
            }
        }
        Some(old) => {
            let worse = if new.how < old.how { std::mem::replace(old, new) } else { new };
            profile.loaded_otherwise.push(worse);
        }
    }
}

fn labelled(process: &mut Process, new: Fact<Label>) {
    // aa-status names the profile that a task lacks, and leaves the mode of unconfined tasks away.
    let is_same = |a: &Label, b: &Label| a.name == b.name && (a.mode == b.mode || a.is_unconfined());
    match &mut process.label {
        None => process.label = Some(new),
        Some(old) if is_same(&old.value, &new.value) => {
            if new.how < old.how {
                *old = new;
            }
        }
        Some(old) => {
            let worse = if new.how < old.how { std::mem::replace(old, new) } else { new };
            process.label_otherwise.push(worse);
        }
    }
}

/// How a label holds a task: in a stack every member must allow, so the strictest counts.
fn confinement(label: &Label, modes: &BTreeMap<&str, Mode>, complains: bool) -> Confinement {
    if label.is_unconfined() {
        return Confinement::Unconfined;
    }
    let held = match label.mode {
        None => Confinement::Unknown,
        Some(Mode::Enforce | Mode::Kill) => Confinement::Enforced,
        Some(Mode::Complain) => Confinement::Complaining,
        Some(Mode::Prompt) => Confinement::Prompting,
        Some(Mode::Unconfined) => Confinement::Stub,
        Some(Mode::Mixed) => {
            // Without the members' modes the weaker is assumed.
            let strict = label.members().filter_map(|member| modes.get(member)).any(|mode| mode.confines());
            if strict { Confinement::Enforced } else { Confinement::Complaining }
        }
    };
    if complains && held == Confinement::Enforced { Confinement::Complaining } else { held }
}

/// Programs that run scripts: a profile attaches to the script where that was executed itself.
const INTERPRETERS: [&str; 13] =
    ["perl", "python", "bash", "dash", "sh", "ruby", "node", "php", "lua", "zsh", "ksh", "tclsh", "busybox"];

/// What a task executes, as far as its command line says more than is known.
fn program(process: &mut Process) {
    let Some(line) = process.command_line.clone() else { return };
    let Some(source) = process.sources.first().cloned() else { return };
    let mut arguments = line.split(' ');
    let first = arguments.next().unwrap_or_default();
    if process.exe.is_none() && first.starts_with('/') {
        let first = first.trim_end_matches(':');
        process.exe = Some(Fact::new(first.to_owned(), How::Inferred, source.clone()));
    }
    let Some(exe) = &process.exe else { return };
    let base = exe.value.rsplit('/').next().unwrap_or_default();
    let is_interpreter = INTERPRETERS.iter().any(|known| {
        base.strip_prefix(known)
            .is_some_and(|rest| rest.chars().all(|letter| letter.is_ascii_digit() || letter == '.'))
    });
    if !is_interpreter {
        return;
    }
    let script = arguments.find(|argument| !argument.starts_with('-'));
    if let Some(script) = script.filter(|script| script.starts_with('/')) {
        // The kernel takes a task's short name from what was executed: of a script that is the script's name.
        let short: String = script.rsplit('/').next().unwrap_or_default().chars().take(15).collect();
        if process.comm.as_ref().is_none_or(|comm| *comm == short) {
            process.script = Some(Fact::new(script.to_owned(), How::Inferred, source));
        }
    }
}

/// The attachment with its variables written out as an alternation.
fn resolve(text: &str, variables: &Variables) -> String {
    let mut out = text.to_owned();
    let mut from = 0;
    for _ in 0..32 {
        let Some(at) = out.get(from..).and_then(|rest| rest.find("@{")).map(|at| from + at) else { break };
        let Some(length) = out.get(at..).and_then(|rest| rest.find('}')) else { break };
        let name = out.get(at + 2..at + length).unwrap_or_default();
        let Some(values) = variables.get(name).filter(|values| !values.is_empty()) else {
            from = at + length;
            continue;
        };
        let value = if values.len() == 1 { values.concat() } else { format!("{{{}}}", values.join(",")) };
        out.replace_range(at..=at + length, &value);
        if out.len() > 4096 {
            break;
        }
    }
    out
}
