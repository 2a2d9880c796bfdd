//! Sessions: opaque 256-bit tokens in `__Host-` cookies, hashed at rest, renewed whenever what they open changes.
//!
//! # Source
//!
//! OWASP ASVS 5.0, V7.

mod cookie;
mod familiar;
mod patient;
mod staff;
mod sweep;

use axum::extract::Request;
use colloque_ids::SessionId;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::{AuthenticationMethod, Role};

use crate::Consultation;
use crate::http::{ALL_STAFF, Access, Context, Refusal};
use crate::random::Token;

pub(crate) use cookie::{Cookie, SetCookie};
pub(crate) use familiar::Familiar;
pub(crate) use patient::{NewPatientSession, PatientArrival, PatientSession, PatientSessions};
pub(crate) use staff::{SignedIn, StaffSession, StaffSessions, Stage, close_if_signed_out};
pub(crate) use sweep::sweep;

/// Lets a request through to its handler when its session fits the route's rule, and hands the session on.
pub(crate) async fn authorize(service: &Consultation, access: Access, request: &mut Request) -> Result<(), Refusal> {
    let context = *request.extensions().get::<Context>().ok_or(Refusal::not_found())?;
    match access {
        Access::Anyone => service.request_limits().stranger(context.source)?,
        Access::FirstFactor => {
            let session = staff_session(service, context, Cookie::Staff.read(request.headers())).await?;
            request.extensions_mut().insert(session);
        }
        Access::Staff(roles) => {
            let session = staff_session(service, context, Cookie::Staff.read(request.headers())).await?;
            let signed_in = SignedIn::from_session(session).ok_or(Refusal::new(ErrorCode::SecondFactorNeeded))?;
            if !roles.contains(&signed_in.role) {
                return Err(signed_in.refuse_role(service, context).await);
            }
            request.extensions_mut().insert(signed_in);
        }
        Access::Arriving => {
            let session = patient_session(service, context, Cookie::Patient.read(request.headers())).await?;
            request.extensions_mut().insert(session);
        }
        Access::Patient => {
            let session = patient_session(service, context, Cookie::Patient.read(request.headers())).await?;
            let verified = session.verified().ok_or(Refusal::new(ErrorCode::SecondFactorNeeded))?;
            request.extensions_mut().insert(verified);
        }
    }
    Ok(())
}

async fn staff_session(
    service: &Consultation,
    context: Context,
    token: Option<Token>,
) -> Result<StaffSession, Refusal> {
    let token = token.ok_or(Refusal::new(ErrorCode::NotSignedIn))?;
    let asking = Asking::of(service, context, &token)?;
    let found = StaffSessions::new(&asking.service).find(&token, context).await?;
    asking.heard(found.as_ref().map(|session| session.session))?;
    found.ok_or(Refusal::new(ErrorCode::NotSignedIn))
}

async fn patient_session(
    service: &Consultation,
    context: Context,
    token: Option<Token>,
) -> Result<PatientArrival, Refusal> {
    let token = token.ok_or(Refusal::new(ErrorCode::NotSignedIn))?;
    let asking = Asking::of(service, context, &token)?;
    let found = PatientSessions::new(&asking.service).find(&token, context).await?;
    asking.heard(found.as_ref().map(|session| session.session))?;
    found.ok_or(Refusal::new(ErrorCode::NotSignedIn))
}

/// A question to storage about a token. Every request is counted: of a session that was known a moment ago before storage is asked,
/// of anybody else under their network, and then under the session that is found.
struct Asking {
    service: Consultation,
    context: Context,
    hash: Vec<u8>,
    is_counted: bool,
}

impl Asking {
    fn of(service: &Consultation, context: Context, token: &Token) -> Result<Self, Refusal> {
        let (hash, limits) = (token.hash(), service.request_limits());
        let (service, is_counted) = match service.familiar().session(&hash, context.now) {
            Some(session) => {
                limits.request(session, context.now)?;
                (service.clone(), true)
            }
            None => {
                limits.stranger(context.source)?;
                (service.for_strangers(), false)
            }
        };
        Ok(Self { service, context, hash, is_counted })
    }

    fn heard(self, session: Option<SessionId>) -> Result<(), Refusal> {
        let Self { service, context, hash, is_counted } = self;
        service.familiar().learn(hash, session, context.now);
        match session {
            Some(session) if !is_counted => service.request_limits().request(session, context.now),
            Some(_) | None => Ok(()),
        }
    }
}

/// Writes proofs for storage: wire names separated by spaces.
fn write_proofs(proofs: &[AuthenticationMethod]) -> String {
    proofs.iter().map(|proof| proof_name(*proof)).collect::<Vec<_>>().join(" ")
}

/// Reads stored proofs; a name that this version does not know proves nothing.
fn read_proofs(stored: &str) -> Vec<AuthenticationMethod> {
    stored.split(' ').filter_map(|name| PROOFS.into_iter().find(|proof| proof_name(*proof) == name)).collect()
}

const PROOFS: [AuthenticationMethod; 6] = [
    AuthenticationMethod::Password,
    AuthenticationMethod::Totp,
    AuthenticationMethod::Passkey,
    AuthenticationMethod::InvitationLink,
    AuthenticationMethod::EmailCode,
    AuthenticationMethod::SmsCode,
];

fn proof_name(proof: AuthenticationMethod) -> &'static str {
    crate::journal::proof(proof).name()
}

/// Reads the role of a member of the staff.
pub(crate) fn staff_role(stored: &str) -> Option<Role> {
    Role::from_name(stored).filter(|role| ALL_STAFF.contains(role))
}
