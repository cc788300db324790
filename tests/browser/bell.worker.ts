// A worker with a bell, which hangs and asks as it is told; `ringInside` rings while the bell is being hung, at the step
// between its bytes and its handle, which a tab of a busy machine hits.
import { ring } from '../../src/lib/client/bell.ts';
import { createBell } from '../../src/lib/workers/bell.ts';

export type Order = 'hang' | 'rung' | 'hangUnawaited' | { ringInside: number };

const bell = createBell();
let inside = 0;
const getFile = FileSystemFileHandle.prototype.getFile;
FileSystemFileHandle.prototype.getFile = async function () {
  if (inside > 0) {
    inside--;
    await ring();
  }
  return getFile.call(this);
};

self.onmessage = async ({ data }: MessageEvent<Order>) => {
  if (data === 'hang') await bell.hang();
  else if (data === 'hangUnawaited') void bell.hang();
  else if (data !== 'rung') inside = data.ringInside;
  self.postMessage(data === 'rung' || data === 'hangUnawaited' ? bell.rung() : null);
};
