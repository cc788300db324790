// Which logs there are: `b/<branch>/<epoch>`, one of each branch and epoch. An epoch is sealed once the next one is there:
// whoever knows of that writes there. Devices that did not know may still bring records for a sealed one; two that seal at
// the same time mean the same, so that nobody has to be asked. Epoch 0 is no log: it is what was there before the first.
import { md5Hex } from '../md5.ts';
import { all, one, run, type Steps } from '../statement.ts';
import { malformed } from './bytes.ts';
import { encodeStateVector, type StateVector } from './item.ts';

/** When a log has had enough: whichever comes first. A state vector has ten bytes for each session. */
export interface SealLimits {
  records: number;
  bytes: number;
  sessions: number;
}

export const sealLimits: SealLimits = { records: 50_000, bytes: 32 * 1024 * 1024, sessions: 500 };

export interface Log {
  id: number;
  branch: string;
  epoch: number;
}

export const docName = ({ branch, epoch }: Pick<Log, 'branch' | 'epoch'>): string => `b/${branch}/${epoch}`;

/** Branch and epoch of a log's name, which may come from anybody. */
export function readDocName(doc: string): Pick<Log, 'branch' | 'epoch'> {
  const match = /^b\/([0-9A-Za-z]{1,40})\/([1-9]\d{0,8})$/.exec(doc);
  if (!match) throw malformed('it names no log');
  return { branch: match[1] ?? '', epoch: Number(match[2]) };
}

export function* findLog(doc: string): Steps<Log | null> {
  const { branch, epoch } = readDocName(doc);
  const row = yield* one('SELECT id FROM loam_sync_doc WHERE branch = ? AND epoch = ?', [branch, epoch]);
  return row ? { id: Number(row[0]), branch, epoch } : null;
}

/** The log that new records of a branch go to; made where the branch has none. */
export function* openLog(branch: string): Steps<Log> {
  const row = yield* one('SELECT id, epoch FROM loam_sync_doc WHERE branch = ? ORDER BY epoch DESC LIMIT 1', [
    branch,
  ]);
  return row ? { id: Number(row[0]), branch, epoch: Number(row[1]) } : yield* beginLog({ branch, epoch: 1 });
}

/** Makes a log known. The earlier ones of the branch are sealed by that. */
export function* beginLog({ branch, epoch }: Pick<Log, 'branch' | 'epoch'>): Steps<Log> {
  const { lastId: id } = yield* run('INSERT INTO loam_sync_doc(branch, epoch) VALUES (?, ?)', [
    branch,
    epoch,
  ]);
  return { id, branch, epoch };
}

export interface LogFacts {
  doc: string;
  branch: string;
  epoch: number;
  sealed: boolean;
  records: number;
  bytes: number;
  sessions: number;
}

export function* listLogs(): Steps<LogFacts[]> {
  const rows = yield* all(
    `SELECT d.branch, d.epoch, EXISTS (SELECT 1 FROM loam_sync_doc e WHERE e.branch = d.branch AND e.epoch > d.epoch),
       coalesce(sum(c.next), 0), coalesce(sum(c.bytes), 0), count(c.client)
     FROM loam_sync_doc d LEFT JOIN loam_sync_client c ON c.doc = d.id GROUP BY d.id ORDER BY d.branch, d.epoch`,
  );
  return rows.map(([branch, epoch, sealed, records, bytes, sessions]) => ({
    doc: docName({ branch: String(branch), epoch: Number(epoch) }),
    branch: String(branch),
    epoch: Number(epoch),
    sealed: sealed === 1,
    records: Number(records),
    bytes: Number(bytes),
    sessions: Number(sessions),
  }));
}

/** Begins the next epoch of a branch where its newest log is full. Within a transaction. */
export function* sealWhenFull(branch: string, limits: SealLimits = sealLimits): Steps<Log> {
  const log = yield* openLog(branch);
  const row = yield* one(
    'SELECT coalesce(sum(next), 0), coalesce(sum(bytes), 0), count(*) FROM loam_sync_client WHERE doc = ?',
    [log.id],
  );
  const [records = 0, bytes = 0, sessions = 0] = (row ?? []).map(Number);
  const full = records >= limits.records || bytes >= limits.bytes || sessions >= limits.sessions;
  return full ? yield* beginLog({ branch, epoch: log.epoch + 1 }) : log;
}

/** Of each client of a log, how many records are here. */
export function* vectorOf(log: Log): Steps<StateVector> {
  const rows = yield* all('SELECT client, next FROM loam_sync_client WHERE doc = ? AND next > 0', [log.id]);
  return new Map(rows.map(([client, next]) => [Number(client), Number(next)]));
}

/** The same for all, in 32 characters: equal where two have the same records. For sealed logs, of which there may be many. */
export const vectorDigest = (vector: StateVector): string => md5Hex(encodeStateVector(vector));
