//! Packs, verifies and restores, for `scripts/bench/archive.sh`.
//!
//!     archive_bench pack FOLDER ARCHIVE [THREADS [LEVEL]]
//!     archive_bench verify ARCHIVE
//!     archive_bench restore ARCHIVE FOLDER
//!     archive_bench file ARCHIVE PATH TARGET

#![expect(clippy::disallowed_methods, reason = "a program of its own reads its arguments")]

use shmoo::archive::{Archive, EntryPath, Level, Limits, PackOptions, pack};
use shmoo::outside::folder::{Folder, FolderError, restore_file_to, save_whole, unpack};
use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = std::io::stdout();
    match words[..] {
        ["pack", folder, archive, ref rest @ ..] => {
            let mut options = PackOptions::new(std::thread::available_parallelism()?, serde_json::json!({}));
            if let Some(threads) = rest.first() {
                options.threads = threads.parse::<NonZeroUsize>()?;
            }
            if let Some(level) = rest.get(1) {
                options.level = Level::new(level.parse()?).ok_or("levels are 1 to 12")?;
            }
            let folder = Folder::open(folder)?;
            let walked = folder.walk(&|_| false)?;
            let packed = save_whole(Path::new(archive), |out| {
                pack(walked.entries, &folder, out, &options).map_err(FolderError::from)
            })?;
            writeln!(out, "{packed:?}")?;
        }
        ["verify", archive] => {
            let file = File::open(archive)?;
            writeln!(out, "{:?}", Archive::open(&file, Limits::default())?.verify()?)?;
        }
        ["restore", archive, folder] => {
            let file = File::open(archive)?;
            writeln!(out, "{:?}", unpack(&Archive::open(&file, Limits::default())?, Path::new(folder))?)?;
        }
        ["file", archive, path, target] => {
            let file = File::open(archive)?;
            let archive = Archive::open(&file, Limits::default())?;
            let item = restore_file_to(&archive, &EntryPath::new(path)?, Path::new(target))?;
            writeln!(out, "{item:?}")?;
        }
        _ => return Err("usage: archive_bench pack|verify|restore|file ARGUMENTS".into()),
    }
    Ok(())
}
