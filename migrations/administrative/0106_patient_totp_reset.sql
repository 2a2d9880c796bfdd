-- The practice may take a patient's code application away: a lost telephone locks nobody out.
GRANT DELETE ON administrative.patient_totp TO colloque_application;
