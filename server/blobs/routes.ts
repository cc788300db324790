// Routes of an instance's bytes, below `/api/instances/UID/files`: which are here, take them by ranges, bring them in parts.
// Members read; who writes in an artifact's space brings its bytes. What happens is in keep.ts.
import { Hono, type Context } from 'hono';
import { isLoamError, LoamError } from '../../src/lib/engine/errors.ts';
import { includesRole, type Access } from '../../src/lib/engine/sync/access.ts';
import type { Env } from '../http/guard.ts';
import { checkInput, readJson, type InputSchema } from '../http/input.ts';
import { serveRange } from '../http/ranges.ts';
import type { Ground } from '../people/ground.ts';
import { accessOf } from '../people/rights.ts';
import { signInNeeded } from '../people/sessions.ts';
import type { BlobKeep } from './keep.ts';
import { checkKey, checkSha, checkSize } from './names.ts';
import { createPace, type Pace } from './pace.ts';

export interface BlobRouteDeps {
  readonly ground: Ground;
  /** The bytes of an instance; null for one that this server does not have. */
  readonly keepOf: (instance: string) => BlobKeep | null;
  /** How fast one account may ask. */
  readonly pace?: Pace;
}

const text = (description: string, maxLength: number) =>
  ({ type: 'string', description, maxLength }) as const;
const most = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

export const blobInputs = {
  which: {
    type: 'object',
    properties: {
      keys: { type: 'array', description: 'keys of files', maxItems: 500, items: { maxLength: 1024 } },
    },
    required: ['keys'],
  },
  begin: {
    type: 'object',
    properties: {
      key: text('key below the root of the storage', 1024),
      size: { type: 'integer', description: 'bytes of the file', ...most },
      sha256: text('sha-256 of every byte, in hexadecimal', 64),
    },
    required: ['key', 'size', 'sha256'],
  },
  below: {
    type: 'object',
    properties: { key: text('key of an artifact that is a folder', 1024) },
    required: ['key'],
  },
  nothing: { type: 'object', properties: {}, required: [] },
} as const satisfies Record<string, InputSchema>;

/** The access of whoever asks; the same words where there is no such instance. */
export async function accessHere(c: Context<Env>, ground: Ground, instance: string): Promise<Access> {
  const [session, key] = [c.get('session'), c.get('key')];
  const account = session?.account ?? key?.account;
  if (!account) throw signInNeeded();
  const known =
    key && key.instance !== instance
      ? null
      : await ground.postgres.session((sql) => accessOf(sql, instance, account, key));
  if (known && includesRole(known.role, 'read')) return known;
  throw new LoamError(
    'NoAccess',
    `You are no member of the instance ${instance.slice(0, 40)}, or there is none.`,
  );
}

const shown = ({ key, size, sha256 }: { key: string; size: number; sha256: Uint8Array | null }) => ({
  ...{ key, size },
  sha256: sha256 === null ? null : Buffer.from(sha256).toString('hex'),
});

/** To be mounted at `/api/instances`. */
export function blobRoutes({ ground, keepOf, pace = createPace(ground.now) }: BlobRouteDeps): Hono<Env> {
  async function enter(c: Context<Env>): Promise<{ access: Access; keep: BlobKeep }> {
    const instance = c.req.param('instance') ?? '';
    const access = await accessHere(c, ground, instance);
    pace.take(access.account);
    const keep = keepOf(instance);
    if (!keep) throw new LoamError('DoesNotExist', 'This server keeps no files of this instance.');
    return { access, keep };
  }

  /** Where the next byte is missing is told as a number, so that whoever sends goes on there. */
  function refused(c: Context<Env>, error: unknown): Response {
    if (!isLoamError(error, 'IntegrityError') || typeof error.details['at'] !== 'number') throw error;
    const { code, message, details } = error;
    return c.json({ error: { code, message, at: details['at'] } }, 409);
  }

  return new Hono<Env>()
    .get('/:instance/files', async (c) => {
      const { keep } = await enter(c);
      const { place, limits } = keep;
      return c.json({
        storage: { uid: place.uid, root: place.root, type: 'local', region: null },
        limits: { file: limits.file, part: limits.part },
      });
    })
    .post('/:instance/files/which', async (c) => {
      const given = checkInput(blobInputs.which, await readJson(c.req.raw));
      const { keep } = await enter(c);
      return c.json({ kept: (await keep.which(given.keys)).map(shown) });
    })
    .post('/:instance/files/below', async (c) => {
      const given = checkInput(blobInputs.below, await readJson(c.req.raw));
      const { keep } = await enter(c);
      return c.json({ files: await keep.below(given.key) });
    })
    .post('/:instance/files/uploads', async (c) => {
      const given = checkInput(blobInputs.begin, await readJson(c.req.raw));
      const { access, keep } = await enter(c);
      const size = checkSize(given.size, keep.limits.file);
      const begun = await keep.begin(access, { key: given.key, size, sha256: checkSha(given.sha256) });
      return c.json(begun, begun.kept ? 200 : 201);
    })
    .put('/:instance/files/uploads/:id', async (c) => {
      const { access, keep } = await enter(c);
      const at = checkSize(c.req.query('at'), keep.limits.file);
      const length = checkSize(c.req.header('content-length'), keep.limits.part);
      try {
        const end = await keep.append(access, c.req.param('id'), at, bodyOf(c, length));
        return c.json({ at: end });
      } catch (error) {
        return refused(c, error);
      }
    })
    .post('/:instance/files/uploads/:id/commit', async (c) => {
      checkInput(blobInputs.nothing, await readJson(c.req.raw));
      const { access, keep } = await enter(c);
      try {
        return c.json(shown(await keep.commit(access, c.req.param('id'))));
      } catch (error) {
        return refused(c, error);
      }
    })
    .delete('/:instance/files/uploads/:id', async (c) => {
      const { access, keep } = await enter(c);
      await keep.cancel(access, c.req.param('id'));
      return c.json({ cancelled: true });
    })
    .get('/:instance/files/at/*', async (c) => {
      const { keep } = await enter(c);
      const key = keyOf(c);
      const blob = await keep.find(key);
      if (!blob) throw new LoamError('DoesNotExist', 'The server has no bytes of this artifact.');
      const tag = blob.sha256 ? Buffer.from(blob.sha256).toString('hex') : `${blob.size.toString(36)}-unread`;
      return serveRange(c, {
        ...{ size: blob.size, etag: `"${tag}"`, name: key.split('/').pop() ?? key },
        stream: (from, to) => keep.place.stream(key, from, to),
      });
    });
}

/** The body, no longer than it said; a sender that breaks off leaves what came, and goes on from there. */
async function* bodyOf(c: Context<Env>, length: number): AsyncGenerator<Uint8Array> {
  const reader = c.req.raw.body?.getReader();
  let got = 0;
  while (reader) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
    if (done || !value) return;
    got += value.length;
    if (got > length) throw new LoamError('ValidationError', 'The body is longer than it said.');
    yield value;
  }
}

/** What stands behind `files/at/`, read once: an escaped slash is no slash, and what cannot be read is refused. */
function keyOf(c: Context<Env>): string {
  const { pathname } = new URL(c.req.url);
  const raw = pathname.slice(pathname.indexOf('/files/at/') + '/files/at/'.length);
  let key: string;
  try {
    if (/%2f|%5c/i.test(raw)) throw new Error('a slash');
    key = decodeURIComponent(raw);
  } catch {
    throw new LoamError('ValidationError', 'The address names no file.', { field: 'key' });
  }
  checkKey(key);
  return key;
}
