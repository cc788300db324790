// What the audit log tells of records of peers: each act that was taken, and each that was refused, with its branch, its
// tables, the device and when it was written there (decision 0039). Values and titles are never told.
import type { Model } from '../../src/lib/engine/model/types.ts';
import type { Received } from '../../src/lib/engine/sync/receive.ts';
import type { PlacedRecord } from '../../src/lib/engine/sync/record.ts';
import type { AuditEntry } from '../people/audit.ts';
import type { Brought } from './brought.ts';

const mostReason = 200;

/** Entries of one update. Records of one act are one entry. */
export function auditOf(instance: string, job: Brought, received: Received, model: Model): AuditEntry[] {
  const acts = new Map<string, PlacedRecord[]>();
  for (const placed of received.taken) {
    const key = placed.record.act.uid;
    const known = acts.get(key);
    if (known) known.push(placed);
    else acts.set(key, [placed]);
  }
  const actor = job.who.account.uid;
  const common = { actor, instance, device: job.device.slice(0, 100), branch: branchOf(received.doc) };
  const entries: AuditEntry[] = [];
  for (const [act, records] of acts) {
    const [first] = records as [PlacedRecord];
    const rows = new Map<string, number>();
    for (const { record } of records)
      for (const { t, n } of record.operations) rows.set(t, (rows.get(t) ?? 0) + n);
    const tables = [...rows.keys()].filter((name) => model.tables.has(name));
    entries.push({
      ...common,
      ...{ event: 'act.taken', subject: act, tab: tables[0] ?? null },
      writtenAt: Math.round(first.record.at / 1000),
      details: {
        kind: first.record.act.kind,
        records: records.length,
        rows: [...rows.values()].reduce((sum, n) => sum + n, 0),
        tables: tables.slice(0, 10),
      },
    });
  }
  const reasons = new Map<string, { clock: number; client: number; records: number }>();
  for (const { client, clock, reason } of received.refused) {
    const known = reasons.get(reason);
    if (known) known.records++;
    else reasons.set(reason, { client, clock, records: 1 });
  }
  for (const [reason, { client, clock, records }] of reasons)
    entries.push({
      ...common,
      ...{
        event: 'record.refused',
        details: { client, clock, records, reason: reason.slice(0, mostReason) },
      },
    });
  return entries;
}

const branchOf = (doc: string): string => doc.split('/')[1] ?? '';
