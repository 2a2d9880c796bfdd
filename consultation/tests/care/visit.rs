//! A day with its people, and the ways through it that every test needs.

use std::time::Duration;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use colloque_consultation::demo::DemoPerson;
use colloque_ids::{PatientId, StaffId, Timestamp};
use colloque_protocol::http::appointment::{
    AppointmentEntry, AppointmentForm, InvitationSent, PatientEntry, PatientForm, Sex,
};
use colloque_protocol::http::patient::{
    CONSENT_TEXT_VERSION, GiveConsent, PatientStep, RedeemInvitation, SecondFactor, TicketIssued, TicketRequest,
};
use colloque_protocol::key::BrowserKey;
use colloque_protocol::ticket::{RoomScope, Scope, TicketClaims, UnverifiedTicket};
use colloque_test_support::{Answer, Client};
use serde_json::Value;

use crate::stage::Stage;

/// A practice with a practitioner and a secretary signed in.
pub struct Visit {
    pub stage: Stage,
    pub claire: DemoPerson,
    pub youssef: DemoPerson,
    pub paul: DemoPerson,
    pub practitioner: Client,
    pub secretary: Client,
}

/// A link as the patient's page takes it apart.
pub struct Link {
    pub invitation: String,
    pub secret: String,
}

impl Link {
    pub fn of(link: &str) -> Self {
        let (path, secret) = link.split_once('#').unwrap();
        Self { invitation: path.rsplit('/').next().unwrap().to_owned(), secret: secret.to_owned() }
    }

    pub async fn redeem(&self, client: &mut Client) -> Answer {
        let body = RedeemInvitation { secret: self.secret.clone() };
        client.post(&format!("/api/invitations/{}/redeem", self.invitation), &body).await
    }
}

impl Visit {
    pub async fn new() -> Self {
        Self::on(Stage::new().await).await
    }

    pub async fn on(stage: Stage) -> Self {
        let [claire, youssef, nadia, paul] = stage.people().await;
        let practitioner = stage.signed_in(&claire).await;
        let secretary = stage.signed_in(&nadia).await;
        Self { stage, claire, youssef, paul, practitioner, secretary }
    }

    pub fn now(&self) -> Timestamp {
        self.stage.clock.now()
    }

    pub fn pass(&self, duration: Duration) {
        self.stage.clock.advance(duration);
    }

    pub fn in_minutes(&self, minutes: i64) -> Timestamp {
        Timestamp::from_millis(self.now().as_millis() + minutes * 60_000)
    }

    pub async fn patient(&mut self) -> PatientId {
        let entry: PatientEntry = self.secretary.post("/api/patients", &jeanne()).await.json();
        entry.patient
    }

    pub async fn book(&mut self, practitioner: StaffId, patient: PatientId, minutes: i64) -> Answer {
        let starts_at = self.in_minutes(minutes);
        let form = AppointmentForm { practitioner, patient, starts_at, duration_min: 20, reason: None };
        self.secretary.post("/api/appointments", &form).await
    }

    /// Books Jeanne with Claire, in ten minutes.
    pub async fn booked(&mut self) -> AppointmentEntry {
        let patient = self.patient().await;
        self.book(self.claire.staff, patient, 10).await.json()
    }

    pub async fn invite(&mut self, entry: &AppointmentEntry) -> InvitationSent {
        let path = format!("/api/appointments/{}/invitation", entry.appointment.full());
        self.secretary.act(&path).await.json()
    }

    /// The messages of the demonstration's mailbox, newest first, once there are `count` of them.
    pub async fn mail(&self, count: usize) -> Vec<Value> {
        let mut client = self.stage.client();
        for _ in 0..500 {
            let messages: Vec<Value> = client.get("/api/mailbox").await.json();
            if messages.len() >= count {
                return messages;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("there are not {count} messages");
    }

    /// The newest code that was sent, once there are `count` messages.
    pub async fn code(&self, count: usize) -> String {
        let messages = self.mail(count).await;
        messages.iter().find_map(|message| code_in(message["text"].as_str().unwrap())).unwrap()
    }

    /// Jeanne, invited and verified, with the appointment.
    pub async fn verified(&mut self) -> (Client, AppointmentEntry) {
        let entry = self.booked().await;
        let before = self.mail(0).await.len();
        let link = Link::of(&self.invite(&entry).await.link);
        let mut client = self.stage.client();
        link.redeem(&mut client).await.ok();
        let code = SecondFactor { code: self.code(before + 2).await };
        let step: PatientStep = client.post("/api/patient/second-factor", &code).await.json();
        assert_eq!(step, PatientStep::Done);
        (client, entry)
    }

    /// Jeanne in an open consultation.
    pub async fn admitted(&mut self) -> (Client, AppointmentEntry) {
        let (mut jeanne, entry) = self.verified().await;
        jeanne.post("/api/patient/consent", &GiveConsent { text_version: CONSENT_TEXT_VERSION }).await.ok();
        let scope = self.room(&entry).await;
        self.stage.service.records().admit(&scope, self.claire.staff, self.now()).await.unwrap();
        (jeanne, entry)
    }

    /// The room of an appointment, from the practitioner's ticket.
    pub async fn room(&mut self, entry: &AppointmentEntry) -> RoomScope {
        let path = format!("/api/consultations/{}/ticket", entry.consultation.full());
        let issued: TicketIssued = self.practitioner.post(&path, &ticket_request()).await.json();
        match self.claims(&issued.ticket).scope {
            Scope::Room(scope) => scope,
            Scope::Desk { .. } => panic!("the ticket opens a room"),
        }
    }

    /// The claims of a ticket whose signature is good.
    pub fn claims(&self, ticket: &str) -> TicketClaims {
        let key = UnparsedPublicKey::new(&ED25519, self.stage.service.ticket_public_key());
        UnverifiedTicket::parse(ticket)
            .unwrap()
            .verify(|bytes, signature| key.verify(bytes, signature).is_ok())
            .unwrap()
    }
}

pub fn jeanne() -> PatientForm {
    PatientForm {
        birth_name: "Cœurderoy".to_owned(),
        used_name: Some("Durand".to_owned()),
        first_names: "Jeanne Élise".to_owned(),
        birth_date: "1978-05-14".to_owned(),
        sex: Sex::Female,
        email: "jeanne.durand@exemple.fr".to_owned(),
        phone: Some("06 12 34 56 78".to_owned()),
    }
}

pub fn browser_key() -> BrowserKey {
    let mut point = [7; 65];
    point[0] = 4;
    BrowserKey::from_raw(&point).unwrap()
}

pub fn ticket_request() -> TicketRequest {
    TicketRequest { key: browser_key() }
}

pub fn code_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("Votre code est ")?;
    Some(rest[..6].to_owned())
}
