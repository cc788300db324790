// A database file on trial in the helper worker: received into its place, checked there with every guard up, and
// adopted there. The worker can be ended at any moment; what it leaves is one place, removed by name.
import { LoamError } from '../engine/errors.ts';
import { model } from '../engine/model/model.ts';
import type { UntrustedDriver } from '../engine/ports.ts';
import { adopt } from '../engine/schema/adopt.ts';
import { readHeader } from '../engine/schema/file-header.ts';
import { examine, type Examination, type Judged } from '../engine/schema/quarantine.ts';
import { attachRemote } from '../engine/sync/remote.ts';
import { openPlace, type Place } from '../storage/sql/place.ts';
import { openSource } from './database-source.ts';
import type { DatabaseProgress, DatabaseSource } from './databases-wire.ts';

export type TrialStep = Omit<DatabaseProgress, 'token'>;

/** The server that a snapshot came from, and who works in it here. */
export interface JoinedAs {
  server: string;
  instance: { uid: string; name: string };
  account: { uid: string; handle: string; name: string };
}

export interface TrialApi {
  examine(place: string, source: DatabaseSource): Promise<Examination & { bytes: number; from: string }>;
  /** Adopts what `examine` found and lets go of the place, so that another worker can open it. */
  adopt(instance: string, joined?: JoinedAs | null): Promise<void>;
}

const tellEveryMs = 100;
const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);

export function createTrial(tell: (step: TrialStep) => void): TrialApi {
  let running: { place: Place; driver: UntrustedDriver; judged: Judged } | null = null;

  return {
    async examine(name, given) {
      const source = await openSource(given);
      // The size of a packed file is known at its end only; the rest of the header can be judged at once.
      readHeader(source.head, source.size);
      const place = await openPlace(name, { metered: true });
      let told = 0;
      const bytes = await place.receive(async () => {
        const chunk = await source.next();
        const now = performance.now();
        if (now - told > tellEveryMs) tell({ step: 'receiving', ...source.read() });
        if (now - told > tellEveryMs) told = now;
        return chunk;
      });
      const header = readHeader(source.head, bytes);
      const driver = await place.untrusted();
      const judged = await metered(place, driver, header);
      running = { place, driver, judged };
      return { ...judged.examination, bytes, from: source.name };
    },

    async adopt(instance, joined = null) {
      if (!running) throw new LoamError('InvalidArgument', 'No file was examined here.');
      const { place, driver, judged } = running;
      running = null;
      tell({ step: 'adopting', done: 0, total: null });
      adopt(driver, model, judged, { instance, clock: () => Date.now() });
      if (joined) await attachRemote(driver, { ...joined, random, clock: () => Date.now() });
      await place.keep(driver);
      driver.close();
      place.close();
    },
  };

  async function metered(
    place: Place,
    driver: UntrustedDriver,
    header: ReturnType<typeof readHeader>,
  ): Promise<Judged> {
    let step: TrialStep['step'] = 'schema';
    await place.meter((done, total) => tell({ step, done, total }));
    try {
      return examine(driver, header, model, (next) => {
        step = next;
        tell({ step, done: 0, total: null });
      });
    } finally {
      await place.meter(null);
    }
  }
}
