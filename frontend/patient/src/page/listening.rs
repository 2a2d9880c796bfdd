//! What the checks listen to and measure.

use std::time::Duration;

use colloque_web::dom::{element, now, spawn};
use colloque_web::http;
use colloque_web::level::{LevelMeter, SilenceWatch};
use colloque_web::timer::Interval;
use web_sys::HtmlElement;

use super::{Listening, Page};
use crate::journey::Screen;
use crate::model::Line;

/// Pause between two measures of the microphone.
const MEASURE_EVERY: Duration = Duration::from_millis(100);

/// Measures without a voice before help is offered: six seconds.
const SILENT_MEASURES: u32 = 60;

/// Level shown as an empty bar, in dBFS; a full bar is 0.
const FLOOR_DBFS: f32 = -60.0;

/// Time of an answer from which a conversation stumbles.
///
/// Longer: a person is told of nothing and suffers. Shorter: every mobile network is called slow.
const SLOW_LINE: Duration = Duration::from_millis(600);

impl Page {
    pub(super) fn listen_if_checking(&self) {
        if self.read(crate::model::Model::screen) == Screen::Check {
            self.listen();
        }
    }

    /// Listens while the checks are shown.
    pub(super) fn listen(&self) {
        let microphone = self.0.held.borrow().capture.as_ref().and_then(|capture| capture.microphone());
        let page = self.clone();
        let listening = microphone.and_then(|track| LevelMeter::new(&track)).map(|meter| Listening {
            meter,
            watch: SilenceWatch::new(SILENT_MEASURES),
            _measures: Interval::every(MEASURE_EVERY, move || page.measure()),
        });
        self.change(|model| model.checks.measured = listening.is_some());
        self.0.held.borrow_mut().listening = listening;
    }

    fn measure(&self) {
        let watch = {
            let mut held = self.0.held.borrow_mut();
            let Some(listening) = &mut held.listening else { return };
            let Some(level) = listening.meter.level_dbfs() else { return };
            listening.watch.measure(level);
            show(level);
            listening.watch
        };
        let (heard, silent) = self.read(|model| (model.checks.heard, model.checks.silent));
        if watch.has_heard() && !heard {
            self.change(|model| model.checks.heard = true);
        }
        if watch.is_silent() != silent {
            self.change(|model| model.checks.silent = watch.is_silent());
        }
    }

    /// Measures the connection: the quicker of two answers.
    pub(super) fn measure_line(&self) {
        let page = self.clone();
        spawn(async move {
            let mut best: Option<Duration> = None;
            for _ in 0..2 {
                let asked_at = now();
                if http::get::<()>("/api/health").await.is_ok() {
                    let round_trip = now().since(asked_at);
                    best = Some(best.map_or(round_trip, |best| best.min(round_trip)));
                }
            }
            page.change(|model| {
                model.checks.line = match best {
                    None => Line::Cut,
                    Some(round_trip) if round_trip > SLOW_LINE => Line::Slow,
                    Some(_) => Line::Good,
                };
            });
        });
    }
}

/// Moves the bar without redrawing the screen ten times a second.
fn show(level_dbfs: f32) {
    let Some(bar) = element::<HtmlElement>("level") else { return };
    #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
    let percent = ((1.0 - level_dbfs / FLOOR_DBFS) * 100.0).clamp(0.0, 100.0) as i32;
    bar.style().set_property("transform", &format!("scaleX({percent}%)")).ok();
}
