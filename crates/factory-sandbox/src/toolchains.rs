//! What commands can read without being told: the system's programs and libraries, and where the toolchains are that a
//! `PATH` leads to. Never a home directory, and never a folder in which tools keep credentials.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::confinement::Network;

/// Top folders of the system. Many are links to the first one's folders.
pub(crate) const SYSTEM: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// What programs and libraries need of `/etc`. Who may log in, and with what, is not among it.
const CONFIGURATION: [&str; 22] = [
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/fonts",
    "/etc/gai.conf",
    "/etc/java-17-openjdk",
    "/etc/java-21-openjdk",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
];

/// What the machine's own network needs of `/etc`.
const NETWORK: [&str; 3] = ["/etc/host.conf", "/etc/hosts", "/etc/resolv.conf"];

/// Where package managers are told of mirrors for the whole machine. Some have credentials in there.
const PACKAGES: [&str; 3] = ["/etc/npmrc", "/etc/pip.conf", "/etc/xdg/pip"];

/// Programs whose real place is looked up: on many machines they are links to a toolchain elsewhere.
const PROGRAMS: [&str; 20] = [
    "bash", "bun", "cargo", "deno", "dotnet", "git", "go", "java", "mvn", "node", "npm", "php", "pnpm",
    "python", "python3", "ruby", "rustc", "sh", "uv", "yarn",
];

/// Folders that a toolchain has beside its programs; a folder of somebody's own programs has other things there.
const LIBRARIES: [&str; 5] = ["lib", "lib64", "libexec", "pkg", "versions"];

/// The files of the system's configuration that a command can read.
pub(crate) fn configuration(network: Network) -> Vec<PathBuf> {
    let (network, packages) = match network {
        Network::Private => (&[][..], Vec::new()),
        Network::Host => (&NETWORK[..], package_configuration()),
    };
    existing(CONFIGURATION.iter().chain(network)).chain(packages).collect()
}

/// What the machine's own configuration of package managers is in. With the machine's network a command can read it; any other
/// only if it is given it.
pub fn package_configuration() -> Vec<PathBuf> {
    existing(PACKAGES.iter()).collect()
}

fn existing<'a>(paths: impl Iterator<Item = &'a &'static str>) -> impl Iterator<Item = PathBuf> {
    paths.map(PathBuf::from).filter(|path| path.exists())
}

/// Where the toolchains are that a `PATH` leads to, outside of the system's folders, each once.
pub fn readable(path: &OsStr) -> Vec<PathBuf> {
    let home = env::home_dir();
    let mut found = Vec::new();
    for entry in env::split_paths(path).filter(|entry| entry.is_absolute()) {
        found.extend(of_entry(&entry, home.as_deref()));
        for program in PROGRAMS {
            // A program that is a link leads to the toolchain's own folder for programs.
            if let Ok(real) = entry.join(program).canonicalize()
                && let Some(folder) = real.parent().filter(|folder| *folder != entry)
            {
                found.extend(of_entry(folder, home.as_deref()));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// What one folder of programs needs to be readable. For `…/bin` of a toolchain that is the folder above, where its libraries
/// are, unless that one is a home directory or one of the folders in which everything of a user is.
fn of_entry(entry: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let Ok(entry) = entry.canonicalize() else { return Vec::new() };
    if is_system(&entry) || !entry.is_dir() {
        return Vec::new();
    }
    let parent = entry.parent().unwrap_or(&entry).to_owned();
    let named = |path: &Path, name: &str| path.file_name() == Some(OsStr::new(name));
    if named(&entry, "bin") && named(&parent, ".cargo") {
        // The folder above has the registry's credentials.
        return [Some(entry), rustup(home)].into_iter().flatten().collect();
    }
    let has_libraries = LIBRARIES.iter().any(|folder| parent.join(folder).is_dir());
    let is_toolchain = has_libraries && PROGRAMS.iter().any(|program| entry.join(program).exists());
    let holds_all = home.is_some_and(|home| home.starts_with(&parent)) || parent.parent().is_none();
    if (named(&entry, "bin") || named(&entry, "shims"))
        && is_toolchain
        && !holds_all
        && !named(&parent, ".local")
    {
        return vec![parent];
    }
    if home == Some(&entry) || entry.parent().is_none() { Vec::new() } else { vec![entry] }
}

fn is_system(path: &Path) -> bool {
    SYSTEM.iter().any(|folder| path.starts_with(folder))
}

/// Where rustup keeps its toolchains, if it does.
pub(crate) fn rustup(home: Option<&Path>) -> Option<PathBuf> {
    let named = env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let usual = home.map(|home| home.join(".rustup"));
    named.or(usual).filter(|folder| folder.is_absolute() && fs::metadata(folder).is_ok_and(|m| m.is_dir()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_toolchain_is_readable_with_its_libraries_and_a_home_never() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        for folder in
            ["sdk/go/bin", "sdk/go/pkg", ".cargo/bin", ".local/bin", "bin", ".pyenv/shims", ".pyenv/versions"]
        {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        for folder in ["src/bin", "src/lib", "work/bin", "work/holdouts"] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        for program in
            ["sdk/go/bin/go", ".pyenv/shims/python3", "work/bin/python3", "src/bin/mine", ".local/bin/uv"]
        {
            fs::write(home.join(program), "").unwrap();
        }
        let of = |entry: &str| of_entry(&home.join(entry), Some(&home));
        assert_eq!(of("sdk/go/bin"), [home.join("sdk/go")]);
        assert_eq!(of(".pyenv/shims"), [home.join(".pyenv")]);
        assert_eq!(of(".local/bin"), [home.join(".local/bin")]);
        assert_eq!(of("src/bin"), [home.join("src/bin")], "no toolchain, whatever is beside it");
        assert_eq!(of("work/bin"), [home.join("work/bin")], "a program without libraries");
        assert_eq!(of("bin"), [home.join("bin")]);
        assert!(of(".cargo/bin").contains(&home.join(".cargo/bin")));
        assert!(!of(".cargo/bin").contains(&home.join(".cargo")));
        assert!(of("").is_empty() && of("missing").is_empty());
    }

    #[test]
    fn a_link_leads_to_the_toolchain() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        for folder in ["links", "python-3/bin", "python-3/lib"] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        fs::write(home.join("python-3/bin/python3"), "").unwrap();
        symlink(home.join("python-3/bin/python3"), home.join("links/python3")).unwrap();
        assert_eq!(readable(home.join("links").as_os_str()), [home.join("links"), home.join("python-3")]);
        assert!(readable(OsStr::new("/usr/bin:/bin:relative")).is_empty());
    }
}
