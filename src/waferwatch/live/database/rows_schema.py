"""Tables of rows, scores and how far each stage has come."""

from __future__ import annotations

ROWS = """
CREATE TABLE live_equipment (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    sensors TEXT NOT NULL,         -- JSON list: readings of a row are in this order, new sensors are added at its end
    newest INTEGER,                -- time of its newest row in time order, nanoseconds since 1970
    series INTEGER NOT NULL,       -- number of the present series
    late_in_a_row INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    late INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    position INTEGER NOT NULL,     -- of its last row
    received REAL NOT NULL,        -- when that came: seconds since 1970 by the server's clock
    state TEXT NOT NULL,           -- as its last row says: a state of SEMI E10, or empty
    UNIQUE (source, name)
);
CREATE TABLE live_contexts (
    id INTEGER PRIMARY KEY,
    lot TEXT NOT NULL,
    wafer TEXT NOT NULL,
    recipe TEXT NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL,
    last INTEGER NOT NULL,         -- about the position of the last row with it: those of removed rows can go
    UNIQUE (lot, wafer, recipe, step, state)
);
CREATE TABLE live_rows (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    equipment INTEGER NOT NULL,
    time INTEGER NOT NULL,         -- nanoseconds since 1970
    sequence INTEGER NOT NULL,
    run TEXT NOT NULL,
    series INTEGER,                -- NULL: late, kept and not scored
    context INTEGER NOT NULL,
    received REAL NOT NULL,
    readings BLOB NOT NULL         -- float64, in the order of the equipment's sensors, those beyond its end are missing
);
CREATE UNIQUE INDEX live_rows_once ON live_rows (equipment, time, sequence, run);
CREATE INDEX live_rows_of ON live_rows (equipment);
CREATE TABLE live_scores (
    position INTEGER PRIMARY KEY,
    early REAL,                    -- NULL: not judged
    settled REAL,                  -- NULL: not yet, or not judged
    skipped INTEGER NOT NULL       -- 1: the early score was left out, since too many rows waited
);
CREATE TABLE live_progress (
    stage TEXT NOT NULL,
    equipment INTEGER NOT NULL,    -- 0: of all
    position INTEGER NOT NULL,     -- of the last row that the stage has finished with
    version TEXT NOT NULL,         -- NAME@NUMBER of the model, or empty
    detail TEXT NOT NULL,          -- JSON
    state BLOB,
    PRIMARY KEY (stage, equipment)
) WITHOUT ROWID;
CREATE TABLE live_wafers (
    equipment INTEGER NOT NULL,
    first INTEGER NOT NULL,        -- position of its first row
    last INTEGER NOT NULL,
    lot TEXT NOT NULL,
    wafer TEXT NOT NULL,
    recipe TEXT NOT NULL,
    version TEXT NOT NULL,
    verdict TEXT NOT NULL,         -- JSON
    PRIMARY KEY (equipment, first)
) WITHOUT ROWID;
CREATE TABLE live_watches (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,          -- patterns with * and ?
    equipment TEXT NOT NULL,
    monitor TEXT NOT NULL,
    settings TEXT NOT NULL,        -- JSON
    UNIQUE (source, equipment)
);
CREATE TABLE live_maintenance (
    id INTEGER PRIMARY KEY,
    equipment TEXT NOT NULL,
    began REAL NOT NULL,
    ended REAL,                    -- NULL: goes on
    quiet INTEGER NOT NULL,        -- wafers after its end that raise no alarm
    wafers INTEGER NOT NULL,       -- of these, how many have ended
    note TEXT NOT NULL,
    by TEXT NOT NULL
);
CREATE TABLE live_files (
    folder TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    state TEXT NOT NULL,           -- processed, failed or skipped
    rows INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (folder, name)
) WITHOUT ROWID;
CREATE TABLE live_marks (
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,        -- how far a source has been read, such as a Kafka offset
    PRIMARY KEY (source, name)
) WITHOUT ROWID
"""

LEARNING = """
CREATE TABLE live_faulty (
    id INTEGER PRIMARY KEY,
    equipment TEXT NOT NULL,
    lot TEXT NOT NULL,
    wafer TEXT NOT NULL,           -- empty: by time
    start INTEGER,                 -- nanoseconds since 1970
    stop INTEGER,
    note TEXT NOT NULL,
    by TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX live_faulty_of ON live_faulty (equipment);
ALTER TABLE live_maintenance ADD COLUMN rebase TEXT NOT NULL DEFAULT '';   -- '', waiting, done or refused
ALTER TABLE live_maintenance ADD COLUMN version TEXT NOT NULL DEFAULT '';  -- NAME@NUMBER that was made
ALTER TABLE live_maintenance ADD COLUMN reason TEXT NOT NULL DEFAULT '';   -- JSON of a sentence: why it was refused
CREATE TABLE live_replays (
    source TEXT PRIMARY KEY,
    dataset TEXT NOT NULL,
    speed REAL NOT NULL,
    shift INTEGER NOT NULL,        -- nanoseconds that are added to the times of its rows
    began REAL NOT NULL,           -- seconds since 1970
    rows INTEGER NOT NULL,
    state TEXT NOT NULL,           -- running, done, stopped or failed
    reason TEXT NOT NULL           -- JSON of a sentence: why it failed
) WITHOUT ROWID
"""
