// A branch in one file (`.loam`): saved from here to be mailed, and one that came looked at before it is taken in.
import type { BranchRow, BundleFacts, ImportedBranch } from '../workers/wire.ts';
import { download } from './export.ts';
import { pickBranchFile } from './files.ts';
import { asWireError, attempt, say } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { bytes, plural } from './words.ts';

/** Changes of an open branch against the one it comes from, as a download. */
export async function saveBranchFile({ uid, name }: Pick<BranchRow, 'uid' | 'name'>): Promise<void> {
  const saved = await attempt(`“${name}” could not be saved as a file`, () =>
    session.engine.exportBranch(uid),
  );
  if (!saved) return;
  const file = `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-')}.loam`;
  download(new Blob([saved.bytes as Uint8Array<ArrayBuffer>], { type: 'application/octet-stream' }), file);
  const wanted = saved.blobs.length;
  say(
    `Saved ${file}, ${bytes(saved.bytes.length)}`,
    [
      saved.signed ? 'It is signed by this device.' : 'This browser cannot sign files, so it is not signed.',
      ...(wanted > 0 ? [`The bytes of ${plural(wanted, 'artifact')} are not in it.`] : []),
    ].join(' '),
  );
}

let picked = $state.raw<{ name: string; bytes: Uint8Array; facts: BundleFacts } | null>(null);
let taken = $state.raw<ImportedBranch | null>(null);
let problem = $state<string | null>(null);
let busy = $state(false);

export const branchFile = {
  /** What the file that was picked holds; null while none is looked at. */
  get facts(): BundleFacts | null {
    return picked?.facts ?? null;
  },
  get file(): string {
    return picked?.name ?? '';
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

  async pick(): Promise<void> {
    const chosen = await pickBranchFile();
    const file = chosen?.files[0];
    if (file) await branchFile.look(file);
  },
  /** Reads a file; what it holds is shown, or why it is none. Nothing is changed. */
  async look(file: File): Promise<void> {
    branchFile.putAway();
    const read = await attempt(`${file.name} cannot be opened`, async () => {
      const content = new Uint8Array(await file.arrayBuffer());
      return { name: file.name, bytes: content, facts: await session.engine.readBundle(content) };
    });
    if (read) picked = read;
  },
  async take(): Promise<void> {
    if (!picked || busy) return;
    busy = true;
    problem = null;
    try {
      taken = await session.engine.importBranch(picked.bytes);
    } catch (failure) {
      problem = asWireError(failure).message;
    } finally {
      busy = false;
    }
  },
  putAway(): void {
    picked = null;
    taken = null;
    problem = null;
  },
};
