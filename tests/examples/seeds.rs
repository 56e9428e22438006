//! Writes the seeds of every door to a folder per door, for the fuzzers: `cargo run -p tests --example seeds -- FOLDER`.
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "this is a program that writes files")]

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: seeds FOLDER");
        std::process::exit(2);
    };
    for door in tests::doors::ALL {
        let folder = folder.join(door.name);
        std::fs::create_dir_all(&folder)?;
        let seeds = (door.seeds)();
        for seed in &seeds {
            let name = pki::digest::hex(&pki::digest::sha1(seed));
            std::fs::write(folder.join(name), seed)?;
        }
        println!("{}: {} seeds", door.name, seeds.len());
    }
    Ok(())
}
