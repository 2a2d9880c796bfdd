//! Messages as a mail server and a gateway get them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use colloque_consultation::{Config, Consultation, MailConfig, MasterKey, MessageConfig, SmsConfig, seed_visit};
use colloque_protocol::http::appointment::MoveAppointment;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::visit::{Link, Visit, code_in};

/// What a server received.
type Received = Arc<Mutex<Vec<String>>>;

#[tokio::test]
async fn no_message_bears_a_name_a_specialty_a_reason_or_the_practices_name() {
    let mut visit = Visit::new().await;
    let (_, entry) = visit.verified().await;
    let path = format!("/api/appointments/{}", entry.appointment.full());
    let form = MoveAppointment {
        starts_at: visit.in_minutes(200),
        duration_min: 20,
        reason: Some("Toux depuis trois jours".to_owned()),
    };
    visit.secretary.post(&format!("{path}/move"), &form).await.ok();
    visit.secretary.act(&format!("{path}/cancel")).await.ok();
    let messages = visit.mail(4).await;
    assert_eq!(messages.len(), 4);
    let texts: Vec<_> = messages.iter().map(|message| message["text"].as_str().unwrap()).collect();
    let of_the_appointment: Vec<_> = texts.iter().filter(|text| text.starts_with("Bonjour")).collect();
    assert_eq!(of_the_appointment.len(), 3);
    for text in of_the_appointment {
        assert!(text.contains("novembre 2026 à ") && text.contains("\u{a0}h\u{a0}"), "no day or hour: {text}");
        assert!(text.contains("le 02 61 91 00 12."), "no telephone: {text}");
    }
    for message in messages {
        let text =
            format!("{}\n{}", message["subject"].as_str().unwrap(), message["text"].as_str().unwrap()).to_lowercase();
        for canary in [
            "toux",
            "jeanne",
            "durand",
            "cœurderoy",
            "claire",
            "martin",
            "médec",
            "docteur",
            "dre",
            "générale",
            "tilleuls",
            "santé",
            "consultation",
            "patient",
            "ordonnance",
        ] {
            assert!(!text.contains(canary), "{canary} in: {text}");
        }
    }
}

#[tokio::test]
async fn the_mailbox_is_there_in_a_demonstration_only() {
    let visit = Visit::new().await;
    let service = service(&visit, MessageConfig::default()).await;
    colloque_test_support::Client::new(service.router()).get("/api/mailbox").await.refused("not_found");
    assert!(seed_visit(&service).await.is_err());
}

#[tokio::test]
async fn the_demonstration_has_a_visit_that_can_be_held_now_and_a_fresh_link_at_each_start() {
    let visit = Visit::new().await;
    let first = seed_visit(&visit.stage.service).await.unwrap();
    let second = seed_visit(&visit.stage.service).await.unwrap();
    assert_eq!(first.practitioner, second.practitioner);
    Link::of(&first.link).redeem(&mut visit.stage.client()).await.refused("invitation_unknown");
    Link::of(&second.link).redeem(&mut visit.stage.client()).await.ok();
    assert_eq!(visit.stage.psql("SELECT count(*) FROM identity.patient").trim(), "5");
}

#[tokio::test]
async fn a_mail_server_that_fails_gets_the_message_again_and_the_outbox_forgets_it() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let (url, received) = mail_server(1).await;
    let mail = Some(MailConfig { url, from: "Rendez-vous <ne-pas-repondre@exemple.fr>".to_owned() });
    let service = service(&visit, MessageConfig { mail, sms: None }).await;
    let mut secretary = moved(&visit, &service);
    let path = format!("/api/appointments/{}/invitation", entry.appointment.full());
    let sent: colloque_protocol::http::appointment::InvitationSent = secretary.act(&path).await.json();
    assert!(!sent.sent, "the first try fails");
    visit.pass(Duration::from_secs(20));
    let mail = wait_for(&received, 1).await.remove(0);
    assert!(mail.contains("To: jeanne.durand@exemple.fr") && mail.contains("Content-Type: text/plain"), "{mail}");
    let kept = || visit.stage.psql("SELECT count(*) FROM administrative.message WHERE sealed IS NOT NULL");
    for _ in 0..200 {
        if kept().trim() == "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the outbox keeps a message that was sent");
}

#[tokio::test]
async fn with_a_gateway_the_code_goes_to_the_telephone() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let (url, received) = gateway().await;
    let sms = Some(SmsConfig { url, token: "jeton".to_owned() });
    let service = service(&visit, MessageConfig { mail: None, sms }).await;
    let mut client = colloque_test_support::Client::new(service.router());
    let step = link.redeem(&mut client).await.ok();
    assert!(step.text().contains("•••78"), "{}", step.text());
    let sms = wait_for(&received, 1).await.remove(0);
    assert!(sms.starts_with("Bearer jeton ") && sms.contains("+33612345678"), "{sms}");
    let code = colloque_protocol::http::patient::SecondFactor { code: code_in(&sms).unwrap() };
    client.post("/api/patient/second-factor", &code).await.ok();
}

#[tokio::test]
async fn a_gateway_that_redirects_is_not_followed() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let (elsewhere, received) = gateway().await;
    let (url, asked) = redirecting_gateway(elsewhere).await;
    let sms = Some(SmsConfig { url, token: "jeton".to_owned() });
    let service = service(&visit, MessageConfig { mail: None, sms }).await;
    link.redeem(&mut colloque_test_support::Client::new(service.router())).await.ok();
    wait_for(&asked, 1).await;
    let unsent = "SELECT count(*) FROM administrative.message WHERE channel = 'sms' AND tries = 1 AND sent_at IS NULL";
    for _ in 0..1_000 {
        if visit.stage.psql(unsent).trim() == "1" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(visit.stage.psql(unsent).trim(), "1", "the message is not taken for sent");
    assert!(received.lock().unwrap().is_empty(), "the code went where the gateway pointed");
}

/// Another process on the same database, which sends for real.
async fn service(visit: &Visit, messages: MessageConfig) -> Consultation {
    let config = Config {
        database_url: visit.stage.database.url.clone(),
        database_connections: 4,
        origins: vec!["https://localhost:8443".to_owned()],
        trusted_proxies: vec![],
        master_key: MasterKey::from_bytes([42; 32]),
        messages,
        demonstration: false,
    };
    let clock = crate::stage::TestClock(visit.stage.clock.clone());
    // The demonstration's process would send what this one is to send.
    visit.stage.service.stop().await;
    let _ = visit.stage.psql("UPDATE administrative.purpose SET purpose = 'production'");
    Consultation::start_at(config, Arc::new(crate::stage::Silence), Arc::new(clock)).await.unwrap()
}

/// The secretary's browser, at the other process.
fn moved(visit: &Visit, service: &Consultation) -> colloque_test_support::Client {
    let mut client = colloque_test_support::Client::new(service.router());
    client.cookies.clone_from(&visit.secretary.cookies);
    client
}

async fn wait_for(received: &Received, count: usize) -> Vec<String> {
    for _ in 0..1_000 {
        let all = received.lock().unwrap().clone();
        if all.len() >= count {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was received");
}

/// A mail server that refuses the first `failures` messages.
async fn mail_server(failures: usize) -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let received = Received::default();
    let kept = received.clone();
    tokio::spawn(async move {
        let mut refused = 0;
        while let Ok((stream, _)) = listener.accept().await {
            let refuse = refused < failures;
            refused += 1;
            let _ = converse(stream, refuse, &kept).await;
        }
    });
    (url, received)
}

async fn converse(stream: TcpStream, refuse: bool, received: &Received) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test\r\n").await?;
    let mut message: Option<String> = None;
    while let Some(line) = lines.next_line().await? {
        if let Some(text) = &mut message {
            if line == "." {
                received.lock().unwrap().push(message.take().unwrap_or_default());
                write.write_all(b"250 taken\r\n").await?;
            } else {
                text.push_str(&line);
                text.push('\n');
            }
            continue;
        }
        let answer: &[u8] = match line.get(..4).unwrap_or_default() {
            "EHLO" => b"250 test\r\n",
            "MAIL" if refuse => b"451 later\r\n",
            "DATA" => {
                message = Some(String::new());
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 fine\r\n",
        };
        write.write_all(answer).await?;
    }
    Ok(())
}

/// A gateway for text messages.
async fn gateway() -> (String, Received) {
    let received = Received::default();
    let kept = received.clone();
    let take = move |headers: HeaderMap, body: String| async move {
        let token = headers["authorization"].to_str().unwrap_or_default().to_owned();
        kept.lock().unwrap().push(format!("{token} {body}"));
        StatusCode::ACCEPTED
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sms", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/sms", post(take))).await });
    (url, received)
}

/// A gateway that points to another one, as 307 does: with the same body.
async fn redirecting_gateway(to: String) -> (String, Received) {
    let asked = Received::default();
    let kept = asked.clone();
    let point = move || async move {
        kept.lock().unwrap().push(to.clone());
        (StatusCode::TEMPORARY_REDIRECT, [(axum::http::header::LOCATION, to)])
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sms", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/sms", post(point))).await });
    (url, asked)
}
