// Asking the server that this page came from: its cookie says who asks, and what writes sends the session's second token, which
// only pages of that server can read.
import type { AskServer } from '../storage/remote/server-files.ts';

/** Asked of the server when it is first needed, and again when it is not right any more. */
export function createOwnServer(fetched: typeof fetch = (...args) => fetch(...args)): AskServer {
  let token: Promise<string | null> | null = null;

  async function csrfOf(origin: string): Promise<string | null> {
    const answer = await fetched(`${origin}/api/account/me`, {
      credentials: 'same-origin',
      cache: 'no-store',
    });
    if (!answer.ok) return null;
    const { csrf } = (await answer.json()) as { csrf?: unknown };
    return typeof csrf === 'string' ? csrf : null;
  }

  return async (url, init) => {
    const send = async () => {
      const headers = { ...(init.headers as Record<string, string>) };
      if (init.method !== 'GET' && init.method !== 'HEAD') {
        token ??= csrfOf(new URL(url).origin).catch((error: unknown) => {
          token = null;
          throw error;
        });
        const csrf = await token;
        if (csrf !== null) headers['x-loam-csrf'] = csrf;
        // Nobody is signed in: asked again once somebody is.
        else token = null;
      }
      return fetched(url, { ...init, headers, credentials: 'same-origin' });
    };
    const before = token;
    const answer = await send();
    // Signed in anew since the token was asked for.
    if (answer.status !== 403 || before === null) return answer;
    token = null;
    return send();
  };
}
