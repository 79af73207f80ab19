//! The people of a world. Who somebody is, and what they may decide, is written down here and nowhere computed, so that
//! the machine's own answer can be held against it.

use factory_core::event::{Person, Proof};
use factory_core::ids::Digest;

/// The fingerprint of the key that Cyd signs with.
pub const CYDS_KEY: &str = "SHA256:cyd";

/// A login, and the person behind it.
#[derive(Debug, Clone)]
pub struct Actor {
    /// As the machine sees them.
    pub person: Person,
    /// Who it really is: two logins of one person have the same number. The requester is 0.
    pub human: u8,
    /// The groups that they belong to.
    pub groups: &'static [&'static str],
}

fn actor(login: &str, email: &str, human: u8, groups: &'static [&'static str]) -> Actor {
    let person = Person {
        login: login.to_owned(),
        name: None,
        email: Some(email.to_owned()),
        proof: Proof::Unauthenticated,
    };
    Actor { person, human, groups }
}

/// Who asked for the run. Belongs to the owners, which helps nothing where the requester may not approve.
pub fn ada() -> Actor {
    actor("ada", "ada@example.org", 0, &["owners"])
}

/// Ada once more, under another login but with her own address.
pub fn ada_elsewhere() -> Actor {
    actor("ada-at-home", "Ada@example.org", 0, &["owners"])
}

/// One of the owners.
pub fn bob() -> Actor {
    actor("bob", "bob@example.org", 1, &["owners"])
}

/// One of the owners by the key that she signs with; the group does not list her login.
pub fn cyd() -> Actor {
    let proof = Proof::Signed { fingerprint: CYDS_KEY.to_owned(), signature: Digest::of(b"signature") };
    let cyd = actor("cyd", "cyd@example.org", 2, &["owners"]);
    Actor { person: Person { proof, ..cyd.person }, ..cyd }
}

/// Somebody who belongs to no group.
pub fn dan() -> Actor {
    actor("dan", "dan@example.org", 3, &[])
}
