//! The engines as a browser drives them, with a clock in hand.

#[cfg(test)]
mod degradation;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod guests;
#[cfg(test)]
mod link;
#[cfg(test)]
mod media;
#[cfg(test)]
mod phases;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod world;
