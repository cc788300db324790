// What a person waits for, through all the workers of the app but without its screens: 1,000 small files dropped, then
// four feature values on each of the artifacts.
import { connectEngine } from '../../../src/lib/client/engine.ts';
import type { DropProgress, EngineEvent } from '../../../src/lib/workers/wire.ts';
import type { Measures } from '../workload.ts';

const files = 1000;
const finished = new Set<DropProgress['state']>(['saved', 'failed', 'cancelled']);

export async function dropRound(cpu: () => Promise<number>): Promise<Measures> {
  const client = connectEngine();
  const out: Measures = {};
  async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = await cpu();
    const start = performance.now();
    const value = await work();
    out[name] = performance.now() - start;
    out[`${name}Cpu`] = (await cpu()) - before;
    return value;
  }
  try {
    await client.engine.status();
    const round = crypto.randomUUID();
    const items = Array.from({ length: files }, (_, i) => {
      const name = `${i}.txt`;
      return {
        id: name,
        key: `bench/${round}/${name}`,
        file: new File([`content ${i} of ${round}`], name),
        files: null,
      };
    });
    const uids = await timed('drop', () => {
      const saved = new Map<string, string>();
      const ended = new Set<string>();
      return new Promise<string[]>((resolve, reject) => {
        const stop = client.onEvent((event: EngineEvent) => {
          if (event.type === 'fatal') reject(new Error(event.error.message));
          if (event.type !== 'drop') return;
          for (const { item, state, message, artifact } of event.progress) {
            if (!finished.has(state)) continue;
            if (state !== 'saved' || !artifact) return reject(new Error(message ?? state));
            saved.set(item, artifact.uid);
            ended.add(item);
          }
          if (ended.size < files) return;
          stop();
          resolve([...saved.values()]);
        });
        client.engine.drop(items, {}).catch(reject);
      });
    });
    await timed('settle', async () => {
      const root = await navigator.storage.getDirectory();
      const packs = await root.getDirectoryHandle('packs', { create: true });
      while (!(await packs.keys().next()).done) await new Promise((resolve) => setTimeout(resolve, 50));
    });
    const tag = round.slice(0, 8);
    for (const dtype of ['float', 'str', 'date', 'cat[ULabel]'])
      await client.engine.createFeature(`${dtype} ${tag}`, dtype);
    await client.engine.createULabel(`label ${tag}`);
    const bulkValues = {
      [`float ${tag}`]: '0.5',
      [`str ${tag}`]: 'the same for all',
      [`date ${tag}`]: '2026-02-02',
      [`cat[ULabel] ${tag}`]: `label ${tag}`,
    };
    const values = (i: number) => ({
      [`float ${tag}`]: i / 3,
      [`str ${tag}`]: `v${i}`,
      [`date ${tag}`]: '2026-01-01',
      [`cat[ULabel] ${tag}`]: `label ${tag}`,
    });
    await timed('setFeatures', async () => {
      for (const [i, uid] of uids.entries()) await client.engine.setFeatures(uid, values(i));
    });
    // The bulk form: one act, the same values on all.
    await timed('annotate', () => client.engine.annotate(uids, { features: bulkValues }));
  } finally {
    client.close();
  }
  return out;
}
