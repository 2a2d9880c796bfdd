//! The panel at work.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use colloque_ids::{ParticipantId, Timestamp};
use colloque_talk::{Answer, Channel, MAX_TEXT_CHARS, Member, Question, Standing, Talk, WriteError};
use colloque_web::dom::{Listener, document, monotonic_now as now, random_seed, spawn, window};
use colloque_web::patch::Mounted;
use colloque_web::text::Text;
use colloque_web::timer::{Interval, Timeout};
use js_sys::{Date, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Element, Event, HtmlElement, HtmlInputElement, HtmlTextAreaElement, KeyboardEvent, MessageEvent, MessagePort, Url,
};

use crate::draw::{Check, Page as Shows, Shown, field, panel, written};
use crate::intent::Intent;
use crate::pictogram::COUNT;
use crate::text::Msg;
use crate::voice;

/// How often time passes: parts of a line are due every fifth of a second.
const TICK: Duration = Duration::from_millis(50);

/// How long a word about what was done stays.
const NOTICE_FOR: Duration = Duration::from_secs(8);

/// Says whether the panel is in sight.
const OPEN: &str = "data-open";

/// See the module.
pub struct Page {
    pub(crate) place: HtmlElement,
    port: MessagePort,
    own: Standing,
    pub(crate) talk: RefCell<Talk>,
    pub(crate) shown: RefCell<Shown>,
    mounted: RefCell<Mounted<Intent>>,
    /// Names the others of whom the worker has told.
    changes: Cell<u32>,
    /// First entry that was not in sight.
    unseen_from: Cell<u64>,
    notice: RefCell<Option<Timeout>>,
    /// What had the focus before the panel was opened.
    before: RefCell<Option<HtmlElement>>,
    held: RefCell<Vec<Listener>>,
    clock: RefCell<Option<Interval>>,
}

impl Page {
    /// Fills `place`.
    pub fn new(place: HtmlElement, port: MessagePort) -> Rc<Self> {
        // Each kind of person has pages of their own.
        let path = window().location().pathname().unwrap_or_default();
        let own = match path.get(..3) {
            Some("/pr") => Standing::Practitioner,
            Some("/c/") => Standing::Patient,
            _ => Standing::Guest,
        };
        place.set_attribute("role", "complementary").ok();
        place.set_attribute("aria-labelledby", "talk-title").ok();
        let page = Rc::new(Self {
            talk: RefCell::new(Talk::new(own, random_seed())),
            place,
            port,
            own,
            shown: RefCell::default(),
            mounted: RefCell::default(),
            changes: Cell::default(),
            unseen_from: Cell::default(),
            notice: RefCell::default(),
            before: RefCell::default(),
            held: RefCell::default(),
            clock: RefCell::default(),
        });
        page.listen();
        page.redraw();
        page.opened();
        page
    }

    fn listen(self: &Rc<Self>) {
        let listener = |target: &web_sys::EventTarget, kind, act: fn(&Rc<Self>, Event)| {
            let page = Rc::downgrade(self);
            Listener::new(target, kind, move |event| {
                if let Some(page) = page.upgrade() {
                    act(&page, event);
                }
            })
        };
        let place = &self.place;
        self.held.replace(vec![
            listener(&self.port, "message", |page, event| page.take(&event.unchecked_into::<MessageEvent>().data())),
            listener(place, "click", |page, event| {
                let intent = target(&event).and_then(|element| page.mounted.borrow().tapped(&element));
                if let Some(intent) = intent {
                    page.act(intent);
                }
            }),
            listener(place, "submit", |page, event| {
                event.prevent_default();
                match target(&event).map(|form| form.id()).as_deref() {
                    Some("talk-form") => page.send(),
                    Some("talk-answers") => page.answer(),
                    _ => {}
                }
            }),
            listener(place, "input", |page, _| {
                if let Some(line) = line() {
                    page.talk.borrow_mut().type_line(&line.value());
                }
            }),
            listener(place, "change", |page, event| {
                if let Some(file) = target(&event).and_then(|element| element.dyn_into::<HtmlInputElement>().ok()) {
                    page.chosen(&file);
                }
            }),
            listener(place, "keydown", |page, event| {
                let key = event.unchecked_ref::<KeyboardEvent>();
                let is_in_line = target(&event).is_some_and(|element| element.id() == "talk-line");
                match key.key().as_str() {
                    "Enter" if is_in_line && !key.shift_key() && !key.is_composing() => {
                        event.prevent_default();
                        page.send();
                    }
                    "Escape" => page.act(Intent::Close),
                    _ => {}
                }
                // Letters are no shortcuts of the page around.
                event.stop_propagation();
            }),
        ]);
        self.held.borrow_mut().push(listener(&window(), "resize", |page, _| page.leave_the_bar()));
        self.port.start();
        let page = Rc::downgrade(self);
        self.clock.replace(Some(Interval::every(TICK, move || {
            if let Some(page) = page.upgrade() {
                let is_changed = page.talk.borrow_mut().tick(now());
                page.pass_on();
                if is_changed {
                    page.redraw();
                }
            }
        })));
    }

    /// Takes a message of the worker: see its `talk`.
    fn take(self: &Rc<Self>, message: &JsValue) {
        if let Some(others) = message.as_string() {
            let mut lines = others.split('\n');
            self.changes.set(lines.next().and_then(|changes| changes.parse().ok()).unwrap_or_default());
            let is_sealed = lines.next() == Some("1");
            self.shown.borrow_mut().check = lines.next().and_then(check);
            self.talk.borrow_mut().meet(lines.filter_map(member).collect(), is_sealed);
        } else if message.is_truthy() && message.as_bool().is_some() {
            self.talk.borrow_mut().not_believed(now());
        } else if let Some(bytes) = message.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec) {
            let Some((channel, from, content)) = parts(&bytes) else { return };
            self.talk.borrow_mut().hear(from, channel, content, now());
        }
        self.redraw();
        self.pass_on();
    }

    fn pass_on(&self) {
        loop {
            let next = self.talk.borrow_mut().next_send(now());
            let Some((channel, bytes)) = next else { return };
            // For those of whom this page knows, and nobody else.
            let changes = self.changes.get().to_be_bytes();
            let message = Uint8Array::from([&changes[..], &[channel as u8], &bytes].concat().as_slice());
            // It throws only for what cannot be copied, and bytes can.
            self.port.post_message(&message).ok();
        }
    }

    fn act(self: &Rc<Self>, intent: Intent) {
        match intent {
            Intent::Close => {
                self.place.remove_attribute(OPEN).ok();
            }
            Intent::Live(is_live) => {
                self.shown.borrow_mut().is_live = is_live;
                let mut talk = self.talk.borrow_mut();
                talk.show_typing(is_live);
                if let Some(line) = line() {
                    talk.type_line(&line.value());
                }
            }
            Intent::Choose => {
                if let Some(file) = find::<HtmlElement>("talk-file") {
                    file.click();
                }
            }
            Intent::Again(key) => self.talk.borrow_mut().try_again(key),
            Intent::GiveUp(key) => self.talk.borrow_mut().give_up(key),
            Intent::Ask => self.shown.borrow_mut().page = Shows::Questions,
            Intent::DoNotAnswer | Intent::Talk => self.shown.borrow_mut().page = Shows::Messages,
            Intent::Read => {
                if let Some(check) = &self.shown.borrow().check {
                    voice::read(&check.words);
                }
            }
            Intent::Compare(is_same) => {
                // It throws only for what cannot be copied.
                self.port.post_message(&is_same.into()).ok();
            }
            Intent::Copy => self.copy(),
        }
        self.redraw();
        if matches!(intent, Intent::Ask | Intent::DoNotAnswer | Intent::Talk) {
            self.focus();
        }
    }

    fn send(self: &Rc<Self>) {
        let Some(line) = line() else { return };
        let written = self.talk.borrow_mut().write(&line.value(), now());
        match written {
            Ok(()) => {
                line.set_value("");
                self.pass_on();
            }
            Err(WriteError::Empty) => {}
            Err(WriteError::TooLong) => self.say(Msg::TooLong.with(&[&MAX_TEXT_CHARS.to_string()])),
        }
        self.redraw();
        self.to_the_end();
    }

    fn answer(self: &Rc<Self>) {
        let answers = Question::ALL.into_iter().filter_map(|question| {
            let text = find::<HtmlTextAreaElement>(field(question))?.value();
            Some(Answer { question, text })
        });
        let answered = self.talk.borrow_mut().answer(answers.collect(), now());
        match answered {
            Ok(()) => self.shown.borrow_mut().page = Shows::Messages,
            Err(WriteError::Empty) => self.say(Msg::NoAnswer.t().to_owned()),
            Err(WriteError::TooLong) => self.say(Msg::TooLong.with(&[&colloque_talk::MAX_ANSWER_CHARS.to_string()])),
        }
        self.redraw();
        self.pass_on();
        self.focus();
    }

    fn copy(self: &Rc<Self>) {
        let copied = window().navigator().clipboard().write_text(&written(&self.talk.borrow(), hour));
        let page = self.clone();
        spawn(async move {
            if JsFuture::from(copied).await.is_ok() {
                page.say(Msg::Copied.t().to_owned());
                page.redraw();
            }
        });
    }

    pub(crate) fn say(self: &Rc<Self>, words: String) {
        self.shown.borrow_mut().notice = Some(words);
        let page = Rc::downgrade(self);
        self.notice.replace(Some(Timeout::after(NOTICE_FOR, move || {
            if let Some(page) = page.upgrade() {
                page.shown.borrow_mut().notice = None;
                page.redraw();
            }
        })));
    }

    /// The panel was opened or closed.
    pub fn opened(self: &Rc<Self>) {
        match self.place.get_attribute(OPEN) {
            Some(page) => {
                let focused = document().active_element().and_then(|element| element.dyn_into().ok());
                self.before.replace(focused);
                let mut shown = self.shown.borrow_mut();
                shown.has_voice = voice::is_there();
                shown.page = match page.as_str() {
                    "questions" => Shows::Questions,
                    "check" => Shows::Check,
                    _ => Shows::Messages,
                };
                drop(shown);
                self.leave_the_bar();
                self.redraw();
                self.to_the_end();
                self.focus();
            }
            None => {
                if let Some(before) = self.before.take() {
                    before.focus().ok();
                }
            }
        }
    }

    /// Controls of the call are never covered.
    fn leave_the_bar(&self) {
        let bar = document().query_selector(".bar").ok().flatten();
        let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
        let own = self.place.get_bounding_client_rect();
        let bar = bar.map(|bar| bar.get_bounding_client_rect()).filter(|bar| bar.right() > own.left());
        let below = bar.map_or(0.0, |bar| height - bar.top());
        #[expect(clippy::cast_possible_truncation, reason = "fewer pixels than two thousand million")]
        let below = if (0.0..height / 2.0).contains(&below) { below.ceil() as i32 } else { 0 };
        self.place.style().set_property("--talk-bottom", &[&below.to_string(), "px"].concat()).ok();
    }

    fn is_open(&self) -> bool {
        self.place.has_attribute(OPEN)
    }

    fn focus(&self) {
        if let Ok(Some(place)) = self.place.query_selector("#talk-answers textarea, #talk-line, #talk-title")
            && let Ok(place) = place.dyn_into::<HtmlElement>()
        {
            place.focus().ok();
        }
    }

    pub(crate) fn redraw(self: &Rc<Self>) {
        self.keep_files();
        self.count_unread();
        let log = find::<Element>("talk-log");
        let was_at_end = log.is_none_or(|log| log.scroll_top() + log.client_height() + 24 >= log.scroll_height());
        let drawn = panel(&self.talk.borrow(), self.own, &self.shown.borrow());
        self.mounted.borrow_mut().patch(&document(), &self.place, drawn);
        if was_at_end {
            self.to_the_end();
        }
    }

    pub(crate) fn to_the_end(&self) {
        if let Some(log) = find::<Element>("talk-log") {
            log.set_scroll_top(log.scroll_height());
        }
    }

    fn count_unread(&self) {
        let talk = self.talk.borrow();
        let next = talk.entries().last().map_or(0, |entry| entry.key + 1);
        if self.is_open() {
            self.unseen_from.set(next);
        }
        let count = talk.entries().filter(|it| it.is_news() && it.key >= self.unseen_from.get()).count();
        self.shown.borrow_mut().has_news = count > 0;
        let unread = if count > 0 { count.to_string() } else { String::new() };
        if self.place.get_attribute("data-unread").as_deref() != Some(&unread) {
            self.place.set_attribute("data-unread", &unread).ok();
            if let Ok(event) = Event::new("talk") {
                self.place.dispatch_event(&event).ok();
            }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        for (_, url) in &self.shown.borrow().urls {
            Url::revoke_object_url(url).ok();
        }
        self.port.close();
    }
}

/// `HH:MM`, by the clock of this device.
fn hour(at: Timestamp) -> String {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
    let date = Date::new(&(at.as_millis() as f64).into());
    let two = |number: u32| [if number < 10 { "0" } else { "" }, &number.to_string()].concat();
    [two(date.get_hours()), ":".to_owned(), two(date.get_minutes())].concat()
}

fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

fn find<E: JsCast>(id: &str) -> Option<E> {
    colloque_web::dom::element(id)
}

fn line() -> Option<HtmlTextAreaElement> {
    find("talk-line")
}

/// Reads whether the words were compared, the drawings, and the words; none while there are none.
fn check(line: &str) -> Option<Check> {
    let (marks, words) = line.split_at_checked(1 + COUNT)?;
    let mut marks = marks.chars();
    let is_done = marks.next() == Some('1');
    let mut drawings = [0; COUNT];
    for (drawing, mark) in drawings.iter_mut().zip(marks) {
        *drawing = u8::try_from(mark.to_digit(32)?).ok()?;
    }
    Some(Check { is_done, drawings, words: words.to_owned() })
}

/// Reads one of the others: identifier, standing, name.
fn member(line: &str) -> Option<Member> {
    let (id, rest) = line.split_at_checked(36)?;
    let (standing, name) = rest.split_at_checked(1)?;
    let standing = match standing {
        "p" => Standing::Practitioner,
        "c" => Standing::Patient,
        _ => Standing::Guest,
    };
    Some(Member { id: id.parse().ok()?, standing, name: name.to_owned() })
}

/// Reads a channel, who wrote, and what.
fn parts(bytes: &[u8]) -> Option<(Channel, ParticipantId, &[u8])> {
    let (channel, rest) = bytes.split_first()?;
    let (from, content) = rest.split_first_chunk::<16>()?;
    Some((Channel::from_number(*channel)?, ParticipantId::from_bytes(*from), content))
}
