//! The demonstration's mailbox.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use colloque_ids::{MessageId, Timestamp};
use serde::Serialize;

use super::message;
use crate::Consultation;
use crate::http::{Access, Refusal, Routes};

pub(super) fn routes() -> Routes {
    Routes::new().get("/api/mailbox", Access::Anyone, mailbox)
}

#[derive(Serialize)]
struct ShownMessage {
    id: MessageId,
    channel: String,
    to: String,
    subject: String,
    text: String,
    link: Option<String>,
    sent_at: Timestamp,
}

async fn mailbox(State(service): State<Consultation>) -> Result<impl IntoResponse, Refusal> {
    if !service.config().demonstration {
        return Err(Refusal::not_found());
    }
    let sent = message::sent(&service).await?.into_iter().map(|sent| ShownMessage {
        id: sent.message,
        channel: sent.channel,
        to: sent.parcel.to,
        subject: sent.parcel.subject,
        text: sent.parcel.text,
        link: sent.parcel.link,
        sent_at: sent.sent_at,
    });
    Ok(Json(sent.collect::<Vec<_>>()))
}
