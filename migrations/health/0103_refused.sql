-- When the practitioner last did not receive the patient; nobody came in since.
ALTER TABLE health.consultation ADD COLUMN refused_at bigint;
GRANT UPDATE (refused_at) ON health.consultation TO colloque_application;
