//! What listens: `ss`, `netstat`, `lsof` and `/proc/net/*`.
//!
//! Source: iproute2's ss(8), net-tools' netstat(8), lsof(8), proc(5). On hosts without SELinux `ss -Z` prints one line and
//! nothing else, so labels are never expected of it.

use super::Sink;
use crate::fact::How;
use crate::found::{SocketSeen, What};
use crate::text::{contains, lines, number, text, words};

/// The kinds of text that are read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Ss,
    Netstat,
    Lsof,
    ProcNet,
}

/// Which of them a text is.
pub(super) fn form(bytes: &[u8]) -> Option<Form> {
    let head = super::head(bytes);
    for line in lines(head).take(8) {
        let first: Vec<&[u8]> = words(line.bytes).take(5).map(|(_, word)| word).collect();
        match *first {
            _ if line.bytes.starts_with(b"ss: ") => return Some(Form::Ss),
            [b"Netid" | b"State", ..] if contains(line.bytes, "Recv-Q") => return Some(Form::Ss),
            [b"Proto", b"Recv-Q" | b"RefCnt", ..] => return Some(Form::Netstat),
            [b"Active", b"Internet" | b"UNIX", ..] => return Some(Form::Netstat),
            [b"COMMAND", b"PID", ..] if contains(line.bytes, "NODE") => return Some(Form::Lsof),
            [b"sl", b"local_address", ..]
            | [b"sk", b"RefCnt", ..]
            | [b"Num", b"RefCount", b"Protocol", ..] => {
                return Some(Form::ProcNet);
            }
            [b"tcp" | b"udp" | b"raw" | b"p_raw" | b"u_str", b"LISTEN" | b"UNCONN", ..] => {
                return Some(Form::Ss);
            }
            _ => {}
        }
    }
    None
}

/// Reads it.
pub(super) fn read(form: Form, path: &str, bytes: &[u8], sink: &mut Sink) {
    match form {
        Form::Ss => ss(path, bytes, sink),
        Form::Netstat => netstat(bytes, sink),
        Form::Lsof => lsof(bytes, sink),
        Form::ProcNet => proc_net(path, bytes, sink),
    }
}

fn ss(path: &str, bytes: &[u8], sink: &mut Sink) {
    // Without a Netid column the command's options say which sockets these are.
    let name = path.rsplit('/').next().unwrap_or(path);
    let default = if name.contains("-u") || name.contains("_-u") { "udp" } else { "tcp" };
    let mut has_netid = None;
    let mut any = false;
    for line in lines(bytes) {
        let all: Vec<&[u8]> = words(line.bytes).map(|(_, word)| word).collect();
        match *all {
            [] => continue,
            [b"Netid", ..] => {
                has_netid = Some(true);
                any = true;
                continue;
            }
            [b"State", ..] => {
                has_netid = Some(false);
                any = true;
                continue;
            }
            _ => {}
        }
        if line.bytes.starts_with(b"ss: ") || line.bytes.starts_with(b"Cannot open") {
            let why = text(line.bytes);
            sink.put(
                line,
                What::Note(format!("{why}: ss shows nothing when asked for labels on such a host")),
            );
            continue;
        }
        let by_first = [
            "tcp", "udp", "raw", "p_raw", "p_dgr", "u_str", "u_dgr", "u_seq", "sctp", "icmp6", "nl", "v_str",
            "mptcp", "dccp",
        ];
        let with_netid = has_netid.unwrap_or_else(|| {
            all.first().is_some_and(|word| by_first.iter().any(|known| known.as_bytes() == *word))
        });
        let fields = if with_netid { all.get(1..).unwrap_or_default() } else { &all[..] };
        let netid = if with_netid { all.first().map(|word| text(word)) } else { None };
        let protocol = protocol(netid.as_deref().unwrap_or(default));
        // state, Recv-Q, Send-Q, local, peer
        let (Some(state), Some(local)) = (fields.first(), fields.get(3)) else { continue };
        if !matches!(*state, b"LISTEN" | b"UNCONN") {
            continue;
        }
        any = true;
        let mut socket = socket(protocol, local, How::Reported);
        socket.owners = ss_users(line.bytes);
        if let Some(inode) = between(line.bytes, b"ino:") {
            socket.inode = inode;
        }
        if is_server(&socket, state) {
            sink.put(line, What::Socket(socket));
        }
    }
    if any {
        sink.whole(What::SocketList);
    }
}

/// A connected socket of UDP or a nameless one of UNIX serves nobody.
fn is_server(socket: &SocketSeen, state: &[u8]) -> bool {
    match &*socket.protocol {
        "unix" => state == b"LISTEN" && socket.address != "*",
        "other" => false,
        _ => true,
    }
}

/// `users:(("nginx",pid=812,fd=6),("nginx",pid=811,fd=6))`
fn ss_users(line: &[u8]) -> Vec<(u32, String)> {
    let Some(at) = memchr::memmem::find(line, b"users:((") else { return Vec::new() };
    let rest = line.get(at + 7..).unwrap_or_default();
    let mut all: Vec<(u32, String)> = Vec::new();
    let mut from = 0;
    while let Some(next) = rest.get(from..).and_then(|rest| memchr::memmem::find(rest, b"\",pid=")) {
        let end = from + next;
        let name = rest.get(..end).unwrap_or_default();
        let start = memchr::memmem::rfind(name, b"(\"").map_or(0, |at| at + 2);
        from = end + 6;
        let digits = rest.get(from..).unwrap_or_default();
        if let Some((pid, _)) = crate::text::leading_number(digits)
            && let Ok(pid) = u32::try_from(pid)
            && !all.iter().any(|(known, _)| *known == pid)
        {
            all.push((pid, text(name.get(start..).unwrap_or_default())));
        }
    }
    all
}

fn netstat(bytes: &[u8], sink: &mut Sink) {
    let mut program_at = None;
    for line in lines(bytes) {
        if line.bytes.starts_with(b"Proto") {
            program_at = memchr::memmem::find(line.bytes, b"PID/Program");
            sink.whole(What::SocketList);
            continue;
        }
        let all: Vec<&[u8]> = words(line.bytes).map(|(_, word)| word).collect();
        let Some(first) = all.first() else { continue };
        let protocol = protocol(&text(first));
        let is_ip = matches!(&*protocol, "tcp" | "udp" | "raw" | "sctp");
        if !is_ip {
            // Sockets of UNIX: the state LISTENING, the inode and the path come behind brackets.
            if protocol == "unix" && contains(line.bytes, " LISTENING ") {
                let mut found = SocketSeen { protocol, how: Some(How::Reported), ..SocketSeen::default() };
                let behind =
                    memchr::memmem::find(line.bytes, b" LISTENING ").and_then(|at| line.bytes.get(at + 11..));
                let behind: Vec<&[u8]> = words(behind.unwrap_or_default()).map(|(_, word)| word).collect();
                found.inode = behind.first().and_then(|word| number(word)).unwrap_or(0);
                found.owners = behind.iter().find_map(|word| pid_and_program(word)).into_iter().collect();
                found.address = behind.last().map(|word| text(word)).unwrap_or_default();
                sink.put(line, What::Socket(found));
            }
            continue;
        }
        // proto, Recv-Q, Send-Q, local, foreign, [state]
        let (Some(local), Some(foreign)) = (all.get(3), all.get(4)) else { continue };
        let is_listening = match &*protocol {
            "tcp" | "sctp" => all.get(5) == Some(&&b"LISTEN"[..]),
            _ => foreign.ends_with(b":*"),
        };
        if !is_listening {
            continue;
        }
        let mut found = socket(protocol, local, How::Reported);
        let from = program_at.filter(|at| *at < line.bytes.len()).unwrap_or(0);
        // Wide addresses push the column to the right, never to the left.
        let tail = line.bytes.get(from..).unwrap_or_default();
        let candidates = || words(tail).chain(words(line.bytes).skip(5)).map(|(_, word)| word);
        found.owners = candidates().find_map(pid_and_program).into_iter().collect();
        sink.put(line, What::Socket(found));
    }
}

/// `812/nginx:`
fn pid_and_program(word: &[u8]) -> Option<(u32, String)> {
    let (pid, rest) = crate::text::leading_number(word)?;
    let name = rest.strip_prefix(b"/")?;
    Some((u32::try_from(pid).ok()?, text(name.strip_suffix(b":").unwrap_or(name))))
}

fn lsof(bytes: &[u8], sink: &mut Sink) {
    let mut any = false;
    for line in lines(bytes) {
        let all: Vec<&[u8]> = words(line.bytes).map(|(_, word)| word).collect();
        if all.first() == Some(&&b"COMMAND"[..]) {
            continue;
        }
        let Some(at) =
            all.iter().position(|word| matches!(*word, b"IPv4" | b"IPv6" | b"txt" | b"REG" | b"DIR"))
        else {
            continue;
        };
        let Some(pid) = all.get(1).and_then(|word| number::<u32>(word)) else { continue };
        if !matches!(all.get(at), Some(&b"IPv4" | &b"IPv6")) {
            // `txt` is the program itself, where the name is the last column.
            if all.get(at) == Some(&&b"txt"[..]) && all.get(at + 1) == Some(&&b"REG"[..]) {
                let exe = all.get(at + 5..).map(|words| words.join(&b' ')).unwrap_or_default();
                if exe.starts_with(b"/") && !contains(&exe, ".so") {
                    let seen = crate::found::ProcessSeen { pid, exe: Some(text(&exe)), ..Default::default() };
                    sink.put(line, What::Process(Box::new(seen)));
                }
            }
            continue;
        }
        any = true;
        // … TYPE DEVICE SIZE/OFF NODE NAME: the protocol and what behind it.
        let Some(node) =
            all.iter().position(|word| matches!(*word, b"TCP" | b"UDP" | b"UDPLITE" | b"ICMP" | b"SCTP"))
        else {
            continue;
        };
        let (Some(protocol_word), Some(name)) = (all.get(node), all.get(node + 1)) else { continue };
        let protocol = protocol(&text(protocol_word).to_ascii_lowercase());
        let is_listening = match &*protocol {
            "tcp" => all.get(node + 2) == Some(&&b"(LISTEN)"[..]),
            _ => !contains(name, "->"),
        };
        if is_listening {
            let mut found = socket(protocol, name, How::Reported);
            found.owners = vec![(pid, all.first().map(|word| text(word)).unwrap_or_default())];
            sink.put(line, What::Socket(found));
        }
    }
    if any {
        sink.whole(What::SocketList);
    }
}

fn proc_net(path: &str, bytes: &[u8], sink: &mut Sink) {
    let name = path.rsplit('/').next().unwrap_or(path);
    let known = ["udplite", "tcp", "udp", "raw", "packet", "unix"];
    let by_name = known.into_iter().find(|known| name.contains(known));
    let mut protocol_name = by_name.unwrap_or("tcp").to_owned();
    for line in lines(bytes) {
        let all: Vec<&[u8]> = words(line.bytes).map(|(_, word)| word).collect();
        match *all {
            [b"sl", ..] => continue,
            [b"sk", ..] => {
                protocol_name = "packet".to_owned();
                continue;
            }
            [b"Num", ..] => {
                protocol_name = "unix".to_owned();
                continue;
            }
            _ => {}
        }
        let found = match &*protocol_name {
            "unix" => unix_row(&all),
            "packet" => packet_row(&all),
            _ => ip_row(&protocol_name, &all),
        };
        if let Some(found) = found {
            sink.put(line, What::Socket(found));
        }
    }
    sink.whole(What::SocketList);
}

/// `0: 0100007F:0035 00000000:0000 0A … uid timeout inode`
fn ip_row(protocol: &str, all: &[&[u8]]) -> Option<SocketSeen> {
    let (address, port) = hex_address(all.get(1)?)?;
    let state = *all.get(3)?;
    // 0A is LISTEN; what is not connected has 07.
    let wanted: &[u8] = if protocol == "tcp" { b"0A" } else { b"07" };
    (state == wanted).then(|| SocketSeen {
        protocol: protocol.to_owned(),
        address,
        port: (protocol != "raw").then_some(port),
        inode: all.get(9).and_then(|word| number(word)).unwrap_or(0),
        how: Some(How::Observed),
        owners: Vec::new(),
    })
}

/// `ffff… 3 3 0003 2 1 0 0 INODE`
fn packet_row(all: &[&[u8]]) -> Option<SocketSeen> {
    let inode = number(all.get(8)?)?;
    Some(SocketSeen {
        protocol: "packet".to_owned(),
        address: "*".to_owned(),
        inode,
        how: Some(How::Observed),
        ..SocketSeen::default()
    })
}

/// `ffff…: RefCount Protocol Flags Type St Inode Path`
fn unix_row(all: &[&[u8]]) -> Option<SocketSeen> {
    let flags = u32::from_str_radix(std::str::from_utf8(all.get(3)?).ok()?, 16).ok()?;
    // SO_ACCEPTCON
    if flags & 0x1_0000 == 0 {
        return None;
    }
    Some(SocketSeen {
        protocol: "unix".to_owned(),
        address: text(all.get(7)?),
        inode: number(all.get(6)?)?,
        how: Some(How::Observed),
        ..SocketSeen::default()
    })
}

/// An address as the kernel prints it: words of the host's byte order in hex, which is little on every common machine.
fn hex_address(word: &[u8]) -> Option<(String, u16)> {
    let at = memchr::memrchr(b':', word)?;
    let hex = std::str::from_utf8(word.get(..at)?).ok()?;
    let port = u16::from_str_radix(std::str::from_utf8(word.get(at + 1..)?).ok()?, 16).ok()?;
    let mut bytes = Vec::with_capacity(16);
    for start in (0..hex.len()).step_by(8) {
        let word = u32::from_str_radix(hex.get(start..start + 8)?, 16).ok()?;
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    let address = match <[u8; 4]>::try_from(&bytes[..]) {
        Ok(four) => std::net::Ipv4Addr::from(four).to_string(),
        Err(_) => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(&bytes[..]).ok()?).to_string(),
    };
    Some((address, port))
}

/// The family of a word: `tcp6` is tcp.
fn protocol(word: &str) -> String {
    match word {
        "p_raw" | "p_dgr" => "packet",
        "u_str" | "u_dgr" | "u_seq" | "unix" => "unix",
        _ => ["udplite", "tcp", "mptcp", "udp", "raw", "packet", "sctp", "dccp", "icmp"]
            .into_iter()
            .find(|known| word.starts_with(known))
            .unwrap_or("other"),
    }
    .to_owned()
}

/// An address and port as tools print them: `0.0.0.0:80`, `[::]:80`, `*:80`, `127.0.0.53%lo:53`, `:::80`.
fn socket(protocol: String, local: &[u8], how: How) -> SocketSeen {
    let mut found = SocketSeen { protocol, how: Some(how), ..SocketSeen::default() };
    if matches!(&*found.protocol, "unix" | "packet") {
        found.address = text(local);
        return found;
    }
    let at = memchr::memrchr(b':', local);
    let address = at.and_then(|at| local.get(..at)).unwrap_or(local);
    found.port = at.and_then(|at| number(local.get(at + 1..)?));
    let address = address.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(address);
    found.address = text(address);
    found
}

fn between(line: &[u8], key: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(line, key)?;
    crate::text::leading_number(line.get(at + key.len()..)?).map(|(value, _)| value)
}

/// Whether others than the host itself can reach an address.
pub(crate) fn is_exposed(socket: &SocketSeen) -> bool {
    if matches!(&*socket.protocol, "unix" | "other") {
        return false;
    }
    let address = socket.address.split('%').next().unwrap_or_default();
    let is_loopback = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => address.is_loopback(),
        Ok(std::net::IpAddr::V6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
        Err(_) => address == "localhost",
    };
    !is_loopback
}
