//! What the boot script did before this program was there.

use colloque_protocol::http::error::ErrorBody;
use colloque_protocol::http::patient::{PatientStep, PatientView};
use colloque_web::dom::window;
use colloque_web::http::SendRequestError;
use colloque_web::json;
use js_sys::{Promise, Reflect};
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What is taken over.
pub struct Handoff {
    /// The invitation named by the address.
    pub invitation: String,
    /// Whether this is the rehearsal.
    pub rehearsal: bool,
    /// The answer to the request for camera and microphone, once asked.
    pub stream: Option<Promise>,
    /// The answer to the redeem, once tapped.
    redeemed: Option<Promise>,
    /// A session found again by a reload.
    pub resumed: Option<PatientView>,
}

impl Handoff {
    /// Reads it from the page.
    #[must_use]
    pub fn take() -> Self {
        let handed = Reflect::get(&window(), &"colloque".into()).unwrap_or_default();
        let field = |name: &str| Reflect::get(&handed, &name.into()).unwrap_or_default();
        let promise = |name: &str| field(name).dyn_into::<Promise>().ok();
        Self {
            invitation: field("invitation").as_string().unwrap_or_default(),
            rehearsal: field("test").is_truthy(),
            stream: promise("stream"),
            redeemed: promise("redeemed"),
            resumed: field("resumed").as_string().and_then(|text| json::from_str(&text).ok()),
        }
    }

    /// Waits for the redeem that the tap sent; none when there was no tap.
    pub async fn redeemed(&mut self) -> Option<Result<PatientStep, SendRequestError>> {
        let promise = self.redeemed.take()?;
        Some(match JsFuture::from(promise).await {
            Ok(answer) => read(&answer),
            Err(_) => Err(SendRequestError::Offline),
        })
    }
}

fn read<T: DeserializeOwned>(answer: &JsValue) -> Result<T, SendRequestError> {
    let field = |name: &str| Reflect::get(answer, &name.into()).unwrap_or_default();
    let text = field("text").as_string().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status has three digits")]
    let status = field("status").as_f64().unwrap_or_default() as u16;
    if (200..300).contains(&status) {
        return json::from_str(&text).map_err(|_| SendRequestError::Unreadable { status });
    }
    Err(match json::from_str::<ErrorBody>(&text) {
        Ok(body) => SendRequestError::Refused { body },
        Err(_) => SendRequestError::Unreadable { status },
    })
}
