//! Each format in the forms in which it occurs, damaged ones too.
#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

use aaf_coverage::found::What;
use aaf_coverage::state::Confinement;
use aaf_coverage::{HostState, Mode, answer, read};

/// Loaded profiles and tasks, one a line.
fn listed(path: &str, text: &[u8]) -> Vec<String> {
    read(path, text)
        .into_iter()
        .filter_map(|found| match found.what {
            What::Loaded(it) => Some(format!("{} {}", it.name, it.mode.map_or("?", Mode::as_str))),
            What::Process(it) => Some(format!(
                "{} {} {}",
                it.pid,
                it.exe.or(it.comm).or(it.command_line).unwrap_or_default(),
                it.label.map(|label| label.print()).unwrap_or_default()
            )),
            _ => None,
        })
        .collect()
}

fn sockets(path: &str, text: &str) -> Vec<String> {
    read(path, text.as_bytes())
        .into_iter()
        .filter_map(|found| match found.what {
            What::Socket(it) => Some(format!("{} {} {:?} {:?}", it.protocol, it.address, it.port, it.owners)),
            _ => None,
        })
        .collect()
}

#[test]
fn every_variant_of_the_json_is_read() {
    let expected = [
        "/usr/sbin/cupsd enforce",
        "say \"cheese\" complain",
        "12 /usr/sbin/cupsd /usr/sbin/cupsd (enforce)",
        "13 /usr/sbin/cupsd /usr/sbin/cupsd (complain)",
    ];
    let profiles = r#""/usr/sbin/cupsd": "enforce", "say "cheese"": "complain""#;
    let one = r#""/usr/sbin/cupsd": [{"profile": "/usr/sbin/cupsd", "pid": "12", "status": "enforce"}]"#;
    let two = r#""/usr/sbin/cupsd": [{"profile": "/usr/sbin/cupsd", "pid": "13", "status": "complain"}]"#;
    let variants = [
        // The same executable as a key once a mode, and unescaped quotation marks.
        format!(r#"{{"version": "2", "profiles": {{{profiles}}}, "processes": {{{one}, {two}}}}}"#),
        // Commas before the first and behind the last.
        format!(r#"{{"version": "2", "profiles": {{, {profiles}, }}, "processes": {{{one}, {two}, }},}}"#),
        // A bracket is missing.
        format!(
            r#"{{"version": "2", "profiles": {{{profiles}}}, "processes": {{{}, {two}}}}}"#,
            one.trim_end_matches(']')
        ),
        // A command before it, lines.
        format!(
            "+ aa-status --json\n{{\"version\": \"2\",\n\"profiles\": {{{profiles}}},\n\"processes\": {{{one},\n{two}}}}}\n"
        ),
        // The Python tool: proper JSON, other order.
        format!(
            r#"{{"version": "1", "processes": {{}}, "profiles": {{{}}}, "processes": {{{one}, {two}}}}}"#,
            profiles.replace("say \"cheese\"", "say \\\"cheese\\\"")
        ),
    ];
    for text in variants {
        assert_eq!(listed("x.json", text.as_bytes()), expected, "{text}");
    }
    // No list ends early unnoticed.
    let cut = format!(r#"{{"version": "2", "profiles": {{{profiles}"#);
    assert_eq!(listed("x.json", cut.as_bytes()).len(), 2);
    assert!(!read("x.json", cut.as_bytes()).iter().any(|found| matches!(found.what, What::LoadedList(_))));
    // A name that looks like the end of one, and backslashes of its own.
    let odd = r#"{"version": "2", "profiles": {"a": b": "enforce", "c\": "kill", "d, "e": "unconfined"}, "processes": {}}"#;
    assert_eq!(listed("x.json", odd.as_bytes()), ["a\": b enforce", "c\\ kill", "d, \"e unconfined"]);
    let counts = br#"{"version": "2", "profile_count": {"enforce": 3, "complain": 1}, "process_count": {"enforce": 2}}"#;
    assert_eq!(read("x", counts).iter().filter(|found| matches!(found.what, What::Count(..))).count(), 3);
}

#[test]
fn the_text_is_read_in_every_version() {
    let old = b"apparmor module is loaded.\n2 profiles are loaded.\n1 profiles are in enforce mode.\n   /usr/sbin/ntpd\n1 profiles are in complain mode.\n   odd (x) name\n2 processes have profiles defined.\n1 processes are in enforce mode.\n   /usr/sbin/ntpd (905) \n0 processes are in complain mode.\n1 processes are unconfined but have a profile defined.\n   /usr/sbin/cups (7) \n";
    let expected = [
        "/usr/sbin/ntpd enforce",
        "odd (x) name complain",
        "905 /usr/sbin/ntpd /usr/sbin/ntpd (enforce)",
        "7 /usr/sbin/cups unconfined",
    ];
    assert_eq!(listed("x", old), expected);
    let new = "2 profiles are loaded.\n0 profiles are in prompt mode.\n1 profiles are in kill mode.\n   a\n1 profiles are in unconfined mode.\n   b (id one)\n1 processes have profiles defined.\n1 processes are in mixed mode.\n   /opt/with (7) blank (12) a//&b\n";
    assert_eq!(
        listed("x", new.as_bytes()),
        ["a kill", "b (id one) unconfined", "12 /opt/with (7) blank a//&b (mixed)"]
    );
    for answer in ["apparmor not present.\n", "You do not have enough privilege to read the profile set.\n"] {
        let found = read("aa-status.txt", answer.as_bytes());
        assert!(matches!(&found[..], [one] if matches!(one.what, What::Note(_))), "{answer}");
    }
    // A list that lost lines is no whole list.
    let cut = String::from_utf8_lossy(old).replace("   /usr/sbin/ntpd\n", "");
    assert!(!read("x", cut.as_bytes()).iter().any(|found| matches!(found.what, What::LoadedList(_))));
}

#[test]
fn kernel_lists_labels_and_links() {
    let list = b"snap.x.y (complain)\n:ns://p (enforce)\nodd (enforce) (user)\n";
    assert_eq!(
        listed("profiles.txt", list),
        ["snap.x.y complain", ":ns://p enforce", "odd (enforce) prompt"]
    );
    assert_eq!(listed("proc/7/attr/apparmor/current", b"a//&b (mixed)\n\0"), ["7  a//&b (mixed)"]);
    assert_eq!(
        listed("labels", b"/proc/1/attr/current:unconfined\n/proc/7/attr/apparmor/current:x (enforce)\n"),
        ["1  unconfined", "7  x (enforce)"]
    );
    let exes = b"lrwxrwxrwx 1 root root 0 Jan 1 00:00 /proc/812/exe -> /usr/sbin/nginx (deleted)\n";
    assert_eq!(listed("running", exes), ["812 /usr/sbin/nginx (deleted) "]);

    let mut builder = HostState::builder();
    let tree = "sys/kernel/security/apparmor/policy/profiles";
    builder.add(&format!("{tree}/nginx.1/name"), b"nginx\n");
    builder.add(&format!("{tree}/nginx.1/mode"), b"enforce\n");
    builder.add(&format!("{tree}/nginx.1/attach"), b"/usr/sbin/nginx\n");
    builder.add(&format!("{tree}/nginx.1/profiles/cgi.2/name"), b"cgi\n");
    builder.add(&format!("{tree}/nginx.1/profiles/cgi.2/mode"), b"complain\n");
    let state = builder.build();
    let modes: Vec<_> =
        state.profiles.values().map(|it| (it.name.as_str(), it.loaded.as_ref().map(|it| it.value))).collect();
    assert_eq!(modes, [("nginx", Some(Mode::Enforce)), ("nginx//cgi", Some(Mode::Complain))]);
}

#[test]
fn ps_in_its_forms() {
    let aux = "LABEL                           USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n\
               unconfined                      root           2  0.1  0.0      0     0 ?        S    08:55   0:00 [kthreadd]\n\
               a very long name of a profile with blanks (enforce) root 7 0.0 0.0 10 10 ? Ss Nov23 0:00 /usr/bin/x (complain) y\n\
               unconfined                      root           9  0.1  0.0    100   100 ?        S    08:55   0:00 [kworker/0:1]\n";
    assert_eq!(
        listed("ps", aux.as_bytes()),
        [
            "2 [kthreadd] unconfined",
            "7 /usr/bin/x (complain) y a very long name of a profile with blanks (enforce)",
            "9 [kworker/0:1] unconfined"
        ]
    );
    let mut builder = HostState::builder();
    let state = {
        builder.add("ps.txt", aux.as_bytes());
        builder.build()
    };
    // Brackets do not make a thread of the kernel of what has memory of its own.
    assert!(state.processes.get(&2).expect("kthreadd").is_kernel);
    assert!(!state.processes.get(&9).expect("the task").is_kernel);
    let columns = "    PID    PPID   UID LABEL                           COMMAND         COMMAND\n      7       1     0 p//q (complain)                 tmux: server    tmux new\n";
    assert_eq!(listed("ps", columns.as_bytes()), ["7 tmux: server p//q (complain)"]);
    let no_module = "LABEL                               PID TTY          TIME CMD\n-                                     1 ?        00:00:01 systemd\n-                                     7 ?        00:00:01 x\n";
    assert_eq!(listed("ps", no_module.as_bytes()), ["1 systemd ", "7 x "]);
    let plain = "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\nroot           1  0.0  0.1 168000 13000 ?        Ss   Nov 23   0:01 /sbin/init\n";
    assert_eq!(listed("ps", plain.as_bytes()), ["1 /sbin/init "]);
}

#[test]
fn what_listens() {
    let ss = "Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\n\
              tcp   LISTEN 0      511          0.0.0.0:80         0.0.0.0:*     users:((\"nginx\",pid=598,fd=5),(\"nginx\",pid=597,fd=5))\n\
              udp   UNCONN 0      0      127.0.0.53%lo:53         0.0.0.0:*     users:((\"systemd-resolve\",pid=3,fd=1))\n\
              tcp   ESTAB  0      0           10.0.0.1:22        10.0.0.2:5     users:((\"sshd\",pid=9,fd=5))\n\
              tcp   LISTEN 0      511             [::]:80            [::]:*     users:((\"ng\\\"x\",proc_ctx=a,pid=598,fd=6))\n";
    assert_eq!(
        sockets("ss.txt", ss),
        [
            "tcp 0.0.0.0 Some(80) [(598, \"nginx\"), (597, \"nginx\")]",
            "udp 127.0.0.53%lo Some(53) [(3, \"systemd-resolve\")]",
            "tcp :: Some(80) []",
        ]
    );
    let tlnp = "State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\nUNCONN 0 0 *:68 *:* users:((\"dhcp\",pid=4,fd=1))\n";
    assert_eq!(sockets("ss_-ulnp.txt", tlnp), ["udp * Some(68) [(4, \"dhcp\")]"]);
    let netstat = "Active Internet connections (servers and established)\n\
                   Proto Recv-Q Send-Q Local Address           Foreign Address         State       User       Inode      PID/Program name     Timer\n\
                   tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN      0          1234       812/sshd: /usr/sbin  off (0.00/0/0)\n\
                   tcp6       0      0 ::1:25                  :::*                    LISTEN      0          1235       -                    off\n\
                   udp        0      0 0.0.0.0:68              0.0.0.0:*                           0          1236       7/dhclient           off\n";
    assert_eq!(
        sockets("netstat", netstat),
        [
            "tcp 0.0.0.0 Some(22) [(812, \"sshd\")]",
            "tcp ::1 Some(25) []",
            "udp 0.0.0.0 Some(68) [(7, \"dhclient\")]"
        ]
    );
    let lsof = "COMMAND  PID USER   FD   TYPE DEVICE SIZE/OFF NODE NAME\nsshd     812 root    3u  IPv4  12345      0t0  TCP *:22 (LISTEN)\nsshd     812 root    4u  IPv4  12345      0t0  TCP 10.0.0.1:22->10.0.0.2:5 (ESTABLISHED)\n";
    assert_eq!(sockets("lsof", lsof), ["tcp * Some(22) [(812, \"sshd\")]"]);
    let tcp = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 777 1 0\n   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 778 1 0\n";
    assert_eq!(sockets("proc/net/tcp", tcp), ["tcp 127.0.0.1 Some(53) []", "tcp 0.0.0.0 Some(80) []"]);

    let mut builder = HostState::builder();
    builder.add("proc/net/tcp", tcp.as_bytes());
    builder.add_link("proc/812/fd/3", "socket:[778]").add_link("proc/812/exe", "/usr/sbin/nginx");
    builder.add("proc/812/attr/current", b"unconfined\n");
    let state = builder.build();
    let coverage = answer(&state, []);
    assert_eq!(coverage.exposed_gaps.len(), 1);
    assert_eq!(
        coverage.exposed_gaps.first().map(|gap| gap.listens.clone()),
        Some(vec!["tcp 0.0.0.0:80".to_owned()])
    );
}

fn policy() -> aaf_coverage::Builder {
    let mut builder = HostState::builder();
    builder.add(
        "etc/apparmor.d/nginx",
        b"include <tunables/global>\nprofile nginx @{sbin}/nginx flags=(complain) { }\n",
    );
    builder.add("etc/apparmor.d/off", b"profile off /usr/bin/off { }\n");
    builder.add("etc/apparmor.d/tunables/global", b"@{sbin}=/usr/{s,}bin\n");
    builder.add("profiles", b"nginx (enforce)\nghost (unconfined)\ndocker-default (enforce)\n");
    builder.add_link("etc/apparmor.d/disable/off", "/etc/apparmor.d/off");
    builder.add("ps.txt", b"LABEL PID PPID UID COMMAND\nunconfined 7 1 0 /usr/bin/off\nnginx (enforce) 8 1 0 /usr/sbin/nginx\ngone (enforce) 9 1 0 /x\n");
    builder
}

#[test]
fn differences_are_named() {
    let kinds = |state: &HostState| -> Vec<String> {
        answer(state, []).drift.iter().map(|it| format!("{} {}", it.kind, it.subject)).collect()
    };
    let state = policy().build();
    assert_eq!(
        kinds(&state),
        [
            "disabled_and_running off",
            "label_not_loaded gone",
            "loaded_not_on_disk ghost",
            "mode_differs nginx"
        ]
    );
    let gaps = answer(&state, []).other_gaps;
    assert_eq!(
        gaps.iter().map(|gap| gap.action.as_str()).collect::<Vec<_>>(),
        ["aa-enforce /etc/apparmor.d/off; restart off (pid 7)"]
    );

    // A switch that overrides every profile.
    let mut builder = policy();
    builder.add("sys/module/apparmor/parameters/mode", b"complain\n");
    let state = builder.build();
    assert!(kinds(&state).contains(&"switch mode".to_owned()));
    assert_eq!(state.processes.get(&8).map(|it| it.confinement), Some(Confinement::Complaining));
    // A link to nothing.
    let mut builder = policy();
    builder.add_link("etc/apparmor.d/disable/nginx", "/etc/apparmor.d/elsewhere");
    assert!(kinds(&builder.build()).contains(&"dangling_link nginx".to_owned()));
}

#[test]
fn containers_and_units() {
    let docker = r#"[{"Name": "/a", "AppArmorProfile": "docker-default", "HostConfig": {"Privileged": false}, "State": {"Pid": 7}},
        {"Name": "/b", "AppArmorProfile": "unconfined", "HostConfig": {"SecurityOpt": ["apparmor=unconfined"]}},
        {"Name": "/c", "AppArmorProfile": "", "HostConfig": {"Privileged": true}}]"#;
    let pods = r#"{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Pod", "metadata": {"name": "p", "annotations": {"container.apparmor.security.beta.kubernetes.io/old": "localhost/x"}},
        "spec": {"containers": [{"name": "old"}, {"name": "new", "securityContext": {"appArmorProfile": {"type": "Unconfined"}}}]}}]}"#;
    let snaps = "Name  Version  Rev  Tracking  Publisher  Notes\ncode  1.2  3  latest/stable  v  classic\ncore  1.2  3  latest/stable  c  base\n";
    let mut shown = Vec::new();
    for (path, text) in [("docker_inspect.txt", docker), ("kubectl_pods.json", pods), ("snap_list", snaps)] {
        for found in read(path, text.as_bytes()) {
            if let What::Container(it) = found.what {
                shown.push(format!(
                    "{} {} {} {}",
                    it.kind,
                    it.name,
                    it.profile.as_deref().unwrap_or("-"),
                    it.remark.as_deref().unwrap_or("-")
                ));
            }
        }
    }
    insta::assert_snapshot!(shown.join("\n"), @r"
    docker a docker-default -
    docker b - started with apparmor=unconfined
    docker c - privileged: no profile is applied
    kubernetes default/p/old x -
    kubernetes default/p/new - appArmorProfile is Unconfined
    snap code snap.code.* classic: its profiles allow everything
    snap core snap.core.* -
    ");
    let mut builder = HostState::builder();
    builder
        .add("lib/systemd/system/x.service", b"[Service]\nExecStart=-/usr/bin/x --y\nAppArmorProfile=old\n");
    builder.add("usr/lib/systemd/system/x.service.d/z.conf", b"[Service]\nAppArmorProfile=-new\n");
    builder.add_link("etc/systemd/system/apparmor.service", "/dev/null");
    let state = builder.build();
    let unit = state.units.get("x.service").expect("the unit");
    assert_eq!(unit.profile.as_ref().map(|it| it.value.as_str()), Some("new"));
    assert!(unit.optional);
    assert_eq!(unit.executables, ["/usr/bin/x"]);
    assert!(answer(&state, []).drift.iter().any(|it| it.subject == "apparmor.service"));
}

#[test]
fn a_unit_says_which_profile_its_tasks_should_have() {
    let mut builder = HostState::builder();
    builder
        .add("lib/systemd/system/x.service", b"[Service]\nExecStart=/usr/bin/x --y\nAppArmorProfile=tight\n");
    builder.add("profiles", b"tight (enforce)\n");
    builder.add(
        "ps.txt",
        b"LABEL PID PPID UID COMMAND\nunconfined 7 1 0 /usr/bin/x --y\nunconfined 8 1 0 /usr/bin/z\n",
    );
    // Neither in the list of tasks nor with a label of its own.
    builder.add("ss.txt", b"Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port\ntcp LISTEN 0 1 *:99 *:* users:((\"late\",pid=9,fd=1))\n");
    let state = builder.build();
    let coverage = answer(&state, []);
    let debts: Vec<_> = coverage
        .restart_debt
        .iter()
        .map(|debt| (debt.pid, debt.expected.profile.as_str(), debt.action.as_str()))
        .collect();
    assert_eq!(debts, [(7, "tight", "systemctl restart x.service")]);
    let open: Vec<_> =
        coverage.exposed_gaps.iter().map(|gap| (gap.pid, gap.name.as_str(), gap.confinement)).collect();
    assert_eq!(open, [(9, "late", Confinement::Unknown)]);
    assert_eq!((coverage.counts.processes.all, coverage.counts.passing.all), (2, 1));
}

const HINTS: [&str; 8] = [
    "x",
    "etc/apparmor.d/x",
    "proc/1/fd.txt",
    "proc/net/udp",
    "ss_-ulnp",
    "aa-unconfined",
    "dpkg_-l",
    "x.service",
];

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), hint in 0..HINTS.len()) {
        for found in read(HINTS[hint], &bytes) {
            proptest::prop_assert!(found.offset_bytes <= bytes.len() as u64);
        }
    }

    #[test]
    fn names_survive_unescaped_json(names in proptest::collection::btree_set("[a-z/\" .(){},\\\\]{1,20}", 1..6)) {
        // What could be the end of a name by its own text has no single reading.
        let names: Vec<String> = names.into_iter().filter(|name| !name.contains("\":")).collect();
        let members: Vec<String> = names.iter().map(|name| format!("\"{name}\": \"enforce\"")).collect();
        let text = format!("{{\"version\": \"2\", \"profiles\": {{{}}}, \"processes\": {{}}}}", members.join(", "));
        // Where it happens to be proper JSON, escapes are escapes.
        if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err() {
            let expected: Vec<String> = names.iter().map(|name| format!("{name} enforce")).collect();
            proptest::prop_assert_eq!(listed("x", text.as_bytes()), expected);
        }
    }

    #[test]
    fn the_order_of_files_has_no_say(order in proptest::sample::subsequence(vec![0_usize, 1, 2, 3], 4)) {
        let files: [(&str, &[u8]); 4] = [
            ("a/ps.txt", b"LABEL PID PPID UID COMMAND\nunconfined 7 1 0 /usr/bin/off\n"),
            ("b/aa-status.txt", b"1 profiles are loaded.\n1 profiles are in enforce mode.\n   off\n0 processes have profiles defined.\n"),
            ("c/etc/apparmor.d/off", b"profile off /usr/bin/off { }\n"),
            ("d/aa-unconfined.txt", b"7 /usr/bin/off not confined\n"),
        ];
        let build = |order: &[usize]| {
            let mut builder = HostState::builder();
            for at in order {
                builder.add(files[*at].0, files[*at].1);
            }
            serde_json::to_string(&builder.build()).expect("a state")
        };
        let mut turned = order.clone();
        turned.reverse();
        proptest::prop_assert_eq!(build(&order), build(&turned));
    }
}
