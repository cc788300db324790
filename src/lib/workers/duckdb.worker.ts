// A worker of one tab for queries over artifacts, started when the first is asked. The fence is raised before the engine
// is loaded. It may be ended at any moment: it holds nothing but what its page gives it with each statement.
import type { MethodKind } from './methods.ts';
import { raiseFence } from './duckdb-fence.ts';
import { createDuckdbSession } from './duckdb-session.ts';
import type { DuckdbApi, DuckdbProgress } from './duckdb-wire.ts';
import { channelName } from '../storage/remote/cache-layout.ts';
import { serveEngine } from './serve.ts';
import type { ServePort } from './worker-port.ts';

const methods: Readonly<Record<keyof DuckdbApi, MethodKind>> = {
  start: 'read',
  plan: 'read',
  run: 'long',
  next: 'long',
  keep: 'long',
  kept: 'read',
  forgetRows: 'read',
  write: 'long',
  forget: 'read',
  cancel: 'control',
  status: 'read',
};

/** The fence closes this way too; what is made before it is ours alone, and no statement reaches it. */
const asked = new BroadcastChannel(channelName);
const fence = raiseFence();

addEventListener('message', ({ data }: MessageEvent<ServePort>) => {
  if (data?.type !== 'loam-serve') return;
  const api = createDuckdbSession(fence, (event) => server.emit(event), asked);
  const server = serveEngine<DuckdbProgress>(api, { methods });
  server.connect('page', data.port);
});
