//! What a run is compared with, as people say it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The runs that `best` looks at where no number is given.
const BEST_WINDOW: u32 = 10;

/// What a run is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BaselineRule {
    /// `previous`: the previous complete run.
    Previous,
    /// `merge-base`: a run of the commit where the branch left its base, else of the nearest before it.
    MergeBase,
    /// `ancestor`: a run of the nearest commit that this one builds on.
    Ancestor,
    /// `branch:NAME`: the last run of a branch.
    Branch(String),
    /// `run:NAME`: this run, by its name or a unique part of it, or `last`.
    Run(String),
    /// `golden:FILE`: a golden table.
    Golden(String),
    /// `best:RUNS`: the best of each metric over so many runs.
    Best(u32),
}

/// The text is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineRuleError {
    /// Nothing that we know.
    #[error("`{0}` is no baseline")]
    Unknown(String),
    /// No name behind the colon.
    #[error("`{0}` names nothing")]
    Empty(String),
    /// No number behind the colon.
    #[error("`{0}` is no number of runs")]
    Window(String),
}

impl BaselineRuleError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            BaselineRuleError::Unknown(_) => {
                "it is `previous`, `merge-base`, `ancestor`, `branch:NAME`, `run:NAME`, `golden:FILE`, `best` or \
                 `best:RUNS`"
            }
            BaselineRuleError::Empty(_) => "write a name behind the colon",
            BaselineRuleError::Window(_) => "write such as `best:10`",
        }
    }
}

impl FromStr for BaselineRule {
    type Err = BaselineRuleError;

    fn from_str(text: &str) -> Result<BaselineRule, BaselineRuleError> {
        Ok(match text.split_once(':') {
            None => match text {
                "previous" => BaselineRule::Previous,
                "merge-base" => BaselineRule::MergeBase,
                "ancestor" => BaselineRule::Ancestor,
                "best" => BaselineRule::Best(BEST_WINDOW),
                _ => return Err(BaselineRuleError::Unknown(text.to_owned())),
            },
            Some(("branch" | "run" | "golden", "")) => return Err(BaselineRuleError::Empty(text.to_owned())),
            Some(("branch", name)) => BaselineRule::Branch(name.to_owned()),
            Some(("run", name)) => BaselineRule::Run(name.to_owned()),
            Some(("golden", file)) => BaselineRule::Golden(file.to_owned()),
            Some(("best", runs)) => match runs.parse() {
                Ok(runs) if runs > 0 => BaselineRule::Best(runs),
                _ => return Err(BaselineRuleError::Window(text.to_owned())),
            },
            Some(_) => return Err(BaselineRuleError::Unknown(text.to_owned())),
        })
    }
}

impl fmt::Display for BaselineRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaselineRule::Previous => formatter.write_str("previous"),
            BaselineRule::MergeBase => formatter.write_str("merge-base"),
            BaselineRule::Ancestor => formatter.write_str("ancestor"),
            BaselineRule::Branch(name) => write!(formatter, "branch:{name}"),
            BaselineRule::Run(name) => write!(formatter, "run:{name}"),
            BaselineRule::Golden(file) => write!(formatter, "golden:{file}"),
            BaselineRule::Best(runs) => write!(formatter, "best:{runs}"),
        }
    }
}

impl TryFrom<String> for BaselineRule {
    type Error = BaselineRuleError;

    fn try_from(text: String) -> Result<BaselineRule, BaselineRuleError> {
        text.parse()
    }
}

impl From<BaselineRule> for String {
    fn from(rule: BaselineRule) -> String {
        rule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for text in
            ["previous", "merge-base", "ancestor", "branch:main", "branch:a:b", "run:3f9a", "golden:a/b.csv", "best:7"]
        {
            assert_eq!(text.parse::<BaselineRule>().unwrap().to_string(), text);
        }
        assert_eq!("best".parse(), Ok(BaselineRule::Best(10)));
        let check = |text: &str, expected: &str| {
            let error = text.parse::<BaselineRule>().unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(!error.hint().is_empty());
        };
        check("", "`` is no baseline");
        check("newest", "`newest` is no baseline");
        check("tag:v1", "`tag:v1` is no baseline");
        check("branch:", "`branch:` names nothing");
        check("best:many", "`best:many` is no number of runs");
        check("best:0", "`best:0` is no number of runs");
    }
}
