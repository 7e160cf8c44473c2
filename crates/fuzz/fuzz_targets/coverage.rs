//! Any bytes as a file that describes a host, under names that hint at each kind of it.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    const NAMES: [&str; 12] = [
        "live/x.txt",
        "etc/apparmor.d/x",
        "etc/apparmor.d/tunables/x",
        "proc/7/attr/current",
        "proc/7/fd.txt",
        "proc/net/tcp",
        "live/ss_-tlnp.txt",
        "live/aa-unconfined.txt",
        "live/dpkg_-l.txt",
        "live/auditctl_-l.txt",
        "etc/systemd/system/x.service",
        "proc/cmdline",
    ];
    let mut builder = aaf_coverage::HostState::builder();
    for name in NAMES {
        for found in aaf_coverage::read(name, data) {
            assert!(found.offset_bytes <= data.len() as u64);
        }
        builder.add(name, data);
    }
    // The first line also stands in other text: parts of it are read as different kinds together.
    if let Some((first, rest)) = data.split_first() {
        let (a, b) = rest.split_at(rest.len() * usize::from(*first) / 256);
        builder.add("live/a.json", a).add("live/b.txt", b);
    }
    let state = builder.build();
    let coverage = aaf_coverage::answer(&state, []);
    assert!(coverage.counts.processes.all + coverage.counts.passing.all <= state.processes.len() as u64);
});
