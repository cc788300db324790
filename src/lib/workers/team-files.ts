// The files of a database that belongs to a team's server: where they are asked for, and that those made on this device go
// there by themselves, behind everything else. Bytes move in transfers.ts like all others, so that they can be looked at,
// paused and gone on with in the same place.
import type { Engine } from '../engine/index.ts';
import { isLoamError, LoamError } from '../engine/errors.ts';
import {
  askFiles,
  filesBelow,
  type AskServer,
  type ServerFiles,
  type ServerPlace,
} from '../storage/remote/server-files.ts';
import type { ListFiles } from './remotes.ts';
import type { TransfersApi } from './transfers.ts';

export interface TeamUploads {
  /** Files made here go to the server by themselves. */
  on: boolean;
  /** Artifacts whose bytes are only on this device; at most 1,000 are counted. */
  waiting: number;
  /** Why nothing is sent just now, in words. */
  problem: string | null;
}

export interface TeamFilesApi {
  /** Null for a database that belongs to no server. */
  teamUploads(): Promise<TeamUploads | null>;
  setTeamUploads(on: boolean): Promise<void>;
  /** Sends these to the team's server now, whatever is set. */
  uploadToTeam(uids: string[]): Promise<void>;
}

export interface TeamFilesDeps {
  engine: Engine;
  ask: AskServer;
  /** Origin of this page: the only server that a browser's cookie is good for. */
  origin: string;
  transfers: () => Pick<TransfersApi, 'transfers' | 'uploadArtifacts'>;
}

export interface TeamFiles extends TeamFilesApi {
  /** For remotes.ts. */
  team(): { place: ServerPlace; storage: string; list: ListFiles } | null;
  /** Waits until the server's storage is heard of, where it was not yet; without a connection it stays unknown. */
  know(): Promise<void>;
  /** Something has changed that there may be files of; looked at when it has been quiet for a moment. */
  stir(): void;
}

/** So many are put on the list at a time. */
const queuedAtOnce = 200;
const countedMost = 1000;
const quietMs = 1_500;
const againMs = 60_000;

export function createTeamFiles({ engine, ask, origin, transfers }: TeamFilesDeps): TeamFiles {
  let facts: { of: string; files: ServerFiles } | null = null;
  let problem: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function place(): ServerPlace | null {
    const found = engine.teamPlace();
    return found?.server === origin ? { server: found.server, instance: found.instance } : null;
  }

  /** What the server says of its files, once in the life of this worker. */
  async function look(at: ServerPlace): Promise<ServerFiles> {
    if (facts?.of !== at.instance) {
      facts = { of: at.instance, files: await askFiles(at, { ask }) };
      engine.keepTeamStorage(facts.files.storage);
    }
    return facts.files;
  }

  async function send(at: ServerPlace, uids: string[]): Promise<void> {
    const { storage } = await look(at);
    engine.openTeamStorage(storage);
    await transfers().uploadArtifacts(uids, storage.uid, { keep: true });
  }

  async function queue(): Promise<void> {
    const at = place();
    if (!at || engine.teamPlace()?.paused || !engine.teamUploads() || engine.past() !== null) return;
    const known = await transfers().transfers();
    // Those that somebody paused, or has to do something about, stay as they are.
    const listed = new Set(known.flatMap(({ kind, uid }) => (kind === 'upload' ? [uid] : [])));
    if (known.some(({ kind, state }) => kind === 'upload' && (state === 'queued' || state === 'running'))) {
      later(againMs);
      return;
    }
    const uids = engine.onlyOnDevice(countedMost).filter((uid) => !listed.has(uid));
    if (uids.length > 0) await send(at, uids.slice(0, queuedAtOnce));
    problem = null;
    if (uids.length > 0) later(againMs);
  }

  function later(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      queue().catch((error: unknown) => {
        // Offline, or nobody is signed in: told where somebody looks, and tried again with the next change.
        problem = error instanceof Error ? error.message : String(error);
        if (isLoamError(error) && error.details['trouble'] === 'transient') later(againMs);
      });
    }, ms);
  }
  globalThis.addEventListener?.('online', () => later(quietMs));

  return {
    team() {
      const at = place();
      const storage = at && engine.teamStorage();
      if (!at || !storage) return null;
      return { place: at, storage, list: (key) => filesBelow(at, key, { ask }) };
    },
    async know() {
      const at = place();
      if (at && engine.teamStorage() === null) await look(at).catch(() => {});
    },
    stir: () => later(quietMs),
    async teamUploads() {
      if (!place()) return null;
      return { on: engine.teamUploads(), waiting: engine.onlyOnDevice(countedMost).length, problem };
    },
    async setTeamUploads(on) {
      engine.setTeamUploads(on);
      if (on) later(0);
    },
    async uploadToTeam(uids) {
      const at = place();
      if (!at)
        throw new LoamError(
          'InvalidArgument',
          'This database belongs to no team’s server. Join one in Settings first.',
        );
      await send(at, uids);
    },
  };
}
