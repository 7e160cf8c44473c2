//! Running commands, and getting the tools that they need.

use std::env;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::count::Count;

/// Prints a line.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// The repository, from where cargo found this package.
pub(crate) fn repository_root() -> Result<PathBuf, String> {
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("run it as `cargo xtask`")?;
    let root = Path::new(&package).ancestors().nth(2).ok_or("there is no repository around the package")?;
    Ok(root.to_owned())
}

/// Cargo, as the one that runs us.
pub(crate) fn cargo(root: &Path) -> Command {
    command(root, env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from))
}

/// A command in the repository.
pub(crate) fn command(root: &Path, program: impl Into<PathBuf>) -> Command {
    let mut command = Command::new(program.into());
    command.current_dir(root);
    command
}

/// Prints a command, runs it and says what went wrong.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    announce(command);
    let status = command.status().map_err(|error| format!("{}: {error}", title(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", title(command))) }
}

/// Runs a command quietly; its output, or nothing where it failed.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command, lets its output through and counts the tests in it.
pub(crate) fn run_counting(command: &mut Command) -> Result<Count, (Count, String)> {
    announce(command);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
    let mut child =
        command.spawn().map_err(|error| (Count::default(), format!("{}: {error}", title(command))))?;
    let errors = child.stderr.take();
    let on_stderr = thread::spawn(move || errors.map_or_else(Count::default, pass_on));
    let on_stdout = child.stdout.take().map_or_else(Count::default, pass_on);
    let count = on_stdout.plus(on_stderr.join().unwrap_or_default());
    let status = child.wait().map_err(|error| (count, error.to_string()))?;
    if status.success() { Ok(count) } else { Err((count, format!("{} ended with {status}", title(command)))) }
}

fn pass_on(stream: impl Read) -> Count {
    let mut count = Count::default();
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        say(text.trim_end_matches('\n'));
        count = count.plus(Count::from_line(&text));
        line.clear();
    }
    count
}

fn announce(command: &Command) {
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    let settings: Vec<_> = command
        .get_envs()
        .filter_map(|(key, value)| Some(format!("{}={:?} ", key.display(), value?.to_string_lossy())))
        .collect();
    say(&format!("$ {}{} {}", settings.concat(), title(command), arguments.join(" ")));
}

fn title(command: &Command) -> String {
    Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether the command can be started and answers.
pub(crate) fn answers(program: &str, argument: &str) -> bool {
    output(Command::new(program).arg(argument)).is_some()
}

/// Installs packages with apt-get where that is possible, saying so.
pub(crate) fn install_with_apt(packages: &[&str]) -> Result<(), String> {
    let wanted = packages.join(" ");
    let is_root = output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    if !is_root || !answers("apt-get", "--version") {
        return Err(format!(
            "it needs the packages {wanted}: install them (apt-get install {wanted}) and come back"
        ));
    }
    say(&format!("installing {wanted} with apt-get"));
    let root = Path::new("/");
    run(command(root, "apt-get").arg("update").arg("-qq"))?;
    run(command(root, "apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(packages))
}
