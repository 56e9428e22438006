//! The program: one command line for the service, its operators and devices.
//!
//! This crate does **not** do anything itself: it reads arguments, calls the crate that does it, and prints what came
//! of it. Exit status: 0 it is so, 1 it is not so or was refused, 2 it could not be done.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a command line touches files and the environment, and prints"
)]

mod command;
mod failure;
mod print;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let line = command::Line::parse();
    match command::run(line) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
