// Records that stand or fall together: parts 0 … n-1 of one act with clocks in a row. A client whose parts do not fit would
// let others wait for a part that never comes.
import { malformed } from './bytes.ts';
import type { PlacedRecord, SyncAct } from './record.ts';

/** The record before: its act, that it was refused (so that nothing is known of it), or that there is none. */
export type Neighbour = Pick<SyncAct, 'uid' | 'part' | 'parts'> | 'refused' | null;

export const firstOfUnit = ({ clock, record }: PlacedRecord): number => clock - record.act.part;

/** Throws where a record does not go on as the one before it says. */
export function followsOn(before: Neighbour, placed: PlacedRecord): void {
  const { client, clock, record } = placed;
  const { uid, part, parts } = record.act;
  if (before === 'refused') {
    if (part <= clock) return;
  } else if (part === 0) {
    if (before === null || before.part === before.parts - 1) return;
  } else if (before?.uid === uid && before.part === part - 1 && before.parts === parts) return;
  throw malformed(
    `record ${clock} of client ${client} is part ${part + 1} of ${parts} of its act, which does not follow on the one before it`,
  );
}
