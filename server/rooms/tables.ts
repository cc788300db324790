// Where live texts are kept in Postgres: the updates as they came, of which the older ones are put together from time to time.
import type { SchemaStep } from '../loam-schema.ts';

const updates = `
CREATE TABLE loam.room_update (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instance text NOT NULL,
  room text NOT NULL CHECK (length(room) <= 150),
  -- An update of Yjs (v1) that was read before it was taken (engine/rooms/text-update.ts).
  bytes bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE loam.room_update ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE INDEX room_update_room ON loam.room_update (instance, room, seq);
`;

export const roomSteps: readonly SchemaStep[] = [{ name: 'rooms 1', sql: updates }];
