//! A102: a quality without a measure.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "A102",
    name: "unmeasured-quality",
    tier: Tier::Warning,
    family: Family::Ambiguity,
    debt: Some(Debt::Underspecified),
    why: "“Fast”, “easy to use” and “robust” are true of any system in somebody's eyes. Say what is measured, how, and \
          which value is good enough; or say what the user sees.",
    bad: examples!("A102").0,
    good: examples!("A102").1,
    check: Some(check),
};

/// Qualities that have degrees, so that a bare one names none. `strict` ones are not part of technical names, and are
/// flagged before a noun, too.
fn quality(word: &str) -> Option<bool> {
    Some(match word {
        "user-friendly"
        | "intuitive"
        | "easy-to-use"
        | "seamless"
        | "robust"
        | "responsive"
        | "efficient"
        | "reliable"
        | "timely"
        | "attractive"
        | "appealing"
        | "pleasant"
        | "optimal"
        | "scalable"
        | "flexible"
        | "high-quality"
        | "high-performance"
        | "performant"
        | "excellent"
        | "convenient"
        | "graceful"
        | "elegant"
        | "state-of-the-art"
        | "cutting-edge"
        | "world-class"
        | "maintainable"
        | "usable"
        | "extensible"
        | "cost-effective"
        | "comfortable"
        | "aesthetic"
        | "aesthetically"
        | "easy-to-understand"
        | "understandable"
        | "professional-looking"
        | "sleek"
        | "speedy"
        | "well-designed"
        | "well-organized"
        | "visually-appealing"
        | "hassle-free"
        | "rapid"
        | "self-explanatory"
        | "meaningful"
        | "sensible"
        | "user-centric"
        | "modern-looking"
        | "super-fast"
        | "lightning-fast" => true,
        "fast" | "quiet" | "durable" | "faster" | "quicker" | "easier" | "better" | "improved"
        | "enhanced" | "quick" | "easy" | "simple" | "clean" | "modern" | "nice" | "good" | "great"
        | "stable" | "portable" | "resilient" | "smooth" | "helpful" | "useful" | "informative"
        | "readable" | "legible" | "secure" | "safe" | "accurate" | "precise" | "consistent"
        | "lightweight" | "powerful" | "friendly" | "slow" | "minimal" | "reasonable" | "acceptable"
        | "significant" | "substantial" | "considerable" | "professional" | "familiar" | "short"
        | "small" | "large" | "high" | "low" | "prompt" | "clear" | "comprehensible" | "interactive"
        | "fun" | "beautiful" | "adaptable" | "modular" | "testable" | "compatible-looking"
        | "simplistic" | "engaging" | "colorful" | "trustworthy" | "dependable" | "economical"
        | "inexpensive" | "cheap" => false,
        _ => return None,
    })
}

fn manner(word: &str) -> bool {
    matches!(
        word,
        "quickly"
            | "rapidly"
            | "promptly"
            | "swiftly"
            | "efficiently"
            | "easily"
            | "seamlessly"
            | "smoothly"
            | "gracefully"
            | "reliably"
            | "intuitively"
            | "robustly"
            | "conveniently"
            | "effortlessly"
            | "speedily"
            | "effectively"
            | "thoroughly"
            | "securely"
            | "significantly"
            | "substantially"
            | "considerably"
            | "noticeably"
            | "drastically"
            | "timely"
            | "optimally"
            | "flexibly"
            | "nicely"
            | "cleanly"
            | "instantly"
            | "responsively"
    )
}

static IDIOMS: Phrases = Phrases::new(&[
    "easy|simple|straightforward|quick|hard|difficult to use|learn|understand|maintain|read|operate|navigate|extend|install|configure|modify|find|follow|access|remember|integrate|manage|test|change|update|view|see|identify|do",
    "state of the art",
    "up to date",
    "up-to-date <end>",
    "low|high|minimal power|energy|memory|cpu|resource|bandwidth consumption|usage|use",
    "minimize|minimise|maximize|maximise|optimize|optimise <determiner>? <noun>? usage|use|consumption|memory|load|errors|time|cost|costs|effort|risk|impact|traffic|power|energy",
    "ease of use|maintenance|learning|navigation|access|installation",
    "as soon|quickly|fast|early|promptly|easily|small|low|short|little|simple as <adverb>? possible|practicable|practical|feasible",
    "in a|an <adverb>? timely|efficient|fast|quick|secure|safe|reliable|consistent|user-friendly|seamless|graceful|robust|scalable|responsive|reasonable|professional|clear|intuitive|effective|friendly|simple|easy manner|fashion|way",
    "minimal <noun>? battery|power|memory|resources|resource|time|effort|impact|overhead|latency|delay|downtime|disruption|training|configuration|maintenance",
    "extreme|harsh|severe|adverse temperatures|conditions|weather|environments|environment",
    "in|within|after|for a? reasonable|acceptable|short|minimal|adequate amount? of? time|timeframe|period|timespan",
    "with|at minimal|minimum|low|little|acceptable|reasonable|high|good performance|latency|overhead|delay|downtime|effort|speed|disruption|impact|accuracy|quality|degradation|training|interaction|interruption",
    "high|good|excellent|optimal|acceptable|adequate|better|improved|best performance|availability|throughput|quality|reliability|scalability|usability|maintainability|accuracy|response-time",
    "fast|quick|rapid|short|good|acceptable|reasonable|low response|load|loading|execution|processing|turnaround time|times|speed",
    "minimize|minimise|maximize|maximise|optimize|optimise|improve|enhance|increase|reduce|ensure the? overall? user? performance|usability|reliability|scalability|experience|efficiency|latency|throughput|maintainability|responsiveness|productivity|downtime|overhead",
    "respond|responds|load|loads|run|runs|react|reacts|work|works|start|starts|open|opens|execute|executes fast|faster|quick|well",
    "clear|helpful|informative|descriptive|user-friendly|intelligible <noun>? message|messages|instructions|feedback|error|errors|indication|explanation|explanations|guidance|help",
    "professional|modern|clean|pleasant|consistent|attractive|appealing appearance|look|design|feel|interface|layout|look-and-feel",
    "look|looks|feel|feels good|great|nice|modern|professional|clean|attractive|appealing",
    "user|customer friendly",
    "visually|aesthetically appealing|pleasing|attractive",
    "without <determiner>? noticeable|significant|undue|unreasonable|excessive|perceptible|appreciable <noun>",
    "high|heavy|peak|large load|traffic|volume|volumes",
    "real-time|real manner",
    "near real|real-time time?",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    for sentence in subject.sentences() {
        // What is measured or explained anywhere in the sentence is taken as said.
        if measure::is_measured(sentence) || measure::is_explained(sentence) {
            continue;
        }
        let from = sentence.main;
        let mut at = from;
        while at < sentence.tokens.len() {
            match place(sentence, at) {
                Some(range) => {
                    let words = said(sentence, &range);
                    at = range.end.max(at + 1);
                    report
                        .add(sentence.place(range), format!("`{words}` has no measure"))
                        .help("say what is measured, and which value is good enough");
                }
                None => at += 1,
            }
        }
    }
}

fn place(sentence: &Sentence<'_>, at: usize) -> Option<std::ops::Range<usize>> {
    if let Some(range) = IDIOMS.at(sentence, at) {
        // `shall clear messages` is a deed.
        let before = at.checked_sub(1).map_or("", |before| sentence.word(before));
        if sentence.word(at) == "clear"
            && (words::modal(before).is_some() || matches!(before, "to" | "and" | "or"))
        {
            return None;
        }
        return Some(without_end(sentence, range));
    }
    if sentence.kind(at) != Some(Kind::Word) {
        return None;
    }
    let word = sentence.word(at);
    if manner(word) {
        // `timely` before a noun is no adverb, and is found below.
        return Some(at..at + 1);
    }
    if matches!(word, "highly" | "extremely")
        && predicate(sentence, at)
        && phrase::is_end(sentence, at + 2)
        && words::may_name(sentence.word(at + 1))
    {
        return Some(at..at + 2);
    }
    let strict = quality(word)?;
    let before = at.checked_sub(1).map_or("", |before| sentence.word(before));
    if matches!(before, "not" | "no") || sentence.text(at + 1) == "-" {
        return None;
    }
    let names_next = sentence.kind(at + 1) == Some(Kind::Word) && words::may_name(sentence.word(at + 1));
    let degree = words::is_adverb(before) && !matches!(before, "only" | "also");
    if predicate(sentence, at) && !names_next {
        // `secure against …`, `compatible with …`, `consistent with …` are relations.
        let relation =
            matches!(sentence.word(at + 1), "with" | "against" | "than" | "as" | "across") && !strict;
        return (!relation).then_some(if degree { at - 1..at + 1 } else { at..at + 1 });
    }
    let graded = degree
        && matches!(
            before,
            "very"
                | "highly"
                | "extremely"
                | "sufficiently"
                | "reasonably"
                | "fairly"
                | "relatively"
                | "quite"
                | "really"
                | "more"
                | "most"
        );
    let graded = graded && !(before == "more" || before == "most") || graded && strict;
    if graded {
        return Some(at - 1..at + 1);
    }
    (strict && names_next && !joined(sentence, at)).then_some(at..at + 1)
}

/// Whether the word says what a subject is: `is fast`, `be fast and reliable`.
fn predicate(sentence: &Sentence<'_>, at: usize) -> bool {
    let mut before = at;
    while before > 0 {
        before -= 1;
        let word = sentence.word(before);
        if words::is_copula(word) {
            return true;
        }
        let passes = words::is_adverb(word)
            || matches!(word, "and" | "or" | "both" | "as" | "," | "not")
            || quality(word).is_some()
            || sentence.text(before) == ",";
        if !passes || at - before > 6 {
            return false;
        }
    }
    false
}

/// Whether the word is part of a technical name, such as `responsive design`, `flexible array`.
fn joined(sentence: &Sentence<'_>, at: usize) -> bool {
    matches!(
        (sentence.word(at), sentence.word(at + 1)),
        ("responsive", "design" | "layout" | "image" | "images" | "breakpoint" | "breakpoints")
            | ("flexible", "array" | "layout" | "box" | "server")
            | ("reliable", "delivery" | "transport" | "channel" | "multicast" | "broadcast")
            | ("meaningful", "use")
            | ("scalable", "vector")
            | (
                "graceful",
                "shutdown"
                    | "termination"
                    | "degradation"
                    | "period"
                    | "restart"
                    | "stop"
                    | "deletion"
                    | "node"
            )
            | ("rapid", "reset")
            | ("optimal", "substructure")
    )
}
