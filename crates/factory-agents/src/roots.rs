//! Keeps the paths of a checkout out of conversations.
//!
//! A checkout is somewhere else in every run. What is sent to a model (and so recorded) has a placeholder instead of
//! its folders; the placeholder becomes the folder again in what the model asks tools to do. The names are long because
//! scripts of a project may well have a `${ROOT}` of their own.

use std::path::Path;

use factory_engine::port::workspace::Checkout;
use serde_json::Value;

/// Stands for the folder of the checkout.
pub(crate) const ROOT: &str = "${FACTORY_ROOT}";
/// Stands for the folder for temporary files.
pub(crate) const SCRATCH: &str = "${FACTORY_SCRATCH}";

/// The folders of one checkout and what stands for them.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    /// Longest first, since one may begin with the other.
    folders: Vec<(String, &'static str)>,
}

impl Roots {
    pub(crate) fn of(checkout: &Checkout) -> Self {
        let mut folders = Vec::new();
        for (folder, placeholder) in [(&checkout.root, ROOT), (&checkout.scratch, SCRATCH)] {
            // Tools print either spelling when a link leads there. The one that the checkout has comes first, so that
            // it is the one that comes back.
            let resolved = folder.canonicalize().ok();
            for path in [Some(folder.as_path()), resolved.as_deref()].into_iter().flatten() {
                if let Some(text) = path.to_str().filter(|_| path != Path::new("/")) {
                    folders.push((text.to_owned(), placeholder));
                }
            }
        }
        folders.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.len()));
        Self { folders }
    }

    /// Of whoever has no checkout.
    pub(crate) fn none() -> Self {
        Self { folders: Vec::new() }
    }

    /// A text for the model.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.folders
            .iter()
            .fold(text.to_owned(), |text, (folder, placeholder)| text.replace(folder, placeholder))
    }

    /// A text of the model's.
    fn show(&self, text: &str) -> String {
        self.folders
            .iter()
            .fold(text.to_owned(), |text, (folder, placeholder)| text.replace(placeholder, folder))
    }

    /// The arguments of a call, with folders in every text.
    pub(crate) fn show_in(&self, arguments: Value) -> Value {
        match arguments {
            Value::String(text) => Value::String(self.show(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.show_in(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (name, self.show_in(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::tests::checkout;

    #[test]
    fn folders_are_hidden_and_come_back() {
        let (_folder, checkout) = checkout();
        let roots = Roots::of(&checkout);
        let (root, scratch) = (checkout.root.display().to_string(), checkout.scratch.display().to_string());
        let text = format!("{root}/a.py and {scratch}/b");
        let hidden = roots.hide(&text);
        assert_eq!(hidden, "${FACTORY_ROOT}/a.py and ${FACTORY_SCRATCH}/b");
        assert_eq!(
            roots.show_in(json!({ "command": [hidden], "n": 1 })),
            json!({ "command": [text], "n": 1 })
        );
    }

    #[test]
    fn a_project_s_own_variable_is_left_alone() {
        let (_folder, checkout) = checkout();
        assert_eq!(Roots::of(&checkout).show_in(json!("${ROOT}/bin")), json!("${ROOT}/bin"));
    }
}
