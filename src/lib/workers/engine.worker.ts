// The engine worker: joins engine, storage and inspection. Every tab starts one; the tab that holds the database's
// Web Lock opens it and serves all tabs (tab.ts), the others keep their modules warm.
import { model } from '../engine/model/model.ts';
import { createInstance, hasInstance } from '../engine/schema/open.ts';
import { LoamError } from '../engine/errors.ts';
import { openOrRemember } from './database.ts';
import { createEngineApi, requestUid } from './engine-api.ts';
import { startTab } from './tab.ts';
import { warmOpfs } from '../storage/sql/opfs-sahpool.ts';

const name = 'loam';
const started = performance.now();
const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);

startTab({
  name,
  warm: warmOpfs,
  around: async (context, call) => {
    requestUid(context.op);
    try {
      return await call();
    } finally {
      requestUid(null);
    }
  },
  open: async (emit) => {
    const opened = await openOrRemember({
      name,
      initialise: (driver) =>
        createInstance(driver, { model, clock: () => Date.now(), random, name: 'my-lab' }),
      onError: ({ code, message, details }) => emit({ type: 'fatal', error: { code, message, details } }),
    });
    if (!hasInstance(opened.driver)) {
      throw new LoamError(
        'DatabaseDamaged',
        'The database on this device is empty although it existed before. Nothing was changed.',
      );
    }
    return createEngineApi(opened, emit, started, random);
  },
});
