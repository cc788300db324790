// The console's part of the engine: statements that people write, read under the authorizer in slices.
import type { EngineContext } from '../context.ts';
import { noBell, type Bell } from '../ports.ts';
import { csvChunks } from './csv.ts';
import { checkSpec, createPager } from './page.ts';
import { sqlSchema } from './schema.ts';
import { createStepper } from './stepping.ts';
import type { SqlExport, SqlPage, SqlSpec, SqlTable } from './types.ts';

/** Outcomes of exports that can still be asked for. */
const remembered = 20;

export function consolePart(context: EngineContext, breathe: () => Promise<void>, bell: Bell = noBell) {
  const { driver, clock, model, read } = context;
  const stepper = createStepper({ driver, clock, breathe, bell });
  const page = createPager(driver, stepper);
  const exported = new Map<string, SqlExport>();

  return {
    /** One page of the rows of a statement that reads; anything else is refused with `ReadOnly`. */
    runSql: async (spec: SqlSpec): Promise<SqlPage> => {
      checkSpec(spec);
      await bell.hang();
      return page(spec);
    },
    /** All rows as CSV, in chunks. Errors of the statement come before the first one. */
    exportSql: async (
      spec: Pick<SqlSpec, 'uid' | 'sql' | 'params' | 'timeLimitMs'>,
    ): Promise<AsyncGenerator<string>> => {
      checkSpec(spec);
      await bell.hang();
      const told: SqlExport = { rows: 0, changed: false };
      exported.set(spec.uid, told);
      const [oldest] = exported.keys();
      if (exported.size > remembered && oldest !== undefined) exported.delete(oldest);
      const chunks = csvChunks(stepper, spec, told);
      return startedWith(await chunks.next(), chunks);
    },
    /** What the export with this uid has come to. */
    exportedSql: (uid: string): SqlExport => ({ ...(exported.get(uid) ?? { rows: 0, changed: false }) }),
    cancelSql: (uid: string): void => stepper.cancel(uid),
    sqlSchema: (): SqlTable[] => read(sqlSchema(model)),
  };
}

async function* startedWith(
  first: IteratorResult<string>,
  rest: AsyncGenerator<string>,
): AsyncGenerator<string> {
  try {
    if (first.done) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
