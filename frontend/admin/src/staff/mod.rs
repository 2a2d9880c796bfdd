//! People of the practice: list, invitation, role, right to sign in, reset.

mod change;
mod invite;

use colloque_ids::StaffId;
use colloque_kit::clock::{Style, write};
use colloque_kit::frame::role_name;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, chip, loading, marked_chip, note_with};
use colloque_kit::session::Session;
use colloque_kit::text::Msg as Kit;
use colloque_kit::{Text, explain};
use colloque_protocol::http::admin::{ActivationSent, StaffEntry};
use colloque_web::dom::spawn;
use colloque_web::http::{self, SendRequestError};
use leptos::prelude::*;

use crate::text::Msg;

use change::ChangeDialogs;
use invite::InviteDialog;

/// What the dialogs of the page share.
#[derive(Clone, Copy)]
struct People {
    list: RwSignal<Option<Result<Vec<StaffEntry>, SendRequestError>>>,
    session: Session,
    /// The person that an open dialog is about.
    subject: RwSignal<Option<StaffEntry>>,
    inviting: RwSignal<bool>,
    changing: RwSignal<bool>,
    deactivating: RwSignal<bool>,
    resetting: RwSignal<bool>,
    /// The activation link that was just sent.
    activation: RwSignal<Option<ActivationSent>>,
}

impl People {
    fn read(self) {
        spawn(async move {
            let outcome = self.session.heed(http::get("/api/admin/staff").await);
            self.list.try_set(Some(outcome));
        });
    }

    fn open(self, dialog: RwSignal<bool>, entry: &StaffEntry) {
        self.activation.set(None);
        self.subject.set(Some(entry.clone()));
        dialog.set(true);
    }
}

/// The page of the people.
#[component]
pub fn StaffPage() -> impl IntoView {
    let people = People {
        list: RwSignal::new(None),
        session: Session::here(),
        subject: RwSignal::new(None),
        inviting: RwSignal::new(false),
        changing: RwSignal::new(false),
        deactivating: RwSignal::new(false),
        resetting: RwSignal::new(false),
        activation: RwSignal::new(None),
    };
    provide_context(people);
    people.read();
    let own = untrack(move || people.session.me().map(|me| me.staff));
    let invite = move |_| {
        people.activation.set(None);
        people.inviting.set(true);
    };
    view! {
        <main class="page stack" data-fill=true id="content">
            <div class="row" data-spread=true>
                <div><h1 tabindex="-1">{Msg::Staff.t()}</h1><p class="quiet">{Msg::StaffLead.t()}</p></div>
                <button type="button" class="button" data-kind="primary" on:click=invite>{Icon::Plus.draw()}{Msg::Invite.t()}</button>
            </div>
            <section class="card">
                {move || match people.list.get() {
                    None => loading(),
                    Some(Err(error)) => {
                        let retry = view! { <button type="button" class="button" on:click=move |_| people.read()>{Kit::Retry.t()}</button> };
                        note_with(Tone::Warn, explain(&error), retry.into_any())
                    }
                    Some(Ok(entries)) => table(people, &entries, own),
                }}
            </section>
            <InviteDialog/>
            <ChangeDialogs/>
        </main>
    }
    .into_any()
}

fn table(people: People, entries: &[StaffEntry], own: Option<StaffId>) -> AnyView {
    let heads = [Msg::Name, Msg::Role, Msg::State, Msg::Proofs, Msg::LastSignIn, Msg::Actions]
        .map(|head| view! { <th scope="col">{head.t()}</th> })
        .collect_view();
    let rows = entries.iter().map(|entry| row(people, entry, own == Some(entry.staff))).collect_view();
    view! {
        <div class="table-frame">
            <table class="table" data-cards=true>
                <caption class="visually-hidden">{Msg::Staff.t()}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(people: People, entry: &StaffEntry, own: bool) -> AnyView {
    let state = match (entry.active, entry.activated) {
        (false, _) => chip(Tone::Plain, Msg::Inactive.t()),
        (true, false) => marked_chip(Tone::Warn, Icon::Mail, Msg::Invited.t()),
        (true, true) => marked_chip(Tone::Ok, Icon::Check, Msg::Active.t()),
    };
    let mut proofs = Vec::new();
    if entry.totp {
        proofs.push(Msg::Totp.t().to_owned());
    }
    if entry.passkeys > 0 {
        proofs.push(Msg::PasskeyCount.with(&[&entry.passkeys.to_string()]));
    }
    let proofs = if proofs.is_empty() { Msg::NoProof.t().to_owned() } else { proofs.join(", ") };
    let signed_in = entry.signed_in_at.map_or_else(|| Msg::Never.t().to_owned(), |at| write(at, Style::Moment));
    let specialty = entry.practitioner.as_ref().map(|details| details.specialty.clone());
    let button = |act: Msg, dialog: RwSignal<bool>| {
        let named = Msg::For.with(&[act.t(), &entry.display_name]);
        let entry = entry.clone();
        view! { <button type="button" class="button" data-size="small" aria-label=named on:click=move |_| people.open(dialog, &entry)>{act.t()}</button> }
    };
    let acts = if own {
        view! { <span class="quiet">{Msg::You.t()}</span> }.into_any()
    } else {
        let switch = if entry.active { Msg::Deactivate } else { Msg::Reactivate };
        view! {
            <div class="row staff-acts">
                {button(Msg::ChangeRole, people.changing)}
                {button(Msg::ResetAccess, people.resetting)}
                {button(switch, people.deactivating)}
            </div>
        }
        .into_any()
    };
    view! {
        <tr>
            <td data-label=Msg::Name.t()><div><strong>{entry.display_name.clone()}</strong><p class="quiet small code-text">{entry.email.clone()}</p></div></td>
            <td data-label=Msg::Role.t()><div>{role_name(entry.role)}{specialty.map(|specialty| view! { <p class="quiet small">{specialty}</p> })}</div></td>
            <td data-label=Msg::State.t()><span>{state}</span></td>
            <td class="small" data-label=Msg::Proofs.t()>{proofs}</td>
            <td class="small figures" data-label=Msg::LastSignIn.t()>{signed_in}</td>
            <td data-label=Msg::Actions.t()>{acts}</td>
        </tr>
    }
    .into_any()
}
