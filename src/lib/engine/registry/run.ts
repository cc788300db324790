// Runs (lamindb 2.12.1 `Run`): a run has a transform and starts as scheduled or started; what it took in and what it made
// again. And the runs of in-app acts: every drop is a Run of a Transform (architecture idea 7, features row 25).
import { writeValues } from '../features/host-values.ts';
import { LoamError } from '../errors.ts';
import { all, one, type Steps } from '../statement.ts';
import { insert, insertOne, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { randomUid } from '../uid.ts';
import { timeText } from '../time.ts';
import { take, without, type Behaviour } from './behaviour.ts';
import type { FeatureValues } from './registry-types.ts';
import { codeOf, runStatus } from './status.ts';

export const run: Behaviour = {
  takes: ['status', 'features'],
  create: (tx, { table, given, values, options }) =>
    without(() => {
      const own = take(given, 'features') as FeatureValues | undefined;
      const features = own ?? options.features ?? null;
      const status = take(given, 'status') ?? 'scheduled';
      if ((given['transform'] ?? given['transform_id'] ?? null) === null)
        throw new LoamError('TypeError', 'Pass transform: a run is a run of one.', {
          registry: 'Run',
          field: 'transform',
        });
      if (status !== 'scheduled' && status !== 'started') {
        throw new LoamError(
          'ValueError',
          `status must be 'scheduled' or 'started', but you passed: ${JSON.stringify(status)?.slice(0, 40)}. Change it once the run is there.`,
          { registry: 'Run', field: 'status' },
        );
      }
      values['_status_code'] = codeOf('Run', runStatus, status);
      values['started_at'] = tx.time;
      checkObject(given['params'], 'params');
      return {
        *after(id) {
          if (features !== null) yield* writeValues(tx, table, [id], 'set', features);
        },
      };
    }),
  update: (tx, { given, values, row }) =>
    without(() => {
      const status = take(given, 'status');
      checkObject(given['params'], 'params');
      if (status === undefined) return {};
      const code = codeOf('Run', runStatus, status);
      values['_status_code'] = code;
      // A run that ends has an end; one that starts again has none yet.
      if (code >= 0 && row['finished_at'] === null) values['finished_at'] = timeText(tx.at);
      if (code < 0 && row['finished_at'] !== null) values['finished_at'] = null;
      return {};
    }),
};

function checkObject(value: unknown, field: string): void {
  if (value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value))) return;
  throw new LoamError('ValidationError', `"${field}" of Run must be an object of names and values.`, {
    registry: 'Run',
    field,
  });
}

/** Inputs of a run: not what the run itself made or made again (LaminDB's `is_valid_input`), each once. */
export function* trackInputs(
  tx: Transaction,
  what: 'artifact' | 'collection',
  runId: number,
  ids: readonly number[],
): Steps<void> {
  const rows = yield* all(
    `SELECT t.id FROM lamindb_${what} t WHERE t.id IN (SELECT value FROM json_each(?1)) AND t.run_id IS NOT ?2
       AND NOT EXISTS (SELECT 1 FROM lamindb_${what}_input_of_runs i WHERE i.${what}_id = t.id AND i.run_id = ?2)
       AND NOT EXISTS (SELECT 1 FROM lamindb_${what}_recreating_runs r WHERE r.${what}_id = t.id AND r.run_id = ?2) ORDER BY t.id`,
    [JSON.stringify(ids), runId],
  );
  if (rows.length === 0) return;
  yield* insert(tx, `lamindb_${what}_input_of_runs`, rows.length, {
    [`${what}_id`]: rows.map((r) => r[0] ?? null),
    run_id: runId,
  });
}

/** LaminDB's rule for what is found again in a tracked run: the run re-created it, unless it made it or took it in. */
export function* markRecreated(
  tx: Transaction,
  what: 'artifact' | 'collection',
  id: number,
  runId: number,
): Steps<void> {
  const row = yield* one(`SELECT run_id FROM lamindb_${what} WHERE id = ?`, [id]);
  if (row?.[0] === null) {
    yield* update(tx, `lamindb_${what}`, [id], { run_id: runId });
    return;
  }
  if (row?.[0] === runId) return;
  const known = yield* one(
    `SELECT 1 FROM lamindb_${what}_input_of_runs WHERE ${what}_id = ?1 AND run_id = ?2
     UNION SELECT 1 FROM lamindb_${what}_recreating_runs WHERE ${what}_id = ?1 AND run_id = ?2`,
    [id, runId],
  );
  if (!known) yield* insertOne(tx, `lamindb_${what}_recreating_runs`, { [`${what}_id`]: id, run_id: runId });
}

export const dropTransformKey = 'loam/drop-files';

export const dropTransform = (tx: Transaction): Steps<number> =>
  ownTransform(tx, dropTransformKey, 'Files dropped into Loam');

/** The transform that stands for something Loam itself does, made at its first use. */
export function* ownTransform(tx: Transaction, key: string, description: string): Steps<number> {
  const row = yield* one(
    'SELECT id FROM lamindb_transform WHERE key = ? AND loam_present(branch_id) ORDER BY is_latest DESC, id DESC LIMIT 1',
    [key],
  );
  if (row) return Number(row[0]);
  return yield* insertOne(tx, 'lamindb_transform', {
    uid: `${randomUid(12, tx.journal.random)}0000`,
    key,
    description,
    kind: 'function',
  });
}

export function* startRun(
  tx: Transaction,
  transformId: number,
  params: Record<string, unknown>,
): Steps<{ id: number; uid: string }> {
  const uid = randomUid(16, tx.journal.random);
  const id = yield* insertOne(tx, 'lamindb_run', {
    uid,
    transform_id: transformId,
    started_at: tx.time,
    params: JSON.stringify(params),
    _status_code: runStatus.started,
  });
  return { id, uid };
}

/** The id of a run that has not ended. */
export function* runningOf(uid: string): Steps<number> {
  const row = yield* one('SELECT id, _status_code FROM lamindb_run WHERE uid = ?', [uid]);
  if (!row) throw new LoamError('DoesNotExist', `There is no run ${uid}.`, { registry: 'Run', uid });
  if (Number(row[1]) >= 0)
    throw new LoamError('InvalidArgument', `The run ${uid} has ended, so it saves nothing more.`, {
      registry: 'Run',
      uid,
    });
  return Number(row[0]);
}

export function* finishRun(tx: Transaction, id: number, status: keyof typeof runStatus): Steps<void> {
  yield* update(tx, 'lamindb_run', [id], { finished_at: timeText(tx.at), _status_code: runStatus[status] });
}
