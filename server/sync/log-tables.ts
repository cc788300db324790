// The log of an instance and what replicas start from (decision 0040): what has a row here was acknowledged, and nothing else
// was. Places are dense for each instance, since whoever appends holds the instance's lock.
import type { SchemaStep } from '../loam-schema.ts';

const log = `
-- Which log this is: a database that was made anew under the same name has another.
CREATE TABLE loam.log_origin (
  instance text PRIMARY KEY,
  uid text NOT NULL,
  made_at timestamptz NOT NULL
);
CREATE TABLE loam.log_item (
  instance text NOT NULL,
  -- 1, 2, 3 …: the order in which nodes and peers may take them.
  seq bigint NOT NULL CHECK (seq > 0),
  -- 'void': a record that stands further up was refused later; its content is gone from there.
  kind text NOT NULL CHECK (kind IN ('item', 'void')),
  doc text NOT NULL CHECK (doc ~ '^b/[0-9A-Za-z]{1,40}/[1-9][0-9]{0,8}$'),
  client bigint NOT NULL CHECK (client > 0),
  clock bigint NOT NULL CHECK (clock >= 0),
  -- The very bytes of the record; NULL: it was refused.
  content bytea,
  reason text CHECK (length(reason) <= 2000),
  -- Uid of the account that brought it; NULL: the server itself, for edits of others in the database.
  account text,
  at timestamptz NOT NULL,
  PRIMARY KEY (instance, seq),
  CHECK (kind = 'item' OR content IS NULL)
);
ALTER TABLE loam.log_item ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX log_item_place ON loam.log_item (instance, client, clock) WHERE kind = 'item';
`;

const snapshots = `
CREATE TABLE loam.snapshot (
  instance text NOT NULL,
  -- Everything up to this place of the log is in it; 0: the database as it was before the first record.
  seq bigint NOT NULL CHECK (seq >= 0),
  at timestamptz NOT NULL,
  -- What follows is of the file, unpacked.
  bytes bigint NOT NULL,
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  -- Fingerprint of the tables and columns.
  model text NOT NULL,
  -- Where the chunks are: here, or the name of a place of its own.
  stored text NOT NULL,
  PRIMARY KEY (instance, seq)
);
CREATE TABLE loam.snapshot_chunk (
  instance text NOT NULL,
  seq bigint NOT NULL,
  part integer NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (instance, seq, part),
  FOREIGN KEY (instance, seq) REFERENCES loam.snapshot ON DELETE CASCADE
);
ALTER TABLE loam.snapshot_chunk ALTER COLUMN content SET STORAGE EXTERNAL;
`;

/** In the order in which they are done. */
export const syncSteps: readonly SchemaStep[] = [
  { name: 'sync: log', sql: log },
  { name: 'sync: snapshots', sql: snapshots },
];
