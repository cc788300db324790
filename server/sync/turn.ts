// One turn: what peers brought becomes rows of the log and of LaminDB's tables in one transaction of Postgres, with the
// same in the replica (decision 0040). Whoever calls it holds the replica; either all of a turn is kept or nothing.
import { isLoamError, LoamError } from '../../src/lib/engine/errors.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { includesRole, type Access } from '../../src/lib/engine/sync/access.ts';
import { refusedUpdate } from '../../src/lib/engine/sync/bytes.ts';
import { decodeUpdate } from '../../src/lib/engine/sync/item.ts';
import { notFromTheFuture, type Received } from '../../src/lib/engine/sync/receive.ts';
import type { PlacedRecord } from '../../src/lib/engine/sync/record.ts';
import { appendAudit, type AuditEntry } from '../people/audit.ts';
import { accessOf, type WriteTerms } from '../people/rights.ts';
import type { PostgresSession } from '../postgres.ts';
import { auditOf } from './audit-records.ts';
import type { Brought, Kept, News, Who } from './brought.ts';
import { createJudge } from './judge.ts';
import { appendLog, lockInstance, logHead, readLog, type LogRow } from './log-store.ts';
import { placeText } from './replica-file.ts';
import type { Replica, ReplicaNow } from './replica.ts';
import { tryAct } from './tried-acts.ts';
import { newItems, newestItem, newsOf, project, reasonsOf, receive, updatesOf, wholeActs } from './taking.ts';

export interface TurnDeps {
  replica: Replica;
  clock: () => number;
}

export type Answer = Kept | LoamError;

/** A turn that is open on both sides. */
export interface OpenTurn {
  readonly session: PostgresSession;
  readonly now: ReplicaNow;
  /** The log is longer than one page: nothing else is done in this turn. */
  readonly behind: boolean;
  /** Takes updates of peers, in their order. */
  take(jobs: readonly Brought[]): Promise<Answer[]>;
  /** Does what an account does on the server, as if it had brought it; throws where any of it is refused. */
  write<T>(access: Access, work: (engine: ReplicaNow['engine']) => T | Promise<T>): Promise<T>;
  /** Does what the server itself does; its records go into the log as its own. */
  own(work: (now: ReplicaNow) => Promise<void> | void, account: string | null): Promise<void>;
  /** Writes the log and the audit entries. The last thing before COMMIT. */
  close(): Promise<Closed>;
}

/** To be kept in the replica once Postgres has committed. */
export interface Closed {
  seq: number;
  place: string;
  news: News[];
  rows: number;
}

const catchUpRows = 2000;

/** Begins a turn in a transaction of Postgres that the caller has begun: takes what other nodes wrote first. */
export async function openTurn({ replica, clock }: TurnDeps, session: PostgresSession): Promise<OpenTurn> {
  const { instance, model } = replica;
  // Sent together: Postgres does them one after the other, and each sees what was there when it began.
  const [, head] = await Promise.all([lockInstance(session, instance), logHead(session, instance)]);
  const { now } = replica;
  replica.begin();
  const missed = head > replica.seq ? await readLog(session, instance, replica.seq, catchUpRows) : [];
  const begun = new Set<string>();
  if (missed.length > 0) {
    for (const { doc, bytes } of updatesOf(missed)) {
      const { received, begun: isNew } = receive(now, doc, bytes, { voids: true, begins: true });
      if (isNew) begun.add(doc);
      project(now, wholeActs(now, received.taken), received.refused);
    }
    for (const { client, clock: at, content, reason } of missed)
      if (content === null) now.engine.sync.explain(client, at, reason ?? '');
    await now.mirror.skip(session);
  }
  const last = missed.at(-1);
  const behind = (last?.seq ?? replica.seq) < head;

  const rows: Omit<LogRow, 'seq'>[] = [];
  const sources = new Map<Omit<LogRow, 'seq'>, object>();
  const told: AuditEntry[] = [];
  const accesses = new Map<string, Access | null>();
  /** Of clients whose records came in this turn: whose they are. */
  const owners = new Map<number, string>();
  const judge = createJudge(now.driver, model, instance);
  const future = notFromTheFuture(clock);

  async function accessFor({ account, limits }: Who): Promise<Access | null> {
    const key = JSON.stringify([account.uid, limits]);
    const known = accesses.get(key);
    if (known !== undefined) return known;
    const access = await accessOf(session, instance, account, limits);
    accesses.set(key, access);
    return access;
  }

  /** A client belongs to the account that brought its first record: nobody else writes on under its name. */
  async function foreignClient(account: string, bytes: Uint8Array): Promise<LoamError | null> {
    let clients: number[];
    try {
      clients = [...new Set(decodeUpdate(bytes).items.map(({ client }) => client))];
    } catch (error) {
      if (isLoamError(error, 'UpdateRefused')) return error as LoamError;
      throw error;
    }
    const unknown = clients.filter((client) => !owners.has(client));
    if (unknown.length > 0) {
      const { rows: found } = await session.query(
        `SELECT client, account FROM loam.log_item WHERE instance = $1 AND kind = 'item' AND clock = 0
           AND client = ANY (ARRAY(SELECT jsonb_array_elements_text($2::jsonb)::bigint))`,
        [instance, JSON.stringify(unknown)],
      );
      for (const [client, whose] of found) owners.set(Number(client), String(whose));
    }
    const client = clients.find((one) => (owners.get(one) ?? account) !== account);
    if (client === undefined) {
      for (const one of unknown) owners.set(one, account);
      return null;
    }
    return refusedUpdate(
      'foreign client',
      `An update was refused: client ${client} belongs to another account. Open the database anew, so that it gets a client of its own.`,
      { client },
    );
  }

  /** What was received and is not in the tables yet. */
  let waiting: PlacedRecord[] = [];
  let refused: Received['refused'] = [];
  let acting: { account: string; key: string; terms: WriteTerms } | null = null;
  async function flush(): Promise<void> {
    project(now, waiting, refused);
    judge.forget();
    [waiting, refused] = [[], []];
    if (acting === null) return;
    await now.mirror.flush(session, acting.account, acting.terms);
    acting = null;
  }

  async function takeOne(job: Brought): Promise<Answer> {
    const access = job.access ?? (await accessFor(job.who));
    if (!access) return new LoamError('NoAccess', 'You are no member of this instance any more.');
    const theirs = await foreignClient(access.account, job.bytes);
    if (theirs instanceof LoamError) return theirs;
    const next = actingOf(access, job.proven ?? false);
    if (acting !== null && acting.key !== next.key) await flush();
    let taken;
    try {
      taken = receive(now, job.doc, job.bytes, {
        ...{ voids: false, begins: includesRole(access.role, 'write'), owns: (client) => job.owns(client) },
        judge: (placed) =>
          job.refusedFor ?? future(placed) ?? judge.judge(access, placed, job.proven ?? false),
      });
    } catch (error) {
      if (isLoamError(error, 'UpdateRefused')) return error as LoamError;
      throw error;
    }
    const { received, begun: isNew } = taken;
    acting ??= next;
    acting.terms.merge &&= received.taken.every(({ record }) => record.act.kind === 'merge');
    if (isNew) begun.add(job.doc);
    for (const row of taken.rows) {
      const written = { ...row, account: access.account };
      rows.push(written);
      if (job.source) sources.set(written, job.source);
    }
    waiting.push(...wholeActs(now, received.taken));
    refused.push(...received.refused);
    told.push(...auditOf(instance, job, received, model));
    return { vector: vectorOf(now, job.bytes), explained: reasonsOf(now, received.answer) };
  }

  return {
    ...{ session, now, behind },
    async take(jobs) {
      const answers: Answer[] = [];
      for (const job of jobs) answers.push(await takeOne(job));
      await flush();
      return answers;
    },
    async write(access, work) {
      const { value, updates } = await tryAct(now, access, work);
      for (const { doc, bytes } of updates) {
        const answer = await takeOne({
          ...{ who: { account: { id: 0, uid: access.account }, limits: null }, access, device: 'REST' },
          ...{ doc, bytes, source: null, proven: true, owns: () => true },
        });
        if (answer instanceof LoamError) throw answer;
        const [wrong] = answer.explained;
        if (wrong) throw new LoamError('NoWriteAccess', wrong.reason);
      }
      await flush();
      return value;
    },
    async own(work, account) {
      const before = newestItem(now);
      await work(now);
      runSync(now.driver, now.projector.project([]));
      for (const row of newItems(now, before)) {
        rows.push({ ...row, account });
        if (!begun.has(row.doc) && row.clock === 0) begun.add(row.doc);
      }
      now.driver.run('UPDATE loam_sync_client SET acked = next WHERE own > 0 AND acked < next');
      await now.mirror.flush(session, null);
    },
    async close() {
      const from = last?.seq ?? replica.seq;
      // What Postgres would refuse at COMMIT it refuses now, so that both sides know in time. All is sent at once; what follows
      // a failure fails because of it, and the first one is thrown.
      const [, seq] = await Promise.all([
        session.query('SET CONSTRAINTS ALL IMMEDIATE'),
        behind ? from : appendLog(session, instance, clock(), from, rows),
        appendAudit(session, clock(), told),
      ]);
      const end = rows.at(-1);
      const place = end ? placeText({ ...end, seq }) : last ? placeText(last) : '';
      return {
        seq,
        place,
        rows: rows.length,
        news: [...newsOf(missed, begun, new Map()), ...newsOf(rows, begun, sources)],
      };
    },
  };
}

/** Whose rights Postgres applies to what is written: updates with the same ones are written together. */
function actingOf(
  { account, role, onlySpaces, onlyBranches }: Access,
  proven: boolean,
): { account: string; key: string; terms: WriteTerms } {
  const [spaces, branches] = [onlySpaces, onlyBranches].map((only) => (only ? [...only] : null));
  const terms = { role, spaces: spaces ?? null, branches: branches ?? null, merge: proven };
  return { account, key: JSON.stringify([account, terms]), terms };
}

/** Of the clients of an update: what is kept of them. */
function vectorOf({ driver }: ReplicaNow, bytes: Uint8Array): Map<number, number> {
  const clients = [...new Set(decodeUpdate(bytes).items.map(({ client }) => client))];
  const found = driver.all(
    'SELECT client, next FROM loam_sync_client WHERE client IN (SELECT value FROM json_each(?))',
    [JSON.stringify(clients)],
  );
  return new Map(found.map(([client, next]) => [Number(client), Number(next)]));
}
