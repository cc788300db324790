// Parameters of statements: which there are, what they are, and that no value, however it is written, becomes anything but a
// value: in DuckDB's own scanner and engine, and bound in SQLite.
import { beforeAll, describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { declare, forSqlite, parametersIn, valuesOf } from '../../src/lib/client/parameters.ts';
import { queryAddress, readQueryAddress } from '../../src/lib/client/statement-address.ts';
import { gate } from '../../src/lib/statements/gate.ts';
import { withValues } from '../../src/lib/statements/parameters.ts';
import { fixFor } from '../../src/lib/statements/uses.ts';
import { plainValue, type ParameterValue } from '../../src/lib/statements/parameter-values.ts';
import { nodeDuckdb, type NodeDuckdb } from '../fixtures/duckdb-node.ts';
import { memoryEngine } from './memory-engine.ts';

const text = (...texts: string[]): ParameterValue => ({ type: 'text', list: false, texts });
const list = (...texts: string[]): ParameterValue => ({ type: 'text', list: true, texts });
const of = (type: ParameterValue['type'], value: string): ParameterValue => ({
  type,
  list: false,
  texts: [value],
});

/** Texts that end a literal, open a comment, a dollar quote, another statement or a parameter, or are merely odd. */
const hostile = [
  `'`,
  `''`,
  `'; drop table t; --`,
  `' or '1'='1`,
  `\\' or 1=1 --`,
  `$$`,
  `$x$ select 1 $x$`,
  `$other`,
  `/* */ -- \n`,
  `"; attach 'x.db'; "`,
  `E'\\''`,
  `a\nb\tc`,
  `é 👩‍🔬 \u2028 \ufeff`,
  `%_[]{}()`,
  `\\`,
  ``,
  `x'ff'`,
  `') union all select * from read_csv('/etc/passwd`,
];

describe('which parameters a statement has', () => {
  const seen = (sql: string) =>
    parametersIn(sql).map(({ name, type, list: many }) => `${name} ${type}${many ? '[]' : ''}`);
  it.each([
    [
      `select * from artifact($key) where n > $n::int limit $most`,
      ['key artifact', 'n number', 'most number'],
    ],
    [`select * from artifacts($v) where artifact_tissue = $t`, ['v view', 't feature']],
    [
      `select * from collection($c) where x in ($xs) and y in $ys`,
      ['c collection', 'xs text[]', 'ys text[]'],
    ],
    [
      `select * from artifact([$a, $b]) where list_contains(artifact_labels, $l)`,
      ['a artifact', 'b artifact', 'l label'],
    ],
    [`select '$no', "$no", $yes -- $no\n/* $no */ from t`, ['yes text']],
    [`select E'it\\'s $no\\'', $$ $no $$, $t$ $no $t$, $yes from artifact('x')`, ['yes text']],
    [`select [$no], \`$no\`, a$no, $yes, $yes from t`, ['yes text']],
  ])('%s', (sql, wanted) => expect(seen(sql)).toEqual(wanted));

  it('what is said above the statement counts, and what cannot be read does not', () => {
    const sql = `-- $tissue: label[] = ["lung","it's"]\n-- $n: number = 5\n-- $f: feature("cell \\"type\\"") = null\n-- $bad: nonsense = 1\nselect $tissue, $n, $f, $bad`;
    const found = parametersIn(sql);
    expect(
      found.map(({ type, list: many, feature, fallback }) => [type, many, feature, fallback?.texts]),
    ).toEqual([
      ['label', true, null, ['lung', "it's"]],
      ['number', false, null, ['5']],
      ['feature', false, 'cell "type"', null],
      ['text', false, null, undefined],
    ]);
    expect(declare(sql, found.slice(0, 3))).toBe(sql);
    const changed = declare(sql, [{ ...found[1]!, fallback: { texts: ['7'] } }]);
    expect(changed).toBe(sql.replace('number = 5', 'number = 7'));
    for (const odd of hostile) {
      const told = declare('select $x', [{ ...found[3]!, name: 'x', fallback: { texts: [odd] } }]);
      expect(parametersIn(told)[0]?.fallback?.texts, odd).toEqual([odd]);
    }
  });

  it('defaults hold where nothing is given; without either the statement does not run', () => {
    const [one, two] = parametersIn(`-- $a: text = "x"\n-- $b: number = null\nselect $a, $b`);
    expect(valuesOf([one!, two!], {})).toEqual({
      a: text('x'),
      b: { type: 'number', list: false, texts: null },
    });
    expect(valuesOf([one!, two!], { a: ['y'], b: [''] })['a']).toEqual(text('y'));
    expect(() => valuesOf(parametersIn('select $z'), {})).toThrow('Give a value for $z.');
    expect(() => valuesOf(parametersIn('select 1 limit $z'), { z: [''] })).toThrow('Give a value for $z.');
  });

  it('values travel in the address', () => {
    const values = { a: ["it's", '&=#'], b: [''] };
    const address = queryAddress('select $a', 'plan', { saved: 'abcDEF123456', values });
    const read = readQueryAddress(new URLSearchParams(address.split('?')[1]));
    expect(read).toEqual({ sql: 'select $a', tab: 'plan', saved: 'abcDEF123456', values });
  });
});

describe('values in statements over files', () => {
  let db: NodeDuckdb;
  beforeAll(async () => {
    db = await nodeDuckdb();
  }, 60_000);

  it.each(hostile)('%j stays a text', async (odd) => {
    const { sql } = withValues(db, `select $a as a, '$a' as b -- $a\n, "c$a" from (select 1 as "c$a")`, {
      a: text(odd),
    });
    expect(db.rows(sql)).toEqual([[odd, '$a', 1]]);
    const listed = withValues(db, `select to_json([$a, 'x']) as l, 'x' in $b as i, to_json($b) as b`, {
      a: text(odd),
      b: list(odd, 'x'),
    });
    expect(db.texts(listed.sql)).toEqual([[JSON.stringify([odd, 'x']), 'true', JSON.stringify([odd, 'x'])]]);
    const [use] = (await gate(db, `select * from artifact($key)`, { values: { key: text(odd) } })).uses;
    expect(use?.names).toEqual([odd]);
    const [many] = (await gate(db, `select * from artifact($keys)`, { values: { keys: list(odd, 'b.csv') } }))
      .uses;
    expect(many).toMatchObject({ names: [odd, 'b.csv'], list: true });
  });

  it('numbers, days, times, true and false, and NULL keep their type', () => {
    const values = {
      n: of('number', '-5'),
      big: of('number', '12345678901234567'),
      d: of('date', '2026-02-28'),
      t: of('timestamp', '2026-02-28 10:30'),
      b: of('boolean', 'true'),
      none: { type: 'text', list: false, texts: null },
    } satisfies Record<string, ParameterValue>;
    const texts = ['(1-$n)', '$big', 'typeof($d)', 'typeof($t)', 'not $b', '$none is null'];
    const { sql } = withValues(
      db,
      `select ${texts.map((one) => `(${one})::varchar`).join(` || ' ' || `)}`,
      values,
    );
    expect(db.texts(sql)).toEqual([['6 12345678901234567 DATE TIMESTAMP false true']]);
  });

  it.each([
    ['number', '1; drop'],
    ['number', '1 or 1=1'],
    ['number', ''],
    ['number', 'nan'],
    ['date', "2026-01-01' --"],
    ['date', '2026-02-30'],
    ['timestamp', '2026-01-01 10:30)'],
    ['boolean', 'true or true'],
    ['text', 'a\0b'],
  ] as const)('a %s is not %j', (type, value) => {
    expect(() => withValues(db, 'select $a', { a: of(type, value) })).toThrow(/^\$a is /);
  });

  it('what has no value, is no name, or would be an empty list is refused in words', () => {
    expect(() => withValues(db, 'select $a', {})).toThrow('Give a value for $a.');
    expect(() => withValues(db, 'select $1', {})).toThrow('Write parameters as $name, not as "$1".');
    expect(() => withValues(db, 'select 1 where 1 in $a', { a: list() })).toThrow(
      'Give at least one value for $a.',
    );
    expect(() => withValues(db, 'select $constructor', {})).toThrow('Give a value for $constructor.');
  });

  it('places are told in the statement as it was written, and a fix of drift keeps the parameter', async () => {
    const sql = `select 'é', $a from artifacts($v) where x = $a`;
    const gated = await gate(db, sql, { values: { a: text('longer than its name'), v: text('My view') } });
    const at = gated.sql.indexOf('where');
    expect(sql.slice(gated.back(at))).toBe('where x = $a');
    const fix = fixFor(gated.uses[0]!, [{ name: 'n', proposal: 'BIGINT' }]);
    const from = gated.back(fix!.from);
    expect(sql.slice(0, from) + fix!.text + sql.slice(from)).toBe(
      `select 'é', $a from artifacts($v, types = {'n': 'BIGINT'}) where x = $a`,
    );
  });

  it('a run keeps plain values', () => {
    expect(plainValue('n', of('number', '5'))).toBe(5);
    expect(plainValue('b', of('boolean', 'false'))).toBe(false);
    expect(plainValue('l', list('a', 'b'))).toEqual(['a', 'b']);
    expect(plainValue('x', { type: 'text', list: false, texts: null })).toBeNull();
  });
});

describe('values in statements over the registries', () => {
  async function asked(sql: string, values: Record<string, ParameterValue>): Promise<unknown[][]> {
    const { engine } = await memoryEngine();
    const { sql: written, params } = forSqlite(sql, values);
    const page = await engine.runSql({
      uid: 'u',
      sql: written,
      params,
      skip: 0,
      limit: 10,
      timeLimitMs: 10_000,
    });
    return Array.from({ length: page.count }, (_, row) => page.values.map((column) => column[row]));
  }

  it('every text is bound as it is', async () => {
    const { engine } = await memoryEngine();
    for (const odd of hostile) {
      const sql = `select $a as a, '$a' as b, json_array($a, 1) -- $a\n`;
      const { sql: written, params } = forSqlite(sql, { a: text(odd) });
      const page = await engine.runSql({
        uid: 'u',
        sql: written,
        params,
        skip: 0,
        limit: 10,
        timeLimitMs: 10_000,
      });
      expect(page.values.map(([one]) => one)).toEqual([odd, '$a', JSON.stringify([odd, 1])]);
    }
  });

  it('lists stand behind IN, numbers keep their size, true is 1', async () => {
    const values = {
      xs: list(...hostile),
      n: of('number', '9007199254740993'),
      r: of('number', '-0.5'),
      b: of('boolean', 'true'),
    };
    const sql = `select count(*), $n, $r, $b from (values (''''), ('b')) where column1 in $xs and column1 in ( $xs )`;
    expect(await asked(sql, values)).toEqual([[1, 9007199254740993n, -0.5, 1]]);
  });

  it('the place of an error is that of the text', () => {
    const sql = `select 1 where 1 in $xs and nonsense`;
    const { sql: written, back } = forSqlite(sql, { xs: list('a') });
    expect(back(written.indexOf('nonsense'))).toBe(sql.indexOf('nonsense'));
  });

  it('a parameter without a value is refused, not NULL; so is any other way of writing one', async () => {
    const refusal = await asked('select $a', {}).catch((error: unknown) => error);
    expect(isLoamError(refusal as Error, 'ValueError') && (refusal as Error).message).toBe(
      'Give a value for $a.',
    );
    await expect(asked('select ?', {})).rejects.toThrow('Write parameters as $name, not as "?".');
    await expect(asked('select :a', {})).rejects.toThrow('Write parameters as $name');
  });
});
