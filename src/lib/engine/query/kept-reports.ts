// Reports that were kept of an artifact's validations: a report is an artifact that the run of the validation names as its own
// (lamindb 2.12.1 `Run.report`), hidden from lists as LaminDB hides those of its runs.
import { all, type Steps } from '../statement.ts';
import { isoTime } from '../time.ts';
import type { Hidden } from '../write/hidden.ts';

export interface KeptReport {
  /** Of the report, which is an artifact. */
  uid: string;
  run: string;
  at: string;
  schema: string | null;
  ok: boolean | null;
  errors: number | null;
}

/** LaminDB's kind of artifacts that belong to a run. */
export const runKind = '__lamindb_run__';
/** Key of the transform whose runs are validations. */
const validateKey = 'loam/validate';

/** The newest first. */
export function* keptReports(hidden: Hidden, artifact: number, most: number): Steps<KeptReport[]> {
  const rows = yield* all(
    `SELECT a.uid, r.uid, r.created_at, r.params FROM lamindb_artifact_input_of_runs i
     JOIN lamindb_run r ON r.id = i.run_id JOIN lamindb_transform t ON t.id = r.transform_id
     JOIN lamindb_artifact a ON a.id = r.report_id
     WHERE i.artifact_id = ? AND t.key = ? AND +a.branch_id <> -1${hidden('lamindb_artifact', 'a.id')}${hidden('lamindb_run', 'r.id')} ORDER BY r.id DESC LIMIT ?`,
    [artifact, validateKey, most],
  );
  return rows.map((row) => {
    const params = JSON.parse(String(row[3] ?? '{}')) as Record<string, unknown>;
    return {
      uid: String(row[0]),
      run: String(row[1]),
      at: isoTime(String(row[2])) ?? String(row[2]),
      schema: typeof params['schema'] === 'string' ? params['schema'] : null,
      ok: typeof params['ok'] === 'boolean' ? params['ok'] : null,
      errors: typeof params['errors'] === 'number' ? params['errors'] : null,
    };
  });
}
