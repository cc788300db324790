// How what the server sends comes in: an update goes into its log, its records into the tables, and what was refused out of
// them, in one transaction, so that no crash leaves one without the other. What a connection calls; who may send what is said by
// its policy (receive.ts).
import type { SqlDriver } from '../ports.ts';
import { runSync, type Steps } from '../statement.ts';
import type { Writer } from '../write/writer.ts';
import { markDone } from './arrivals.ts';
import type { SessionPlaces } from './places.ts';
import { createProjector, type Projected, type Projector } from './project.ts';
import { receiveUpdate, type Received, type ReceivePolicy } from './receive.ts';
import type { PlacedRecord } from './record.ts';
import type { Refused } from './voids.ts';

export interface Taken {
  received: Received;
  projected: Projected;
}

export interface Intake {
  readonly projector: Projector;
  /**
   * Takes an update of a log: all of it or nothing. What is no update throws `UpdateRefused` with `why`, as `receive` does.
   * Records are done in the tables, or wait there for what their authors had seen; of those that are refused (`voids` of the
   * policy: by the server) what they did here is taken out again. The feed is told.
   */
  take(doc: string, update: Uint8Array, policy: ReceivePolicy): Taken;
  /** Does records in the tables that are in the logs already. The feed is told. */
  project(placed: readonly PlacedRecord[]): Projected;
}

export interface IntakeDeps {
  driver: SqlDriver;
  writer: Writer;
  /** Rows that have another uid now. Of artifacts the bytes are to follow: call `followUids` (registry/astray.ts), at open too. */
  onMoved?: (moved: Projected['moved']) => void;
}

export function createIntake({ driver, writer, onMoved }: IntakeDeps): Intake {
  const { journal, author } = writer;
  const projector = createProjector(journal, author, (placed, record) => markDone(journal, placed, record));

  function tell(projected: Projected): void {
    for (const { uid, title, changes } of projected.acts) writer.announce({ uid, title }, changes);
    if (projected.moved.length > 0) onMoved?.(projected.moved);
  }

  /** What own records told, and what nobody has any more, the next ones tell again. */
  function retell(refused: readonly Refused[]): void {
    const places = journal.places as SessionPlaces | null;
    for (const { own, client, clock } of refused) if (own) places?.retell(client, clock);
  }

  return {
    projector,
    take(doc, update, policy) {
      let received: Received | null = null;
      function* first(): Steps<Received> {
        received = yield* receiveUpdate(journal, doc, update, policy);
        return received;
      }
      const projected = runSync(driver, projector.project([], { first: first() }));
      const done = received as Received | null;
      if (!done) throw new Error('An update was projected before it was received.');
      retell(done.refused);
      tell(projected);
      return { received: done, projected };
    },
    project(placed) {
      const projected = runSync(driver, projector.project(placed));
      tell(projected);
      return projected;
    },
  };
}
