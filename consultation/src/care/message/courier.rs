//! How a message leaves: SMTP, a gateway for text messages, or the demonstration's mailbox.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::{Mailbox, header::ContentType};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

/// How long a mail server or a gateway may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// By which ways messages leave.
#[derive(Clone, Default)]
pub struct MessageConfig {
    /// Mail server. Without one, e-mail stays in the outbox.
    pub mail: Option<MailConfig>,
    /// Gateway for text messages. Without one, codes go by e-mail.
    pub sms: Option<SmsConfig>,
}

/// A mail server.
#[derive(Clone)]
pub struct MailConfig {
    /// `smtps://user:password@host`, `smtp://host:587?tls=required` or, for a server on this machine, `smtp://localhost`.
    ///
    /// Other addresses are refused: links and codes would travel in clear.
    pub url: String,
    /// Sender: an address, perhaps with a name that says nothing of health.
    pub from: String,
}

/// A gateway for text messages.
///
/// Each message is a `POST` of `{"to": "+33612345678", "text": "…"}` as JSON with `Authorization: Bearer TOKEN`; any 2xx answer
/// means that the gateway took it.
#[derive(Clone)]
pub struct SmsConfig {
    /// Address of the gateway, `https://…`; `http://…` for one on this machine only. Redirections are not followed.
    pub url: String,
    /// Its token.
    pub token: String,
}

impl MailConfig {
    /// Says whether nobody on the way to the mail server can read the messages.
    ///
    /// `tls=opportunistic` is not enough: whoever is on the way can take the offer of TLS out.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        Url::parse(&self.url).is_ok_and(|url| {
            let requires_tls =
                url.query_pairs().find(|(name, _)| name == "tls").is_some_and(|(_, value)| value == "required");
            url.scheme() == "smtps" || (url.scheme() == "smtp" && (requires_tls || is_this_machine(&url)))
        })
    }
}

impl SmsConfig {
    /// Says whether nobody on the way to the gateway can read the messages.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        Url::parse(&self.url)
            .is_ok_and(|url| url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url)))
    }
}

/// Whether an address is one of the loopback interface.
fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    // Of `smtp:` the host is a name even when it is written in numbers.
    let number: Result<IpAddr, _> = host.trim_start_matches('[').trim_end_matches(']').parse();
    host.eq_ignore_ascii_case("localhost") || number.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Why messages cannot be sent as configured.
#[derive(Debug, Error)]
pub enum PrepareCourierError {
    /// The mail server's address is not one.
    #[error("address of the mail server is not valid")]
    MailServer(#[source] lettre::transport::smtp::Error),
    /// Links and codes would reach the mail server in clear.
    #[error("address of the mail server does not require TLS")]
    MailInClear,
    /// The sender is not an address.
    #[error("sender of e-mails is not an address")]
    Sender(#[source] lettre::address::AddressError),
    /// Codes would reach the gateway in clear.
    #[error("address of the text message gateway is not https")]
    GatewayInClear,
    /// The gateway's client cannot be made.
    #[error("client of the text message gateway cannot be made")]
    Gateway(#[source] reqwest::Error),
}

/// A message ready to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) link: Option<String>,
}

/// Why a message did not leave; it is tried again.
#[derive(Debug, Error)]
pub(crate) enum DeliverMessageError {
    #[error("no way is configured for this message")]
    NoWay,
    #[error("message cannot be written as an e-mail")]
    Write(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("mail server did not take the message")]
    MailServer(#[source] lettre::transport::smtp::Error),
    #[error("gateway did not take the message")]
    Gateway(#[source] reqwest::Error),
    #[error("gateway answered {0}")]
    GatewayAnswer(reqwest::StatusCode),
}

/// A way by which messages leave.
#[async_trait]
pub(crate) trait Courier: Send + Sync {
    /// Hands a message over; once it returns, the other side answers for it.
    async fn deliver(&self, parcel: &Parcel) -> Result<(), DeliverMessageError>;
}

/// The couriers for e-mail and for text messages.
pub(crate) struct Couriers {
    pub(super) email: Arc<dyn Courier>,
    pub(super) sms: Option<Arc<dyn Courier>>,
}

/// Makes the couriers that the configuration names.
pub(crate) fn prepare(config: &MessageConfig, demonstration: bool) -> Result<Couriers, PrepareCourierError> {
    if demonstration {
        return Ok(Couriers { email: Arc::new(DemonstrationMailbox), sms: None });
    }
    let email: Arc<dyn Courier> = match &config.mail {
        Some(mail) => Arc::new(MailServer::connect(mail)?),
        None => Arc::new(NoWay),
    };
    let sms = config.sms.as_ref().map(SmsGateway::connect).transpose()?;
    Ok(Couriers { email, sms: sms.map(|gateway| Arc::new(gateway) as Arc<dyn Courier>) })
}

struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl MailServer {
    fn connect(config: &MailConfig) -> Result<Self, PrepareCourierError> {
        if !config.is_confidential() {
            return Err(PrepareCourierError::MailInClear);
        }
        provide_cryptography();
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&config.url)
            .map_err(PrepareCourierError::MailServer)?
            .timeout(Some(TIMEOUT))
            .build();
        Ok(Self { transport, from: config.from.parse().map_err(PrepareCourierError::Sender)? })
    }
}

#[async_trait]
impl Courier for MailServer {
    async fn deliver(&self, parcel: &Parcel) -> Result<(), DeliverMessageError> {
        let to: Mailbox = parcel.to.parse().map_err(|error| DeliverMessageError::Write(Box::new(error)))?;
        let message = lettre::Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&parcel.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(parcel.text.clone())
            .map_err(|error| DeliverMessageError::Write(Box::new(error)))?;
        self.transport.send(message).await.map_err(DeliverMessageError::MailServer)?;
        Ok(())
    }
}

struct SmsGateway {
    client: reqwest::Client,
    config: SmsConfig,
}

impl SmsGateway {
    fn connect(config: &SmsConfig) -> Result<Self, PrepareCourierError> {
        if !config.is_confidential() {
            return Err(PrepareCourierError::GatewayInClear);
        }
        provide_cryptography();
        // A redirection would carry number, code and token to an address that nobody configured.
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(PrepareCourierError::Gateway)?;
        Ok(Self { client, config: config.clone() })
    }
}

#[async_trait]
impl Courier for SmsGateway {
    async fn deliver(&self, parcel: &Parcel) -> Result<(), DeliverMessageError> {
        let body = serde_json::json!({ "to": parcel.to, "text": parcel.text });
        let answer = self.client.post(&self.config.url).bearer_auth(&self.config.token).json(&body).send().await;
        // The address of the gateway may hold a key: it stays out of the error.
        let answer = answer.map_err(|error| DeliverMessageError::Gateway(error.without_url()))?;
        // A redirection is no success: nobody took the message.
        if answer.status().is_success() { Ok(()) } else { Err(DeliverMessageError::GatewayAnswer(answer.status())) }
    }
}

/// The outbox itself is the mailbox that the demonstration shows.
struct DemonstrationMailbox;

#[async_trait]
impl Courier for DemonstrationMailbox {
    async fn deliver(&self, _parcel: &Parcel) -> Result<(), DeliverMessageError> {
        Ok(())
    }
}

struct NoWay;

#[async_trait]
impl Courier for NoWay {
    async fn deliver(&self, _parcel: &Parcel) -> Result<(), DeliverMessageError> {
        Err(DeliverMessageError::NoWay)
    }
}

/// TLS takes its cryptography from the process; who came first may have provided it.
fn provide_cryptography() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(url: &str) -> MailConfig {
        MailConfig { url: url.to_owned(), from: "Rendez-vous <ne-pas-repondre@exemple.fr>".to_owned() }
    }

    fn sms(url: &str) -> SmsConfig {
        SmsConfig { url: url.to_owned(), token: "jeton".to_owned() }
    }

    #[tokio::test]
    async fn messages_leave_the_machine_encrypted_or_not_at_all() {
        for url in [
            "smtps://user:password@smtp.exemple.fr",
            "smtp://smtp.exemple.fr:587?tls=required",
            "smtp://localhost",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:2525",
        ] {
            assert!(MailServer::connect(&mail(url)).is_ok(), "{url}");
        }
        for url in [
            "smtp://smtp.exemple.fr",
            "smtp://smtp.exemple.fr:25",
            "smtp://smtp.exemple.fr:587?tls=opportunistic",
            "smtp://localhost.exemple.fr",
            "smtp://127.0.0.1.exemple.fr",
            "smtp://localhost@smtp.exemple.fr",
            "smtp://smtp.exemple.fr?tls=none&tls=required",
            "smtp.exemple.fr",
        ] {
            assert!(matches!(MailServer::connect(&mail(url)), Err(PrepareCourierError::MailInClear)), "{url}");
        }
    }

    #[test]
    fn texts_reach_the_gateway_encrypted_or_not_at_all() {
        for url in ["https://sms.exemple.fr/send", "http://localhost:8080/sms", "http://127.0.0.1/sms"] {
            assert!(SmsGateway::connect(&sms(url)).is_ok(), "{url}");
        }
        for url in ["http://sms.exemple.fr/send", "http://localhost.exemple.fr/", "ftp://localhost/", "sms"] {
            assert!(matches!(SmsGateway::connect(&sms(url)), Err(PrepareCourierError::GatewayInClear)), "{url}");
        }
    }
}
