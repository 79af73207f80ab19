//! How a Python service is started, where that can be seen.

use super::dependencies::Dependencies;
use super::{ENDINGS, package};
use crate::verbs::init::proposal::Deploy;
use crate::verbs::init::survey::{Survey, is_test};

/// Words that only a program which listens has in its sources.
const LISTENS: [&str; 8] = [
    "HTTPServer",
    "ThreadingHTTPServer",
    "make_server",
    "run_app",
    "serve_forever",
    "run_simple",
    "uvicorn.run",
    "start_server",
];

pub(super) fn propose(
    survey: &Survey,
    dependencies: &Dependencies,
    notes: &mut Vec<String>,
) -> Option<Deploy> {
    if survey.has("manage.py") {
        let command = "python3 manage.py migrate --noinput && exec python3 manage.py runserver --noreload 127.0.0.1:${port}";
        return Some(Deploy::new(survey, &ENDINGS, command));
    }
    let listens = LISTENS.iter().any(|word| survey.mentions(&ENDINGS, word));
    if let (Some(package), true) = (runnable_package(survey), listens) {
        return Some(Deploy::new(survey, &ENDINGS, format!("python3 -m {package}")));
    }
    for framework in ["FastAPI", "Starlette", "Quart", "Flask"] {
        let Some(application) = application(survey, framework) else { continue };
        let command = match framework {
            "Flask" => {
                let app = application.replace(":app", "");
                format!("python3 -m flask --app {app} run --host 127.0.0.1 --port ${{port}}")
            }
            _ => {
                if !dependencies.names("uvicorn") && !dependencies.names("fastapi-cli") {
                    notes.push(
                        "[deploy] starts the service with uvicorn, which is not among the dependencies"
                            .to_owned(),
                    );
                }
                format!("python3 -m uvicorn {application} --host 127.0.0.1 --port ${{port}}")
            }
        };
        return Some(Deploy::new(survey, &ENDINGS, command));
    }
    let script = ["server.py", "app.py", "main.py"].into_iter().find(|file| survey.has(file));
    script.filter(|_| listens).map(|script| Deploy::new(survey, &ENDINGS, format!("python3 {script}")))
}

fn runnable_package(survey: &Survey) -> Option<String> {
    let package = package(survey)?;
    let runs = ["", "src/"].iter().any(|root| survey.has(&format!("{root}{package}/__main__.py")));
    runs.then_some(package)
}

/// Where an application object is made, as `package.module:name`; a function that makes one is `package.module`, for Flask.
fn application(survey: &Survey, framework: &str) -> Option<String> {
    let call = format!("{framework}(");
    let mut found = None;
    for (path, text) in survey.sources(&ENDINGS).filter(|(path, _)| !is_test(path)) {
        let module = path.trim_end_matches(".py").trim_start_matches("src/").replace('/', ".");
        let module = module.trim_end_matches(".__init__").to_owned();
        for line in text.lines().filter(|line| line.contains(&call)) {
            let Some((name, value)) = line.split_once('=') else { continue };
            let value = value.trim_start();
            let constructs =
                value.starts_with(&call) || value.split('.').nth(1).is_some_and(|v| v.starts_with(&call));
            let name = name.split(':').next().unwrap_or(name);
            if !constructs {
                continue;
            }
            if name.starts_with(char::is_whitespace) {
                // Inside a function: only Flask looks for one named `create_app`.
                if framework == "Flask" && text.contains("def create_app") {
                    found = found.or(Some(module.clone()));
                }
            } else {
                return Some(format!("{module}:{}", name.trim()));
            }
        }
    }
    found
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::super::survey::tests::survey;
    use super::*;

    fn command(files: &[(&str, &str)]) -> Option<String> {
        let survey = survey(files);
        propose(&survey, &Dependencies::of(&survey), &mut Vec::new()).map(|deploy| deploy.command)
    }

    #[test]
    fn applications_of_frameworks_are_found() {
        assert_eq!(
            command(&[("shop/api.py", "api: FastAPI = fastapi.FastAPI(title='x')")]).as_deref(),
            Some("python3 -m uvicorn shop.api:api --host 127.0.0.1 --port ${port}")
        );
        assert_eq!(
            command(&[("shop/__init__.py", "def create_app():\n    app = Flask(__name__)\n")]).as_deref(),
            Some("python3 -m flask --app shop run --host 127.0.0.1 --port ${port}")
        );
        assert_eq!(
            command(&[("web.py", "site = Flask(__name__)")]).as_deref(),
            Some("python3 -m flask --app web:site run --host 127.0.0.1 --port ${port}")
        );
        assert!(command(&[("manage.py", "")]).unwrap().contains("runserver --noreload 127.0.0.1:${port}"));
    }

    #[test]
    fn a_program_that_does_not_listen_is_no_service() {
        assert_eq!(command(&[("tool/__main__.py", "print(1)"), ("app.py", "print(2)")]), None);
        assert_eq!(
            command(&[("app.py", "HTTPServer(a, b).serve_forever()")]).as_deref(),
            Some("python3 app.py")
        );
        assert_eq!(command(&[("tests/test_x.py", "app = Flask(__name__)")]), None);
    }
}
