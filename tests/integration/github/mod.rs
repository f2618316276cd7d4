//! GitHub: the client, comments and check runs against a server of our own that holds both sides to
//! GitHub's description of its API.

mod client;
mod contract;
mod fake;
