//! What a sandbox may reach.

use super::address;
use super::target::{Host, Target, TargetFault};

/// The hosts and ports that a sandbox may reach. An empty list lets nothing through.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    targets: Vec<Target>,
    permit_local: bool,
}

/// An entry that is no `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be allowed", entry.escape_debug())]
pub struct AllowedError {
    /// As it was given.
    pub entry: String,
    /// What is wrong with it.
    #[source]
    pub fault: TargetFault,
}

impl Allowed {
    /// Reads entries such as `static.crates.example:443`, `192.0.2.7:8443` or `[2001:db8::1]:443`.
    ///
    /// Names are ASCII and in lower case, addresses in their usual spelling, and the port is always given: requests are
    /// compared with these very bytes.
    ///
    /// # Errors
    /// [`AllowedError`] for the first entry that is anything else.
    pub fn of<I, S>(entries: I) -> Result<Self, AllowedError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        let mut targets = Vec::new();
        for entry in entries {
            let entry = entry.as_ref();
            let target =
                Target::parse(entry).map_err(|fault| AllowedError { entry: entry.to_owned(), fault })?;
            targets.push(target);
        }
        Ok(Self { targets, permit_local: false })
    }

    /// The listed entries that lead to this machine or into its networks, whatever a resolver says: addresses that are
    /// nobody else's, and the loopback by its name.
    pub fn local(&self) -> impl Iterator<Item = &str> {
        let is_local = |target: &&Target| match target.host() {
            Host::Address(ip) => address::is_local(*ip),
            Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        };
        self.targets.iter().filter(is_local).map(Target::text)
    }

    /// Lets listed names stand for this machine and its networks, too. For tests, whose servers are on the loopback.
    #[must_use]
    pub fn permit_local(mut self) -> Self {
        self.permit_local = true;
        self
    }

    /// Whether names may stand for this machine.
    pub(super) fn permits_local(&self) -> bool {
        self.permit_local
    }

    /// Whether a target is listed, to the byte.
    pub(super) fn lists(&self, target: &Target) -> bool {
        self.targets.iter().any(|listed| listed.text() == target.text())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn the_list_is_compared_to_the_byte() {
        let allowed = Allowed::of(["allowed.example:443", "[::1]:8443"]).unwrap();
        let lists = |text| allowed.lists(&Target::requested(text).unwrap());
        assert!(lists("allowed.example:443"));
        assert!(lists("Allowed.EXAMPLE:443"));
        assert!(lists("[::1]:8443"));
        for other in [
            "allowed.example:444",
            "allowed.example:44",
            "allowed.example.evil.example:443",
            "notallowed.example:443",
            "sub.allowed.example:443",
            "allowed.exampl:443",
            "allowed-example:443",
            "[::1]:443",
        ] {
            assert!(!lists(other), "{other}");
        }
        assert!(!Allowed::default().lists(&Target::parse("allowed.example:443").unwrap()));
    }

    #[test]
    fn what_is_local_is_known_without_asking_anybody() {
        let entries = [
            "127.0.0.1:5432",
            "[::1]:80",
            "10.1.2.3:80",
            "169.254.169.254:80",
            "[fe80::1]:80",
            "localhost:80",
            "a.localhost:80",
        ];
        let public = ["allowed.example:443", "1.1.1.1:443", "localhost.example:443", "notlocalhost:443"];
        let allowed = Allowed::of(entries.iter().chain(&public)).unwrap();
        assert_eq!(allowed.local().collect::<Vec<_>>(), entries);
    }

    #[test]
    fn a_bad_entry_is_named_with_its_fault() {
        let error = Allowed::of(["fine.example:443", "*.example:443"]).unwrap_err();
        assert_eq!(error.to_string(), "`*.example:443` cannot be allowed");
        assert_eq!(
            error.source().unwrap().to_string(),
            "it holds a wildcard; every host is listed by its full name"
        );
        let error = Allowed::of(["a\0b:443"]).unwrap_err();
        assert_eq!(error.to_string(), "`a\\0b:443` cannot be allowed");
    }
}
