use super::*;
use crate::ledger::OutputFile;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use tempfile::TempDir;

const LARGE: usize = COPY_LIMIT as usize + 1;

/// A repository `repo`, a store in `files` and a task's folder `task`.
struct Place {
    folder: TempDir,
    store: ContentStore,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        for name in ["repo/models/sub/empty", "task"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let store = ContentStore::open(&folder.path().join("files")).unwrap();
        let place = Place { folder, store };
        place.write("repo/small", b"small");
        place.write("repo/large", &[7; LARGE]);
        place.write("repo/tool", b"#!/bin/sh\n");
        fs::set_permissions(place.path("repo/tool"), Permissions::from_mode(0o755)).unwrap();
        place.write("repo/models/a", b"a");
        place.write("repo/models/sub/large", &[8; LARGE]);
        symlink("sub/large", place.path("repo/models/link")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn placed(&self, content: &Content, name: &str) -> PlacedInput {
        self.store.place(content, &self.path("task"), name).unwrap()
    }

    fn inode(&self, name: &str) -> u64 {
        fs::metadata(self.path(name)).unwrap().ino()
    }
}

#[test]
fn later_edits_do_not_leak() {
    let place = Place::new();
    let content = place.store.add(&place.path("repo/small")).unwrap();
    let expected = Content { kind: ContentKind::File, sha256: Digest::of(b"small"), bytes: 5 };
    assert_eq!(content, expected);
    assert_eq!(Content::of(&place.path("repo/small")).unwrap(), expected);
    place.write("repo/small", b"edited");
    place.placed(&content, "small");
    assert_eq!(place.read("task/small"), b"small");
    let edited = place.store.add(&place.path("repo/small")).unwrap();
    assert_ne!(edited, content);
    place.placed(&edited, "deep/down/other");
    assert_eq!(place.read("task/deep/down/other"), b"edited");
}

#[test]
fn a_folder_comes_out_as_it_went_in() {
    let place = Place::new();
    fs::copy(place.path("repo/tool"), place.path("repo/models/tool")).unwrap();
    let content = place.store.add(&place.path("repo/models")).unwrap();
    assert_eq!((content.kind, content.bytes), (ContentKind::Folder, LARGE as u64 + 11));
    assert_eq!(Content::of(&place.path("repo/models")).unwrap(), content);
    // As another process would that goes on with the run.
    let store = ContentStore::open(&place.path("files")).unwrap();
    assert!(store.holds(&content));
    store.place(&content, &place.path("task"), "models").unwrap();
    assert_eq!(Content::of(&place.path("task/models")).unwrap(), content);
    assert_eq!(fs::read_link(place.path("task/models/link")).unwrap(), Path::new("sub/large"));
    assert!(place.path("task/models/sub/empty").is_dir());
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().mode() & 0o700;
    assert_eq!((mode("task/models/tool"), mode("task/models/a")), (0o700, 0o600));
    // The same bytes with another mode are another content.
    fs::set_permissions(place.path("repo/models/tool"), Permissions::from_mode(0o644)).unwrap();
    assert_ne!(place.store.add(&place.path("repo/models")).unwrap().sha256, content.sha256);
    fs::remove_dir(place.path("repo/models/sub/empty")).unwrap();
    let without = place.store.add(&place.path("repo/models")).unwrap();
    fs::rename(place.path("repo/models/a"), place.path("repo/models/b")).unwrap();
    assert_ne!(place.store.add(&place.path("repo/models")).unwrap().sha256, without.sha256);
}

#[test]
fn small_files_are_copies_large_ones_are_not_written_twice() {
    let place = Place::new();
    let small = place.store.add(&place.path("repo/small")).unwrap();
    let large = place.store.add(&place.path("repo/large")).unwrap();
    let inputs = [place.placed(&small, "small"), place.placed(&large, "large"), place.placed(&large, "again")];
    assert_eq!(place.read("task/large"), [7; LARGE]);
    assert_ne!(place.inode("task/small"), place.inode("repo/small"));
    // More links of the same file, and their end, are no writes.
    fs::remove_file(place.path("task/again")).unwrap();
    assert_eq!(check_inputs(&inputs).unwrap(), []);
    // Neither is another file in its place: the shared one is as it was.
    fs::remove_file(place.path("task/large")).unwrap();
    place.write("task/large", b"new");
    assert_eq!(check_inputs(&inputs).unwrap(), []);
    assert_eq!(place.store.restore(&large, &place.path("repo/large")).unwrap(), 0);
}

#[test]
fn a_write_to_an_input_is_seen_and_healed() {
    let place = Place::new();
    let content = place.store.add(&place.path("repo/models")).unwrap();
    let inputs = [place.placed(&content, "models")];
    let file = place.path("task/models/sub/large");
    // As root does, or a tool that changes modes.
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    fs::write(&file, b"damage").unwrap();
    let changed = check_inputs(&inputs).unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!((changed[0].name.as_str(), &changed[0].path), ("models", &file));
    // Where the disk has reflinks, nothing but the task's own file is changed.
    let healed = place.store.restore(&content, &place.path("repo/models")).unwrap();
    assert_eq!(healed, usize::from(changed[0].damaged.is_some()));
    place.placed(&content, "next");
    assert_eq!(Content::of(&place.path("task/next")).unwrap(), content);

    // A copy is the task's own: said, and nothing is damaged.
    let small = place.store.add(&place.path("repo/small")).unwrap();
    let inputs = [place.placed(&small, "small")];
    place.write("task/small", b"much longer");
    let changed = check_inputs(&inputs).unwrap();
    assert_eq!((changed.len(), &changed[0].damaged), (1, &None));
    assert_eq!(place.store.restore(&small, &place.path("repo/small")).unwrap(), 0);
}

#[test]
fn what_cannot_be_healed_is_an_error() {
    let place = Place::new();
    let content = place.store.add(&place.path("repo/small")).unwrap();
    let digest = content.sha256.to_string();
    let stored = place.path("files").join(&digest[..2]).join(&digest);
    fs::remove_file(&stored).unwrap();
    assert!(!place.store.holds(&content));
    assert_eq!(place.store.restore(&content, &place.path("repo/small")).unwrap(), 1);
    assert!(place.store.holds(&content));
    fs::remove_file(&stored).unwrap();
    place.write("repo/small", b"edited");
    let error = place.store.restore(&content, &place.path("repo/small")).unwrap_err();
    assert!(matches!(&error, FilesError::Lost { .. }), "{error}");
    assert!(place.store.place(&content, &place.path("task"), "x").unwrap_err().to_string().contains(&digest));
    let unknown = Content { kind: ContentKind::Folder, ..content };
    let error = place.store.place(&unknown, &place.path("task"), "y").unwrap_err();
    assert_eq!(error.to_string(), format!("the content store has no {digest}"));
}

#[test]
fn files_of_other_tasks_are_placed_the_same_way() {
    let place = Place::new();
    let inputs = [
        super::place(&place.path("repo/models"), &place.path("task"), "models").unwrap(),
        super::place(&place.path("repo/tool"), &place.path("task"), "tool").unwrap(),
    ];
    assert_eq!(Content::of(&place.path("task/models")).unwrap(), Content::of(&place.path("repo/models")).unwrap());
    assert_eq!(check_inputs(&inputs).unwrap(), []);
    fs::write(place.path("task/models/sub/large"), b"damage").unwrap();
    let changed = check_inputs(&inputs).unwrap();
    assert_eq!(changed.len(), 1);
    if let Some(damaged) = &changed[0].damaged {
        assert_eq!(damaged, &place.path("repo/models/sub/large"));
    }
    // The task's folder is gone altogether.
    fs::remove_dir_all(place.path("task")).unwrap();
    check_inputs(&inputs).unwrap();
}

#[test]
fn names_and_places() {
    let place = Place::new();
    let content = place.store.add(&place.path("repo/small")).unwrap();
    for name in ["", "/x", "../x", "a/../b", "./x", "a//b", "a/", ".."] {
        let error = place.store.place(&content, &place.path("task"), name).unwrap_err();
        assert!(matches!(&error, FilesError::Outside { .. }), "{name}: {error}");
    }
    place.placed(&content, "x");
    let error = place.store.place(&content, &place.path("task"), "x").unwrap_err();
    assert!(matches!(&error, FilesError::Twice { .. }), "{error}");
    let missing = place.store.add(&place.path("repo/none")).unwrap_err();
    assert_eq!(missing.to_string(), format!("cannot read `{}`", place.path("repo/none").display()));
}

#[test]
fn links_and_special_files() {
    for (target, is_kept) in [
        ("a", true),
        ("./sub/../a", true),
        ("sub", true),
        ("nowhere", true),
        ("../small", false),
        ("/etc/hosts", false),
        ("sub/../../small", false),
        // As it is written it stays inside; through `up` it does not.
        ("sub/up/../small", false),
    ] {
        let place = Place::new();
        symlink("..", place.path("repo/models/sub/up")).unwrap();
        symlink(target, place.path("repo/models/new")).unwrap();
        let added = place.store.add(&place.path("repo/models"));
        match added {
            Ok(content) => {
                assert!(is_kept, "{target}");
                place.placed(&content, "models");
                assert_eq!(fs::read_link(place.path("task/models/new")).unwrap(), Path::new(target));
            }
            Err(error) => {
                assert!(!is_kept && error.to_string().contains("repo/models/new"), "{target}: {error}");
                assert!(matches!(&error, FilesError::Link { .. }), "{error}");
            }
        }
    }
    let place = Place::new();
    let _listener = UnixListener::bind(place.path("repo/models/socket")).unwrap();
    let error = place.store.add(&place.path("repo/models")).unwrap_err();
    assert!(matches!(&error, FilesError::Special { path } if path.ends_with("socket")), "{error}");
    let error = super::place(&place.path("repo/models/socket"), &place.path("task"), "x").unwrap_err();
    assert!(matches!(&error, FilesError::Special { .. }), "{error}");
}

#[test]
fn outputs() {
    let place = Place::new();
    let task = place.path("task");
    fs::create_dir_all(task.join("out/sub")).unwrap();
    fs::create_dir_all(task.join("hollow")).unwrap();
    for (name, text) in [("out/b", "b"), ("out/sub/c", ""), ("a.rpt", "a"), ("empty", ""), ("hollow/x", "")] {
        fs::write(task.join(name), text).unwrap();
    }
    symlink("b", task.join("out/link")).unwrap();
    symlink("out", task.join("alias")).unwrap();
    let hashed =
        |declared: &[&str]| hash_outputs(&task, &declared.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let paths = |outputs: &Outputs| outputs.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
    let all = hashed(&["out/", "a.rpt", "none", "a.rpt/none", "empty", "hollow", "out/b"]).unwrap();
    assert_eq!(paths(&all), ["a.rpt", "empty", "hollow/x", "out/b", "out/link", "out/sub/c"]);
    assert_eq!(
        (all.missing, all.empty),
        (vec!["none".to_owned(), "a.rpt/none".to_owned()], vec!["empty".to_owned(), "hollow".to_owned()])
    );
    let file = OutputFile { path: "a.rpt".to_owned(), sha256: Digest::of(b"a"), bytes: 1, executable: false };
    assert_eq!(all.files[0], file);
    assert_eq!(all.files[4].sha256, Digest::of(b"b"));
    assert_eq!(paths(&hashed(&["alias"]).unwrap()), ["alias/b", "alias/link", "alias/sub/c"]);

    symlink("/etc/hosts", task.join("stolen")).unwrap();
    assert!(matches!(hashed(&["stolen"]), Err(FilesError::Link { .. })));
    symlink("../../../repo/small", task.join("out/sub/stolen")).unwrap();
    let error = hashed(&["out"]).unwrap_err();
    assert!(matches!(&error, FilesError::Link { path, .. } if path.ends_with("out/sub/stolen")), "{error}");
    for name in ["../repo/small", "/etc/hosts", "", "/"] {
        assert!(matches!(hashed(&[name]), Err(FilesError::Outside { .. })), "{name}");
    }
    symlink("loop", task.join("loop")).unwrap();
    assert!(matches!(hashed(&["loop"]), Err(FilesError::Read { .. })));
    fs::remove_dir_all(&task).unwrap();
    assert_eq!(hashed(&["out", "a.rpt"]).unwrap().missing.len(), 2);
}
