// `branches` of the benchmark: a database of a million artifacts, branches with cells side by side and scattered, and with links:
// how long a switch there and back takes, their differences, a check, a merge and its revert, and questions on a branch.
import type { Engine } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { emptyView } from '../../src/lib/engine/view/view.ts';
import { insert, update } from '../../src/lib/engine/write/apply.ts';
import { openEngine } from './questions-database.ts';
import type { Measures, OpenBench } from './workload.ts';

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const clock = () => Date.now();
/** Switches there and back of each branch; the median counts. */
const switches = 5;
const asked = 15;

/** Artifacts as an import leaves them; the rows are copies of one that the write path made. */
function fill(driver: SqlDriver, engine: Engine, artifacts: number): void {
  engine.writer.act({ kind: 'seed', title: 'First' }, (tx) =>
    insert(tx, 'lamindb_artifact', 1, {
      uid: '0000000000000000'.concat('0000'),
      key: 'proj0/file_0.csv',
      suffix: '.csv',
      size: 0,
      hash: '0'.repeat(22),
      _hash_type: 'md5',
      storage_id: 1,
      _key_is_virtual: 1,
      _overwrite_versions: 0,
    }),
  );
  const own: Record<string, string> = {
    uid: "printf('%016d0000', n)",
    key: "printf('proj%d/file_%d%s', n % 50, n, CASE n % 4 WHEN 0 THEN '.csv' WHEN 1 THEN '.h5ad' ELSE '.parquet' END)",
    suffix: "CASE n % 4 WHEN 0 THEN '.csv' WHEN 1 THEN '.h5ad' ELSE '.parquet' END",
    size: '(n * 37) % 10000000',
    hash: "printf('%022d', n)",
  };
  const columns = (model.tables.get('lamindb_artifact')?.columns ?? [])
    .map(({ name }) => name)
    .filter((name) => name !== 'id');
  driver.exec(
    `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${artifacts - 1})
     INSERT INTO lamindb_artifact(${columns.map((c) => `"${c}"`).join()})
     SELECT ${columns.map((c) => own[c] ?? `a."${c}"`).join()} FROM s, lamindb_artifact a WHERE a.id = 1`,
  );
}

const median = (times: number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1] ?? NaN;

export async function branchesRound(open: OpenBench, artifacts: number): Promise<Measures> {
  const { driver, close } = await open((fresh) =>
    createInstance(fresh, { model, clock, random, name: 'bench' }),
  );
  const engine = await openEngine(driver);
  fill(driver, engine, artifacts);
  const label = engine.createULabel('of the branch');
  const labelId = Number(driver.all('SELECT id FROM lamindb_ulabel WHERE uid = ?', [label.uid])[0]?.[0]);
  // Idle time has made complete what lists are counted and searched by.
  while (engine.writer.feed() > 0);
  const out: Measures = { artifacts };
  const timed = <T>(name: string, work: () => T): T => {
    const from = performance.now();
    const value = work();
    out[name] = performance.now() - from;
    return value;
  };
  const rest = () => {
    while (engine.writer.feed() > 0);
  };

  /** A branch whose cells lie `stride` rows apart. */
  function cells(name: string, count: number, stride: number): void {
    timed(`${name}Create`, () => engine.createBranch(name, { switch: true }));
    const ids = Array.from({ length: count }, (_, i) => 2 + i * stride);
    timed(`${name}Write`, () =>
      engine.writer.act({ kind: 'update', title: 'Describe' }, (tx) =>
        update(tx, 'lamindb_artifact', ids, { description: ids.map((id) => `mine ${id}`) }),
      ),
    );
    rest();
    turns(name);
  }

  function turns(name: string): void {
    const times: number[] = [];
    for (let i = 0; i < switches; i++)
      for (const to of ['main', name]) {
        const from = performance.now();
        engine.switchBranch(to);
        times.push(performance.now() - from);
      }
    out[name] = median(times);
    out[`${name}Most`] = Math.max(...times);
    engine.switchBranch('main');
    rest();
  }

  const far = (count: number) => Math.max(1, Math.floor((artifacts - 2) / count));
  cells('near1k', 1_000, 1);
  cells('far1k', 1_000, far(1_000));
  cells('near10k', 10_000, 1);
  cells('far10k', 10_000, far(10_000));

  engine.createBranch('links', { switch: true });
  const linked = Array.from({ length: 10_000 }, (_, i) => 2 + i * far(10_000));
  engine.writer.act({ kind: 'annotate', title: 'Label' }, (tx) =>
    insert(tx, 'lamindb_artifactulabel', linked.length, { artifact_id: linked, ulabel_id: labelId }),
  );
  rest();
  turns('links');

  // Questions on a branch with 10,000 changed cells beside the same on main, in turn.
  const questions: (() => unknown)[] = [
    () => engine.listRows(emptyView('Artifact'), { after: null, limit: 100 }),
    () => engine.countList(emptyView('Artifact')),
    () => engine.queryIds({ registry: 'Artifact', filters: [{ key: 'proj7/file_7.parquet' }] }),
    () => engine.queryIds({ registry: 'Artifact', filters: [{ size__gt: 9_990_000 }], limit: 100 }),
    () => engine.queryCount({ registry: 'Artifact', filters: [{ suffix: '.csv', size__lt: 5_000 }] }),
    () =>
      engine.queryRows({ registry: 'Artifact', filters: [{ size__lt: 2_000 }], limit: 100 }, [
        'key',
        'description',
      ]),
    () => engine.getRow('Artifact', { key: 'proj9/file_9.h5ad' }, ['uid']),
  ];
  const times: Record<string, number[][]> = {
    main: questions.map(() => []),
    far10k: questions.map(() => []),
  };
  for (let round = 0; round < asked; round++)
    for (const on of ['main', 'far10k']) {
      engine.switchBranch(on);
      for (const [q, question] of questions.entries()) {
        question();
        const from = performance.now();
        question();
        times[on]?.[q]?.push(performance.now() - from);
      }
    }
  const total = (on: string) => (times[on] ?? []).reduce((sum, list) => sum + median(list), 0);
  out['questionsMain'] = total('main');
  out['questionsBranch'] = total('far10k');
  out['questionsRatio'] = total('far10k') / total('main');
  for (const [q] of questions.entries()) {
    out[`question${q}Main`] = median(times['main']?.[q] ?? []);
    out[`question${q}Branch`] = median(times['far10k']?.[q] ?? []);
  }
  engine.switchBranch('main');

  timed('diffFirst', () => engine.branchDiff('far10k', { limit: 50 }));
  timed('diffWhole', () => {
    let after: string | null = null;
    let seen = 0;
    do {
      const page = engine.branchDiff('far10k', { limit: 500, ...(after === null ? {} : { after }) });
      seen += page.objects.length;
      after = page.next;
    } while (after !== null);
    if (seen !== 10_000) throw new Error(`${seen} differences instead of 10,000`);
  });
  timed('conflicts', () => engine.branchConflicts('far10k'));
  const checked = timed('check', () => engine.checkBranch('far10k'));
  if (!checked.ok || checked.changed !== 10_000)
    throw new Error(`the check says ${JSON.stringify(checked).slice(0, 200)}`);
  const merged = timed('merge', () => engine.mergeBranch('far10k'));
  if (merged.changed !== 10_000) throw new Error(`${merged.changed} cells merged`);
  const from = performance.now();
  await engine.revertBranch('far10k');
  out['revert'] = performance.now() - from;
  await close();
  return out;
}
