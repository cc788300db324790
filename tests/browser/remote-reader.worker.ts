// A worker that reads remote files as DuckDB and HDF5 do: without waiting for promises.
import { createAsker, openReader, type RemoteFile } from '../../src/lib/storage/remote/cache-reader.ts';
import { toWire } from '../../src/lib/engine/errors.ts';

export type ReadAsk = { file: RemoteFile; ranges: [number, number][] };

const asker = createAsker();

addEventListener('message', async ({ data, ports }: MessageEvent<ReadAsk>) => {
  const [port] = ports;
  try {
    const reader = await openReader(data.file, await asker);
    try {
      const parts = data.ranges.map(([from, to]) => reader.readSync(from, to));
      port?.postMessage({ parts, meter: reader.meter });
    } finally {
      reader.close();
    }
  } catch (error) {
    port?.postMessage({ error: toWire(error) });
  }
});
