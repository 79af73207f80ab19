//! Cuts a name into the words that people read in it.

/// The words of one part of a path, in small letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Words {
    /// In order: cut at everything that is no letter or digit, and where small letters or digits meet capitals.
    pub(super) parts: Vec<String>,
    /// What stands between separators where that is more than one word: `OAuth2Client` is `oauth2client` too.
    pub(super) joined: Vec<String>,
}

/// Cuts one part of a path.
pub(super) fn split(name: &str) -> Words {
    let mut words = Words::default();
    for chunk in name.split(|c: char| !c.is_alphanumeric()).filter(|chunk| !chunk.is_empty()) {
        let before = words.parts.len();
        camel(chunk, &mut words.parts);
        if words.parts.len() - before > 1 {
            words.joined.push(chunk.to_lowercase());
        }
    }
    words
}

/// `HTTPServer` is `http server`, `payPal` is `pay pal`, `OAuth2Client` is `o auth2 client`.
fn camel(chunk: &str, into: &mut Vec<String>) {
    let mut start = 0;
    let mut before: Option<char> = None;
    let mut chars = chunk.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let begins = c.is_uppercase()
            && before.is_some_and(|b| {
                !b.is_uppercase() || chars.peek().is_some_and(|(_, next)| next.is_lowercase())
            });
        if begins {
            into.push(chunk[start..at].to_lowercase());
            start = at;
        }
        before = Some(c);
    }
    into.push(chunk[start..].to_lowercase());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_where_people_cut_them() {
        for (name, parts) in [
            ("password_reset.rs", &["password", "reset", "rs"][..]),
            ("sign-in.test.tsx", &["sign", "in", "test", "tsx"]),
            ("HTTPServer", &["http", "server"]),
            ("payPal", &["pay", "pal"]),
            ("OAuth2Client", &["o", "auth2", "client"]),
            ("JWT", &["jwt"]),
            ("k8s", &["k8s"]),
            (".github", &["github"]),
            ("[id].tsx", &["id", "tsx"]),
            ("ÜberÄnderung", &["über", "änderung"]),
            ("文档", &["文档"]),
            ("--", &[]),
            ("", &[]),
        ] {
            assert_eq!(split(name).parts, parts, "{name}");
        }
        assert_eq!(split("OAuth2Client_v1").joined, ["oauth2client"]);
    }
}
