//! `cargo xtask test`: every check and every test, and an honest count of them.
//!
//! A test that needs something special is ignored in its source and named by a class ([`class`]).
//! Plain tests run as the user; a class runs where its need is met and is reported as skipped, with
//! the reason, where it is not.

mod audit;

mod binary;

mod check;

mod class;

mod environment;

mod fuzz;

mod kernels;

mod running;

mod supply;

mod tally;

use std::process::ExitCode;

use anyhow::Result;

use super::setup;
use environment::Environment;
use tally::Tally;

/// Runs everything. The last line on stdout is the count: `N passed, N failed, N skipped`.
///
/// The status is a failure when a check or a test failed, and when no test ran.
pub fn test() -> Result<ExitCode> {
    let tools = setup::setup()?;
    let mut tally = Tally::default();

    eprintln!("Checks");
    check::all(&mut tally);

    eprintln!("Building the tests");
    let environment = Environment::new(&tools);
    match binary::build() {
        Ok(binaries) => {
            eprintln!("Tests");
            for binary in &binaries {
                running::plain(binary, &environment, &mut tally);
            }
            running::documentation(&environment, &mut tally);
            running::classes(&binaries, &environment, &mut tally);
            eprintln!("Kernels");
            kernels::all(&mut tally);
            eprintln!("Fuzzing");
            fuzz::all(&mut tally);
        }
        Err(why) => tally.fail(&format!("{why:#}")),
    }
    println!("{tally}");
    Ok(if tally.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
