// Objects between two databases as the engine's facade offers them: packed in the one that is looked at, received in the
// own one as a single act, which one undo takes back. Bytes stay where they are.
import type { EngineContext } from '../context.ts';
import { whereabouts } from '../registry/whereabouts.ts';
import { all } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { packRows, type Parcel, type TransferMode } from './parcel.ts';
import { createReceiver, knownRows, type Transferred } from './receive.ts';

/** Up to here a transaction is about as long as a slice would be. */
const atOnce = 200;

export function transferPart(context: EngineContext) {
  const { model, read, act, jobs, request, random, driver, blobs, storageId, writer } = context;

  /** Bytes of this device that both databases name. */
  async function noteBytes(ids: readonly number[]): Promise<void> {
    const rows = read(
      all(
        'SELECT id, uid FROM lamindb_artifact WHERE storage_id = ? AND id IN (SELECT value FROM json_each(?))',
        [storageId, JSON.stringify(ids)],
      ),
    );
    for (const [id, uid] of rows) {
      const { copyKey } = read(whereabouts(writer.journal.hidden.without, String(uid)));
      const here = await blobs.exists(copyKey);
      driver.run('INSERT OR IGNORE INTO loam_blob(artifact_id, storage_key, only_here) VALUES (?, ?, ?)', [
        Number(id),
        copyKey,
        here ? 1 : 0,
      ]);
    }
  }

  return {
    /** Rows by uid with all that they need elsewhere; refuses old versions. */
    packRows: (registry: string, keys: string[], mode: TransferMode = 'annotations'): Parcel =>
      read(packRows(model, registry, keys, mode)),

    /** Writes what another database packed. Many rows are a job. A parcel that is here already changes nothing. */
    async receiveRows(parcel: Parcel): Promise<Transferred> {
      const receiver = createReceiver(model, parcel);
      const many = parcel.asked.ids.length;
      const title = `Save ${many === 1 ? 'a row' : `${many} rows`} from ${parcel.instance.name}`;
      let applied: boolean | null;
      if (receiver.total <= atOnce)
        applied = act('transfer', title, function* (tx) {
          yield* receiver.receive(tx, 0, receiver.total);
          return true;
        });
      else {
        const steps = Array.from({ length: receiver.total }, (_, i) => i);
        const spec = { uid: request() ?? randomUid(16, random), kind: 'transfer', title };
        applied = await jobs.run(spec, steps, (tx, part) => receiver.receive(tx, part[0] ?? 0, part.length));
      }
      // Sent again after it was applied.
      if (!applied) return read(knownRows(model, parcel));
      await noteBytes(receiver.artifacts());
      return receiver.report();
    },
  };
}
