//! Turns sentences around that begin with the onlooker or with the value, so that the thing comes first, as the rules
//! have it: `I see "x" in the output` is `the output contains "x"`.

use std::sync::LazyLock;

use regex::Regex;

use super::context::{Act, Context};
use super::pattern;

/// Who looks on, in any person.
const WHO: &str =
    r"(?:I|we|they|he|she|you|(?:the |a |an )?(?:user|client|caller|visitor|customer|consumer|requester))";
/// What the onlooker does.
const GETS: &str =
    r"(?:gets?|receives?|sees?|obtains?|finds?|reads?|is (?:returned|given|shown)|has)(?: back)?";

/// From and to; `@W`, `@G` and `@S` stand for the above and for statuses.
const TURNS: &[(&str, &str)] = &[
    // Statuses.
    (r"@W does not @G (?:an? |the )?@S(?: answer| error| status)?(?: from .+)?", "the answer is not $s"),
    (r"@W @G (?:an? |the )?(?:http )?@S(?: answer| error| status| code)*(?: from .+)?", "the answer is $s"),
    (
        r"@W @G (?:an? |the )?(?:answer )?(?:with |having )?(?:the |a )?(?:http )?status(?: of)? @S",
        "the answer is $s",
    ),
    (r"@W @G (?:an? |the )?answer with @S", "the answer is $s"),
    (
        r"(?:an? |the )?(?:http )?@S(?: answer| error| status)* is (?:returned|sent|given|received)(?: back)?",
        "the answer is $s",
    ),
    (r"access is (?:denied|refused) with @S", "the answer is $s"),
    (r"@W @G (?:an? |the )?answer (?P<rest>within .+)", "the answer arrives $rest"),
    (
        r"(?:the )?(?:answer|request)(?:'s)? (?:time|duration) is (?:less than|below|under|at most|within|lower than|no more than|faster than) (?P<rest>.+)",
        "the answer arrives within $rest",
    ),
    (
        r"(?P<which>(?:the |each |every )?(?:first|second|third|fourth|fifth|sixth|last|[0-9]+(?:st|nd|rd|th)|each|every) (?:answer|request))(?:'s)? status (?P<rest>.+)",
        "the status of $which $rest",
    ),
    // Redirects.
    (
        r"(?:@W is redirected|the answer (?:redirects?|is a redirect)|it redirects?) to (?P<to>⟦[pqh]\d+⟧)",
        "the answer is 3xx and the header Location is $to",
    ),
    // Bodies.
    (
        r"@W @G (?:the |an? )?(?:following )?(?:json )?(?:answer |body )?(?P<value>⟦j\d+⟧)",
        "the body is $value",
    ),
    (
        r"(?:it|(?:the )?(?:service|server|api|app|application|endpoint|request)) (?:answers?|responds?|returns?|yields?)(?: with)? (?:the )?(?:following )?(?:json )?(?:body )?(?P<value>⟦j\d+⟧)",
        "the body is $value",
    ),
    (
        r"@W @G (?:an? )?(?:list|array) (?:of|with|containing) (?P<rest>(?:[0-9]+|[a-z]+) (?:items?|elements?|entries))",
        "the body has $rest",
    ),
    (
        r"there is (?P<rest>(?:exactly |at least |at most )?(?:[0-9]+|[a-z]+) (?:items?|elements?|entries|entry)) in (?:the )?(?:field |array |list )?(?P<field>⟦q\d+⟧)",
        "the field $field has $rest",
    ),
    (r"there is (?P<rest>no (?:⟦q\d+⟧|[\w-]+) header)(?: in the answer)?", "the answer has $rest"),
    (
        r"(?:the )?(?:answer )?headers (?P<verb>has|contains|includes|does not (?:has|have|contain|include)) (?:the )?(?:header )?(?P<name>⟦q\d+⟧)(?P<rest>.*)",
        "the answer $verb the header $name$rest",
    ),
    (r"(?:the )?type of (?P<what>.+?) is (?:an? )?(?P<rest>[a-z]+)", "$what is a $rest"),
    (r"(?P<what>.+?) has (?:a )?(?:length|size)(?: of)? (?P<rest>[0-9]+)", "$what has $rest elements"),
    // What is seen somewhere.
    (
        r"@W (?P<not>does not )(?:see|find|get|receive|read) (?:the )?(?:text |message |string |error )*(?P<value>⟦[qh]\d+⟧) (?:in|on|inside|within|printed (?:to|on)) (?P<what>.+)",
        "$what does not contain $value",
    ),
    (
        r"@W (?:sees?|finds?|gets?|receives?|reads?) (?:the )?(?:text |message |string |error )*(?P<value>⟦[qh]\d+⟧) (?:in|on|inside|within|printed (?:to|on)) (?P<what>.+)",
        "$what contains $value",
    ),
    (r"@W (?:sees?|finds?) (?P<value>⟦[qh]\d+⟧) as (?P<what>.+)", "$what is $value"),
    (r"@W sees? (?P<what>(?:the )?mail) (?:delivered|sent) (?P<rest>.+)", "$what is $rest"),
    (
        r"(?:an? |the )?(?:error |message |text |warning )*(?P<value>⟦[qh]\d+⟧) (?:is (?P<is>not )|does not )(?:in|shown in|found in|part of|printed (?:to|on)|written (?:to|on)|present in|appear in|appear on|included in|is present in) (?P<what>.+)",
        "$what does not contain $value",
    ),
    (
        r"(?:an? |the )?(?:error |message |text |warning )*(?P<value>⟦[qh]\d+⟧) (?:is |appears? )(?:in|on|shown in|found in|part of|printed (?:to|on)|written (?:to|on)|present in|included in) (?P<what>.+)",
        "$what contains $value",
    ),
];

static PATTERNS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let statuses = format!("(?P<s>{})", pattern::statuses_source());
    TURNS
        .iter()
        .map(|(from, to)| {
            let from = from.replace("@W", WHO).replace("@G", GETS).replace("@S", &statuses);
            (Regex::new(&format!("(?i)^(?:{from})$")).expect("the pattern is fixed"), *to)
        })
        .collect()
});

static SEES: LazyLock<Regex> = LazyLock::new(|| {
    let source = format!(
        r"(?i)^{WHO} (?P<not>does not )?sees? (?:the )?(?:following )?(?:text |message |string )*(?P<value>⟦[qh]\d+⟧)$"
    );
    Regex::new(&source).expect("the pattern is fixed")
});

/// The ways in which the sentence can be turned around.
///
/// # Errors
/// What is seen could be in several places.
pub(crate) fn turn(skeleton: &str, context: &Context<'_>) -> Result<Vec<String>, String> {
    if let Some(found) = SEES.captures(skeleton) {
        if context.mail && context.last.is_some() && context.opened {
            return Err("this can mean the mail or what was answered: say `I see … in the mail`, `… in the response` or `… in the output`".to_owned());
        }
        let what = match context.last {
            Some(Act::Request) => "the body",
            Some(Act::Command) => "the output",
            None => return Err("nothing has been done yet that could show something".to_owned()),
        };
        let verb = if found.name("not").is_some() { "does not contain" } else { "contains" };
        return Ok(vec![format!("{what} {verb} {}", &found["value"])]);
    }
    Ok(PATTERNS
        .iter()
        .filter_map(|(from, to)| {
            let found = from.captures(skeleton)?;
            let mut turned = String::new();
            found.expand(to, &mut turned);
            Some(turned)
        })
        .collect())
}
