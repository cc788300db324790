// A worker that opens an inspector of its own, as the engine worker does.
import { createInspector } from '../../src/lib/workers/inspect-pool.ts';

const inspector = createInspector();
self.onmessage = async (event: MessageEvent<File>) => {
  self.postMessage(await inspector.inspect(event.data, event.data.name));
};
