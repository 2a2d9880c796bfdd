//! Pictures on their way out: read by the browser and written anew, so that nothing hidden in the file goes along — place, device, hour,
//! small previews.

use colloque_talk::FileKind;
use colloque_web::dom::{document, window};
use js_sys::Uint8Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, File, HtmlCanvasElement, ImageBitmap};

/// Longest side of a picture that is sent, in pixels: a page of text that was photographed stays legible.
const LONGEST_SIDE: f64 = 2_048.0;

/// Between 0 and 1.
const QUALITY: f64 = 0.85;

/// The browser cannot read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPicture;

/// Writes a picture anew as a JPEG, turned as it is to be seen.
pub async fn anew(file: &File) -> Result<(FileKind, Vec<u8>), NoPicture> {
    let bitmap = window().create_image_bitmap_with_blob(file).map_err(|_| NoPicture)?;
    let bitmap: ImageBitmap = JsFuture::from(bitmap).await.map_err(|_| NoPicture)?.unchecked_into();
    let (width, height) = (f64::from(bitmap.width()), f64::from(bitmap.height()));
    let scale = (LONGEST_SIDE / width.max(height)).min(1.0);
    let canvas: HtmlCanvasElement =
        document().create_element("canvas").map_err(|_| NoPicture)?.dyn_into().map_err(|_| NoPicture)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 2048")]
    let side = |length: f64| (length * scale).round().max(1.0) as u32;
    canvas.set_width(side(width));
    canvas.set_height(side(height));
    let context = canvas.get_context("2d").ok().flatten().ok_or(NoPicture)?;
    let context: CanvasRenderingContext2d = context.unchecked_into();
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    // What is transparent would become black.
    context.set_fill_style_str("#fff");
    context.fill_rect(0.0, 0.0, width, height);
    context.draw_image_with_image_bitmap_and_dw_and_dh(&bitmap, 0.0, 0.0, width, height).map_err(|_| NoPicture)?;
    bitmap.close();
    let blob: Blob =
        JsFuture::from(written(&canvas)).await.map_err(|_| NoPicture)?.dyn_into().map_err(|_| NoPicture)?;
    let bytes = JsFuture::from(blob.array_buffer()).await.map_err(|_| NoPicture)?;
    Ok((FileKind::Jpeg, Uint8Array::new(&bytes).to_vec()))
}

fn written(canvas: &HtmlCanvasElement) -> js_sys::Promise {
    js_sys::Promise::new(&mut |done, failed| {
        let take = Closure::once_into_js(move |blob: JsValue| done.call1(&JsValue::NULL, &blob).is_ok());
        if canvas.to_blob_with_type_and_encoder_options(take.unchecked_ref(), "image/jpeg", &QUALITY.into()).is_err() {
            failed.call0(&JsValue::NULL).ok();
        }
    })
}
