// Where data comes from and what was made of it, as edges between runs, artifacts and collections: up through the inputs of
// each run, down through the runs that took its outputs. LaminDB's rules, also that the way down begins at the run's own
// outputs and that only rows of main and of the archive are shown.
import { LoamError } from '../errors.ts';
import { all, one, type Steps } from '../statement.ts';
import { tableOf } from './draft.ts';
import type { QueryScope } from './prepare.ts';

/** `artifact_<uid>`, `run_<uid>`, `collection_<uid>`. */
export type LineageEdge = [source: string, target: string];

interface Datum {
  kind: 'artifact' | 'collection';
  id: number;
  uid: string;
  run: number | null;
}

/** Edges above and below an artifact or a collection, each once, sorted. */
export function* lineageEdges(scope: QueryScope, registry: string, id: number): Steps<LineageEdge[]> {
  const table = tableOf(scope, registry);
  if (table.registry !== 'Artifact' && table.registry !== 'Collection')
    throw new LoamError('AttributeError', `'${table.registry}' object has no lineage.`, { registry });
  const kind = table.registry === 'Artifact' ? 'artifact' : 'collection';
  const kinds: Datum['kind'][] = kind === 'artifact' ? ['artifact', 'collection'] : ['collection'];
  const row = yield* one(`SELECT run_id FROM "${table.name}" WHERE id = ?`, [id]);
  const run = row?.[0] === null || row?.[0] === undefined ? null : Number(row[0]);
  const edges = new Map<string, LineageEdge>();
  const name = (datum: Datum) => `${datum.kind}_${datum.uid}`;
  const add = (source: string, target: string) => edges.set(`${source} ${target}`, [source, target]);

  function* connect(runId: number, withoutOutputs: boolean): Steps<{ inputs: Datum[]; outputs: Datum[] }> {
    const own = yield* one('SELECT uid FROM lamindb_run WHERE id = ?', [runId]);
    const node = `run_${String(own?.[0])}`;
    const outputs = yield* outputsOf(scope, runId, kinds);
    let inputs = yield* inputsOf(scope, runId, kinds);
    if (withoutOutputs) {
      const made = new Set(outputs.map(name));
      inputs = inputs.filter((datum) => !made.has(name(datum)));
    }
    for (const datum of inputs) add(name(datum), node);
    for (const datum of outputs) add(node, name(datum));
    return { inputs, outputs };
  }

  const above = new Set<number>();
  for (let runs = run === null ? [] : [run]; runs.length > 0;) {
    const next: number[] = [];
    for (const runId of runs) {
      if (above.has(runId)) continue;
      above.add(runId);
      const { inputs } = yield* connect(runId, true);
      for (const datum of inputs) if (datum.run !== null) next.push(datum.run);
    }
    runs = next;
  }

  const below = new Set<number>();
  for (let runs = run === null ? [] : [run]; runs.length > 0;) {
    const next = new Set<number>();
    for (const runId of runs) {
      if (below.has(runId)) continue;
      below.add(runId);
      const { outputs } = yield* connect(runId, false);
      for (const user of yield* usersOf(scope, outputs)) if (!below.has(user)) next.add(user);
    }
    runs = [...next];
  }
  return [...edges.values()].sort(([a, b], [c, d]) => (a < c ? -1 : a > c ? 1 : b < d ? -1 : b > d ? 1 : 0));
}

function* outputsOf(scope: QueryScope, run: number, kinds: readonly Datum['kind'][]): Steps<Datum[]> {
  const data: Datum[] = [];
  for (const kind of kinds) {
    const rows = yield* all(
      `SELECT id, uid, run_id FROM lamindb_${kind} WHERE run_id = ? AND +branch_id IN (${[0, ...scope.branches].join(', ')})${scope.hidden(`lamindb_${kind}`, 'id')}`,
      [run],
    );
    data.push(...rows.map((row) => datum(kind, row)));
  }
  return data;
}

function* inputsOf(scope: QueryScope, run: number, kinds: readonly Datum['kind'][]): Steps<Datum[]> {
  const data: Datum[] = [];
  for (const kind of kinds) {
    const rows = yield* all(
      `SELECT d.id, d.uid, d.run_id FROM lamindb_${kind}_input_of_runs l JOIN lamindb_${kind} d ON d.id = l.${kind}_id
       WHERE l.run_id = ? AND +d.branch_id IN (${[0, ...scope.branches].join(', ')})${scope.hidden(`lamindb_${kind}_input_of_runs`, 'l.id')}`,
      [run],
    );
    data.push(...rows.map((row) => datum(kind, row)));
  }
  return data;
}

function datum(kind: Datum['kind'], [id, uid, run]: unknown[]): Datum {
  return { kind, id: Number(id), uid: String(uid), run: run === null ? null : Number(run) };
}

/** Visible runs that took any of the data as input. */
function* usersOf(scope: QueryScope, data: readonly Datum[]): Steps<number[]> {
  const runs: number[] = [];
  for (const kind of ['artifact', 'collection'] as const) {
    const ids = data.filter((d) => d.kind === kind).map((d) => d.id);
    if (ids.length === 0) continue;
    const rows = yield* all(
      `SELECT DISTINCT r.id FROM json_each(?) j JOIN lamindb_${kind}_input_of_runs l ON l.${kind}_id = j.value
       JOIN lamindb_run r ON r.id = l.run_id WHERE +r.branch_id IN (${scope.branches.join(', ')})${scope.hidden(`lamindb_${kind}_input_of_runs`, 'l.id')}`,
      [JSON.stringify(ids)],
    );
    runs.push(...rows.map((row) => Number(row[0])));
  }
  return runs;
}
