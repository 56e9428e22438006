//! A policy module that is a program: it gets `{"verb": …}` with the words of that verb as JSON on its standard input;
//! its exit status and the first line of its standard output decide.
//!
//! | verb | exit status 0 and | exit status 1 and | anything else |
//! |---|---|---|---|
//! | verify | `valid`, or `valid {"expires": …}` | `refused: WHY` | no answer |
//! | challenge | `{"id": …, "challenge": …, "expires": …}` | `refused: WHY` | no answer |
//! | notify | anything | no answer | no answer |

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use ra::Reason;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::remote::shown;
use super::words::{Detail, NewChallenge, Notification, Question, Reasons, Valid, Verdict, Wanted};
use super::{Answering, NoAnswer, PolicyModule};

/// Octets of a program's output that are read.
const LONGEST: u64 = 64 << 10;

/// A program.
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) folder: PathBuf,
    pub(super) timeout: Duration,
}

/// What a program gets on its standard input.
#[derive(Serialize)]
struct Said<'a, T: Serialize> {
    verb: &'a str,
    #[serde(flatten)]
    words: &'a T,
}

/// How a program ended.
struct Ended {
    status: i32,
    first_line: String,
}

impl PolicyModule for Program {
    fn challenge<'a>(&'a self, wanted: &'a Wanted) -> Answering<'a, NewChallenge> {
        Box::pin(async move {
            let ended = self.run("challenge", wanted).await?;
            if ended.status != 0 {
                return Err(ended.rejection());
            }
            serde_json::from_str(&ended.first_line).map_err(|e| NoAnswer::Unreadable(e.to_string()))
        })
    }

    fn verify<'a>(&'a self, question: &'a Question) -> Answering<'a, Verdict> {
        Box::pin(async move { verdict(self.run("verify", question).await?) })
    }

    fn notify<'a>(&'a self, notification: &'a Notification) -> Answering<'a, ()> {
        Box::pin(async move {
            let ended = self.run("notify", notification).await?;
            if ended.status == 0 { Ok(()) } else { Err(ended.rejection()) }
        })
    }
}

impl Ended {
    fn rejection(&self) -> NoAnswer {
        NoAnswer::Rejected { status: self.status, says: shown(&self.first_line) }
    }
}

fn verdict(ended: Ended) -> Result<Verdict, NoAnswer> {
    match (ended.status, ended.first_line.trim()) {
        (0, "valid") => Ok(Verdict::Valid(Valid::default())),
        (0, line) if line.starts_with("valid {") => {
            let words = line.trim_start_matches("valid ");
            serde_json::from_str(words).map(Verdict::Valid).map_err(|e| NoAnswer::Unreadable(e.to_string()))
        }
        (1, line) if line.starts_with("refused") => {
            let why = line.trim_start_matches("refused").trim_start_matches([':', ' ']);
            let detail =
                Detail { code: Reason::ModuleRefused.text().to_owned(), detail: shown(why), ..Detail::default() };
            Ok(Verdict::Refused(Reasons { refusals: vec![detail] }))
        }
        (0 | 1, line) => {
            Err(NoAnswer::Unreadable(format!("exit status {} and the line `{}`", ended.status, shown(line))))
        }
        _ => Err(ended.rejection()),
    }
}

impl Program {
    /// Runs the program to its end; one that takes too long is ended.
    async fn run<T: Serialize + Sync>(&self, verb: &str, words: &T) -> Result<Ended, NoAnswer> {
        let input = serde_json::to_vec(&Said { verb, words }).map_err(|e| NoAnswer::NotAsked(e.to_string()))?;
        let child = Command::new(self.folder.join(&self.path))
            .args(&self.arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| NoAnswer::Unreachable(format!("{}: {e}", self.path.display())))?;
        match tokio::time::timeout(self.timeout, talk(child, &input)).await {
            Ok(Ok(ended)) => Ok(ended),
            Ok(Err(error)) => Err(NoAnswer::Unreachable(error.to_string())),
            Err(_) => Err(NoAnswer::TimedOut(self.timeout)),
        }
    }
}

/// Writes and reads at the same time, so that neither side waits for the other. A program need not read its input.
async fn talk(mut child: Child, input: &[u8]) -> std::io::Result<Ended> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(input).await;
        }
    };
    let read = async {
        let mut output = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(LONGEST).read_to_end(&mut output).await?;
        }
        Ok::<_, std::io::Error>(output)
    };
    let ((), output) = tokio::join!(write, read);
    let output = output?;
    let status = child.wait().await?.code().unwrap_or(-1);
    let text = String::from_utf8_lossy(&output);
    Ok(Ended { status, first_line: text.lines().next().unwrap_or_default().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(status: i32, line: &str) -> Result<Verdict, NoAnswer> {
        verdict(Ended { status, first_line: line.to_owned() })
    }

    #[test]
    fn exit_status_and_first_line_decide_together() {
        assert_eq!(decided(0, "valid"), Ok(Verdict::Valid(Valid::default())));
        let once = Valid { expires: Some(9), ..Valid::default() };
        assert_eq!(decided(0, "valid {\"expires\": 9}"), Ok(Verdict::Valid(once)));
        let Ok(Verdict::Refused(reasons)) = decided(1, "refused: not in the list") else { panic!("a refusal") };
        assert_eq!(
            (reasons.refusals[0].code.as_str(), reasons.refusals[0].detail.as_str()),
            ("module.refused", "not in the list")
        );
        for (status, line) in
            [(1, "valid"), (0, "refused: x"), (0, ""), (0, "validated"), (2, "valid"), (-1, "valid"), (0, "valid {")]
        {
            assert!(decided(status, line).is_err(), "{status} {line}");
        }
    }
}
