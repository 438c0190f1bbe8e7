//! `monitor syscalls`: the map from calls to the model's vocabulary.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use clap::Args;
use clap::builder::PossibleValue;
use monitor::report::syscalls::{write_json, write_text};
use monitor::syscall::event::Abi;
use monitor::syscall::table;

use super::Format;
use super::status::Exit;

/// Options of `monitor syscalls`.
#[derive(Args, Clone, Copy, Debug)]
pub struct SyscallsArgs {
    /// Which table; without it, this host's
    #[arg(long, value_name = "ABI")]
    abi: Option<AbiName>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// An ABI by its name on the command line.
#[derive(Clone, Copy, Debug)]
pub struct AbiName(pub Abi);

impl clap::ValueEnum for AbiName {
    fn value_variants<'a>() -> &'a [Self] {
        static NAMES: [AbiName; Abi::ALL.len()] = [
            AbiName(Abi::ALL[0]),
            AbiName(Abi::ALL[1]),
            AbiName(Abi::ALL[2]),
            AbiName(Abi::ALL[3]),
            AbiName(Abi::ALL[4]),
            AbiName(Abi::ALL[5]),
        ];
        &NAMES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let value = PossibleValue::new(table::abi_name(self.0));
        Some(match self.0 {
            Abi::X86_64 => value.alias("x86_64"),
            Abi::Aarch64 => value.alias("arm64"),
            _ => value,
        })
    }
}

/// Prints the table.
pub fn run(args: SyscallsArgs) -> Result<Exit> {
    let abi = args.abi.map_or_else(table::host, |AbiName(abi)| abi);
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        Format::Text => write_text(&mut out, abi)?,
        Format::Json => write_json(&mut out, abi)?,
    }
    out.flush()?;
    Ok(Exit::Quiet)
}
