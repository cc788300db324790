// Questions of the command line to a server over HTTP: with an API key, answers in JSON, refusals in the server's words.
import { LoamError, type ErrorCode } from '../src/lib/engine/errors.ts';

const patienceMs = 60_000;

/** The answer as it comes; network failures and refusals are errors in words. */
export async function askServer(server: string, path: string, token: string): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(`${server}${path}`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
    });
  } catch (error) {
    const why = error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : '';
    throw new LoamError(
      'ConnectionLost',
      `${server} cannot be reached: ${why}. Check the address and try again.`,
      {
        server,
      },
    );
  }
  if (answer.ok) return answer;
  throw await refusal(server, answer);
}

async function refusal(server: string, answer: Response): Promise<LoamError> {
  const told = await answer.json().catch(() => null);
  const { code, message } = (told as { error?: { code?: unknown; message?: unknown } } | null)?.error ?? {};
  if (typeof code === 'string' && typeof message === 'string')
    return new LoamError(code as ErrorCode, message.slice(0, 2000), { server, status: answer.status });
  return new LoamError(
    'ConnectionLost',
    `${server} answered with ${answer.status}, which no Loam server does. Check the address.`,
    { server, status: answer.status },
  );
}

/** JSON of an answer of ours; something else (a page, an error of a proxy) is told. */
export async function jsonOf<T>(server: string, answer: Response): Promise<T> {
  try {
    return (await answer.json()) as T;
  } catch {
    throw new LoamError(
      'ConnectionLost',
      `${server} did not answer as a Loam server does. Check the address.`,
      {
        server,
      },
    );
  }
}
