// Rows of a sheet in bulk: into a record type, or into a new sheet below `Imports` with a schema of the columns that are
// features (lamindb 2.12.1 `Record.from_dataframe(type=…)`). One act, in slices; rows are always new ones.
import type { Journal } from '../write/journal.ts';
import type { EngineContext } from '../context.ts';
import { hostOf } from '../features/hosts.ts';
import { knownFeatures, type FeatureHandle } from '../features/find.ts';
import type { Rules } from '../features/rules.ts';
import { writeThrough } from '../features/through.ts';
import { isNull } from '../features/write.ts';
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { randomUid, randomUids } from '../uid.ts';
import { insert, type Values } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { create, inheritFromType } from './create.ts';
import { sheetOf } from './record.ts';
import type { Columns, ImportOptions, Imported, Ref } from './registry-types.ts';
import { resolveRef } from './resolve.ts';
import { idsIn } from './row-history.ts';
import { openTable, readPart, type SheetRows } from './sheet-table.ts';
import { registryOf, visibleBranches } from './tables.ts';

/** LaminDB's own uids of the types that imports go below. */
const importsUid = 'W3WdiFRZTvTJajNp';
const schemaImportsUid = 'DGZkj4yhGWMJE5fu';

interface Target {
  name: string;
  rules: Rules | null;
  /** Null for a type that is made with the first rows. */
  id: number | null;
  /** Features of a sheet to be made, with those that some rows have no value of. */
  features: FeatureHandle[];
  optional: Set<number>;
}

export function sheetPart(context: EngineContext) {
  const { model, read, jobs, random, request, writer } = context;
  const records = registryOf(model, 'Record');

  function* existing(ref: Ref): Steps<Target> {
    const id = yield* resolveRef(records, ref, { author: writer.author }, 'type');
    const row = yield* one('SELECT is_type, name FROM lamindb_record WHERE id = ?', [id]);
    if (row?.[0] !== 1) throw noType('`type` needs to be a record type (`is_type=True`).');
    if (row[1] === null) throw noType('`type` needs to have a non-null `name`.');
    const sheet = yield* sheetOf(id);
    return { name: String(row[1]), rules: sheet?.rules ?? null, id, features: [], optional: new Set() };
  }

  function* inferred(name: string, columns: Columns, options: ImportOptions): Steps<Target> {
    const known = yield* one(
      `SELECT 1 FROM lamindb_record r JOIN lamindb_record t ON t.id = r.type_id
       WHERE r.name = ? AND r.is_type = 1 AND t.uid = ? AND loam_present(r.branch_id)`,
      [name, importsUid],
    );
    if (known) {
      throw noType(
        `type '${name}' already exists under 'Imports', please pass it as a reference to reuse it: { uid }.`,
      );
    }
    const features = yield* knownFeatures(Object.keys(columns), visibleBranches(writer.author));
    if (features.length === 0) {
      throw noType(
        'Could not infer a schema from the columns. Ensure columns map to existing Features, or pass an existing record type.',
      );
    }
    // LaminDB requires all of them, so that a table with an empty cell fails; here such a column is optional.
    const has = (feature: FeatureHandle) =>
      (columns[feature.name] ?? []).map((v) => isNull(v, options.typed));
    const optional = new Set(features.filter((f) => has(f).includes(true)).map((f) => f.id));
    const required = features.filter((f) => !optional.has(f.id));
    return {
      name,
      rules: { schema: 0, members: features, index: null, required },
      id: null,
      features,
      optional,
    };
  }

  return {
    /**
     * Makes a record of each row of a table, given by columns. `type` names a record type; `{ create: name }` makes a new
     * sheet below `Imports`. Columns that are no feature of the sheet are told, not written.
     */
    async importRows(
      type: Ref | { create: string },
      columns: Columns,
      options: ImportOptions = {},
    ): Promise<Imported> {
      const name = typeof type === 'object' && 'create' in type ? type.create : null;
      const target = read(name === null ? existing(type as Ref) : inferred(name, columns, options));
      const rows = openTable(target, columns, options);
      const { count } = rows;
      // Ascending, so that a slice writes to few pages of the index of uids; none of them is less random for that.
      const uids = randomUids(count, records.uidLength, random).sort();
      const act = request() ?? randomUid(16, random);
      const title = `Import ${count} ${count === 1 ? 'record' : 'records'} into ${target.name}`;
      if (count === 0) throw noRows();
      let typeId = target.id;
      let constants: Values | null = null;
      // Twice the rows: all are read before the first is written.
      const steps = Array.from({ length: 2 * count }, (_, i) => i);
      const applied = await jobs.run({ uid: act, kind: 'import', title }, steps, function* (tx, part) {
        const [from, to] = [part[0] ?? 0, (part.at(-1) ?? -1) + 1];
        if (from < count) yield* readPart(tx, rows, from, Math.min(to, count));
        if (to <= count) return;
        typeId ??= yield* makeSheet(tx, target);
        constants ??= yield* constantsOf(tx, typeId);
        yield* writeRows(tx, rows, uids, Math.max(from, count) - count, to - count, constants);
      });
      const made = applied ? uids : read(uidsIn(writer.journal, act));
      const home = read(
        one('SELECT t.uid FROM lamindb_record r JOIN lamindb_record t ON t.id = r.type_id WHERE r.uid = ?', [
          made.at(-1) ?? '',
        ]),
      );
      return {
        type: { uid: String(home?.[0] ?? ''), name: target.name },
        created: made.length,
        uids: made,
        ignored: rows.ignored,
      };
    },
  };
}

/** Rows of a repeated request, without the types that were made with them. */
function* uidsIn(journal: Journal, act: string): Steps<string[]> {
  const ids = yield* idsIn(journal, act, 'lamindb_record');
  const rows = yield* all(
    'SELECT uid FROM lamindb_record WHERE is_type = 0 AND id IN (SELECT value FROM json_each(?)) ORDER BY id',
    [JSON.stringify(ids)],
  );
  return rows.map((r) => String(r[0]));
}

/** A sheet below `Imports`, with a schema below the `Imports` of schemas. */
function* makeSheet(tx: Transaction, { name, features, optional }: Target): Steps<number> {
  const imports = yield* typeWith(tx, 'Record', importsUid);
  const schemas = yield* typeWith(tx, 'Schema', schemaImportsUid);
  const members = features.map((f) => ({ feature: { id: f.id }, optional: optional.has(f.id) }));
  const schema = yield* create(tx, 'Schema', {
    name,
    features: members,
    otype: 'DataFrame',
    type: { id: schemas },
  });
  const fields = { name, is_type: true, type: { id: imports }, schema: { id: schema.id } };
  return (yield* create(tx, 'Record', fields, { searchNames: false })).id;
}

function* typeWith(tx: Transaction, registry: string, uid: string): Steps<number> {
  const table = registryOf(tx.journal.model, registry);
  const row = yield* one(`SELECT id FROM "${table.name}" WHERE uid = ?`, [uid]);
  if (row) return Number(row[0]);
  return (yield* create(tx, registry, { uid, name: 'Imports', is_type: true })).id;
}

/** What all rows of a type have in common. */
function* constantsOf(tx: Transaction, typeId: number): Steps<Values> {
  const table = registryOf(tx.journal.model, 'Record');
  const draft = { table, given: {}, values: { type_id: typeId } as Record<string, SqlValue>, options: {} };
  yield* inheritFromType(draft, undefined);
  return draft.values;
}

function* writeRows(
  tx: Transaction,
  rows: SheetRows,
  uids: readonly string[],
  from: number,
  to: number,
  constants: Values,
): Steps<void> {
  const count = to - from;
  if (count <= 0) return;
  const values: Values = { ...constants, uid: uids.slice(from, to), name: rows.names.slice(from, to) };
  for (const column of rows.columns) {
    if (column.kind !== 'field') continue;
    const stored = column.stored.slice(from, to);
    if (column.column === 'name') values['name'] = stored;
    else values[column.column] = stored;
  }
  const first = yield* insert(tx, 'lamindb_record', count, values);
  yield* writeCells(tx, rows, from, to, first);
  yield* writeLinks(tx, rows, from, to, first);
  const host = hostOf(tx.journal.model, 'Record');
  for (const column of rows.columns) {
    if (column.kind !== 'inverse') continue;
    const { feature } = column;
    for (let row = from; row < to; row++) {
      const value = column.values[row];
      if (isNull(value, rows.options.typed)) continue;
      const through = { fields: [], inverse: [{ feature, value }] };
      yield* writeThrough(tx, host, first + row - from, through, true, rows.options);
    }
  }
}

/** Plain values of all features in one insert, record by record. */
function* writeCells(tx: Transaction, rows: SheetRows, from: number, to: number, first: number): Steps<void> {
  const records: number[] = [];
  const features: number[] = [];
  const texts: string[] = [];
  for (let row = from; row < to; row++) {
    for (const column of rows.columns) {
      const text = column.kind === 'cells' ? (column.texts[row] ?? null) : null;
      if (text === null) continue;
      records.push(first + row - from);
      features.push(column.feature.id);
      texts.push(text);
    }
  }
  if (records.length > 0)
    yield* insert(tx, 'lamindb_recordjson', records.length, {
      record_id: records,
      feature_id: features,
      value: texts,
    });
}

function* writeLinks(tx: Transaction, rows: SheetRows, from: number, to: number, first: number): Steps<void> {
  const links = new Map<string, { records: number[]; features: number[]; values: number[] }>();
  for (let row = from; row < to; row++) {
    for (const column of rows.columns) {
      if (column.kind !== 'links') continue;
      for (const { table, id } of column.rows[row] ?? []) {
        let own = links.get(table);
        if (!own) links.set(table, (own = { records: [], features: [], values: [] }));
        own.records.push(first + row - from);
        own.features.push(column.feature.id);
        own.values.push(id);
      }
    }
  }
  const host = hostOf(tx.journal.model, 'Record');
  for (const [table, { records, features, values }] of links) {
    const link = host.links.get(table);
    if (link)
      yield* insert(tx, link.table, records.length, {
        [link.own]: records,
        [link.value]: values,
        feature_id: features,
      });
  }
}

const noRows = (): LoamError =>
  new LoamError('ValueError', 'The table has no rows. Nothing was imported.', { field: 'columns' });

const noType = (message: string): LoamError =>
  new LoamError('ValueError', message, { registry: 'Record', field: 'type' });
