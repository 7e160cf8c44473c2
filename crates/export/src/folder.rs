//! The case directory: written under a temporary name, renamed when whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aaf_case::{Analysis, Encoded, EventContext, TableSink};
use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use rayon::prelude::*;

use crate::columns::Column;
use crate::encode::EncodedGroup;
use crate::ids::Ids;
use crate::table::{TableWriter, write_small};
use crate::{events, evidence, incidents, integrity, sightings, small, state, windows};

/// The case directory could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is one already.
    #[error("{0} exists; choose another folder or pass --force")]
    Exists(String),
    /// What stands there is no case, so it is not replaced.
    #[error("{0} exists and is not a case folder; it is not replaced")]
    NotACase(String),
    /// The same of a package.
    #[error("{0} exists and is no package of an incident; it is not replaced")]
    NotAPackage(String),
    /// Writing failed.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A case being written. Dropped before [`CaseFolder::finish`], it leaves nothing.
pub struct CaseFolder {
    target: PathBuf,
    partial: tempfile::TempDir,
    replace: bool,
    events: TableWriter,
    of_events: events::Places,
    sightings: TableWriter,
    of_sightings: sightings::Places,
}

impl CaseFolder {
    /// Starts a case that will stand at `path`.
    pub fn create(path: &Path, force: bool) -> Result<CaseFolder, Error> {
        let shown = path.display().to_string();
        let exists = path.symlink_metadata().is_ok();
        if exists && !force {
            return Err(Error::Exists(shown));
        }
        let is_empty_folder = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        if exists && !path.join("case.json").is_file() && !is_empty_folder() {
            return Err(Error::NotACase(shown));
        }
        let at = |path: &Path| {
            let path = path.display().to_string();
            move |source: io::Error| Error::Write { path, source }
        };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(at(parent))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let partial = tempfile::Builder::new()
            .prefix(&format!(".{name}.partial-"))
            .tempdir_in(parent)
            .map_err(at(parent))?;
        let events = partial.path().join("events.parquet");
        let sightings = partial.path().join("sightings.parquet");
        let events = TableWriter::create(&events, &events::columns()).map_err(at(&events))?;
        let sightings = TableWriter::create(&sightings, &sightings::columns()).map_err(at(&sightings))?;
        Ok(CaseFolder {
            target: path.to_path_buf(),
            replace: exists,
            of_events: events::Places::new(events.layout()),
            of_sightings: sightings::Places::new(sightings.layout()),
            events,
            sightings,
            partial,
        })
    }

    /// The folder under its temporary name; temporary files of the run belong there.
    pub fn partial_path(&self) -> &Path {
        self.partial.path()
    }

    /// Writes the rest and gives the case its name.
    pub fn finish(self, analysis: &Analysis, run: &serde_json::Value) -> Result<(), Error> {
        let CaseFolder { target, partial, replace, events, sightings, .. } = self;
        let folder = partial.path();
        let at = |name: &str| {
            let path = target.join(name).display().to_string();
            move |source: io::Error| Error::Write { path, source }
        };
        // Each is encoded and waits for the disk by itself; of several that fail, the first one speaks.
        let small = |name: &'static str, columns: Vec<Column>, batch: Made| {
            let batch = batch.map_err(io::Error::other).map_err(at(name))?;
            write_small(&folder.join(name), &columns, &batch).map_err(at(name))
        };
        type Write<'w> = Box<dyn FnOnce() -> Result<(), Error> + Send + 'w>;
        let writes: Vec<Write<'_>> = vec![
            Box::new(|| events.finish().map_err(at("events.parquet"))),
            Box::new(|| sightings.finish().map_err(at("sightings.parquet"))),
            Box::new(|| {
                let batch = small::timelines(&analysis.timelines);
                small("timelines.parquet", small::timeline_columns(), batch)
            }),
            Box::new(|| {
                let batch = incidents::incidents(&analysis.incidents);
                small("incidents.parquet", incidents::columns(), batch)
            }),
            Box::new(|| {
                let batch = incidents::findings(&analysis.findings);
                small("findings.parquet", incidents::finding_columns(), batch)
            }),
            Box::new(|| small("windows.parquet", windows::columns(), windows::batch(&analysis.windows))),
            Box::new(|| {
                small("integrity.parquet", integrity::columns(), integrity::batch(&analysis.integrity))
            }),
            Box::new(|| {
                small("coverage.parquet", state::coverage_columns(), state::coverage(&analysis.coverage))
            }),
            Box::new(|| {
                small("processes.parquet", state::process_columns(), state::processes(&analysis.processes))
            }),
            Box::new(|| {
                small("profiles.parquet", state::profile_columns(), state::profiles(&analysis.profiles))
            }),
            Box::new(|| small("lint.parquet", state::lint_columns(), state::lint(&analysis.lint))),
            Box::new(|| small("evidence.parquet", evidence::columns(), evidence::batch(&analysis.info))),
            Box::new(|| {
                let batch = small::diagnostics(&analysis.diagnostics);
                small("diagnostics.parquet", small::diagnostic_columns(), batch)
            }),
        ];
        let written: Vec<Result<(), Error>> = writes.into_par_iter().map(|write| write()).collect();
        written.into_iter().collect::<Result<(), Error>>()?;
        let json = |name: &str, text: Result<String, serde_json::Error>| {
            let text = text.map_err(io::Error::other).map_err(at(name))?;
            fs::write(folder.join(name), text + "\n").map_err(at(name))
        };
        json("case.json", serde_json::to_string_pretty(&analysis.info))?;
        json("run.json", serde_json::to_string_pretty(run))?;
        crate::sums::write(folder).map_err(at(crate::sums::NAME))?;
        // What people said of the case before stays with it.
        let said = target.join(crate::ANNOTATIONS);
        if replace && said.is_file() {
            fs::copy(&said, folder.join(crate::ANNOTATIONS)).map_err(at(crate::ANNOTATIONS))?;
        }
        let whole = partial.keep();
        let named = rename(&whole, &target, replace);
        if named.is_err() {
            // Leave nothing half; that this fails too changes nothing.
            let _ = fs::remove_dir_all(&whole);
        }
        named.map_err(at(""))
    }
}

/// Gives the folder its name; what was there before goes only when the new one stands.
pub(crate) fn rename(from: &Path, to: &Path, replace: bool) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(from, fs::Permissions::from_mode(0o755))?;
    }
    if !replace {
        return fs::rename(from, to);
    }
    let mut old = from.as_os_str().to_owned();
    old.push("-replaced");
    fs::rename(to, &old)?;
    if let Err(error) = fs::rename(from, to) {
        fs::rename(&old, to)?;
        return Err(error);
    }
    fs::remove_dir_all(&old)
}

type Made = Result<RecordBatch, ArrowError>;

struct Groups {
    events: EncodedGroup,
    sightings: EncodedGroup,
}

impl TableSink for CaseFolder {
    fn encode(&self, context: &EventContext<'_>) -> io::Result<Encoded> {
        let mut events = self.events.layout().group()?;
        let mut sightings = self.sightings.layout().group()?;
        let mut ids = Ids::default();
        for event in &context.events.events {
            ids.set(event);
            self.of_events.push(context, event, &ids, &mut events)?;
            self.of_sightings.push(context, event, &ids, &mut sightings)?;
        }
        let events = self.events.layout().close(events)?;
        Ok(Box::new(Groups { events, sightings: self.sightings.layout().close(sightings)? }))
    }

    fn append(&mut self, encoded: Encoded) -> io::Result<()> {
        let Ok(groups) = encoded.downcast::<Groups>() else {
            return Err(io::Error::other("a batch of another table"));
        };
        self.events.append(groups.events)?;
        self.sightings.append(groups.sightings)
    }

    fn all_appended(&mut self) {
        self.events.layout().forget_spare();
        self.sightings.layout().forget_spare();
    }
}
