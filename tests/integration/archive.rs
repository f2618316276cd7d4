//! Archives between a disk and the programs that people have: tar, gzip, Python.

use shmoo::archive::{Archive, EntryPath, Limits, PackOptions, Packed, pack};
use shmoo::outside::folder::{Folder, FolderError, restore_file_to, save_whole, unpack, unpack_some};
use std::error::Error;
use std::fs::{self, File, Permissions};
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

type Outcome = Result<(), Box<dyn Error>>;

/// A folder with everything in it that archives make trouble with.
fn make_tree(root: &Path) -> Outcome {
    fs::create_dir_all(root.join("case 1/ä/empty"))?;
    fs::write(root.join("case 1/run.log"), "log\n".repeat(1000))?;
    fs::write(root.join("case 1/nothing"), "")?;
    fs::write(root.join("case 1/ä/日本.txt"), "text")?;
    fs::write(root.join("script.sh"), "#!/bin/sh\n")?;
    fs::set_permissions(root.join("script.sh"), Permissions::from_mode(0o755))?;
    let deep = root.join("long").join("d".repeat(120)).join("e".repeat(130)).join("f".repeat(200));
    fs::create_dir_all(deep.parent().ok_or("a parent")?)?;
    fs::write(&deep, "deep")?;
    fs::write(root.join("long").join("n".repeat(100)), "just too long for a header with its zero")?;
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"not\xfftext")), "bytes")?;
    symlink("../script.sh", root.join("case 1/link"))?;
    symlink(format!("long/{}", "n".repeat(100)), root.join("long link"))?;
    let big: Vec<u8> =
        (0..800_000u32).flat_map(|number| (number.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()).collect();
    fs::write(root.join("big.raw"), big)?;
    Ok(())
}

fn pack_folder(root: &Path, archive: &Path) -> Result<Packed, Box<dyn Error>> {
    let folder = Folder::open(root)?;
    let walked = folder.walk(&|_| false)?;
    assert_eq!(walked.left_out, []);
    let options = PackOptions::new(NonZeroUsize::new(2).ok_or("two")?, serde_json::json!({"commit": "abc"}));
    Ok(save_whole(archive, |out| pack(walked.entries, &folder, out, &options).map_err(FolderError::from))?)
}

/// Every path below a folder, with what it is, in order.
fn listing(root: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut lines = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for found in fs::read_dir(root.join(&folder))? {
            let path = folder.join(found?.file_name());
            let full = root.join(&path);
            let metadata = full.symlink_metadata()?;
            let what = if metadata.is_symlink() {
                format!("-> {}", fs::read_link(&full)?.display())
            } else if metadata.is_dir() {
                folders.push(path.clone());
                "folder".to_owned()
            } else {
                let digest = shmoo::value::Digest::of(&fs::read(&full)?);
                format!("{digest} {}", metadata.permissions().mode() & 0o100 != 0)
            };
            lines.push(format!("{path:?} {what}"));
        }
    }
    lines.sort();
    Ok(lines)
}

fn names(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for found in fs::read_dir(folder)? {
        names.push(found?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn run(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let output = command.env("LC_ALL", "C.UTF-8").output()?;
    if output.status.success() && output.stderr.is_empty() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{command:?}: {output:?}").into())
    }
}

fn round_trip() -> Outcome {
    let temp = tempfile::tempdir()?;
    let (tree, archive, back) = (temp.path().join("tree"), temp.path().join("a.tar.gz"), temp.path().join("new/back"));
    make_tree(&tree)?;
    let packed = pack_folder(&tree, &archive)?;
    assert_eq!(packed.bytes, fs::metadata(&archive)?.len());
    let file = File::open(&archive)?;
    let opened = Archive::open(&file, Limits::default())?;
    assert_eq!(opened.verify()?.files, packed.files);
    assert_eq!(unpack(&opened, &back)?.files, packed.files);
    assert_eq!(listing(&tree)?, listing(&back)?);
    // The time and the place of the folder are not in it.
    let again = temp.path().join("b.tar.gz");
    assert_eq!(pack_folder(&back, &again)?, packed);
    assert_eq!(fs::read(&archive)?, fs::read(&again)?);
    assert_eq!(names(&temp.path().join("new"))?, ["back"]);
    Ok(())
}

fn other_programs() -> Outcome {
    let temp = tempfile::tempdir()?;
    let (tree, archive) = (temp.path().join("tree"), temp.path().join("a.tar.gz"));
    make_tree(&tree)?;
    pack_folder(&tree, &archive)?;
    run(Command::new("gzip").arg("-t").arg(&archive))?;
    let expected = listing(&tree)?;
    let manifest_is_there = |folder: &Path| -> Outcome {
        let manifest: serde_json::Value = serde_json::from_slice(&fs::read(folder.join(".shmoo/manifest.json"))?)?;
        assert_eq!(manifest["provenance"]["commit"], "abc");
        fs::remove_dir_all(folder.join(".shmoo"))?;
        Ok(())
    };
    let by_tar = temp.path().join("tar");
    fs::create_dir(&by_tar)?;
    run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&by_tar))?;
    manifest_is_there(&by_tar)?;
    assert_eq!(listing(&by_tar)?, expected);
    if run(Command::new("python3").arg("--version")).is_ok() {
        let by_python = temp.path().join("python");
        let program = "import sys, tarfile\ntarfile.open(sys.argv[1]).extractall(sys.argv[2])";
        run(Command::new("python3").args(["-W", "ignore", "-c", program]).arg(&archive).arg(&by_python))?;
        manifest_is_there(&by_python)?;
        assert_eq!(listing(&by_python)?, expected);
    }
    // And the other way round: what tar makes, with hard links, in its formats.
    fs::hard_link(tree.join("script.sh"), tree.join("twin.sh"))?;
    let expected = listing(&tree)?;
    for format in ["gnu", "pax"] {
        let theirs = temp.path().join(format!("{format}.tar.gz"));
        let tar = Command::new("tar")
            .arg(format!("--format={format}"))
            .arg("-czf")
            .arg(&theirs)
            .arg("-C")
            .arg(&tree)
            .arg(".")
            .status()?;
        assert!(tar.success());
        let file = File::open(&theirs)?;
        let back = temp.path().join(format!("from-{format}"));
        unpack(&Archive::open(&file, Limits::default())?, &back)?;
        assert_eq!(listing(&back)?, expected, "{format}");
    }
    Ok(())
}

fn parts() -> Outcome {
    let temp = tempfile::tempdir()?;
    let (tree, archive) = (temp.path().join("tree"), temp.path().join("a.tar.gz"));
    make_tree(&tree)?;
    pack_folder(&tree, &archive)?;
    let file = File::open(&archive)?;
    let opened = Archive::open(&file, Limits::default())?;
    let script = temp.path().join("restored.sh");
    fs::write(&script, "older")?;
    restore_file_to(&opened, &EntryPath::new("script.sh")?, &script)?;
    assert_eq!(fs::read(&script)?, b"#!/bin/sh\n");
    assert_eq!(fs::metadata(&script)?.permissions().mode() & 0o100, 0o100);
    let missing = restore_file_to(&opened, &EntryPath::new("scrip.sh")?, &temp.path().join("none"));
    assert_eq!(missing.err().and_then(|err| err.hint()).as_deref(), Some("did you mean `script.sh`?"));
    let case = EntryPath::new("case 1")?;
    let back = temp.path().join("back");
    unpack_some(&opened, &back, &mut |item| item.path.is_within(&case))?;
    assert_eq!(names(&back)?, ["case 1"]);
    assert_eq!(listing(&back.join("case 1"))?, listing(&tree.join("case 1"))?);
    assert_eq!(names(temp.path())?, ["a.tar.gz", "back", "restored.sh", "tree"]);
    Ok(())
}

fn failures_leave_nothing() -> Outcome {
    let temp = tempfile::tempdir()?;
    let (tree, archive) = (temp.path().join("tree"), temp.path().join("a.tar.gz"));
    make_tree(&tree)?;
    pack_folder(&tree, &archive)?;
    let mut bytes = fs::read(&archive)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let opened = Archive::open(&bytes, Limits::default())?;
    assert!(unpack(&opened, &temp.path().join("back")).is_err());
    let big = temp.path().join("big.raw");
    fs::write(&big, "older")?;
    assert!(restore_file_to(&opened, &EntryPath::new("big.raw")?, &big).is_err());
    assert_eq!(fs::read(&big)?, b"older");
    // Packing a file that is gone, over an older archive.
    let folder = Folder::open(&tree)?;
    let walked = folder.walk(&|_| false)?;
    fs::remove_file(tree.join("script.sh"))?;
    let options = PackOptions::new(NonZeroUsize::MIN, serde_json::Value::Null);
    let failed = save_whole(&archive, |out| pack(walked.entries, &folder, out, &options).map_err(FolderError::from));
    assert_eq!(failed.err().ok_or("an error")?.to_string(), "cannot open `script.sh` to pack it");
    // A folder that is taken stays as it is.
    bytes[middle] ^= 1;
    assert_eq!(fs::read(&archive)?, bytes);
    let opened = Archive::open(&bytes, Limits::default())?;
    let before = listing(&tree)?;
    assert!(matches!(unpack(&opened, &tree), Err(FolderError::Taken { .. })));
    assert!(matches!(unpack(&opened, &archive), Err(FolderError::Taken { .. })));
    assert_eq!(listing(&tree)?, before);
    assert_eq!(names(temp.path())?, ["a.tar.gz", "big.raw", "tree"]);
    // An empty one is as good as none.
    fs::create_dir(temp.path().join("empty"))?;
    unpack(&opened, &temp.path().join("empty"))?;
    Ok(())
}

#[test]
fn what_was_packed_comes_back_from_disk() {
    round_trip().unwrap();
}

#[test]
fn tar_gzip_and_python_read_it_and_the_other_way_round() {
    other_programs().unwrap();
}

#[test]
fn parts_of_an_archive() {
    parts().unwrap();
}

#[test]
fn a_failure_leaves_nothing_behind() {
    failures_leave_nothing().unwrap();
}
