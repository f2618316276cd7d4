//! Names inside an archive: relative, plain, and unable to leave the folder.

use std::fmt;

/// A path below the root of an archive: parts joined by `/`, none of them empty, `.` or `..`.
///
/// It is bytes, not text, because file names are: what a task called its file is kept as it is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryPath(Box<[u8]>);

/// Four times what Linux takes in one call.
const LONGEST: usize = 16 << 10;

/// Bytes are no path below a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It starts at the root of the disk.
    #[error("it is absolute")]
    Absolute,
    /// It climbs out of a folder.
    #[error("it has a part `..`")]
    Climbs,
    /// It has an empty part or a part `.`, so that one file would have several names.
    #[error("it has an empty part or a part `.`")]
    NotPlain,
    /// It is longer than any system takes.
    #[error("it is longer than {LONGEST} bytes")]
    TooLong,
    /// It holds a NUL byte, which no system can store.
    #[error("it holds a NUL byte")]
    Nul,
}

impl EntryPath {
    /// Checks a path and takes it over as it is.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<EntryPath, PathError> {
        let bytes = bytes.as_ref();
        match EntryPath::lenient(bytes)? {
            Some(path) if path.0.len() == bytes.len() => Ok(path),
            Some(_) => Err(PathError::NotPlain),
            None if bytes.is_empty() => Err(PathError::Empty),
            None => Err(PathError::NotPlain),
        }
    }

    /// Reads a path as other programs store it: `./a/`, `a//b`. `None` is the root itself.
    pub(super) fn lenient(bytes: &[u8]) -> Result<Option<EntryPath>, PathError> {
        if bytes.len() > LONGEST {
            return Err(PathError::TooLong);
        }
        if bytes.contains(&0) {
            return Err(PathError::Nul);
        }
        if bytes.first() == Some(&b'/') {
            return Err(PathError::Absolute);
        }
        let mut plain = Vec::with_capacity(bytes.len());
        for part in bytes.split(|&byte| byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => return Err(PathError::Climbs),
                part => {
                    if !plain.is_empty() {
                        plain.push(b'/');
                    }
                    plain.extend_from_slice(part);
                }
            }
        }
        Ok((!plain.is_empty()).then(|| EntryPath(plain.into())))
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the parts between the slashes, outermost first.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'/')
    }

    /// Returns the last part.
    pub fn name(&self) -> &[u8] {
        self.parts().next_back().unwrap_or(&self.0)
    }

    /// Returns the folder it lies in; `None` if that is the root.
    pub fn parent(&self) -> Option<EntryPath> {
        self.0.iter().rposition(|&byte| byte == b'/').map(|slash| EntryPath(self.0[..slash].into()))
    }

    /// Returns the path of its first `length` bytes, which end before a slash.
    pub(super) fn first(&self, length: usize) -> EntryPath {
        EntryPath(self.0[..length].into())
    }

    /// Returns whether this is `folder` or lies anywhere below it.
    pub fn is_within(&self, folder: &EntryPath) -> bool {
        self.0.strip_prefix(&*folder.0).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }
}

/// Returns whether a symbolic link at `path` to `target` stays below the root, whatever else lies
/// there.
///
/// `..` is allowed in front only. After a name it would climb from wherever that name leads, which
/// may be another link: `d/l -> ../x` and `m -> d/l/../..` are both harmless to look at, and the
/// second leaves the folder.
pub fn link_stays_inside(path: &EntryPath, target: &[u8]) -> bool {
    if target.is_empty() || target[0] == b'/' || target.contains(&0) {
        return false;
    }
    let depth = path.parts().count() - 1;
    let mut climbs = 0;
    let mut named = false;
    for part in target.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if named => return false,
            b".." => climbs += 1,
            _ => named = true,
        }
    }
    climbs <= depth
}

/// Shows bytes as text on one line: what is not text or would move the cursor is escaped.
pub(super) fn show_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&show_bytes(&self.0))
    }
}

impl fmt::Debug for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", show_bytes(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_paths() {
        let check = |input: &str, expected: &str| {
            let got = EntryPath::new(input).map_or_else(|err| format!("error: {err}"), |path| path.to_string());
            assert_eq!(got, expected, "{input:?}");
        };
        check("a", "a");
        check("a b/c.txt", "a b/c.txt");
        check("..a/b..", "..a/b..");
        check("ü/日", "ü/日");
        check("a\nb", "a\\nb");
        check("", "error: it is empty");
        check("/a", "error: it is absolute");
        check("a/../b", "error: it has a part `..`");
        check("..", "error: it has a part `..`");
        check("./a", "error: it has an empty part or a part `.`");
        check("a//b", "error: it has an empty part or a part `.`");
        check("a/", "error: it has an empty part or a part `.`");
        check(".", "error: it has an empty part or a part `.`");
        check("a\0", "error: it holds a NUL byte");
        check(&"a/".repeat(9000), "error: it is longer than 16384 bytes");
        assert_eq!(EntryPath::new(b"a\xff").map(|path| path.to_string()), Ok("a\\xff".to_owned()));
    }

    #[test]
    fn lenient_paths() {
        let check = |input: &str, expected: &str| {
            let got = match EntryPath::lenient(input.as_bytes()) {
                Ok(path) => path.map_or("root".to_owned(), |path| path.to_string()),
                Err(err) => format!("error: {err}"),
            };
            assert_eq!(got, expected, "{input:?}");
        };
        check("./", "root");
        check("", "root");
        check("./a/", "a");
        check("a/.//b", "a/b");
        check("a/..", "error: it has a part `..`");
        check("/", "error: it is absolute");
    }

    #[test]
    fn relations() {
        let path = EntryPath::new("a/b/c").unwrap();
        assert_eq!(path.name(), b"c");
        assert_eq!(path.parent(), EntryPath::new("a/b").ok());
        assert_eq!(EntryPath::new("a").unwrap().parent(), None);
        assert!(path.is_within(&EntryPath::new("a/b").unwrap()));
        assert!(path.is_within(&path));
        assert!(!EntryPath::new("a/bc").unwrap().is_within(&EntryPath::new("a/b").unwrap()));
    }

    #[test]
    fn links() {
        let check = |path: &str, target: &str, inside: bool| {
            let path = EntryPath::new(path).unwrap();
            assert_eq!(link_stays_inside(&path, target.as_bytes()), inside, "{path} -> {target}");
        };
        check("a", "b", true);
        check("a", "./b/c/", true);
        check("d/a", "../b", true);
        check("d/a", "..", true);
        check("d/e/a", ".././../b", true);
        check("a", "..", false);
        check("a", "../b", false);
        check("d/a", "../../b", false);
        check("a", "/etc/passwd", false);
        check("a", "d/../b", false);
        check("a", "", false);
        check("a", "b\0", false);
    }
}
