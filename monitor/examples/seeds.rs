//! Writes the seeds of the fuzz targets: `seeds FOLDER`.

use std::path::PathBuf;
use std::{env, fs, io};

#[path = "../../fuzz/shared/seeds.rs"]
mod seeds;

fn main() -> io::Result<()> {
    let folder: PathBuf = env::args_os()
        .nth(1)
        .unwrap_or_else(|| "corpus".into())
        .into();
    for (target, name, bytes) in seeds::seeds() {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
