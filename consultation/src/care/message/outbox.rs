//! The outbox: one row a message, sealed, claimed by one sender at a time, tried again until it is useless.

use std::time::Duration;

use colloque_domain::{EmailAddress, PhoneNumber};
use colloque_ids::{MessageId, Timestamp};
use sqlx::{PgConnection, Row};
use tokio::sync::Notify;

use super::{Couriers, MessageConfig, Parcel, PrepareCourierError, prepare};
use crate::Consultation;
use crate::random::new_id;
use crate::secrets::Secrets;
use crate::service::WeakConsultation;
use crate::storage::{Columns, StorageError};

/// How often the outbox is looked through without being woken.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long a message belongs to the sender that claimed it.
///
/// Longer: a message of a process that was killed waits longer. Shorter: a slow mail server gets it twice.
const CLAIM_FOR: Duration = Duration::from_secs(60);

/// Pause after the first failure, doubled after each one.
const FIRST_PAUSE: Duration = Duration::from_secs(15);

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Messages looked at in one go.
const BATCH: i64 = 20;

/// Messages that the demonstration's mailbox shows.
const SHOWN: i64 = 50;

/// Purpose of the seal.
const SEAL: &str = "message";

/// Who gets a message, and how.
#[derive(Debug, Clone)]
pub(crate) enum Destination {
    Email(EmailAddress),
    Sms(PhoneNumber),
}

/// A message about to be written into the outbox.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) to: Destination,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// The link in the text, for the demonstration's mailbox.
    pub(crate) link: Option<String>,
    /// From this instant on it is useless.
    pub(crate) expires_at: Timestamp,
}

/// Whether a message left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    Now,
    Later,
}

/// A message of the demonstration's mailbox.
#[derive(Debug)]
pub(crate) struct SentMessage {
    pub(crate) message: MessageId,
    pub(crate) channel: String,
    pub(crate) parcel: Parcel,
    pub(crate) sent_at: Timestamp,
}

/// What sends messages.
pub(crate) struct Outbox {
    couriers: Couriers,
    wake: Notify,
}

impl Outbox {
    /// Prepares the ways that the configuration names.
    pub(crate) fn new(config: &MessageConfig, demonstration: bool) -> Result<Self, PrepareCourierError> {
        Ok(Self { couriers: prepare(config, demonstration)?, wake: Notify::new() })
    }

    /// Whether text messages can be sent.
    pub(crate) fn sends_sms(&self) -> bool {
        self.couriers.sms.is_some()
    }

    /// Says that the outbox holds something new.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Writes a message into the outbox, in the present transaction; [`Outbox::wake`] after its commit sends it at once.
pub(crate) async fn enqueue(
    connection: &mut PgConnection,
    secrets: &Secrets,
    message: Message,
    now: Timestamp,
) -> Result<MessageId, StorageError> {
    let id: MessageId = new_id(now);
    let (channel, to) = match message.to {
        Destination::Email(address) => ("email", address.as_str().to_owned()),
        Destination::Sms(number) => ("sms", number.as_str().to_owned()),
    };
    let parcel = Parcel { to, subject: message.subject, text: message.text, link: message.link };
    let plain = serde_json::to_vec(&parcel).map_err(|_| StorageError::Unreadable { what: "message" })?;
    sqlx::query(
        "INSERT INTO administrative.message (message, channel, sealed, created_at, expires_at, next_try_at)
         VALUES ($1, $2, $3, $4, $5, $4)",
    )
    .bind(id.uuid())
    .bind(channel)
    .bind(secrets.seal(SEAL, id.uuid(), &plain))
    .bind(now.as_millis())
    .bind(message.expires_at.as_millis())
    .execute(connection)
    .await?;
    Ok(id)
}

/// Sends what the outbox holds, as long as the service lives.
pub(crate) async fn dispatch(service: WeakConsultation) {
    loop {
        let Some(service) = service.upgrade() else { return };
        if let Err(error) = send_due(&service).await {
            tracing::warn!(%error, "outbox cannot be read");
        }
        let woken = async { service.outbox().wake.notified().await };
        // The service is not held while nothing happens: a process that stops is not kept alive by its outbox.
        if tokio::time::timeout(LOOK_EVERY, woken).await.is_err() {
            drop(service);
            tokio::task::yield_now().await;
        }
    }
}

async fn send_due(service: &Consultation) -> Result<(), StorageError> {
    let now = service.now();
    let mut connection = service.storage().read().await?;
    let due = sqlx::query(
        "SELECT message FROM administrative.message
         WHERE sent_at IS NULL AND given_up_at IS NULL AND next_try_at <= $1 ORDER BY next_try_at LIMIT $2",
    )
    .bind(now.as_millis())
    .bind(BATCH)
    .fetch_all(&mut *connection)
    .await?;
    drop(connection);
    for row in due {
        deliver(service, row.id("message")?).await?;
    }
    Ok(())
}

/// Tries to send one message now, unless another sender has it.
pub(crate) async fn deliver(service: &Consultation, message: MessageId) -> Result<Delivered, StorageError> {
    let now = service.now();
    let Some((channel, parcel)) = claim(service, message, now).await? else { return Ok(Delivered::Later) };
    let courier = match channel.as_str() {
        "sms" => service.outbox().couriers.sms.as_ref(),
        _ => Some(&service.outbox().couriers.email),
    };
    let result = match courier {
        Some(courier) => courier.deliver(&parcel).await.map_err(|error| error.to_string()),
        None => Err("no way is configured for this message".to_owned()),
    };
    let delivered = if let Err(cause) = &result {
        tracing::warn!(message.id = %message, cause, "{message} did not leave, it is tried again");
        Delivered::Later
    } else {
        Delivered::Now
    };
    note(service, message, delivered, now).await?;
    Ok(delivered)
}

async fn claim(
    service: &Consultation,
    message: MessageId,
    now: Timestamp,
) -> Result<Option<(String, Parcel)>, StorageError> {
    let keys = service.clone();
    service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE administrative.message SET given_up_at = $2, sealed = NULL
                     WHERE message = $1 AND sent_at IS NULL AND expires_at <= $2",
                )
                .bind(message.uuid())
                .bind(now.as_millis())
                .execute(&mut *connection)
                .await?;
                let row = sqlx::query(
                    "UPDATE administrative.message SET next_try_at = $3, tries = tries + 1
                     WHERE message = $1 AND sent_at IS NULL AND given_up_at IS NULL AND next_try_at <= $2
                     RETURNING channel, sealed",
                )
                .bind(message.uuid())
                .bind(now.as_millis())
                .bind(now.after(CLAIM_FOR).as_millis())
                .fetch_optional(connection)
                .await?;
                let Some(row) = row else { return Ok(None) };
                let parcel = open(keys.secrets(), message, row.try_get("sealed")?)?;
                Ok(Some((row.text("channel")?, parcel)))
            })
        })
        .await
}

async fn note(
    service: &Consultation,
    message: MessageId,
    delivered: Delivered,
    now: Timestamp,
) -> Result<(), StorageError> {
    let keeps_text = service.config().demonstration;
    service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let statement = match delivered {
                    Delivered::Now if keeps_text => {
                        "UPDATE administrative.message SET sent_at = $2 WHERE message = $1 AND $3 > 0 AND $4 > 0"
                    }
                    Delivered::Now => {
                        "UPDATE administrative.message SET sent_at = $2, sealed = NULL
                         WHERE message = $1 AND $3 > 0 AND $4 > 0"
                    }
                    Delivered::Later => {
                        "UPDATE administrative.message
                         SET next_try_at = $2 + least($3 * (1 << least(tries - 1, 10)), $4) WHERE message = $1"
                    }
                };
                sqlx::query(statement)
                    .bind(message.uuid())
                    .bind(now.as_millis())
                    .bind(millis(FIRST_PAUSE))
                    .bind(millis(LONGEST_PAUSE))
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
}

/// The messages that the demonstration's mailbox shows, newest first.
pub(crate) async fn sent(service: &Consultation) -> Result<Vec<SentMessage>, StorageError> {
    let mut connection = service.storage().read().await?;
    let rows = sqlx::query(
        "SELECT message, channel, sealed, sent_at FROM administrative.message
         WHERE sent_at IS NOT NULL AND sealed IS NOT NULL ORDER BY sent_at DESC, message DESC LIMIT $1",
    )
    .bind(SHOWN)
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let message = row.id("message")?;
            Ok(SentMessage {
                message,
                channel: row.text("channel")?,
                parcel: open(service.secrets(), message, row.try_get("sealed")?)?,
                sent_at: row.instant("sent_at")?,
            })
        })
        .collect()
}

fn open(secrets: &Secrets, message: MessageId, sealed: Option<Vec<u8>>) -> Result<Parcel, StorageError> {
    let unreadable = StorageError::Unreadable { what: "message" };
    let Some(sealed) = sealed else { return Err(unreadable) };
    let Ok(plain) = secrets.open(SEAL, message.uuid(), &sealed) else { return Err(unreadable) };
    serde_json::from_slice(&plain).map_err(|_| unreadable)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
