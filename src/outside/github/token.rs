//! The secret that requests carry.

use std::fmt;

/// A token of GitHub. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// What stands where a token stood.
const MASK: &str = "***";

impl Token {
    /// Takes a token: without the white space around it, none if nothing is left or it cannot be sent.
    pub fn new(text: &str) -> Option<Token> {
        let text = text.trim();
        let sendable = |byte: u8| byte.is_ascii_graphic();
        (!text.is_empty() && text.bytes().all(sendable)).then(|| Token(text.to_owned()))
    }

    /// Returns the value of the header that carries it.
    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Takes the token out of a text.
    pub(super) fn masked(&self, text: &str) -> String {
        text.replace(&self.0, MASK)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_shown() {
        let token = Token::new(" ghs_secret\n").unwrap();
        assert_eq!(format!("{token:?}"), "***");
        assert_eq!(token.header(), "Bearer ghs_secret");
        assert_eq!(token.masked("bad token ghs_secret!"), "bad token ***!");
    }

    #[test]
    fn what_cannot_be_sent_is_none() {
        for text in ["", " \n", "a\nb", "a\r\nX-Injected: 1", "t\u{f6}ken"] {
            assert_eq!(Token::new(text), None, "{text:?}");
        }
    }
}
