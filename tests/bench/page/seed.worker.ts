// Fills the app's own database before the app is first opened: scripts/bench-app.mjs and bench-million.mjs measure on it.
import { model } from '../../../src/lib/engine/model/model.ts';
import { createInstance, readAuthor } from '../../../src/lib/engine/schema/open.ts';
import { randomUid } from '../../../src/lib/engine/uid.ts';
import { insert } from '../../../src/lib/engine/write/apply.ts';
import { createWriter } from '../../../src/lib/engine/write/writer.ts';
import type { SqlDriver } from '../../../src/lib/engine/ports.ts';
import { openOpfs } from '../../../src/lib/storage/sql/opfs-sahpool.ts';
import { fillQuestions } from '../questions-database.ts';

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const clock = () => Date.now();
const kinds = ['.parquet', '.h5ad', '.fasta', '.csv'];

function fill(driver: SqlDriver, artifacts: number): void {
  createInstance(driver, { model, clock, random, name: 'bench' });
  const writer = createWriter({ driver, model, clock, random, author: readAuthor(driver) });
  const all = Array.from({ length: artifacts }, (_, i) => i);
  writer.act({ kind: 'import', title: 'Artifacts of the benchmark' }, (tx) =>
    insert(tx, 'lamindb_artifact', artifacts, {
      uid: all.map(() => `${randomUid(16, random)}0000`),
      key: all.map((i) => `proj${i % 50}/set${i % 997}/file_${i}${kinds[i % 4]}`),
      suffix: all.map((i) => kinds[i % 4] ?? ''),
      size: all.map((i) => (i * 37) % 10_000_000),
      hash: all.map((i) => String(i).padStart(22, '0')),
      _hash_type: 'md5',
      storage_id: 1,
      _key_is_virtual: 1,
      _overwrite_versions: 0,
      description: all.map((i) => (i % 10 === 0 ? `dataset number ${i} of T cell atlas` : null)),
    }),
  );
}

interface Wanted {
  name: string;
  artifacts: number;
  /** Five labels and a number each, a description on every tenth. */
  labels: boolean;
}

onmessage = async ({ data: { name, artifacts, labels } }: MessageEvent<Wanted>) => {
  try {
    const database = await openOpfs({
      name,
      initialise: (driver) => (labels ? undefined : fill(driver, artifacts)),
    });
    if (labels) await fillQuestions(database.driver, artifacts);
    await database.close();
    postMessage({ error: null });
  } catch (error) {
    postMessage({ error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) });
  }
};
