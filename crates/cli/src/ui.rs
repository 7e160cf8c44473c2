//! The terminal: the only place that writes to standard output and standard error.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use aaf_model::{Code, Diagnostic, Severity};
use aaf_report::{Page, Style, escape};
use anstyle::{AnsiColor, Style as Look};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::{Common, When};

/// How output looks where it goes.
pub struct Ui {
    color_out: bool,
    color_err: bool,
    /// No progress, no remarks.
    pub quiet: bool,
    /// Every remark.
    pub verbose: bool,
    width: Option<usize>,
}

/// Columns where nobody says how many there are.
const USUAL_COLUMNS: usize = 100;
/// Nothing is set for fewer.
const FEWEST_COLUMNS: usize = 40;

/// What `COLUMNS` says, which goes before the terminal's own word and stands for one in a pipe.
fn columns_asked_for() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.trim().parse().ok().filter(|columns| *columns > 0)
}

impl Ui {
    /// Looks at the terminal and the environment.
    pub fn new(common: &Common) -> Ui {
        let choose = |wanted: bool| match common.color {
            When::Always => true,
            When::Never => false,
            When::Auto => wanted,
        };
        let auto = |choice: anstream::ColorChoice| !matches!(choice, anstream::ColorChoice::Never);
        let width = columns_asked_for().or_else(|| {
            let of_terminal = || terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0));
            io::stdout().is_terminal().then(|| of_terminal().unwrap_or(USUAL_COLUMNS))
        });
        Ui {
            color_out: choose(auto(anstream::AutoStream::choice(&io::stdout()))),
            color_err: choose(auto(anstream::AutoStream::choice(&io::stderr()))),
            quiet: common.quiet,
            verbose: common.verbose,
            width: width.map(|columns| columns.max(FEWEST_COLUMNS)),
        }
    }

    /// Columns of the terminal, or those that `COLUMNS` asks for; none where the output is neither, so that nothing is cut.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Columns to set text for.
    pub fn columns(&self) -> usize {
        self.width.unwrap_or(USUAL_COLUMNS)
    }

    /// What `--suppress` did, and which of its entries did nothing any more.
    pub fn suppressions(&self, analysis: &aaf_case::Analysis, file: Option<&std::path::Path>) {
        let Some(file) = file else { return };
        let count = analysis.info.suppressed;
        let text = format!("{count} findings are lowered by {}; findings.parquet names each", file.display());
        self.warning(&escape::terminal(text.as_bytes()));
        for entry in &analysis.expired {
            self.warning(&escape::terminal(format!("no longer: {entry}").as_bytes()));
        }
    }

    /// Standard output.
    pub fn out(&self) -> Out {
        Out { to: BufWriter::with_capacity(64 << 10, io::stdout()), color: self.color_out }
    }

    fn label(&self, style: Look, label: &str, text: &str) {
        let mut line = if self.color_err {
            format!("{style}{label}:{style:#} {text}\n")
        } else {
            format!("{label}: {text}\n")
        };
        line = line.replace('\r', "\\r");
        // Where standard error is closed there is nobody to tell.
        let _ = io::stderr().write_all(line.as_bytes());
    }

    /// Tells why something could not be done.
    pub fn error(&self, error: &anyhow::Error) {
        let text: Vec<String> =
            error.chain().map(|cause| escape::terminal(cause.to_string().as_bytes())).collect();
        // A cause that only repeats what stands before it adds nothing.
        let mut told: Vec<String> = Vec::new();
        for part in text {
            if !told.last().is_some_and(|before| before.contains(&part)) {
                told.push(part);
            }
        }
        self.label(red(), "error", &told.join(": "));
    }

    /// Tells what somebody should know.
    pub fn warning(&self, text: &str) {
        self.label(yellow(), "warning", &escape::terminal(text.as_bytes()));
    }

    /// Tells what was wrong with the evidence: damage one line each, the rest in one line or with `--verbose`.
    /// Returns whether there was damage.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic], are_summarised: bool) -> bool {
        let mut damage = false;
        let mut remarks = 0;
        for diagnostic in diagnostics {
            let is_damage = diagnostic.code.severity() == Severity::Damage;
            damage |= is_damage;
            remarks += u64::from(!is_damage);
            let text = one_line(diagnostic);
            match diagnostic.code {
                Code::Missing | Code::Unreadable => self.label(red(), "error", &text),
                _ if is_damage => self.label(yellow(), "warning", &text),
                _ if self.verbose => self.label(cyan(), "note", &text),
                _ => {}
            }
        }
        if remarks > 0 && !self.verbose && !self.quiet && !are_summarised {
            let remarks = if remarks == 1 { "one remark".to_owned() } else { format!("{remarks} remarks") };
            self.label(cyan(), "note", &format!("{remarks} on the evidence; --verbose shows each"));
        }
        damage
    }

    /// A bar over this many bytes; hidden unless standard error is a terminal.
    pub fn progress(&self, total_bytes: u64) -> Progress {
        let bar = if self.quiet || !io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::with_draw_target(Some(total_bytes), ProgressDrawTarget::stderr_with_hz(8))
        };
        let template = "  {msg}{wide_bar}  {bytes}/{total_bytes}  {bytes_per_sec}  {eta} ";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Progress { bar }
    }
}

fn one_line(diagnostic: &Diagnostic) -> String {
    let mut text = escape::terminal(diagnostic.path.as_bytes());
    if !text.is_empty() {
        text.push_str(": ");
    }
    text.push_str(&escape::terminal(diagnostic.message.as_bytes()));
    if let Some(offset) = diagnostic.offset_bytes {
        text.push_str(&format!(" (at byte {})", aaf_report::grouped(offset)));
    }
    if diagnostic.count > 1 {
        text.push_str(&format!(" (×{})", aaf_report::grouped(diagnostic.count)));
    }
    text
}

fn red() -> Look {
    AnsiColor::Red.on_default().bold()
}

fn yellow() -> Look {
    AnsiColor::Yellow.on_default().bold()
}

fn cyan() -> Look {
    AnsiColor::Cyan.on_default()
}

fn look(style: Style) -> Look {
    match style {
        Style::Plain => Look::new(),
        Style::Heading => Look::new().bold(),
        Style::Quiet => Look::new().dimmed(),
        Style::Denied => AnsiColor::Red.on_default(),
        Style::Permitted => AnsiColor::Yellow.on_default(),
        Style::Grave => AnsiColor::Red.on_default().bold(),
        Style::Policy => AnsiColor::Blue.on_default(),
        Style::Good => AnsiColor::Green.on_default(),
        Style::Warning => AnsiColor::Magenta.on_default().bold(),
    }
}

/// Standard output, coloured or not.
pub struct Out {
    to: BufWriter<Stdout>,
    color: bool,
}

impl Page for Out {
    fn put(&mut self, style: Style, text: &str) -> io::Result<()> {
        let look = look(style);
        if self.color && look != Look::new() {
            write!(self.to, "{look}{text}{look:#}")
        } else {
            self.to.write_all(text.as_bytes())
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A progress bar.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// What the engine calls with the bytes that are done.
    pub fn callback(&self) -> Arc<dyn Fn(u64) + Send + Sync> {
        let bar = self.bar.clone();
        Arc::new(move |done| {
            bar.set_position(done);
            if bar.length().is_some_and(|total| total > 0 && done >= total) {
                bar.set_message("merging ");
            }
        })
    }

    /// Takes it from the screen.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Help and version go to standard output, complaints to standard error; a closed pipe is nobody's fault.
pub fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// One line about a fault of this program.
pub fn tell_fault(fault: &std::panic::PanicHookInfo<'_>) {
    let place =
        fault.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    let what = fault
        .payload_as_str()
        .map(|text| format!(": {}", escape::terminal(text.as_bytes())))
        .unwrap_or_default();
    let line = format!("error: a fault in aa-forensics itself{place}{what}; please report it\n");
    let _ = io::stderr().write_all(line.as_bytes());
}
