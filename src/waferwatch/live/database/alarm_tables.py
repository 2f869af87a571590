"""The tables of alarms, of what is done with them, and of what is sent about them."""

from __future__ import annotations

ALARM_TABLES = """
CREATE TABLE alarms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    source TEXT NOT NULL,
    equipment TEXT NOT NULL,
    monitor TEXT NOT NULL,
    recipe TEXT NOT NULL,
    step TEXT NOT NULL,
    sensor TEXT NOT NULL,
    direction TEXT NOT NULL,
    lot TEXT NOT NULL,
    wafer TEXT NOT NULL,
    state TEXT NOT NULL,
    rows_on INTEGER NOT NULL,
    wafers_on INTEGER NOT NULL,
    below INTEGER NOT NULL,
    held_position INTEGER NOT NULL,
    acknowledged_at TEXT NOT NULL,
    acknowledged_by TEXT NOT NULL,
    shelved INTEGER NOT NULL,
    shelved_until TEXT NOT NULL,
    suppressed INTEGER NOT NULL,
    closed_at TEXT NOT NULL,
    closed_by TEXT NOT NULL,
    verdict TEXT NOT NULL,
    note TEXT NOT NULL,
    severity TEXT NOT NULL,
    peak REAL NOT NULL,
    threshold REAL NOT NULL,
    ratio REAL NOT NULL,
    wafers INTEGER NOT NULL,
    in_a_row INTEGER NOT NULL,
    reason TEXT NOT NULL,
    started TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    raised_at TEXT NOT NULL,
    announced INTEGER NOT NULL,
    earlier INTEGER
);
CREATE INDEX alarms_on ON alarms (source, equipment) WHERE rows_on OR wafers_on;
CREATE INDEX alarms_alike ON alarms (source, fingerprint, id);
CREATE INDEX alarms_state ON alarms (state, id);
CREATE INDEX alarms_raised ON alarms (raised_at);
CREATE TABLE alarm_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alarm INTEGER NOT NULL REFERENCES alarms (id),
    at TEXT NOT NULL,
    user TEXT NOT NULL,
    action TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX alarm_changes_of ON alarm_changes (alarm, id);
CREATE INDEX alarm_changes_at ON alarm_changes (at);
CREATE TABLE alarm_cursors (
    source TEXT NOT NULL,
    equipment TEXT NOT NULL,
    window TEXT NOT NULL,
    positions BLOB NOT NULL,
    wafer_position INTEGER NOT NULL,
    last_us INTEGER,
    PRIMARY KEY (source, equipment)
) WITHOUT ROWID;
CREATE TABLE alarm_hours (
    source TEXT NOT NULL,
    equipment TEXT NOT NULL,
    monitor TEXT NOT NULL,
    productive_us INTEGER NOT NULL,
    other_us INTEGER NOT NULL,
    PRIMARY KEY (source, equipment, monitor)
) WITHOUT ROWID;
CREATE TABLE alarm_floods (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    began TEXT NOT NULL,
    ended TEXT NOT NULL,
    alarms INTEGER NOT NULL
);
CREATE TABLE installation (id TEXT NOT NULL);
INSERT INTO installation VALUES (lower(hex(randomblob(6))));
CREATE TABLE channels (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    secret TEXT NOT NULL,
    old_secret TEXT NOT NULL,
    old_secret_until TEXT NOT NULL,
    events TEXT NOT NULL,
    language TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    disabled_because TEXT NOT NULL,
    paused_until REAL NOT NULL,
    created TEXT NOT NULL,
    created_by TEXT NOT NULL
);
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT NOT NULL UNIQUE,
    channel INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    event TEXT NOT NULL,
    alarm INTEGER,
    body TEXT NOT NULL,
    subject TEXT NOT NULL,
    created TEXT NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    due REAL NOT NULL,
    failure TEXT NOT NULL,
    ended TEXT NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (channel, due, id) WHERE state = 'waiting';
CREATE INDEX outbox_state ON outbox (state, id);
"""
