//! T101: an abbreviation that the text does not explain, though it has a place where words are explained.

use std::collections::HashSet;

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "T101",
    name: "undefined-abbreviation",
    tier: Tier::Warning,
    family: Family::Terms,
    debt: Some(Debt::UndefinedTerm),
    why: "A text with a list of terms promises that its words are explained. An abbreviation that is not in it is read \
          differently by each reader. Words that everybody knows in a project are named in `terms` of `[lint]`.",
    bad: examples!("T101").0,
    good: examples!("T101").1,
    check: Some(check),
};

fn is_known(word: &str) -> bool {
    const KNOWN: &str = " API APIS HTTP HTTPS JSON XML YAML TOML CSV HTML CSS URL URLS URI URIS UI GUI CLI SDK SQL PDF PNG JPEG JPG GIF SVG ID \
        IDS UUID UUIDS IP TCP UDP TLS SSL SSH FTP SFTP SMTP IMAP DNS MIME UTF ASCII ISO IEC IEEE RFC ANSI USA US UK EU USD EUR UTC GMT \
        CPU CPUS GPU RAM ROM SSD OS IOS PC USB LAN WAN VPN REST RPC GRPC SOAP CRUD OK GET POST PUT PATCH DELETE HEAD OPTIONS TRUE FALSE NULL \
        MUST SHALL SHOULD MAY NOT REQUIRED OPTIONAL RECOMMENDED WHEN WHILE WHERE IF THEN AND OR THE SYSTEM TEXT AM PM KB MB GB TB MS \
        FAQ TODO PIN OTP SMS MAC QR CI CD PR GDPR AES RSA SHA MD JWT OAUTH SAML SSO MFA ACL CORS CSRF XSS TTL LRU FIFO IO ORM DOM EARS ";
    KNOWN.contains(&format!(" {word} "))
}

fn is_glossary(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "glossary",
        "terms",
        "terminology",
        "definitions",
        "abbreviations",
        "acronyms",
        "definitions and abbreviations",
    ]
    .iter()
    .any(|one| name.trim_start_matches(|c: char| c.is_ascii_digit() || ". ".contains(c)).starts_with(one))
}

fn check(subject: &Subject<'_>, report: &mut Report) {
    let prose = subject.prose;
    let in_glossary = |heading: Option<usize>| prose.path(heading).any(|heading| is_glossary(&heading.text));
    if !prose.headings.iter().any(|heading| is_glossary(&heading.text)) {
        return;
    }
    let mut defined: HashSet<&str> = subject.terms.iter().map(String::as_str).collect();
    for block in &prose.blocks {
        let all = in_glossary(block.heading);
        let tokens = token::tokens(&prose.text, block.span.clone(), &prose.code);
        let text = |at: usize| tokens.get(at).map_or("", |token| &prose.text[token.span()]);
        for at in 0..tokens.len() {
            // `Service Level Objective (SLO)`, `SLO (service level objective)`.
            let in_brackets = at > 0 && text(at - 1) == "(" && text(at + 1) == ")" || text(at + 1) == "(";
            if all || in_brackets {
                defined.insert(text(at));
            }
        }
    }
    let mut said_already = HashSet::new();
    for statement in &subject.statements {
        if in_glossary(prose.blocks[statement.block].heading) {
            continue;
        }
        let sentence = &statement.sentence;
        for at in 0..sentence.tokens.len() {
            let text = sentence.text(at);
            let is_abbreviation = sentence.kind(at) == Some(Kind::Word)
                && (2..=6).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_uppercase())
                && !is_known(text);
            let plural = text.strip_suffix('S').unwrap_or(text);
            if is_abbreviation
                && !defined.contains(text)
                && !defined.contains(plural)
                && said_already.insert(text)
            {
                report
                    .add(
                        sentence.place(at..at + 1),
                        format!("`{text}` is not among the terms that this text explains"),
                    )
                    .help("explain it there, or name it in `terms` of `[lint]`");
            }
        }
    }
}
