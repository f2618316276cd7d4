//! The documents say what is: links, paths, examples, commands, keys and schemas.

use shmoo::config::{load_project, load_suite, project_schema, suite_schema};
use shmoo::evidence::Parser;
use shmoo::expr::Function;
use shmoo::plan::{BuildOptions, build, faults};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the documents, by their paths in the repository.
fn documents() -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["", "docs", "examples/temp-sense"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    assert!(found.len() >= 8, "{found:?}");
    found
}

/// A fenced block of code.
struct Block {
    /// The word behind the fence.
    language: String,
    /// Where it stands: document and line.
    place: String,
    text: String,
}

/// Splits a document into fenced blocks and the prose around them.
fn split(document: &str) -> (Vec<Block>, String) {
    let text = read(document);
    let (mut blocks, mut prose) = (Vec::<Block>::new(), String::new());
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            if !inside {
                let place = format!("{document}:{}", index + 1);
                blocks.push(Block { language: language.to_owned(), place, text: String::new() });
            }
            inside = !inside;
        } else if inside {
            let block = blocks.last_mut().unwrap();
            writeln!(block.text, "{line}").unwrap();
        } else {
            writeln!(prose, "{line}").unwrap();
        }
    }
    assert!(!inside, "{document}: a block of code is never closed");
    (blocks, prose)
}

/// Returns the texts in backticks.
fn code_spans(prose: &str) -> Vec<String> {
    prose.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// Returns the targets of links.
fn links(prose: &str) -> Vec<&str> {
    prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

/// Returns the anchors of a document's headings, as forges make them.
fn anchors(document: &str) -> BTreeSet<String> {
    let (_, prose) = split(document);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let slug = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(slug).collect()
}

/// Tells whether a word is meant as a path of the repository. Parts in capitals stand for others.
fn is_path(word: &str) -> bool {
    let folders = ["src/", "docs/", "tests/", "configs/", "examples/", "scripts/", ".ci/"];
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
    let placeholder = |part: &str| {
        let stem = part.split('.').next().unwrap_or_default();
        !stem.is_empty() && stem.chars().all(|c| c.is_ascii_uppercase()) && stem != "README" && stem != "ARCHITECTURE"
    };
    folders.iter().any(|folder| word.starts_with(folder))
        && word.chars().all(plain)
        && !word.split('/').any(placeholder)
}

#[test]
fn links_and_paths_exist() {
    let mut complaints = String::new();
    for document in documents() {
        let (blocks, prose) = split(&document);
        let folder = root().join(&document).parent().unwrap().to_owned();
        for link in links(&prose).into_iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target: PathBuf = if path.is_empty() { root().join(&document) } else { folder.join(path) };
            let Ok(target) = target.canonicalize() else {
                writeln!(complaints, "{document}: the link `{link}` leads nowhere").unwrap();
                continue;
            };
            let inside = target.strip_prefix(root().canonicalize().unwrap()).unwrap().to_str().unwrap().to_owned();
            if !anchor.is_empty() && !anchors(&inside).contains(anchor) {
                writeln!(complaints, "{document}: there is no heading for `{link}`").unwrap();
            }
        }
        let shell = blocks.iter().filter(|block| block.language == "sh").map(|block| block.text.clone());
        let words: Vec<String> = code_spans(&prose).into_iter().chain(shell).collect();
        let words =
            words.iter().flat_map(|text| text.split_whitespace()).map(|word| word.trim_matches(['"', '\'', ',']));
        for word in words.filter(|word| is_path(word)) {
            if !root().join(word).exists() {
                writeln!(complaints, "{document}: there is no `{word}`").unwrap();
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn yaml_examples_load() {
    let mut suites = 0;
    for block in documents().iter().flat_map(|document| split(document).0).filter(|block| block.language == "yaml") {
        let Block { place, text, .. } = &block;
        let first = text.lines().next().unwrap_or_default().trim_start_matches("# ");
        match first {
            "fragment" => {}
            "shmoo.yaml" => {
                let (_, _, warnings) =
                    load_project(place, text).unwrap_or_else(|problems| panic!("{place}\n{problems}"));
                assert!(warnings.is_empty(), "{place}: {warnings:?}");
            }
            counts if counts.contains(" case") => {
                let none = |path: &str| Err(format!("an example names no file: `{path}`"));
                let loaded = load_suite(place, text, &none).unwrap_or_else(|problems| panic!("{place}\n{problems}"));
                let warnings: Vec<&str> = loaded.warnings.iter().map(|warning| warning.message.as_str()).collect();
                assert!(warnings.iter().all(|warning| warning.contains("nothing is fitted")), "{place}: {warnings:?}");
                let plan = build(Arc::new(loaded.suite), BuildOptions::default())
                    .unwrap_or_else(|error| panic!("{place}: {error}"));
                let count =
                    |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
                let found = format!("{}, {}", count(plan.cases.len(), "case"), count(plan.task_count(), "task"));
                assert_eq!(counts, found, "{place}");
                assert_eq!(faults(&plan), [], "{place}");
                suites += 1;
            }
            other => panic!("{place}: begin with `# N cases, M tasks`, `# shmoo.yaml` or `# fragment`, not `{other}`"),
        }
    }
    assert!(suites > 15, "only {suites} suites were found");
}

#[test]
fn json_examples_are_json() {
    for block in documents().iter().flat_map(|document| split(document).0).filter(|block| block.language == "json") {
        let whole: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
        if whole.is_ok() {
            continue;
        }
        for line in block.text.lines() {
            let parsed: Result<serde_json::Value, _> = serde_json::from_str(line);
            assert!(parsed.is_ok(), "{}: neither the block nor this line is JSON: {line}", block.place);
        }
    }
}

/// Runs the program; returns whether it succeeded, and what it printed.
fn shmoo(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_shmoo"))
        .args(arguments)
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// Splits a line as a shell would, as far as the examples need it; ends at a pipe, `>` or `#`.
fn words(line: &str) -> Vec<String> {
    let (mut found, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    for c in line.chars() {
        match (c, quote) {
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (_, Some(open)) if c == open => quote = None,
            ('|' | '>' | '#', None) if word.is_none() => break,
            (' ', None) => found.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    found.extend(word);
    found
}

#[test]
fn commands_in_examples_are_understood() {
    let mut complaints = String::new();
    let mut seen = 0;
    let mut check = |place: &str, line: &str| {
        let Some(rest) = line.trim().strip_prefix("shmoo ") else { return };
        // The form of a command: `[OPTIONS] <SUITE>`.
        if rest.contains(['[', '<']) {
            return;
        }
        let words = words(rest);
        // Arguments are read in order: what is wrong is said before the help is.
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let (understood, text) = shmoo(&arguments);
        seen += 1;
        if !understood {
            writeln!(complaints, "{place}: `{line}`: {}", text.lines().next().unwrap_or_default()).unwrap();
        }
    };
    for document in documents() {
        let (blocks, prose) = split(&document);
        for block in blocks.iter().filter(|block| block.language == "sh") {
            block.text.lines().for_each(|line| check(&block.place, line));
        }
        code_spans(&prose).iter().for_each(|span| check(&document, span));
    }
    assert!(complaints.is_empty(), "{complaints}");
    assert!(seen > 20, "only {seen} commands were found");
}

/// A section of a help text: its lines, with continued ones joined, as name and description.
fn section(help: &str, heading: &str) -> Vec<(String, String)> {
    let lines = help.lines().skip_while(|line| line.trim_end() != heading).skip(1);
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in lines.take_while(|line| !line.trim().is_empty()) {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        if indent > 6 {
            let (_, description) = entries.last_mut().unwrap();
            let space = if description.is_empty() { "" } else { " " };
            write!(description, "{space}{text}").unwrap();
        } else {
            let (name, description) = text.split_once("  ").unwrap_or((text, ""));
            entries.push((name.to_owned(), description.trim().to_owned()));
        }
    }
    entries
}

/// Options that every command has.
const EVERYWHERE: [&str; 3] = ["-q, --quiet", "-h, --help", "-V, --version"];

/// Writes the part about a command and those below it; returns their names and options.
fn describe(path: &[&str], out: &mut String, named: &mut Vec<String>) {
    let arguments: Vec<&str> = path.iter().copied().chain(["-h"]).collect();
    let (_, help) = shmoo(&arguments);
    let about = help.lines().next().unwrap_or_default();
    let command: Vec<&str> = ["shmoo"].into_iter().chain(path.iter().copied()).collect();
    let command = command.join(" ");
    let below: Vec<(String, String)> =
        section(&help, "Commands:").into_iter().filter(|(name, _)| name != "help").collect();
    if below.is_empty() || path.is_empty() {
        let usage = help.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap();
        writeln!(out, "## `{command}`\n\n{about}: `{usage}`\n").unwrap();
    }
    named.push(command);
    let mut options = section(&help, "Options:");
    if !path.is_empty() {
        options.retain(|(name, _)| !EVERYWHERE.contains(&name.as_str()));
    }
    let rows: Vec<(String, String)> = section(&help, "Arguments:").into_iter().chain(options).collect();
    if !rows.is_empty() && (below.is_empty() || path.is_empty()) {
        writeln!(out, "| | |\n|---|---|").unwrap();
        for (name, description) in rows {
            let description = description.replace(" (see more with '--help')", "").replace('|', "\\|");
            writeln!(out, "| `{name}` | {} |", description.replace('<', "&lt;")).unwrap();
            named.extend(name.split([' ', ',']).filter(|word| word.starts_with("--")).map(str::to_owned));
        }
        writeln!(out).unwrap();
    }
    // Examples end at an empty line; what comes then is prose, which the help has wrapped.
    let mut end = help.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
    let examples: Vec<&str> = end.by_ref().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let prose: Vec<&str> = end.map(str::trim).filter(|line| !line.is_empty()).collect();
    if !examples.is_empty() && !path.is_empty() {
        writeln!(out, "```sh\n{}\n```\n", examples.join("\n")).unwrap();
        if !prose.is_empty() {
            writeln!(out, "{}\n", prose.join(" ")).unwrap();
        }
    }
    if path.is_empty() {
        writeln!(out, "## Exit codes\n\nIn the order of precedence: the first that applies is the process's.\n")
            .unwrap();
        writeln!(out, "| code | |\n|---|---|").unwrap();
        for (code, meaning) in section(&help, "Exit codes, in order of precedence:") {
            writeln!(out, "| {code} | {meaning} |").unwrap();
        }
        writeln!(out).unwrap();
    }
    for (name, _) in below {
        let deeper: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
        describe(&deeper, out, named);
    }
}

#[test]
fn the_commands_are_those_of_the_help() {
    const DOCUMENT: &str = "docs/commands.md";
    const BEGIN: &str = "<!-- begin: help -->\n";
    const END: &str = "<!-- end: help -->";
    let (mut part, mut named) = (String::from("\n"), Vec::new());
    describe(&[], &mut part, &mut named);
    for name in ["shmoo history export", "shmoo sweep", "--from-openfasoc", "--continue"] {
        assert!(named.iter().any(|known| known == name), "`{name}` was not found in the help: {named:?}");
    }
    let text = read(DOCUMENT);
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let written = format!("{before}{BEGIN}{part}{END}{after}");
    if written != text {
        std::fs::write(root().join(DOCUMENT), written).unwrap();
        panic!("{DOCUMENT} was not what `--help` says; it was written again: look at it and commit it");
    }
    let readme = read("README.md");
    let (_, help) = shmoo(&["-h"]);
    for (code, meaning) in section(&help, "Exit codes, in order of precedence:") {
        assert!(readme.contains(&format!("| {code} | {meaning} |")), "README.md lacks the exit code {code}, {meaning}");
    }
    for (name, _) in section(&help, "Commands:").iter().filter(|(name, _)| name != "help") {
        let listed = readme.contains(&format!("`shmoo {name}`")) || readme.contains(&format!("`{name}`"));
        assert!(listed, "README.md does not list `{name}`");
    }
}

#[test]
fn every_folder_of_the_sources_is_on_the_map() {
    let map = read("docs/ARCHITECTURE.md");
    for entry in std::fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            assert!(
                map.contains(&format!("| `src/{name}` |")),
                "docs/ARCHITECTURE.md does not say what `src/{name}` holds"
            );
            assert!(
                map.contains(&format!("\n| `{name}` |")),
                "docs/ARCHITECTURE.md does not say what `{name}` imports"
            );
        }
    }
}

/// Collects the names of all properties of a schema.
fn keys(schema: &serde_json::Value, found: &mut BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(|value| value.as_object()) {
                found.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| keys(value, found));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[test]
fn every_key_parser_and_function_is_explained() {
    let (blocks, prose) = split("docs/configuration.md");
    let mut code = code_spans(&prose).join("\n");
    blocks.iter().filter(|block| block.language == "yaml").for_each(|block| code.push_str(&block.text));
    let words: BTreeSet<&str> = code.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let mut known = BTreeSet::new();
    keys(&suite_schema(), &mut known);
    keys(&project_schema(), &mut known);
    assert!(known.len() > 60, "{known:?}");
    known.extend(Parser::ALL.map(|parser| parser.name().to_owned()));
    known.extend(Function::ALL.map(|(name, _)| name.to_owned()));
    let lacking: Vec<&String> = known.iter().filter(|name| !words.contains(name.as_str())).collect();
    assert!(lacking.is_empty(), "docs/configuration.md does not speak of {lacking:?}");
    for parser in Parser::ALL {
        assert!(prose.contains(&format!("| `{parser}`")), "docs/configuration.md has no row for the parser `{parser}`");
        for field in parser.gives() {
            assert!(words.contains(field), "docs/configuration.md does not name the field `{field}` of `{parser}`");
        }
    }
}

#[test]
fn schemas_are_those_of_the_program() {
    for kind in ["suite", "project"] {
        let file = format!("docs/schemas/{kind}.schema.json");
        let (_, printed) = shmoo(&["schema", kind]);
        assert!(read(&file) == printed, "{file} is out of date: `shmoo schema {kind} > {file}`");
    }
}

#[test]
fn every_bench_script_has_its_section() {
    let benchmarks = read("docs/BENCHMARKS.md");
    for entry in std::fs::read_dir(root().join("scripts/bench")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".sh") {
            assert!(
                benchmarks.contains(&format!("`scripts/bench/{name}`")),
                "docs/BENCHMARKS.md does not speak of {name}"
            );
        }
    }
}

/// Collects the texts of all Rust files below a folder.
fn rust_below(folder: &Path, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_below(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn the_threat_model_names_tests_that_exist() {
    let mut texts = String::new();
    ["src", "tests"].iter().for_each(|folder| rust_below(&root().join(folder), &mut texts));
    let (_, prose) = split("docs/threat-model.md");
    let is_name = |span: &String| {
        span.matches('_').count() > 1
            && span.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
    };
    let named: Vec<String> = code_spans(&prose).into_iter().filter(is_name).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        assert!(
            texts.contains(&format!("#[test]\n    fn {name}()")) || texts.contains(&format!("#[test]\nfn {name}()")),
            "{name}"
        );
    }
}

#[test]
fn no_place_of_a_machine_is_named() {
    for document in documents() {
        let text = read(&document);
        for place in ["/home/", "/root/", "/tmp/", "/Users/", "/mnt/"] {
            assert!(!text.contains(place), "{document} names a place of somebody's machine: `{place}`");
        }
        for draft in ["TODO", "FIXME", "XXX", "TBD"] {
            assert!(!text.contains(draft), "{document} is a draft: `{draft}`");
        }
    }
}

#[test]
fn the_readers_of_documents_see_what_is_there() {
    assert_eq!(words("run a --where \"level >= 6\" '' # so"), ["run", "a", "--where", "level >= 6", ""]);
    assert_eq!(words("report last --format json | jq .totals"), ["report", "last", "--format", "json"]);
    let help = "Options:\n  -j, --jobs <N>   Run so many\n                   at a time\n      --long-option <VALUE>\n          Below\n\nEnd";
    let expected = [("-j, --jobs <N>", "Run so many at a time"), ("--long-option <VALUE>", "Below")];
    assert_eq!(section(help, "Options:"), expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    assert_eq!(links("see [a](b.md#c) and [d](e)"), ["b.md#c", "e"]);
    assert_eq!(code_spans("a `b` c `d e`"), ["b", "d e"]);
    assert!(is_path("src/cli/mod.rs") && is_path("docs/ARCHITECTURE.md"));
    assert!(!is_path("src/cli/NAME.rs") && !is_path("STAGE/OUTPUT") && !is_path("configs/*.yaml"));
}
