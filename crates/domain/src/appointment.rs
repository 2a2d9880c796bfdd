use std::time::Duration;

use colloque_ids::{AppointmentId, PatientId, StaffId, Timestamp};
use thiserror::Error;

use crate::consultation::WaitingConsultation;
use crate::decided::{Decided, Entry};

/// How long before its start an appointment's room opens.
///
/// Longer: patients wait longer in front of a closed practice. Shorter: a patient who fights with a phone has less time.
pub const ROOM_OPENS_BEFORE: Duration = Duration::from_secs(30 * 60);

/// How long after its planned end an appointment's room closes.
///
/// Longer: a link serves longer than its act. Shorter: a practice that runs late loses patients.
pub const ROOM_CLOSES_AFTER: Duration = Duration::from_secs(60 * 60);

/// Bounds of a slot's length, in minutes.
const DURATION_MIN: std::ops::RangeInclusive<u16> = 5..=120;

/// When an appointment is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    starts_at: Timestamp,
    duration_min: u16,
}

/// Why a slot cannot be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PlanSlotError {
    /// Outside 5 to 120 minutes.
    #[error("a slot lasts 5 to 120 minutes")]
    WrongDuration,
    /// Before 1970 or past the year 9999.
    #[error("a slot is within the calendar")]
    OutOfCalendar,
}

impl Slot {
    /// Plans a slot.
    ///
    /// # Errors
    ///
    /// See [`PlanSlotError`].
    pub fn new(starts_at: Timestamp, duration_min: u16) -> Result<Self, PlanSlotError> {
        if !DURATION_MIN.contains(&duration_min) {
            return Err(PlanSlotError::WrongDuration);
        }
        if !(0..=253_370_764_800_000).contains(&starts_at.as_millis()) {
            return Err(PlanSlotError::OutOfCalendar);
        }
        Ok(Self { starts_at, duration_min })
    }

    /// Gives the start.
    #[must_use]
    pub const fn starts_at(self) -> Timestamp {
        self.starts_at
    }

    /// Gives the length in minutes.
    #[must_use]
    pub const fn duration_min(self) -> u16 {
        self.duration_min
    }

    /// Gives the first instant after the slot.
    #[must_use]
    pub fn ends_at(self) -> Timestamp {
        self.starts_at.after(Duration::from_secs(u64::from(self.duration_min) * 60))
    }

    /// Gives the first instant at which its room may be entered.
    #[must_use]
    pub fn opens_at(self) -> Timestamp {
        self.starts_at.before(ROOM_OPENS_BEFORE)
    }

    /// Gives the first instant at which its room may no longer be entered.
    #[must_use]
    pub fn closes_at(self) -> Timestamp {
        self.ends_at().after(ROOM_CLOSES_AFTER)
    }

    /// Says whether two slots share an instant. Slots that only touch do not.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.starts_at < other.ends_at() && other.starts_at < self.ends_at()
    }
}

/// What an appointment is about, whatever its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppointmentTerms {
    /// The appointment.
    pub appointment: AppointmentId,
    /// The booked practitioner.
    pub practitioner: StaffId,
    /// The booked patient.
    pub patient: PatientId,
    /// When it is held.
    pub slot: Slot,
}

/// A booked appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedAppointment(AppointmentTerms);

/// A cancelled appointment. Nothing follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelledAppointment {
    /// What it was about.
    pub terms: AppointmentTerms,
    /// When it was cancelled.
    pub cancelled_at: Timestamp,
}

/// Why an appointment cannot be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BookAppointmentError {
    /// The practitioner holds another appointment then.
    #[error("practitioner {practitioner} holds another appointment at that time")]
    SlotTaken {
        /// The practitioner.
        practitioner: StaffId,
    },
    /// The slot is over.
    #[error("slot is over")]
    SlotOver,
}

/// Why an appointment cannot be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoveAppointmentError {
    /// The practitioner holds another appointment then.
    #[error("practitioner {practitioner} holds another appointment at that time")]
    SlotTaken {
        /// The practitioner.
        practitioner: StaffId,
    },
    /// The new slot is over.
    #[error("slot is over")]
    SlotOver,
}

/// Why an appointment cannot be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CancelAppointmentError {
    /// Its time is over.
    #[error("time of {appointment} is over")]
    TimeOver {
        /// The appointment.
        appointment: AppointmentId,
    },
}

impl BookedAppointment {
    /// Books a slot. `taken` are the practitioner's other booked slots around it.
    ///
    /// A slot that has begun may still be booked: that is a patient who calls now.
    ///
    /// # Errors
    ///
    /// - [`BookAppointmentError::SlotTaken`] when it overlaps one of `taken`.
    /// - [`BookAppointmentError::SlotOver`] when it ended at or before `now`.
    pub fn book(
        terms: AppointmentTerms,
        taken: &[Slot],
        now: Timestamp,
    ) -> Result<Decided<Self>, BookAppointmentError> {
        let AppointmentTerms { appointment, practitioner, patient, slot } = terms;
        if slot.ends_at() <= now {
            return Err(BookAppointmentError::SlotOver);
        }
        if taken.iter().any(|other| slot.overlaps(*other)) {
            return Err(BookAppointmentError::SlotTaken { practitioner });
        }
        let entry = Entry::AppointmentBooked { appointment, practitioner, patient, starts_at: slot.starts_at() };
        Ok(Decided::new(Self(terms), entry))
    }

    /// Takes a booked appointment that storage kept.
    #[must_use]
    pub const fn stored(terms: AppointmentTerms) -> Self {
        Self(terms)
    }

    /// Reads what it is about.
    #[must_use]
    pub const fn terms(&self) -> &AppointmentTerms {
        &self.0
    }

    /// Moves the appointment. Only one whose patient was not admitted can move, which `_consultation` shows.
    ///
    /// # Errors
    ///
    /// - [`MoveAppointmentError::SlotTaken`] when the new slot overlaps one of `taken`, the practitioner's *other* slots.
    /// - [`MoveAppointmentError::SlotOver`] when it ended at or before `now`.
    pub fn move_to(
        self,
        slot: Slot,
        taken: &[Slot],
        _consultation: &WaitingConsultation,
        now: Timestamp,
    ) -> Result<Decided<Self>, MoveAppointmentError> {
        if slot.ends_at() <= now {
            return Err(MoveAppointmentError::SlotOver);
        }
        if taken.iter().any(|other| slot.overlaps(*other)) {
            return Err(MoveAppointmentError::SlotTaken { practitioner: self.0.practitioner });
        }
        let entry = Entry::AppointmentMoved {
            appointment: self.0.appointment,
            from: self.0.slot.starts_at(),
            to: slot.starts_at(),
        };
        Ok(Decided::new(Self(AppointmentTerms { slot, ..self.0 }), entry))
    }

    /// Cancels the appointment. Only one whose patient was not admitted can be cancelled, which `_consultation` shows.
    ///
    /// # Errors
    ///
    /// [`CancelAppointmentError::TimeOver`] once its room is closed.
    pub fn cancel(
        self,
        _consultation: &WaitingConsultation,
        now: Timestamp,
    ) -> Result<Decided<CancelledAppointment>, CancelAppointmentError> {
        let appointment = self.0.appointment;
        if self.0.slot.closes_at() <= now {
            return Err(CancelAppointmentError::TimeOver { appointment });
        }
        let next = CancelledAppointment { terms: self.0, cancelled_at: now };
        Ok(Decided::new(next, Entry::AppointmentCancelled { appointment }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consultation::ConsultationTerms;
    use proptest::prelude::*;

    const NOON: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn minutes(count: i64) -> Timestamp {
        Timestamp::from_millis(NOON.as_millis() + count * 60_000)
    }

    fn slot(start: i64, length: u16) -> Slot {
        Slot::new(minutes(start), length).unwrap()
    }

    fn terms(slot: Slot) -> AppointmentTerms {
        AppointmentTerms {
            appointment: AppointmentId::from_parts(NOON, [1; 10]),
            practitioner: StaffId::from_parts(NOON, [2; 10]),
            patient: PatientId::from_parts(NOON, [3; 10]),
            slot,
        }
    }

    fn waiting(terms: AppointmentTerms) -> WaitingConsultation {
        WaitingConsultation::stored(ConsultationTerms {
            consultation: terms.appointment.same_as(),
            practitioner: terms.practitioner,
            patient: terms.patient,
        })
    }

    #[test]
    fn two_appointments_of_one_practitioner_never_overlap() {
        let taken = [slot(0, 20)];
        let refused = BookedAppointment::book(terms(slot(19, 20)), &taken, NOON);
        assert_eq!(refused, Err(BookAppointmentError::SlotTaken { practitioner: terms(taken[0]).practitioner }));
        assert!(BookedAppointment::book(terms(slot(20, 20)), &taken, NOON).is_ok());
    }

    #[test]
    fn a_patient_who_calls_now_gets_a_slot_that_has_begun() {
        assert!(BookedAppointment::book(terms(slot(-5, 20)), &[], NOON).is_ok());
        assert_eq!(BookedAppointment::book(terms(slot(-20, 20)), &[], NOON), Err(BookAppointmentError::SlotOver));
    }

    #[test]
    fn moving_names_both_hours_in_the_journal() {
        let terms = terms(slot(10, 20));
        let moved = BookedAppointment::stored(terms).move_to(slot(60, 30), &[], &waiting(terms), NOON).unwrap();
        let (next, entry) = moved.into_parts();
        assert_eq!(next.terms().slot, slot(60, 30));
        let expected = Entry::AppointmentMoved { appointment: terms.appointment, from: minutes(10), to: minutes(60) };
        assert_eq!(entry, expected);
    }

    #[test]
    fn an_appointment_of_yesterday_cannot_be_cancelled() {
        let terms = terms(slot(-24 * 60, 20));
        let refused = BookedAppointment::stored(terms).cancel(&waiting(terms), NOON);
        assert_eq!(refused, Err(CancelAppointmentError::TimeOver { appointment: terms.appointment }));
    }

    #[test]
    fn a_slot_lasts_five_minutes_to_two_hours() {
        for length in [0, 4, 121, u16::MAX] {
            assert_eq!(Slot::new(NOON, length), Err(PlanSlotError::WrongDuration));
        }
        assert_eq!(Slot::new(Timestamp::from_millis(i64::MAX), 20), Err(PlanSlotError::OutOfCalendar));
    }

    proptest! {
        #[test]
        fn overlap_is_symmetric_and_means_a_shared_minute(a in -500_i64..500, b in -500_i64..500, la in 5_u16..=120, lb in 5_u16..=120) {
            let (first, second) = (slot(a, la), slot(b, lb));
            prop_assert_eq!(first.overlaps(second), second.overlaps(first));
            let shares = (a..a + i64::from(la)).any(|minute| (b..b + i64::from(lb)).contains(&minute));
            prop_assert_eq!(first.overlaps(second), shares);
        }

        #[test]
        fn a_room_is_open_around_its_slot(start in -500_i64..500, length in 5_u16..=120) {
            let slot = slot(start, length);
            prop_assert!(slot.opens_at() < slot.starts_at() && slot.ends_at() < slot.closes_at());
        }
    }
}
