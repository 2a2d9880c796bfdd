//! How the panel looks, as plain values.

use colloque_ids::Timestamp;
use colloque_talk::{
    Answer, Delivery, Entry, FileKind, FileState, FileView, MAX_ANSWER_CHARS, MAX_TEXT_CHARS, Question, Standing, Talk,
    What,
};
use colloque_web::text::Text;
use colloque_web::tree;

use crate::intent::Intent;
use crate::pictogram::{COUNT, pictogram};
use crate::text::Msg;

type Node = tree::Node<Intent>;
type Element = tree::Element<Intent>;

/// What is shown beside the conversation.
#[derive(Debug, Default)]
pub struct Shown {
    /// Whether what is typed is seen at once.
    pub is_live: bool,
    /// What is open.
    pub page: Page,
    /// The words to compare.
    pub check: Option<Check>,
    /// Whether something came that was not in sight.
    pub has_news: bool,
    /// Whether the device can read them aloud.
    pub has_voice: bool,
    /// What went wrong, or was done.
    pub notice: Option<String>,
    /// Where the files are that arrived whole.
    pub urls: Vec<(u64, String)>,
    /// The document that is being written anew.
    pub checks: Option<u64>,
}

/// What the panel is open for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    /// The conversation.
    #[default]
    Messages,
    /// The questions of the waiting room.
    Questions,
    /// The words, large and as drawings.
    Check,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Whether it was.
    pub is_done: bool,
    /// Numbers of the drawings.
    pub drawings: [u8; COUNT],
    /// The two words.
    pub words: String,
}

/// Name of the field for an answer.
pub const fn field(question: Question) -> &'static str {
    match question {
        Question::Reason => "talk-reason",
        Question::Since => "talk-since",
        Question::Medicines => "talk-medicines",
        Question::Allergies => "talk-allergies",
    }
}

const fn asked(question: Question) -> Msg {
    match question {
        Question::Reason => Msg::Reason,
        Question::Since => Msg::Since,
        Question::Medicines => Msg::Medicines,
        Question::Allergies => Msg::Allergies,
    }
}

fn el(tag: &'static str) -> Element {
    tree::el(tag)
}

fn button(class: &'static str, intent: Intent, words: Msg) -> Element {
    el("button").with("type", "button").class(class).on_tap(intent).text(words.t())
}

fn paragraph(class: &'static str, words: impl Into<String>) -> Element {
    el("p").class(class).text(words)
}

/// Draws the panel of somebody.
pub fn panel(talk: &Talk, own: Standing, shown: &Shown) -> Vec<Node> {
    let title = match shown.page {
        Page::Messages => Msg::Title,
        Page::Questions => Msg::Ask,
        Page::Check => Msg::Check,
    };
    let heading = el("h2").with("id", "talk-title").with("tabindex", "-1").text(title.t());
    let head = el("header").child(heading).child(button("talk-quiet", Intent::Close, Msg::Close));
    let notice = el("p").with("role", "status").class("talk-notice").text(shown.notice.clone().unwrap_or_default());
    let (id, inside) = match shown.page {
        Page::Messages => ("talk-body", conversation(talk, own, shown)),
        Page::Questions => ("talk-questions", questions(talk)),
        Page::Check => ("talk-check", check(shown)),
    };
    let body = el("div").with("id", id).class("talk-body");
    // Heard also while the panel is closed.
    let came =
        el("p").class("talk-said").with("role", "status").text(if shown.has_news { Msg::NewMessage.t() } else { "" });
    vec![came.into(), head.into(), body.children(inside).into(), notice.into()]
}

fn conversation(talk: &Talk, own: Standing, shown: &Shown) -> Vec<Node> {
    let entries = talk.entries().map(|entry| item(entry, own, talk, shown).into());
    let lines = talk.lines().map(|line| {
        el("div")
            .class("talk-entry")
            .with("data-live", "")
            .child(paragraph("talk-who", Msg::Types.with(&[line.name])))
            .child(paragraph("talk-text", line.line).with("dir", "auto"))
            .into()
    });
    let is_empty = talk.entries().len() == 0;
    let copies = own == Standing::Practitioner && !is_empty;
    let has_answered = talk.entries().any(|entry| matches!(entry.what, What::Answers { .. }));
    let log =
        el("div").with("id", "talk-log").with("role", "log").with("aria-label", Msg::Log.t()).with("tabindex", "0");
    let log = log
        .child(paragraph("talk-lead", Msg::Lead.t()))
        .child(copies.then(|| button("talk-second", Intent::Copy, Msg::Copy)))
        .child((own == Standing::Patient && !has_answered).then(|| button("talk-second", Intent::Ask, Msg::Ask)))
        .child(is_empty.then(|| paragraph("talk-lead", Msg::Empty.t())))
        .children(entries)
        .children([el("div").with("aria-live", "off").children(lines).into()]);
    let state = (!talk.is_heard()).then(|| {
        paragraph("talk-state", if talk.others().is_empty() { Msg::NobodyThere.t() } else { Msg::NotSealed.t() })
    });
    vec![log.into(), state.into(), composer(shown).into()]
}

fn composer(shown: &Shown) -> Element {
    let line = el("textarea")
        .with("id", "talk-line")
        .with("rows", "1")
        .with("maxlength", MAX_TEXT_CHARS.to_string())
        .with("enterkeyhint", "send")
        .with("aria-label", Msg::Line.t())
        .with("placeholder", Msg::Line.t());
    let live = el("button")
        .with("type", "button")
        .class("talk-quiet")
        .with("role", "switch")
        .with("aria-checked", if shown.is_live { "true" } else { "false" })
        .on_tap(Intent::Live(!shown.is_live))
        .child(el("span").class("talk-switch").with("aria-hidden", "true"))
        .child(el("span").text(Msg::Live.t()));
    let choose = el("input")
        .with("id", "talk-file")
        .with("type", "file")
        .with("accept", "image/*,application/pdf")
        .with("tabindex", "-1")
        .with("aria-hidden", "true");
    let attach = button("talk-second", Intent::Choose, Msg::Attach).with("aria-label", Msg::AttachLong.t());
    let send = el("button").with("type", "submit").class("talk-first").text(Msg::Send.t());
    let compose = el("div").class("talk-row").child(line).child(send);
    let more = el("div").class("talk-row").child(choose).child(attach).child(live);
    el("form").with("id", "talk-form").child(compose).child(more)
}

fn item(entry: &Entry, own: Standing, talk: &Talk, shown: &Shown) -> Element {
    let who = if entry.from.is_some() { entry.name.clone() } else { Msg::You.t().to_owned() };
    let drawn = el("div")
        .with("id", ["talk-entry-", &entry.key.to_string()].concat())
        .class("talk-entry")
        .flag("data-own", !entry.is_news());
    match &entry.what {
        What::Text { text, delivery } => drawn
            .child(paragraph("talk-who", who))
            .child(paragraph("talk-text", text).with("dir", "auto"))
            .child(entry.from.is_none().then(|| delivered(entry.key, *delivery, talk))),
        What::NotBelieved => drawn.with("data-warning", "").child(paragraph("talk-text", Msg::NotBelieved.t())),
        What::File(view) => drawn.child(paragraph("talk-who", who)).children(file(entry, *view, own, shown)),
        What::Answers { answers, delivery } => {
            let heading = if own == Standing::Patient { Msg::YourAnswers } else { Msg::Answers };
            let state = match (own, delivery) {
                (Standing::Patient, Delivery::Delivered) => Some(Msg::Delivered),
                (Standing::Patient, _) => Some(Msg::AnswersWait),
                _ => None,
            };
            drawn
                .flag("data-answers", true)
                .child(paragraph("talk-who", heading.t()))
                .child(el("dl").children(answers.iter().flat_map(answer)))
                .child(state.map(|state| paragraph("talk-state", state.t())))
                .child((own == Standing::Patient).then(|| button("talk-quiet", Intent::Ask, Msg::Change)))
        }
    }
}

fn answer(answer: &Answer) -> [Node; 2] {
    [el("dt").text(asked(answer.question).t()).into(), el("dd").with("dir", "auto").text(&answer.text).into()]
}

fn delivered(key: u64, delivery: Delivery, talk: &Talk) -> Element {
    match delivery {
        Delivery::Delivered => paragraph("talk-state", Msg::Delivered.t()),
        Delivery::OnItsWay if talk.others().is_empty() => paragraph("talk-state", Msg::Waits.t()),
        Delivery::OnItsWay => paragraph("talk-state", Msg::OnItsWay.t()),
        Delivery::NotDelivered => el("p")
            .class("talk-state")
            .with("data-failed", "")
            .text([Msg::NotDelivered.t(), " "].concat())
            .child(button("talk-quiet", Intent::Again(key), Msg::Again)),
    }
}

const fn kind(kind: FileKind) -> Msg {
    match kind {
        FileKind::Jpeg => Msg::Photo,
        FileKind::Pdf => Msg::Document,
    }
}

fn file(entry: &Entry, view: FileView, own: Standing, shown: &Shown) -> Vec<Node> {
    let (theirs, mine) = match view.kind {
        FileKind::Jpeg => (Msg::PhotoOf, Msg::YourPhoto),
        FileKind::Pdf => (Msg::DocumentOf, Msg::YourDocument),
    };
    let name = if entry.from.is_some() { theirs.with(&[&entry.name]) } else { mine.t().to_owned() };
    match view.state {
        FileState::Moving => {
            let percent = u64::from(view.done) * 100 / u64::from(view.length.max(1));
            let bar = el("progress").with("max", "100").with("value", percent.to_string()).with("aria-label", &name);
            let row = el("div")
                .class("talk-row")
                .child(bar)
                .child(paragraph("talk-state", Msg::Moving.with(&[&percent.to_string()])));
            vec![row.child(button("talk-quiet", Intent::GiveUp(entry.key), Msg::Stop)).into()]
        }
        FileState::Done => {
            let Some((_, url)) = shown.urls.iter().find(|(key, _)| *key == entry.key) else {
                return vec![paragraph("talk-state", Msg::Checking.t()).into()];
            };
            let number = (entry.key + 1).to_string();
            let first = if view.kind == FileKind::Jpeg { "photo-" } else { "document-" };
            let file_name = [first, &number, ".", view.kind.ending()].concat();
            let link = || el("a").class("talk-quiet").with("href", url);
            let save = link().with("download", file_name).text(Msg::Save.t());
            match view.kind {
                FileKind::Jpeg => vec![el("img").with("src", url).with("alt", &name).into(), save.into()],
                FileKind::Pdf => {
                    let size = view.length.div_ceil(1024).to_string();
                    // On a telephone another tab takes the camera away from the call.
                    let opens = (own == Standing::Practitioner)
                        .then(|| link().with("target", "_blank").with("rel", "noopener").text(Msg::Open.t()));
                    vec![
                        paragraph("talk-text", Msg::DocumentSize.with(&[&size])).into(),
                        paragraph("talk-state", Msg::Unsigned.t()).into(),
                        el("div")
                            .class("talk-row")
                            .with("role", "group")
                            .with("aria-label", &name)
                            .child(opens)
                            .child(save)
                            .into(),
                    ]
                }
            }
        }
        FileState::Failed => vec![paragraph("talk-state", Msg::FileFailed.t()).with("data-failed", "").into()],
        FileState::Refused => vec![paragraph("talk-state", Msg::FileRefused.t()).with("data-failed", "").into()],
    }
}

fn questions(talk: &Talk) -> Vec<Node> {
    let before = talk.entries().find_map(|entry| match &entry.what {
        What::Answers { answers, .. } => Some(answers.as_slice()),
        What::Text { .. } | What::File(_) | What::NotBelieved => None,
    });
    let one = |question: Question| {
        let text = before.and_then(|answers| answers.iter().find(|answer| answer.question == question));
        let place = el("textarea")
            .with("id", field(question))
            .with("rows", if question == Question::Reason { "3" } else { "2" })
            .with("maxlength", MAX_ANSWER_CHARS.to_string())
            .text(text.map(|answer| answer.text.clone()).unwrap_or_default());
        el("div")
            .class("talk-question")
            .child(el("label").with("for", field(question)).text(asked(question).t()))
            .child(place)
            .into()
    };
    let acts = el("div")
        .class("talk-row")
        .child(button("talk-second", Intent::DoNotAnswer, Msg::DoNotAnswer))
        .child(el("button").with("type", "submit").class("talk-first").text(Msg::Keep.t()));
    let form = el("form").with("id", "talk-answers").children(Question::ALL.into_iter().map(one)).child(acts);
    vec![paragraph("talk-lead", Msg::AskLead.t()).into(), form.into()]
}

fn check(shown: &Shown) -> Vec<Node> {
    let why = el("a").class("talk-quiet").with("href", "/chiffrement").with("target", "_blank").with("rel", "noopener");
    let ways =
        el("div").class("talk-row").child(why.text(Msg::Why.t())).child(button("talk-quiet", Intent::Talk, Msg::Title));
    let Some(check) = &shown.check else {
        return vec![paragraph("talk-lead", Msg::CheckNothing.t()).into(), ways.into()];
    };
    let drawings = check.drawings.iter().map(|number| {
        let (name, lines) = pictogram(*number);
        let drawing =
            el("svg").with("viewBox", "0 0 24 24").with("aria-hidden", "true").child(el("path").with("d", lines));
        el("li").child(drawing).child(el("span").text(name)).into()
    });
    let answer = if check.is_done {
        vec![paragraph("talk-done", Msg::CheckDone.t()).into()]
    } else {
        let pair = el("div")
            .class("talk-row")
            .child(button("talk-first", Intent::Compare(true), Msg::Same))
            .child(button("talk-second", Intent::Compare(false), Msg::Different));
        vec![el("p").child(el("strong").text(Msg::AreSame.t())).into(), pair.into()]
    };
    let mut drawn: Vec<Node> = vec![
        paragraph("talk-lead", Msg::CheckLead.t()).into(),
        paragraph("talk-words", &check.words).with("translate", "no").with("lang", "fr").into(),
        shown.has_voice.then(|| button("talk-second", Intent::Read, Msg::Read)).into(),
        el("h3").text(Msg::Drawings.t()).into(),
        el("ul").class("talk-drawings").children(drawings).into(),
    ];
    drawn.extend(answer);
    drawn.push(ways.into());
    drawn
}

/// The conversation as text, for the record that a person keeps. Who wrote stands at the beginning of a line, and nothing that was written
/// does.
pub fn written(talk: &Talk, hour: impl Fn(Timestamp) -> String) -> String {
    let mut text = String::new();
    for entry in talk.entries() {
        let who = if entry.from.is_some() { &entry.name } else { Msg::Me.t() };
        let words = match &entry.what {
            What::Text { text, .. } => text.clone(),
            What::File(view) => ["[", kind(view.kind).t(), "]"].concat(),
            What::NotBelieved => continue,
            What::Answers { answers, .. } => {
                let lines = answers.iter().map(|answer| [asked(answer.question).t(), " ", &answer.text].concat());
                [Msg::Answers.t().to_owned()].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
            }
        };
        text.extend([&hour(entry.at), " ", who, " :"]);
        for line in words.lines() {
            text.extend(["\n    ", line]);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
