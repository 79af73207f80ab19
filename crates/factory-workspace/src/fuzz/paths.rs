//! Path rules: what is accepted is a path inside, neither hidden nor protected.

use factory_core::protected;

use super::bytes::Bytes;
use super::ground::{self, assert_allowed};
use crate::paths;

/// No path is accepted that no patch may touch, and letter case makes no difference.
///
/// Answers whether anything was accepted.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_paths(data: &[u8]) -> bool {
    ground::on_it(|ground| {
        let mut bytes = Bytes::new(data);
        let named = bytes.named();
        let rules = ground.rules(&named);
        let path = if bytes.one_in(4) { data.to_vec() } else { bytes.path() };
        let checked = rules.check(&path);
        if let Ok(text) = checked {
            assert_eq!(text.as_bytes(), path);
            assert_allowed(text, &named);
            for other in [text.to_uppercase(), text.to_lowercase()] {
                assert!(rules.check(other.as_bytes()).is_ok(), "{text:?} is accepted, and {other:?} is not");
            }
        }
        // A link that is kept leads to something inside that a checkout shows.
        let target = bytes.path();
        if paths::link_problem(&path, &target, &rules).is_none() {
            assert!(!target.starts_with(b"/") && !target.is_empty());
            let climbs = target.split(|b| *b == b'/').filter(|name| *name == b"..").count();
            let depth = path.split(|b| *b == b'/').count() - 1;
            assert!(climbs <= depth, "{path:?} -> {target:?} leaves the tree");
        }
        checked.is_ok()
    })
}

/// What a specification has in backticks opens nothing but protected paths inside the project, and never what is closed.
///
/// Answers whether anything was accepted.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_names(data: &[u8]) -> bool {
    let mut bytes = Bytes::new(data);
    let project = if bytes.one_in(2) { "" } else { "services/mail" };
    let code =
        [String::from_utf8_lossy(data).into_owned(), String::from_utf8_lossy(&bytes.path()).into_owned()];
    let named = protected::named(code.iter().map(String::as_str), project);
    for path in &named {
        let bare = path.strip_suffix('/').unwrap_or(path);
        assert!(protected::is_protected(bare, project) && !protected::is_closed(bare), "{path:?}");
        assert!(
            project.is_empty() || path.starts_with("services/mail/"),
            "{path:?} is outside of the project"
        );
        let inside = bare.split('/').all(|name| !matches!(name, "" | "." | ".."));
        assert!(inside && !bare.chars().any(char::is_control), "{path:?}");
    }
    !named.is_empty()
}
