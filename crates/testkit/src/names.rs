//! A pool of path names, a few thousand of them, some with bytes that the kernel prints as hexadecimal.

use crate::random::Random;
use crate::text;

/// The names as the kernel prints them, quotes or hexadecimal included.
pub(crate) struct Names {
    printed: Vec<Box<[u8]>>,
}

const DIRECTORIES: [&str; 48] = [
    "/etc",
    "/etc/ssl/private",
    "/etc/cron.d",
    "/etc/apparmor.d",
    "/etc/systemd/system",
    "/root",
    "/root/.ssh",
    "/home/alice",
    "/home/alice/.ssh",
    "/home/alice/Documents",
    "/home/bob/.cache/app",
    "/home/bob/.config/autostart",
    "/srv/www/shop",
    "/srv/www/shop/config",
    "/srv/www/uploads",
    "/srv/www/data",
    "/srv/www/cgi-bin",
    "/tmp",
    "/tmp/.x",
    "/var/tmp",
    "/dev/shm",
    "/run/user/1001",
    "/run/mysqld",
    "/run/dovecot",
    "/proc/1",
    "/proc/3144",
    "/proc/sys/kernel",
    "/sys/class/net",
    "/sys/devices/system/cpu",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/share/zoneinfo/Europe",
    "/usr/share/locale/de/LC_MESSAGES",
    "/opt/order/etc",
    "/opt/order/spool",
    "/var/lib/mysql",
    "/var/lib/clamav",
    "/var/log",
    "/var/log/nginx",
    "/var/spool/postfix",
    "/var/backups",
    "/var/lib/docker/overlay2/8f1d0c/merged/app",
    "/snap/lxd/31333/lib",
    "/mnt/backup/2026",
    "/media/alice/STICK",
    "/boot/grub",
];

const STEMS: [&str; 40] = [
    "passwd",
    "shadow",
    "group",
    "sudoers",
    "id_ed25519",
    "authorized_keys",
    "known_hosts",
    "config",
    "config.php",
    ".env",
    "credentials.json",
    "server.key",
    "server.pem",
    "database.yml",
    "settings.py",
    "access.log",
    "error.log",
    "session",
    "upload",
    "invoice",
    "report",
    "backup.tar.gz",
    "dump.sql",
    "index.html",
    "main.css",
    "libssl.so.3",
    "libc.so.6",
    "locale-archive",
    "status",
    "maps",
    "mem",
    "cmdline",
    "oom_score_adj",
    "mountinfo",
    "online",
    "operstate",
    "cache",
    "payload.sh",
    "dropper",
    "core",
];

const ODD: [&str; 8] = [
    "/home/alice/Documents/annual report.pdf",
    "/srv/www/uploads/a \"quoted\" name",
    "/home/alice/Bilder/Grüße.png",
    "/tmp/.x/new\nline",
    "/media/alice/STICK/My Music/01 - Intro.mp3",
    "/tmp/.x/\u{1b}[31mred",
    "/srv/www/uploads/файл.txt",
    "/home/bob/.config/autostart/Notes App.desktop",
];

impl Names {
    /// `count` names; every fiftieth is an odd one.
    pub(crate) fn new(random: &mut Random, count: usize) -> Names {
        let mut printed = Vec::with_capacity(count);
        for index in 0..count {
            let mut name = Vec::new();
            if index % 50 == 17 {
                name.extend_from_slice(random.pick(&ODD).as_bytes());
                text::number(&mut name, index as u64);
            } else {
                name.extend_from_slice(random.pick(&DIRECTORIES).as_bytes());
                name.push(b'/');
                name.extend_from_slice(random.pick(&STEMS).as_bytes());
                if index >= 400 {
                    name.push(b'.');
                    text::number(&mut name, index as u64);
                }
            }
            let mut out = Vec::new();
            text::untrusted(&mut out, &name);
            printed.push(out.into_boxed_slice());
        }
        Names { printed }
    }

    /// One of them, the first ones far more often.
    #[inline]
    pub(crate) fn pick(&self, random: &mut Random) -> &[u8] {
        &self.printed[random.skewed(self.printed.len())]
    }
}
