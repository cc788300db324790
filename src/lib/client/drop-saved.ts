// One file that this page made, on its way to becoming an artifact: waits until it is saved, or says why it is not.
import { LoamError } from '../engine/errors.ts';
import type { DropProgress } from '../workers/wire.ts';
import { session } from './session.svelte.ts';

/** Items of such ids have no line in the drop sheet, in no tab: they come along with something that tells how far it is. */
export const besideItem = 'beside-report';

/** Settles when the drop's one file is saved. */
export function dropSaved(drop: string, signal: AbortSignal): Promise<DropProgress> {
  return new Promise((resolve, reject) => {
    const settle = ({ drop: of, state, ...progress }: DropProgress) => {
      if (of !== drop || (state !== 'saved' && state !== 'failed' && state !== 'cancelled')) return;
      stop();
      if (state === 'saved') resolve({ drop: of, state, ...progress });
      else
        reject(
          new LoamError(
            state === 'cancelled' ? 'Cancelled' : 'InvalidArgument',
            progress.message ?? 'The file could not be saved.',
          ),
        );
    };
    const forget = session.onEvent((event) => {
      if (event.type === 'drop') event.progress.forEach(settle);
    });
    const onAbort = () => void session.engine.cancelDrop(drop).catch(() => {});
    signal.addEventListener('abort', onAbort, { once: true });
    const stop = () => {
      forget();
      signal.removeEventListener('abort', onAbort);
    };
    // It may have ended before anybody listened.
    void session.engine.drops().then((all) => all.forEach(settle));
  });
}
