// The page of the tabs test: puts a connected client on the window for the test to call.
import { connectEngine } from '../../../src/lib/client/engine.ts';
import type { EngineEvent } from '../../../src/lib/workers/wire.ts';
import { counterMethods, type CounterApi } from './counter.ts';

const workers: Worker[] = [];
/** Whether the newest worker has said that it lives. */
let alive = false;
const client = connectEngine<CounterApi>({
  name: 'tabs-test',
  methods: counterMethods,
  sharedWorker: !location.search.includes('relay'),
  patienceMs: location.search.includes('hasty') ? 500 : 15_000,
  createWorker() {
    // As when its script cannot be fetched just now.
    const worker =
      workers.length === 0 && location.search.includes('missing')
        ? new Worker('./missing.js', { type: 'module' })
        : new Worker(new URL('./counter.worker.ts', import.meta.url), { type: 'module' });
    alive = false;
    worker.addEventListener('message', () => (alive = true));
    workers.push(worker);
    return worker;
  },
});
const events: EngineEvent[] = [];
client.onEvent((event) => events.push(event));
const states: string[] = [];
client.onState((state) => states.push(state));

declare global {
  interface Window {
    tab: {
      client: typeof client;
      events: EngineEvent[];
      states: string[];
      workers: Worker[];
      alive(): boolean;
    };
  }
}
window.tab = { client, events, states, workers, alive: () => alive };
