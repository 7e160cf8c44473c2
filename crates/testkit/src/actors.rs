//! Forty confined programs, as a busy server might have.

/// A profile and the processes that run under it.
pub(crate) struct Actor {
    pub(crate) profile: &'static str,
    pub(crate) exe: &'static str,
    pub(crate) comms: &'static [&'static str],
    pub(crate) uid: u32,
    pub(crate) user: &'static str,
    pub(crate) cwd: &'static str,
}

const fn actor(
    profile: &'static str,
    exe: &'static str,
    comms: &'static [&'static str],
    uid: u32,
    user: &'static str,
    cwd: &'static str,
) -> Actor {
    Actor { profile, exe, comms, uid, user, cwd }
}

/// The actors, the busy ones first.
pub(crate) const ACTORS: [Actor; 40] = [
    actor(
        "fcgiwrap//cgi",
        "/usr/bin/dash",
        &["sh.cgi", "sh", "status.cgi"],
        33,
        "www-data",
        "/srv/www/cgi-bin",
    ),
    actor("nginx", "/usr/sbin/nginx", &["nginx"], 33, "www-data", "/"),
    actor("php-fpm", "/usr/sbin/php-fpm8.4", &["php-fpm8.4", "php-fpm"], 33, "www-data", "/srv/www/shop"),
    actor("/usr/sbin/mysqld", "/usr/sbin/mysqld", &["mysqld", "connection"], 110, "mysql", "/var/lib/mysql"),
    actor("snap.lxd.daemon", "/snap/lxd/current/bin/lxd", &["lxd", "lxd-proxy"], 0, "root", "/"),
    actor("/usr/sbin/cupsd", "/usr/sbin/cupsd", &["cupsd", "cups-exec"], 0, "root", "/"),
    actor("docker-default", "/usr/bin/python3.13", &["python3", "gunicorn"], 1000, "deploy", "/app"),
    actor("backup-agent", "/usr/bin/perl", &["backup-agent"], 0, "root", "/"),
    actor("backup-agent//priv", "/usr/bin/perl", &["backup-agent"], 0, "root", "/var/backups"),
    actor("legacy-report", "/usr/bin/dash", &["legacy-report"], 0, "root", "/"),
    actor("legacy-report//null-/usr/bin/cp", "/usr/bin/cp", &["cp"], 0, "root", "/"),
    actor("legacy-report//null-/usr/bin/date", "/usr/bin/date", &["date"], 0, "root", "/"),
    actor(
        "/usr/sbin/named",
        "/usr/sbin/named",
        &["named", "isc-net-0000", "isc-net-0001"],
        53,
        "bind",
        "/var/cache/bind",
    ),
    actor("/usr/sbin/ntpd", "/usr/sbin/ntpd", &["ntpd"], 123, "ntp", "/"),
    actor("/usr/sbin/tcpdump", "/usr/sbin/tcpdump", &["tcpdump"], 72, "tcpdump", "/"),
    actor("/usr/bin/evince", "/usr/bin/evince", &["evince", "EvJobScheduler"], 1001, "alice", "/home/alice"),
    actor(
        "firefox",
        "/usr/lib/firefox/firefox",
        &["firefox", "Web Content", "Socket Process"],
        1001,
        "alice",
        "/home/alice",
    ),
    actor(
        "libreoffice-soffice",
        "/usr/lib/libreoffice/program/soffice.bin",
        &["soffice.bin"],
        1001,
        "alice",
        "/home/alice",
    ),
    actor("unix-chkpwd", "/usr/sbin/unix_chkpwd", &["unix_chkpwd"], 0, "root", "/"),
    actor(
        "/usr/lib/NetworkManager/nm-dhcp-client.action",
        "/usr/lib/NetworkManager/nm-dhcp-helper",
        &["nm-dhcp-helper"],
        0,
        "root",
        "/",
    ),
    actor("/{,usr/}sbin/dhclient", "/usr/sbin/dhclient", &["dhclient"], 0, "root", "/"),
    actor("lsb_release", "/usr/bin/python3.13", &["lsb_release"], 1001, "alice", "/home/alice"),
    actor(
        "libvirt-2f6d4f1a-8c0e-4d59-9a6c-1f2e3d4c5b6a",
        "/usr/bin/qemu-system-x86_64",
        &["qemu-system-x86", "CPU 0/KVM"],
        64055,
        "libvirt-qemu",
        "/",
    ),
    actor("libvirtd", "/usr/sbin/libvirtd", &["libvirtd", "rpc-libvirtd"], 0, "root", "/"),
    actor("/usr/sbin/dnsmasq", "/usr/sbin/dnsmasq", &["dnsmasq"], 65534, "nobody", "/"),
    actor(
        "samba-dcerpcd",
        "/usr/lib/x86_64-linux-gnu/samba/samba-dcerpcd",
        &["samba-dcerpcd"],
        0,
        "root",
        "/",
    ),
    actor("smbd", "/usr/sbin/smbd", &["smbd", "smbd[10.0.4.17"], 0, "root", "/run/samba"),
    actor("/usr/bin/freshclam", "/usr/bin/freshclam", &["freshclam"], 115, "clamav", "/var/lib/clamav"),
    actor("/usr/sbin/clamd", "/usr/sbin/clamd", &["clamd"], 115, "clamav", "/"),
    actor("dovecot", "/usr/sbin/dovecot", &["dovecot"], 0, "root", "/run/dovecot"),
    actor("dovecot-imap", "/usr/lib/dovecot/imap", &["imap"], 1001, "alice", "/run/dovecot"),
    actor("postfix-smtpd", "/usr/lib/postfix/sbin/smtpd", &["smtpd"], 106, "postfix", "/var/spool/postfix"),
    actor("rsyslogd", "/usr/sbin/rsyslogd", &["rsyslogd", "rs:main Q:Reg", "in:imklog"], 104, "syslog", "/"),
    actor("ubuntu_pro_apt_news", "/usr/bin/python3.13", &["python3"], 0, "root", "/"),
    actor("man_groff", "/usr/bin/groff", &["groff", "troff"], 1001, "alice", "/home/alice"),
    actor("mosquitto", "/usr/sbin/mosquitto", &["mosquitto"], 118, "mosquitto", "/"),
    actor(
        "snap.prometheus.prometheus",
        "/snap/prometheus/86/bin/prometheus",
        &["prometheus"],
        0,
        "root",
        "/",
    ),
    actor(
        "cri-containerd.apparmor.d",
        "/usr/bin/node",
        &["node", "npm start"],
        10001,
        "unknown(10001)",
        "/usr/src/app",
    ),
    actor("order/orderd", "/opt/order/bin/orderd", &["orderd"], 0, "root", "/opt/order"),
    actor("unconfined-helper", "/usr/local/bin/helper", &["helper"], 1002, "bob", "/srv"),
];

/// The profile that policy records name.
pub(crate) const UNCONFINED: &str = "unconfined";
