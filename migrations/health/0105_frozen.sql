-- One kind more: the other's picture stood still before the person, as their browser says.
ALTER TABLE health.call_incident DROP CONSTRAINT call_incident_kind_check;
ALTER TABLE health.call_incident ADD CONSTRAINT call_incident_kind_check
    CHECK (kind IN ('cut', 'loss_sent', 'loss_received', 'narrow_link', 'fallback', 'frozen'));
