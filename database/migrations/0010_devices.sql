-- What the cloud part knows of devices beyond what they say: sheets of calibrations, who asked what, taught weights.

CREATE TABLE calibration_sheet (
    sheet_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store      text NOT NULL,
    device     text NOT NULL,
    plate      text NOT NULL,
    version    integer NOT NULL,
    told_at    text NOT NULL,
    held_at    timestamptz NOT NULL,
    made_by    text NOT NULL,
    reason     text NOT NULL,
    passed     boolean NOT NULL,
    facts      jsonb NOT NULL,
    UNIQUE (device, plate, version, told_at)
);
CREATE INDEX calibration_sheet_plate ON calibration_sheet (store, plate, held_at);
COMMENT ON TABLE calibration_sheet IS 'writer: cloud; append-only; facts is the sheet as the device gave it';
COMMENT ON COLUMN calibration_sheet.told_at IS 'the time on the sheet as the device wrote it; its clock may have been wrong';
COMMENT ON COLUMN calibration_sheet.held_at IS 'shop time from which the line held, by our clock where we were there';

-- Commands that change something on a device. One whose device never answered has no answered_at: nobody knows.
CREATE TABLE device_command (
    command_id  text PRIMARY KEY,
    store       text NOT NULL,
    device      text NOT NULL,
    op          text NOT NULL,
    args        jsonb NOT NULL,
    asked_by    text NOT NULL,
    asked_at    timestamptz NOT NULL,
    answered_at timestamptz,
    ok          boolean,
    detail      text NOT NULL DEFAULT ''
);
CREATE INDEX device_command_device ON device_command (store, device, asked_at);
COMMENT ON TABLE device_command IS 'writer: cloud; audit trail, kept for good; of a file that was sent only its length';

CREATE TABLE unit_weight_learned (
    learned_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku             text NOT NULL REFERENCES product,
    before_g        double precision,
    before_spread_g double precision NOT NULL,
    unit_weight_g   double precision NOT NULL,
    unit_spread_g   double precision NOT NULL,
    learned_by      text NOT NULL,
    learned_at      timestamptz NOT NULL
);
CREATE INDEX unit_weight_learned_sku ON unit_weight_learned (sku, learned_id);
COMMENT ON TABLE unit_weight_learned IS 'writer: cloud; append-only: who taught which weight, and what it was before';

ALTER TABLE planogram ADD COLUMN made_by text NOT NULL DEFAULT 'import';
COMMENT ON COLUMN planogram.made_by IS 'import, or the person who fitted a position';

-- What screens read of devices. After its birth a device's records are its sign of life.
CREATE VIEW device_seen AS
    SELECT d.device, d.store, d.online, d.journal, d.birth, greatest(d.seen_at, w.updated_at) AS seen_at
    FROM device d LEFT JOIN journal_watermark w USING (device, journal);

-- The newest word of each part; of a plate also its newest weight, unless another device has the plate by now.
CREATE VIEW device_part AS
    SELECT h.device, h.subject, h.verdict, h.as_of, h.samples, h.rejected, h.noise_g, h.measured, h.queued, p.weight_g
    FROM health_current h LEFT JOIN plate_current p ON h.subject = 'plate:' || p.plate AND p.device = h.device;
