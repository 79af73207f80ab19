//! The built-in rules, as data. Everything is in small letters and compared so.
//!
//! Within a row the first entry that fits decides, and one that begins with `!` decides that the row does not hold. `*`
//! stands for any characters. Several rows may hold for one path; in each area the highest class counts.

use super::model::{Area, RiskClass};

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The last part of the path.
    Name,
    /// Parts of the path that follow one another, anywhere or, with a leading `/`, from the top; also everything below.
    Below,
    /// The words in any part of the path (see [`super::words`]); `a+b` is two of them in a row.
    Word,
}

/// Which changes a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// The file is there afterwards.
    Written,
    /// The file was not there before.
    New,
    /// The file is gone afterwards.
    Deleted,
}

/// A row.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) area: Area,
    pub(super) class: RiskClass,
    pub(super) when: When,
    pub(super) by: By,
    /// Separated by white space.
    pub(super) is: &'static str,
    /// What it means that the rule holds.
    pub(super) why: &'static str,
}

const fn always(area: Area, class: RiskClass, by: By, is: &'static str, why: &'static str) -> Rule {
    Rule { area, class, when: When::Always, by, is, why }
}

const WHO: &str = "who gets in and what they may do";
const MONEY: &str = "money";
const RUNS: &str = "where and how the software runs";
const BY_ITSELF: &str = "it runs by itself when something changes";
const BUILDS: &str = "it runs when the project is built or tested";
const AGENTS: &str = "coding agents obey it";
const SECRET: &str = "files like this hold keys or passwords";
const DATA: &str = "the shape of stored data, which no revert brings back";

pub(super) const RULES: &[Rule] = &[
    always(Area::Auth, RiskClass::High, By::Word, "
        authoriz* authoris* !author* !authentic !authenticity auth* *auth oauth* webauthn
        login* *login logins logon logout signin signup signout sign+in sign+up sign+out single+sign+on sso
        *password* passwd passphrase* passkey* credential* session* bearer
        saml oidc ldap kerberos keycloak okta cognito iam idp
        jwt jwks jws jwe mfa 2fa 2+fa two+factor totp otp csrf xsrf
        permission* privilege* rbac abac acl acls access+control impersonat*
        api+key api+keys apikey apikeys access+token access+tokens refresh+token refresh+tokens
        bcrypt argon argon2 scrypt pbkdf pbkdf2", WHO),
    always(Area::Auth, RiskClass::Medium, By::Word, "
        token tokens cookie cookies cors crypto encrypt* decrypt* cipher* hmac tls ssl x509 certificate certificates",
        "often part of signing in"),
    always(Area::Payment, RiskClass::High, By::Word, "
        *payment *payments payment* pay payer payers payout* payroll paypal stripe braintree adyen klarna
        billing* invoice* invoicing checkout* refund* chargeback* credit+card credit+cards card+number iban sepa", MONEY),
    always(Area::Payment, RiskClass::Medium, By::Word, "
        charge charges price prices pricing subscription subscriptions tax taxes vat money wallet wallets ledger ledgers
        purchase purchases", "often about money"),
    always(Area::Infrastructure, RiskClass::High, By::Name, "
        dockerfile dockerfile.* *.dockerfile containerfile docker-compose*.yml docker-compose*.yaml
        compose.yml compose.yaml compose.*.yml compose.*.yaml
        *.tf *.tf.json *.tfvars *.tfvars.json *.tfstate *.tfstate.* *.hcl *.bicep *.nomad
        chart.yaml helmfile.yml helmfile.yaml kustomization.yml kustomization.yaml skaffold.yml skaffold.yaml tiltfile
        vagrantfile ansible.cfg playbook*.yml playbook*.yaml
        procfile fly.toml render.yaml netlify.toml vercel.json wrangler.toml serverless.yml serverless.yaml
        nginx.conf haproxy.cfg caddyfile crontab *.service", RUNS),
    always(Area::Infrastructure, RiskClass::Medium, By::Name, "
        .dockerignore values.yml values.yaml values-*.yml values-*.yaml values.*.yml values.*.yaml *.crt *.cer", RUNS),
    always(Area::Infrastructure, RiskClass::High, By::Below, "/chart /charts chart/templates", RUNS),
    always(Area::Infrastructure, RiskClass::High, By::Word, "
        terraform* kubernetes k8s helm ansible* pulumi cloudformation kustomize dockerfile docker+compose
        infra infrastructure", RUNS),
    always(Area::Infrastructure, RiskClass::Medium, By::Word, "
        docker deploy deploys deployment deployments nginx systemd firewall", RUNS),
    always(Area::Ci, RiskClass::High, By::Below, "
        .github/workflows .github/actions .gitlab .circleci .buildkite .woodpecker .drone .teamcity .azure-pipelines
        .azuredevops .tekton .ci /ci .husky .githooks githooks hooks/update", BY_ITSELF),
    always(Area::Ci, RiskClass::High, By::Name, "
        .gitlab-ci.yml *.gitlab-ci.yml jenkinsfile jenkinsfile.* *.jenkinsfile azure-pipelines*.yml azure-pipelines*.yaml
        .travis.yml appveyor.yml .appveyor.yml .drone.yml .woodpecker.yml bitbucket-pipelines.yml
        cloudbuild.yml cloudbuild.yaml buildspec.yml buildspec.yaml
        dependabot.yml dependabot.yaml renovate.json renovate.json5 .renovaterc .renovaterc.json
        .pre-commit-config.yaml .pre-commit-hooks.yaml lefthook.yml lefthook.yaml
        pre-commit pre-commit.* pre-push pre-push.* pre-rebase pre-receive pre-merge-commit pre-applypatch commit-msg
        prepare-commit-msg post-checkout post-commit post-merge post-receive post-rewrite post-update", BY_ITSELF),
    always(Area::Ci, RiskClass::High, By::Name, "codeowners", "who has to look at a change"),
    always(Area::Ci, RiskClass::High, By::Below, ".cargo", "it decides how every build and test runs"),
    always(Area::Ci, RiskClass::Medium, By::Below, ".github", "the hosting service reads it"),
    always(Area::Ci, RiskClass::Medium, By::Name, "
        makefile gnumakefile makefile.* *.mk justfile taskfile.yml taskfile.yaml rakefile noxfile.py tox.ini
        build.rs setup.py conftest.py pytest.ini gulpfile.* gruntfile.* webpack.config.* rollup.config.* vite.config.*
        vitest.config.* jest.config.* babel.config.* playwright.config.* cypress.config.*
        cmakelists.txt *.cmake meson.build build.bazel workspace.bazel module.bazel *.bzl .bazelrc
        rust-toolchain rust-toolchain.toml", BUILDS),
    always(Area::LockFile, RiskClass::Medium, By::Name, "
        cargo.lock package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock
        poetry.lock uv.lock pdm.lock pipfile.lock conda-lock.yml pylock.toml go.sum go.work.sum gemfile.lock
        composer.lock mix.lock pubspec.lock podfile.lock package.resolved cartfile.resolved packages.lock.json
        gradle.lockfile flake.lock .terraform.lock.hcl", "which code of others is used"),
    always(Area::LockFile, RiskClass::Medium, By::Name, "
        cargo.toml package.json pnpm-workspace.yaml deno.json deno.jsonc pyproject.toml setup.cfg pipfile
        requirements*.txt requirements*.in constraints*.txt environment.yml environment.yaml go.mod go.work
        gemfile *.gemspec composer.json mix.exs pubspec.yaml podfile package.swift pom.xml build.gradle build.gradle.kts
        settings.gradle settings.gradle.kts libs.versions.toml *.csproj *.fsproj *.vbproj directory.packages.props
        packages.config flake.nix", "it names the code of others that is used"),
    always(Area::LockFile, RiskClass::Medium, By::Below, "
        vendor vendored third_party third-party node_modules requirements/*.txt", "code of others"),
    always(Area::FactoryConfig, RiskClass::High, By::Name, "factory.toml skill.md", "it steers the factory"),
    // A directory of these names further down is the project's own affair, but for what is plainly a pipeline.
    always(Area::FactoryConfig, RiskClass::High, By::Below, "
        /pipelines /skills .factory scenarios-holdout pipelines/*.toml", "it steers the factory"),
    always(Area::FactoryConfig, RiskClass::Medium, By::Below, "/specs", "it is what changes are measured by"),
    always(Area::FactoryConfig, RiskClass::High, By::Name, "
        .gitattributes .gitmodules .gitconfig .lfsconfig", "it decides what a checkout holds and what a diff shows"),
    always(Area::FactoryConfig, RiskClass::Medium, By::Name, "
        !.gitkeep !.gitlab-ci.yml !.github !.gitlab !.githooks !.git-credentials
        !.gitattributes !.gitmodules !.gitconfig .git*", "git reads it"),
    always(Area::AgentInstructions, RiskClass::High, By::Name, "
        agents.md agents.override.md claude.md claude.local.md gemini.md copilot-instructions.md
        *.instructions.md *.prompt.md skill.md .cursorrules .windsurfrules .clinerules .roomodes .goosehints
        .aider.conf.yml .aider.model.settings.yml .mcp.json mcp.json", AGENTS),
    always(Area::AgentInstructions, RiskClass::High, By::Below, "
        .claude .codex .cursor .copilot .gemini .windsurf .clinerules .roo .continue .aider .agents .junie .kiro .opencode
        .amazonq .github/instructions .github/prompts .github/chatmodes .github/agents", AGENTS),
    always(Area::Secrets, RiskClass::High, By::Name, "
        !.env.example !.env.sample !.env.template !.env.dist .env .env.* *.env .envrc
        *.pem *.key *.p12 *.pfx *.jks *.keystore *.kdbx *.ppk *.gpg id_rsa id_dsa id_ecdsa id_ed25519 authorized_keys
        .npmrc .yarnrc .yarnrc.yml .pypirc .netrc _netrc .htpasswd .pgpass .my.cnf .git-credentials .dockercfg .boto
        kubeconfig *.kubeconfig service-account*.json service_account*.json client_secret*.json", SECRET),
    always(Area::Secrets, RiskClass::Medium, By::Name, "
        .env.example .env.sample .env.template .env.dist", "real values end up in it by mistake"),
    always(Area::Secrets, RiskClass::High, By::Below, ".ssh .aws .azure .gnupg .kube .docker", SECRET),
    always(Area::Secrets, RiskClass::High, By::Word, "secret secrets", "keys or passwords, or what handles them"),
    always(Area::Secrets, RiskClass::Medium, By::Word, "vault vaults", "often keys or passwords"),
    always(Area::Migration, RiskClass::High, By::Word, "migration migrations migrate alembic flyway liquibase", DATA),
    always(Area::Migration, RiskClass::High, By::Name, "
        schema.sql structure.sql schema.rb schema.prisma *.up.sql *.down.sql v*__*.sql", DATA),
    always(Area::Migration, RiskClass::Medium, By::Name, "*.sql", "it may change stored data"),
    Rule {
        area: Area::Executable,
        class: RiskClass::Medium,
        when: When::New,
        by: By::Name,
        is: "*.sh *.bash *.zsh *.fish *.ps1 *.psm1 *.bat *.cmd *.command",
        why: "a new script",
    },
    Rule {
        area: Area::Executable,
        class: RiskClass::Medium,
        when: When::Written,
        by: By::Name,
        is: "*.exe *.msi *.dll *.so *.so.* *.dylib *.a *.o *.jar *.war *.class *.pyc *.node *.wasm *.whl *.deb *.rpm *.apk",
        why: "nobody can read it",
    },
    Rule {
        area: Area::Deletion,
        class: RiskClass::Medium,
        when: When::Deleted,
        by: By::Word,
        is: "test tests testing spec e2e",
        why: "a test goes away",
    },
];
