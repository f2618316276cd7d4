//! What tells a comment or an issue of ours from others, and what else it is given: the hidden first line, links.

use std::fmt;
use std::str::FromStr;

/// What a comment or an issue is given besides the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentOptions {
    /// Bytes that the text may have. GitHub takes 65,536 characters.
    pub budget: usize,
    /// Its first line.
    pub marker: Marker,
    /// Where more is: a word and an address each.
    pub links: Vec<(&'static str, WebAddress)>,
    /// The folder that has the report's drawings by their names; shmoo plots are shown out of it, too.
    pub plots: Option<WebAddress>,
}

/// Names a comment that is kept up to date, in a line that nobody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentKey(String);

/// Characters of a key.
const KEY: usize = 100;

/// What carries a report on GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A comment on a pull request.
    Comment,
    /// An issue.
    Issue,
}

/// The first line of a comment or an issue that is kept up to date, which nobody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    carrier: Carrier,
    key: CommentKey,
}

impl Marker {
    /// Returns that of a comment.
    pub fn comment(key: CommentKey) -> Marker {
        Marker { carrier: Carrier::Comment, key }
    }

    /// Returns that of an issue.
    pub fn issue(key: CommentKey) -> Marker {
        Marker { carrier: Carrier::Issue, key }
    }

    /// Tells whether a text begins with it. A marker further down is somebody's quote.
    pub fn marks(&self, body: &str) -> bool {
        body.lines().next().is_some_and(|first| first.trim_end() == self.to_string())
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let carrier = match self.carrier {
            Carrier::Comment => "comment",
            Carrier::Issue => "issue",
        };
        write!(formatter, "<!-- shmoo {carrier} {} -->", self.key)
    }
}

impl fmt::Display for CommentKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for CommentKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<CommentKey, &'static str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        // `--` would end what nobody sees.
        if text.is_empty() || text.len() > KEY || !text.chars().all(plain) || text.contains("--") {
            return Err("a key has 1 to 100 letters, digits, `.`, `_` and single `-`");
        }
        Ok(CommentKey(text.to_owned()))
    }
}

/// An address that can stand in a link without meaning anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress(String);

impl fmt::Display for WebAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for WebAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<WebAddress, &'static str> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        // What an address may have (RFC 3986) without brackets and quotes, which markdown reads.
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&*+,;=%".contains(c);
        match rest {
            Some(rest) if !rest.is_empty() && text.len() <= 2000 && rest.chars().all(allowed) => {
                Ok(WebAddress(text.to_owned()))
            }
            _ => Err("an address begins with https:// and has no spaces, quotes or brackets"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_addresses() {
        for text in ["temp-sense", "a.b_C-1"] {
            assert_eq!(text.parse::<CommentKey>().unwrap().to_string(), text);
        }
        for text in ["", "a b", "a -->", "a--b", "ä", &"x".repeat(101)] {
            assert!(text.parse::<CommentKey>().is_err(), "{text}");
        }
        for text in ["https://a.example/b?c=d#e", "http://127.0.0.1:80/x"] {
            assert_eq!(text.parse::<WebAddress>().unwrap().to_string(), text);
        }
        for text in ["", "https://", "javascript:alert(1)", "https://a)[x", "https://a b", "https://a\"", "https://ä"]
        {
            assert!(text.parse::<WebAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_marker_counts_in_the_first_line_only() {
        let key: CommentKey = "a".parse().unwrap();
        let marker = Marker::comment(key.clone());
        let text = format!("{marker}\n## all is well\n");
        assert!(marker.marks(&text) && marker.marks(&text.replace('\n', "\r\n")));
        assert!(
            !marker.marks(&format!("> quoted\n{text}")) && !marker.marks(&format!("x {text}")) && !marker.marks("")
        );
        let longer: CommentKey = "a-b".parse().unwrap();
        assert!(!Marker::comment(longer).marks(&text) && !Marker::issue(key).marks(&text));
    }
}
