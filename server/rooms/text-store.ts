// Live texts in Postgres. Only what text-update.ts has read is put here, so that what comes out needs no second look.
import * as Y from 'yjs';
import { inPostgresTransaction, type Postgres } from '../postgres.ts';

/** A room with more rows than this is put together into one when it is opened. */
const mostRows = 100;

export interface KeptUpdate {
  seq: number;
  bytes: Uint8Array;
}

export interface TextStore {
  /** What a room has behind this place. */
  since(room: string, seq: number): Promise<KeptUpdate[]>;
  /** Keeps updates, in one transaction; answers with the place of the last. Other nodes are told. */
  keep(room: string, updates: readonly Uint8Array[], node: string): Promise<number>;
  /** Puts the rows of a room together into one. */
  compact(room: string): Promise<void>;
  /** Tells other nodes something that is kept nowhere. */
  tell(payload: string): Promise<void>;
}

export const roomChannel = 'loam_room';

export function createTextStore(postgres: Postgres, instance: string): TextStore {
  return {
    since: (room, seq) =>
      postgres.session(async (session) => {
        const { rows } = await session.query(
          'SELECT seq, bytes FROM loam.room_update WHERE instance = $1 AND room = $2 AND seq > $3 ORDER BY seq',
          [instance, room, seq],
        );
        return rows.map(([at, bytes]) => ({ seq: Number(at), bytes: new Uint8Array(bytes as Uint8Array) }));
      }),
    keep: (room, updates, node) =>
      postgres.session((session) =>
        inPostgresTransaction(session, async () => {
          // In the order of their places: who reads behind a place has all before it.
          await session.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
            `${instance} ${room}`,
          ]);
          let last = 0;
          for (const bytes of updates) {
            const { rows } = await session.query(
              'INSERT INTO loam.room_update (instance, room, bytes) VALUES ($1, $2, $3) RETURNING seq',
              [instance, room, bytes],
            );
            last = Number(rows[0]?.[0]);
          }
          await session.query('SELECT pg_notify($1, $2)', [roomChannel, `${node} ${instance} ${room}`]);
          return last;
        }),
      ),
    compact: (room) =>
      postgres.session((session) =>
        inPostgresTransaction(session, async () => {
          // Another node may do the same: whoever comes second finds one row, which is left alone.
          const { rows } = await session.query(
            'SELECT seq, bytes FROM loam.room_update WHERE instance = $1 AND room = $2 ORDER BY seq FOR UPDATE',
            [instance, room],
          );
          if (rows.length < mostRows) return;
          const whole = Y.mergeUpdates(rows.map(([, bytes]) => new Uint8Array(bytes as Uint8Array)));
          const last = Number(rows.at(-1)?.[0]);
          await session.query('UPDATE loam.room_update SET bytes = $1 WHERE seq = $2', [whole, last]);
          await session.query('DELETE FROM loam.room_update WHERE instance = $1 AND room = $2 AND seq < $3', [
            instance,
            room,
            last,
          ]);
        }),
      ),
    tell: (payload) =>
      postgres.session(async (session) => {
        await session.query('SELECT pg_notify($1, $2)', [roomChannel, payload]);
      }),
  };
}
