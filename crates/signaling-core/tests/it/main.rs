//! Rooms as people live them: scenarios with a clock in hand, and properties over any sequence of events.

#[cfg(test)]
mod admission;
#[cfg(test)]
mod desks;
#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod endings;
#[cfg(test)]
mod guests;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod media;
#[cfg(test)]
mod presence;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tickets;
mod turn;
#[cfg(test)]
mod world;
