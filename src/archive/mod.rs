//! Entries -> tar.gz, and back.
//!
//! An archive is an ordinary `.tar.gz`, for `tar`, Python and everybody. It is made of independent
//! gzip members of about 1 MiB unpacked, cut where entries end, so that several threads can make
//! it and one file can be read without the rest. Its last entry is the manifest, with the SHA-256
//! of every file and the place of every entry; an empty gzip member at the very end says where the
//! manifest is.
//!
//! ```text
//! member .. member   entries, sorted by path; small ones share a member, large ones have many
//! member ..          .shmoo/manifest.json, and the end of the tar
//! empty member       where the manifest is, SHA-256 of all bytes before
//! ```
//!
//! Data in: `Entry`s and their content, or something that can be read at any place. Data out: bytes
//! to a writer, or `Item`s and their content to a `Sink`.
//!
//! Invariants: the same entries give the same bytes. Memory does not depend on the size of the
//! files. Nothing that is read can name a place outside the archive's folder, and nothing here
//! knows of a disk. Of our archives, `verify` notices every changed and every missing byte.

mod checked;
mod entry;
mod error;
mod gunzip;
mod header;
mod layout;
mod limits;
mod manifest;
mod member;
mod open;
mod pack;
mod path;
mod read_at;
mod tar_stream;
mod trailer;
mod tree;

#[cfg(test)]
mod tests;

pub use entry::{Content, Entry, EntryKind, Item, ItemKind, Sink};
pub use error::{ArchiveError, Excess, Fault, Place};
pub use limits::Limits;
pub use manifest::Manifest;
pub use member::Level;
pub use open::{Archive, Tally};
pub use pack::{PackOptions, Packed, pack};
pub use path::{EntryPath, PathError, link_stays_inside};
pub use read_at::ReadAt;
