// "Copy as Python" of statements over files: the text runs in a real LaminDB beside DuckDB 0.9.2 and gives the frame that the
// query engine of the page gives for the same statement, over the same files.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedStatement } from '../../src/lib/client/duckdb.ts';
import { forSqlite, parametersIn, valuesOf } from '../../src/lib/client/parameters.ts';
import {
  registryStatement,
  statementPython,
  statementR,
  statementSql,
} from '../../src/lib/client/statement-code.ts';
import { gate } from '../../src/lib/statements/gate.ts';
import { formatOf } from '../../src/lib/statements/formats.ts';
import type { DuckdbSource } from '../../src/lib/workers/duckdb-wire.ts';
import type { AnyFile } from '../../src/lib/workers/find-bytes.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { nodeDuckdb, type NodeDuckdb } from '../fixtures/duckdb-node.ts';
import { writeParquet } from '../fixtures/write-parquet.ts';
import { memoryEngine, type MemoryEngine } from '../unit/memory-engine.ts';
import { python, pythonInstance, whyNot } from './python.ts';

const whole = python !== null && spawnSync(python, ['-c', 'import duckdb']).status === 0;
const reason = python !== null && !whole ? ' (skipped: no duckdb beside lamindb)' : whyNot;

interface TestFile {
  uid: string;
  key: string;
  suffix: string;
  bytes: Uint8Array;
}

const wells = ['A1', 'A2', "B'1", 'B2'];
const plate = (i: number): TestFile => ({
  uid: `plate${i}`.padEnd(16, 'x') + '0000',
  key: `plates/plate ${i}.parquet`,
  suffix: '.parquet',
  bytes: writeParquet([
    { name: 'well', type: 'string', values: wells },
    { name: 'n', type: 'int64', values: wells.map((_, w) => i * 10 + w) },
    ...(i === 2 ? [{ name: 'operator', type: 'string' as const, values: wells.map(() => 'Ada') }] : []),
  ]),
});
const files: TestFile[] = [
  plate(0),
  plate(1),
  plate(2),
  {
    uid: 'notesxxxxxxxxxxx0000',
    key: "it's/notes.csv",
    suffix: '.csv',
    bytes: new TextEncoder().encode('well,note\nA1,"say ""hi"""\nA2,plain\n'),
  },
];

/** Statements with the values that are given. */
const statements: { sql: string; given?: Record<string, string[]> }[] = [
  { sql: `select * from artifact('plates/plate 0.parquet') order by n` },
  { sql: `select well, sum(n) as total from 'plates/plate 1.parquet' group by well order by well` },
  { sql: `select * from artifact('it''s/notes.csv') order by well` },
  {
    sql: `select p.well, note, n from artifact('plates/plate 0.parquet') p join artifact('it''s/notes.csv') c on c.well = p.well order by n`,
  },
  {
    sql: `select * from artifact(['plates/plate 0.parquet', 'plates/plate 2.parquet']) order by artifact_key, n`,
  },
  {
    sql: `select artifact_key, artifact_temperature, artifact_tissue, artifact_labels, sum(n) as total from collection('all plates') where artifact_temperature > 20 group by all order by artifact_key`,
  },
  {
    sql: `select artifact_uid, count(*) as rows_there from collection('all plates') where list_contains(artifact_labels, $label) and n >= $least group by all order by 1`,
    given: { label: ["it's"], least: ['11'] },
  },
  {
    sql: `select well, n from artifact($keys) where well in $wells order by artifact_key, n`,
    given: { keys: ['plates/plate 0.parquet', 'plates/plate 1.parquet'], wells: ["B'1", 'A1'] },
  },
  {
    sql: `-- $key: artifact = "plates/plate 2.parquet"\nselect operator, '""" \\ $no' as t, max(n) as most from artifact($key) group by all`,
  },
  {
    sql: `select a.key, count(*) as wells from collection('all plates') t join lamindb_artifact a on a.uid = t.artifact_uid group by all order by 1`,
  },
];

let db: NodeDuckdb;
let lab: MemoryEngine;
const temporary = join(import.meta.dirname, '../.cache', `statement-code-${process.pid}`);

beforeAll(async () => {
  db = await nodeDuckdb();
  lab = await memoryEngine();
  lab.engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
    insert(tx, 'lamindb_artifact', files.length, {
      uid: files.map(({ uid }) => uid),
      key: files.map(({ key }) => key),
      size: files.map(({ bytes }) => bytes.length),
      suffix: files.map(({ suffix }) => suffix),
      hash: files.map(({ uid }) => uid.padStart(22, 'h')),
      storage_id: 1,
      _hash_type: 'md5',
      _key_is_virtual: 1,
      _overwrite_versions: 0,
    }),
  );
  const { engine } = lab;
  engine.createFeature('temperature', 'float');
  engine.createFeature('tissue', 'cat[ULabel]');
  for (const label of ["it's", 'treated', 'lung']) engine.createULabel(label);
  engine.addLabels([files[1]!.uid], ['treated', "it's"]);
  engine.setFeatures(files[0]!.uid, { temperature: 21.5, tissue: 'lung' });
  engine.setFeatures(files[1]!.uid, { temperature: 37 });
  engine.create('Collection', { key: 'all plates', artifacts: files.slice(0, 3).map(({ uid }) => uid) });
}, 60_000);

/** As the page resolves it: the gate over the real parser, the sources and annotations of the engine. */
async function resolved(sql: string, given: Record<string, string[]>): Promise<ResolvedStatement> {
  const gated = await gate(db, sql, { values: valuesOf(parametersIn(sql), given) });
  const members = files.slice(0, 3);
  const sources = gated.uses.map(({ of, names }) => {
    const chosen =
      of === 'collection' ? members : names.map((name) => files.find(({ key }) => key === name)!);
    return chosen.map(({ uid, key, suffix }): DuckdbSource => ({
      uid,
      key,
      format: formatOf(suffix) as DuckdbSource['format'],
      files: [{ path: '', file: null as unknown as AnyFile }],
    }));
  });
  const lists = gated.uses.flatMap(({ list }, i) => (list ? (sources[i] ?? []) : []));
  const about =
    gated.annotations && lists.length > 0
      ? await lab.engine.annotationTable([...new Set(lists.map(({ uid }) => uid))])
      : null;
  return {
    plan: {
      sql: gated.sql,
      uses: gated.uses.map((use) => ({ ...use, types: [...use.types] })),
      tables: gated.tables,
      annotations: gated.annotations,
    },
    sources,
    annotations: about && {
      columns: about.columns,
      rows: about.lines.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>),
    },
  };
}

const runAll = `
import ast, json, sys, traceback
answers = []
for code in json.load(open(sys.argv[1])):
    tree = ast.parse(code)
    last = ast.Expression(tree.body.pop().value)
    names = {}
    try:
        exec(compile(tree, "statement", "exec"), names)
        frame = eval(compile(last, "statement", "eval"), names)
        answers.append({"columns": list(frame.columns), "rows": json.loads(frame.to_json(orient="values", date_format="iso"))})
    except Exception as error:
        answers.append({"error": "".join(traceback.format_exception_only(error)).strip()})
json.dump(answers, open(sys.argv[2], "w"))
`;

describe.skipIf(!whole)(`copy a statement as Python${reason}`, () => {
  it('the text runs in LaminDB and gives the rows of the statement; SQL for DuckDB gives them too', async () => {
    const theirs = pythonInstance();
    const bytes = (lab.driver as unknown as { serialize(): Uint8Array }).serialize();
    writeFileSync(join(theirs.storage, '.lamindb', 'lamin.db'), bytes);
    for (const { uid, suffix, bytes: content } of files)
      writeFileSync(join(theirs.storage, '.lamindb', `${uid}${suffix}`), content);
    const pathOf = ({ uid }: { uid: string }) =>
      join(theirs.storage, '.lamindb', `${uid}${files.find((one) => one.uid === uid)!.suffix}`);
    const all = await Promise.all(statements.map(({ sql, given = {} }) => resolved(sql, given)));
    const registry = `select key, size > $least as large from lamindb_artifact where suffix in ($suffixes) order by key`;
    const values = valuesOf(parametersIn(registry), { least: ['200'], suffixes: ['.csv', '.parquet'] });
    const codes = [
      `import lamindb as ln\nln.setup.settings.instance\nfrom pathlib import Path\ns = ln.Storage.filter().first()\ns.root = ${JSON.stringify(theirs.storage)}\ntype(s).objects.filter(id=s.id).update(root=${JSON.stringify(theirs.storage)})\nimport pandas as pd\npd.DataFrame()`,
      ...all.map(statementPython),
      registryStatement('python', { sql: registry, values, bound: forSqlite(registry, values).sql }),
    ];
    mkdirSync(temporary, { recursive: true });
    const [input, output] = [join(theirs.folder, 'codes.json'), join(theirs.folder, 'answers.json')];
    writeFileSync(input, JSON.stringify(codes));
    theirs.run(runAll, input, output);
    const answers = JSON.parse(readFileSync(output, 'utf8')) as {
      columns?: string[];
      rows?: unknown[][];
      error?: string;
    }[];
    expect(answers[0]?.error).toBeUndefined();
    for (const [i, one] of all.entries()) {
      const answer = answers[i + 1];
      const code = codes[i + 1] ?? '';
      expect(answer?.error, code).toBeUndefined();
      // The engine of the page over the same files, by the text for SQL.
      if (one.plan.tables.length > 0) continue;
      const sql = statementSql(one, pathOf).replace(/;\n$/, '');
      const ours = db
        .texts(`select to_json(one_row) from (${sql}\n) one_row`)
        .map(([row]) => JSON.parse(row ?? '') as Record<string, unknown>);
      expect(answer?.columns, code).toEqual(Object.keys(ours[0] ?? {}));
      const plain = (value: unknown) =>
        typeof value === 'string' ? value.replace(/\.0+Z?$|\.(\d*?)0*Z?$/, '') : value;
      expect(
        answer?.rows?.map((row) => row.map(plain)),
        code,
      ).toEqual(
        ours.map((row) =>
          Object.values(row).map((value) =>
            plain(typeof value === 'string' ? value.replace(/^(\d{4}-\d\d-\d\d) (\d\d:)/, '$1T$2') : value),
          ),
        ),
      );
    }
    expect(answers[10]?.rows).toEqual([
      ['plates/plate 0.parquet', 4],
      ['plates/plate 1.parquet', 4],
      ['plates/plate 2.parquet', 4],
    ]);
    const last = answers.at(-1);
    expect(last?.error, codes.at(-1)).toBeUndefined();
    expect(last?.rows).toEqual(
      files
        .toSorted((a, b) => (a.key < b.key ? -1 : 1))
        .map(({ key, bytes: { length } }) => [key, length > 200 ? 1 : 0]),
    );
  });
});

describe('copy a statement as R', () => {
  it('texts are raw, so that nothing in them ends one', async () => {
    const code = statementR(await resolved(`select ')"' as t from artifact('plates/plate 0.parquet')`, {}));
    expect(code).toContain('dbGetQuery(con, r"-(\nselect \')"\' as t from source_1\n)-")');
    expect(code).toContain('read_parquet(", paths(c("plate0xxxxxxxxxx0000"), c("")), ")"');
  });
});
