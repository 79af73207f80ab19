//! Many words for one thing become one word, so that the rules can be few.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// Replacements over skeletons, applied in this order. Words next to a hyphen are left alone by `replace_words`.
static PHRASES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"(?i)^(?:(?:and|but|then|now|also|afterwards|finally|next|later|that|so|moreover|in addition)(?:,| that)? )+", ""),
        (r"’", "'"),
        (r"(?i)^(?:I|we) expect (.+?) to (not )?(be|have|contain|equal|match|include|exist)\b", "$1 should $2$3"),
        (r"(?i)\b(is|are|was|were|do|does|did|has|have|must|should|could|would)n't\b", "$1 not"),
        (r"(?i)\b(?:cannot|can't|can not)\b", "does not"),
        (r"(?i)\b(?:should|must|shall|will|has to|have to|needs to|is to|is expected to|is required to) not be\b", "is not"),
        (r"(?i)\b(?:should|must|shall|will|has to|have to|needs to|is to|is expected to|is required to) (?:still |also |now )?be\b", "is"),
        (r"(?i)\b(?:should|must|shall|will) not\b", "does not"),
        (r"(?i)\b(?:should|must|shall|will) (contain|include|equal)\b", "${1}s"),
        (r"(?i)\b(?:should|must|shall|will) ", ""),
        (r"(?i)^(?:(?:I|we|they|(?:the |a )?(?:user|client)) (?:also )?(?:sees?|checks?|verif(?:y|ies)|asserts?|expects?|ensures?|confirms?|observes?|notices?|finds?) that |(?:verify|ensure|assert|check|expect|confirm|make sure)(?: that)? )", ""),
        (r"(?i)\b(?:gets|get|got) (sent|made|mailed|answered|restarted|delivered|rejected|remembered)\b", "is $1"),
        (r"(?i)\b(?:has been|have been|had been|was|were|are|am|be|being|stays|remains|becomes)\b", "is"),
        (r"(?i)\b(?:have|had|having)\b", "has"),
        (r"(?i)\b(?:do|did) not\b", "does not"),
        (r"(?i)\bis (?:still|also|now|again|only|always|simply|both) ", "is "),
        (r"(?i)\bis (not )?(?:equal to|the same as|identical with|identical to)\b", "is ${1}same-as"),
        (r"(?i)\bis equal\b", "is same-as"),
        (r"(?i)\b(less|smaller|lower) than or (?:is )?(?:equal to|same-as|equal)\b", "at most"),
        (r"(?i)\b(greater|more|larger|higher) than or (?:is )?(?:equal to|same-as|equal)\b", "at least"),
        (r"(?i)\bis of (?:the )?type ", "is a "),
        (r"(?i)\b(?:page|site) (contains?|does not contain|shows?)\b", "body $1"),
        (r"(?i)\b(?:json )?(?:answer|body)(?:'s)?(?: json)?(?: path)? (?:path )?at (⟦[qp]\d+⟧)", "field $1"),
        (r"(?i)\b(?:value|json|the json)(?: path)? at (⟦[qp]\d+⟧)", "field $1"),
        (r"(?i)\b(?:json answer|json) at (⟦[qp]\d+⟧)", "field $1"),
        (r"(?i)\b(?:answer )?(?:body|json)[ -]?path (⟦q\d+⟧|\$)", "field $1"),
        (r"(?i)\b(?:json answer|answer json|answer text|answer body)\b", "body"),
        (r"(?i)\bmail body\b", "mail text"),
        (r"(?i)\b(?:body|contents) of (the |that )?mail\b", "text of ${1}mail"),
        (r"(?i)\bbody type\b", "Content-Type header"),
        (r"(?i)\b(the|a|its|with) return (?:code|status|value)\b", "$1 exit code"),
        (r"(?i)\bmessage(s?) is (sent|delivered) to\b", "mail$1 is $2 to"),
        (r"(?i)\b(exit (?:code|status)) is zero\b", "$1 is 0"),
        (r"(?i)\b(exit (?:code|status)) is (?:not zero|non-?zero)\b", "$1 is not 0"),
        (r"(?i)\bin the ([1-5]xx) range\b", "$1"),
        (r"(?i)\b(?:returned|received|resulting) (status|body|answer|code|value)\b", "$1"),
        (r"(?i)\banswer (?:returned|received)\b", "answer"),
        (r"(?i)\bfinal (answer|request)\b", "last $1"),
        (r"(?i)\bis (?:absent|not present|not there|not set|not included|undefined)\b|\bdoes not exist\b", "is missing"),
        (r"(?i)\bis (?:there|set|included|given)$|\bexists?$", "is present"),
        (r"(?i)\b(?:http )?answer codes\b|\bstatus codes\b", "statuses"),
        (r"(?i)\bhttp status\b|\bstatus code\b|\bhttp code\b|\b(?:http )?answer code\b", "status"),
        (r"(?i)\bhttp (answer|body|header|headers|error)\b", "$1"),
        (r"(?i)\bstatus status\b|\bstatus code\b", "status"),
        (r"(?i)\bheader field\b", "header"),
        (r"(?i)\bheader fields\b", "headers"),
        (r"(?i)\b(?:precisely|just)\b", "exactly"),
        (r"(?i)\bcode points?\b|\bchars?\b", "characters"),
        (r"(?i)\bmail message\b", "mail"),
        (r"(?i)\bmail messages\b", "mails"),
        (r"(?i)\bmail's body\b", "mail's text"),
        (r"(?i)\b(?:all at once|simultaneously|concurrently|in parallel|at once|at the very same time)\b", "at the same time"),
    ]
    .into_iter()
    .map(|(pattern, replacement)| (Regex::new(pattern).expect("the pattern is fixed"), replacement))
    .collect()
});

/// Single words, compared without regard to case and without punctuation after them.
const WORDS: &[(&str, &str)] = &[
    ("response", "answer"),
    ("reply", "answer"),
    ("responses", "answers"),
    ("replies", "answers"),
    ("response's", "answer's"),
    ("reply's", "answer's"),
    ("property", "field"),
    ("node", "field"),
    ("nodes", "fields"),
    ("key", "field"),
    ("keys", "fields"),
    ("member", "field"),
    ("attribute", "field"),
    ("properties", "fields"),
    ("members", "fields"),
    ("attributes", "fields"),
    ("payload", "body"),
    ("content", "body"),
    ("url", "link"),
    ("smtp", "mail"),
    ("e-mail", "email"),
    ("e-mails", "emails"),
    ("standard-error", "stderr"),
];

/// Words before which `email` is a name and no mail.
const BEFORE_A_NAME: &[&str] =
    &["field", "fields", "called", "as", "header", "parameter", "and", "or", "fresh", "valid", "named", "is"];

/// The skeleton in the vocabulary of the rules.
pub(crate) fn normalise(skeleton: &str) -> String {
    let mut text = replace_words(skeleton);
    for (pattern, replacement) in PHRASES.iter() {
        if let Cow::Owned(changed) = pattern.replace_all(&text, *replacement) {
            text = changed;
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn replace_words(skeleton: &str) -> String {
    let words: Vec<&str> = skeleton.split_whitespace().collect();
    let mut replaced: Vec<Cow<'_, str>> = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let bare = word.trim_end_matches([',', ';', ':']);
        let tail = &word[bare.len()..];
        let lower = bare.to_lowercase();
        let before = at.checked_sub(1).map(|before| words[before].to_lowercase()).unwrap_or_default();
        // A name may be any word: `the field url`, `remembered as content`.
        let is_named = matches!(
            before.as_str(),
            "field" | "fields" | "as" | "called" | "header" | "parameter" | "named"
        );
        let new = match lower.as_str() {
            _ if is_named => None,
            "email" | "emails" | "email's" | "e-mail" | "e-mails" => {
                let next = words.get(at + 1).map(|next| next.to_lowercase()).unwrap_or_default();
                let name = next.starts_with("address") || BEFORE_A_NAME.contains(&before.as_str());
                (!name).then(|| lower.replace("e-mail", "mail").replace("email", "mail"))
            }
            // `a link is`, but not the kind: `is a URL`.
            // Reason phrases: `No Content`, `Payload Too Large`.
            "content" if before == "no" => None,
            "payload" if words.get(at + 1).is_some_and(|next| next.eq_ignore_ascii_case("too")) => None,
            "url" if matches!(before.as_str(), "a" | "an") => None,
            _ => WORDS.iter().find(|(from, _)| *from == lower).map(|(_, to)| (*to).to_owned()),
        };
        replaced.push(new.map_or(Cow::Borrowed(*word), |new| Cow::Owned(format!("{new}{tail}"))));
    }
    replaced.join(" ")
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn one_word_for_one_thing() {
        let table = [
            ("the response status code should be 410", "the answer status is 410"),
            ("And then the reply must not contain ⟦q0⟧", "the answer does not contain ⟦q0⟧"),
            ("exactly 1 e-mail was sent to ⟦e0⟧", "exactly 1 mail is sent to ⟦e0⟧"),
            ("no emails have been sent", "no mails is sent"),
            ("the field email is a string", "the field email is a string"),
            ("a fresh email address called ann", "a fresh email address called ann"),
            ("the header Content-Type isn't present", "the header Content-Type is missing"),
            ("it shouldn't be empty", "it is not empty"),
            ("the JSON property ⟦q0⟧ is a URL", "the JSON field ⟦q0⟧ is a URL"),
            ("the URL's path", "the URL's path"),
        ];
        for (from, to) in table {
            assert_eq!(normalise(from), to);
        }
    }
}
