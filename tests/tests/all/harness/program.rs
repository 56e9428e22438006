//! Other programs: found, run with a time limit, and looked at afterwards.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a program that has ended left.
pub(crate) struct Ran {
    pub(crate) line: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    /// Panics with all it said unless it ended with 0.
    pub(crate) fn succeeded(self) -> Ran {
        assert!(self.status.success(), "{}", self.story());
        self
    }

    /// Panics with all it said unless it ended with something else than 0.
    pub(crate) fn failed(self) -> Ran {
        assert!(!self.status.success(), "should have failed: {}", self.story());
        self
    }

    /// Standard output.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output and error together.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.text(), self.stderr)
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.story()))
    }

    /// What was run and what came of it.
    pub(crate) fn story(&self) -> String {
        format!("{}\n{}\n{}", self.line, self.status, self.said())
    }
}

/// Runs a program to its end, for as long as `limit`; a longer run is ended and is a failure of the test.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Ran {
    let line = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let status = wait(&mut child, limit);
    let stdout = stdout.join().expect("its output");
    let stderr = String::from_utf8_lossy(&stderr.join().expect("its errors")).into_owned();
    let Some(status) = status else { panic!("{line} did not end in {limit:?}:\n{stderr}") };
    Ran { line, status, stdout, stderr }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut out = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut out);
        }
        out
    })
}

/// Waits for a process; after `limit` it is killed, and there is no status.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a status") {
            return Some(status);
        }
        if begun.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Where a foreign program is: by its path, or by its name on the search path. If it is missing the test says so and
/// is over, and fails where `CI` is `true`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let found = if program.contains('/') {
        Some(PathBuf::from(program)).filter(|path| path.is_file())
    } else {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        // Some belong to administrators and are not on everybody's path.
        let more = ["/usr/sbin", "/sbin"].map(PathBuf::from);
        std::env::split_paths(&folders).chain(more).map(|folder| folder.join(program)).find(|path| path.is_file())
    };
    if found.is_none() {
        missing(program, std::env::var("CI").ok().as_deref());
    }
    found
}

fn missing(program: &str, ci: Option<&str>) {
    println!("not run: {program} is not installed");
    assert!(ci != Some("true"), "{program} is not installed, and CI=true");
}

#[test]
fn a_missing_program_is_said_so() {
    missing("no-such-program", None);
    missing("no-such-program", Some("false"));
    assert!(find("sh").is_some());
}

#[test]
#[should_panic(expected = "no-such-program is not installed, and CI=true")]
fn a_missing_program_fails_where_all_must_be_there() {
    missing("no-such-program", Some("true"));
}

/// The foreign program, or the end of the test that needs it.
macro_rules! need {
    ($program:expr) => {
        match $crate::harness::program::find($program) {
            Some(path) => path,
            None => return,
        }
    };
}
pub(crate) use need;

/// Runs a foreign program in a folder, for a minute at most.
pub(crate) fn foreign(program: &Path, folder: &Path, arguments: &[&str]) -> Ran {
    run(Command::new(program).args(arguments).current_dir(folder), Duration::from_secs(60))
}
