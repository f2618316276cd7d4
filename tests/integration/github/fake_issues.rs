//! The issues of the GitHub on loopback. As with the real one, pull requests are listed among them.

use super::contract::Operation;
use super::fake::{FakeIssue, OWN, Outgoing, Page, REPOSITORY, State, too_long, user_json};
use serde_json::{Value, json};

pub(super) fn carry_out(
    operation: &Operation,
    method: &str,
    page: &Page<'_>,
    body: Option<&Value>,
    state: &mut State,
) -> Outgoing {
    if let Some(refusal) = too_long(body, state) {
        return refusal;
    }
    match method {
        "GET" => {
            let of = |key: &str| page.query.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
            let wanted = of("state").unwrap_or("open");
            let fits = |open: bool| wanted == "all" || open == (wanted == "open");
            let issues = state.issues.iter().filter(|issue| fits(issue.open)).map(issue_json);
            let pulls = state.pulls.iter().filter(|pull| fits(pull.open)).map(|pull| {
                let issue = FakeIssue {
                    number: pull.number,
                    author: OWN.to_owned(),
                    title: "a pull request".to_owned(),
                    body: String::new(),
                    labels: Vec::new(),
                    open: pull.open,
                    reason: None,
                };
                let mut json = issue_json(&issue);
                let url = "https://github.example/x";
                json["pull_request"] = json!({ "url": url, "html_url": url, "diff_url": url, "patch_url": url });
                json
            });
            let mut entries: Vec<Value> = pulls.chain(issues).collect();
            // The newest first, unless it is asked for otherwise.
            entries.sort_by_key(|entry| entry["number"].as_u64());
            if of("direction") != Some("asc") {
                entries.reverse();
            }
            let entries = entries.into_iter().map(|entry| operation.sample_entry(200, "", entry)).collect();
            page.of(entries, "", "issues")
        }
        "POST" => {
            let body = body.unwrap();
            let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
            let labels = body["labels"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            let issue = FakeIssue {
                number: state.next_id(),
                author: OWN.to_owned(),
                title: text("title"),
                body: text("body"),
                labels: labels.collect(),
                open: true,
                reason: None,
            };
            state.issues.push(issue.clone());
            Outgoing::new(201, operation.sample(201, issue_json(&issue)))
        }
        _ => {
            let number = operation.name("issue_number").parse::<u64>().unwrap_or(0);
            let Some(issue) = state.issues.iter_mut().find(|issue| issue.number == number) else {
                return Outgoing::error(404, "Not Found");
            };
            let said = |key: &str| body.unwrap().get(key).and_then(Value::as_str).map(str::to_owned);
            issue.title = said("title").unwrap_or_else(|| issue.title.clone());
            issue.body = said("body").unwrap_or_else(|| issue.body.clone());
            issue.open = said("state").map_or(issue.open, |state| state == "open");
            issue.reason = said("state_reason").or(issue.reason.take());
            Outgoing::new(200, operation.sample(200, issue_json(issue)))
        }
    }
}

fn issue_json(issue: &FakeIssue) -> Value {
    let FakeIssue { number, author, title, body, labels, open, reason } = issue;
    json!({
        "number": number,
        "node_id": issue.node(),
        "title": title,
        "body": body,
        "html_url": format!("https://github.example/{REPOSITORY}/issues/{number}"),
        "state": if *open { "open" } else { "closed" },
        "state_reason": reason,
        "labels": labels,
        "user": user_json(author),
    })
}
