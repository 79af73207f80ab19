//! Who did something, and what proves that it was them.

use serde::{Deserialize, Serialize};

use crate::ids::Digest;

/// Who did something: the user of the operating system with the git identity. Nothing proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The operating system's name for the user.
    pub login: String,
    /// `user.name` of git, if set.
    pub name: Option<String>,
    /// `user.email` of git, if set.
    pub email: Option<String>,
    /// Whether anything proves that it was them.
    pub proof: Proof,
}

impl Person {
    /// The fingerprint of the key that they have proved to hold, if they signed.
    pub fn key(&self) -> Option<&str> {
        match &self.proof {
            Proof::Signed { fingerprint, .. } => Some(fingerprint),
            Proof::Unauthenticated => None,
        }
    }
}

/// What proves who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Proof {
    /// Nothing but the operating system's account.
    Unauthenticated,
    /// They signed what they decided with this SSH key.
    Signed {
        /// The key's fingerprint, `SHA256:…`.
        fingerprint: String,
        /// The signature's blob.
        signature: Digest,
    },
}
