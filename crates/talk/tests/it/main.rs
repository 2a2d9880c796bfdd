//! Two or three people who write to each other, over a way that loses some.

#[cfg(test)]
mod room;
#[cfg(test)]
mod talk;
