//! A code application for the next time, set up once the consultation is over.

use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{TotpCode, TotpEnrolment};
use colloque_web::dom::spawn;
use colloque_web::http::{self, SendRequestError};

use super::Page;
use crate::model::{CodeProblem, Enrolment};

impl Page {
    /// Has a key made.
    pub(super) fn enrol(&self) {
        let page = self.clone();
        spawn(async move {
            page.enrolled(match http::act("/api/patient/totp/start").await {
                Ok(TotpEnrolment { secret, address, .. }) => Enrolment::Key { secret, address },
                Err(error) => after(&error).unwrap_or(Enrolment::Failed),
            });
        });
    }

    /// Proves by a first code that the key arrived.
    pub(super) async fn finish_enrolment(&self, code: String) {
        match http::post("/api/patient/totp/finish", &TotpCode { code }).await {
            Ok(()) => self.enrolled(Enrolment::Done),
            Err(error) => match after(&error) {
                Some(enrolment) => self.enrolled(enrolment),
                None => self.change(|model| model.code_problem = Some(CodeProblem::of(&error))),
            },
        }
    }

    fn enrolled(&self, enrolment: Enrolment) {
        self.change(|model| {
            model.code_problem = None;
            model.enrolment = enrolment;
        });
    }
}

/// A key that is in use already is not replaced.
fn after(error: &SendRequestError) -> Option<Enrolment> {
    (error.code() == Some(ErrorCode::WrongState)).then_some(Enrolment::Done)
}
