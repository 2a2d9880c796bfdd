use crate::groups::Spacing;

/// Groups that the line is fitted through.
///
/// # Source
///
/// Values of this file: draft-ietf-rmcat-gcc-02 section 5, with the line fit that replaced its filter in browsers.
const WINDOW: usize = 20;
const SMOOTHING: f64 = 0.9;
const GAIN: f64 = 4.0;
/// Groups that make the trend fully trusted.
const TRUSTED_AFTER: u32 = 60;
/// Time above the threshold before the link counts as full, in microseconds.
const OVERUSE_US: f64 = 10_000.0;
const FIRST_THRESHOLD_MS: f64 = 12.5;
const LEAST_THRESHOLD_MS: f64 = 6.0;
const MOST_THRESHOLD_MS: f64 = 600.0;
const THRESHOLD_UP: f64 = 0.0087;
const THRESHOLD_DOWN: f64 = 0.039;
/// Peaks this far above the threshold do not raise it.
const MAX_ADAPTED_MS: f64 = 15.0;

/// Whether the delay of the link grows.
#[derive(Debug)]
pub(crate) struct Trend {
    /// Arrival and smoothed delay of the last groups, in milliseconds; a ring once it is full.
    points: [(f64, f64); WINDOW],
    count: u32,
    first_at_us: i64,
    accumulated_ms: f64,
    smoothed_ms: f64,
    threshold_ms: f64,
    previous: f64,
    overused_us: Option<f64>,
    overuses: u32,
    adapted_at_us: Option<i64>,
    usage: Usage,
}

/// What the delay says of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    /// A queue drains.
    Under,
    Normal,
    /// A queue grows.
    Over,
}

impl Default for Trend {
    fn default() -> Self {
        Self {
            points: [(0.0, 0.0); WINDOW],
            count: 0,
            first_at_us: 0,
            accumulated_ms: 0.0,
            smoothed_ms: 0.0,
            threshold_ms: FIRST_THRESHOLD_MS,
            previous: 0.0,
            overused_us: None,
            overuses: 0,
            adapted_at_us: None,
            usage: Usage::Normal,
        }
    }
}

impl Trend {
    pub(crate) fn usage(&self) -> Usage {
        self.usage
    }

    /// Takes the spacing of two groups, seen at `now_us` of the sender's clock.
    pub(crate) fn add(&mut self, spacing: Spacing, now_us: i64) {
        if self.count == 0 {
            self.first_at_us = spacing.at_us;
        }
        self.accumulated_ms += (spacing.arrival_us - spacing.sent_us) as f64 / 1_000.0;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.accumulated_ms;
        let at_ms = (spacing.at_us - self.first_at_us) as f64 / 1_000.0;
        self.points[self.count as usize % WINDOW] = (at_ms, self.smoothed_ms);
        self.count = self.count.wrapping_add(1).max(1);
        if self.count as usize >= WINDOW {
            let slope = self.slope().unwrap_or(self.previous);
            self.detect(slope, spacing.sent_us as f64, now_us);
        }
    }

    fn slope(&self) -> Option<f64> {
        let count = WINDOW as f64;
        let mean_x = self.points.iter().map(|point| point.0).sum::<f64>() / count;
        let mean_y = self.points.iter().map(|point| point.1).sum::<f64>() / count;
        let covariance: f64 = self.points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let variance: f64 = self.points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        (variance > 0.0).then(|| covariance / variance)
    }

    fn detect(&mut self, slope: f64, sent_us: f64, now_us: i64) {
        let weighted = f64::from(self.count.min(TRUSTED_AFTER)) * slope * GAIN;
        if weighted > self.threshold_ms {
            // Half of the time since the last group: nothing says when in between it began.
            let overused_us = self.overused_us.map_or(sent_us / 2.0, |overused_us| overused_us + sent_us);
            self.overused_us = Some(overused_us);
            self.overuses += 1;
            if overused_us > OVERUSE_US && self.overuses > 1 && slope >= self.previous {
                self.overused_us = Some(0.0);
                self.overuses = 0;
                self.usage = Usage::Over;
            }
        } else {
            self.overused_us = None;
            self.overuses = 0;
            self.usage = if weighted < -self.threshold_ms { Usage::Under } else { Usage::Normal };
        }
        self.previous = slope;
        self.adapt(weighted.abs(), now_us);
    }

    fn adapt(&mut self, weighted_ms: f64, now_us: i64) {
        let before = self.adapted_at_us.replace(now_us).unwrap_or(now_us);
        if weighted_ms > self.threshold_ms + MAX_ADAPTED_MS {
            return;
        }
        let factor = if weighted_ms < self.threshold_ms { THRESHOLD_DOWN } else { THRESHOLD_UP };
        let elapsed_ms = ((now_us - before) as f64 / 1_000.0).clamp(0.0, 100.0);
        self.threshold_ms += factor * (weighted_ms - self.threshold_ms) * elapsed_ms;
        self.threshold_ms = self.threshold_ms.clamp(LEAST_THRESHOLD_MS, MOST_THRESHOLD_MS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds groups 20 ms apart whose delay grows by `growth_us` each.
    fn feed(trend: &mut Trend, groups: std::ops::Range<i64>, growth_us: i64) -> Usage {
        for group in groups {
            let at_us = group * 20_000;
            trend.add(Spacing { sent_us: 20_000, arrival_us: 20_000 + growth_us, at_us }, at_us);
        }
        trend.usage()
    }

    #[test]
    fn an_even_link_is_normal_a_filling_one_is_over_and_a_draining_one_under() {
        let mut trend = Trend::default();
        assert_eq!(feed(&mut trend, 0..100, 0), Usage::Normal);
        assert_eq!(feed(&mut trend, 100..115, 4_000), Usage::Over);
        assert_eq!(feed(&mut trend, 115..160, -4_000), Usage::Under);
        assert_eq!(feed(&mut trend, 160..260, 0), Usage::Normal);
    }

    #[test]
    fn jitter_without_a_trend_is_normal() {
        let mut trend = Trend::default();
        for group in 0..500i64 {
            let (at_us, jitter_us) = (group * 20_000, if group % 2 == 0 { 3_000 } else { -3_000 });
            trend.add(Spacing { sent_us: 20_000, arrival_us: 20_000 + jitter_us, at_us }, at_us);
            assert_ne!(trend.usage(), Usage::Over);
        }
    }
}
