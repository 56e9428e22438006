//! How fast evidence is read: one gibibyte of event logs by `perennial doctor`, beside `evtx_dump` on the same files, and
//! one gibibyte of IIS log, with the processor time and the most memory each took.
//!
//! `cargo build --release -p perennial && cargo run --release -p doctor --example bench_doctor`
//!
//! `evtx_dump` is the program of the `evtx` crate itself, in the version that the doctor is built with, writing what it
//! writes by default (XML) to `/dev/null`:
//! `cargo install --locked --root target/tools --version VERSION evtx`, or anywhere on the PATH. Both programs run once
//! with every core and once held to one core (`taskset`). The files are made of the sample logs in `fixtures/doctor/evtx`,
//! their chunks repeated, and lie in a temporary folder; they are read once before the clock runs.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, clippy::unwrap_used, missing_docs)]
#![allow(clippy::cast_precision_loss, reason = "octets and ticks as ratios")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use doctor::Evidence;
use doctor::source::Reading;

const TOTAL: usize = 1 << 30;
/// As large as the doctor tells administrators to let the CAPI2 log grow.
const EACH: usize = 128 << 20;
const HEADER: usize = 4096;
const CHUNK: usize = 64 << 10;
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/doctor");

struct Set {
    says: &'static str,
    files: Vec<PathBuf>,
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::temp_dir().join(format!("bench-doctor-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let only = std::env::args().nth(1).unwrap_or_default();
    let sets = [
        event_logs(
            &folder,
            "event logs: CAPI2, Security, Application",
            &["capi2-windows.evtx", "sample-with-zero-data-size-event.evtx", "sample_with_a_bad_chunk_magic.evtx"],
        ),
        event_logs(&folder, "event logs: CAPI2 alone", &["capi2-windows.evtx"]),
        web_log(&folder, "IIS log", &std::fs::read(format!("{FIXTURES}/iis/u_ex260329.log")).unwrap()),
        web_log(&folder, "IIS log of nothing but enrolments", enrolments().as_bytes()),
    ];
    println!("{}; load of the machine: {}\n", beside(&root), loads());
    println!("| evidence (1 GiB) | read by | cores | seconds | CPU seconds | MB/s | MiB at most | times evtx_dump |");
    println!("|---|---|---|---|---|---|---|---|");
    for set in &sets {
        warm(&set.files);
        if only == "library" {
            library(set);
        } else {
            programs(set, &root);
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Logs of [`EACH`] octets whose chunks are those of the samples, over and over.
fn event_logs(folder: &Path, says: &'static str, samples: &[&str]) -> Set {
    let samples: Vec<_> =
        samples.iter().map(|name| std::fs::read(format!("{FIXTURES}/evtx/{name}")).unwrap()).collect();
    let files = (0..TOTAL / EACH).map(|n| {
        let sample = &samples[n % samples.len()];
        let (header, chunks) = sample.split_at(HEADER);
        let path = folder.join(format!("{}-{n}.evtx", samples.len()));
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(header).unwrap();
        let mut left = (EACH - HEADER) / CHUNK * CHUNK;
        while left > 0 {
            let take = left.min(chunks.len());
            file.write_all(&chunks[..take]).unwrap();
            left -= take;
        }
        path
    });
    Set { says, files: files.collect() }
}

/// What a thousand devices leave in the log of the NDES host.
fn enrolments() -> String {
    let fields = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status \
                  sc-substatus sc-win32-status time-taken";
    let mut log = format!("#Software: Microsoft Internet Information Services 10.0\r\n#Fields: {fields}\r\n");
    for device in 0..1000 {
        let time = format!("2026-11-23 09:{:02}:{:02}", device / 60 % 60, device % 60);
        let client = format!("10.1.{}.{} iOS/17.0", device / 250, device % 250 + 1);
        for (method, operation) in
            [("GET", "GetCACaps&message=default"), ("GET", "GetCACert&message=default"), ("POST", "PKIOperation")]
        {
            log.push_str(&format!(
                "{time} 10.0.0.5 {method} /certsrv/mscep/mscep.dll operation={operation} 80 - {client} 200 0 0 12\r\n"
            ));
        }
    }
    log
}

/// One log, its lines those of the sample, over and over.
fn web_log(folder: &Path, says: &'static str, sample: &[u8]) -> Set {
    let path = folder.join(format!("u_ex-{}.log", sample.len()));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let mut lines = sample.split_inclusive(|octet| *octet == b'\n').cycle();
    let mut written = 0;
    while written < TOTAL {
        let line = lines.next().unwrap();
        file.write_all(line).unwrap();
        written += line.len();
    }
    file.flush().unwrap();
    Set { says, files: vec![path] }
}

/// The readers alone, in this process, on one core.
fn library(set: &Set) {
    let mut evidence = Evidence::default();
    let mut chunk = vec![0; 256 << 10];
    let (started, before) = (Instant::now(), processor_time(Whose::Own));
    for path in &set.files {
        let mut file = std::fs::File::open(path).unwrap();
        let mut reading = Reading::new(&path.to_string_lossy());
        loop {
            match file.read(&mut chunk).unwrap() {
                0 => break,
                read => reading.feed(&chunk[..read], &mut evidence),
            }
        }
        reading.finish(&mut evidence);
    }
    let cost =
        Cost { took: started.elapsed(), cpu: processor_time(Whose::Own) - before, memory: memory("self").unwrap() };
    row(set, "the library", "1", &cost, None);
    let items: u64 = evidence.sources.iter().map(|source| source.items).sum();
    eprintln!("{items} items, {} facts, {:?}", evidence.facts.len(), evidence.limits_hit);
}

struct Cost {
    took: Duration,
    cpu: f64,
    memory: f64,
}

fn programs(set: &Set, root: &Path) {
    let perennial = root.join("target/release/perennial");
    for (cores, held) in [("all", false), ("1", true)] {
        let dump = set.says.starts_with("event").then(|| evtx_dump(root)).flatten().map(|program| {
            let each = set.files.iter().map(|file| {
                let mut command = command(&program, held);
                command.arg(file);
                run(command)
            });
            let whole =
                each.reduce(|a, b| Cost { took: a.took + b.took, cpu: a.cpu + b.cpu, memory: a.memory.max(b.memory) });
            whole.unwrap()
        });
        if let Some(dump) = &dump {
            row(set, "evtx_dump", cores, dump, None);
        } else if set.says.starts_with("event") {
            println!("| {} | evtx_dump is not installed | | | | | | |", set.says);
        }
        let mut command = command(&perennial, held);
        command.arg("doctor").args(&set.files).args(["--format", "json"]);
        let ours = run(command);
        row(set, "perennial doctor", cores, &ours, dump.as_ref());
    }
}

/// The program as `cargo install` puts it, or as it is found on the PATH.
fn evtx_dump(root: &Path) -> Option<PathBuf> {
    let own = root.join("target/tools/bin/evtx_dump");
    let program = if own.exists() { own } else { PathBuf::from("evtx_dump") };
    Command::new(&program).arg("--version").output().is_ok().then_some(program)
}

/// What is measured beside ours, and how it is called.
fn beside(root: &Path) -> String {
    let said = evtx_dump(root).and_then(|program| Command::new(program).arg("--version").output().ok());
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.map_or("evtx_dump is not installed".to_owned(), |name| {
        format!("{name} as it comes: XML to /dev/null, as many threads as cores, one file after another")
    })
}

/// Processes that wanted to run of late: with more than one for each core the seconds say little.
fn loads() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap().split(' ').take(1).collect()
}

fn command(program: &Path, held: bool) -> Command {
    if !held {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program);
    command
}

/// Runs it to its end. Memory is looked at again and again until then: the kernel keeps the most it ever was.
fn run(mut command: Command) -> Cost {
    let before = processor_time(Whose::Children);
    let started = Instant::now();
    let mut child: Child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let mut most = 0.0_f64;
    let status = loop {
        most = most.max(memory(&child.id().to_string()).unwrap_or(0.0));
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let took = started.elapsed();
    // The doctor's statuses 0 to 2 are verdicts.
    assert!(status.code().is_some_and(|code| code <= 2), "{command:?}: {status}");
    Cost { took, cpu: processor_time(Whose::Children) - before, memory: most }
}

enum Whose {
    Own,
    /// Of the children that have ended.
    Children,
}

/// Processor time in seconds: fields 14 and 15, or 16 and 17, of `/proc/self/stat`, in hundredths.
fn processor_time(whose: Whose) -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let rest = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<f64> = rest.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // The state, which is no number, is left out: the field numbered 14 is the eleventh of these.
    match whose {
        Whose::Own => (fields[10] + fields[11]) / 100.0,
        Whose::Children => (fields[12] + fields[13]) / 100.0,
    }
}

/// The most memory a process ever held, in MiB.
fn memory(process: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

fn row(set: &Set, program: &str, cores: &str, cost: &Cost, beside: Option<&Cost>) {
    let seconds = cost.took.as_secs_f64();
    let octets: u64 = set.files.iter().map(|file| std::fs::metadata(file).unwrap().len()).sum();
    let ratio = beside.map_or_else(String::new, |dump| {
        format!("{:.2} (CPU {:.2})", seconds / dump.took.as_secs_f64(), cost.cpu / dump.cpu)
    });
    println!(
        "| {} | {program} | {cores} | {seconds:.2} | {:.2} | {:.0} | {:.0} | {ratio} |",
        set.says,
        cost.cpu,
        octets as f64 / 1e6 / seconds,
        cost.memory,
    );
}

/// Brings the files into the page cache.
fn warm(files: &[PathBuf]) {
    let mut chunk = vec![0; 1 << 20];
    for path in files {
        let mut file = std::fs::File::open(path).unwrap();
        while file.read(&mut chunk).unwrap() > 0 {}
    }
}
