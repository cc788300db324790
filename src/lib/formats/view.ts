// The door of this room for views: what somebody looks at beyond a summary, made anew each time. Throws a LoamError in
// words where the file has no such view or is damaged.
import { LoamError } from '../engine/errors.ts';
import type { FileView, FolderSource, ViewAsk } from '../engine/ports.ts';
import { viewNotebook } from './notebook.ts';
import { reason } from './summary.ts';
import type { SyncByteSource } from './source.ts';
import { viewPlane } from './tiff-plane.ts';

export async function viewFile(input: SyncByteSource | FolderSource, ask: ViewAsk): Promise<FileView> {
  try {
    if ('files' in input) throw new Error('it is a folder');
    return ask.kind === 'plane' ? await viewPlane(input, ask) : await viewNotebook(input);
  } catch (error) {
    throw new LoamError('FileUnreadable', `It cannot be shown (${reason(error)}).`);
  }
}
