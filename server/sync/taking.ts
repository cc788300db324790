// Within one transaction of the replica: updates are received, what is whole is done in the tables, and what came into the log
// by it is read off. Acts of several records are done once their last record is here, so that a refusal of one never has to
// take effects of the others back.
import { runSync } from '../../src/lib/engine/statement.ts';
import type { Explained } from '../../src/lib/engine/sync/frames.ts';
import { encodeUpdate, type DeletedRun, type LogItem } from '../../src/lib/engine/sync/item.ts';
import type { Received, ReceivePolicy } from '../../src/lib/engine/sync/receive.ts';
import { contentOf, decodeRecord, type PlacedRecord } from '../../src/lib/engine/sync/record.ts';
import type { News } from './brought.ts';
import type { LogRow } from './log-store.ts';
import type { ReplicaNow } from './replica.ts';

/** The newest row of the replica's own log table. */
export const newestItem = ({ driver }: Pick<ReplicaNow, 'driver'>): number =>
  Number(driver.all('SELECT coalesce(max(seq), 0) FROM loam_sync_item')[0]?.[0]);

/** Rows of the log that the replica has got behind `after`, which are items of others or its own. */
export function newItems(
  { driver }: Pick<ReplicaNow, 'driver'>,
  after: number,
): Omit<LogRow, 'seq' | 'account'>[] {
  return driver
    .all(
      `SELECT d.branch, d.epoch, i.client, i.clock, i.head, i.body, i.reason FROM loam_sync_item i
       JOIN loam_sync_client c ON c.client = i.client JOIN loam_sync_doc d ON d.id = c.doc WHERE i.seq > ? ORDER BY i.seq`,
      [after],
    )
    .map(([branch, epoch, client, clock, head, body, reason]) => ({
      kind: 'item',
      doc: `b/${String(branch)}/${String(epoch)}`,
      ...{ client: Number(client), clock: Number(clock) },
      content: head ? contentOf(head as Uint8Array, body as Uint8Array) : null,
      reason: reason === null ? null : String(reason),
    }));
}

export interface TakenUpdate {
  received: Received;
  rows: Omit<LogRow, 'seq' | 'account'>[];
  begun: boolean;
}

/** Receives one update; what it throws leaves nothing. */
export function receive(now: ReplicaNow, doc: string, bytes: Uint8Array, policy: ReceivePolicy): TakenUpdate {
  const { driver, engine } = now;
  const before = newestItem(now);
  const logs = () => Number(driver.all('SELECT count(*) FROM loam_sync_doc')[0]?.[0]);
  const known = logs();
  const received = engine.sync.receive(doc, bytes, policy);
  const rows = newItems(now, before);
  const fresh = new Set(rows.map(({ client, clock }) => `${client} ${clock}`));
  for (const { client, clock, reason } of received.refused)
    if (!fresh.has(`${client} ${clock}`))
      rows.push({ kind: 'void', doc, client, clock, content: null, reason });
  return { received, rows, begun: logs() > known };
}

/** Of records that were just taken: those of acts that are whole now, with the parts that were here before. */
export function wholeActs(
  { driver }: Pick<ReplicaNow, 'driver'>,
  taken: readonly PlacedRecord[],
): PlacedRecord[] {
  const out: PlacedRecord[] = [];
  const here = new Map(taken.map((placed) => [`${placed.client} ${placed.clock}`, placed]));
  for (const placed of taken) {
    const { part, parts } = placed.record.act;
    if (part < parts - 1) continue;
    for (let clock = placed.clock - part; clock < placed.clock; clock++) {
      const known = here.get(`${placed.client} ${clock}`);
      if (known) out.push(known);
      else {
        const row = driver.all(
          'SELECT head, body FROM loam_sync_item WHERE client = ? AND clock = ? AND record IS NULL',
          [placed.client, clock],
        )[0];
        if (row?.[0])
          out.push({
            ...placed,
            clock,
            record: decodeRecord(contentOf(row[0] as Uint8Array, row[1] as Uint8Array)),
          });
      }
    }
    out.push(placed);
  }
  return out;
}

/** Does them in the tables; what records did that are refused now is taken out, and nobody waits for them. */
export function project(
  { driver, projector }: ReplicaNow,
  placed: readonly PlacedRecord[],
  refused: Received['refused'] = [],
): void {
  if (placed.length > 0 || refused.length > 0) runSync(driver, projector.project(placed, { refused }));
}

/** Why records are refused here. */
export function reasonsOf({ driver }: Pick<ReplicaNow, 'driver'>, runs: readonly DeletedRun[]): Explained[] {
  const out: Explained[] = [];
  for (const { client, clock: first, count } of runs)
    for (let clock = first; clock < first + count; clock++) {
      const row = driver.all(
        'SELECT reason FROM loam_sync_item WHERE client = ? AND clock = ? AND head IS NULL',
        [client, clock],
      )[0];
      if (row) out.push({ client, clock, reason: String(row[0] ?? '') });
    }
  return out;
}

/** At most so many bytes of content in one update. */
const updateBytes = 1024 * 1024;

/** Rows of the log that other nodes wrote, as updates; a client's records are in a row in each. */
export function updatesOf(rows: readonly LogRow[]): { doc: string; bytes: Uint8Array }[] {
  const out: { doc: string; bytes: Uint8Array }[] = [];
  let doc = '';
  let items: LogItem[] = [];
  let deleted: DeletedRun[] = [];
  let size = 0;
  const close = () => {
    if (items.length > 0 || deleted.length > 0) out.push({ doc, bytes: encodeUpdate(items, deleted) });
    [items, deleted, size] = [[], [], 0];
  };
  for (const row of rows) {
    const { client, clock, content } = row;
    // A row that refuses comes after the one it refuses, which may be in the same update.
    if (row.doc !== doc || size > updateBytes || row.kind === 'void') close();
    doc = row.doc;
    size += 32 + (content?.length ?? 0);
    if (row.kind === 'item') items.push({ client, clock, content });
    else deleted.push({ client, clock, count: 1 });
  }
  close();
  return out;
}

/** What peers that are connected are told of rows that came into the log. */
export function newsOf(
  rows: readonly Omit<LogRow, 'seq'>[],
  begun: ReadonlySet<string>,
  sources: ReadonlyMap<Omit<LogRow, 'seq'>, object>,
): News[] {
  const out: News[] = [];
  for (const row of rows) {
    const source = sources.get(row) ?? null;
    let last = out.at(-1);
    if (last?.doc !== row.doc || last.source !== source) {
      last = { doc: row.doc, begun: begun.has(row.doc), items: [], refused: [], source };
      out.push(last);
    }
    const { client, clock, content } = row;
    if (row.kind === 'item') last.items.push({ client, clock, content });
    if (content === null) last.refused.push({ client, clock, reason: row.reason ?? '' });
  }
  return out;
}
