//! When this member seals with the next epoch's keys.
//!
//! A sender that switches before the others can open loses what it sends. So after an addition or a renewal everybody first installs
//! the keys and says so, and each sender switches once all have, or after [`SWITCH_WITHIN`]. After a removal nobody waits: the one who
//! left must read nothing more.

use std::time::Duration;

use colloque_ids::Timestamp;

use super::{Content, EndToEnd, Output};
use crate::frame::LeafIndex;
use crate::mls::Group;

/// Longest that a sender waits for the others.
///
/// Longer: a member whose messages do not come through holds everybody on the old keys. Shorter: on a slow network frames are lost.
pub const SWITCH_WITHIN: Duration = Duration::from_secs(2);

/// The same after a renewal, for which nobody waits: a member whose messages are lost three times in a row loses no frame.
///
/// Longer: a thief of keys reads for longer. Above [`crate::frame::RETAIN_FOR`] less a slow message: frames are lost.
pub const SWITCH_RENEWED_WITHIN: Duration = Duration::from_secs(6);

/// Whom this member waits for.
#[derive(Debug, Default)]
pub(super) struct Switch {
    waits_for: Vec<LeafIndex>,
    at: Option<Timestamp>,
}

impl Switch {
    /// Waits for some members until an instant; without any, for nothing. Whatever follows another change does not make it later: the keys
    /// that seal still are forgotten by the others some time after the first one.
    pub(super) fn wait(&mut self, members: Vec<LeafIndex>, until: Timestamp) {
        self.at = Some(self.at.map_or(until, |at| at.min(until)));
        self.waits_for = members;
    }

    fn heard(&mut self, member: LeafIndex) {
        self.waits_for.retain(|other| *other != member);
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.at.is_some_and(|at| now >= at || self.waits_for.is_empty())
    }
}

impl EndToEnd {
    /// Takes over what a commit has made of the group.
    pub(super) fn next_epoch(&mut self, added: bool, removed: &[LeafIndex], now: Timestamp) {
        let before = self.opener.newest_members().to_vec();
        self.install(now);
        self.hold_if_overheard();
        let Some(group) = &self.group else { return };
        if added || !removed.is_empty() {
            let was_same = self.words.own;
            self.words.restart(group, &self.chain);
            if !added {
                // Who was compared with is still there; there is nothing new to doubt.
                self.words.own = was_same;
            }
        }
        let own = group.own_leaf();
        let others = before.into_iter().filter(|leaf| removed.is_empty() && *leaf != own);
        let within = if added { SWITCH_WITHIN } else { SWITCH_RENEWED_WITHIN };
        self.switch.wait(others.collect(), now.after(within));
        self.tell_ready(now);
        self.outputs.push_back(Output::Changed);
    }

    /// Opens frames of the group's newest epoch.
    pub(super) fn install(&mut self, now: Timestamp) {
        let Some(group) = &self.group else { return };
        let members: Vec<_> = group.members().iter().map(|member| member.leaf).collect();
        if let Ok(base_key) = group.base_key(&self.provider) {
            self.opener.install(group.epoch(), base_key, &members, now);
            self.outputs.push_back(Output::KeysInstalled);
        }
    }

    pub(super) fn tell_ready(&mut self, now: Timestamp) {
        if self.words.epoch() == self.group.as_ref().map(Group::epoch) {
            self.show_share();
        }
        let _ = self.tell(&Content::Ready);
        self.switch_if_due(now);
    }

    pub(super) fn hear_ready(&mut self, from: LeafIndex, now: Timestamp) {
        self.switch.heard(from);
        self.switch_if_due(now);
    }

    pub(super) fn switch_if_due(&mut self, now: Timestamp) {
        if self.refusal.is_some() || !self.switch.is_due(now) {
            return;
        }
        let Some(group) = &self.group else { return };
        if let Ok(base_key) = group.base_key(&self.provider) {
            self.sealer.switch(group.epoch(), group.own_leaf(), &base_key);
            self.switch = Switch::default();
            self.outputs.push_back(Output::Changed);
        }
    }
}
