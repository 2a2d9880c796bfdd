-- When the patient proved a second factor in this session.
ALTER TABLE administrative.patient_session ADD COLUMN verified_at bigint;
