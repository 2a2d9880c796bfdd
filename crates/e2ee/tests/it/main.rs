//! What the crate promises, against everything that may arrive. Published vectors and other implementations are in `tests/conformance`.

#[cfg(test)]
mod frames;
#[cfg(test)]
mod group;
#[cfg(test)]
mod links;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod tested;
#[cfg(test)]
mod voice;
#[cfg(test)]
mod world;
