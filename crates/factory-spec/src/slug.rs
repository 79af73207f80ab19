//! Short names out of file names and titles, safe in branches, paths and ids.

/// What people put in front of a specification's name and nobody wants in a branch.
const PREFIXES: [&str; 4] = ["feature", "bug", "fix", "spec"];

/// The slug of a specification file's stem: `001-feature-password-reset` gives `password-reset`. Only
/// `[a-z0-9-]`, never empty: a name without Latin letters and digits gives `spec-` and a digest of the name.
pub fn slug(path_stem: &str) -> String {
    let words = words(path_stem, "spec");
    let mut rest = words.as_str();
    while let Some((first, after)) = rest.split_once('-') {
        if PREFIXES.contains(&first) || first.bytes().all(|byte| byte.is_ascii_digit()) {
            rest = after;
        } else {
            break;
        }
    }
    rest.to_owned()
}

/// `text` as lower-case words joined by `-`, without the prefixes taken off; `fallback` names what has none.
pub(crate) fn words(text: &str, fallback: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() { format!("{fallback}-{:08x}", fnv1a(text)) } else { words.join("-") }
}

/// FNV-1a, 32 bits: the same on every machine and in every release, which the standard hasher does not promise.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_numbers_go() {
        for (stem, expected) in [
            ("feature-password-reset", "password-reset"),
            ("bug-login-loop", "login-loop"),
            ("fix-x", "x"),
            ("spec-x", "x"),
            ("001-password-reset", "password-reset"),
            ("001-feature-Password_Reset", "password-reset"),
            ("feature-2-x", "x"),
            ("Password Reset (v2)", "password-reset-v2"),
            ("--a--b--", "a-b"),
        ] {
            assert_eq!(slug(stem), expected, "{stem}");
        }
    }

    #[test]
    fn a_prefix_alone_or_inside_a_word_stays() {
        assert_eq!(slug("feature"), "feature");
        assert_eq!(slug("feature-"), "feature");
        assert_eq!(slug("007"), "007");
        assert_eq!(slug("2fa-login"), "2fa-login");
        assert_eq!(slug("features-list"), "features-list");
        assert_eq!(slug("bugfix"), "bugfix");
    }

    #[test]
    fn a_slug_is_never_empty_and_tells_names_apart() {
        assert_ne!(slug("日本"), slug("中国"));
        for stem in ["", "日本", "---", "æ"] {
            let slug = slug(stem);
            assert!(!slug.is_empty());
            assert!(
                slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            );
        }
    }
}
