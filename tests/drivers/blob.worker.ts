// Runs one blob case over OPFS in a dedicated worker.
import { createOpfsBlobs } from '../../src/lib/storage/blob/opfs.ts';
import { blobCases } from './blob-suite.ts';

let stores = 0;
onmessage = async ({ data: title }: MessageEvent<string>) => {
  const name = `blobs-${Date.now()}-${++stores}`;
  let error: string | null = null;
  try {
    const open = () =>
      createOpfsBlobs({ directory: name, staging: `${name}-staging`, packs: `${name}-packs` });
    await blobCases.find((c) => c.title === title)?.run(await open(), open);
  } catch (e) {
    error = e instanceof Error ? `${e.stack}` : String(e);
  }
  postMessage({ error });
};
