// A branch in one file (`.loam`): one that came looked at before it is taken in, with the bytes of its artifacts.
import type { BundleFacts, ImportedBranch } from '../workers/wire.ts';
import { pickBranchFile } from './files.ts';
import { asWireError, attempt } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

let picked = $state.raw<{ file: File; facts: BundleFacts } | null>(null);
let taken = $state.raw<ImportedBranch | null>(null);
let problem = $state<string | null>(null);
let busy = $state(false);
/** Names what is being read, so that it can be ended. */
let token: string | null = null;
let part = $state<number | null>(null);

session.onEvent((event) => {
  if (event.type === 'view' && event.progress.token === token && event.progress.total > 0)
    part = Math.min(1, event.progress.done / event.progress.total);
});

export const branchFile = {
  /** What the file that was picked holds; null while none is looked at. */
  get facts(): BundleFacts | null {
    return picked?.facts ?? null;
  },
  get file(): string {
    return picked?.file.name ?? '';
  },
  /** What came of taking it in. */
  get taken(): ImportedBranch | null {
    return taken;
  },
  get problem(): string | null {
    return problem;
  },
  get busy(): boolean {
    return busy;
  },
  /** From 0 to 1 once it is known: how far its files are read and stored. */
  get part(): number | null {
    return part;
  },

  async pick(): Promise<void> {
    const chosen = await pickBranchFile();
    const file = chosen?.files[0];
    if (file) await branchFile.look(file);
  },
  /** Reads a file; what it holds is shown, or why it is none. Nothing is changed. */
  async look(file: File): Promise<void> {
    branchFile.putAway();
    const facts = await attempt(`${file.name} cannot be opened`, () => session.engine.readBundle(file));
    if (facts) picked = { file, facts };
  },
  async take(): Promise<void> {
    if (!picked || busy) return;
    const { file, facts } = picked;
    const mine = facts.filesLength > 0 ? crypto.randomUUID() : null;
    token = mine;
    busy = true;
    problem = null;
    part = null;
    try {
      if (mine !== null) await session.engine.stageBranchFile(mine, file);
      if (token !== mine) return;
      const done = await session.engine.importBranch(file, ...(mine === null ? [] : [mine]));
      // Whoever closed the sheet meanwhile has it all the same.
      if (token === mine && picked?.file === file) taken = done;
    } catch (failure) {
      const { code, message } = asWireError(failure);
      if (token === mine && code !== 'Cancelled') problem = message;
    } finally {
      if (token === mine) {
        busy = false;
        token = null;
        part = null;
      }
    }
  },
  putAway(): void {
    if (token !== null) void session.engine.cancelBranchFile(token).catch(() => {}); // it may have ended by then
    token = null;
    busy = false;
    part = null;
    picked = null;
    taken = null;
    problem = null;
  },
};
