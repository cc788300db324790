// The page of the tabs test: puts a connected client on the window for the test to call.
import { connectEngine } from '../../../src/lib/client/engine.ts';
import type { EngineEvent } from '../../../src/lib/workers/wire.ts';
import { counterMethods, type CounterApi } from './counter.ts';

const client = connectEngine<CounterApi>({
  name: 'tabs-test',
  methods: counterMethods,
  sharedWorker: !location.search.includes('relay'),
  patienceMs: location.search.includes('hasty') ? 500 : 15_000,
  createWorker: () => new Worker(new URL('./counter.worker.ts', import.meta.url), { type: 'module' }),
});
const events: EngineEvent[] = [];
client.onEvent((event) => events.push(event));
const states: string[] = [];
client.onState((state) => states.push(state));

declare global {
  interface Window {
    tab: { client: typeof client; events: EngineEvent[]; states: string[] };
  }
}
window.tab = { client, events, states };
