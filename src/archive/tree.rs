//! Keeps the entries of one archive from getting in each other's way.

use super::error::{ArchiveError, Excess};
use super::path::EntryPath;
use std::collections::HashMap;

/// What is known of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    /// A folder that something lies in, without an entry of its own so far.
    Implied,
    Directory,
    File,
    Symlink,
}

/// All paths seen so far. Refuses a path that comes twice, and any path below something that is
/// no folder: below a link it would be written wherever the link leads.
///
/// Two names that differ in case only are two names here. On a disk that thinks otherwise the
/// second one is an error when it is made, since nothing is ever written over.
#[derive(Debug)]
pub(super) struct Tree {
    /// By folder and name, so that memory grows with the length of the paths and not its square.
    nodes: HashMap<(NodeId, Box<[u8]>), Known>,
    most: u64,
}

type NodeId = usize;

#[derive(Debug, Clone, Copy)]
struct Known {
    id: NodeId,
    node: Node,
}

const ROOT: NodeId = 0;

impl Tree {
    /// Makes an empty tree of at most this many entries and folders.
    pub(super) fn new(most: u64) -> Tree {
        Tree { nodes: HashMap::new(), most }
    }

    /// Adds an entry.
    pub(super) fn add(&mut self, path: &EntryPath, node: Node) -> Result<(), ArchiveError> {
        let mut folder = ROOT;
        let mut length = 0;
        for part in path.parts() {
            length += part.len();
            let last = length == path.as_bytes().len();
            let fresh = self.nodes.len() + 1;
            if fresh as u64 > self.most {
                return Err(ArchiveError::Bomb(Excess::Entries(self.most)));
            }
            let wanted = if last { node } else { Node::Implied };
            let known = self.nodes.entry((folder, part.into())).or_insert(Known { id: fresh, node: wanted });
            match (known.node, last) {
                _ if known.id == fresh => {}
                (Node::Implied | Node::Directory, false) => {}
                (Node::File | Node::Symlink, false) => {
                    return Err(ArchiveError::Beneath { path: path.clone(), ancestor: path.first(length) });
                }
                (Node::Implied, true) if node == Node::Directory => known.node = node,
                (Node::Implied, true) => return Err(ArchiveError::NoFolder { path: path.clone() }),
                (_, true) => return Err(ArchiveError::Duplicate { path: path.clone() }),
            }
            folder = known.id;
            length += 1;
        }
        Ok(())
    }

    /// Returns whether a path was added as a file.
    pub(super) fn has_file(&self, path: &EntryPath) -> bool {
        let mut found = Known { id: ROOT, node: Node::Implied };
        for part in path.parts() {
            match self.nodes.get(&(found.id, part.into())) {
                Some(known) => found = *known,
                None => return false,
            }
        }
        found.node == Node::File
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &str) {
        let mut tree = Tree::new(10);
        let mut outcome = "ok".to_owned();
        for word in input.split(' ') {
            let (path, node) = match word.split_at(1) {
                ("f", path) => (path, Node::File),
                ("d", path) => (path, Node::Directory),
                (_, path) => (path, Node::Symlink),
            };
            if let Err(err) = tree.add(&EntryPath::new(path).unwrap(), node) {
                outcome = err.to_string();
            }
        }
        assert_eq!(outcome, expected, "{input}");
    }

    #[test]
    fn what_fits_together() {
        check("fa fb", "ok");
        check("fa fA", "ok");
        check("fa/b fa/c da", "ok");
        check("da fa/b", "ok");
        check("fa fa", "the archive has two entries `a`");
        check("fa sa", "the archive has two entries `a`");
        check("da da", "the archive has two entries `a`");
        check("sa fa/b", "the archive has an entry `a/b` below `a`, which is no folder");
        check("fa fa/b/c", "the archive has an entry `a/b/c` below `a`, which is no folder");
        check("fx/a fx/a/b", "the archive has an entry `x/a/b` below `x/a`, which is no folder");
        check("fa/b fa", "the archive has entries below `a`, which is no folder");
        check("fa/b/c sa/b", "the archive has entries below `a/b`, which is no folder");
        check("f1/2/3/4/5/6/7/8/9/10", "ok");
        check("f1/2/3/4/5/6/7/8/9/10/11", "the archive holds more than is allowed: over 10 entries");
    }

    #[test]
    fn files_are_found() {
        let mut tree = Tree::new(10);
        tree.add(&EntryPath::new("a/b").unwrap(), Node::File).unwrap();
        assert!(tree.has_file(&EntryPath::new("a/b").unwrap()));
        assert!(!tree.has_file(&EntryPath::new("a").unwrap()));
        assert!(!tree.has_file(&EntryPath::new("b").unwrap()));
    }
}
