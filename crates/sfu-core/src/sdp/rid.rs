use super::Mid;

/// Name of one encoding of a source: one to sixteen letters, digits, hyphens or underscores.
///
/// # Source
///
/// RFC 8851 section 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rid(Mid);

impl Rid {
    /// Reads a name; none when it is longer or has other characters.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let is_named = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        text.iter().all(is_named).then(|| Mid::parse(text)).flatten().map(Self)
    }

    /// The name as it travels in header extensions.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The name as it stands in SDP.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Encodings of one source at most.
pub const MAX_LAYERS: usize = 3;
/// Names that one media line may declare; what exceeds it is not read.
const MAX_DECLARED: usize = 16;

/// What a media line says of its encodings while it is read.
#[derive(Default)]
pub(super) struct RidDraft<'a> {
    declared: Vec<&'a str>,
    simulcast: Option<&'a str>,
}

impl<'a> RidDraft<'a> {
    /// Reads `NAME send …`.
    pub(super) fn declare(&mut self, value: &'a str) {
        let mut words = value.split_ascii_whitespace();
        if let (Some(name), Some("send")) = (words.next(), words.next())
            && self.declared.len() < MAX_DECLARED
        {
            self.declared.push(name);
        }
    }

    /// Reads `send NAMES recv NAMES`, in either order.
    pub(super) fn read_simulcast(&mut self, value: &'a str) {
        let mut words = value.split_ascii_whitespace();
        while let (Some(direction), Some(names)) = (words.next(), words.next()) {
            if direction == "send" {
                self.simulcast = self.simulcast.or(Some(names));
            }
        }
    }

    /// The encodings, poorest first as clients of this platform offer them: of each the first alternative, and the first
    /// [`MAX_LAYERS`].
    ///
    /// # Source
    ///
    /// RFC 8853 section 5.1: `;` between encodings, `,` between alternatives, `~` before one that begins paused.
    pub(super) fn finish(&self) -> Vec<Rid> {
        let encodings = self.simulcast.into_iter().flat_map(|names| names.split(';')).take(MAX_DECLARED);
        let first = encodings.filter_map(|names| names.split(',').next()).map(|name| name.trim_start_matches('~'));
        let mut layers: Vec<Rid> = Vec::new();
        for name in first.filter(|name| self.declared.contains(name)) {
            if let Some(rid) = Rid::parse(name.as_bytes())
                && !layers.contains(&rid)
                && layers.len() < MAX_LAYERS
            {
                layers.push(rid);
            }
        }
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(rids: &[&'static str], simulcast: &'static str) -> Vec<String> {
        let mut draft = RidDraft::default();
        rids.iter().for_each(|rid| draft.declare(rid));
        draft.read_simulcast(simulcast);
        draft.finish().iter().map(|rid| rid.as_str().to_owned()).collect()
    }

    #[test]
    fn encodings_are_read_in_the_order_of_the_offer() {
        assert_eq!(layers(&["q send", "h send max-width=640", "f send"], "send q;h;f"), ["q", "h", "f"]);
        assert_eq!(layers(&["q send", "h send", "r recv"], "recv r send ~q,h;h"), ["q", "h"]);
    }

    #[test]
    fn what_is_not_declared_repeated_or_too_much_is_left_out() {
        assert_eq!(layers(&["q send", "h recv"], "send q;h;x;q"), ["q"]);
        assert_eq!(layers(&["a send", "b send", "c send", "d send"], "send a;b;c;d"), ["a", "b", "c"]);
        assert_eq!(layers(&["q send"], "recv q"), [""; 0]);
        assert_eq!(layers(&["+ send", "much-too-long-a-name send"], "send +;much-too-long-a-name"), [""; 0]);
    }
}
