use colloque_kit::Text;
use colloque_kit::clock::{Style, write};
use colloque_kit::frame::role_name;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, marked_chip};
use colloque_kit::route::Page;
use colloque_protocol::Role;
use colloque_protocol::http::journal::{JournalLine, Outcome};
use leptos::prelude::*;

use crate::page::{AdminPage, JournalFilter};
use crate::text::Msg;

/// The lines of a page as a table; cards on a narrow screen.
pub fn table(lines: &[JournalLine], filter: &JournalFilter) -> AnyView {
    let rows = lines.iter().map(|line| row(line, filter)).collect_view();
    let heads = [Msg::Number, Msg::When, Msg::Event, Msg::OutcomeLabel, Msg::Actor, Msg::Consultation, Msg::Origin]
        .map(|head| view! { <th scope="col">{head.t()}</th> })
        .collect_view();
    view! {
        <div class="table-frame">
            <table class="table" data-cards=true>
                <caption class="visually-hidden">{Msg::Journal.t()}" – "{Msg::ZoneHint.t()}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(line: &JournalLine, filter: &JournalFilter) -> AnyView {
    let address = AdminPage::Journal(JournalFilter { event: Some(line.event), ..filter.clone() }).address();
    let role = Role::from_name(&line.actor_role).map(role_name);
    let actor = if line.actor.is_empty() { Msg::Unknown.t().to_owned() } else { line.actor.clone() };
    let number = line.sequence.to_string();
    view! {
        <tr>
            <td class="figures" data-label=Msg::Number.t()><a href=address aria-label=Msg::OpenDetail.with(&[&number])>{number.clone()}</a></td>
            <td class="figures nowrap" data-label=Msg::When.t()><time title=write(line.occurred_at, Style::ExactUtc)>{write(line.occurred_at, Style::Exact)}</time></td>
            <td data-label=Msg::Event.t()><span>{line.label.clone()}<span class="quiet small code-text line-kind">{line.kind.clone()}</span></span></td>
            <td data-label=Msg::OutcomeLabel.t()><span>{outcome_chip(line.outcome)}</span></td>
            <td data-label=Msg::Actor.t()><span>{actor}{role.map(|role| view! { <span class="quiet small line-role">{role}</span> })}</span></td>
            <td class="small" data-label=Msg::Consultation.t()>{line.consultation.clone().unwrap_or_else(|| "–".to_owned())}</td>
            <td class="small" data-label=Msg::Origin.t()>{line.from.clone().unwrap_or_else(|| "–".to_owned())}</td>
        </tr>
    }
    .into_any()
}

/// An outcome by word, drawing and colour.
pub fn outcome_chip(outcome: Outcome) -> AnyView {
    match outcome {
        Outcome::Success => marked_chip(Tone::Ok, Icon::Check, Msg::Success.t()),
        Outcome::Refused => marked_chip(Tone::Warn, Icon::Cross, Msg::Refused.t()),
        Outcome::Failed => marked_chip(Tone::Danger, Icon::Warning, Msg::Failed.t()),
    }
}
