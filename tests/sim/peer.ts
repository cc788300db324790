// One device of the simulation: the real engine on a database in memory, with a clock, a chance and a disk of its own.
// What it writes gets places at once; what it has sent and not heard of again it sends again.
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { modelFingerprint } from '../../src/lib/engine/branch/fingerprint.ts';
import { model as core } from '../../src/lib/engine/model/model.ts';
import type { Column, Model, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { createProjector, type Projected, type Projector } from '../../src/lib/engine/sync/project.ts';
import type { PlacedRecord, SyncOperation } from '../../src/lib/engine/sync/record.ts';
import type { RefusedPlace } from '../../src/lib/engine/sync/refusals.ts';
import { timeText } from '../../src/lib/engine/time.ts';
import { idsOf, type LocalPart, type Operation, type RowKey } from '../../src/lib/engine/write/operation.ts';
import { readRecord } from '../../src/lib/engine/write/packs.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';

export interface Disk {
  bytes: Uint8Array;
  sent: PlacedRecord[];
}

export interface Peer {
  name: string;
  driver: SqlDriver;
  engine: Engine;
  projector: Projector;
  /** Client of this session. */
  client: number;
  /** Own records, in the order in which they were written; all sessions. */
  outbox: PlacedRecord[];
  /** Of own clients: the server has all below. */
  acked: Map<number, number>;
  rows(sql: string, params?: SqlValue[]): SqlValue[][];
  /** Gives places to what was written since. */
  seal(): void;
  project(records: readonly PlacedRecord[], refused?: readonly RefusedPlace[]): Projected;
  /** Statements until it fails, as if the device lost its power there; null for never. */
  failAfter(statements: number | null): void;
  disk(): Disk;
  close(): void;
}

export interface PeerOptions {
  name: string;
  user: string;
  disk: Disk;
  clock: () => number;
  random: () => number;
  client: number;
  /** Another version of the app. */
  model?: Model;
}

export class PowerCut extends Error {}

export async function openPeer(options: PeerOptions): Promise<Peer> {
  const { name, user, disk, clock, random, client, model = core } = options;
  const driver = await openMemory({ bytes: disk.bytes });
  let left: number | null = null;
  const cut = (sql: string) => {
    if (left === null || /^(ROLLBACK|RELEASE)/.test(sql)) return;
    if (--left < 0) throw new PowerCut(`power cut before ${sql.slice(0, 60)}`);
  };
  const guarded: SqlDriver = Object.create(driver, {
    run: { value: (sql: string, params?: SqlValue[]) => (cut(sql), driver.run(sql, params)) },
    all: { value: (sql: string, params?: SqlValue[]) => (cut(sql), driver.all(sql, params)) },
    many: {
      value: (sql: string, n: number, columns: SqlValue[][]) => (cut(sql), driver.many(sql, n, columns)),
    },
  }) as SqlDriver;
  const refuse = () => Promise.reject(new Error('no bytes here'));
  const engine = await createEngine({
    driver: guarded,
    model,
    blobs: createMemoryBlobs(),
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    clock,
    random: (bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256);
      return bytes;
    },
    onFeed: () => {},
    onDrop: () => {},
  });
  const { writer } = engine;
  const row = driver.all('SELECT id FROM lamindb_user WHERE uid = ?', [user])[0];
  Object.assign(writer.author, { userId: Number(row?.[0]), userUid: user });
  const projector = createProjector(writer.journal, writer.author);
  // What earlier sessions wrote is known from here on, and seen by what this one writes.
  runSync(driver, projector.project([]));
  const outbox = [...disk.sent];
  const told = new Map<number, number>();
  let clockOf = 0;

  function seal(): void {
    const left = driver.all(
      "SELECT r.id FROM loam_record r JOIN loam_act a ON a.id = r.act WHERE r.client IS NULL AND a.status <> 'open' AND r.id > (SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM loam_setting WHERE name = 'sync base') ORDER BY r.id",
    );
    for (const [id] of left) {
      const clock = clockOf++;
      const seen = [...runSync(driver, projector.vector())].filter(
        ([other, upto]) => other !== client && upto > (told.get(other) ?? 0),
      );
      for (const [other, upto] of seen) told.set(other, upto);
      outbox.push(
        placedOf(
          Number(id),
          client,
          clock,
          seen.sort(([a], [b]) => a - b),
        ),
      );
      driver.run('UPDATE loam_record SET client = ?, clock = ? WHERE id = ?', [client, clock, id ?? null]);
    }
  }

  function placedOf(rec: number, of: number, clock: number, seen: [number, number][]): PlacedRecord {
    const record = runSync(driver, readRecord(writer.journal, rec));
    const [uid, kind, title, root, own, sign] =
      driver.all(
        'SELECT a.uid, a.kind, a.title, r.uid, a.root = a.id, a.sign FROM loam_act a LEFT JOIN loam_act r ON r.id = a.root WHERE a.id = ?',
        [record.act],
      )[0] ?? [];
    return {
      doc: `b/${record.body.b}/1`,
      client: of,
      clock,
      record: {
        at: record.at,
        author: record.body.u,
        branch: record.body.b,
        act: {
          uid: String(uid),
          kind: String(kind),
          message: String(title),
          root: own === 1 ? null : (root as string | null),
          sign: Number(sign) as 1 | -1,
          part: 0,
          parts: 1,
        },
        schema: modelFingerprint(model),
        seen,
        operations: record.body.o.map((operation, i) => translated(operation, record.locals[i] as LocalPart)),
        signature: null,
      },
    };
  }

  function translated({ w, ...rest }: Operation, local: LocalPart): SyncOperation {
    if (!w) return rest;
    const birth = runSync(driver, readRecord(writer.journal, w[0]));
    const born = idsOf(birth.locals[w[1]] as LocalPart);
    const at = idsOf(local).map((id) => born.indexOf(id));
    const [lost] = driver.all('SELECT 1 FROM loam_void WHERE rec = ?', [w[0]]);
    if (birth.client !== null && !lost)
      return {
        ...rest,
        w: [birth.client, birth.clock ?? 0, w[1]],
        ...(at.length === born.length ? {} : { p: at }),
      };
    const words = birth.body.o[w[1]] as Operation;
    const table = model.tables.get(rest.t) as Table;
    const value = (column: Column, i: number): RowKey =>
      words.v?.[column.name]?.[i] ??
      words.c?.[column.name] ??
      (column.type === 'datetime' && !column.nullable ? timeText(birth.at) : null);
    if (rest.k === 'd')
      return {
        ...rest,
        r: at.map((i) => {
          const parts = table.rowKey.columns.map((c) => value(table.column.get(c) as Column, i));
          return parts.length === 1 ? (parts[0] ?? null) : parts;
        }),
      };
    return {
      ...rest,
      v: Object.fromEntries(
        table.columns
          .filter(({ name, derived }) => name !== 'id' && !derived)
          .map((column) => [column.name, at.map((i) => value(column, i))]),
      ),
    };
  }

  return {
    name,
    driver,
    engine,
    projector,
    client,
    outbox,
    acked: new Map(),
    rows: (sql, params) => driver.all(sql, params ?? []),
    seal,
    project(records, refused = []) {
      const done = runSync(guarded, projector.project(records, { refused }));
      for (const { client: of, clock } of refused) {
        if (of !== client) continue;
        // What a refused record told, the next one tells again.
        for (const [other] of outbox.find((one) => one.client === of && one.clock === clock)?.record.seen ??
          [])
          told.delete(other);
      }
      return done;
    },
    failAfter(statements) {
      left = statements;
    },
    disk: () => ({ bytes: driver.serialize(), sent: [...outbox] }),
    close: () => driver.close(),
  };
}
