// The engine worker: joins engine, storage and inspection. Every tab starts one; the tab that holds the database's
// Web Lock opens it and serves all tabs (tab.ts), the others keep their modules warm.
import { model } from '../engine/model/model.ts';
import { createInstance, emptyInstance, hasInstance, isUnseeded } from '../engine/schema/open.ts';
import { planUpgrade, upgrade } from '../engine/schema/upgrade.ts';
import { LoamError } from '../engine/errors.ts';
import type { Engine } from '../engine/index.ts';
import { openStores, warmStores } from './database.ts';
import { createDatabases, keepCopy, loadShelf, openOwn, removeTrials } from './databases.ts';
import type { Elsewhere } from './serve.ts';
import { createEngineApi, requestUid } from './engine-api.ts';
import type { OpenedDatabase } from '../storage/sql/opened.ts';
import { rehearse } from './rehearsal.ts';
import { startTab } from './tab.ts';
import { warmOpfs } from '../storage/sql/opfs-sahpool.ts';
import { shelfStore } from '../storage/sql/shelf.ts';
import { slotsFor } from '../storage/sql/shelf-slots.ts';

const name = 'loam';
/** Time for the last answers to leave before the worker ends. */
const leaveMs = 100;
/** A tab that waits for so long follows another one. */
const rehearseMs = 300;
const started = performance.now();
const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);

/** Waits until what was committed is kept; only a mirrored database needs it. */
let settled: (() => Promise<void>) | undefined;
/** Uid of the checked-out branch, once the database is open. */
let branch: () => string | null = () => null;
/** Databases beside the one in use. */
let elsewhere: Elsewhere | null = null;
/** The engine in use, and the tab that has asked it to look at the past. */
let inUse: Engine | null = null;
let pastTab: string | null = null;
let leaving = false;
let opening = false;

startTab({
  name,
  elsewhere: () => elsewhere,
  branch: () => branch(),
  leaving: () => leaving,
  warm: async () => {
    await Promise.all([warmOpfs(), warmStores()]);
    // A tab that leads from the start is busy with that.
    setTimeout(() => {
      if (!opening) rehearse(random, () => opening).catch(() => {}); // opening reports the same failure
    }, rehearseMs);
  },
  // Who looks at the past takes it along.
  left(tab) {
    if (tab === pastTab) inUse?.backToNow();
  },
  around: async (context, call) => {
    let value: unknown;
    if (context.method === 'goToPast') pastTab = context.tab;
    requestUid(context.op);
    try {
      value = await call();
    } finally {
      requestUid(null);
    }
    if (context.kind === 'write') await settled?.();
    return value;
  },
  open: async (emit, keptBefore) => {
    opening = true;
    let problem: LoamError | null = null;
    const store = shelfStore(slotsFor(name));
    const shelf = await loadShelf(store, name);
    const { opened: stores, notice } = await openOwn(shelf, store, async (id) => {
      const found = await openStores(
        {
          name: id,
          template: () => emptyInstance(model),
          unfinished: isUnseeded,
          initialise: (driver) =>
            createInstance(driver, { model, clock: () => Date.now(), random, name: 'my-lab' }),
          onMirror(next) {
            problem = next;
            emit({ type: 'status', status: { unkept: next?.message ?? null } });
          },
        },
        keptBefore,
      );
      try {
        if (!hasInstance(found.opened.driver)) {
          throw new LoamError(
            'DatabaseDamaged',
            'The database on this device is empty although it existed before. Nothing was changed.',
          );
        }
        await bringUpToDate({ shelf, store, random }, id, found.opened);
        return found;
      } catch (error) {
        // Another one may be opened in its place, and this one later.
        await found.opened.close();
        throw error;
      }
    });
    void removeTrials(shelf, store);
    settled = stores.opened.settled;
    const databases = (engine: Engine) => {
      inUse = engine;
      const made = createDatabases({
        shelf,
        store,
        random,
        instance: () => engine.status().instance,
        tell: (progress) => emit({ type: 'database', progress }),
        busy: () => engine.busy(),
        file: stores.opened.file,
        // The answer to the call goes out first; then the page finds this worker gone and starts another.
        leave() {
          leaving = true;
          engine.endSync();
          setTimeout(() => void stores.opened.close().finally(() => self.close()), leaveMs);
        },
      });
      elsewhere = { own: shelf.own, ask: made.ask };
      branch = () => engine.writer.author.branchUid;
      return made;
    };
    return createEngineApi({
      ...stores,
      emit,
      started,
      random,
      unkept: () => problem?.message ?? null,
      shelf: { databases, id: shelf.own, notice },
    });
  },
});

/** A newer Loam may know tables the database has not: a copy is kept before they are added. */
async function bringUpToDate(
  kept: Parameters<typeof keepCopy>[0],
  id: string,
  opened: OpenedDatabase,
): Promise<void> {
  const plan = planUpgrade(opened.driver, model);
  if (!plan) return;
  const name = kept.shelf.entries.find((entry) => entry.id === id)?.title ?? 'database';
  await keepCopy(kept, opened.file, `${name} before the update`, 'kept when Loam was updated');
  upgrade(opened.driver, model, plan, () => Date.now());
}
