// A row that has another uid here since: who keeps something under uids is told, bytes of artifacts are noted (astray.ts).
import type { Table } from '../model/types.ts';
import { noteAstray } from '../registry/astray.ts';
import type { Steps } from '../statement.ts';
import type { Settling } from './settling.ts';

export function* noteMoved(
  settling: Settling,
  table: Table,
  id: number,
  from: string,
  to: string,
): Steps<void> {
  settling.moved.push({ table: table.name, from, to });
  if (table.name === 'lamindb_artifact') yield* noteAstray([id]);
}
