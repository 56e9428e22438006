//! A short run through every door: all seeds, then mutations of them that are the same every time. `make fuzz` is the
//! long run, guided by coverage.

use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use tests::doors::{self, Door};

/// For all doors together; `FUZZ_SMOKE_SECONDS` sets another.
const SECONDS: f64 = 20.0;
/// For one entry, on a slow and busy machine, unoptimised.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn every_door_holds_against_its_seeds_and_their_mutations() {
    let seconds = std::env::var("FUZZ_SMOKE_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(SECONDS);
    let share = Duration::from_secs_f64(seconds / doors::ALL.len() as f64);
    for door in doors::ALL {
        let seeds = (door.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", door.name);
        seeds.iter().for_each(|seed| enter(door, seed));
        let mut mutations = Mutations::of(&seeds);
        let (start, mut count) = (Instant::now(), 0_u64);
        while start.elapsed() < share {
            enter(door, &mutations.next());
            count += 1;
        }
        println!("{}: {} seeds, {count} mutations", door.name, seeds.len());
        assert!(count > 0);
    }
}

/// Goes in; what panics or takes long is kept in a file.
fn enter(door: &Door, octets: &[u8]) {
    let start = Instant::now();
    let outcome = catch_unwind(|| (door.enter)(octets));
    if outcome.is_ok() && start.elapsed() < PATIENCE {
        return;
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.input", door.name));
    std::fs::write(&path, octets).expect("kept");
    panic!("the door `{}` does not hold against {} ({:?})", door.name, path.display(), start.elapsed());
}

/// Mutated seeds, without end and always the same.
struct Mutations<'a> {
    seeds: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Mutations<'a> {
    fn of(seeds: &'a [Vec<u8>]) -> Mutations<'a> {
        Mutations { seeds, state: 0x2545_f491_4f6c_dd1d }
    }

    /// A number below `bound` (xorshift).
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state % bound.max(1) as u64) as usize
    }

    fn seed(&mut self) -> &'a [u8] {
        let at = self.below(self.seeds.len());
        &self.seeds[at]
    }

    fn next(&mut self) -> Vec<u8> {
        let mut octets = self.seed().to_vec();
        for _ in 0..=self.below(4) {
            self.mutate(&mut octets);
        }
        octets
    }

    fn mutate(&mut self, octets: &mut Vec<u8>) {
        const TELLING: [u8; 12] = [0, 1, 0x02, 0x04, 0x24, 0x30, 0x31, 0x7f, 0x80, 0x84, 0xa0, 0xff];
        let at = self.below(octets.len());
        let end = (at + self.below(64)).min(octets.len());
        match self.below(7) {
            0 => octets.truncate(at),
            1 => drop(octets.drain(at..end)),
            2 => {
                let again = octets[at..end].to_vec();
                octets.splice(at..at, again);
            }
            3 => octets.insert(at, TELLING[self.below(TELLING.len())]),
            4 => {
                let other = self.seed();
                let from = self.below(other.len());
                octets.truncate(at);
                octets.extend_from_slice(&other[from..]);
            }
            kind => {
                let (bit, telling) = (self.below(8), TELLING[self.below(TELLING.len())]);
                if let Some(octet) = octets.get_mut(at) {
                    *octet = if kind == 5 { *octet ^ (1 << bit) } else { telling };
                }
            }
        }
    }
}

#[test]
fn every_door_has_a_fuzz_target_of_its_name_and_no_target_is_without_a_door() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("fuzz/Cargo.toml");
    let manifest: toml::Table = manifest.parse().expect("toml");
    let mut targets: Vec<&str> =
        manifest["bin"].as_array().expect("targets").iter().map(|t| t["name"].as_str().expect("name")).collect();
    let mut doors: Vec<&str> = doors::ALL.iter().map(|door| door.name).collect();
    targets.sort_unstable();
    doors.sort_unstable();
    assert_eq!(targets, doors);
    for door in doors {
        let text = std::fs::read_to_string(folder.join(format!("fuzz_targets/{door}.rs"))).expect(door);
        assert!(text.contains(&format!("tests::doors::{door}(data)")), "{door}");
    }
}
