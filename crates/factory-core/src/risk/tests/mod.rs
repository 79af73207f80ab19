//! What a path raises, and, as important, what it does not.

mod laws;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::*;
use crate::artifact::{Change, FileChange, Patch};
use crate::ids::Digest;

fn written(path: &str) -> FileChange {
    let change = Change::Written { content: Digest::of(b"x"), executable: false, existed: true };
    FileChange { path: path.to_owned(), change }
}

fn new_file(path: &str, executable: bool) -> FileChange {
    let change = Change::Written { content: Digest::of(b"x"), executable, existed: false };
    FileChange { path: path.to_owned(), change }
}

fn deleted(path: &str) -> FileChange {
    FileChange { path: path.to_owned(), change: Change::Deleted }
}

fn risk(changes: Vec<FileChange>) -> Risk {
    classify(&Patch { changes }, &RiskRules::default())
}

fn rules(extra: &[(Area, &str)]) -> RiskRules {
    let rule = |(area, pattern): &(Area, &str)| ExtraRule { area: *area, pattern: pattern.parse().unwrap() };
    RiskRules { extra: extra.iter().map(rule).collect() }
}

/// Asserts that each path, changed alone, has a reason of that area and class, and that class as a whole.
#[track_caller]
fn raises(area: Area, class: RiskClass, paths: &[&str]) {
    for path in paths {
        let risk = risk(vec![written(path)]);
        let found = risk.reasons.iter().find(|reason| reason.area == area);
        assert_eq!(found.map(|reason| reason.class), Some(class), "{path}: {risk:?}");
        assert!(risk.class >= class, "{path}: {risk:?}");
    }
}

#[test]
fn plain_paths_are_low_without_a_reason() {
    for path in [
        "README.md",
        "src/main.rs",
        "src/author.rs",
        "src/authors/list.py",
        "src/AuthorList.tsx",
        "src/coauthors.rs",
        "src/authority.rs",
        "src/authentic_recipes.rs",
        "src/tokenizer.py",
        "src/TokenizerFast.py",
        "src/assessment.rb",
        "src/possession.rs",
        "src/obsession/mod.rs",
        "src/blogging.rs",
        "src/plugin.rs",
        "src/event_log_in_memory.rs",
        "src/compass.rs",
        "src/passenger.rs",
        "src/permissive.rs",
        "src/payload.rs",
        "src/stripes.css",
        "src/billboard.rs",
        "src/priceless.rs",
        "src/taxonomy.rs",
        "src/hooks/useCounter.ts",
        "hooks/useCounter.ts",
        "src/pipelines/etl.py",
        "src/skills/list.rs",
        "src/charts/bar.tsx",
        "src/components/chart/axis.tsx",
        "src/helmet.tsx",
        "src/overwhelm.rs",
        "src/infrared.rs",
        "src/migraine.rs",
        "src/immigration/forms.rs",
        "src/secretary.rs",
        "src/monkey.png",
        "src/keyboard.rs",
        "src/environment.ts",
        "src/foo.service.ts",
        "src/factory_toml.rs",
        "src/toml/factory.rs",
        "src/gitignore_parser.rs",
        "src/github/client.rs",
        "src/cursor.rs",
        "src/claude/client.rs",
        "src/agents.rs",
        "src/lockfile.rs",
        "src/yarn.rs",
        "src/requirement.rs",
        "src/json_schema.rs",
        "assets/.gitkeep",
        "examples/demo.py",
        "docs/guide.md",
        "tests/parse_test.rs",
        "文档/说明.md",
        "app/[id]/page.tsx",
    ] {
        assert_eq!(risk(vec![written(path)]), Risk::default(), "{path}");
    }
    assert_eq!(risk(Vec::new()), Risk::default());
}

#[test]
fn who_gets_in_is_high() {
    raises(
        Area::Auth,
        RiskClass::High,
        &[
            "src/auth.rs",
            "src/auth/mod.rs",
            "src/AUTH/Mod.rs",
            "src/authn.rs",
            "src/authz_policy.go",
            "src/OAuthClient.java",
            "src/oauth2.py",
            "src/OAuth2Client.ts",
            "src/auth0.ts",
            "src/authservice.py",
            "src/userauth.py",
            "src/Authorizer.kt",
            "src/authorisation.rs",
            "src/AuthOrder.rs",
            "src/loginPage.tsx",
            "src/logIn.ts",
            "src/sign_in.rs",
            "src/signUp.ts",
            "src/session.rs",
            "app/UserSessions.rb",
            "src/reset-password.ts",
            "src/passwordreset.py",
            "src/permissions.rs",
            "src/apiKey.ts",
            "src/api_keys.rs",
            "src/jwt.go",
            "src/2fa.rs",
            "src/two_factor/mod.rs",
            "src/webauthn.rs",
            "accounts/passwords.py",
            "src/auth/README.md",
            "tests/auth_test.rs",
        ],
    );
    raises(Area::Auth, RiskClass::Medium, &["src/tokens.py", "src/crypto.rs", "src/TlsConfig.java"]);
}

#[test]
fn money_is_high() {
    raises(
        Area::Payment,
        RiskClass::High,
        &[
            "src/payment.rs",
            "src/PaymentService.java",
            "src/payments/mod.rs",
            "src/cardpayment.go",
            "src/pay.rs",
            "src/pay2.rs",
            "src/payPal.ts",
            "src/billing/plan.rs",
            "src/invoice_lines.sql",
            "src/stripe-webhook.ts",
            "src/Checkout.vue",
            "src/refund.rs",
            "src/credit_card.rs",
        ],
    );
    raises(Area::Payment, RiskClass::Medium, &["src/pricing.rs", "twins/charges.rs", "src/subscription.rs"]);
}

#[test]
fn where_it_runs_is_not_low() {
    raises(
        Area::Infrastructure,
        RiskClass::High,
        &[
            "Dockerfile",
            "services/a/dockerfile",
            "Dockerfile.prod",
            "docker-compose.yml",
            "docker-compose.override.yaml",
            "compose.yaml",
            "terraform/readme.md",
            "infra/main.tf",
            "modules/net/net.tf",
            "k8s/app.yaml",
            "deploy/k8s/app.yaml",
            "helm/values.yaml",
            "chart/templates/ingress.yaml",
            "charts/app/x.yaml",
            "svc/chart/templates/ingress.yaml",
            "svc/charts/app/Chart.yaml",
            "ansible/roles/web/tasks/main.yml",
            "fly.toml",
            "etc/web.service",
        ],
    );
    raises(Area::Infrastructure, RiskClass::Medium, &["scripts/deploy.py", ".dockerignore", "src/docker.rs"]);
}

#[test]
fn what_runs_by_itself_is_not_low() {
    raises(
        Area::Ci,
        RiskClass::High,
        &[
            ".github/workflows/ci.yml",
            ".GitHub/Workflows/ci.yml",
            "sub/.github/workflows/ci.yml",
            ".github/actions/build/action.yml",
            ".github/dependabot.yml",
            ".gitlab-ci.yml",
            "Jenkinsfile",
            ".circleci/config.yml",
            "azure-pipelines.yml",
            "azure-pipelines-release.yaml",
            "CODEOWNERS",
            "docs/CODEOWNERS",
            ".husky/pre-commit",
            "scripts/hooks/pre-push",
            "hooks/update",
            ".pre-commit-config.yaml",
            ".cargo/config.toml",
            ".ci/run",
        ],
    );
    raises(
        Area::Ci,
        RiskClass::Medium,
        &["Makefile", "build.rs", "tests/conftest.py", ".github/FUNDING.yml", ".github"],
    );
}

#[test]
fn the_code_of_others_is_medium() {
    let paths = [
        "Cargo.lock",
        "crates/a/Cargo.toml",
        "package.json",
        "web/package-lock.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "poetry.lock",
        "uv.lock",
        "go.sum",
        "go.mod",
        "Gemfile.lock",
        "composer.lock",
        "requirements.txt",
        "requirements-dev.txt",
        "requirements/base.txt",
        "docs/requirements.txt",
        "pyproject.toml",
        "vendor/lib/a.c",
    ];
    raises(Area::LockFile, RiskClass::Medium, &paths);
    for path in paths {
        assert_eq!(risk(vec![written(path)]).class, RiskClass::Medium, "{path}");
    }
}

#[test]
fn what_steers_the_factory_and_its_agents_is_high() {
    raises(
        Area::FactoryConfig,
        RiskClass::High,
        &[
            "factory.toml",
            "services/a/Factory.toml",
            "pipelines/feature.toml",
            "services/a/pipelines/feature.toml",
            "skills/review/check.py",
            "services/a/skills/review/SKILL.md",
            ".factory/local.toml",
            "scenarios-holdout/login/SCN-1.md",
            ".gitmodules",
            ".gitattributes",
            "sub/.gitattributes",
            "docs/factory.toml",
        ],
    );
    raises(Area::FactoryConfig, RiskClass::Medium, &[".gitignore", "a/.gitignore", "specs/feature.md"]);
    raises(
        Area::AgentInstructions,
        RiskClass::High,
        &[
            "AGENTS.md",
            "docs/AGENTS.md",
            "crates/a/agents.md",
            "CLAUDE.md",
            ".claude/settings.json",
            ".claude",
            ".codex/config.toml",
            ".cursor/rules/a.mdc",
            ".cursorrules",
            ".github/copilot-instructions.md",
            ".github/instructions/a.instructions.md",
            ".mcp.json",
        ],
    );
}

#[test]
fn secrets_and_stored_data_are_high() {
    raises(
        Area::Secrets,
        RiskClass::High,
        &[
            ".env",
            ".env.production",
            "config/prod.env",
            "certs/server.PEM",
            "server.key",
            "id_rsa",
            "home/.ssh/config",
            "id_ed25519",
            ".npmrc",
            ".pypirc",
            ".git-credentials",
            "k/kubeconfig",
            "src/secrets.rs",
        ],
    );
    raises(Area::Secrets, RiskClass::Medium, &[".env.example"]);
    raises(
        Area::Migration,
        RiskClass::High,
        &[
            "migrations/0001_init.sql",
            "db/migrate/2024_a.rb",
            "accounts/migrations.py",
            "alembic/versions/a.py",
            "db/schema.rb",
            "prisma/schema.prisma",
            "sql/V2__users.sql",
        ],
    );
    raises(Area::Migration, RiskClass::Medium, &["queries/report.sql"]);
}

#[test]
fn documentation_is_not_what_it_is_about_but_says_so() {
    for (path, area) in [
        ("docs/authentication.md", Area::Auth),
        ("crates/a/docs/payment.rst", Area::Payment),
        ("doc/kubernetes/intro.txt", Area::Infrastructure),
        ("Documentation/migrations.adoc", Area::Migration),
        ("docs/secrets.md", Area::Secrets),
    ] {
        let risk = risk(vec![written(path)]);
        assert_eq!(risk.class, RiskClass::Low, "{path}: {risk:?}");
        assert_eq!(risk.reasons.len(), 1, "{path}: {risk:?}");
        assert_eq!((risk.reasons[0].area, risk.reasons[0].class), (area, RiskClass::Low));
        assert!(risk.reasons[0].why.ends_with("not counted, since it is documentation"), "{risk:?}");
    }
    // Code among the documentation, documentation elsewhere, and what a tool reads wherever it is.
    for path in [
        "docs/auth.py",
        "docs/auth.mdx",
        "auth.md",
        "src/auth/notes.md",
        "docs/Dockerfile.txt",
        "docs/.env.txt",
        "docs/.claude/a.md",
        "docs/.ssh/a.txt",
    ] {
        assert_eq!(risk(vec![written(path)]).class, RiskClass::High, "{path}");
    }
}

#[test]
fn what_can_be_run_is_medium() {
    let executable = |risk: &Risk| risk.reasons.iter().any(|r| r.area == Area::Executable);
    for (change, medium) in [
        (new_file("bin/tool", true), true),
        (new_file("bin/tool", false), false),
        (new_file("bin/tool.sh", false), true),
        (written("bin/tool.sh"), false),
        (deleted("bin/tool.sh"), false),
        (written("lib/x.so"), true),
        (deleted("lib/x.so"), false),
        (
            FileChange {
                path: "bin/tool".to_owned(),
                change: Change::Written { content: Digest::of(b"x"), executable: true, existed: true },
            },
            true,
        ),
    ] {
        let risk = risk(vec![change.clone()]);
        assert_eq!(executable(&risk), medium, "{change:?}: {risk:?}");
        assert_eq!(risk.class, if medium { RiskClass::Medium } else { RiskClass::Low }, "{change:?}");
    }
}

#[test]
fn both_paths_of_a_renamed_file_count() {
    let away = risk(vec![deleted("src/auth.rs"), new_file("src/plain.rs", false)]);
    let here = risk(vec![deleted("src/plain.rs"), new_file("src/auth.rs", false)]);
    for risk in [away, here] {
        assert_eq!(risk.class, RiskClass::High);
        assert_eq!(risk.reasons[0].path.as_deref(), Some("src/auth.rs"));
    }
}

#[test]
fn five_files_are_not_low_and_neither_is_deleting_many() {
    let files = |n: usize, make: fn(&str) -> FileChange| -> Vec<FileChange> {
        (0..n).map(|i| make(&format!("src/f{i}.rs"))).collect()
    };
    for (risk, class, areas) in [
        (risk(files(4, written)), RiskClass::Low, &[][..]),
        (risk(files(5, written)), RiskClass::Medium, &[Area::Size]),
        (risk(files(2, deleted)), RiskClass::Low, &[]),
        (risk(files(3, deleted)), RiskClass::Medium, &[Area::Deletion]),
        (risk(files(19, deleted)), RiskClass::Medium, &[Area::Size, Area::Deletion]),
        (risk(files(20, deleted)), RiskClass::High, &[Area::Size, Area::Deletion]),
    ] {
        assert_eq!(risk.class, class, "{risk:?}");
        assert_eq!(risk.reasons.iter().map(|r| r.area).collect::<Vec<_>>(), areas);
        assert!(risk.reasons.iter().all(|r| r.path.is_none()));
    }
    let test = risk(vec![deleted("tests/parse.rs")]);
    assert_eq!((test.class, test.reasons[0].area), (RiskClass::Medium, Area::Deletion));
    for path in ["src/latest.rs", "docs/tests.md"] {
        assert_eq!(risk(vec![deleted(path)]).class, RiskClass::Low, "{path}");
    }
}

#[test]
fn what_cannot_be_trusted_to_be_what_it_looks_like_is_high() {
    for path in [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "./a",
        "a//b",
        "a\0b",
        "a\u{202e}b",
        "src/\u{0430}pp.rs",
        ".git/config",
    ] {
        let risk = risk(vec![written(path)]);
        assert_eq!(risk.class, RiskClass::High, "{path:?}");
        assert!(
            risk.reasons.iter().any(|r| r.area == Area::Unusual && r.class == RiskClass::High),
            "{risk:?}"
        );
        assert!(risk.reasons.iter().all(|r| !r.why.chars().any(char::is_control)), "{risk:?}");
    }
    // The other rules still see through it.
    let both = risk(vec![written("x/../.github/workflows/ci.yml")]);
    assert_eq!(both.reasons.iter().map(|r| r.area).collect::<Vec<_>>(), [Area::Ci, Area::Unusual]);
    let long = risk(vec![written(&"auth/".repeat(200_000))]);
    assert_eq!((long.class, long.reasons.len()), (RiskClass::High, 1));
}

#[test]
fn a_reason_says_what_was_seen() {
    let risk = risk(vec![written("src/login/session.rs"), written("Cargo.lock")]);
    let why: Vec<(&str, &str)> =
        risk.reasons.iter().map(|r| (r.path.as_deref().unwrap(), r.why.as_str())).collect();
    assert_eq!(
        why,
        [
            ("Cargo.lock", "`cargo.lock`: which code of others is used"),
            ("src/login/session.rs", "`login*`: who gets in and what they may do"),
        ]
    );
    let json = serde_json::to_value(&risk).unwrap();
    assert_eq!(json["class"], "high");
    assert_eq!(json["reasons"][0]["area"], "lock_file");
    assert_eq!(serde_json::from_value::<Risk>(json).unwrap(), risk);
}

#[test]
fn a_project_adds_rules_and_takes_none_away() {
    let rules = rules(&[
        (Area::Payment, "src/ledgers/"),
        (Area::Auth, "*.policy"),
        (Area::Infrastructure, "Rates"),
        (Area::Size, "src/gen*/x"),
        (Area::Auth, "docs/"),
    ]);
    let at = |path: &str| classify(&Patch { changes: vec![written(path)] }, &rules);
    for (path, class) in [
        ("src/Ledgers/a/b.rs", RiskClass::High),
        ("other/src/ledgerz/b.rs", RiskClass::Low),
        ("src/ledgersx/b.rs", RiskClass::Low),
        ("src", RiskClass::Low),
        ("deep/x.policy", RiskClass::High),
        ("deep/rates/x.rs", RiskClass::High),
        ("deep/rates.rs", RiskClass::Low),
        ("src/generated/x", RiskClass::Medium),
        ("src/generated/x/y.rs", RiskClass::Medium),
        ("src/generated/y", RiskClass::Low),
        ("docs/guide.md", RiskClass::High),
        ("src/auth.rs", RiskClass::High),
    ] {
        assert_eq!(at(path).class, class, "{path}: {:?}", at(path));
    }
    assert_eq!(at("a.policy").reasons[0].why, "`*.policy`: a rule of the project");
    let from_file: RiskRules =
        toml::from_str("extra = [{ area = \"payment\", pattern = \"src/ledgers/\" }]").unwrap();
    assert_eq!(from_file.extra[0].pattern.as_str(), "src/ledgers/");
    assert!(toml::from_str::<RiskRules>("except = []").is_err());
    assert!(toml::from_str::<RiskRules>("extra = [{ area = \"auth\", pattern = \"!a\" }]").is_err());
}

/// Ten times the files may take about ten times as long; comparing each with each would take a hundred times.
#[test]
fn a_hundred_thousand_files_take_linear_time() {
    let patch = |n: usize| Patch {
        changes: (0..n).map(|i| written(&format!("src/module_{}/PartOfAuth{i}/file.rs", i % 977))).collect(),
    };
    let time = |n: usize| -> Duration {
        let patch = patch(n);
        let begin = Instant::now();
        let risk = classify(&patch, &RiskRules::default());
        assert_eq!(risk.reasons.len(), n + 1);
        begin.elapsed()
    };
    let (tenth, whole) = (time(10_000), time(100_000));
    assert!(whole < tenth * 30 + Duration::from_secs(1), "{tenth:?} and {whole:?}");
}
