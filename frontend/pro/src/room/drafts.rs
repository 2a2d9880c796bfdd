//! Text that is typed and not saved yet, kept on this computer so that a reload loses nothing.
//!
//! It is sealed with a key that the browser made and does not give away, and erased as soon as the service has it: no readable
//! medical data stays on the computer.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, IdbDatabase, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransactionMode, SubtleCrypto};

use colloque_web::dom::window;
use colloque_web::json;

const DATABASE: &str = "colloque-drafts";
const KEYS: &str = "keys";
const DRAFTS: &str = "drafts";
const KEY_SLOT: &str = "sealing";

/// Length of a nonce of AES-GCM, in bytes.
const NONCE_BYTES: u32 = 12;

/// A text and the revision that it started from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// The revision.
    pub base_revision: u32,
}

/// The browser keeps nothing: private window, full disk, no WebCrypto.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the browser does not keep drafts")]
pub struct KeepDraftError;

/// Keeps a draft under a name, replacing the one before.
///
/// # Errors
///
/// [`KeepDraftError`] when the browser keeps nothing.
pub async fn keep(name: &str, draft: &Draft) -> Result<(), KeepDraftError> {
    keep_sealed(name, draft).await.map_err(|_| KeepDraftError)
}

/// Gives the draft kept under a name; none when there is none or it cannot be opened.
pub async fn kept(name: &str) -> Option<Draft> {
    open_sealed(name).await.ok().flatten()
}

/// Erases the draft kept under a name.
pub async fn erase(name: &str) {
    // A draft that stays is the same text as the service has, and sealed.
    erase_sealed(name).await.ok();
}

async fn keep_sealed(name: &str, draft: &Draft) -> Result<(), JsValue> {
    let database = Database::open().await?;
    let key = database.key().await?;
    let nonce = Uint8Array::new_with_length(NONCE_BYTES);
    window().crypto()?.get_random_values_with_array_buffer_view(&nonce)?;
    let plain = json::to_string(draft).map_err(|_| JsValue::NULL)?;
    let sealed = settle(subtle()?.encrypt_with_object_and_buffer_source(
        &gcm(&nonce, name)?,
        &key,
        &Uint8Array::from(plain.as_bytes()),
    )?)
    .await?;
    let drawer = database.drawer(DRAFTS, IdbTransactionMode::Readwrite)?;
    done(&drawer.put_with_key(&Array::of2(&nonce, &sealed), &name.into())?).await.map(drop)
}

async fn open_sealed(name: &str) -> Result<Option<Draft>, JsValue> {
    let database = Database::open().await?;
    let drawer = database.drawer(DRAFTS, IdbTransactionMode::Readonly)?;
    let pair = done(&drawer.get(&name.into())?).await?;
    if pair.is_undefined() {
        return Ok(None);
    }
    let pair: Array = pair.dyn_into()?;
    let nonce: Uint8Array = pair.get(0).dyn_into()?;
    let key = database.key().await?;
    let sealed = Uint8Array::new(&pair.get(1));
    let plain = settle(subtle()?.decrypt_with_object_and_buffer_source(&gcm(&nonce, name)?, &key, &sealed)?).await?;
    let plain = String::from_utf8(Uint8Array::new(&plain).to_vec()).ok();
    Ok(plain.and_then(|plain| json::from_str(&plain).ok()))
}

async fn erase_sealed(name: &str) -> Result<(), JsValue> {
    let drawer = Database::open().await?;
    let drawer = drawer.drawer(DRAFTS, IdbTransactionMode::Readwrite)?;
    done(&drawer.delete(&name.into())?).await.map(drop)
}

/// The name is bound to the text, so that one draft cannot be passed for another.
fn gcm(nonce: &Uint8Array, name: &str) -> Result<Object, JsValue> {
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &"AES-GCM".into())?;
    Reflect::set(&algorithm, &"iv".into(), nonce)?;
    Reflect::set(&algorithm, &"additionalData".into(), &Uint8Array::from(name.as_bytes()))?;
    Ok(algorithm)
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    Ok(window().crypto()?.subtle())
}

struct Database(IdbDatabase);

impl Database {
    async fn open() -> Result<Self, JsValue> {
        let factory = window().indexed_db()?.ok_or(JsValue::NULL)?;
        let request: IdbOpenDbRequest = factory.open_with_u32(DATABASE, 1)?;
        let opening = request.clone();
        let upgrade = Closure::once(move || {
            if let Ok(database) = opening.result() {
                let database: IdbDatabase = database.unchecked_into();
                database.create_object_store(KEYS).ok();
                database.create_object_store(DRAFTS).ok();
            }
        });
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let database = done(&request).await;
        request.set_onupgradeneeded(None);
        Ok(Self(database?.unchecked_into()))
    }

    fn drawer(&self, name: &str, mode: IdbTransactionMode) -> Result<IdbObjectStore, JsValue> {
        self.0.transaction_with_str_and_mode(name, mode)?.object_store(name)
    }

    async fn key(&self) -> Result<CryptoKey, JsValue> {
        let drawer = self.drawer(KEYS, IdbTransactionMode::Readonly)?;
        let kept = done(&drawer.get(&KEY_SLOT.into())?).await?;
        if !kept.is_undefined() {
            return kept.dyn_into();
        }
        let algorithm = Object::new();
        Reflect::set(&algorithm, &"name".into(), &"AES-GCM".into())?;
        Reflect::set(&algorithm, &"length".into(), &256.into())?;
        let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
        let key = settle(subtle()?.generate_key_with_object(&algorithm, false, &usages)?).await?;
        let drawer = self.drawer(KEYS, IdbTransactionMode::Readwrite)?;
        done(&drawer.put_with_key(&key, &KEY_SLOT.into())?).await?;
        key.dyn_into()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.0.close();
    }
}

async fn settle(promise: Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise).await
}

/// Waits for a request of IndexedDB.
async fn done(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    let outcome = settle(promise).await;
    request.set_onsuccess(None);
    request.set_onerror(None);
    outcome?;
    request.result()
}
