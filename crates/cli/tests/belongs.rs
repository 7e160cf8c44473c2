//! Units, containers and pods of an incident's processes, from what a collection copies of `/proc` and of container runtimes.

mod common;

use common::{Place, sample};
use serde_json::Value;

const SERIAL: &str = "1791968200";

fn record(serial: u32, profile: &str, pid: u32, ppid: u32, comm: &str, exe: &str) -> String {
    format!(
        "type=AVC msg=audit({SERIAL}.000:{serial}): apparmor=\"DENIED\" operation=\"exec\" class=\"file\" profile=\"{profile}\" \
         name=\"/usr/bin/bash\" pid={pid} comm=\"{comm}\" requested_mask=\"x\" denied_mask=\"x\" fsuid=33 ouid=0\n\
         type=SYSCALL msg=audit({SERIAL}.000:{serial}): arch=c000003e syscall=59 success=no exit=-13 items=1 ppid={ppid} pid={pid} \
         auid=4294967295 uid=33 ses=4294967295 comm=\"{comm}\" exe=\"{exe}\" subj={profile} key=(null)\n"
    )
}

fn task(place: &Place, pid: u32, comm: &str, group: &str) {
    let folder = format!("uac/live_response/process/proc/{pid}");
    place.file(&format!("{folder}/comm.txt"), format!("{comm}\n"));
    place.file(&format!("{folder}/cgroup.txt"), format!("0::{group}\n"));
}

#[test]
fn incidents_say_what_their_processes_belong_to() {
    let place = Place::new();
    let id = "3f2a".repeat(16);
    place.file("uac/[root]/etc/hostname", "shop1\n");
    place.file("uac/[root]/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 13\"\n");
    let log = [
        // By its own group.
        record(50, "nginx", 598, 1, "nginx", "/usr/sbin/nginx"),
        // By its parent, which the first record names.
        record(51, "nginx", 7001, 598, "sh", "/usr/bin/dash"),
        // By the container that it is the first process of, in a pod.
        record(52, "cri-containerd.apparmor.d", 2211, 2200, "app", "/app"),
        // The number is another's by now.
        record(53, "php-fpm", 900, 1, "php-fpm", "/usr/sbin/php-fpm"),
    ];
    place.file("uac/[root]/var/log/audit/audit.log", log.concat());
    task(&place, 598, "nginx", "/system.slice/nginx.service");
    task(&place, 900, "sshd", "/system.slice/ssh.service");
    let pod = "/kubepods.slice/kubepods-pod6bc4e0ea_ae5f_4f0c_9c2d_2d5e0a3f6a11.slice";
    task(&place, 2211, "app", &format!("{pod}/cri-containerd-{id}.scope"));
    let inspect = serde_json::json!({
        "status": {
            "id": id,
            "metadata": {"name": "checkout"},
            "labels": {"io.kubernetes.pod.name": "checkout-7d9f<b>", "io.kubernetes.pod.namespace": "shop"},
        },
        "info": {"pid": 2211, "runtimeSpec": {"process": {"apparmorProfile": "cri-containerd.apparmor.d"}}},
    });
    place.file("uac/live_response/containers/crictl_inspect_3f2a.txt", inspect.to_string());
    place.run(&["analyze", "uac", "-o", "case", "-q"]).expect(0);
    let rows = place.run(&["incidents", "case", "--format", "json", "--min-severity", "info"]).expect(0);
    let rows: Vec<Value> = serde_json::from_str(&rows.out).unwrap();
    let of = |profile: &str| -> Vec<String> {
        let own = rows.iter().filter(|row| row["profile_root"] == profile);
        let told = own.flat_map(|row| row["belongs_to"].as_array().unwrap().iter());
        told.map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        of("nginx"),
        [
            "nginx.service: sh[7001] (by its parent nginx[598]: control group at collection)",
            "nginx.service: nginx[598] (control group at collection)",
        ]
    );
    assert_eq!(
        of("cri-containerd.apparmor.d"),
        [
            "container checkout (containerd 3f2a3f2a3f2a): app[2211] (control group at collection)",
            "pod shop/checkout-7d9f<b>: app[2211] (control group at collection)",
        ]
    );
    assert_eq!(of("php-fpm"), Vec::<String>::new());
    let text = place.run(&["incidents", "case", "--min-severity", "info"]).expect(0);
    assert!(text.out.contains("belongs to   nginx.service: "), "{}", text.out);
    let html = place.run(&["report", "case", "--format", "html"]).expect(0);
    assert!(html.out.contains("pod shop/checkout-7d9f&lt;b&gt;"), "no pod in the report");
    assert!(html.out.contains("unknown: nothing collected says it"), "nothing said of php-fpm");
}

#[test]
fn journals_name_the_units_of_who_writes_to_them() {
    let place = Place::new();
    // cron of the sample, and another program of the same number.
    let log = ["cron", "stranger"].map(|comm| {
        format!(
            "node=web01 type=AVC msg=audit(1791972000.000:{}): apparmor=\"DENIED\" operation=\"exec\" class=\"file\" \
             profile=\"of-{comm}\" name=\"/usr/bin/bash\" pid=582 comm=\"{comm}\" requested_mask=\"x\" denied_mask=\"x\" fsuid=0 ouid=0\n",
            90_001 + comm.len()
        )
    });
    place.file("more/audit.log", log.concat());
    let bundle = sample("web01.tar.xz");
    place.run(&["analyze", &bundle, "more", "-o", "case", "-q"]).expect(0);
    let rows = place.run(&["incidents", "case", "--format", "json", "--min-severity", "info"]).expect(0);
    let rows: Vec<Value> = serde_json::from_str(&rows.out).unwrap();
    // One number, so one family; only the one of that name belongs to the unit.
    let row =
        rows.iter().find(|row| row["profiles"].as_array().unwrap().contains(&"of-cron".into())).unwrap();
    assert_eq!(row["events"], 2);
    assert_eq!(row["belongs_to"], serde_json::json!(["cron.service: cron[582] (by the journal)"]));
}
