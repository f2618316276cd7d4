//! Which server, which repository.

use crate::outside::environment::Environment;
use std::fmt;
use std::str::FromStr;

/// A repository, `OWNER/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryName(String);

impl RepositoryName {
    /// Returns `OWNER/NAME`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the owner.
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// Tells whether this is a repository of that name; GitHub does not tell upper from lower case.
    pub fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for RepositoryName {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<RepositoryName, ParsePlaceError> {
        let part = |part: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
            !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain)
        };
        match text.split_once('/') {
            Some((owner, name)) if part(owner) && part(name) => Ok(RepositoryName(text.to_owned())),
            _ => Err(ParsePlaceError::Repository(text.to_owned())),
        }
    }
}

/// Why there is no telling where GitHub is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePlaceError {
    /// A repository is not named like one.
    #[error("`{0}` is no repository: OWNER/NAME is expected")]
    Repository(String),
    /// No repository is named.
    #[error("no repository is named: GITHUB_REPOSITORY is not set")]
    NoRepository,
    /// The server's address is none.
    #[error("{variable} is no address of a server: `{value}`")]
    Address {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// The token would go over the network in clear text.
    #[error("{variable} is not encrypted: `{value}`")]
    Clear {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
}

impl ParsePlaceError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            ParsePlaceError::Repository(_) => "letters, digits, `.`, `_` and `-` on both sides of one slash",
            ParsePlaceError::NoRepository => "GitHub Actions sets it; elsewhere: --repository OWNER/NAME",
            ParsePlaceError::Address { .. } => "such as https://api.github.com, or https://HOST/api/v3",
            ParsePlaceError::Clear { .. } => "use https; http is for servers on this machine only",
        }
    }
}

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The address of the REST API, without a slash at the end.
    pub(super) api: String,
    /// The address of the GraphQL API.
    pub(super) graphql: String,
    /// The repository.
    pub repository: RepositoryName,
}

impl Place {
    /// Finds the place: `repository` if one is named, else what the environment says.
    pub fn of(environment: &Environment, repository: Option<&str>) -> Result<Place, ParsePlaceError> {
        let named = repository.or_else(|| environment.get("GITHUB_REPOSITORY"));
        let repository = named.ok_or(ParsePlaceError::NoRepository)?.parse()?;
        let api = environment.get("GITHUB_API_URL").unwrap_or("https://api.github.com");
        let api = address("GITHUB_API_URL", api)?;
        let graphql = match environment.get("GITHUB_GRAPHQL_URL") {
            Some(url) => address("GITHUB_GRAPHQL_URL", url)?,
            // GitHub Enterprise Server has `/api/v3` and `/api/graphql`.
            None => format!("{}/graphql", api.strip_suffix("/v3").unwrap_or(&api)),
        };
        Ok(Place { api, graphql, repository })
    }
}

/// Checks the address of a server that is going to see the token.
fn address(variable: &'static str, value: &str) -> Result<String, ParsePlaceError> {
    let wrong = || ParsePlaceError::Address { variable, value: value.to_owned() };
    let url = reqwest::Url::parse(value).map_err(|_| wrong())?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !plain || url.fragment().is_some() {
        // Whatever is hidden in it is not for messages.
        return Err(ParsePlaceError::Address { variable, value: format!("{}://{host}", url.scheme()) });
    }
    match url.scheme() {
        "https" => {}
        "http" if matches!(host, "127.0.0.1" | "localhost" | "[::1]") => {}
        "http" => return Err(ParsePlaceError::Clear { variable, value: value.to_owned() }),
        _ => return Err(wrong()),
    }
    Ok(value.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories() {
        for text in ["lab/chip", "Lab-1/chip.v2_x"] {
            assert_eq!(text.parse::<RepositoryName>().unwrap().as_str(), text);
        }
        for text in ["", "lab", "lab/", "/chip", "lab/chip/x", "lab/..", "../chip", "lab/ch ip", "lab/chip?x=1"] {
            assert_eq!(text.parse::<RepositoryName>(), Err(ParsePlaceError::Repository(text.to_owned())));
        }
        let name: RepositoryName = "Lab/Chip".parse().unwrap();
        assert!(name.is("lab/chip") && !name.is("lab/chips"));
        assert_eq!(name.owner(), "Lab");
    }

    #[test]
    fn servers() {
        let check = |variables: &[(&str, &str)], expected: Result<(&str, &str), &str>| {
            let own = [("GITHUB_REPOSITORY", "lab/chip")];
            let place = Place::of(&Environment::new(own.iter().chain(variables).copied()), None);
            let place = place.as_ref().map(|place| (place.api.as_str(), place.graphql.as_str()));
            assert_eq!(place.map_err(ToString::to_string), expected.map_err(str::to_owned));
        };
        check(&[], Ok(("https://api.github.com", "https://api.github.com/graphql")));
        let enterprise = "https://github.lab.example/api/v3/";
        let expected = ("https://github.lab.example/api/v3", "https://github.lab.example/api/graphql");
        check(&[("GITHUB_API_URL", enterprise)], Ok(expected));
        let both = [("GITHUB_API_URL", enterprise), ("GITHUB_GRAPHQL_URL", "https://github.lab.example/g")];
        check(&both, Ok((expected.0, "https://github.lab.example/g")));
        check(&[("GITHUB_API_URL", "http://127.0.0.1:8/")], Ok(("http://127.0.0.1:8", "http://127.0.0.1:8/graphql")));
        let error = "GITHUB_API_URL is not encrypted: `http://api.github.com`";
        check(&[("GITHUB_API_URL", "http://api.github.com")], Err(error));
        check(&[("GITHUB_API_URL", "ftp://a")], Err("GITHUB_API_URL is no address of a server: `ftp://a`"));
        let error = "GITHUB_API_URL is no address of a server: `https://a`";
        check(&[("GITHUB_API_URL", "https://user:password@a/api")], Err(error));
    }

    #[test]
    fn a_repository_must_be_named() {
        assert_eq!(Place::of(&Environment::default(), None), Err(ParsePlaceError::NoRepository));
        assert_eq!(Place::of(&Environment::default(), Some("lab/chip")).unwrap().repository.as_str(), "lab/chip");
    }
}
