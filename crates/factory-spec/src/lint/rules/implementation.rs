//! I101: a requirement that names how it is built.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "I101",
    name: "implementation-named",
    tier: Tier::Warning,
    family: Family::Implementation,
    debt: Some(Debt::LeakyAbstraction),
    why: "A requirement says what is seen from outside. A library or a data structure in it cannot be checked by a scenario, and \
          forbids better ones; if it has to be this one, it is a constraint.",
    bad: examples!("I101").0,
    good: examples!("I101").1,
    check: Some(check),
};

static BUILT: Phrases = Phrases::new(&[
    "be implemented|written|developed|coded|built|programmed in|using|with|as|on|by|through <determiner>? <word>",
    "use|uses|using|via|with|through a|an|the <word>? hash|linked|binary|b-tree|bloom hashmap|hash-map|map|table|list|tree|filter|search",
    "use|uses|using|via|with|through a|an|the <word>? hashmap|hashtable|mutex|semaphore|singleton|trigger|thread-pool|for-loop|regex|regular-expression|ringbuffer|stored-procedure|microservice|cronjob|enum|struct|goroutine",
    "use|uses|using|via|with|through a|an|the? stored procedure|procedures",
    "use|uses|using|via|with|through a|an|the? regular expression|expressions",
    "use|uses|using|via|with|through a|an|the? database trigger|triggers",
    "use|uses|using|via|with|through a|an|the? cron job|jobs",
    "use|uses|using|via|with|through a|an|the? for|while loop",
    "use|uses|using|via|with|through a|an|the? foreign key",
    "using|with|by the <noun> algorithm",
    "use|uses|using|in|via|with|through a|an|the? relational|nosql|sql|in-memory|graph|document database|databases|store|cache|table",
    "use|uses|using|via|through a|an|the? message queue|broker|bus",
]);

/// Products that are parts of a system, not what it talks to.
fn is_product(word: &str) -> bool {
    matches!(
        word,
        "redis"
            | "memcached"
            | "postgresql"
            | "postgres"
            | "mysql"
            | "mariadb"
            | "mongodb"
            | "dynamodb"
            | "cassandra"
            | "sqlite"
            | "oracle"
            | "elasticsearch"
            | "kafka"
            | "rabbitmq"
            | "react"
            | "angular"
            | "vue"
            | "jquery"
            | "bootstrap"
            | "tailwind"
            | "django"
            | "flask"
            | "rails"
            | "laravel"
            | "spring"
            | "hibernate"
            | "express"
            | "nodejs"
            | "node.js"
            | "hadoop"
            | "spark"
            | "celery"
            | "sidekiq"
            | "lucene"
            | "tomcat"
            | "websphere"
            | "struts"
            | "ejb"
            | "servlets"
            | "servlet"
            | "jsp"
            | "php"
            | "j2ee"
            | "asp"
            | "coldfusion"
            | "zustand"
            | "redux"
            | "prisma"
            | "sqlalchemy"
            | "springboot"
            | "java"
            | "python"
            | "javascript"
            | "typescript"
            | "kotlin"
            | "ajax"
            | "graphql-yoga"
    )
}

fn check(subject: &Subject<'_>, report: &mut Report) {
    const HELP: &str = "say what is seen from outside; if it has to be this one, write it under Constraints";
    for statement in &subject.statements {
        let in_constraints =
            subject.prose.path(subject.prose.blocks[statement.block].heading).any(|heading| {
                let name = heading.text.to_ascii_lowercase();
                [
                    "constraint",
                    "dependenc",
                    "technical",
                    "technology",
                    "design",
                    "implementation",
                    "architecture",
                    "assumption",
                    "migration",
                ]
                .iter()
                .any(|word| name.contains(word))
            });
        if in_constraints {
            continue;
        }
        let sentence = &statement.sentence;
        let from = statement.clauses.modal.unwrap_or(0);
        for range in
            BUILT.all(sentence).into_iter().filter(|range| range.start >= from && !has_digit(sentence, range))
        {
            let words = said(sentence, &range);
            report.add(sentence.place(range), format!("`{words}` says how it is built")).help(HELP);
        }
        for at in from..sentence.tokens.len() {
            if sentence.kind(at) == Some(Kind::Word)
                && is_product(sentence.word(at))
                && is_means(sentence, at)
            {
                let word = sentence.text(at);
                report
                    .add(sentence.place(at..at + 1), format!("`{word}` is what it is built with"))
                    .help(HELP);
            }
        }
    }
}

/// Whether it names a standard, such as `SHA-256`, which others have to know.
fn has_digit(sentence: &Sentence<'_>, range: &Range<usize>) -> bool {
    range.clone().any(|at| sentence.word(at).contains(|c: char| c.is_ascii_digit()))
}

/// Whether a product is a means: `in Redis`, `using a MySQL table`, not `import from MySQL`, `support PostgreSQL`.
fn is_means(sentence: &Sentence<'_>, at: usize) -> bool {
    let capital = sentence.text(at).starts_with(char::is_uppercase);
    let mut before = at;
    while before > 0 && at - before < 3 {
        before -= 1;
        let word = sentence.word(before);
        if matches!(word, "using" | "via" | "use" | "uses" | "in")
            || matches!(word, "with" | "by") && sentence.word(before.saturating_sub(1)).ends_with("ed")
        {
            // `in` needs a verb that keeps: `stored in Redis`.
            let keeps = (0..before).rev().take(5).any(|one| {
                matches!(
                    words::stem(sentence.word(one)),
                    "stor"
                        | "sav"
                        | "persist"
                        | "cach"
                        | "kept"
                        | "keep"
                        | "writ"
                        | "record"
                        | "implement"
                        | "hold"
                        | "queu"
                        | "index"
                        | "writt"
                )
            });
            return capital && (word != "in" || keeps);
        }
        if !(words::is_determiner(word) || words::may_name(word)) {
            return false;
        }
    }
    false
}
