//! Files that are sent and that came: photographs and documents, each written anew.

use std::rc::Rc;

use colloque_talk::{FileKind, FileState, SendFileError, What};
use colloque_web::dom::{monotonic_now as now, spawn};
use colloque_web::text::Text;
use js_sys::{Array, Uint8Array};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File, HtmlInputElement, Url};

use crate::document::{self, MAX_READ_BYTES, NoDocument};
use crate::page::Page;
use crate::picture;
use crate::text::Msg;

impl Page {
    /// A file was chosen: it is written anew, and sent.
    pub(crate) fn chosen(self: &Rc<Self>, input: &HtmlInputElement) {
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        let is_document = file.type_() == FileKind::Pdf.media_type();
        self.say(if is_document { Msg::PreparingDocument } else { Msg::Preparing }.t().to_owned());
        self.redraw();
        let (page, input) = (self.clone(), input.clone());
        spawn(async move {
            let read = if is_document {
                page.document(&file).await.map(|bytes| (FileKind::Pdf, bytes))
            } else {
                picture::anew(&file).await.map_err(|picture::NoPicture| Msg::NoPicture)
            };
            // The same file can be chosen again.
            input.set_value("");
            let words = match read {
                Err(words) => Some(words),
                Ok((kind, bytes)) => match page.talk.borrow_mut().send_file(kind, bytes, now()) {
                    Ok(()) => None,
                    Err(SendFileError::NotItsKind) => Some(Msg::NoPicture),
                    Err(SendFileError::TooLong) => Some(Msg::FileTooLong),
                    Err(SendFileError::NobodyThere) => Some(Msg::NobodyForFile),
                    Err(SendFileError::TooMany) => Some(Msg::TooMany),
                },
            };
            page.say(words.map_or_else(String::new, |words| words.t().to_owned()));
            page.redraw();
            page.to_the_end();
        });
    }

    async fn document(&self, file: &File) -> Result<Vec<u8>, Msg> {
        if file.size() > MAX_READ_BYTES {
            return Err(Msg::FileTooLong);
        }
        let bytes = JsFuture::from(file.array_buffer()).await.map_err(|_| Msg::NoDocument)?;
        document::anew(&self.cleaner(), Uint8Array::new(&bytes)).await.map_err(NoDocument::words)
    }

    /// Where the program is that writes documents anew.
    fn cleaner(&self) -> String {
        self.place.get_attribute("data-cleaner").unwrap_or_default()
    }

    /// Gives each file that is there an address, and takes it back from those that are gone.
    pub(crate) fn keep_files(self: &Rc<Self>) {
        let talk = self.talk.borrow();
        let mut shown = self.shown.borrow_mut();
        shown.urls.retain(|(key, url)| {
            let is_there = talk.file(*key).is_some();
            if !is_there {
                Url::revoke_object_url(url).ok();
            }
            is_there
        });
        for entry in talk.entries() {
            let What::File(view) = entry.what else { continue };
            if view.state != FileState::Done || shown.urls.iter().any(|(key, _)| *key == entry.key) {
                continue;
            }
            let Some(bytes) = talk.file(entry.key) else { continue };
            if view.kind == FileKind::Pdf && entry.from.is_some() {
                // Whoever sent it may have sent anything. One after the other.
                if shown.checks.is_none() {
                    shown.checks = Some(entry.key);
                    self.check(entry.key, Uint8Array::from(bytes));
                }
            } else if let Some(url) = address(view.kind, bytes) {
                shown.urls.push((entry.key, url));
            }
        }
    }

    fn check(self: &Rc<Self>, key: u64, bytes: Uint8Array) {
        let page = Rc::downgrade(self);
        let cleaner = self.cleaner();
        spawn(async move {
            let written = document::anew(&cleaner, bytes).await;
            let Some(page) = page.upgrade() else { return };
            let url = written.ok().and_then(|bytes| address(FileKind::Pdf, &bytes));
            let mut shown = page.shown.borrow_mut();
            shown.checks = None;
            match url {
                Some(url) => shown.urls.push((key, url)),
                None => page.talk.borrow_mut().refuse_file(key),
            }
            drop(shown);
            page.redraw();
        });
    }
}

fn address(kind: FileKind, bytes: &[u8]) -> Option<String> {
    let options = BlobPropertyBag::new();
    options.set_type(kind.media_type());
    let content = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence_and_options(&content, &options).ok()?;
    Url::create_object_url_with_blob(&blob).ok()
}
