//! Times in which something held.

/// Spans of milliseconds, in order; the last one may still go on.
#[derive(Debug, Default)]
pub(super) struct Spans {
    closed: Vec<(u64, u64)>,
    began_ms: Option<u64>,
}

impl Spans {
    pub(super) fn begin(&mut self, now_ms: u64) {
        self.began_ms.get_or_insert(now_ms);
    }

    /// Ends the present span, which holds up to `until_ms`.
    pub(super) fn end(&mut self, until_ms: u64) {
        if let Some(began_ms) = self.began_ms.take() {
            self.closed.push((began_ms, until_ms));
        } else if let Some((_, last)) = self.closed.last_mut() {
            // A span that was to go on for a while ends sooner.
            *last = (*last).min(until_ms);
        }
    }

    pub(super) fn holds(&self, at_ms: u64) -> bool {
        self.began_ms.is_some_and(|began_ms| began_ms <= at_ms)
            || self.closed.iter().rev().any(|(began_ms, until_ms)| (*began_ms..=*until_ms).contains(&at_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::Spans;

    #[test]
    fn a_span_holds_from_its_beginning_to_its_end_which_may_come_sooner() {
        let mut spans = Spans::default();
        assert!(!spans.holds(5));
        spans.begin(10);
        assert!(spans.holds(10) && spans.holds(1_000) && !spans.holds(9));
        spans.end(50);
        assert!(spans.holds(50) && !spans.holds(51));
        spans.end(30);
        assert!(spans.holds(30) && !spans.holds(31));
        spans.begin(40);
        assert!(spans.holds(40) && !spans.holds(35));
    }
}
