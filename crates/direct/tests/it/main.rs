//! Two browsers that look for a way between them, over a way that loses some of what they say.

#[cfg(test)]
mod description;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod wire;
