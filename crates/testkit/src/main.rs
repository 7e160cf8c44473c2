//! `aaf-generate`: writes logs with known truth.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use aaf_testkit::{Truth, dense, flood, rotated, sparse};

const USAGE: &str = "\
usage: aaf-generate sparse  --bytes N [--seed S] -o FILE
       aaf-generate dense   --bytes N [--seed S] -o FILE
       aaf-generate rotated --bytes N [--files 15] [--seed S] -o DIR
       aaf-generate flood   --records N [--seed S] -o FILE
N may end in k, M or G (powers of 1024). Beside the output, OUTPUT.truth.json says what it holds.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (message, code) = match parse(&arguments) {
        Err(problem) => (format!("aaf-generate: {problem}\n{USAGE}"), ExitCode::from(2)),
        Ok(request) => match run(&request) {
            Ok(summary) => (summary, ExitCode::SUCCESS),
            Err(error) => {
                (format!("aaf-generate: {}: {error}\n", request.output.display()), ExitCode::FAILURE)
            }
        },
    };
    let _ = io::stderr().write_all(message.as_bytes());
    code
}

struct Request {
    kind: String,
    amount: u64,
    files: u32,
    seed: u64,
    output: PathBuf,
}

fn parse(arguments: &[String]) -> Result<Request, String> {
    let (kind, options) = arguments.split_first().ok_or("what shall it generate?")?;
    if !["sparse", "dense", "rotated", "flood"].contains(&kind.as_str()) {
        return Err(format!("it cannot generate {kind:?}"));
    }
    let mut request = Request { kind: kind.clone(), amount: 0, files: 15, seed: 1, output: PathBuf::new() };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let value = options.next().ok_or_else(|| format!("{option} needs a value"))?;
        let wrong = |_| format!("{option}: {value:?} is no number");
        match (option.as_str(), kind.as_str()) {
            ("--records", "flood") | ("--bytes", "sparse" | "dense" | "rotated") => {
                request.amount = amount(value)?
            }
            ("--files", "rotated") => request.files = value.parse().map_err(wrong)?,
            ("--seed", _) => request.seed = value.parse().map_err(wrong)?,
            ("-o" | "--output", _) => request.output = PathBuf::from(value),
            _ => return Err(format!("{kind} takes no {option}")),
        }
    }
    if request.output.as_os_str().is_empty() || request.amount == 0 || request.files == 0 {
        return Err("how much, and where to?".to_owned());
    }
    Ok(request)
}

fn amount(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k')) => (&text[..at], 1 << 10),
        Some((at, 'M')) => (&text[..at], 1 << 20),
        Some((at, 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok();
    number.and_then(|number| number.checked_mul(unit)).ok_or_else(|| format!("{text:?} is no amount"))
}

fn run(request: &Request) -> io::Result<String> {
    let start = Instant::now();
    let output: &Path = &request.output;
    let truth: Truth = match request.kind.as_str() {
        "sparse" => sparse::generate(request.amount, request.seed, File::create(output)?)?,
        "dense" => dense::generate(request.amount, request.seed, File::create(output)?)?,
        "flood" => flood::generate(request.amount, request.seed, File::create(output)?)?,
        _ => rotated::generate(request.amount, request.files, request.seed, output)?,
    };
    truth.write_beside(output)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(format!(
        "{}: {} bytes, {} lines, {} AppArmor records in {seconds:.1} s ({:.0} MB/s)\n",
        output.display(),
        truth.bytes,
        truth.lines,
        truth.records,
        truth.bytes as f64 / 1e6 / seconds
    ))
}
