use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use colloque_call::{Action, Adaptation, CallView};
use colloque_protocol::Role;
use colloque_protocol::signaling::MediaState;
use colloque_sealing::e2ee::View;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use crate::driver::{self, Driver};
use crate::identity::{Identity, Tickets};
use crate::keys::{FrameStatistics, Keys};
use crate::media;
use crate::meter::{Readings, WireStatistics};
use crate::peer::Outlet;
use crate::picture::{Eye, PictureStatistics};
use crate::speech::Speech;
use crate::voice::{Ear, MakeVoiceError, Mouth, VoiceStatistics};

/// Who joins, and how.
#[derive(Clone)]
pub struct ParticipantOptions {
    /// Address of the signaling server's socket, such as `ws://127.0.0.1:8080/ws`.
    pub signaling: String,
    /// Origin of the page that this person would have open.
    pub origin: String,
    /// The person's role.
    pub role: Role,
    /// The person's key.
    pub identity: Arc<Identity>,
    /// The platform's identity key, as a page would be served with it.
    pub identity_key: [u8; 32],
    /// Where tickets come from.
    pub tickets: Arc<dyn Tickets>,
    /// Address of this machine that media leave from.
    pub local: IpAddr,
    /// What carries media.
    pub carrier: Carrier,
    /// Address to which media go instead of those that the server announces: a bad network in between.
    pub media_through: Option<IpAddr>,
    /// What the person says, again and again.
    pub speech: Speech,
    /// What the camera sends when the server allows it, in bits per second.
    pub picture_bps: u64,
    /// What chance follows from.
    pub seed: u64,
}

/// What carries media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Datagrams.
    Udp,
    /// A connection of its own, where no datagram passes.
    Tcp,
}

/// A person in a consultation. Dropped, they are gone without a word.
pub struct Participant {
    actions: mpsc::UnboundedSender<Action>,
    view: watch::Receiver<CallView>,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

/// How a person's call goes. Counters begin with the person.
#[derive(Debug, Clone, Copy, Default)]
pub struct Statistics {
    /// How the other person's voice is heard.
    pub voice: VoiceStatistics,
    /// How the other person's pictures are seen.
    pub pictures: PictureStatistics,
    /// What became of frames between this person and the wire.
    pub frames: FrameStatistics,
    /// Packets sent to the server.
    pub sent: WireStatistics,
    /// Packets received from the server.
    pub received: WireStatistics,
    /// What the server lets this person send, in bits per second; none until it has said so.
    pub allowed_bps: Option<u64>,
}

/// What the tasks of one person share.
pub(crate) struct Shared {
    pub readings: Arc<Readings>,
    pub ear: Mutex<Ear>,
    pub eye: Mutex<Eye>,
    pub keys: Mutex<Keys>,
    /// Where packets go at the moment; none while nothing is sent.
    pub outlet: watch::Sender<Option<Outlet>>,
    /// What is switched on.
    pub local: watch::Sender<MediaState>,
    /// What the link leaves of it.
    pub adaptation: watch::Sender<Adaptation>,
    pub keyframe_wish: Notify,
}

impl Participant {
    /// Starts to join; what comes of it shows in [`Participant::view`].
    ///
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`MakeVoiceError`] when there is no codec.
    pub fn join(options: ParticipantOptions) -> Result<Self, MakeVoiceError> {
        let local = MediaState { microphone: true, camera: true, ..MediaState::default() };
        let shared = Arc::new(Shared {
            readings: Arc::default(),
            ear: Mutex::new(Ear::new()?),
            eye: Mutex::new(Eye::new()),
            keys: Mutex::new(Keys::new(options.identity_key)),
            outlet: watch::Sender::new(None),
            adaptation: watch::Sender::default(),
            local: watch::Sender::new(local),
            keyframe_wish: Notify::new(),
        });
        let (actions, ordered) = mpsc::unbounded_channel();
        let (shown, view) = watch::channel(CallView::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(media::speak(Arc::clone(&shared), Mouth::new()?, options.speech.clone(), options.seed));
        tasks.spawn(media::film(Arc::clone(&shared), options.picture_bps, options.seed));
        tasks.spawn(media::listen(Arc::clone(&shared)));
        tasks.spawn(Driver::new(options, Arc::clone(&shared)).run(ordered, shown));
        Ok(Self { actions, view, shared, _tasks: tasks })
    }

    /// Does what a person does.
    pub fn act(&self, action: Action) {
        // The driver goes on until the person is dropped.
        let _ = self.actions.send(action);
    }

    /// What a screen would show.
    #[must_use]
    pub fn view(&self) -> CallView {
        self.view.borrow().clone()
    }

    /// What a screen would show, and a way to wait for changes of it.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<CallView> {
        self.view.clone()
    }

    /// Waits until a screen would show what is wanted; whoever cannot wait for ever sets a time limit.
    pub async fn until(&self, wanted: impl FnMut(&CallView) -> bool) {
        if self.view.clone().wait_for(wanted).await.is_err() {
            // The driver is gone, so it never comes: as for a person that waits in vain.
            std::future::pending().await
        }
    }

    /// Asks the sender of the pictures for a keyframe, as a person who lost one does.
    pub fn ask_for_keyframe(&self) {
        self.shared.keyframe_wish.notify_one();
    }

    /// What was heard since the transport that is used now brought the first of it, at most a minute.
    #[must_use]
    pub fn heard(&self) -> Vec<i16> {
        lock(&self.shared.ear).heard().to_vec()
    }

    /// What a screen would show of the end-to-end encryption; none before this person is in the room.
    #[must_use]
    pub fn sealing(&self) -> Option<View> {
        lock(&self.shared.keys).view(driver::now())
    }

    /// How the call goes.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        Statistics {
            voice: lock(&self.shared.ear).statistics(),
            pictures: lock(&self.shared.eye).statistics(),
            frames: lock(&self.shared.keys).statistics(),
            sent: self.shared.readings.sent(),
            received: self.shared.readings.received(),
            allowed_bps: self.shared.readings.allowed_bps(),
        }
    }
}

/// What a task that panicked left behind is still the best there is.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
