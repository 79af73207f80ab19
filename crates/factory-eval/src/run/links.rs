//! Links in the text of a mail.

use std::sync::LazyLock;

use factory_core::feedback::FailureClass;
use regex::Regex;
use url::Url;

use super::mails;
use super::state::{Failure, State, failed};
use crate::plan::LinkPart;

/// A link as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) text: String,
    /// Whether white space or the end follows it.
    pub(crate) alone: bool,
}

/// All links in a text, in order. Punctuation that closes a sentence or a bracket is not part of a link.
pub(crate) fn find(text: &str) -> Vec<Link> {
    static LINK: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?i)https?://[^\s<>"]+"#).expect("the pattern is fixed"));
    LINK.find_iter(text)
        .map(|found| {
            let link = found.as_str().trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'']);
            let after = text[found.start() + link.len()..].chars().next();
            Link { text: link.to_owned(), alone: after.is_none_or(char::is_whitespace) }
        })
        .collect()
}

impl Link {
    /// A part of it; nothing if there is no such part.
    pub(crate) fn part(&self, part: &LinkPart) -> Option<String> {
        if *part == LinkPart::Whole {
            return Some(self.text.clone());
        }
        let url = Url::parse(&self.text).ok()?;
        match part {
            LinkPart::Whole => Some(self.text.clone()),
            LinkPart::Path => Some(url.path().to_owned()),
            LinkPart::Host => url.host_str().map(str::to_owned),
            LinkPart::Query => url.query().map(str::to_owned),
            LinkPart::Parameter(name) => {
                url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
            }
        }
    }
}

/// The link that sentences speak of: the one found last, or else the first of the current mail.
pub(crate) fn current(state: &mut State) -> Result<Link, Failure> {
    if let Some(link) = &state.link {
        return Ok(link.clone());
    }
    let mail = mails::current(state)?;
    let link = find(&mail.text)
        .into_iter()
        .next()
        .ok_or_else(|| failed(FailureClass::WrongContent, "there is no link in the mail".to_owned()))?;
    state.link = Some(link.clone());
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_links_and_their_parts() {
        let links =
            find("Go to http://h.test:80/a/b?token=x%20y&z=1.\nOr <https://i.test>, (http://j.test/c) end");
        let texts: Vec<&str> = links.iter().map(|link| link.text.as_str()).collect();
        assert_eq!(texts, ["http://h.test:80/a/b?token=x%20y&z=1", "https://i.test", "http://j.test/c"]);
        assert!(links.iter().all(|link| !link.alone));
        assert_eq!(links[0].part(&LinkPart::Path).unwrap(), "/a/b");
        assert_eq!(links[0].part(&LinkPart::Host).unwrap(), "h.test");
        assert_eq!(links[0].part(&LinkPart::Query).unwrap(), "token=x%20y&z=1");
        assert_eq!(links[0].part(&LinkPart::Parameter("token".to_owned())).unwrap(), "x y");
        assert_eq!(links[0].part(&LinkPart::Parameter("no".to_owned())), None);
        assert!(find("http://h.test/x\nnext")[0].alone && find("http://h.test/x")[0].alone);
    }
}
