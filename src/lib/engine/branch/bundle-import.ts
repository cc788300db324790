// A branch out of a file into this copy of the database, and what was held back of it later: each as one act on that branch. Bytes
// of its artifacts are checked and staged before, and move to their places after it.
import type { EngineContext } from '../context.ts';
import { isLoamError, LoamError } from '../errors.ts';
import type { BundleVerifier, ByteSource, Device } from '../ports.ts';
import { branchStatus, wordOf } from '../registry/status.ts';
import { instanceHere } from '../schema/open.ts';
import { one, run, runSync, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { insertOne } from '../write/apply.ts';
import { refuseInPast } from '../write/journal.ts';
import { noteDevice } from '../write/devices.ts';
import { mainBranch, seenFrom } from '../write/seen.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Bundle, BundleBlob } from './bundle.ts';
import { finishArriving, noteArriving } from './bundle-arrival.ts';
import { openBundle, type OpenedBundle } from './bundle-file.ts';
import { stageFiles, type StagedBlob } from './bundle-files.ts';
import { countHeld, heldOf, waitingFor, type BranchHeld } from './bundle-held.ts';
import { foreign, receiveContent, type HeldBack, type Received } from './bundle-receive.ts';
import { keepMaker, receiveReview, type ReviewCounts } from './bundle-review.ts';
import type { FileWatch } from './bundle-stream.ts';
import { findBranch } from './branches.ts';
import { carriedState, keepState } from './carried-state.ts';
import { checkOut, switchTo } from './checkout.ts';
import { modelFingerprint } from './fingerprint.ts';
import { newestAct } from './review.ts';

export interface ImportedBranch extends Received {
  branch: { uid: string; name: string };
  author: { uid: string; handle: string };
  madeAt: string;
  /** Key that signed it; null where nobody did. */
  signedBy: string | null;
  /** False where the signature could not be checked here. */
  checked: boolean;
  blobs: BundleBlob[];
  /** What of its review is here now. */
  review: ReviewCounts;
  /** Of its artifacts: those whose bytes came along and are here, or come at the next start, and those whose bytes are not. */
  files: { here: number; late: number; missing: number };
}

export interface ImportOptions {
  /** Its bytes of files, by somebody who has read every byte of the file (`stageFiles`). */
  staged?: readonly StagedBlob[];
  watch?: FileWatch;
}

/** All of it is in, as it was sent. */
const isWhole = ({ held, known }: Received): boolean => held.length === 0 && known === 0;

export function importPart(context: EngineContext, verifier: () => Promise<BundleVerifier | null>) {
  const { driver, model, read, act, writer, blobs, storageId } = context;
  const { journal, author } = writer;

  return {
    /** Makes the branch of a file here. Nothing is changed where it is refused; what is checked out stays so. */
    async importBranch(
      given: Uint8Array | ByteSource,
      { staged, watch }: ImportOptions = {},
    ): Promise<ImportedBranch> {
      let files = staged ?? [];
      try {
        const opened = await openBundle(given, await verifier());
        read(parentHere(opened));
        if (!staged && opened.filesLength > 0)
          files = await stageFiles(opened, blobs, `bundle-${randomUid(12, context.random)}`, watch);
        const { unwanted, ...done } = take(opened, files);
        await discard(unwanted);
        const late = await finishArriving(driver, blobs);
        const here = files.length - unwanted.length - late;
        return { ...done, files: { here, late, missing: done.blobs.length - here - late } };
      } catch (error) {
        await discard(files.map(({ token }) => token));
        throw error;
      }
    },

    /** Refuses a file that cannot be opened here, before its bytes are read. */
    refuseBundle: (opened: OpenedBundle): void => void read(parentHere(opened)),

    /** Takes in what was held back, as far as what it refers to is here by now. */
    takeHeld(ref: string): Received {
      const branch = read(findBranch(ref));
      if (branch.status < 0)
        throw new LoamError(
          'InvalidArgument',
          `The branch "${branch.name}" is ${wordOf(branchStatus, branch.status)}: nothing comes in any more. ${branch.status === branchStatus.merged ? 'Undo the merge' : 'Open it again'} first.`,
          { branch: branch.name },
        );
      const content = read(heldOf(branch.uid));
      if (!content)
        throw new LoamError('DoesNotExist', `Nothing of "${branch.name}" is held back.`, {
          branch: branch.name,
        });
      const carried = read(carriedState(branch.uid));
      const untouched = carried !== null && carried.here === read(newestAct(journal, branch));
      return onNew(`Take in what was held back of ${branch.name}`, author.branchId, null, function* (tx) {
        yield* checkOut(tx, branch.id);
        const report = yield* receiveContent(tx, branch, content);
        // With the last of it, it is what the file's verdicts are about, unless something else was done on it meanwhile.
        const row = yield* one('SELECT uid FROM loam_act ORDER BY id DESC LIMIT 1');
        if (untouched)
          yield* keepState(branch.uid, { ...carried, here: String(row?.[0]), whole: isWhole(report) });
        return report;
      });
    },

    /** How many rows, cells and links of a branch wait for rows that are not here. */
    heldOfBranch(ref: string): number {
      const content = read(heldOf(read(findBranch(ref)).uid));
      return content ? countHeld(content) : 0;
    },

    /** The rows that they wait for, and how many fit by now. */
    waitingOfBranch(ref: string): BranchHeld {
      const branch = read(findBranch(ref));
      const content = read(heldOf(branch.uid));
      if (!content) return { changes: 0, ready: 0, rows: [], more: 0 };
      return read(waitingFor(journal, branch.id, content));
    },
  };

  async function discard(tokens: readonly string[]): Promise<void> {
    // What cannot go now goes at the next start, since nobody waits for it.
    for (const token of tokens) await blobs.discard(token).catch(() => {});
  }

  function take(opened: OpenedBundle, staged: readonly StagedBlob[]) {
    refuseInPast(journal);
    const { manifest, content, signedBy, checked } = opened;
    const parent = read(parentHere(opened));
    const name = read(freeName(manifest.branch.name));
    const here = read(findBranch(author.branchUid));
    let unwanted: string[] = [];
    const received = onNew(`Open branch ${name} from a file`, here.id, manifest.device, function* (tx) {
      const id = yield* insertOne(tx, 'lamindb_branch', {
        uid: manifest.branch.uid,
        name,
        description: manifest.branch.description,
        _status_code: manifest.branch.status,
      });
      yield* run('INSERT INTO loam_branch(id, parent, fork, at) VALUES (?, ?, ?, ?)', [
        id,
        parent,
        yield* forkHere(manifest.fork, parent),
        manifest.fork.at,
      ]);
      Object.assign(author, yield* seenFrom(author.branchId));
      yield* checkOut(tx, id);
      // Known before anything is compared: main's rows that are here already are news to it.
      const state = { file: manifest.branch.state ?? '', here: '', whole: false };
      yield* keepState(manifest.branch.uid, state);
      const report = yield* receiveContent(tx, yield* findBranch(manifest.branch.uid), content);
      yield* receiveReview(tx, { id, uid: manifest.branch.uid }, content.review);
      const { by, createdAt } = manifest.branch;
      yield* keepMaker(tx, id, { uid: by, createdAt });
      if (manifest.branch.state !== null)
        yield* keepState(manifest.branch.uid, { ...state, whole: isWhole(report) });
      unwanted = yield* noteArriving(tx, storageId, manifest.blobs, staged);
      return report;
    });
    const { author: by, madeAt, blobs: wanted, review } = manifest;
    return {
      ...received,
      ...{
        branch: { uid: manifest.branch.uid, name },
        author: by,
        madeAt,
        signedBy,
        checked,
        blobs: wanted,
        review,
      },
      unwanted,
    };
  }

  /** One act of the branch that `body` checks out; what was checked out before is so again after it. */
  function onNew(
    title: string,
    back: number,
    device: Device | null,
    body: (tx: Transaction) => Steps<Received>,
  ): Received {
    const before = { ...author };
    try {
      const received = act('bundle', title, function* (tx) {
        const done = yield* body(tx);
        // Its records are those of the branch, whatever was checked out when it began, and of the device that made the file.
        const [id = 0] = (yield* one('SELECT max(id) FROM loam_act')) ?? [];
        yield* run('UPDATE loam_act SET branch_id = ? WHERE id = ?', [tx.author.branchId, id]);
        if (device) yield* noteDevice(journal, Number(id), device);
        return done;
      });
      runSync(driver, switchTo(journal, author, back));
      return received ?? { made: 0, changed: 0, added: 0, taken: 0, known: 0, held: [] as HeldBack[] };
    } catch (error) {
      Object.assign(author, before, read(seenFrom(before.branchId)));
      if (isLoamError(error) && /Nothing was changed\.$/.test(error.message)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new LoamError(
        isLoamError(error) ? error.code : 'FileUnreadable',
        `This branch cannot be opened here: ${why} Nothing was changed.`,
        isLoamError(error) ? error.details : {},
      );
    }
  }

  /** Id of the branch it comes from; refuses what belongs elsewhere or is here. */
  function* parentHere({ manifest }: OpenedBundle): Steps<number> {
    const here = yield* instanceHere();
    const { branch, instance, parent, schema } = manifest;
    if (instance.uid !== here.uid)
      throw foreign(
        `This branch belongs to the database "${instance.name}" (${instance.uid}), this one is "${here.name}" (${here.uid}). A branch is opened in copies of its own database.`,
      );
    if (schema !== modelFingerprint(model))
      throw foreign(
        'This branch was saved by a Loam whose tables are others than here. Update both and save it again.',
      );
    const known = yield* one('SELECT name FROM lamindb_branch WHERE uid = ?', [branch.uid]);
    if (known)
      throw foreign(
        `This branch is here already, as "${String(known[0])}". Delete it there to open another state of it.`,
        {
          branch: String(known[0]),
        },
      );
    if (branch.status < 0) throw foreign('This branch was merged or closed when it was saved.');
    const row = yield* one(`SELECT id FROM lamindb_branch WHERE uid = ? AND id >= ${mainBranch}`, [
      parent.uid,
    ]);
    if (row) return Number(row[0]);
    throw foreign(`It comes from the branch "${parent.name}", which is not here. Open that one first.`);
  }

  function* freeName(wanted: string): Steps<string> {
    for (let n = 1; ; n++) {
      const name = n === 1 ? wanted : `${wanted} (${n})`;
      if (!(yield* one('SELECT 1 FROM lamindb_branch WHERE lower(name) = lower(?)', [name]))) return name;
    }
  }

  /** The newest act here that the branch had seen. */
  function* forkHere({ act: uid, at }: Bundle['manifest']['fork'], parent: number): Steps<number> {
    const same = uid === null ? undefined : yield* one('SELECT id FROM loam_act WHERE uid = ?', [uid]);
    if (same) return Number(same[0]);
    const row = yield* one('SELECT coalesce(max(id), 0) FROM loam_act WHERE branch_id = ? AND at <= ?', [
      parent,
      at,
    ]);
    return Number(row?.[0] ?? 0);
  }
}
