//! Who gives tokens: Google's exchange for those of other parties, the metadata server of a machine, GitHub's
//! identity provider; and the check of tokens that a key of ours has signed.

use super::State;
use super::http::{Answer, Head, unescape};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a job shows GitHub to get a token about itself.
pub(in crate::integration) const REQUEST_TOKEN: &str = "request-token-of-the-job";
/// A subject's token in a file.
pub(in crate::integration) const SUBJECT: &str = "subject-of-ours";
/// Who a key file is of.
pub(in crate::integration) const ACCOUNT: &str = "sweeper@lab.iam.gserviceaccount.com";
/// The provider that the subject's tokens are for.
pub(in crate::integration) const AUDIENCE: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/github";
const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_write";
/// To act as a service account, and nothing else.
const ACT: &str = "https://www.googleapis.com/auth/iam";
const METADATA: &str = "/computeMetadata/v1/";

/// Answers a request for a token; none if it is for something else.
pub(super) fn answer(state: &mut State, head: &Head, body: &[u8]) -> Option<Answer> {
    if head.path == "/token" {
        return Some(exchange(state, body));
    }
    if head.path == "/oidc" {
        return Some(about_the_job(state, head));
    }
    if head.path.starts_with("/impersonate/") {
        return Some(impersonate(state, head, body));
    }
    let asked = head.path.strip_prefix(METADATA)?;
    if head.header("metadata-flavor") != Some("Google") {
        return Some(Answer::error(403, "Metadata-Flavor is missing"));
    }
    let answer = match asked {
        "" => Answer::json(200, &json!({})),
        "instance/service-accounts/default/token" => {
            let scopes = head.query.get("scopes").map(String::as_str);
            assert_eq!(scopes, Some(SCOPE), "a machine's token is asked for what it is needed for");
            Answer::json(200, &json!({ "access_token": give(state), "token_type": "Bearer", "expires_in": 3600 }))
        }
        _ => Answer::error(404, "there is no such value"),
    };
    Some(answer.header("metadata-flavor", "Google"))
}

fn give(state: &mut State) -> String {
    state.given += 1;
    let token = format!("token-{}", state.given);
    state.tokens.get_or_insert_default().push(token.clone());
    token
}

/// Exchanges a subject's token (RFC 8693).
fn exchange(state: &mut State, body: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let form: BTreeMap<&str, String> = pairs.map(|(name, value)| (name, unescape(&value.replace('+', " ")))).collect();
    let is = |name: &str, value: &str| form.get(name).is_some_and(|found| found == value);
    let subject = form.get("subject_token").map(String::as_str).unwrap_or_default();
    let known = subject == SUBJECT || state.subjects.iter().any(|given| given == subject);
    let right = is("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
        && is("requested_token_type", "urn:ietf:params:oauth:token-type:access_token")
        && is("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")
        && is("audience", AUDIENCE)
        && (is("scope", SCOPE) || is("scope", ACT));
    if !known || !right {
        return Answer::json(400, &json!({ "error": "invalid_grant", "error_description": "it is not ours" }));
    }
    Answer::json(
        200,
        &json!({
            "access_token": give(state), "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer", "expires_in": 3600,
        }),
    )
}

/// Gives a job a token about itself, as GitHub does.
fn about_the_job(state: &mut State, head: &Head) -> Answer {
    let shown = head.header("authorization").and_then(|text| text.split_once(' '));
    let right = shown.is_some_and(|(kind, token)| kind.eq_ignore_ascii_case("bearer") && token == REQUEST_TOKEN);
    let wanted = head.query.get("audience").is_some_and(|audience| audience.ends_with(AUDIENCE));
    if !right || !wanted {
        return Answer::error(401, "who asks is no job");
    }
    let subject = format!("subject-{}", state.subjects.len() + 1);
    state.subjects.push(subject.clone());
    Answer::json(200, &json!({ "value": subject, "count": 1 }))
}

/// Gives the token of a service account to one who may act as it.
fn impersonate(state: &mut State, head: &Head, body: &[u8]) -> Answer {
    let named = head.path == format!("/impersonate/{ACCOUNT}:generateAccessToken");
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    if !named || !is_good(state, head) || asked["scope"] != json!([SCOPE]) {
        return Answer::error(403, "it may not act as that account");
    }
    // What it was exchanged for is of no use in the bucket.
    state.tokens = Some(Vec::new());
    Answer::json(200, &json!({ "accessToken": give(state), "expireTime": "2099-01-01T00:00:00Z" }))
}

/// Tells whether a request has a token that is good here.
pub(super) fn is_good(state: &State, head: &Head) -> bool {
    let token = head.header("authorization").and_then(|text| text.strip_prefix("Bearer "));
    let given = |token: &str| state.tokens.iter().flatten().any(|good| good == token);
    token.is_some_and(|token| given(token) || state.key.as_deref().is_some_and(|key| is_signed(key, token)))
}

/// Tells whether a key has signed a token, and whether it says what it has to (RFC 7515, RS256).
fn is_signed(key: &[u8], token: &str) -> bool {
    let Some((message, signature)) = token.rsplit_once('.') else { return false };
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let object = |text: &str| serde_json::from_slice::<Value>(&decoded(text)?).ok();
    let parts = message.split_once('.').and_then(|(head, claims)| Some((object(head)?, object(claims)?)));
    let (Some((head, claims)), Some(signature)) = (parts, decoded(signature)) else { return false };
    let says = head["alg"] == "RS256"
        && head["kid"] == "key-1"
        && claims["iss"] == ACCOUNT
        && claims["sub"] == ACCOUNT
        && claims["scope"] == SCOPE;
    let lives = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat);
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
    let wanted = rustls::SignatureScheme::RSA_PKCS1_SHA256;
    let mut right = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == wanted).flat_map(|(_, all)| *all);
    says && lives.is_some_and(|seconds| (1..=3700).contains(&seconds))
        && right.any(|algorithm| algorithm.verify_signature(key, message.as_bytes(), &signature).is_ok())
}
