use std::ops::Deref;
use std::rc::{Rc, Weak};

use colloque_call::DeskView;
use colloque_web::desk::LiveDesk;
use leptos::prelude::*;

pub use colloque_web::desk::OnRing;

/// A desk with signals. Dropped, it closes its connection.
pub struct DeskDriver {
    desk: Rc<LiveDesk>,
    view: RwSignal<DeskView>,
}

impl DeskDriver {
    /// Opens the desk; tickets are asked for at `ticket_path`. Its signal belongs to the owner that is current now.
    #[must_use]
    pub fn open(ticket_path: &str, on_ring: OnRing) -> Self {
        let view = RwSignal::new(DeskView::default());
        let desk = Rc::new_cyclic(|this: &Weak<LiveDesk>| {
            let this = this.clone();
            LiveDesk::new(ticket_path, on_ring, move || {
                if let Some(desk) = this.upgrade() {
                    view.try_set(desk.view());
                }
            })
        });
        desk.open();
        Self { desk, view }
    }

    /// What a screen shows.
    #[must_use]
    pub fn view(&self) -> ReadSignal<DeskView> {
        self.view.read_only()
    }
}

impl Deref for DeskDriver {
    type Target = LiveDesk;

    fn deref(&self) -> &LiveDesk {
        &self.desk
    }
}
