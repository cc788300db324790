// Joining a team (decision 0041): the server's snapshot is fetched into a file of this device, is looked at with every guard up
// like any foreign file, and becomes the database that is worked in. What the earlier one had then becomes a branch of it;
// the earlier one itself stays as it was.
import type { Engine } from '../engine/index.ts';
import { modelFingerprint } from '../engine/branch/fingerprint.ts';
import { isLoamError, LoamError } from '../engine/errors.ts';
import { model } from '../engine/model/model.ts';
import type { MovePart } from '../engine/interop/moving.ts';
import type { Parcel } from '../engine/interop/parcel.ts';
import type { Inspector } from '../engine/ports.ts';
import { readSnapshotManifest, type SnapshotManifest } from '../engine/sync/snapshot.ts';
import { downloads } from '../storage/remote/download.ts';
import type { Databases } from './databases.ts';
import type { DatabaseProgress } from './databases-wire.ts';
import type { JoiningApi, LocalRest } from './joining-wire.ts';
import type { Remotes } from './remotes.ts';

export interface JoiningDeps {
  engine: Engine;
  databases: Databases;
  remotes: Remotes;
  inspector: Inspector;
  /** Origin of this page, whose server it is. */
  origin: string;
  tell: (progress: DatabaseProgress) => void;
}

const pollMs = 700;
const rest = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const cancelled = () =>
  new LoamError('Cancelled', 'Joining was stopped. What was fetched is used again the next time.');

export function createJoining(deps: JoiningDeps): JoiningApi & { stop(token: string): Promise<void> } {
  const { engine, databases, remotes, inspector, origin, tell } = deps;
  /** What is going on, by its token; true once it is to end. */
  const going = new Map<string, { stopped: boolean; file: string | null }>();

  remotes.onNews(({ id, bytes }) => {
    for (const [token, { file }] of going)
      if (file === id) tell({ token, step: 'receiving', done: bytes, total: sizes.get(token) ?? null });
  });
  const sizes = new Map<string, number>();

  const isStopped = (token: string) => going.get(token)?.stopped === true;
  function goOn(token: string): void {
    if (isStopped(token)) throw cancelled();
  }

  /** What the server has; waits while it is being made. */
  async function manifestOf(token: string, instance: string): Promise<SnapshotManifest> {
    for (;;) {
      goOn(token);
      const answer = await ask(`${origin}/api/instances/${encodeURIComponent(instance)}/snapshot`);
      if (answer.status === 200) return readSnapshotManifest(await answer.json());
      if (answer.status !== 202) throw await refused(answer);
      const { making } = (await answer.json()) as { making: { done: number; total: number | null } | null };
      tell({ token, step: 'making', done: making?.done ?? 0, total: making?.total ?? null });
      await rest(pollMs);
    }
  }

  async function fetched(token: string, instance: string, manifest: SnapshotManifest): Promise<File> {
    const { name, bytes, sha256 } = manifest.file;
    const state = going.get(token);
    const file = `snapshot-${sha256}`;
    await clear(file);
    if (state) state.file = file;
    sizes.set(token, bytes);
    const url = `${origin}/api/instances/${encodeURIComponent(instance)}/snapshot/${encodeURIComponent(name)}`;
    // What was fetched before is behind this name, and only that: it has the hash of the whole in it.
    await remotes
      .api()
      .bring(file, { kind: 'http', url, own: true }, bytes, { size: bytes, tag: `"${sha256}"` });
    goOn(token);
    const got = await (await (await downloads()).getFileHandle(file)).getFile();
    tell({ token, step: 'checking', done: 0, total: null });
    if ((await inspector.checksum({ name, file: got, files: null })) === sha256) return got;
    await clear();
    throw new LoamError(
      'FileUnreadable',
      'What came is not what the server announced: its sha-256 is another one. Nothing was changed. Try again.',
    );
  }

  return {
    async joinTeam(token, { instance, account }) {
      if (going.has(token)) throw new LoamError('InvalidArgument', 'This is going on already.');
      going.set(token, { stopped: false, file: null });
      try {
        const manifest = await manifestOf(token, instance.uid);
        refuseOther(manifest, instance.uid);
        const file = await fetched(token, instance.uid, manifest);
        await databases.api.examineDatabase(token, { file, wal: null });
        if (isStopped(token)) {
          await databases.api.cancelDatabase(token);
          throw cancelled();
        }
        const id = await databases.join(token, {
          ...{ title: instance.name, server: origin, instance, account },
          // Of what nobody has worked in yet nothing has to be kept.
          moves: !engine.isUntouched(),
        });
        await clear();
        return id;
      } finally {
        going.delete(token);
        sizes.delete(token);
      }
    },

    async localRest() {
      return databases.localRest();
    },

    async moveLocal(token) {
      const left = databases.localRest();
      if (!left) throw new LoamError('DoesNotExist', 'Nothing is left to be moved.');
      going.set(token, { stopped: false, file: null });
      const { from } = left;
      try {
        const parts = (await databases.ask(from, 'movableParts', [])) as MovePart[];
        const branch = await branchFor(left);
        const total = parts.reduce((sum, { keys }) => sum + keys.length, 0);
        let done = 0;
        for (const { registry, keys } of parts) {
          if (isStopped(token))
            throw new LoamError(
              'Cancelled',
              'This was stopped. What has come is on the branch; it can go on later.',
            );
          tell({ token, step: 'moving', done, total });
          const parcel = (await databases.ask(from, 'packRows', [registry, keys, 'whole'])) as Parcel;
          await engine.receiveRows(parcel);
          done += keys.length;
        }
        await databases.noteRest(null);
        engine.switchBranch('main');
        return { branch, rows: total };
      } finally {
        going.delete(token);
      }
    },

    leaveLocal: () => databases.noteRest(null),

    async stop(token) {
      const state = going.get(token);
      if (!state) return;
      state.stopped = true;
      if (state.file !== null) await remotes.api().stop(state.file);
    },
  };

  /** Made with the first part; found again after a tab was closed in the middle. */
  async function branchFor(left: LocalRest): Promise<string> {
    if (left.branch !== null) {
      engine.switchBranch(left.branch);
      return left.branch;
    }
    const branch = engine.branchNameFor(left.title);
    // Written down first: cut off in between, the next call makes it.
    engine.createBranch(branch, {
      switch: true,
      description: `What ${left.title} had on this device before it joined`,
    });
    await databases.noteRest({ ...left, branch });
    return branch;
  }
}

function refuseOther(manifest: SnapshotManifest, instance: string): void {
  if (manifest.instance.uid !== instance)
    throw new LoamError(
      'FileUnreadable',
      'The server gave the database of another instance. Nothing was changed.',
    );
  if (manifest.schema !== modelFingerprint(model))
    throw new LoamError(
      'SchemaDrift',
      `The team works with another version of Loam (${manifest.app}), whose tables are others. Load this page again to get the server’s version.`,
    );
}

async function ask(url: string): Promise<Response> {
  try {
    return await fetch(url, { credentials: 'same-origin', cache: 'no-store' });
  } catch (error) {
    throw new LoamError(
      'ConnectionLost',
      `The server cannot be reached (${(error as Error).message}). Nothing was changed. Try again once it can.`,
    );
  }
}

async function refused(answer: Response): Promise<LoamError> {
  const said = (await answer.json().catch(() => null)) as { error?: { message?: string } } | null;
  const message = said?.error?.message ?? `The server answered ${answer.status}.`;
  return new LoamError(answer.status === 401 ? 'SignInNeeded' : 'NoAccess', message);
}

/** Snapshots that were fetched, but for this one. */
async function clear(but: string | null = null): Promise<void> {
  const folder = await downloads();
  const names: string[] = [];
  for await (const name of folder.keys()) if (name.startsWith('snapshot-') && name !== but) names.push(name);
  for (const name of names)
    await folder.removeEntry(name).catch((error: unknown) => {
      if (isLoamError(error)) throw error;
      // Still open elsewhere: it goes the next time.
    });
}
