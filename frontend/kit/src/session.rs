//! Who is signed in, and what stands in front of the pages when nobody is.

use colloque_ids::StaffId;
use colloque_protocol::Role;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::Me;
use colloque_web::dom::{spawn, window};
use colloque_web::http::{self, SendRequestError};
use leptos::prelude::*;

use crate::failure::explain;
use crate::notice::{Tone, loading, note_with};
use crate::sign_in::SignIn;
use crate::text::{Msg, Text};

/// Where signing in stands.
#[derive(Debug, Clone, PartialEq)]
enum Signed {
    /// The service was not asked yet.
    Unknown,
    /// The service did not answer.
    Away(SendRequestError),
    /// Nobody.
    Out,
    /// This person.
    In(Me),
    /// This person was, and the session ended under an open page.
    Lapsed(Me),
}

/// The signed-in person, for every component of a bundle.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    signed: RwSignal<Signed>,
    /// How often the same person signed in again under an open page.
    renewals: RwSignal<u32>,
}

impl Session {
    /// Asks the service who is signed in. Once a page load.
    #[must_use]
    pub fn start() -> Self {
        let session = Self { signed: RwSignal::new(Signed::Unknown), renewals: RwSignal::new(0) };
        provide_context(session);
        session.refresh();
        session
    }

    /// The session of this page.
    ///
    /// # Panics
    ///
    /// Outside the tree that [`Session::start`] provided it to.
    #[must_use]
    pub fn here() -> Self {
        expect_context::<Self>()
    }

    /// Asks the service again.
    pub fn refresh(self) {
        spawn(async move {
            let signed = match http::get::<Me>("/api/session").await {
                Ok(me) => Signed::In(me),
                // Between password and code nobody is signed in yet.
                Err(error) if is_signed_out(&error) || error.code() == Some(ErrorCode::SecondFactorNeeded) => {
                    Signed::Out
                }
                Err(error) => Signed::Away(error),
            };
            self.signed.try_set(signed);
        });
    }

    /// Passes an outcome on; when it says that the session ended, sign-in comes over the page.
    ///
    /// # Errors
    ///
    /// The outcome's own.
    pub fn heed<T>(self, outcome: Result<T, SendRequestError>) -> Result<T, SendRequestError> {
        if let Err(error) = &outcome
            && is_signed_out(error)
        {
            self.signed.try_update(|signed| {
                if let Signed::In(me) = signed {
                    *signed = Signed::Lapsed(me.clone());
                }
            });
        }
        outcome
    }

    /// The signed-in person.
    #[must_use]
    pub fn me(self) -> Option<Me> {
        self.signed.with(|signed| match signed {
            Signed::In(me) | Signed::Lapsed(me) => Some(me.clone()),
            Signed::Unknown | Signed::Away(_) | Signed::Out => None,
        })
    }

    /// Ends the session and loads the page anew, so that nothing of it stays in memory.
    pub fn sign_out(self) {
        spawn(async move {
            // Whatever the answer, the person wants to see the sign-in page.
            http::delete("/api/session").await.ok();
            window().location().reload().ok();
        });
    }

    /// How often the same person signed in again under an open page.
    #[must_use]
    pub fn renewals(self) -> u32 {
        self.renewals.get()
    }

    fn lapsed(self) -> bool {
        self.signed.with(|signed| matches!(signed, Signed::Lapsed(_)))
    }

    fn took_back(self, me: Me) {
        // Somebody else at the same desk must not see the page of the person before.
        if self.me_now().is_some_and(|before| before.staff != me.staff) {
            window().location().reload().ok();
        } else {
            self.signed.try_set(Signed::In(me));
            self.renewals.try_update(|count| *count += 1);
        }
    }

    fn me_now(self) -> Option<Me> {
        untrack(move || self.me())
    }
}

/// The page of each role.
#[must_use]
pub const fn home_of(role: Role) -> &'static str {
    match role {
        Role::Practitioner | Role::Secretary => "/pro",
        Role::Administrator => "/admin",
        Role::Patient | Role::Expert | Role::AccompanyingPerson | Role::Interpreter => "/",
    }
}

/// Shows `inside` to a signed-in person whose role `accepts`, and sign-in to anybody else.
///
/// When the session ends under an open page, the page stays as it is behind sign-in: nothing typed is lost.
pub fn gate(
    session: Session,
    accepts: fn(Role) -> bool,
    inside: impl Fn(Me) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let person: Memo<Option<StaffId>> = Memo::new(move |_| session.me().map(|me| me.staff));
    let state = Memo::new(move |_| {
        session.signed.with(|signed| match signed {
            Signed::Unknown => Front::Loading,
            Signed::Away(error) => Front::Away(explain(error)),
            Signed::Out => Front::SignIn,
            Signed::In(_) | Signed::Lapsed(_) => Front::Page,
        })
    });
    let lapsed = Memo::new(move |_| session.lapsed());
    let done = Callback::new(move |me: Me| session.took_back(me));
    view! {
        <div inert=move || lapsed.get()>
            {move || match state.get() {
                Front::Loading => view! { <main class="gate">{loading()}</main> }.into_any(),
                Front::Away(cause) => away(session, cause),
                Front::SignIn => view! { <SignIn done=done/> }.into_any(),
                Front::Page => match person.get().and_then(|_| session.me_now()) {
                    Some(me) if accepts(me.role) => inside(me),
                    Some(me) => foreign(me.role, session),
                    None => loading(),
                },
            }}
        </div>
        {move || lapsed.get().then(|| view! { <div class="over"><SignIn done=done lead=Msg::SessionOver.t()/></div> })}
    }
    .into_any()
}

#[derive(Debug, Clone, PartialEq)]
enum Front {
    Loading,
    Away(String),
    SignIn,
    Page,
}

fn away(session: Session, cause: String) -> AnyView {
    let retry =
        view! { <button type="button" class="button" on:click=move |_| session.refresh()>{Msg::Retry.t()}</button> }
            .into_any();
    view! {
        <main class="gate"><div class="stack" data-fill=true>
            <h1 tabindex="-1">{Msg::ServiceAway.t()}</h1>
            {note_with(Tone::Warn, cause, retry)}
        </div></main>
    }
    .into_any()
}

fn foreign(role: Role, session: Session) -> AnyView {
    view! {
        <main class="gate"><div class="card stack">
            <h1 tabindex="-1">{Msg::NotYourPage.t()}</h1>
            <p>{Msg::NotYourPageLead.t()}</p>
            <div class="row">
                <a class="button" data-kind="primary" href=home_of(role)>{Msg::GoToYours.t()}</a>
                <button type="button" class="button" on:click=move |_| session.sign_out()>{Msg::SignOut.t()}</button>
            </div>
        </div></main>
    }
    .into_any()
}

fn is_signed_out(error: &SendRequestError) -> bool {
    error.code() == Some(ErrorCode::NotSignedIn)
}
