//! The key that this browser makes for itself and that join tickets name.
//!
//! The private half is made non-extractable and kept in IndexedDB, so that a reload is the same browser to the server.

use base64ct::{Base64UrlUnpadded, Encoding};
use colloque_protocol::key::{BrowserKey, join_proof_input};
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CryptoKey, CryptoKeyPair, IdbDatabase, IdbOpenDbRequest, IdbRequest, IdbTransactionMode, SubtleCrypto};

use crate::dom::{settle, window};

/// Why there is no key, or no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UseBrowserKeyError {
    /// The browser has no WebCrypto, or refuses this curve.
    #[error("the browser cannot make a key")]
    CannotMake,
    /// The browser did not sign.
    #[error("the browser cannot sign with its key")]
    CannotSign,
}

/// This browser's key.
#[derive(Clone)]
pub struct BrowserKeyPair {
    public: BrowserKey,
    private: CryptoKey,
}

impl BrowserKeyPair {
    /// Takes the key that this browser keeps, or makes one.
    ///
    /// Where the browser keeps nothing (some private windows), the key lives as long as the page.
    ///
    /// # Errors
    ///
    /// [`UseBrowserKeyError::CannotMake`].
    pub async fn load_or_make() -> Result<Self, UseBrowserKeyError> {
        let store = Store::open().await.ok();
        if let Some(store) = &store
            && let Ok(kept) = store.read().await
            && let Ok(pair) = Self::from_pair(&kept).await
        {
            return Ok(pair);
        }
        let pair = make_pair().await.map_err(|_| UseBrowserKeyError::CannotMake)?;
        if let Some(store) = store {
            // A key that is not kept still serves this page.
            store.write(&pair).await.ok();
        }
        Self::from_pair(&pair).await.map_err(|_| UseBrowserKeyError::CannotMake)
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &BrowserKey {
        &self.public
    }

    /// Signs a challenge for a ticket: 64 bytes, base64url without padding.
    ///
    /// # Errors
    ///
    /// [`UseBrowserKeyError::CannotSign`].
    pub async fn sign_join(&self, nonce: &str, ticket: &str) -> Result<String, UseBrowserKeyError> {
        let input = join_proof_input(nonce, ticket);
        let signature = sign(&self.private, &input).await.map_err(|_| UseBrowserKeyError::CannotSign)?;
        Ok(Base64UrlUnpadded::encode_string(&signature))
    }

    async fn from_pair(pair: &JsValue) -> Result<Self, JsValue> {
        let pair: &CryptoKeyPair = pair.unchecked_ref();
        let public: CryptoKey = Reflect::get(pair, &"publicKey".into())?.dyn_into()?;
        let private: CryptoKey = Reflect::get(pair, &"privateKey".into())?.dyn_into()?;
        let raw = settle(subtle()?.export_key("raw", &public)?).await?;
        let public = BrowserKey::from_raw(&Uint8Array::new(&raw).to_vec()).map_err(|_| JsValue::NULL)?;
        Ok(Self { public, private })
    }
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    Ok(window().crypto()?.subtle())
}

async fn make_pair() -> Result<JsValue, JsValue> {
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &"ECDSA".into())?;
    Reflect::set(&algorithm, &"namedCurve".into(), &"P-256".into())?;
    let usages = Array::of2(&"sign".into(), &"verify".into());
    settle(subtle()?.generate_key_with_object(&algorithm, false, &usages)?).await
}

async fn sign(key: &CryptoKey, input: &[u8]) -> Result<Vec<u8>, JsValue> {
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &"ECDSA".into())?;
    Reflect::set(&algorithm, &"hash".into(), &"SHA-256".into())?;
    let bytes = Uint8Array::from(input);
    let signature = settle(subtle()?.sign_with_object_and_buffer_source(&algorithm, key, &bytes)?).await?;
    Ok(Uint8Array::new(&signature).to_vec())
}

/// The one drawer of IndexedDB that holds the pair.
struct Store(IdbDatabase);

const DATABASE: &str = "colloque";
const DRAWER: &str = "keys";
const SLOT: &str = "browser";

impl Store {
    async fn open() -> Result<Self, JsValue> {
        let factory = window().indexed_db()?.ok_or(JsValue::NULL)?;
        let request: IdbOpenDbRequest = factory.open_with_u32(DATABASE, 1)?;
        let opening = request.clone();
        let upgrade = wasm_bindgen::closure::Closure::once(move || {
            if let Ok(database) = opening.result() {
                database.unchecked_into::<IdbDatabase>().create_object_store(DRAWER).ok();
            }
        });
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let database = done(&request).await;
        request.set_onupgradeneeded(None);
        Ok(Self(database?.unchecked_into()))
    }

    async fn read(&self) -> Result<JsValue, JsValue> {
        let drawer = self.0.transaction_with_str(DRAWER)?.object_store(DRAWER)?;
        let kept = done(&drawer.get(&SLOT.into())?).await?;
        if kept.is_undefined() { Err(JsValue::NULL) } else { Ok(kept) }
    }

    async fn write(&self, pair: &JsValue) -> Result<(), JsValue> {
        let transaction = self.0.transaction_with_str_and_mode(DRAWER, IdbTransactionMode::Readwrite)?;
        let request = transaction.object_store(DRAWER)?.put_with_key(pair, &SLOT.into())?;
        done(&request).await.map(drop)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.0.close();
    }
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
