//! Who we are to Google: an access token for each request.
//!
//! Looked for in this order: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, which workload
//! identity federation and keys of service accounts come in; the file that `gcloud auth
//! application-default login` leaves; the metadata server of the machine. Whether there is one is asked
//! first, with a short limit: the search for credentials must not take longer than the upload.

use crate::outside::environment::Environment;
use crate::outside::http::{HttpClient, HttpError, Request};
use bytes::Bytes;
use google_cloud_auth::build_errors::Error as BuildError;
use google_cloud_auth::credentials::{
    AccessTokenCredentials, external_account, impersonated, mds, service_account, user_account,
};
use google_cloud_auth::errors::CredentialsError;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The variable that names a file with credentials.
const NAMED_FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The variable that names another metadata server.
const METADATA_HOST: &str = "GCE_METADATA_HOST";
/// Where the metadata server of a machine at Google is.
const METADATA_ADDRESS: &str = "169.254.169.254";
/// What we want to do.
const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_write";
/// How long a metadata server may take: it is on the same machine.
const METADATA_WITHIN: Duration = Duration::from_secs(2);
/// How long a token may take.
const TOKEN_WITHIN: Duration = Duration::from_secs(30);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Nothing says who we are.
    #[error("there are no credentials for Google Cloud on this machine")]
    None,
    /// The file with credentials cannot be read.
    #[error("cannot read the credentials `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds no credentials.
    #[error("`{}` holds no credentials: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The credentials are not what their kind has to be.
    #[error("cannot use the credentials {from}")]
    Unusable {
        /// Where they are from.
        from: String,
        /// Why.
        #[source]
        source: BuildError,
    },
    /// No token is given for them.
    #[error("no access token is given for the credentials {from}")]
    Refused {
        /// Where they are from.
        from: String,
        /// Why.
        #[source]
        source: CredentialsError,
    },
    /// No token came in time.
    #[error("no access token came for the credentials {from} within {} s", TOKEN_WITHIN.as_secs())]
    Late {
        /// Where they are from.
        from: String,
    },
    /// The token has characters that a header cannot have.
    #[error("the access token for the credentials {from} cannot be sent")]
    Unsendable {
        /// Where they are from.
        from: String,
    },
}

impl TokenError {
    /// Tells whether a later try may fare better.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            TokenError::Refused { source, .. } => source.is_transient(),
            TokenError::Late { .. } => true,
            _ => false,
        }
    }

    /// Returns what to do about it.
    pub(super) fn hint(&self) -> String {
        match self {
            TokenError::None => {
                "in GitHub Actions, use google-github-actions/auth with workload identity; on a machine at \
                 Google, give it a service account; elsewhere, set `GOOGLE_APPLICATION_CREDENTIALS`"
                    .to_owned()
            }
            TokenError::Unreadable { .. } | TokenError::Malformed { .. } | TokenError::Unusable { .. } => {
                format!("`{NAMED_FILE}` names a file of google-github-actions/auth, or a key of a service account")
            }
            TokenError::Refused { .. } | TokenError::Late { .. } | TokenError::Unsendable { .. } => {
                "look at the workload identity pool, or whether the key was withdrawn".to_owned()
            }
        }
    }
}

/// Where credentials are from.
#[derive(Debug, Clone)]
enum Origin {
    File(PathBuf),
    Metadata { host: String },
}

impl Origin {
    fn shown(&self) -> String {
        match self {
            Origin::File(path) => format!("of `{}`", path.display()),
            Origin::Metadata { host } => format!("of the metadata server {host}"),
        }
    }
}

/// Gives tokens.
pub(super) struct Tokens {
    /// The files that may hold credentials; the first one was named.
    named: Option<PathBuf>,
    usual: Option<PathBuf>,
    metadata_host: Option<String>,
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    credentials: Option<(Origin, AccessTokenCredentials)>,
    /// How often they were made anew.
    round: u64,
}

/// A token as a header.
pub(super) struct Bearer {
    pub(super) header: HeaderValue,
    round: u64,
}

impl Tokens {
    pub(super) fn of(environment: &Environment) -> Tokens {
        let usual = match environment.get("CLOUDSDK_CONFIG") {
            Some(folder) => Some(PathBuf::from(folder)),
            None => environment.get("HOME").map(|home| Path::new(home).join(".config/gcloud")),
        };
        Tokens {
            named: environment.get(NAMED_FILE).map(PathBuf::from),
            usual: usual.map(|folder| folder.join("application_default_credentials.json")),
            metadata_host: environment.get(METADATA_HOST).map(str::to_owned),
            current: Mutex::default(),
        }
    }

    /// Returns a token that should still be good.
    pub(super) fn bearer(&self, http: &HttpClient) -> Result<Bearer, TokenError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let (origin, credentials) = match &current.credentials {
            Some(found) => found.clone(),
            None => current.credentials.insert(self.find(http)?).clone(),
        };
        let round = current.round;
        drop(current);
        let token = http.begin(async move {
            tokio::time::timeout(TOKEN_WITHIN, async move { credentials.access_token().await }).await
        });
        let from = origin.shown();
        let token = match token.wait() {
            Ok(Ok(token)) => token.token,
            outcome => {
                // Credentials that failed once may keep their error.
                self.renew(round);
                return Err(match outcome {
                    Ok(Err(source)) => TokenError::Refused { from, source },
                    _ => TokenError::Late { from },
                });
            }
        };
        let mut header =
            HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| TokenError::Unsendable { from })?;
        header.set_sensitive(true);
        Ok(Bearer { header, round })
    }

    /// Forgets a token that was refused, so that the next one is a new one.
    pub(super) fn forget(&self, bearer: &Bearer) {
        self.renew(bearer.round);
    }

    fn renew(&self, round: u64) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have done so.
        if current.round == round {
            *current = Current { credentials: None, round: round + 1 };
        }
    }

    fn find(&self, http: &HttpClient) -> Result<(Origin, AccessTokenCredentials), TokenError> {
        let usual = self.usual.clone().filter(|path| path.exists());
        if let Some(path) = self.named.clone().or(usual) {
            let bytes = fs::read(&path).map_err(|source| TokenError::Unreadable { path: path.clone(), source })?;
            let malformed = |problem: String| TokenError::Malformed { path: path.clone(), problem };
            let json: Value = serde_json::from_slice(&bytes)
                .map_err(|error| malformed(format!("it is no JSON at line {}", error.line())))?;
            let kind = json["type"].as_str().ok_or_else(|| malformed("it says no `type`".to_owned()))?.to_owned();
            let origin = Origin::File(path.clone());
            let built = http.begin(async move { of_kind(&kind, json).ok_or(kind) }).wait();
            let built = built.map_err(|kind| malformed(format!("their type `{kind}` is not known")))?;
            let built = built.map_err(|source| TokenError::Unusable { from: origin.shown(), source })?;
            return Ok((origin, built));
        }
        let host = self.metadata_host.clone().unwrap_or_else(|| METADATA_ADDRESS.to_owned());
        if !is_metadata_server(http, &host) {
            return Err(TokenError::None);
        }
        // The one that answered, and no other.
        let endpoint = format!("http://{host}");
        let origin = Origin::Metadata { host };
        let built = http.begin(async move {
            mds::Builder::default().with_endpoint(endpoint).with_scopes([SCOPE]).build_access_token_credentials()
        });
        let built = built.wait().map_err(|source| TokenError::Unusable { from: origin.shown(), source })?;
        Ok((origin, built))
    }
}

/// Makes credentials of a file's content; none if their kind is not known. Needs a runtime around it.
fn of_kind(kind: &str, json: Value) -> Option<Result<AccessTokenCredentials, BuildError>> {
    Some(match kind {
        "external_account" => {
            external_account::Builder::new(json).with_scopes([SCOPE]).build_access_token_credentials()
        }
        "service_account" => service_account::Builder::new(json)
            .with_access_specifier(service_account::AccessSpecifier::from_scopes([SCOPE]))
            .build_access_token_credentials(),
        "impersonated_service_account" => {
            impersonated::Builder::new(json).with_scopes([SCOPE]).build_access_token_credentials()
        }
        // Their scopes were decided when the user logged in.
        "authorized_user" => user_account::Builder::new(json).build_access_token_credentials(),
        _ => return None,
    })
}

fn is_metadata_server(http: &HttpClient, host: &str) -> bool {
    let flavor = HeaderName::from_static("metadata-flavor");
    let Ok(url) = Url::parse(&format!("http://{host}/computeMetadata/v1/")) else { return false };
    let request = Request {
        method: Method::GET,
        url,
        headers: vec![(flavor.clone(), HeaderValue::from_static("Google"))],
        body: Bytes::new(),
        within: METADATA_WITHIN,
    };
    let ask = || -> Result<bool, HttpError> {
        let reply = http.send(request.clone())?;
        Ok(reply.headers.get(&flavor).is_some_and(|value| value == "Google"))
    };
    // One packet may be lost.
    ask().or_else(|_| ask()).unwrap_or(false)
}
