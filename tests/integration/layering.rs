//! Who may import whom, and which folders may touch the world: read from the sources.
//!
//! The table is the design: a new arrow is a change of the design, with a reason beside it. Code under
//! `#[cfg(test)]` is free.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A folder of `src/`.
struct Folder {
    name: &'static str,
    /// The folders that it may import.
    imports: &'static [&'static str],
    /// Whether it may name the file system, the environment, processes, clocks and sockets.
    touches_the_world: bool,
    /// Whether it is there.
    is_built: bool,
}

const fn pure(name: &'static str, imports: &'static [&'static str]) -> Folder {
    Folder { name, imports, touches_the_world: false, is_built: true }
}

/// A folder of the design that is still to come, so that its place is known.
const fn planned(name: &'static str, imports: &'static [&'static str]) -> Folder {
    Folder { is_built: false, ..pure(name, imports) }
}

const fn worldly(name: &'static str, imports: &'static [&'static str]) -> Folder {
    Folder { name, imports, touches_the_world: true, is_built: true }
}

/// The folders in the order of the flow: each imports only what stands above it.
const FOLDERS: &[Folder] = &[
    pure("value", &[]),
    pure("stats", &["value"]),
    pure("expr", &["value"]),
    // A parameter is not called like a word of the expressions.
    pure("naming", &["value", "expr"]),
    pure("evidence", &["value", "expr"]),
    pure("archive", &["value"]),
    // A stage names its parsers, so it knows which there are.
    pure("suite", &["value", "expr", "naming", "evidence"]),
    pure("config", &["value", "expr", "naming", "evidence", "suite"]),
    planned("threshold", &["value", "expr", "naming", "evidence", "suite"]),
    pure("plan", &["value", "expr", "naming", "evidence", "suite"]),
    pure("ledger", &["value", "evidence", "plan"]),
    pure("record", &["value", "expr", "naming", "evidence", "suite", "plan", "ledger"]),
    // A bless says how far samples spread.
    pure("check", &["value", "stats", "expr", "naming", "evidence", "suite", "plan", "ledger", "record"]),
    // A fit rests on the statistics of prediction.
    pure("fit", &["value", "stats", "expr", "naming", "suite", "plan", "ledger", "record"]),
    pure("compare", &["value", "stats", "expr", "naming", "suite", "plan", "ledger", "record", "check"]),
    pure(
        "report",
        &["value", "expr", "naming", "evidence", "suite", "plan", "ledger", "record", "check", "fit", "compare"],
    ),
    // The history keeps records, the ledger file events, the store archives.
    worldly("outside", &["value", "archive", "ledger", "record"]),
    worldly(
        "run",
        &["value", "expr", "naming", "evidence", "archive", "suite", "plan", "ledger", "record", "check", "outside"],
    ),
    worldly(
        "steps",
        &[
            "value",
            "stats",
            "expr",
            "naming",
            "evidence",
            "archive",
            "suite",
            "config",
            "threshold",
            "plan",
            "ledger",
            "record",
            "check",
            "fit",
            "compare",
            "report",
            "outside",
            "run",
        ],
    ),
    planned("pattern", &["value", "expr", "naming"]),
    // Inputs to arguments, facts to outputs: `cli` reads the variables and writes the files.
    pure("gha", &["value"]),
    worldly(
        "cli",
        &[
            "value",
            "stats",
            "expr",
            "naming",
            "evidence",
            "archive",
            "suite",
            "config",
            "threshold",
            "plan",
            "ledger",
            "record",
            "check",
            "fit",
            "compare",
            "report",
            "outside",
            "run",
            "steps",
            "pattern",
            "gha",
        ],
    ),
];

/// What only folders that touch the world may name, and what to do instead.
const WORLD: &[(&str, &str)] = &[
    ("std::fs", "take bytes, or a trait of the folder's own that `outside` fulfils"),
    ("std::env", "take the value as an argument; `cli` reads the environment"),
    ("std::process", "return what is to be run; `run` starts it"),
    ("std::net", "take what came over the network; `outside` fetches it"),
    ("std::os::unix::net", "take what came over the network; `outside` fetches it"),
    ("std::thread::sleep", "waiting is for `run` and `outside`"),
    ("std::time::SystemTime", "take a `Timestamp`; `outside` has the clock"),
    ("std::time::Instant", "take a `Timestamp`; `outside` has the clock"),
    ("jiff::Timestamp::now", "take a `Timestamp`; `outside` has the clock"),
    ("jiff::Zoned::now", "take a `Timestamp`; `outside` has the clock"),
    ("tokio", "pure code waits for nothing"),
    ("rustix", "take what the system says as an argument"),
    ("rusqlite", "the history is in `outside`"),
    ("tokio_postgres", "the history is in `outside`"),
    ("rustls", "the history is in `outside`"),
    ("reqwest", "take what came over the network; `outside` fetches it"),
    ("tempfile", "take bytes"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Returns all Rust files below a folder, in order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Tells whether a file is only built for tests: `tests.rs`, `NAME_tests.rs`, anything in `tests/`.
fn is_test_file(path: &Path) -> bool {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    stem == "tests" || stem.ends_with("_tests") || path.parent().unwrap().ends_with("tests")
}

/// Blanks comments, texts and characters: what is left is code, at the same places.
fn without_texts(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    let blank = |out: &mut Vec<u8>, from: usize, to: usize| {
        for byte in &mut out[from..to] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    };
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = if rest.starts_with(b"//") {
            at + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            at + 2 + source[at + 2..].find("*/").map_or(rest.len() - 2, |end| end + 2)
        } else if rest[0] == b'r' && raw_text(rest).is_some() && !is_word(bytes, at) {
            at + raw_text(rest).unwrap()
        } else if rest[0] == b'"' {
            at + plain_text(rest)
        } else if rest[0] == b'\'' && (rest.get(1) == Some(&b'\\') || rest.get(2) == Some(&b'\'')) {
            let skip = if rest[1] == b'\\' { 3 } else { 2 };
            at + skip + rest[skip..].iter().position(|&byte| byte == b'\'').map_or(0, |end| end + 1)
        } else {
            at += 1;
            continue;
        };
        let end = end.min(bytes.len());
        blank(&mut out, at, end);
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Tells whether the byte before a place continues a word.
fn is_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn plain_text(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// Returns the length of a raw text `r#"..."#`, if one starts here.
fn raw_text(rest: &[u8]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let text = String::from_utf8_lossy(&rest[2 + hashes..]);
    Some(2 + hashes + text.find(&close).map_or(text.len(), |end| end + close.len()))
}

/// Blanks the items under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = out.find("#[cfg(test)]") {
        let mut depth = 0;
        let mut end = out.len();
        for (offset, character) in out[start + 12..].char_indices() {
            match character {
                '{' | '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                '}' => {
                    depth -= 1;
                    if depth == 0 {
                        end = start + 12 + offset + 1;
                        break;
                    }
                }
                ';' if depth == 0 => {
                    end = start + 12 + offset + 1;
                    break;
                }
                _ => {}
            }
        }
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// Returns the paths that code names, groups taken apart: `a::{b, c::d}` are `a::b` and `a::c::d`.
fn paths(code: &str) -> Vec<(usize, String)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_alphabetic() || bytes[at] == b'_') || is_word(bytes, at) {
            at += 1;
            continue;
        }
        let end = path_at(code, at, String::new(), &mut found);
        at = end.max(at + 1);
    }
    found
}

/// Reads the path at a place, with what stands before it in a group; returns where it ends.
fn path_at(code: &str, start: usize, before: String, found: &mut Vec<(usize, String)>) -> usize {
    let bytes = code.as_bytes();
    let mut path = before;
    let mut at = start;
    loop {
        let word = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        path.push_str(&code[at..at + word]);
        at += word;
        if !code[at..].starts_with("::") {
            found.push((start, path));
            return at;
        }
        path.push_str("::");
        at += 2;
        if bytes.get(at) == Some(&b'{') {
            at += 1;
            while at < bytes.len() && bytes[at] != b'}' {
                if bytes[at].is_ascii_alphabetic() || bytes[at] == b'_' {
                    at = path_at(code, at, path.clone(), found);
                } else {
                    at += 1;
                }
            }
            return at + 1;
        }
        if !bytes.get(at).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
            found.push((start, path));
            return at;
        }
    }
}

/// A file of a folder of `src/`, with the paths that its code outside of tests names.
struct SourceFile {
    /// Relative to the repository.
    name: String,
    folder: String,
    /// Line and path; `crate::` and enough `super::` are taken off, and `true` stands instead.
    paths: Vec<(usize, bool, String)>,
}

fn read_sources() -> Vec<SourceFile> {
    let source = root().join("src");
    let mut files = Vec::new();
    for path in rust_files(&source) {
        let inside = path.strip_prefix(&source).unwrap();
        let parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
        let [folder, .., last] = parts.as_slice() else { continue };
        if is_test_file(&path) {
            continue;
        }
        let code = without_tests(&without_texts(&std::fs::read_to_string(&path).unwrap()));
        let line_starts: Vec<usize> = code.match_indices('\n').map(|(offset, _)| offset).collect();
        // How many `super::` lead out of the folder.
        let depth = parts.len() - usize::from(*last == "mod.rs");
        let paths = paths(&code)
            .into_iter()
            .map(|(offset, named)| {
                let line = line_starts.partition_point(|&start| start < offset) + 1;
                let up = named.split("::").take_while(|part| *part == "super").count();
                match named.strip_prefix("crate::") {
                    Some(rest) => (line, true, rest.to_owned()),
                    None if up >= depth => (line, true, named.split("::").skip(up).collect::<Vec<_>>().join("::")),
                    None => (line, false, named),
                }
            })
            .collect();
        files.push(SourceFile { name: format!("src/{}", parts.join("/")), folder: (*folder).to_owned(), paths });
    }
    assert!(files.len() > 100, "the sources were not found");
    files
}

#[test]
fn folders_import_only_what_the_table_allows() {
    let mut complaints = String::new();
    for file in read_sources() {
        let Some(folder) = FOLDERS.iter().find(|folder| folder.name == file.folder) else {
            writeln!(complaints, "{}: the folder `{}` is not in the table of this test", file.name, file.folder)
                .unwrap();
            continue;
        };
        for (line, of_crate, path) in &file.paths {
            let target = path.split("::").next().unwrap_or_default();
            let known = FOLDERS.iter().any(|folder| folder.name == target);
            if *of_crate && known && target != folder.name && !folder.imports.contains(&target) {
                writeln!(complaints, "{}:{line}: `{}` may not import `{target}` (`{path}`)", file.name, folder.name)
                    .unwrap();
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "{complaints}move the code to where it may know both, or add the arrow to the table with its reason"
    );
}

#[test]
fn what_is_built_is_there_and_nothing_else() {
    for Folder { name, is_built, .. } in FOLDERS {
        let there = root().join("src").join(name).is_dir();
        assert_eq!(
            there, *is_built,
            "`src/{name}` is there: {there}, and by the table of this test it is built: {is_built}"
        );
    }
}

#[test]
fn the_table_has_no_circle() {
    for (place, folder) in FOLDERS.iter().enumerate() {
        for import in folder.imports {
            let earlier = FOLDERS[..place].iter().find(|other| other.name == *import);
            let Some(earlier) = earlier else {
                panic!("`{}` may import `{import}`, which does not stand above it", folder.name)
            };
            assert!(
                folder.touches_the_world || !earlier.touches_the_world,
                "`{}` is pure, and may import `{import}`, which is not",
                folder.name
            );
        }
    }
    let unique: BTreeSet<&str> = FOLDERS.iter().map(|folder| folder.name).collect();
    assert_eq!(unique.len(), FOLDERS.len(), "a folder stands twice in the table");
}

#[test]
fn pure_folders_do_not_touch_the_world() {
    let mut complaints = String::new();
    let touches: BTreeMap<&str, bool> = FOLDERS.iter().map(|folder| (folder.name, folder.touches_the_world)).collect();
    for file in read_sources().iter().filter(|file| touches.get(file.folder.as_str()) == Some(&false)) {
        for (line, of_crate, path) in &file.paths {
            let named = |what: &str| path == what || path.strip_prefix(what).is_some_and(|rest| rest.starts_with("::"));
            if let Some((what, instead)) = WORLD.iter().find(|(what, _)| !of_crate && named(what)) {
                writeln!(complaints, "{}:{line}: `{}` is pure and names `{what}`: {instead}", file.name, file.folder)
                    .unwrap();
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn every_integration_test_is_declared() {
    let declared = std::fs::read_to_string(root().join("tests/integration.rs")).unwrap();
    let folder = root().join("tests/integration");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_module = path.extension().is_some_and(|extension| extension == "rs") || path.join("mod.rs").exists();
        if is_module {
            assert!(
                declared.lines().any(|line| line.trim().trim_start_matches("pub ") == format!("mod {name};")),
                "tests/integration/{name} is never run: declare it in tests/integration.rs"
            );
        }
    }
}

#[test]
fn the_reader_of_sources_sees_what_is_code() {
    let check = |code: &str, expected: &str| {
        let paths = paths(&without_tests(&without_texts(code)));
        let long = paths.into_iter().map(|(_, path)| path).filter(|path| path.contains("::"));
        assert_eq!(long.collect::<Vec<_>>().join(" "), expected, "{code}");
    };
    check(
        "use crate::plan::{Plan, file::{self, PlanFile}};",
        "crate::plan::Plan crate::plan::file::self crate::plan::file::PlanFile",
    );
    check("use std::{fs, io::Read};", "std::fs std::io::Read");
    check("let a = \"std::fs\"; // std::env\n/* std::net */ b::c()", "b::c");
    check("let a = r#\"x \" std::fs\"#; let b = '\"'; d::e('\\'', \"\\\" f::g\")", "d::e");
    check("fn a<'a>(b: &'a str) -> c::d {}", "c::d");
    check("#[cfg(test)]\nmod tests { use std::fs; fn a() { b::c(); } }\nuse d::e;", "d::e");
    check("#[cfg(test)]\nmod tests;\nuse d::e;", "d::e");
    check("Vec::<u8>::new()", "Vec::");
}
