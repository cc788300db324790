// An address for an artifact's own bytes, for what the browser itself shows (pictures, PDF). It is given back when it
// leaves the screen.
import { asWireError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

/**
 * Must be called while a component is being created. `type` is the media type the bytes are read as, whatever they are:
 * stored files have none of their own.
 */
export function artifactUrl(of: () => { uid: string; type?: string | undefined }) {
  let url = $state<string | null>(null);
  let problem = $state<string | null>(null);
  // An artifact that is told anew is another object, but the same bytes: no reason to read them again.
  const uid = $derived(of().uid);
  const type = $derived(of().type);

  $effect(() => {
    const readAs = type;
    let made: string | null = null;
    let left = false;
    session.engine.openArtifact(uid).then(
      (file) => {
        if (left) return;
        made = URL.createObjectURL(readAs ? file.slice(0, file.size, readAs) : file);
        url = made;
        problem = null;
      },
      (failure: unknown) => {
        if (!left) problem = asWireError(failure).message;
      },
    );
    return () => {
      left = true;
      if (made) URL.revokeObjectURL(made);
    };
  });

  return {
    get url() {
      return url;
    },
    get problem() {
      return problem;
    },
  };
}
