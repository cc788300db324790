// What peers bring to a turn, and what is said of it afterwards.
import type { Access } from '../../src/lib/engine/sync/access.ts';
import type { Explained } from '../../src/lib/engine/sync/frames.ts';
import { decodeUpdate, encodeUpdate, type LogItem } from '../../src/lib/engine/sync/item.ts';
import { splitContent } from '../../src/lib/engine/sync/record.ts';
import type { Account } from '../people/accounts.ts';
import type { KeyLimits } from '../people/rights.ts';

/** Whose it is: rights are asked for in the turn, so that whoever lost them a moment ago has none. */
export interface Who {
  readonly account: Pick<Account, 'id' | 'uid'>;
  /** Of the API key that was shown; null: a session. */
  readonly limits: KeyLimits | null;
}

export interface Brought {
  readonly who: Who;
  /** What it may do, where that was asked for just now; otherwise the turn asks. */
  readonly access?: Access;
  /** As the peer calls its device; for the audit log. */
  readonly device: string;
  readonly doc: string;
  readonly bytes: Uint8Array;
  /** Whether the connection has announced the client. */
  owns(client: number): boolean;
  /** The connection it came from, which is not told of it again. */
  readonly source: object | null;
  /** The server's own engine made it: what it calls a merge is one. */
  readonly proven?: boolean;
  /** Postgres has refused it, for this reason: it is kept as refused. */
  readonly refusedFor?: string;
}

/** After COMMIT. */
export interface Kept {
  /** Of the clients concerned: what is kept, refused records among it. */
  vector: Map<number, number>;
  /** Records of the update that are refused, and why. */
  explained: Explained[];
}

/** What came into the log, for those who have it so far. Within one log, in order. */
export interface News {
  doc: string;
  /** The log itself is new here. */
  begun: boolean;
  items: LogItem[];
  /** Refused, items or those that were sent before. */
  refused: Explained[];
  source: object | null;
}

/** The parts of an update that stand or fall together, each as an update of its own, in their order. */
export function unitsOf(bytes: Uint8Array): Uint8Array[] {
  const { items } = decodeUpdate(bytes);
  const units: LogItem[][] = [];
  for (const item of items) {
    const last = units.at(-1);
    const goesOn =
      last?.[0]?.client === item.client &&
      item.content !== null &&
      splitContent(item.content).head.act.part > 0;
    if (goesOn) last.push(item);
    else units.push([item]);
  }
  return units.map((unit) => encodeUpdate(unit));
}
