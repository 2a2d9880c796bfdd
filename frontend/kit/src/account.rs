//! The account page: passkeys, authenticator application, language.

use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{PasskeyAnswer, PasskeyChallenge, PasskeyEntry};
use colloque_web::dom::spawn;
use colloque_web::http::{self, SendRequestError};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use serde::de::IgnoredAny;

use crate::announce::say;
use crate::clock::{Style, write};
use crate::dialog::Dialog;
use crate::failure::explain;
use crate::form::{Faults, Field, Submit, Values};
use crate::icon::Icon;
use crate::notice::{Tone, loading, note, trouble};
use crate::passkey;
use crate::route::encode;
use crate::session::Session;
use crate::sign_in::{CodeForm, Enrol, explain_passkey};
use crate::text::{Locale, Msg, Text, choose_locale, locale};

/// Asks for a code when the service wants a fresh proof, then does again what was asked.
#[derive(Clone, Copy)]
struct Reproof {
    open: RwSignal<bool>,
    again: RwSignal<Option<Callback<()>>>,
}

impl Reproof {
    fn ask(self, again: Callback<()>) {
        self.again.try_set(Some(again));
        self.open.try_set(true);
    }
}

fn needs_proof(error: &SendRequestError) -> bool {
    error.code() == Some(ErrorCode::SecondFactorNeeded)
}

#[component]
fn ReproofDialog() -> impl IntoView {
    let reproof = expect_context::<Reproof>();
    let title = Signal::derive(|| Msg::ReproofTitle.t().to_owned());
    let finished = Callback::new(move |()| {
        reproof.open.set(false);
        if let Some(again) = reproof.again.get_untracked() {
            again.run(());
        }
    });
    view! {
        <Dialog open=reproof.open title=title>
            <p>{Msg::ReproofLead.t()}</p>
            <CodeForm path="/api/session/totp" finished=finished/>
        </Dialog>
    }
    .into_any()
}

/// The sections that every account has.
#[component]
pub fn Account(
    /// Sections of one bundle only.
    #[prop(optional)]
    more: Option<AnyView>,
) -> impl IntoView {
    let session = Session::here();
    provide_context(Reproof { open: RwSignal::new(false), again: RwSignal::new(None) });
    let until = session.me().map(|me| Msg::SignedInUntil.with(&[&write(me.expires_at, Style::Moment)]));
    view! {
        <main class="page stack" data-narrow=true data-fill=true data-gap="large" id="content">
            <div>
                <h1 tabindex="-1">{Msg::AccountTitle.t()}</h1>
                <p class="quiet">{session.me().map(|me| me.display_name)}" · "{until}</p>
            </div>
            <Passkeys/>
            <Authenticator/>
            {more}
            <section class="card stack">
                <h2>{Msg::Language.t()}</h2>
                <div class="row">
                    {language(Locale::French, Msg::French)}
                    {language(Locale::English, Msg::English)}
                </div>
            </section>
            <ReproofDialog/>
        </main>
    }
    .into_any()
}

fn language(choice: Locale, name: Msg) -> AnyView {
    let current = locale() == choice;
    view! {
        <button type="button" class="button" data-kind=if current { "primary" } else { "" } aria-pressed=current.to_string()
            on:click=move |_| if locale() != choice { choose_locale(choice) }>{name.t()}</button>
    }
    .into_any()
}

#[component]
fn Passkeys() -> impl IntoView {
    let session = Session::here();
    let list = RwSignal::new(None::<Result<Vec<PasskeyEntry>, SendRequestError>>);
    let load = move || {
        spawn(async move {
            let outcome = session.heed(http::get("/api/account/passkeys").await);
            list.try_set(Some(outcome));
        });
    };
    load();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let faults = Faults::default();
    let again = StoredValue::new(None::<Callback<()>>);
    let removing_again = StoredValue::new(None::<Callback<()>>);
    let reproof = expect_context::<Reproof>();
    let wanted = RwSignal::new(String::new());
    let register_now = Callback::new(move |()| {
        busy.set(true);
        problem.set(None);
        let label = wanted.get_untracked();
        spawn(async move {
            let outcome = register(session, label).await;
            busy.try_set(false);
            match outcome {
                Ok(()) => {
                    say(Msg::PasskeyAdded.t());
                    load();
                }
                Err(NotRegistered::NeedsProof) => {
                    if let Some(again) = again.try_get_value().flatten() {
                        reproof.ask(again);
                    }
                }
                Err(NotRegistered::Said(text)) => drop(problem.try_set(Some(text))),
            }
        });
    });
    again.set_value(Some(register_now));
    let add = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        if busy.get_untracked() {
            return;
        }
        let label = values.text("label");
        if label.is_empty() {
            faults.show(vec![("label".to_owned(), Msg::PasskeyNameHint.t().to_owned())]);
            return;
        }
        faults.show(Vec::new());
        wanted.set(label);
        register_now.run(());
    };
    let removing = RwSignal::new(None::<PasskeyEntry>);
    let open = RwSignal::new(false);
    let ask = move |entry: PasskeyEntry| {
        removing.set(Some(entry));
        open.set(true);
    };
    let remove = Callback::new(move |()| {
        let Some(entry) = removing.get_untracked() else { return };
        spawn(async move {
            let outcome = session.heed(http::delete(&format!("/api/account/passkeys/{}", encode(&entry.id))).await);
            open.try_set(false);
            match outcome {
                Ok(()) => say(Msg::PasskeyRemoved.t()),
                Err(error) if needs_proof(&error) => {
                    if let Some(again) = removing_again.try_get_value().flatten() {
                        reproof.ask(again);
                    }
                }
                Err(error) => drop(problem.try_set(Some(explain(&error)))),
            }
            load();
        });
    });
    removing_again.set_value(Some(remove));
    let title = Signal::derive(|| Msg::RemovePasskeyTitle.t().to_owned());
    view! {
        <section class="card stack" data-fill=true>
            <div>
                <h2>{Msg::Passkeys.t()}</h2>
                <p class="quiet">{Msg::PasskeysLead.t()}</p>
            </div>
            {trouble(problem)}
            {move || match list.get() {
                None => loading(),
                Some(Err(error)) => note(Tone::Warn, explain(&error)),
                Some(Ok(entries)) if entries.is_empty() => view! { <p class="quiet">{Msg::NoPasskey.t()}</p> }.into_any(),
                Some(Ok(entries)) => view! {
                    <ul class="lines">
                        {entries.into_iter().map(|entry| passkey_line(entry, ask)).collect_view()}
                    </ul>
                }.into_any(),
            }}
            <form class="stack" data-fill=true on:submit=add novalidate=true>
                <Field name="label" label=Msg::PasskeyName.t() hint=Msg::PasskeyNameHint.t() faults=faults maxlength=60/>
                <div class="actions" data-start=true><Submit label=Msg::AddPasskey.t() busy=busy/></div>
            </form>
            <Dialog open=open title=title>
                <p>{move || Msg::RemovePasskeyLead.with(&[&removing.get().map(|entry| entry.label).unwrap_or_default()])}</p>
                <footer>
                    <button type="button" class="button" on:click=move |_| open.set(false)>{Msg::Cancel.t()}</button>
                    <button type="button" class="button" data-kind="danger" on:click=move |_| remove.run(())>{Msg::Remove.t()}</button>
                </footer>
            </Dialog>
        </section>
    }
    .into_any()
}

fn passkey_line(entry: PasskeyEntry, ask: impl Fn(PasskeyEntry) + 'static) -> AnyView {
    let used = entry
        .used_at
        .map_or_else(|| Msg::PasskeyNeverUsed.t().to_owned(), |at| Msg::PasskeyUsed.with(&[&write(at, Style::Moment)]));
    let made = Msg::PasskeyMade.with(&[&write(entry.created_at, Style::ShortDay)]);
    let (label, name) = (entry.label.clone(), format!("{} – {}", Msg::Remove.t(), entry.label));
    view! {
        <li class="row" data-spread=true>
            <div class="row">{Icon::Key.draw()}<div><p><strong>{label}</strong></p><p class="quiet small">{made}" · "{used}</p></div></div>
            <button type="button" class="button" data-size="small" aria-label=name on:click=move |_| ask(entry.clone())>{Icon::Bin.draw()}{Msg::Remove.t()}</button>
        </li>
    }
    .into_any()
}

/// Why no passkey was added.
enum NotRegistered {
    /// The service wants a fresh proof first.
    NeedsProof,
    /// In words.
    Said(String),
}

impl From<SendRequestError> for NotRegistered {
    fn from(error: SendRequestError) -> Self {
        if needs_proof(&error) { Self::NeedsProof } else { Self::Said(explain(&error)) }
    }
}

async fn register(session: Session, label: String) -> Result<(), NotRegistered> {
    let challenge = session.heed(http::act::<PasskeyChallenge>("/api/account/passkeys/start").await)?;
    let credential = passkey::make(&challenge).await.map_err(|error| {
        NotRegistered::Said(match error {
            passkey::UsePasskeyError::NotUsed => Msg::PasskeyNotAdded.t().to_owned(),
            passkey::UsePasskeyError::Unsupported => explain_passkey(error).to_owned(),
        })
    })?;
    let answer = PasskeyAnswer { credential, label: Some(label) };
    session.heed(http::post::<_, IgnoredAny>("/api/account/passkeys/finish", &answer).await)?;
    Ok(())
}

#[component]
fn Authenticator() -> impl IntoView {
    let enrolling = RwSignal::new(false);
    let replaced = RwSignal::new(false);
    let reproof = expect_context::<Reproof>();
    let begin = Callback::new(move |()| enrolling.set(true));
    let stale = Callback::new(move |()| {
        enrolling.set(false);
        reproof.ask(begin);
    });
    let finished = Callback::new(move |()| {
        enrolling.set(false);
        replaced.set(true);
        say(Msg::TotpReplaced.t());
    });
    view! {
        <section class="card stack" data-fill=true>
            {move || if enrolling.get() {
                view! { <Enrol finished=finished stale=stale/> }.into_any()
            } else {
                view! {
                    <div>
                        <h2>{Msg::TotpSection.t()}</h2>
                        <p class="quiet">{Msg::TotpReplaceLead.t()}</p>
                    </div>
                    {replaced.get().then(|| note(Tone::Ok, Msg::TotpReplaced.t()))}
                    <div><button type="button" class="button" on:click=move |_| begin.run(())>{Msg::TotpReplace.t()}</button></div>
                }.into_any()
            }}
        </section>
    }
    .into_any()
}
