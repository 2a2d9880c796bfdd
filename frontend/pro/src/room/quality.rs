//! How a connection is, in words and a shape, with what makes it no better.

use colloque_kit::Text;
use colloque_kit::notice::Tone;
use colloque_protocol::signaling::{LinkCause, LinkLevel, LinkQuality};
use leptos::prelude::*;

use super::text::Msg;

/// Above it, how long exactly says nothing more, in milliseconds.
const LONG_DELAY_MS: u32 = 2_000;

/// The chip of a connection; `whose` has a place for the rest of the sentence.
pub fn connection(whose: Msg, link: LinkQuality) -> AnyView {
    let (tone, shape) = match link.level {
        LinkLevel::Good => (Tone::Ok, "●●●"),
        LinkLevel::Fair => (Tone::Plain, "●●○"),
        LinkLevel::Weak => (Tone::Warn, "●○○"),
    };
    view! {
        <span class="chip" data-tone=tone.name()>
            <span aria-hidden="true">{shape}</span><span>{whose.with(&[&words(link)])}</span>
        </span>
    }
    .into_any()
}

/// `faible – pertes 8 %`.
fn words(link: LinkQuality) -> String {
    let level = match link.level {
        LinkLevel::Good => return Msg::LinkGood.t().to_owned(),
        LinkLevel::Fair => Msg::LinkFair,
        LinkLevel::Weak => Msg::LinkWeak,
    };
    let cause = match link.cause {
        LinkCause::Loss => Msg::CauseLoss,
        LinkCause::Rate => Msg::CauseRate,
        LinkCause::Delay if link.figure > LONG_DELAY_MS => Msg::CauseLongDelay,
        LinkCause::Delay => Msg::CauseDelay,
    };
    format!("{} – {}", level.t(), cause.with(&[&link.figure.to_string()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_is_not_good_says_why() {
        let said = |level, cause, figure| words(LinkQuality { level, cause, figure });
        assert_eq!(said(LinkLevel::Weak, LinkCause::Loss, 8), "faible – pertes 8 %");
        assert_eq!(said(LinkLevel::Fair, LinkCause::Rate, 340), "moyenne – débit 340 kbit/s");
        assert_eq!(said(LinkLevel::Weak, LinkCause::Delay, 700), "faible – délai 700 ms");
        assert_eq!(said(LinkLevel::Weak, LinkCause::Delay, 23_453), "faible – délai de plus de 2 s");
        assert_eq!(said(LinkLevel::Good, LinkCause::Loss, 0), "bonne");
    }
}
