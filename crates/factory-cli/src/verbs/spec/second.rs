//! The second reader of an audit: a model reads specifications. Scenarios and step definitions may be holdouts, and are
//! never sent.

use factory_agents::model::OpenAiModel;
use factory_core::ids::Attempt;
use factory_engine::port::model::{CallSite, Message, ModelClient as _, ModelRequest};
use factory_spec::lint::{self, Form};

use super::texts::Text;
use crate::error::CliError;
use crate::{output, wiring};

/// Adds what the model finds.
pub(super) async fn read(texts: &mut [Text], model: &str) -> Result<(), CliError> {
    let client = OpenAiModel::new(wiring::endpoint(Some(model))?)
        .map_err(|error| CliError::usage("the model endpoint cannot be used").because(&error))?;
    let mut ordinal = 0;
    for text in texts {
        let form = text.linted.as_ref().map(|linted| linted.form);
        let may_be_sent = match form {
            Some(Form::Spec | Form::SpecKit | Form::OpenSpec | Form::Aggregate) => true,
            // Any other text may be notes beside holdouts.
            Some(Form::Scenarios | Form::Steps | Form::Prose) | None => false,
        };
        if !may_be_sent {
            continue;
        }
        ordinal += 1;
        let stage = "audit".parse().expect("a word is the id of a stage");
        let site = CallSite { stage, attempt: Attempt::FIRST, ordinal };
        let request = ModelRequest {
            messages: vec![
                Message::System { text: lint::INSTRUCTIONS.to_owned() },
                Message::User { text: text.source.clone() },
            ],
            tools: Vec::new(),
        };
        let completion = client
            .complete(&site, &request)
            .await
            .map_err(|error| CliError::failed("the model did not answer").because(&error))?;
        let answer = completion.answer.text.unwrap_or_default();
        match lint::second_reading(&text.source, &answer) {
            Ok(reading) => {
                if reading.dropped > 0 {
                    output::note_line(&format!(
                        "{}: {} remarks of the model quote nothing and are left out",
                        text.shown, reading.dropped
                    ));
                }
                text.findings.extend(reading.findings);
                text.findings.sort_by_key(|finding| finding.span.start);
            }
            Err(_) => {
                output::note_line(&format!("{}: the model's answer is no list, and is left out", text.shown))
            }
        }
    }
    Ok(())
}
