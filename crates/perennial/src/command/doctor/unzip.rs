use std::fs::File;
use std::io::{BufReader, Read};

use doctor::Evidence;
use doctor::fact::Limit;
use zip::ZipArchive;

use super::apart::Readers;
use super::gather::stream;

/// Entries of an archive that are read.
const MOST_ENTRIES: usize = 20_000;
/// Octets that all entries of an archive may unpack to.
const MOST_OCTETS: u64 = 16 << 30;
/// Octets an entry may unpack to whatever its packed size.
const FREE: u64 = 64 << 20;
/// Beyond that, octets per packed octet. Logs pack to a twentieth; bombs to a thousandth.
const RATIO: u64 = 200;

/// Reads the entries of an archive one after another; nothing is unpacked to disk. An entry is called
/// `archive.zip/path`.
pub(super) fn unzip(name: &str, file: File, evidence: &mut Evidence, readers: &Readers) -> std::io::Result<()> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(std::io::Error::other)?;
    let mut left = MOST_OCTETS;
    for at in 0..archive.len().min(MOST_ENTRIES) {
        let entry = match archive.by_index(at) {
            Ok(entry) if entry.is_dir() => continue,
            Ok(entry) => entry,
            Err(error) => {
                evidence.trouble(Evidence::whole(&name.into()), format!("entry {at}: {error}"));
                continue;
            }
        };
        let within = entry.name().map_or_else(|_| format!("entry {at}"), |within| within.replace(['\\', '\0'], "/"));
        let inner = format!("{name}/{within}");
        let allowed = entry.compressed_size().saturating_mul(RATIO).max(FREE).min(left);
        let mut bounded = Bounded { source: entry, left: allowed, stopped: false };
        let outcome = stream(&inner, &mut bounded, evidence, readers, |octets| left = left.saturating_sub(octets));
        if bounded.stopped {
            evidence.limits_hit.push(Limit::Size { file: inner.as_str().into(), read: allowed });
        }
        if let Err(error) = outcome {
            evidence.trouble(Evidence::whole(&inner.as_str().into()), error.to_string());
        }
    }
    if archive.len() > MOST_ENTRIES {
        let says = format!("more than {MOST_ENTRIES} entries; the rest was not read");
        evidence.trouble(Evidence::whole(&name.into()), says);
    }
    Ok(())
}

/// A stream that ends when enough was read, and says whether there was more.
struct Bounded<R> {
    source: R,
    left: u64,
    stopped: bool,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let mut more = [0];
            self.stopped = self.source.read(&mut more)? > 0;
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(room.len());
        let read = self.source.read(room.get_mut(..most).unwrap_or_default())?;
        self.left -= read as u64;
        Ok(read)
    }
}
