//! The code that proves who the patient is. The only field of the page.

use colloque_protocol::http::patient::CodeChannel;
use colloque_web::text::Text;

use crate::intent::Intent;
use crate::model::{CodeAsked, CodeProblem, Model};
use crate::tree::{Element, Node, el};
use crate::view::part::{button, icon, paragraph, screen, soft, title};
use crate::words::Msg;

/// Digits of a code.
pub const DIGITS: usize = 6;

pub fn code(model: &Model) -> Node {
    let by_hand = model.code.as_ref().is_none_or(|code| code.channel != CodeChannel::Totp);
    let form = form(model).child(soft(Msg::CodeWhy.t())).child(
        el("div")
            .class("actions")
            .child(button("primary", Intent::SendCode, Msg::CodeSubmit))
            .child(by_hand.then(|| button("second", Intent::ResendCode, Msg::CodeResend))),
    );
    screen("code")
        .child(title(Msg::CodeTitle.t()))
        .child(model.code.as_ref().map(|code| paragraph(sent_to(code))))
        .child(form)
        .into()
}

/// A field for six digits, and what is wrong with them.
pub fn form(model: &Model) -> Element {
    let is_wrong = model.code_problem.is_some_and(|problem| problem != CodeProblem::Resent);
    let drawing = if is_wrong { "warning" } else { "check" };
    let problem = model
        .code_problem
        .map(|problem| el("span").class("row").child(icon(drawing)).child(el("span").text(words(problem))));
    let field = el("input")
        .with("id", "code")
        .class("code")
        .with("type", "text")
        .with("inputmode", "numeric")
        .with("autocomplete", "one-time-code")
        .with("maxlength", "12")
        .with("spellcheck", "false")
        .with("aria-describedby", "code-problem")
        .with("aria-invalid", if is_wrong { "true" } else { "false" });
    el("form")
        .with("novalidate", "")
        .child(el("label").with("for", "code").text(Msg::CodeLabel.t()))
        .child(field)
        .child(el("p").with("id", "code-problem").class("problem").with("role", "alert").child(problem))
}

fn sent_to(code: &CodeAsked) -> String {
    match code.channel {
        CodeChannel::Email => Msg::CodeByEmail.with(&[&code.destination]),
        CodeChannel::Sms => Msg::CodeBySms.with(&[&code.destination]),
        CodeChannel::Totp => Msg::CodeByTotp.t().to_owned(),
    }
}

fn words(problem: CodeProblem) -> String {
    match problem {
        CodeProblem::Short => Msg::CodeShort.t().to_owned(),
        CodeProblem::Wrong => Msg::CodeWrong.t().to_owned(),
        CodeProblem::Over => Msg::CodeOver.t().to_owned(),
        CodeProblem::TooMany { wait_s } => Msg::CodeTooMany.with(&[&wait_s.to_string()]),
        CodeProblem::NotSent => Msg::CodeNotSent.t().to_owned(),
        CodeProblem::Resent => Msg::CodeResent.t().to_owned(),
    }
}

/// Messages write codes with spaces, and people copy them.
#[must_use]
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn a_code_copied_with_its_spaces_is_the_same_code() {
        assert_eq!(digits(" 123 456 "), "123456");
        assert_eq!(digits("123-456"), "123456");
        assert_eq!(digits("abc"), "");
    }
}
