//! Moving a service's clock: by libfaketime, or by the project's own hook.
//!
//! libfaketime works for dynamically linked programs only; others do not notice it. Up to 0.9.10 it makes `time.sleep` of
//! Python 3.11 and later fail (wolfcw/libfaketime#426). A hook, where a project has one, is the safer way.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use factory_engine::port::evaluator::EvaluatorError;

use crate::config::{ClockChoice, DeployConfig};

/// Where distributions put the library for programs with threads, below each library folder.
const NAMES: &[&str] = &["faketime/libfaketimeMT.so.1", "libfaketimeMT.so.1", "faketime/libfaketime.so.1"];
const FOLDERS: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
    "/lib/x86_64-linux-gnu",
];

/// How the clock of a service is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clock {
    /// By this library.
    LibFaketime(PathBuf),
    /// By the project's own hook.
    Hook,
    /// It cannot be moved.
    Fixed,
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Clock::LibFaketime(_) => "moved by libfaketime",
            Clock::Hook => "moved by the project's own hook",
            Clock::Fixed => "not movable",
        })
    }
}

/// libfaketime, if it is installed in one of the usual places.
pub fn find_libfaketime() -> Option<PathBuf> {
    FOLDERS
        .iter()
        .flat_map(|folder| NAMES.iter().map(move |name| Path::new(folder).join(name)))
        .find(|path| path.is_file())
}

impl Clock {
    /// What `[deploy]` asks for, as far as it is there.
    pub fn choose(config: &DeployConfig) -> Clock {
        let library = || find_libfaketime().map_or(Clock::Fixed, Clock::LibFaketime);
        match config.clock {
            ClockChoice::None => Clock::Fixed,
            ClockChoice::Hook => Clock::Hook,
            ClockChoice::LibFaketime => library(),
            ClockChoice::Auto if config.has_hook() => Clock::Hook,
            ClockChoice::Auto => library(),
        }
    }

    /// Whether it can do what scenarios ask of it.
    ///
    /// # Errors
    /// [`EvaluatorError::Infrastructure`] if they move the clock and it cannot be moved.
    pub(crate) fn check(&self, scenarios_move_it: bool) -> Result<(), EvaluatorError> {
        if !scenarios_move_it || *self != Clock::Fixed {
            return Ok(());
        }
        Err(EvaluatorError::Infrastructure {
            detail:
                "holdouts move the clock, and there is nothing to move it with: install libfaketime, or let \
                     the service read an offset from `${clock.offset_file}`"
                    .to_owned(),
            source: None,
        })
    }

    /// The file that holds the offset, in the deployment's folder for it.
    pub(crate) fn file(folder: &Path) -> PathBuf {
        folder.join("offset")
    }

    /// Variables that the service needs.
    pub(crate) fn environment(&self, folder: &Path) -> Vec<(&'static str, OsString)> {
        match self {
            Clock::LibFaketime(library) => vec![
                ("LD_PRELOAD", library.into()),
                ("FAKETIME_TIMESTAMP_FILE", Clock::file(folder).into()),
                // The file is read again for every call, so that the clock moves while the service runs.
                ("FAKETIME_NO_CACHE", "1".into()),
                // Sleeps and time-outs of the service go on by real time. The name changed between versions.
                ("DONT_FAKE_MONOTONIC", "1".into()),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
                // Times of files are not ours to change.
                ("NO_FAKE_STAT", "1".into()),
            ],
            Clock::Hook | Clock::Fixed => Vec::new(),
        }
    }

    /// Makes the clock that much later than real time.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn set(&self, folder: &Path, offset: Duration) -> io::Result<()> {
        let seconds = offset.as_secs_f64();
        let text = match self {
            Clock::LibFaketime(_) => format!("+{seconds}"),
            Clock::Hook => format!("{seconds}"),
            Clock::Fixed => return Ok(()),
        };
        // Renamed over the old one, so that no half-written number is ever read.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(Clock::file(folder)).map_err(|error| error.error)?;
        Ok(())
    }
}
