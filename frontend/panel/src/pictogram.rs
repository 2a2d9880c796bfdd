//! Thirty-two drawings that nobody takes for one another: the words for those who would rather compare pictures.

use colloque_web::text::{Locale, locale};

/// Drawings of a comparison.
pub const COUNT: usize = 4;

/// French name, English name, and lines of two units on a square of 24. A change of their order is a change of the protocol.
const ALL: [(&str, &str, &str); 32] = [
    (
        "soleil",
        "sun",
        "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
    ),
    ("lune", "moon", "M19 14.5A8 8 0 1 1 9.5 5a6.500 6.500 0 0 0 9.500 9.500Z"),
    (
        "étoile",
        "star",
        "m12 3 2.700 5.800 6.300.8-4.600 4.300 1.200 6.300L12 17l-5.600 3.200 1.200-6.300L3 9.600l6.300-.8Z",
    ),
    (
        "cœur",
        "heart",
        "M12 20C6 15.500 3 12 3 8.500A4.500 4.500 0 0 1 12 7a4.500 4.500 0 0 1 9 1.500c0 3.500-3 7-9 11.500Z",
    ),
    ("maison", "house", "M3 12 12 4l9 8M6 10v10h12V10M10 20v-6h4v6"),
    ("sapin", "fir tree", "M12 3 6 11h3l-4 6h14l-4-6h3ZM12 17v4"),
    ("tulipe", "tulip", "M7 4v5a5 5 0 0 0 10 0V4l-2.500 3L12 4 9.500 7ZM12 14v7M12 18c-3 0-4-1-5-3M12 18c3 0 4-1 5-3"),
    ("poisson", "fish", "M3 12c3-5 10-6 14-1l4-3v8l-4-3c-4 5-11 4-14-1ZM7.500 11v.1"),
    ("voilier", "sailing boat", "M12 3v13M12 4l7 11h-7M12 7 6 15h6M3 17h18l-3 4H6Z"),
    (
        "voiture",
        "car",
        "M3 15v-3l3-1 2-4h8l2 4 3 1v3ZM7 15a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM17 15a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z",
    ),
    (
        "vélo",
        "bicycle",
        "M6 12a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM18 12a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM6 16l4-8h5l3 8M10 8l3 8H6M13 16l2-8M8.500 8h3M15 8V5h2",
    ),
    ("clé", "key", "M8 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 12h9v4M17 12v3"),
    (
        "cloche",
        "bell",
        "M5.500 16.500c1.500-2 1-5 1.500-7.500a5 5 0 0 1 10 0c.5 2.500 0 5.500 1.500 7.500ZM10 19.500a2 2 0 0 0 4 0",
    ),
    ("parapluie", "umbrella", "M12 4a9 9 0 0 0-9 9h18a9 9 0 0 0-9-9ZM12 13v6a2 2 0 0 0 4 0M12 2v2"),
    ("tasse", "cup", "M4 8h13v7a5 5 0 0 1-5 5H9a5 5 0 0 1-5-5ZM17 10h1.500a2.500 2.500 0 0 1 0 5H17M8 3v2M12 3v2"),
    (
        "pomme",
        "apple",
        "M12 8c-2-2-8-1.500-8 4.500C4 17 7 21 9.500 21c1 0 1.500-.5 2.500-.5s1.500.5 2.500.5c2.500 0 5.500-4 5.500-8.500C20 6.500 14 6 12 8ZM12 8c0-2 1-4 3-5",
    ),
    ("chapeau", "hat", "M2 18h20M6 18V7q6-3 12 0v11M6 14h12"),
    (
        "lunettes",
        "glasses",
        "M6.500 10a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM17.500 10a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM10.500 13.500q1.500-1.500 3 0M2.500 13 5 6M21.500 13 19 6",
    ),
    (
        "ciseaux",
        "scissors",
        "M6 4a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5ZM6 15a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5ZM8 8l13 9M8 16l13-9",
    ),
    ("livre", "book", "M12 6C9 4 6 4 3 5v14c3-1 6-1 9 1 3-2 6-2 9-1V5c-3-1-6-1-9 1ZM12 6v14"),
    ("horloge", "clock", "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5.200l3.500 2"),
    ("échelle", "ladder", "M8 3v18M16 3v18M8 7h8M8 11h8M8 15h8M8 19h8"),
    ("montagne", "mountain", "M2 20 9 7l4 7 3-4 6 10ZM7 11l2 2 2-2"),
    ("nuage", "cloud", "M7 18a4.500 4.500 0 0 1 0-9 5.500 5.500 0 0 1 10.500 1A4 4 0 0 1 17.500 18Z"),
    ("flocon", "snowflake", "M12 2v20M3.500 7l17 10M20.500 7l-17 10M9 3.500l3 3 3-3M9 20.500l3-3 3 3"),
    ("flamme", "flame", "M12 3c1 4 6 6 6 11a6 6 0 0 1-12 0c0-2 1-3.500 2-4.500 0 2 1 3 2 3 1.500-3 0-6 2-9.500Z"),
    ("ancre", "anchor", "M12 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM12 8v13M8 11h8M4 14c0 4 4 7 8 7s8-3 8-7"),
    ("drapeau", "flag", "M6 3v18M6 4h13l-3 4 3 4H6"),
    ("ballon", "balloon", "M12 3a6 6.500 0 1 0 0 13 6 6.500 0 0 0 0-13ZM12 16l-1.500 2h3ZM12 18q2 2 0 4"),
    ("couronne", "crown", "M3 18V7l5 5 4-7 4 7 5-5v11ZM3 21h18"),
    ("chat", "cat", "M5 20V6l4 3h6l4-3v14ZM9 13v.1M15 13v.1M10 17q2 1.500 4 0"),
    (
        "papillon",
        "butterfly",
        "M12 7v12M12 10C9 4 4 4 3.500 7S7 13 12 13c-5 0-7 3-6 5s5 1 6-4M12 10c3-6 8-6 8.500-3S17 13 12 13c5 0 7 3 6 5s-5 1-6-4M12 7l-2-3M12 7l2-3",
    ),
];

/// Gives the name and the lines of a drawing.
pub fn pictogram(number: u8) -> (&'static str, &'static str) {
    let (french, english, lines) = ALL[usize::from(number) % ALL.len()];
    (if locale() == Locale::English { english } else { french }, lines)
}
