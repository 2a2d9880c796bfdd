//! A software authenticator in the place of a telephone or a security key.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_protocol::http::session::{PasskeyAnswer, PasskeyChallenge};
use colloque_test_support::{Answer, Client};
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client as PasskeyClient, DefaultClientData};
use passkey::crypto::aws_lc_rs::AwsLcRsBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use serde_json::{Value, json};
use url::Url;

/// Somebody who agrees to everything and shows their finger.
pub struct WillingPerson;

#[async_trait::async_trait]
impl UserValidationMethod for WillingPerson {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(&self, _: UiHint<'a, Passkey>, _: bool, _: bool) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification: true })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// A person's authenticator, holding one passkey.
#[derive(Default)]
pub struct Telephone {
    passkey: Option<Passkey>,
}

/// The browser's side of the authenticator.
macro_rules! web_client {
    ($passkey:expr) => {
        PasskeyClient::new(Authenticator::new(Aaguid::new_empty(), $passkey.clone(), WillingPerson, AwsLcRsBackend))
            .allows_insecure_localhost(true)
    };
}

impl Telephone {
    /// Registers a passkey for who is signed in.
    pub async fn register(&mut self, browser: &mut Client, label: &str) -> Answer {
        let answer = self.create(browser, label).await;
        browser.post("/api/account/passkeys/finish", &answer).await
    }

    /// Makes a passkey for who is signed in; gives what is to be sent.
    pub async fn create(&mut self, browser: &mut Client, label: &str) -> PasskeyAnswer {
        let challenge: PasskeyChallenge = browser.act("/api/account/passkeys/start").await.json();
        assert_eq!(challenge.options["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(challenge.options["authenticatorSelection"]["userVerification"], "required");
        let request: CredentialCreationOptions =
            serde_json::from_value(json!({ "publicKey": challenge.options })).unwrap();
        let mut client = web_client!(self.passkey);
        let created = client.register(&origin(), request, DefaultClientData).await.unwrap();
        self.passkey = client.authenticator().store().clone();
        PasskeyAnswer {
            credential: as_a_browser_writes(serde_json::to_value(created).unwrap()),
            label: Some(label.to_owned()),
        }
    }

    /// Signs in; gives the answer and what was sent, for those who listen.
    pub async fn sign_in(&mut self, browser: &mut Client, origin: &Url) -> (Answer, Value) {
        let challenge: PasskeyChallenge = browser.act("/api/session/passkey/start").await.json();
        let request: CredentialRequestOptions =
            serde_json::from_value(json!({ "publicKey": challenge.options })).unwrap();
        let mut client = web_client!(self.passkey);
        let asserted = client.authenticate(origin, request, DefaultClientData).await.unwrap();
        self.passkey = client.authenticator().store().clone();
        let credential = as_a_browser_writes(serde_json::to_value(asserted).unwrap());
        let answer = PasskeyAnswer { credential: credential.clone(), label: None };
        (browser.post("/api/session/passkey/finish", &answer).await, credential)
    }
}

/// Writes bytes as base64url, as `PublicKeyCredential.toJSON()` does; the authenticator writes lists of numbers.
fn as_a_browser_writes(value: Value) -> Value {
    match value {
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_u64) => {
            let bytes: Vec<u8> = items.iter().map(|item| u8::try_from(item.as_u64().unwrap()).unwrap()).collect();
            Value::String(URL_SAFE_NO_PAD.encode(bytes))
        }
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, field)| (name, as_a_browser_writes(field))).collect())
        }
        other => other,
    }
}

/// Our own origin.
pub fn origin() -> Url {
    Url::parse("https://localhost:8443").unwrap()
}

/// Whether an answer says that the person is signed in.
pub fn is_done(answer: &Answer) -> bool {
    answer.status == StatusCode::OK && answer.text() == r#"{"next":"done"}"#
}
