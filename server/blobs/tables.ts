// What the server knows of bytes (docs/decisions/0041): which are whole in its storage, and which are on their way there.
import type { SchemaStep } from '../loam-schema.ts';

const blobs = `
CREATE TABLE loam.blob (
  instance text NOT NULL,
  -- Below the root of the server's storage.
  key text NOT NULL CHECK (length(key) <= 1024),
  size bigint NOT NULL CHECK (size >= 0),
  -- Null: somebody put the file there without us, and nobody has read it yet.
  sha256 bytea CHECK (length(sha256) = 32),
  account text,
  at timestamptz NOT NULL,
  PRIMARY KEY (instance, key)
);
CREATE TABLE loam.blob_upload (
  id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
  instance text NOT NULL,
  key text NOT NULL CHECK (length(key) <= 1024),
  size bigint NOT NULL CHECK (size >= 0),
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  account text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX ON loam.blob_upload (account);
`;

export const blobSteps: readonly SchemaStep[] = [{ name: 'blobs: kept and coming', sql: blobs }];
