// A branch saved as a file (`.loam`) to be sent: at once where its artifacts have no bytes here, else after it was said whether
// they go along.
import type { BranchRow, FilesOfBranch } from '../workers/wire.ts';
import { chosenFile, download } from './export.ts';
import { asWireError, attempt, say } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { bytes, plural } from './words.ts';

interface Saving {
  uid: string;
  name: string;
  files: FilesOfBranch;
}

let asked = $state.raw<Saving | null>(null);
let problem = $state<string | null>(null);
let token = $state.raw<string | null>(null);
let part = $state<number | null>(null);

session.onEvent((event) => {
  if (event.type === 'view' && event.progress.token === token && event.progress.total > 0)
    part = Math.min(1, event.progress.done / event.progress.total);
});

const fileName = (name: string): string => `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-')}.loam`;
const signature = (signed: boolean): string =>
  signed ? 'It is signed by this device.' : 'This browser cannot sign files, so it is not signed.';

async function withoutFiles({ uid, name }: Pick<BranchRow, 'uid' | 'name'>): Promise<void> {
  const saved = await attempt(`“${name}” could not be saved as a file`, () =>
    session.engine.exportBranch(uid),
  );
  if (!saved) return;
  const file = fileName(name);
  download(new Blob([saved.bytes as Uint8Array<ArrayBuffer>], { type: 'application/octet-stream' }), file);
  const wanted = saved.blobs.length;
  say(
    `Saved ${file}, ${bytes(saved.bytes.length)}`,
    [
      signature(saved.signed),
      ...(wanted > 0 ? [`The bytes of ${plural(wanted, 'artifact')} are not in it.`] : []),
    ].join(' '),
  );
}

export const branchSave = {
  /** The branch whose files are asked about; null while none is. */
  get asked(): Saving | null {
    return asked;
  },
  get problem(): string | null {
    return problem;
  },
  get busy(): boolean {
    return token !== null;
  },
  /** From 0 to 1 once it is known. */
  get part(): number | null {
    return part;
  },

  /** Saves an open branch; where its artifacts have bytes here, the sheet asks for them first. */
  async ask(branch: Pick<BranchRow, 'uid' | 'name'>): Promise<void> {
    const { uid, name } = branch;
    const files = await attempt(`“${name}” could not be saved as a file`, () =>
      session.engine.branchFiles(uid),
    );
    if (!files) return;
    problem = null;
    if (files.files === 0) return withoutFiles(branch);
    asked = { uid, name, files };
  },

  async save(withFiles: boolean): Promise<void> {
    if (!asked || token !== null) return;
    const { uid, name } = asked;
    if (!withFiles) {
      asked = null;
      return withoutFiles({ uid, name });
    }
    const file = fileName(name);
    const target = await chosenFile(file);
    if (target === undefined) return;
    const mine = crypto.randomUUID();
    token = mine;
    part = null;
    problem = null;
    try {
      const saved = await session.engine.saveBranchFile(mine, uid, target);
      if (token !== mine) return;
      if (saved.file) download(saved.file, file);
      asked = null;
      const { report } = saved;
      say(
        `Saved ${file}, ${bytes(saved.size)}`,
        [
          signature(saved.signed),
          `${plural(report.files, 'file')} went along.`,
          ...(report.missing > 0
            ? [`The bytes of ${plural(report.missing, 'artifact')} are not in it: ${report.reasons[0] ?? ''}`]
            : []),
        ].join(' '),
      );
    } catch (failure) {
      if (token === mine) problem = asWireError(failure).message;
    } finally {
      if (token === mine) token = null;
    }
  },

  /** Ends what is going on; nothing of it stays. */
  close(): void {
    if (token !== null) void session.engine.cancelBranchFile(token).catch(() => {}); // it may have ended by then
    token = null;
    asked = null;
  },
};
