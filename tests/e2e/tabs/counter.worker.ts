// The worker entry of the tabs test: startTab over a counter in OPFS.
import { LoamError } from '../../../src/lib/engine/errors.ts';
import { openOpfs, warmOpfs } from '../../../src/lib/storage/sql/opfs-sahpool.ts';
import { startTab } from '../../../src/lib/workers/tab.ts';
import type { CallContext } from '../../../src/lib/workers/serve.ts';
import type { EngineApi } from '../../../src/lib/workers/wire.ts';
import { counterMethods, type CounterApi } from './counter.ts';

let current: CallContext | null = null;

startTab({
  name: 'tabs-test',
  methods: counterMethods,
  warm: warmOpfs,
  async open(emit) {
    const { driver } = await openOpfs({
      name: 'tabs-test',
      initialise: (d) =>
        d.exec(
          'CREATE TABLE counter(n INTEGER); INSERT INTO counter VALUES (0); CREATE TABLE applied(op TEXT PRIMARY KEY)',
        ),
    });
    const value = () => driver.all('SELECT n FROM counter')[0]?.[0] as number;
    const order: string[] = [];
    function add(n: number, op: string): number {
      driver.exec('BEGIN');
      if (driver.run('INSERT OR IGNORE INTO applied VALUES (?)', [op]).changes === 1) {
        driver.run('UPDATE counter SET n = n + ?', [n]);
      }
      driver.exec('COMMIT');
      order.push(`add ${n}`);
      emit({ type: 'status', status: { artifacts: value() } });
      return value();
    }
    const api: CounterApi = {
      async value() {
        order.push('value');
        return value();
      },
      add: async (n) => add(n, current?.op ?? ''),
      async slowAdd(n, ms) {
        const op = current?.op ?? '';
        await new Promise((resolve) => setTimeout(resolve, ms));
        return add(n, op);
      },
      async heldAdd(n) {
        const op = current?.op ?? '';
        const channel = new BroadcastChannel('held');
        const released = new Promise((resolve) => {
          channel.onmessage = ({ data }) => data === 'go' && resolve(null);
        });
        channel.postMessage('held');
        await released;
        channel.close();
        return add(n, op);
      },
      async addThenDie(n) {
        const op = current?.op ?? '';
        const applied = driver.all('SELECT 1 FROM applied WHERE op = ?', [op]).length === 1;
        const sum = add(n, op);
        if (!applied) {
          close();
          await new Promise(() => {});
        }
        return sum;
      },
      fileText: (file) => file.text(),
      stream: async () => new Blob(['streamed']).stream(),
      order: async () => order,
      async fails() {
        throw new LoamError('IntegrityError', 'no', { table: 't' });
      },
    };
    return api as unknown as EngineApi;
  },
  around(context, call) {
    current = context;
    return call();
  },
});
