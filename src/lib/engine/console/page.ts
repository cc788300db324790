// One page of a statement's rows as columns, long values cut. The rows of a page are of one state of the database: a
// write in between makes it begin again. A full page leaves its statement open for the next one, where nothing needs
// the connection meanwhile; if something does, the next page passes over the rows before it.
import { LoamError, isLoamError } from '../errors.ts';
import type { ReaderRow, SqlDriver, SqlValue } from '../ports.ts';
import { all, runSync } from '../statement.ts';
import type { Stepper, Stepping } from './stepping.ts';
import { kindNames, type SqlPage, type SqlSpec } from './types.ts';

const rowsMost = 10_000;
/** Of one value, in bytes: as much as a person reads. */
const valueMost = 32 * 1024;
const blobMost = 1024;
/** Of one page: it must be copied to the page in a frame or two. */
const pageMost = 8 * 1024 * 1024;
/** After so many new beginnings the rows are taken as they are, and that is said. */
const changesMost = 4;

const kindNumber = new Map(kindNames.map((name, number) => [name, number]));

interface Cell {
  value: SqlValue;
  kind: number;
  bytes: number;
  /** Length of what is left of it. */
  kept: number;
}

function cellsOf(row: ReaderRow, width: number): Cell[] {
  return Array.from({ length: width }, (_, i) => {
    const kind = row.kind(i);
    const bytes = row.bytes(i);
    const most = kind === 'blob' ? blobMost : valueMost;
    return {
      value: row.value(i, most),
      kind: kindNumber.get(kind) ?? 0,
      bytes,
      kept: Math.min(bytes, most),
    };
  });
}

export function createPager(driver: SqlDriver, stepper: Stepper) {
  /** The statement of the last full page, and the row that showed that there are more. */
  let parked: { s: Stepping; next: Cell[] } | null = null;

  function takeParked(spec: SqlSpec): { s: Stepping; next: Cell[] } | null {
    const held = parked;
    parked = null;
    if (!held) return null;
    const { s, next } = held;
    const goesOn = s.sql === spec.sql && s.seen === spec.skip + 1 && sameParams(s.params, spec.params ?? {});
    if (goesOn && s.reader?.open && s.stamp === stepper.stamp()) return { s: stepper.adopt(s, spec), next };
    stepper.end(s);
    return null;
  }

  function park(held: { s: Stepping; next: Cell[] }): void {
    if (parked) stepper.end(parked.s);
    parked = held;
  }

  return async function page(spec: SqlSpec): Promise<SqlPage> {
    const limit = Math.max(1, Math.min(rowsMost, Math.floor(spec.limit)));
    const skip = Math.max(0, Math.floor(spec.skip));
    const held = takeParked({ ...spec, skip });
    const s = held?.s ?? stepper.begin({ ...spec, skip, keep: false });
    let changed = spec.stamp !== undefined && spec.stamp !== s.stamp;
    let changes = 0;
    let rows: Cell[][] = held ? [held.next] : [];
    let size = 0;
    let extra: Cell[] | null = null;
    let stopped = false;

    function visit(row: ReaderRow): boolean {
      const cells = cellsOf(row, s.columns.length);
      if (rows.length === limit || size > pageMost) {
        extra = cells;
        return false;
      }
      rows.push(cells);
      for (const { kept } of cells) size += kept + 8;
      return true;
    }

    try {
      for (;;) {
        const outcome = await stepper.advance(s, visit);
        if (outcome !== 'changed') break;
        s.restarts++;
        if (++changes > changesMost) {
          changed = true;
          continue;
        }
        s.reader?.close();
        s.seen = skip;
        rows = [];
        size = 0;
        if (spec.stamp !== undefined) changed = true;
      }
    } catch (error) {
      // What was found in the time is worth more than the bare news that it is over.
      const late = isLoamError(error, 'StatementCancelled') && error.details['reason'] === 'time';
      if (!late || rows.length === 0) throw error;
      stopped = true;
    }
    if (extra) park({ s, next: extra });
    else stepper.end(s);
    return pageOf(spec, s, rows, { more: extra !== null || stopped, stopped, changed });
  };

  function pageOf(
    spec: SqlSpec,
    s: Stepping,
    rows: Cell[][],
    told: Pick<SqlPage, 'more' | 'stopped' | 'changed'>,
  ): SqlPage {
    const cut: SqlPage['cut'] = [];
    const uids = new Set<string>();
    const values: SqlValue[][] = s.columns.map(() => []);
    const kinds = s.columns.map(() => new Uint8Array(rows.length));
    rows.forEach((cells, row) =>
      cells.forEach(({ value, kind, bytes, kept }, column) => {
        values[column]?.push(value);
        const numbers = kinds[column];
        if (numbers) numbers[row] = kind;
        if (kept < bytes) cut.push({ column, row, bytes });
        if (typeof value === 'string' && /^[0-9A-Za-z]{20}$/.test(value)) uids.add(value);
      }),
    );
    return {
      columns: s.columns,
      values,
      kinds,
      cut,
      count: rows.length,
      ms: s.spent,
      stamp: s.stamp,
      artifacts: artifactsAmong([...uids]),
      ...told,
    };
  }

  function artifactsAmong(uids: string[]): string[] {
    if (uids.length === 0) return [];
    const sql = 'SELECT a.uid FROM json_each(?) j CROSS JOIN lamindb_artifact a ON a.uid = j.value';
    return runSync(driver, all(sql, [JSON.stringify(uids)])).map((row) => String(row[0]));
  }
}

const sameParams = (a: object, b: object): boolean => {
  const text = (of: object) =>
    JSON.stringify(
      Object.entries(of)
        .sort()
        .map(([k, v]) => [k, typeof v, String(v)]),
    );
  return text(a) === text(b);
};

/** Refuses what is no statement before anything is done with it. */
export function checkSpec(spec: unknown): void {
  const { uid, sql, params = {} } = (spec ?? {}) as Partial<SqlSpec>;
  if (typeof uid !== 'string' || typeof sql !== 'string' || uid === '' || uid.length > 100) {
    throw new LoamError('InvalidArgument', 'A statement needs a uid and its text.');
  }
  if (
    typeof params !== 'object' ||
    Object.values(params).some((v) => v !== null && !['string', 'number', 'bigint'].includes(typeof v))
  )
    throw new LoamError('InvalidArgument', 'Values of parameters are texts, numbers or null.');
  if (sql.length > 1_000_000) {
    throw new LoamError(
      'InvalidArgument',
      `The statement has ${sql.length.toLocaleString('en')} characters; 1,000,000 are allowed.`,
    );
  }
}
