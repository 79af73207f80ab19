//! What `factory init` proposes for a project: plain data, made by one module for each kind of project.

use std::collections::BTreeMap;

use super::survey::Survey;

/// A kind of project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rust,
    Python,
    Node,
    Go,
}

impl Kind {
    /// Its name, for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Rust => "Rust",
            Kind::Python => "Python",
            Kind::Node => "Node",
            Kind::Go => "Go",
        }
    }
}

/// What one kind of project, found in the folder, suggests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) kind: Kind,
    /// The file that describes the project.
    pub(super) manifest: String,
    pub(super) checks: Vec<Check>,
    pub(super) setup: Option<Setup>,
    pub(super) deploy: Option<Deploy>,
    /// How the project's program is run, for a project that is no service.
    pub(super) program: Program,
    /// What a person should know or do about it.
    pub(super) notes: Vec<String>,
}

/// A program that is run from a shell; arguments go behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// As a person runs it in the project.
    pub(super) by_hand: String,
    /// As a scenario runs it, after the build.
    pub(super) built: String,
    pub(super) build: Option<String>,
}

impl Program {
    /// A program that needs no build.
    pub(super) fn script(command: impl Into<String>) -> Self {
        let command = command.into();
        Self { by_hand: command.clone(), built: command, build: None }
    }
}

/// A `[[check]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) command: String,
}

/// A `[setup]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Setup {
    /// Joined by `&&`.
    pub(super) commands: Vec<String>,
    pub(super) inputs: Vec<String>,
    pub(super) keep: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
}

/// A `[deploy]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deploy {
    pub(super) build: Option<String>,
    pub(super) command: String,
    pub(super) ready: String,
    pub(super) env: BTreeMap<String, String>,
    /// What was not seen but assumed.
    pub(super) guesses: Vec<String>,
}

impl Setup {
    /// Both, one after the other.
    pub(super) fn join(mut self, other: Setup) -> Setup {
        self.commands.extend(other.commands);
        self.inputs.extend(other.inputs);
        self.keep.extend(other.keep);
        self.env.extend(other.env);
        self
    }
}

/// Variables that services read, and what factory gives for them.
const KNOWN: [(&str, &str); 8] = [
    ("HOST", "127.0.0.1"),
    ("SMTP_HOST", "${smtp.host}"),
    ("SMTP_PORT", "${smtp.port}"),
    ("MAIL_HOST", "${smtp.host}"),
    ("MAIL_PORT", "${smtp.port}"),
    ("PUBLIC_URL", "${url}"),
    ("BASE_URL", "${url}"),
    ("CLOCK_OFFSET_FILE", "${clock.offset_file}"),
];

/// Variables that name the port to listen on.
const PORTS: [&str; 6] = ["PORT", "HTTP_PORT", "SERVER_PORT", "APP_PORT", "LISTEN_PORT", "ROCKET_PORT"];

/// Variables that name what a service keeps; where it goes depends on the service.
const KEPT: [&str; 6] = ["DATABASE", "DATABASE_URL", "DATABASE_PATH", "DB_PATH", "DB_FILE", "DATA_DIR"];

impl Deploy {
    /// A command with the environment that the sources seem to read. Where neither they nor the command name a port,
    /// `PORT` is tried.
    pub(super) fn new(survey: &Survey, endings: &[&str], command: impl Into<String>) -> Self {
        let command = command.into();
        let mut guesses = Vec::new();
        let mut env: BTreeMap<String, String> = KNOWN
            .into_iter()
            .filter(|(name, _)| survey.mentions(endings, name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let port = PORTS.into_iter().find(|name| survey.mentions(endings, name));
        let told = command.contains("${port}");
        if port.is_some() || !told {
            env.insert(port.unwrap_or("PORT").to_owned(), "${port}".to_owned());
        }
        if port.is_none() && !told {
            guesses.push(
                "no source reads a variable such as PORT: make the service listen on 127.0.0.1:${port}, by a variable \
                 in [deploy.env] or an argument in `command`"
                    .to_owned(),
            );
        }
        let kept: Vec<&str> = KEPT.into_iter().filter(|name| survey.mentions(endings, name)).collect();
        if !kept.is_empty() {
            guesses.push(format!(
                "the sources read {}: set it in [deploy.env] to a place under ${{scratch}}, which is empty for every run",
                kept.join(", ")
            ));
        }
        let ready = survey.health(endings).unwrap_or_else(|| {
            guesses.push(
                "no path such as /health was found: `ready` is where the service is asked whether it is up"
                    .to_owned(),
            );
            "/"
        });
        Self { build: None, command, ready: ready.to_owned(), env, guesses }
    }
}

#[cfg(test)]
mod tests {
    use super::super::survey::tests::survey;
    use super::*;

    #[test]
    fn the_environment_is_what_the_sources_read() {
        let survey = survey(&[(
            "app.py",
            "os.environ['HTTP_PORT'], os.environ['SMTP_HOST'], os.environ['DATABASE_URL'], '/healthz'",
        )]);
        let deploy = Deploy::new(&survey, &["py"], "python3 app.py");
        assert_eq!(
            deploy.env,
            BTreeMap::from([
                ("HTTP_PORT".to_owned(), "${port}".to_owned()),
                ("SMTP_HOST".to_owned(), "${smtp.host}".to_owned()),
            ])
        );
        assert_eq!(deploy.ready, "/healthz");
        assert_eq!(deploy.guesses.len(), 1, "{:?}", deploy.guesses);
        assert!(deploy.guesses[0].contains("DATABASE_URL"));
    }

    #[test]
    fn what_was_not_seen_is_said() {
        let deploy = Deploy::new(&survey(&[("app.py", "serve()")]), &["py"], "python3 app.py");
        assert_eq!(deploy.env["PORT"], "${port}");
        assert_eq!(deploy.guesses.len(), 2, "{:?}", deploy.guesses);
        let told = Deploy::new(&survey(&[("app.py", "'/ping'")]), &["py"], "serve --port ${port}");
        assert_eq!((told.guesses.len(), told.env.len()), (0, 0), "{told:?}");
    }
}
