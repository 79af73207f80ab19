//! What tests of tools share.

use std::collections::BTreeMap;
use std::fs;

use factory_core::ids::Digest;
use factory_engine::port::workspace::{Checkout, Guard, SealProof};

use super::ToolError;

#[derive(Debug)]
struct NoGuard;

impl Guard for NoGuard {}

/// A checkout in a folder that goes when the first of the two is dropped.
pub(crate) fn checkout() -> (tempfile::TempDir, Checkout) {
    let folder = tempfile::tempdir().unwrap();
    let checkout = Checkout {
        root: folder.path().join("tree"),
        project: folder.path().join("tree"),
        scratch: folder.path().join("tree-scratch"),
        environment: BTreeMap::new(),
        dependencies: None,
        hosts: Vec::new(),
        proof: SealProof {
            objects: 0,
            digest: Digest::of(b""),
            holdouts: 0,
            confined: String::new(),
            hosts: Vec::new(),
            setup: None,
        },
        guard: Box::new(NoGuard),
    };
    fs::create_dir(&checkout.root).unwrap();
    fs::create_dir(&checkout.scratch).unwrap();
    (folder, checkout)
}

/// What a tool answered, or why it did not.
pub(crate) fn said(result: Result<String, ToolError>) -> String {
    match result {
        Ok(text) => text,
        Err(ToolError::Refused(reason)) => format!("refused: {reason}"),
        Err(ToolError::Broken(error)) => format!("broken: {error}"),
    }
}
