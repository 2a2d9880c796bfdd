/// Something that a world breaks on purpose: a rule that no fault breaks would judge nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The media plane lets media pass from the beginning, and browsers send at once.
    OpensAll,
    /// The media plane never lets media pass.
    OpensNothing,
    /// The media plane keeps the peers that it is told to remove.
    KeepsPeers,
    /// Whatever is written in a ticket is believed.
    BelievesTickets,
    /// What happened by itself is not written to the journal.
    LosesEntries,
    /// Storage does not remember which tickets were used.
    ForgetsTickets,
    /// The media plane takes what it is asked in any order.
    TakesOrdersAnyhow,
    /// Nobody is brought what lets them into a group.
    LosesWelcomes,
}
