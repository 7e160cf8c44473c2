//! Ordinary lines of ordinary daemons, and lines that only talk about AppArmor.

use crate::random::Random;
use crate::text;

/// A piece of a line.
enum Piece {
    Literal(&'static [u8]),
    Address,
    Port,
    Small,
    Large,
    Hex(usize),
    User,
    Host,
    Path,
    Unit,
}

/// A line after its host: the program, whether it prints its pid, and the message.
struct Template {
    program: &'static str,
    has_pid: bool,
    message: Vec<Piece>,
}

/// `program|message`; a program that ends in `[]` prints its pid. `kernel` lines get seconds since boot.
const LINES: [&str; 60] = [
    "sshd[]|Server listening on 0.0.0.0 port 22.",
    "sshd[]|Connection reset by {address} port {port}",
    "sshd[]|Invalid user {user} from {address} port {port}",
    "cron[]|(CRON) INFO (Skipping @reboot jobs)",
    "CRON[]|(root) CMD (run-parts /etc/cron.hourly)",
    "systemd[1]|Reached target timers.target - Timer Units.",
    "systemd[1]|Finished {unit}.service.",
    "systemd[1]|Starting {unit}.service...",
    "systemd-networkd[]|eth0: Gained IPv6LL",
    "postfix/qmgr[]|{hex10}: removed",
    "postfix/smtpd[]|disconnect from {host}.example[{address}]",
    "kernel|br0: port {small} entered blocking state",
    "kernel|usb 1-{small}: USB disconnect, device number {small}",
    "dhclient[]|DHCPACK of {address} from {address}",
    "ntpd[]|{address} local addr 10.0.4.7 -> <null>",
    "snmpd[]|Connection from UDP: [{address}]:{port}",
    "sshd[]|Accepted publickey for {user} from {address} port {port} ssh2: ED25519 SHA256:{hex43}",
    "sshd[]|Failed password for invalid user {user} from {address} port {port} ssh2",
    "sshd[]|Connection closed by authenticating user {user} {address} port {port} [preauth]",
    "sshd[]|pam_unix(sshd:session): session opened for user {user}(uid={small}) by (uid=0)",
    "sshd[]|Received disconnect from {address} port {port}:11: disconnected by user",
    "CRON[]|(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)",
    "CRON[]|(www-data) CMD ([ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi)",
    "CRON[]|pam_unix(cron:session): session closed for user {user}",
    "systemd[1]|Started {unit}.service - {unit} maintenance task.",
    "systemd[1]|{unit}.service: Deactivated successfully.",
    "systemd[1]|{unit}.service: Consumed {small}.{small}s CPU time, {small}.{small}M memory peak.",
    "systemd[1]|Starting apt-daily-upgrade.service - Daily apt upgrade and clean activities...",
    "systemd[1]|Starting apparmor.service - Load AppArmor profiles...",
    "systemd[1]|session-{small}.scope: Deactivated successfully.",
    "systemd-logind[]|New session {small} of user {user}.",
    "systemd-logind[]|Session {small} logged out. Waiting for processes to exit.",
    "systemd-resolved[]|Using degraded feature set UDP instead of UDP+EDNS0 for DNS server {address}.",
    "systemd-timesyncd[]|Contacted time server {address}:123 (2.debian.pool.ntp.org).",
    "nginx|{address} - - \"GET {path} HTTP/1.1\" 200 {large} \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\"",
    "nginx|{address} - {user} \"POST {path} HTTP/2.0\" 302 {small} \"https://shop.example{path}\" \"Mozilla/5.0 (Windows NT 10.0; Win64; x64)\"",
    "nginx|{address} - - \"GET {path}?id={large}&s={hex16} HTTP/1.1\" 404 {small} \"-\" \"curl/8.14.1\"",
    "nginx[]|{small}#{small}: *{large} upstream timed out (110: Connection timed out) while reading response header from upstream, client: {address}",
    "postfix/smtpd[]|connect from {host}.example[{address}]",
    "postfix/qmgr[]|{hex10}: from=<{user}@shop.example>, size={large}, nrcpt=1 (queue active)",
    "postfix/smtp[]|{hex10}: to=<{user}@mail.example>, relay=mx.mail.example[{address}]:25, delay={small}, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
    "dovecot|imap-login: Login: user=<{user}>, method=PLAIN, rip={address}, lip=10.0.4.7, mpid={large}, TLS, session=<{hex16}>",
    "dhclient[]|DHCPREQUEST for {address} on eth0 to {address} port 67",
    "dhclient[]|bound to {address} -- renewal in {large} seconds.",
    "dnsmasq-dhcp[]|DHCPACK(br0) {address} 52:54:00:{hex2}:{hex2}:{hex2} {host}",
    "named[]|client @0x{hex12} {address}#{port} ({host}.example): query: {host}.example IN AAAA +E(0)K (10.0.4.7)",
    "kernel|usb 1-{small}: new high-speed USB device number {small} using xhci_hcd",
    "kernel|usb 1-{small}: New USB device found, idVendor={hex4}, idProduct={hex4}, bcdDevice= 1.00",
    "kernel|eth0: Link is Up - 1Gbps/Full - flow control rx/tx",
    "kernel|[UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:{hex2}:{hex2}:{hex2} SRC={address} DST=10.0.4.7 LEN=40 TOS=0x00 PREC=0x00 TTL=243 ID={large} PROTO=TCP SPT={port} DPT={port} WINDOW=1024 RES=0x00 SYN URGP=0",
    "kernel|EXT4-fs (dm-{small}): re-mounted {hex8}-{hex4}-{hex4} r/w. Quota mode: none.",
    "kernel|docker0: port {small}(veth{hex7}) entered forwarding state",
    "dockerd[]|time=\"2026-03-02T00:00:00Z\" level=info msg=\"ignoring event\" container={hex64} module=libcontainerd topic=/tasks/delete",
    "containerd[]|level=info msg=\"shim disconnected\" id={hex64} namespace=moby",
    "mysqld[]|{large} [Note] Aborted connection {large} to db: 'shop' user: '{user}' host: '{host}' (Got timeout reading communication packets)",
    "php-fpm[]|[pool www] child {large} exited with code 0 after {small}.{hex6} seconds from start",
    "sudo|{user} : TTY=pts/{small} ; PWD=/home/{user} ; USER=root ; COMMAND=/usr/bin/systemctl restart {unit}",
    "snapd[]|storehelpers.go:{small}: cannot refresh: snap \"{unit}\" has running apps (pids: {large})",
    "rsyslogd|action 'action-{small}-builtin:omfwd' resumed (module 'builtin:omfwd') [v8.2504.0 try https://www.rsyslog.com/e/2359 ]",
    "shop-worker[]|job={hex16} queue=mail attempt={small} duration_ms={large} result=ok customer={large}",
];

/// Lines that quote a record or a part of one; the verdict that they quote.
const DECOYS: [(&str, &str); 4] = [
    (
        "DENIED",
        "sudo|{user} : TTY=pts/{small} ; PWD=/root ; USER=root ; COMMAND=/usr/bin/grep apparmor=\"DENIED\" /var/log/kern.log",
    ),
    (
        "ALLOWED",
        "ansible-command[]|Invoked with _raw_params=grep -c 'apparmor=\"ALLOWED\"' /var/log/kern.log.{small} _uses_shell=True",
    ),
    (
        "DENIED",
        "ticket[]|#{large} {user} wrote: the line apparmor=\"DENIED\" operation=\"open\" means that the profile refused, see the wiki",
    ),
    (
        "DENIED",
        "mail-gateway[]|quoted text: > audit: type=1400 audit(1409684003.960:{large}): apparmor=\"DENIED\" operation=\"open\" profile=\"/usr/bin/evince\" name=\"/root/notes\" pid={large} comm=\"evince\" requested_mask=\"r\" denied_mask=\"r\" fsuid=1001 ouid=0",
    ),
];

const USERS: [&str; 12] = [
    "alice", "bob", "carol", "dave", "root", "admin", "deploy", "backup", "www-data", "oracle", "git",
    "ubuntu",
];
const HOSTS: [&str; 8] = ["db02", "mail", "cache-3", "worker17", "gw", "printer-2og", "build", "nas"];
const UNITS: [&str; 10] = [
    "logrotate",
    "fstrim",
    "man-db",
    "phpsessionclean",
    "certbot",
    "sysstat-collect",
    "anacron",
    "motd-news",
    "shop-worker",
    "e2scrub_reap",
];
const PATHS: [&str; 10] = [
    "/",
    "/index.html",
    "/static/main.css",
    "/static/app.8d1f.js",
    "/cart/checkout",
    "/api/v2/orders",
    "/login",
    "/images/products/1024x768/lamp.webp",
    "/robots.txt",
    "/wp-login.php",
];

/// Draws ordinary lines.
pub(crate) struct Noise {
    lines: Vec<Template>,
    decoys: Vec<(&'static str, bool, Template)>,
}

impl Noise {
    pub(crate) fn new() -> Noise {
        Noise {
            lines: LINES.iter().copied().map(template).collect(),
            decoys: DECOYS
                .iter()
                .map(|&(verdict, line)| (verdict, line.contains("operation="), template(line)))
                .collect(),
        }
    }

    /// Appends an ordinary line without its stamp and host; true where it needs the kernel's prefix instead.
    #[inline]
    pub(crate) fn choose(&self, random: &mut Random) -> Line<'_> {
        Line(random.pick(&self.lines))
    }

    /// A line that only talks about AppArmor.
    pub(crate) fn choose_decoy(&self, random: &mut Random) -> Decoy<'_> {
        let (verdict, is_record_like, template) = random.pick(&self.decoys);
        Decoy { verdict, is_record_like: *is_record_like, line: Line(template) }
    }
}

/// A line that quotes a record or a part of one.
pub(crate) struct Decoy<'n> {
    pub(crate) verdict: &'static str,
    /// Whether it quotes an operation too.
    pub(crate) is_record_like: bool,
    pub(crate) line: Line<'n>,
}

/// A chosen line.
pub(crate) struct Line<'n>(&'n Template);

impl Line<'_> {
    pub(crate) fn is_from_kernel(&self) -> bool {
        self.0.program == "kernel"
    }

    /// Appends ` program[pid]: ` for lines of daemons.
    #[inline]
    pub(crate) fn write_program(&self, out: &mut Vec<u8>, random: &mut Random) {
        out.push(b' ');
        out.extend_from_slice(self.0.program.as_bytes());
        if self.0.has_pid {
            out.push(b'[');
            text::number(out, u64::from(random.between(400, 32_767)));
            out.push(b']');
        }
        out.extend_from_slice(b": ");
    }

    /// Appends the message and its line end.
    #[inline]
    pub(crate) fn write_message(&self, out: &mut Vec<u8>, random: &mut Random) {
        for piece in &self.0.message {
            match piece {
                Piece::Literal(bytes) => out.extend_from_slice(bytes),
                Piece::Address => address(out, random),
                Piece::Port => text::number(out, u64::from(random.between(1024, 65_535))),
                Piece::Small => text::number(out, u64::from(random.between(1, 120))),
                Piece::Large => text::number(out, u64::from(random.between(1000, 4_000_000))),
                Piece::Hex(width) => hex(out, random, *width),
                Piece::User => out.extend_from_slice(random.pick(&USERS).as_bytes()),
                Piece::Host => out.extend_from_slice(random.pick(&HOSTS).as_bytes()),
                Piece::Path => out.extend_from_slice(random.pick(&PATHS).as_bytes()),
                Piece::Unit => out.extend_from_slice(random.pick(&UNITS).as_bytes()),
            }
        }
        out.push(b'\n');
    }
}

fn address(out: &mut Vec<u8>, random: &mut Random) {
    let bits = random.next();
    out.extend_from_slice(if bits & 1 == 0 { b"10.0." } else { b"198.51." });
    text::number(out, (bits >> 8) & 15);
    out.push(b'.');
    text::number(out, (bits >> 16) & 255);
}

fn hex(out: &mut Vec<u8>, random: &mut Random, width: usize) {
    let mut left = width;
    while left > 0 {
        let part = left.min(16);
        text::hexadecimal(out, random.next(), part);
        left -= part;
    }
}

fn template(line: &'static str) -> Template {
    let (program, message) = line.split_once('|').unwrap_or(("app", line));
    let (program, has_pid) = match program.strip_suffix("[]") {
        Some(program) => (program, true),
        None => (program, false),
    };
    let mut pieces = Vec::new();
    let mut rest = message;
    while let Some((literal, after)) = rest.split_once('{') {
        pieces.push(Piece::Literal(literal.as_bytes()));
        let (word, after) = after.split_once('}').unwrap_or((after, ""));
        pieces.push(match word {
            "address" => Piece::Address,
            "port" => Piece::Port,
            "small" => Piece::Small,
            "large" => Piece::Large,
            "user" => Piece::User,
            "host" => Piece::Host,
            "path" => Piece::Path,
            "unit" => Piece::Unit,
            hex => Piece::Hex(hex.trim_start_matches("hex").parse().unwrap_or(8)),
        });
        rest = after;
    }
    pieces.push(Piece::Literal(rest.as_bytes()));
    Template { program, has_pid, message: pieces }
}
