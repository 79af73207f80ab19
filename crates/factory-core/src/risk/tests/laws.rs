//! What holds of the class of any patch, whatever is in it.

use proptest::prelude::*;

use super::*;

/// A patch has one change for each path.
fn any_changes(most: usize) -> impl Strategy<Value = Vec<FileChange>> {
    prop::collection::vec(any_change(), 0..=most).prop_map(|changes| {
        let one_each: BTreeMap<String, FileChange> =
            changes.into_iter().map(|change| (change.path.clone(), change)).collect();
        one_each.into_values().collect()
    })
}

fn any_change() -> impl Strategy<Value = FileChange> {
    let part = prop_oneof![
        4 => "[a-zA-Z._-]{0,8}",
        2 => prop::sample::select(vec![
            "auth", "login.rs", "docs", "notes.md", ".github", "workflows", "Cargo.lock", "factory.toml", "..", "src",
            "x.sh", "tests", "payment.md", "AGENTS.md", "ledger",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let path = prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"));
    let change = prop_oneof![
        Just(Change::Deleted),
        (any::<bool>(), any::<bool>()).prop_map(|(executable, existed)| Change::Written {
            content: Digest::of(b"x"),
            executable,
            existed
        }),
    ];
    (path, change).prop_map(|(path, change)| FileChange { path, change })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_patch_has_a_class_and_its_order_does_not_matter(
        changes in any_changes(8).prop_flat_map(|c| (Just(c.clone()), Just(c).prop_shuffle()))
    ) {
        let (one, other) = (risk(changes.0), risk(changes.1));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one.class, one.worst());
        prop_assert!(one.reasons.is_sorted());
        let keys: BTreeSet<_> = one.reasons.iter().map(|r| (&r.path, r.area, r.class)).collect();
        prop_assert_eq!(keys.len(), one.reasons.len());
        prop_assert!(one.reasons.iter().all(|r| !r.why.is_empty() && !r.why.chars().any(char::is_control)));
        let stored = serde_json::to_vec(&one).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Risk>(&stored).unwrap(), one);
    }

    #[test]
    fn more_files_and_more_rules_never_lower_the_class(
        changes in any_changes(6), another in any_change(),
        area in prop::sample::select(vec![Area::Auth, Area::Size, Area::Unusual]),
        pattern in prop::sample::select(vec!["*", "src/", "docs", "*.md", "a*"]),
    ) {
        let fewer = risk(changes.clone());
        let extended = classify(&Patch { changes: changes.clone() }, &rules(&[(area, pattern)]));
        prop_assert!(extended.class >= fewer.class);
        let mut more = changes;
        more.push(another);
        prop_assert!(risk(more).class >= fewer.class);
    }

    #[test]
    fn what_a_file_gives_alone_it_gives_among_others(changes in any_changes(6)) {
        let together = risk(changes.clone());
        for change in changes {
            for reason in risk(vec![change]).reasons {
                prop_assert!(together.reasons.contains(&reason), "{:?}", reason);
            }
        }
    }
}
