//! Takes the artifact out of a `submit` call: JSON Schema first, then the type, then what only the caller knows.

use std::marker::PhantomData;

use factory_engine::port::model::ToolSpec;
use jsonschema::Validator;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The tool that ends a session.
pub(crate) const SUBMIT: &str = "submit";
/// How many mistakes are told at once.
const TOLD_ERRORS: usize = 5;

/// JSON Schema of a type, without references: many endpoints do not follow them.
pub(crate) fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("title");
        fields.remove("description");
    }
    schema
}

/// What a session waits for.
pub(crate) struct Submission<T> {
    schema: Value,
    validator: Validator,
    artifact: PhantomData<fn() -> T>,
}

impl<T: JsonSchema + DeserializeOwned> Submission<T> {
    pub(crate) fn new() -> Self {
        let schema = schema::<T>();
        let validator = jsonschema::validator_for(&schema).expect("schemas of our own types are schemas");
        Self { schema, validator, artifact: PhantomData }
    }

    pub(crate) fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: SUBMIT.to_owned(),
            description: "Hands in the finished work and ends the session.".to_owned(),
            parameters: self.schema.clone(),
        }
    }

    /// The artifact, or what is wrong with it in words for the model.
    pub(crate) fn read(
        &self,
        arguments: &str,
        validate: impl Fn(&T) -> Result<(), String>,
    ) -> Result<T, String> {
        let value: Value = serde_json::from_str(arguments)
            .map_err(|error| format!("the arguments are not JSON: {error}"))?;
        let errors: Vec<String> = self
            .validator
            .iter_errors(&value)
            .take(TOLD_ERRORS)
            .map(|error| {
                let place = error.instance_path().to_string();
                format!("{}: {error}", if place.is_empty() { "the whole" } else { &place })
            })
            .collect();
        if !errors.is_empty() {
            return Err(errors.join("\n"));
        }
        let artifact = serde_json::from_value(value).map_err(|error| error.to_string())?;
        validate(&artifact)?;
        Ok(artifact)
    }
}

#[cfg(test)]
mod tests {
    use factory_core::artifact::{Plan, Review};

    use super::*;

    #[test]
    fn schemas_stand_by_themselves() {
        let text = schema::<Review>().to_string();
        assert!(!text.contains("$ref") && !text.contains("$schema"), "{text}");
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let submission = Submission::<Plan>::new();
        let fine = |_: &Plan| Ok(());
        let told = submission.read(r#"{"summary":"s","steps":[{"title":1}],"risks":[]}"#, fine).unwrap_err();
        assert!(told.contains("/steps/0/title") && told.contains("detail"), "{told}");
        // The schema cannot say what an id is; the type can.
        let told = submission
            .read(
                r#"{"summary":"s","steps":[{"title":"t","detail":"d","files":[],"requirements":["R 1"]}],"risks":[]}"#,
                fine,
            )
            .unwrap_err();
        assert!(told.contains("requirement id"), "{told}");
        assert!(submission.read("{", fine).unwrap_err().contains("not JSON"));
        let told = submission
            .read(r#"{"summary":"s","steps":[],"risks":[]}"#, |_| Err("no steps".to_owned()))
            .unwrap_err();
        assert_eq!(told, "no steps");
    }
}
