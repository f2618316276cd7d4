//! Folders on disk: what to pack out of them, and safe unpacking into them.
//!
//! Whatever ran in a folder may have left anything there, and may still run. So nothing here
//! follows a symbolic link, and every file is reached part by part from an open folder. What is
//! made appears under its final name only when it is complete; until then it has a name with
//! `.partial-` in it, which is all that a killed process leaves behind.

mod beneath;
mod error;
mod save;
mod unpack;
mod walk;

pub use error::FolderError;
pub use save::save_whole;
pub use unpack::{restore_file_to, unpack, unpack_some, unpack_together};
pub use walk::{Folder, LeftOut, LeftOutReason, Walked};

use crate::archive::ReadAt;
use std::fs::File;
use std::io;

impl ReadAt for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }
}
