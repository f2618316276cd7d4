//! Why GitHub did not do what was asked.

use std::time::Duration;

/// Why GitHub did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitHubError {
    /// It was refused.
    #[error("cannot {what}: GitHub says {status} {message}")]
    Refused {
        /// What was tried.
        what: String,
        /// The HTTP status.
        status: u16,
        /// GitHub's words.
        message: String,
        /// What a workflow has to grant for it, such as `pull-requests: write`.
        permission: &'static str,
    },
    /// GitHub wants a longer rest than we have patience for.
    #[error("cannot {what}: GitHub's rate limit wants {} s of rest", wait.as_secs())]
    Limited {
        /// What was tried.
        what: String,
        /// How long.
        wait: Duration,
    },
    /// GitHub is not well, or not there.
    #[error("cannot {what}: GitHub {trouble}, after {tries} tries")]
    Away {
        /// What was tried.
        what: String,
        /// What is wrong with it.
        trouble: String,
        /// How often it was tried.
        tries: u32,
        /// Whether what was tried may have been carried out all the same.
        unclear: bool,
    },
    /// The answer is not what GitHub promises.
    #[error("cannot {what}: GitHub's answer {trouble}")]
    Answer {
        /// What was tried.
        what: String,
        /// What is wrong with it.
        trouble: String,
    },
    /// Requests cannot be made at all.
    #[error("cannot make requests: {trouble}")]
    Setup {
        /// Why.
        trouble: String,
    },
}

impl GitHubError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            GitHubError::Refused { status: 401, .. } => Some(
                "the token is wrong or has expired; in a workflow: `env: GITHUB_TOKEN: ${{ github.token }}`".to_owned(),
            ),
            // GitHub says 404 for what a token may not even see.
            GitHubError::Refused { status: 403 | 404, message, permission, .. } => Some(
                if message.contains("not accessible by")
                    || message.contains("Not Found")
                    || message.contains("Must have")
                {
                    format!(
                        "give the job `permissions: {permission}`; on pull requests from forks the token can only \
                         read: use the workflow_run pattern of docs/github.md"
                    )
                } else {
                    format!("the job needs `permissions: {permission}`")
                },
            ),
            GitHubError::Limited { wait, .. } => {
                Some(format!("try again later, or wait longer with `--max-wait {}`", wait.as_secs().saturating_add(1)))
            }
            GitHubError::Away { unclear: true, .. } => {
                Some("it may have been carried out all the same; the same command again looks first".to_owned())
            }
            GitHubError::Away { .. } => {
                Some("see https://www.githubstatus.com, or the address in GITHUB_API_URL".to_owned())
            }
            GitHubError::Refused { .. } | GitHubError::Answer { .. } | GitHubError::Setup { .. } => None,
        }
    }

    /// Tells whether what was tried may have been carried out all the same.
    pub fn is_unclear(&self) -> bool {
        matches!(self, GitHubError::Away { unclear: true, .. })
    }

    /// Tells whether GitHub refused what was sent as such: too long, for instance.
    pub fn is_unprocessable(&self) -> bool {
        matches!(self, GitHubError::Refused { status: 422, .. })
    }

    /// Tells whether what was asked for is not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, GitHubError::Refused { status: 404 | 410, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_permission_is_named() {
        let refused = |status, message: &str| GitHubError::Refused {
            what: "write a comment on pull request 7".into(),
            status,
            message: message.into(),
            permission: "pull-requests: write",
        };
        let error = refused(403, "Resource not accessible by integration");
        assert_eq!(
            error.to_string(),
            "cannot write a comment on pull request 7: GitHub says 403 Resource not accessible by integration"
        );
        assert!(error.hint().unwrap().starts_with("give the job `permissions: pull-requests: write`"));
        assert!(refused(404, "Not Found").hint().unwrap().contains("pull-requests: write"));
        assert!(refused(401, "Bad credentials").hint().unwrap().contains("token"));
        assert_eq!(refused(422, "Validation Failed").hint(), None);
    }
}
