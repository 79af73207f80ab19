//! Who may depend on whom.

use super::Crate;

/// Where a crate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    /// Anybody may use it, it uses nobody.
    Leaf,
    /// Drives the core, owns the ports.
    Engine,
    /// Implements ports.
    Adapter,
    /// Knows everything.
    Top,
    /// Only for tests.
    Testkit,
}

fn layer(name: &str) -> Option<Layer> {
    match name {
        "factory-core" | "factory-spec" | "factory-sandbox" | "factory-twin" => Some(Layer::Leaf),
        "factory-engine" => Some(Layer::Engine),
        "factory-store" | "factory-workspace" | "factory-agents" | "factory-eval" => Some(Layer::Adapter),
        "factory-cli" => Some(Layer::Top),
        "factory-testkit" => Some(Layer::Testkit),
        _ => None,
    }
}

/// Other people's crates, and ours, that a crate must never know; each with what would be lost.
const NEVER: [(&str, &[&str], &str); 4] = [
    (
        "factory-core",
        &["tokio", "reqwest", "git2", "sled", "tempfile"],
        "the core decides, and touches nothing",
    ),
    (
        "factory-engine",
        &["sled", "git2", "async-openai", "reqwest", "octocrab"],
        "the engine knows the world by its ports alone",
    ),
    (
        "factory-engine",
        &["factory-spec", "factory-sandbox", "factory-twin"],
        "the engine drives the core alone",
    ),
    (
        "factory-agents",
        &["factory-spec", "factory-eval"],
        "whoever prompts an implementer cannot read a scenario",
    ),
];

/// `core ← engine ← adapters ← cli`: leaves use none of our crates, adapters use leaves and the engine but never each
/// other, and every crate has a place in this order.
pub fn direction(crates: &[Crate]) -> Vec<String> {
    let mut broken = Vec::new();
    for Crate { name, ships, .. } in crates {
        let Some(from) = layer(name) else {
            broken.push(format!("{name} has no place in the architecture yet"));
            continue;
        };
        for dependency in ships.iter().filter(|dependency| dependency.starts_with("factory-")) {
            let allowed = match (from, layer(dependency)) {
                (_, None) | (Layer::Leaf, Some(_)) => false,
                (Layer::Engine, Some(to)) => to == Layer::Leaf,
                (Layer::Adapter, Some(to)) => to == Layer::Leaf || to == Layer::Engine,
                (Layer::Top | Layer::Testkit, Some(_)) => true,
            };
            if !allowed {
                broken.push(format!("{name} may not depend on {dependency}"));
            }
        }
    }
    broken
}

/// What certain crates must never know.
pub fn ignorance(crates: &[Crate]) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, never, why) in NEVER {
        for Crate { ships, .. } in crates.iter().filter(|of| of.name == name) {
            for dependency in ships.iter().filter(|dependency| never.contains(&dependency.as_str())) {
                broken.push(format!("{name} must never know {dependency}: {why}"));
            }
        }
    }
    broken
}

/// Nobody ships this crate.
pub fn testkit_is_not_shipped(crates: &[Crate]) -> Vec<String> {
    let shipping =
        crates.iter().filter(|of| of.ships.iter().any(|dependency| dependency == "factory-testkit"));
    shipping.map(|of| format!("{} ships factory-testkit: it may only be a dev-dependency", of.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_of(name: &str, ships: &[&str], tests: &[&str]) -> Crate {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Crate { name: name.to_owned(), ships: owned(ships), tests: owned(tests), sources: Vec::new() }
    }

    #[test]
    fn dependencies_against_the_direction() {
        for (name, dependency) in [
            ("factory-core", "factory-spec"),
            ("factory-spec", "factory-core"),
            ("factory-sandbox", "factory-core"),
            ("factory-twin", "factory-core"),
            ("factory-core", "factory-engine"),
            ("factory-engine", "factory-store"),
            ("factory-engine", "factory-cli"),
            ("factory-store", "factory-workspace"),
            ("factory-eval", "factory-agents"),
            ("factory-agents", "factory-cli"),
            ("factory-cli", "factory-nowhere"),
        ] {
            let broken = direction(&[crate_of(name, &["serde", dependency], &[])]);
            assert_eq!(broken, [format!("{name} may not depend on {dependency}")]);
        }
        let broken = direction(&[crate_of("factory-nowhere", &[], &[])]);
        assert_eq!(broken, ["factory-nowhere has no place in the architecture yet"]);
    }

    #[test]
    fn dependencies_in_the_direction() {
        for (name, dependency) in [
            ("factory-engine", "factory-core"),
            ("factory-store", "factory-engine"),
            ("factory-eval", "factory-spec"),
            ("factory-cli", "factory-eval"),
        ] {
            assert!(direction(&[crate_of(name, &["serde", dependency], &["factory-testkit"])]).is_empty());
        }
        assert!(
            direction(&[crate_of("factory-core", &[], &["factory-testkit"])]).is_empty(),
            "tests may use it"
        );
    }

    #[test]
    fn knowledge_that_must_not_be() {
        for (name, dependency) in [
            ("factory-core", "tokio"),
            ("factory-core", "tempfile"),
            ("factory-engine", "sled"),
            ("factory-engine", "octocrab"),
            ("factory-engine", "factory-spec"),
            ("factory-agents", "factory-spec"),
            ("factory-agents", "factory-eval"),
        ] {
            let broken = ignorance(&[crate_of(name, &["serde", dependency], &[])]);
            assert_eq!(broken.len(), 1, "{broken:?}");
            assert!(broken[0].starts_with(&format!("{name} must never know {dependency}: ")), "{broken:?}");
            assert!(ignorance(&[crate_of(name, &["serde"], &[dependency])]).is_empty(), "tests may");
            assert!(ignorance(&[crate_of("factory-cli", &[dependency], &[])]).is_empty(), "others may");
        }
    }

    #[test]
    fn a_testkit_that_is_shipped() {
        let broken = testkit_is_not_shipped(&[crate_of("factory-cli", &["factory-testkit"], &[])]);
        assert_eq!(broken, ["factory-cli ships factory-testkit: it may only be a dev-dependency"]);
        assert!(testkit_is_not_shipped(&[crate_of("factory-cli", &[], &["factory-testkit"])]).is_empty());
    }
}
