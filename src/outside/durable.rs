//! Files that are there whole or not at all, whatever is killed when.
//!
//! A file is written under a draft's name beside its place (or in a folder of drafts on the same
//! file system), brought to the disk, then given its name in one step. Drafts that a killed process
//! left behind start with [`DRAFT_PREFIX`]; [`sweep_drafts`] removes those whose writer is gone,
//! which their lock tells.

use rustix::fs::{Advice, FlockOperation, fadvise, flock};
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::num::NonZeroU64;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use tempfile::NamedTempFile;

/// How the names of drafts start.
pub const DRAFT_PREFIX: &str = ".draft-";

/// A file that has no name of its own yet; it vanishes if it is dropped.
#[derive(Debug)]
pub struct Draft {
    file: NamedTempFile,
}

impl Draft {
    /// Starts a file that will get a name on the file system of `folder`. `mode` is reduced by the
    /// process's mask.
    pub fn create(folder: &Path, mode: u32) -> io::Result<Draft> {
        loop {
            let file = tempfile::Builder::new()
                .prefix(DRAFT_PREFIX)
                .permissions(Permissions::from_mode(mode))
                .tempfile_in(folder)?;
            // Where locks are not supported nothing is swept either.
            let _ = flock(file.as_file(), FlockOperation::NonBlockingLockShared);
            // A sweep may have come between the creation and the lock.
            if file.as_file().metadata()?.nlink() > 0 {
                return Ok(Draft { file });
            }
        }
    }

    /// Returns the open file, to write to.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Gives the file its name, in place of another one that may have it.
    pub fn publish(self, target: &Path) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(target).map_err(|error| error.error)?;
        sync_folder_of(target)
    }

    /// Gives the file its name if nothing has it. Returns whether it did.
    pub fn publish_new(self, target: &Path) -> io::Result<bool> {
        self.file.as_file().sync_all()?;
        match self.file.persist_noclobber(target) {
            Ok(_) => sync_folder_of(target).map(|()| true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
        }
    }
}

/// Writes a file whole or not at all, in place of another one that may be there; through a symbolic link, in place of
/// what it leads to. A device or a pipe, such as `/dev/null`, is written to as it is.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    save(path, |error| error, |out| out.write_all(bytes))
}

/// The same for what is written piece by piece; `failed` makes the error of a file that cannot be written.
pub fn save<T, E>(
    path: &Path,
    failed: impl Fn(io::Error) -> E,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    if let Some(mut stream) = open_stream(path).map_err(&failed)? {
        return fill(&mut stream);
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut draft = Draft::create(folder_of(&target), 0o666).map_err(&failed)?;
    let mut out = BufWriter::with_capacity(1 << 18, Early { file: draft.file(), written: 0, begun: 0 });
    let value = fill(&mut out)?;
    out.flush().map_err(&failed)?;
    drop(out);
    draft.publish(&target).map_err(&failed)?;
    Ok(value)
}

/// A new file that is brought to the disk while it is written, so that little is left for the end.
struct Early<'f> {
    file: &'f mut File,
    written: u64,
    /// What is on its way to the disk, or there.
    begun: u64,
}

/// Bytes that set off together.
const BATCH: u64 = 4 << 20;

impl Write for Early<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        if let Some(batch) = NonZeroU64::new(self.written - self.begun).filter(|batch| batch.get() >= BATCH) {
            // Linux begins to write what is said not to be needed in memory. If it does not, `publish` does.
            let _ = fadvise(&*self.file, self.begun, Some(batch), Advice::DontNeed);
            self.begun = self.written;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens what is there if it is no file that another could take the place of: a device, a pipe, a socket.
pub fn open_stream(path: &Path) -> io::Result<Option<File>> {
    match path.metadata() {
        Ok(there) if !there.is_file() && !there.is_dir() => File::options().write(true).open(path).map(Some),
        _ => Ok(None),
    }
}

/// Makes a folder and those above it, and brings their names to the disk.
pub fn create_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    create_folder(folder_of(path))?;
    loop {
        match std::fs::create_dir(path) {
            Ok(()) => return sync_folder_of(path),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            // Another process was faster.
            Err(_) if path.is_dir() => return Ok(()),
            Err(error) if path.symlink_metadata().is_ok() => return Err(error),
            // It was, and has removed it since.
            Err(_) => {}
        }
    }
}

/// Removes the drafts in `folder` whose writers are gone, and returns how many there were.
pub fn sweep_drafts(folder: &Path) -> io::Result<usize> {
    let mut swept = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(DRAFT_PREFIX) || !entry.file_type()?.is_file() {
            continue;
        }
        let file = match File::open(entry.path()) {
            Ok(file) => file,
            // It has got its name meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            match std::fs::remove_file(entry.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                removed => swept += usize::from(removed.is_ok()),
            }
        }
    }
    Ok(swept)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Brings the names in the folder of `path` to the disk.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    match File::open(folder_of(path))?.sync_all() {
        // Some network and overlay file systems cannot sync a folder, and need not.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_is_no_file_keeps_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || {
                let mut text = String::new();
                File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
                text
            }
        });
        write_file(&pipe, b"through").unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        assert_eq!(names(folder.path()), ["pipe"]);
        // A link goes on to lead where it led.
        let (link, file) = (folder.path().join("link"), folder.path().join("file"));
        fs::write(&file, "old").unwrap();
        symlink("file", &link).unwrap();
        write_file(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        // Where it leads nowhere, it is replaced.
        fs::remove_file(&file).unwrap();
        write_file(&link, b"newer").unwrap();
        assert_eq!(fs::read(&link).unwrap(), b"newer");
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_in_one_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_file(&path, b"one").unwrap();
        let old = File::open(&path).unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        // Who had it open still reads the old one: it was not written over.
        assert_eq!(io::read_to_string(&old).unwrap(), "one");
        assert_eq!(names(folder.path()), ["a"]);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o600, 0o600);
    }

    #[test]
    fn a_large_file_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let bytes: Vec<u8> = (0..3 * BATCH + 5).map(|place| (place % 251) as u8).collect();
        let pieces = |out: &mut dyn Write| bytes.chunks(100_000).try_for_each(|piece| out.write_all(piece));
        save(&path, |error| error, pieces).unwrap();
        assert!(fs::read(&path).unwrap() == bytes);
    }

    #[test]
    fn a_name_is_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let publish = |text: &[u8]| {
            let mut draft = Draft::create(folder.path(), 0o666)?;
            draft.file().write_all(text)?;
            draft.publish_new(&path)
        };
        assert!(publish(b"one").unwrap());
        assert!(!publish(b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn only_drafts_without_a_writer_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".draft-of-a-killed-process"), "x").unwrap();
        fs::write(folder.path().join("a"), "x").unwrap();
        let draft = Draft::create(folder.path(), 0o666).unwrap();
        assert_eq!(sweep_drafts(folder.path()).unwrap(), 1);
        assert_eq!(names(folder.path()).len(), 2);
        draft.publish(&folder.path().join("b")).unwrap();
        assert_eq!(names(folder.path()), ["a", "b"]);
    }

    #[test]
    fn folders() {
        let folder = tempfile::tempdir().unwrap();
        create_folder(&folder.path().join("a/b/c")).unwrap();
        create_folder(&folder.path().join("a/b")).unwrap();
        assert!(folder.path().join("a/b/c").is_dir());
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(create_folder(&folder.path().join("file/x")).is_err());
        assert!(create_folder(&folder.path().join("file")).is_err());
    }
}
