// Edits as somebody makes them with SQL or Python, at random: whole transactions over rows that are there.
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import { inPostgresTransaction, type Postgres, type PostgresSession } from '../../server/postgres.ts';

type Chance = () => number;

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const uidOf = (chance: Chance, length: number): string =>
  Array.from({ length }, () => letters[Math.floor(chance() * 26)]).join('');

/** One transaction of one to four edits. Gives what was done; one that Postgres refuses is taken back whole. */
export async function anyEdit(postgres: Postgres, chance: Chance): Promise<string> {
  const done: string[] = [];
  try {
    await postgres.session((session) =>
      inPostgresTransaction(session, async () => {
        const count = 1 + Math.floor(chance() * 4);
        for (let i = 0; i < count; i++) done.push(await oneEdit(session, chance));
      }),
    );
  } catch (error) {
    return `refused after ${done.join(', ')}: ${(error as Error).message}`;
  }
  return done.join(', ');
}

async function oneEdit(session: PostgresSession, chance: Chance): Promise<string> {
  const ask = async (sql: string, params: SqlValue[] = []) => (await session.query(sql, params)).rows;
  const pick = async (table: string, where = 'true'): Promise<number | null> => {
    const rows = await ask(`SELECT id FROM ${table} WHERE ${where} ORDER BY uid`);
    const row = rows[Math.floor(chance() * rows.length)];
    return row ? Number(row[0]) : null;
  };
  const label = await pick('lamindb_ulabel');
  const artifact = await pick('lamindb_artifact');
  const word = `sql ${Math.floor(chance() * 1000)}`;
  const edits: [string, () => Promise<unknown>][] = [
    [
      'label',
      () =>
        ask('INSERT INTO lamindb_ulabel(uid, name, is_type, created_by_id) VALUES ($1, $2, false, 1)', [
          uidOf(chance, 8),
          word,
        ]),
    ],
    [
      'typed label',
      () =>
        ask(
          `WITH t AS (INSERT INTO lamindb_ulabel(uid, name, is_type, created_by_id) VALUES ($1, $2, true, 1) RETURNING id)
           SELECT id FROM t`,
          [uidOf(chance, 8), `type ${word}`],
        ).then(([row]) =>
          ask(
            'INSERT INTO lamindb_ulabel(uid, name, is_type, created_by_id, type_id) VALUES ($1, $2, false, 1, $3)',
            [uidOf(chance, 8), word, row?.[0] ?? null],
          ),
        ),
    ],
    ['rename', () => ask('UPDATE lamindb_ulabel SET name = $1 WHERE id = $2', [word, label])],
    [
      'artifact',
      () =>
        ask(
          `INSERT INTO lamindb_artifact(uid, key, suffix, storage_id, size, hash, _hash_type, _key_is_virtual, _overwrite_versions, created_by_id, is_latest, created_on_id)
           VALUES ($1, $2, '.csv', 1, 5, $3, 'md5', true, false, 1, true, 1)`,
          [`${uidOf(chance, 16)}0000`, `${word}.csv`, uidOf(chance, 22)],
        ),
    ],
    ['describe', () => ask('UPDATE lamindb_artifact SET description = $1 WHERE id = $2', [word, artifact])],
    [
      'describe all',
      () => ask(`UPDATE lamindb_artifact SET n_observations = $1`, [Math.floor(chance() * 9)]),
    ],
    ['trash', () => ask('UPDATE lamindb_artifact SET branch_id = -1 WHERE id = $1', [artifact])],
    ['restore', () => ask('UPDATE lamindb_artifact SET branch_id = 1 WHERE branch_id = -1')],
    [
      'annotate',
      () =>
        artifact === null || label === null
          ? Promise.resolve()
          : ask(
              `INSERT INTO lamindb_artifactulabel(artifact_id, ulabel_id, created_by_id) SELECT $1::int, $2::int, 1
           WHERE NOT EXISTS (SELECT 1 FROM lamindb_artifactulabel WHERE artifact_id = $1::int AND ulabel_id = $2::int AND feature_id IS NULL)`,
              [artifact, label],
            ),
    ],
    ['unlink', () => ask('DELETE FROM lamindb_artifactulabel WHERE ulabel_id = $1', [label])],
    [
      'delete label',
      async () => {
        if (label === null || chance() < 0.6) return;
        // As Django does it: what hangs on it first; a type takes what is of it.
        for (const sql of [
          'UPDATE lamindb_ulabel SET type_id = NULL WHERE type_id = $1',
          'DELETE FROM lamindb_artifactulabel WHERE ulabel_id = $1',
          'DELETE FROM lamindb_ulabel_parents WHERE from_ulabel_id = $1 OR to_ulabel_id = $1',
          'DELETE FROM lamindb_ulabel WHERE id = $1',
        ])
          await ask(sql, [label]);
      },
    ],
    [
      'swap names',
      () =>
        ask(`UPDATE lamindb_ulabel a SET description = b.name FROM lamindb_ulabel b WHERE b.id = a.id + 1`),
    ],
    [
      'feature',
      () =>
        ask(
          `INSERT INTO lamindb_feature(uid, name, is_type, _dtype_str, created_by_id, nullable, coerce) VALUES ($1, $2, false, 'int', 1, true, false)`,
          [uidOf(chance, 12), `f ${word}`],
        ),
    ],
    [
      'rename feature',
      async () => {
        const feature = await pick('lamindb_feature');
        return ask('UPDATE lamindb_feature SET name = $1 WHERE id = $2', [`f ${word}`, feature]);
      },
    ],
  ];
  const [name, edit] = edits[Math.floor(chance() * edits.length)] as (typeof edits)[number];
  await edit();
  return name;
}
