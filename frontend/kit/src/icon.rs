//! The product's own drawings: lines of two units on a square of 24.

use leptos::prelude::*;

/// A drawing. Always beside a word or inside a labelled button, so hidden from screen readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Two speech bubbles that share a part: the product's sign.
    Brand,
    /// Microphone on.
    Microphone,
    /// Microphone off.
    MicrophoneOff,
    /// Camera on.
    Camera,
    /// Camera off.
    CameraOff,
    /// A screen with an arrow.
    Screen,
    /// A receiver put down.
    HangUp,
    /// A telephone.
    Phone,
    /// Tick.
    Check,
    /// Triangle with a bar.
    Warning,
    /// Circle with an i.
    Info,
    /// Cross.
    Cross,
    /// Plus.
    Plus,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow to the left.
    Left,
    /// Arrow to the right.
    Right,
    /// Day sheet.
    Day,
    /// Clock.
    Clock,
    /// Key.
    Key,
    /// One person.
    Person,
    /// Several people.
    People,
    /// Lines of a register.
    Journal,
    /// Two sheets.
    Copy,
    /// Envelope.
    Mail,
    /// Door.
    Door,
    /// Speech bubble with lines.
    Message,
    /// Bell.
    Bell,
    /// Sheet.
    Document,
    /// Pencil.
    Pencil,
    /// Bin.
    Bin,
    /// Frame corners outward.
    Fill,
    /// Frame corners inward.
    Fit,
    /// Shield with a tick.
    Shield,
    /// Keyboard.
    Keyboard,
    /// Loudspeaker.
    Speaker,
    /// Magnifier.
    Search,
    /// Arrow down to a tray.
    Download,
    /// Arrow out of a frame.
    Leave,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Brand => {
                "M9 15.5H6.5L3 18.5V7a3 3 0 0 1 3-3h6a3 3 0 0 1 3 3v2M12 9h6a3 3 0 0 1 3 3v8.5l-3.5-3H12a3 3 0 0 1-3-3V12a3 3 0 0 1 3-3Z"
            }
            Self::Microphone => {
                "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5.5 11a6.5 6.5 0 0 0 13 0M12 17.500V21"
            }
            Self::MicrophoneOff => {
                "M9 9v2a3 3 0 0 0 4.600 2.500M15 11V6a3 3 0 0 0-5.800-1M5.500 11a6.500 6.500 0 0 0 10 5.500M18.500 11c0 1-.2 1.900-.6 2.700M12 17.500V21M4 3l16 18"
            }
            Self::Camera => {
                "M3.500 7h10a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1h-10a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1ZM14.500 11l6-3.500v9l-6-3.500"
            }
            Self::CameraOff => {
                "M9 7h4.500a1 1 0 0 1 1 1v3l6-3.500v9l-2.500-1.500M14.500 14.500V16a1 1 0 0 1-1 1h-10a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1H5M3.500 3l17 18"
            }
            Self::Screen => "M3 5h18v11H3zM8.500 20h7M12 13V8M9.500 10.200 12 7.800l2.500 2.400",
            Self::HangUp => {
                "M2.500 14.500c0-1 .6-2 1.600-2.600a16 16 0 0 1 15.800 0c1 .6 1.600 1.600 1.600 2.600v1.200a1 1 0 0 1-1.200 1l-3.400-.7a1 1 0 0 1-.8-1v-2a13 13 0 0 0-8.200 0v2a1 1 0 0 1-.8 1l-3.400.7a1 1 0 0 1-1.200-1Z"
            }
            Self::Phone => {
                "M6 3h3l2 5-2.500 1.800a12 12 0 0 0 5.700 5.700L16 13l5 2v3a3 3 0 0 1-3.300 3A16 16 0 0 1 3 6.300 3 3 0 0 1 6 3Z"
            }
            Self::Check => "m4.500 12.500 5 5 10-11",
            Self::Warning => "M12 4 2.800 20h18.400zM12 10v4.500M12 17.200v.1",
            Self::Info => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5.500M12 7.500v.1",
            Self::Cross => "m6 6 12 12M18 6 6 18",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Up => "m6 14.500 6-6 6 6",
            Self::Down => "m6 9.500 6 6 6-6",
            Self::Left => "m14.500 6-6 6 6 6",
            Self::Right => "m9.500 6 6 6-6 6",
            Self::Day => "M4 6h16v14H4zM4 10.500h16M8.500 3.500V7M15.500 3.500V7",
            Self::Clock => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5.200l3.500 2",
            Self::Key => "M8 11a4 4 0 1 0 0 .1M11.800 12H21v3.500M17 12v3",
            Self::Person => "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4.500 20.500c.6-4 3.700-6 7.500-6s6.900 2 7.500 6",
            Self::People => {
                "M9 5a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7ZM2.500 19.500c.5-3.500 3.200-5.200 6.500-5.200s6 1.700 6.500 5.200M15.500 5.300a3.500 3.500 0 0 1 0 6.500M18 14.800c2 .7 3.200 2.300 3.500 4.700"
            }
            Self::Journal => "M5 3.500h14v17H5zM8.500 8h7M8.500 12h7M8.500 16h4",
            Self::Copy => "M8 8h12v12H8zM16 8V4H4v12h4",
            Self::Mail => "M3 5.500h18v13H3zM3.500 6.500 12 13l8.500-6.500",
            Self::Door => "M5 20.500V3.500h10v17M2.500 20.500H18M12 12v.1M18 9l3.500 3-3.500 3M21 12h-5",
            Self::Message => "M4 5h16v11h-8.500L7 20v-4H4zM8 9h8M8 12h5",
            Self::Bell => {
                "M5.500 16.500c1.500-2 1-5 1.500-7.500a5 5 0 0 1 10 0c.5 2.500 0 5.500 1.500 7.500ZM10 19.500a2 2 0 0 0 4 0"
            }
            Self::Document => "M6 3h8.500L19 7.500V21H6zM14 3v5h5M9 12.500h7M9 16.500h7",
            Self::Pencil => "m4 20 1-4.500L16.500 4 20 7.500 8.500 19ZM14 6.500 17.500 10",
            Self::Bin => {
                "M4.500 6.500h15M9 6V3.500h6V6M6.500 6.500 7.500 20.500h9l1-14M10.500 10.500v6M13.500 10.500v6"
            }
            Self::Fill => "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
            Self::Fit => "M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5",
            Self::Shield => {
                "M12 3 4.500 6v5.500c0 4.500 3 8 7.500 9.500 4.500-1.500 7.500-5 7.500-9.500V6ZM8.500 12l2.500 2.500 4.500-5"
            }
            Self::Keyboard => "M2.500 6.500h19v11h-19zM6 10h.1M10 10h.1M14 10h.1M18 10h.1M7.500 14h9",
            Self::Speaker => {
                "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500ZM15.500 9a4.500 4.500 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11"
            }
            Self::Search => "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13ZM15.500 15.500 20.500 20.500",
            Self::Download => "M12 3.500v11M7.500 10.500 12 15l4.500-4.500M4 19.500h16",
            Self::Leave => "M13.500 4H4.500v16h9M9.500 12H20M16 8l4 4-4 4",
        }
    }

    /// Draws it, as large as a letter and a quarter.
    #[must_use]
    pub fn draw(self) -> AnyView {
        self.draw_at("1.25em")
    }

    /// Draws it in a given size, as CSS writes lengths.
    #[must_use]
    pub fn draw_at(self, size: &'static str) -> AnyView {
        view! {
            <svg viewBox="0 0 24 24" width=size height=size fill="none" stroke="currentColor" stroke-width="2"
                stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
                <path d=self.path()/>
            </svg>
        }
        .into_any()
    }
}
