//! Everything that can go wrong with an archive.

use super::path::{EntryPath, PathError, show_bytes};
use crate::value::{Digest, show_bytes as show_size};
use std::fmt;
use std::io;

/// Packing or reading an archive failed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A path comes twice.
    #[error("the archive has two entries `{path}`")]
    Duplicate {
        /// The path.
        path: EntryPath,
    },
    /// An entry lies below something that is no folder.
    #[error("the archive has an entry `{path}` below `{ancestor}`, which is no folder")]
    Beneath {
        /// The entry.
        path: EntryPath,
        /// The file or link above it.
        ancestor: EntryPath,
    },
    /// The same, where the file or link comes after what lies below it.
    #[error("the archive has entries below `{path}`, which is no folder")]
    NoFolder {
        /// The file or link.
        path: EntryPath,
    },
    /// A symbolic or hard link could lead out of the archive's folder.
    #[error("the link `{path}` leads out of the archive, to `{}`", show_bytes(.target))]
    LinkLeaves {
        /// The link.
        path: EntryPath,
        /// Where it leads.
        target: Vec<u8>,
    },
    /// A file to pack has the name of the manifest.
    #[error("`{path}` cannot be packed: the name belongs to the archive's own manifest")]
    Reserved {
        /// The file.
        path: EntryPath,
    },
    /// A file to pack is longer than any that can be packed; files with holes may say so.
    #[error("`{path}` has {size} bytes, which is too much to pack")]
    TooLarge {
        /// The file.
        path: EntryPath,
        /// Its length.
        size: u64,
    },
    /// A file to pack could not be opened.
    #[error("cannot open `{path}` to pack it")]
    OpenFile {
        /// The file.
        path: EntryPath,
        /// Why.
        #[source]
        err: io::Error,
    },
    /// A file to pack could not be read.
    #[error("cannot read `{path}` to pack it")]
    ReadFile {
        /// The file.
        path: EntryPath,
        /// Why.
        #[source]
        err: io::Error,
    },
    /// A file is longer than it was when the list of files was made.
    #[error("`{path}` grew beyond {size} bytes while it was packed")]
    Grew {
        /// The file.
        path: EntryPath,
        /// The length it had.
        size: u64,
    },
    /// A file is shorter than it was when the list of files was made.
    #[error("`{path}` shrank from {size} to {read} bytes while it was packed")]
    Shrank {
        /// The file.
        path: EntryPath,
        /// The length it had.
        size: u64,
        /// The length it has.
        read: u64,
    },
    /// The archive could not be written.
    #[error("cannot write the archive")]
    Write(#[source] io::Error),
    /// The archive could not be read from where it lies.
    #[error("cannot read the archive")]
    Read(#[source] io::Error),
    /// The file ends too early.
    #[error("the archive is cut off after {at} unpacked bytes")]
    Truncated {
        /// How much could be unpacked.
        at: u64,
    },
    /// The bytes are no gzip, or their checksum is wrong.
    #[error("the archive is damaged after {at} unpacked bytes")]
    Damaged {
        /// How much could be unpacked.
        at: u64,
        /// What the decoder says.
        #[source]
        err: io::Error,
    },
    /// Something is not as an archive has it.
    #[error("the archive is malformed {place}")]
    Malformed {
        /// Where.
        place: Place,
        /// What is wrong.
        #[source]
        fault: Fault,
    },
    /// An entry has a path that cannot be unpacked.
    #[error("the archive has an entry with the unsafe path `{}`", show_bytes(.path))]
    BadPath {
        /// The path as stored.
        path: Vec<u8>,
        /// What is wrong with it.
        #[source]
        err: PathError,
    },
    /// An entry is neither file nor folder nor link.
    #[error("the archive has `{path}` as {what}, which is not unpacked")]
    Unsupported {
        /// The entry.
        path: EntryPath,
        /// What it is, with its article.
        what: String,
    },
    /// The archive holds more than the reader is ready to unpack.
    #[error("the archive holds more than is allowed: {0}")]
    Bomb(Excess),
    /// The manifest is of a newer kind.
    #[error("the archive's manifest has version {version}; this shmoo reads version {known}")]
    Newer {
        /// Its version.
        version: u64,
        /// The newest one that is known.
        known: u64,
    },
    /// The content of a file is not what the manifest says.
    #[error("`{path}` has changed: SHA-256 is {found}, its manifest says {expected}")]
    Changed {
        /// The file.
        path: EntryPath,
        /// The digest in the manifest.
        expected: Digest,
        /// The digest of the content.
        found: Digest,
    },
    /// The whole archive is not what was written.
    #[error("the archive has changed: SHA-256 of its members is {found}, its trailer says {expected}")]
    ArchiveChanged {
        /// The digest in the trailer.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
    /// An entry and its line in the manifest disagree.
    #[error("`{path}` is not as the archive's manifest has it: {what}")]
    Disagrees {
        /// The entry.
        path: EntryPath,
        /// In which way.
        what: &'static str,
    },
    /// The file asked for is not there.
    #[error("the archive has no file `{path}`")]
    NoSuchFile {
        /// The path.
        path: EntryPath,
        /// The nearest path that is there.
        nearest: Option<EntryPath>,
    },
    /// What was unpacked could not be stored.
    #[error("cannot restore `{path}`")]
    Restore {
        /// The entry.
        path: EntryPath,
        /// Why.
        #[source]
        err: io::Error,
    },
}

/// Where in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At an offset of the unpacked bytes.
    At(u64),
    /// In the manifest.
    Manifest,
    /// In the last bytes of the file.
    Trailer,
}

/// In which way an archive is malformed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The checksum of a header is wrong.
    #[error("the checksum of a tar header is wrong")]
    HeaderChecksum,
    /// A number in a header cannot be read.
    #[error("a tar header has no readable {0}")]
    Number(&'static str),
    /// A name or a PAX record is too long to be one.
    #[error("a name or PAX record of {0} bytes")]
    LongRecord(u64),
    /// A PAX record is not `LENGTH KEY=VALUE`.
    #[error("a PAX record is not of the form `LENGTH KEY=VALUE`")]
    Pax,
    /// A long name with nothing that it belongs to.
    #[error("a long name or PAX record is followed by no entry")]
    Dangling,
    /// A link or a folder with content.
    #[error("an entry that is no file has content")]
    Content,
    /// Something follows the end of the tar.
    #[error("bytes follow the end of the tar")]
    AfterEnd,
    /// The manifest is no manifest.
    #[error(transparent)]
    Json(serde_json::Error),
    /// The manifest says something impossible.
    #[error("{0}")]
    Manifest(&'static str),
    /// There is a manifest, but no trailer that leads to it.
    #[error("the manifest is there, the index at the end of the file is not")]
    NoTrailer,
    /// A gzip member does not begin or end where the manifest says.
    #[error("gzip member {0} is not where the manifest has it")]
    Member(usize),
}

/// Which limit an archive exceeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Excess {
    /// More than this many entries.
    Entries(u64),
    /// A file of more than this many bytes.
    File(EntryPath, u64),
    /// More than this many unpacked bytes.
    Total(u64),
    /// More than this many unpacked bytes per packed byte.
    Ratio(u64),
    /// A manifest of more than this many bytes.
    Manifest(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::At(at) => write!(f, "at unpacked byte {at}"),
            Place::Manifest => f.write_str("in its manifest"),
            Place::Trailer => f.write_str("at its end"),
        }
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Excess::Entries(most) => write!(f, "over {most} entries"),
            Excess::File(path, most) => write!(f, "`{path}` is over {}", show_size(*most)),
            Excess::Total(most) => write!(f, "over {} in all", show_size(*most)),
            Excess::Ratio(most) => write!(f, "it unpacks to over {most} times its size"),
            Excess::Manifest(most) => write!(f, "its manifest is over {}", show_size(*most)),
        }
    }
}

impl ArchiveError {
    /// Returns what a person can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            ArchiveError::Grew { .. } | ArchiveError::Shrank { .. } => {
                "something still writes to this file; stop it and pack again".to_owned()
            }
            ArchiveError::LinkLeaves { .. } => {
                "links must be relative, with `..` only in front; leave this one out or replace it by a copy".to_owned()
            }
            ArchiveError::Truncated { .. } => "the file was cut short; fetch it again".to_owned(),
            ArchiveError::Malformed { fault: Fault::NoTrailer, .. } => {
                "the end of the file was cut off, or it was packed again by another program; \
                 `tar xzf` still unpacks what is there"
                    .to_owned()
            }
            ArchiveError::Bomb(_) => "raise the limits only if you know who made this archive".to_owned(),
            ArchiveError::Newer { .. } => "use a newer shmoo, or unpack it with `tar xzf`".to_owned(),
            ArchiveError::NoSuchFile { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            _ => return None,
        })
    }

    /// Turns the error of a stream into ours: streams carry our errors inside `io::Error`.
    pub(super) fn from_stream(err: io::Error, at: u64) -> ArchiveError {
        match err.downcast::<ArchiveError>() {
            Ok(ours) => ours,
            Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => ArchiveError::Truncated { at },
            Err(err) => ArchiveError::Damaged { at, err },
        }
    }

    /// Makes an error that a stream can carry.
    pub(super) fn into_stream(self) -> io::Error {
        io::Error::other(self)
    }

    pub(super) fn malformed(at: u64, fault: Fault) -> ArchiveError {
        ArchiveError::Malformed { place: Place::At(at), fault }
    }

    pub(super) fn manifest(what: &'static str) -> ArchiveError {
        ArchiveError::Malformed { place: Place::Manifest, fault: Fault::Manifest(what) }
    }
}
