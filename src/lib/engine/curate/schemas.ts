// Which schemas an artifact can be held against, and the reports that were kept of it: a report is an artifact that the run of
// the validation names as its own (lamindb 2.12.1 `Run.report`), hidden from lists as LaminDB hides those of its runs.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { findArtifact } from '../query/artifact-detail.ts';
import { registryOf, visible } from '../registry/tables.ts';
import { all, one, type Steps } from '../statement.ts';
import { isoTime } from '../time.ts';
import { update } from '../write/apply.ts';
import { builtinSchemas, type BuiltinSchema } from './builtin.ts';

export interface CurationSchema {
  uid: string;
  name: string;
  description: string | null;
  /** What a dataset has to be; null for any table. */
  otype: string | null;
  /** The one that the artifact belongs to. */
  own: boolean;
  members: number | null;
  flexible: boolean;
  /** One of LaminDB's own that was not made here yet: `uid` is its name for `builtinSchema`. */
  builtin: boolean;
}

export interface KeptReport {
  /** Of the report, which is an artifact. */
  uid: string;
  run: string;
  at: string;
  schema: string | null;
  ok: boolean | null;
  errors: number | null;
}

/** What each built-in schema is for; genes alone are no dataset. */
const ownBuiltin: Readonly<Record<BuiltinSchema, string | null>> = {
  valid_features: 'DataFrame',
  valid_ensembl_gene_ids: null,
  anndata_ensembl_gene_ids_and_valid_features_in_obs: 'AnnData',
};

/** LaminDB's kind of artifacts that belong to a run. */
export const runKind = '__lamindb_run__';
/** Key of the transform whose runs are validations. */
export const validateKey = 'loam/validate';

export function schemasPart({ model, read, writer, act }: EngineContext) {
  const hidden = writer.journal.hidden.without;

  function* schemasFor(id: number): Steps<CurationSchema[]> {
    const table = registryOf(model, 'Schema');
    const artifact = yield* one('SELECT otype, schema_id FROM lamindb_artifact WHERE id = ?', [id]);
    const otype = artifact?.[0] ?? null;
    const own = artifact?.[1] ?? null;
    // A schema of any table has no otype; parts of composites are such, too.
    const fits =
      otype === null
        ? '1'
        : otype === 'DataFrame'
          ? `(s.otype IS NULL OR s.otype = 'DataFrame')`
          : `s.otype = '${String(otype).replaceAll("'", "''")}'`;
    const rows = yield* all(
      `SELECT s.uid, s.name, s.description, s.otype, s.id IS ?1, s.n_members, s.flexible FROM lamindb_schema s
       WHERE s.is_type = 0 AND (s.id IS ?1 OR (s.name IS NOT NULL AND ${fits} AND ${visible(table, writer.author, 's.')}))
       ORDER BY s.id IS ?1 DESC, s.created_at DESC, s.id DESC LIMIT 500`,
      [own],
    );
    const there = rows.map((row) => ({
      uid: String(row[0]),
      name: String(row[1] ?? row[0]),
      description: row[2] === null ? null : String(row[2]),
      otype: row[3] === null ? null : String(row[3]),
      own: row[4] === 1,
      members: row[5] === null ? null : Number(row[5]),
      flexible: row[6] === 1,
      builtin: false,
    }));
    const names = new Set(there.map(({ name }) => name));
    const offered = builtinSchemas.filter(
      (name) => !names.has(name) && ownBuiltin[name] !== null && ownBuiltin[name] === (otype ?? 'DataFrame'),
    );
    return [
      ...there,
      ...offered.map((name) => ({
        uid: name,
        name,
        description: null,
        otype: ownBuiltin[name],
        own: false,
        members: null,
        flexible: true,
        builtin: true,
      })),
    ];
  }

  function* reportsOf(id: number): Steps<KeptReport[]> {
    const rows = yield* all(
      `SELECT a.uid, r.uid, r.created_at, r.params FROM lamindb_artifact_input_of_runs i
       JOIN lamindb_run r ON r.id = i.run_id JOIN lamindb_transform t ON t.id = r.transform_id
       JOIN lamindb_artifact a ON a.id = r.report_id
       WHERE i.artifact_id = ? AND t.key = ? AND loam_present(a.branch_id)${hidden('lamindb_run', 'r.id')} ORDER BY r.id DESC LIMIT 20`,
      [id, validateKey],
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

  return {
    curationSchemas(uid: string): { schemas: CurationSchema[]; reports: KeptReport[] } {
      return read(
        (function* () {
          const { id } = yield* findArtifact(hidden, uid);
          return { schemas: yield* schemasFor(id), reports: yield* reportsOf(id) };
        })(),
      );
    },

    /** Makes an artifact the report of the run that it came from. */
    keepReport(uid: string): void {
      const { id } = read(findArtifact(hidden, uid));
      const run = read(one('SELECT run_id FROM lamindb_artifact WHERE id = ?', [id]))?.[0] ?? null;
      if (run === null)
        throw new LoamError(
          'InvalidArgument',
          `The artifact ${uid} came from no run, so it is no report of one.`,
          {
            uid,
          },
        );
      act('validate', 'Keep a validation report', function* (tx) {
        yield* update(tx, 'lamindb_run', [Number(run)], { report_id: id });
        yield* update(tx, 'lamindb_artifact', [id], { kind: runKind });
      });
    },
  };
}
