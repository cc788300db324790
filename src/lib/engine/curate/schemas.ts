// Which schemas an artifact can be held against, and the keeping of a validation's report.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { findArtifact } from '../query/artifact-detail.ts';
import { keptReports, runKind, type KeptReport } from '../query/kept-reports.ts';
import { registryOf, visible } from '../registry/tables.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { suffixOf } from '../suffix.ts';
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
  /** Files of this suffix alone; null for any. */
  suffix: string | null;
  /** An artifact was validated against it, or belongs to it. */
  used: boolean;
  /** One of LaminDB's own that was not made here yet: `uid` is its name for `builtinSchema`. */
  builtin: boolean;
}

/** What each built-in schema is for; genes alone are no dataset. */
const ownBuiltin: Readonly<Record<BuiltinSchema, string | null>> = {
  valid_features: 'DataFrame',
  valid_ensembl_gene_ids: null,
  anndata_ensembl_gene_ids_and_valid_features_in_obs: 'AnnData',
};

/** Of the newest artifact that belongs to it: an index answers, however many there are. */
const lastUse = '(SELECT max(a.id) FROM lamindb_artifact a WHERE a.schema_id = s.id)';

export function schemasPart({ model, read, writer, act }: EngineContext) {
  const hidden = writer.journal.hidden.without;

  /** What has the otype, in the order given; then what is built in and not made yet. */
  function* listed(
    otype: string | null,
    { own, suffixes, order }: { own: SqlValue; suffixes: readonly string[] | null; order: string },
  ): Steps<CurationSchema[]> {
    const table = registryOf(model, 'Schema');
    // A schema of any table has no otype; parts of composites are such, too.
    const rows = yield* all(
      `SELECT s.uid, s.name, s.description, s.otype, s.id IS ?1, s.n_members, s.flexible, s.suffix, ${lastUse} AS used
       FROM lamindb_schema s WHERE s.is_type = 0 AND (s.id IS ?1 OR (s.name IS NOT NULL
         AND (?2 IS NULL OR s.otype = ?2 OR (s.otype IS NULL AND ?2 = 'DataFrame'))
         AND (?3 IS NULL OR s.suffix IS NULL OR s.suffix IN (SELECT value FROM json_each(?3)))
         AND ${visible(table, writer.author, 's.')}))
       ORDER BY ${order}, s.created_at DESC, s.id DESC LIMIT 500`,
      [own, otype, suffixes === null ? null : JSON.stringify(suffixes)],
    );
    const there = rows.map((row) => ({
      uid: String(row[0]),
      name: String(row[1] ?? row[0]),
      description: row[2] === null ? null : String(row[2]),
      otype: row[3] === null ? null : String(row[3]),
      own: row[4] === 1,
      members: row[5] === null ? null : Number(row[5]),
      flexible: row[6] === 1,
      suffix: row[7] === null ? null : String(row[7]),
      used: row[8] !== null,
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
        suffix: null,
        used: false,
        builtin: true,
      })),
    ];
  }

  function* schemasFor(id: number): Steps<CurationSchema[]> {
    const artifact = yield* one('SELECT otype, schema_id FROM lamindb_artifact WHERE id = ?', [id]);
    const otype = artifact?.[0] ?? null;
    const own = artifact?.[1] ?? null;
    return yield* listed(otype === null ? null : String(otype), {
      own,
      suffixes: null,
      order: 's.id IS ?1 DESC',
    });
  }

  return {
    curationSchemas(uid: string): { schemas: CurationSchema[]; reports: KeptReport[] } {
      return read(
        (function* () {
          const { id } = yield* findArtifact(hidden, uid);
          return { schemas: yield* schemasFor(id), reports: yield* keptReports(hidden, id, 20) };
        })(),
      );
    },

    /**
     * Schemas that datasets of an otype and of these files' suffixes can be held against before they are saved; what was used
     * last comes first.
     */
    datasetSchemas: (otype: string, names: readonly string[]): CurationSchema[] =>
      read(
        listed(otype, {
          own: null,
          suffixes: [...new Set(names.map((name) => suffixOf(name).canonical))],
          order: 'used DESC NULLS LAST',
        }),
      ),

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
