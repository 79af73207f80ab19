//! Runs the program on a file and a clock of its own.

use std::path::PathBuf;
use std::process::{Command, Output};

/// A folder with a file of items, gone with the value.
pub struct Todo {
    folder: PathBuf,
}

impl Todo {
    /// `name` is unique among the tests.
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("todo-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Todo { folder }
    }

    /// The file of items.
    pub fn file(&self) -> PathBuf {
        self.folder.join("todo.txt")
    }

    /// Sets the clock to so many seconds after the real time.
    pub fn clock(&self, offset: f64) {
        std::fs::write(self.folder.join("offset"), offset.to_string()).unwrap();
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_todo"));
        command.args(arguments).current_dir(&self.folder);
        command.env("TODO_FILE", self.file()).env("TODO_CLOCK_OFFSET_FILE", self.folder.join("offset"));
        Ran(command.output().unwrap())
    }
}

impl Drop for Todo {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What a run of the program left.
pub struct Ran(Output);

impl Ran {
    /// It succeeded and printed this.
    #[track_caller]
    pub fn prints(&self, expected: &str) {
        assert_eq!(self.output(), expected);
    }

    /// It succeeded and printed what is returned.
    #[track_caller]
    pub fn output(&self) -> String {
        assert_eq!(self.0.status.code(), Some(0), "{}", String::from_utf8_lossy(&self.0.stderr));
        assert!(self.0.stderr.is_empty());
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    /// It failed with this status, and said why in one line.
    #[track_caller]
    pub fn fails(&self, status: i32) {
        let message = String::from_utf8(self.0.stderr.clone()).unwrap();
        assert_eq!(self.0.status.code(), Some(status), "{message}");
        assert!(self.0.stdout.is_empty());
        assert!(message.starts_with("todo: ") && message.trim_end().lines().count() == 1, "{message}");
    }
}
