use std::fs::File;
use std::io::{IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};

use doctor::Evidence;
use doctor::source::Reading;
use indicatif::{ProgressBar, ProgressStyle};

use super::apart::{Queue, Readers, Underway};
use super::unzip;
use crate::failure::Failure;

/// Octets read at once.
const CHUNK: usize = 256 << 10;
/// Files taken from folders; who has more points at the wrong folder.
const MOST_FILES: usize = 20_000;
/// Folders inside folders.
const DEEPEST: usize = 32;

/// Reads everything that the paths lead to. Files that cannot be read are noted in the evidence; a path that leads
/// nowhere is an error.
pub(in crate::command) fn gather(paths: &[PathBuf], evidence: &mut Evidence) -> Result<(), Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            files.push(path.clone());
            continue;
        }
        let found = std::fs::metadata(path).map_err(|error| {
            Failure::new("doctor.path", format!("{}: {error}", path.display())).with_next(
                "name files or folders of evidence; `perennial doctor --what-to-collect` says how to get them",
            )
        })?;
        if found.is_dir() { list(path, DEEPEST, &mut files, evidence) } else { files.push(path.clone()) }
    }
    let sizes = files.iter().filter_map(|path| std::fs::metadata(path).ok()).map(|found| found.len());
    let progress = bar(sizes.sum());
    let queue = Queue::new();
    std::thread::scope(|scope| {
        let readers = Readers::start(scope, &queue);
        for path in &files {
            progress.set_message(path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned());
            if let Err(error) = one(path, evidence, &readers, &progress) {
                trouble(path, &error.to_string(), evidence);
            }
        }
    });
    progress.finish_and_clear();
    Ok(())
}

fn trouble(path: &Path, says: &str, evidence: &mut Evidence) {
    let place = Evidence::whole(&name(path).into());
    evidence.trouble(place, says);
}

fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

fn bar(octets: u64) -> ProgressBar {
    // Small collections are read before a bar could be looked at.
    if octets < 32 << 20 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(octets);
    let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {wide_msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// The files of a folder and the folders in it, by name. Links are not followed: they may lead anywhere, or in a ring.
fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>, evidence: &mut Evidence) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return trouble(folder, &error.to_string(), evidence),
    };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let Ok(kind) = entry.file_type() else { continue };
        if files.len() >= MOST_FILES {
            return trouble(folder, &format!("more than {MOST_FILES} files; the rest was not read"), evidence);
        }
        if kind.is_dir() {
            match depth.checked_sub(1) {
                Some(depth) => list(&entry.path(), depth, files, evidence),
                None => trouble(&entry.path(), "folders nest too deep; not read", evidence),
            }
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
}

fn one(path: &Path, evidence: &mut Evidence, readers: &Readers, progress: &ProgressBar) -> std::io::Result<()> {
    if path.as_os_str() == "-" {
        return stream(&name(path), std::io::stdin().lock(), evidence, readers, |_| {});
    }
    let mut file = File::open(path)?;
    let mut first = [0; 4];
    let archive = file.read_exact(&mut first).is_ok() && (first == *b"PK\x03\x04" || first == *b"PK\x05\x06");
    file.rewind()?;
    if archive {
        return unzip::unzip(&name(path), file, evidence, readers);
    }
    stream(&name(path), file, evidence, readers, |octets| progress.inc(octets))
}

/// Feeds a reader what a stream holds, in chunks.
pub(super) fn stream(
    name: &str,
    mut source: impl Read,
    evidence: &mut Evidence,
    readers: &Readers,
    mut passed: impl FnMut(u64),
) -> std::io::Result<()> {
    let mut reading = Reading::new(name);
    let mut underway = Underway::default();
    let mut chunk = vec![0; CHUNK];
    let ended = loop {
        match fill(&mut source, &mut chunk) {
            Ok(0) => break Ok(()),
            Ok(read) => {
                for stretch in reading.feed_apart(chunk.get(..read).unwrap_or_default(), evidence) {
                    readers.take(stretch, &mut underway, &mut reading, evidence);
                }
                passed(read as u64);
            }
            Err(error) => break Err(error),
        }
    };
    // What came before a read error is evidence all the same.
    underway.join_all(&mut reading, evidence);
    reading.finish(evidence);
    ended
}

/// Reads until the room is full or the stream ends: archives and pipes give little at a time. What came before an error
/// is given first.
fn fill(source: &mut impl Read, room: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(left) = room.get_mut(filled..).filter(|left| !left.is_empty()) {
        match source.read(left) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // It will be met again at the next read.
            Err(_) if filled > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
