// Inspection as the engine asks for it: payloads become files of this device, the work goes to a pool of workers.
import { fromWire } from '../engine/errors.ts';
import type { AbortSignalLike, Inspector, Payload } from '../engine/ports.ts';
import type { OpfsBlobStore } from '../storage/blob/opfs.ts';
import { isRemoteFile } from '../storage/remote/cache-reader.ts';
import type { CurationsDeps } from './curations.ts';
import type { ReadDataset } from './dataset-watch.ts';
import type { AnyFile } from './find-bytes.ts';
import { createInspector, type InspectInput } from './inspect-pool.ts';
import type { StoragesDeps } from './storages.ts';

interface InspectorPorts {
  inspector: Inspector;
  viewer: StoragesDeps['viewer'];
  readDataset: ReadDataset;
  fixedDataset: CurationsDeps['fixedDataset'];
}

/** The workers of one database's bytes. */
export function inspectorPort(blobs: OpfsBlobStore): InspectorPorts {
  const pool = createInspector({ size: 2 });
  const asFile = async (held: unknown): Promise<File> =>
    held instanceof File ? held : blobs.file(String(held));
  const anyFile = async (held: unknown): Promise<AnyFile> => (isRemoteFile(held) ? held : asFile(held));
  const input = async (payload: Payload): Promise<InspectInput> => {
    if (!payload.files) return anyFile(payload.file);
    const files = [];
    for (const { path, file } of payload.files) files.push({ path, file: await anyFile(file) });
    return files;
  };
  /** The engine's signal is only looked at, the pool's is listened to. */
  async function watched<T>(signal: AbortSignalLike, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const watch = setInterval(() => signal.aborted && abort.abort(), 100);
    try {
      return await work(abort.signal);
    } finally {
      clearInterval(watch);
    }
  }
  const inspector: Inspector = {
    hash: (payload, onProgress, signal) =>
      watched(signal, async (abort) => pool.hash(await input(payload), { onProgress, signal: abort })),
    readSmall: (payloads, signal) =>
      watched(signal, async (abort) => {
        const files = [];
        for (const { file, name } of payloads) files.push({ file: await asFile(file), name });
        const answers = await pool.readSmall(files, { signal: abort });
        return answers.map((one) => one && (one.ok ? one.value : { error: fromWire(one.error) }));
      }),
    inspect: async (payload) => pool.inspect(await input(payload), payload.name),
    async checksum(payload) {
      const given = await input(payload);
      if (!Array.isArray(given)) return pool.checksum(given);
      const lines: string[] = [];
      for (const { path, file } of given) lines.push(`${path}\0${await pool.checksum(file)}`);
      return pool.checksum(new File([lines.sort().join('\n')], 'folder'));
    },
  };
  return {
    inspector,
    viewer: async (payload, ask, watch) => pool.view(await input(payload), ask, watch),
    readDataset: async (given, name, asks, watch) =>
      pool.dataset('rows' in given ? given : await input(given), name, asks, watch),
    fixedDataset: async (payload, fixes, watch) =>
      pool.fixed(await input(payload), payload.name, fixes, watch),
  };
}
