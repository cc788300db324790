// `loam login` and `loam logout`: an API key of a server, kept for this person. The key comes from a prompt, a file or the standard
// input, never from an argument: those are seen by everybody on the computer and stay in the shell's history.
import { readFileSync } from 'node:fs';
import { LoamError } from '../src/lib/engine/errors.ts';
import { originOf } from '../src/lib/engine/sync/remote.ts';
import { askServer, jsonOf } from './ask-server.ts';
import { absolute } from './instance.ts';
import { forgetSigned, keepSigned, signedIn } from './servers.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

interface Me {
  account?: { uid?: unknown; handle?: unknown; name?: unknown };
  key?: { instance?: unknown; role?: unknown } | null;
}

export const login: Verb = {
  summary: 'Sign in at a Loam server with an API key.',
  usage: 'login URL [--key-file FILE]   (the key is asked for, or read from the standard input)',
  async run(args, io) {
    const { values, positionals } = flags(args, { 'key-file': { type: 'string' } });
    const [address, ...more] = positionals;
    if (address === undefined || more.length > 0) throw new Usage('Name the address of one server.');
    const server = originOf(address);
    const token = readKey(
      values['key-file'] === undefined ? await asked(io, server) : file(io, values['key-file']),
    );
    const me = await jsonOf<Me>(server, await askServer(server, '/api/account/me', token));
    const { account, key } = me;
    if (
      typeof account?.uid !== 'string' ||
      typeof account.handle !== 'string' ||
      typeof key?.instance !== 'string'
    )
      throw new LoamError(
        'NoAccess',
        `${server} does not say who this key belongs to. Make a new one there.`,
        {
          server,
        },
      );
    keepSigned(io.env, server, {
      token,
      account: {
        uid: account.uid,
        handle: account.handle,
        name: typeof account.name === 'string' ? account.name : null,
      },
      instance: key.instance,
      role: String(key.role ?? ''),
    });
    io.out(`Signed in at ${server} as ${account.handle} (${String(key.role)}).`);
  },
};

export const logout: Verb = {
  summary: 'Forget the API key of a server.',
  usage: 'logout [URL]',
  async run(args, io) {
    const { positionals } = flags(args, {});
    if (positionals.length > 1) throw new Usage('Name one server.');
    const known = signedIn(io.env);
    const server = positionals[0] === undefined ? known[0] : originOf(positionals[0]);
    if (positionals[0] === undefined && known.length > 1)
      throw new Usage(`You are signed in at several servers: ${known.join(', ')}. Name one.`);
    if (server === undefined || !forgetSigned(io.env, server)) {
      io.out(
        server === undefined ? 'You are not signed in anywhere.' : `You were not signed in at ${server}.`,
      );
      return;
    }
    io.out(`Signed out of ${server}. The key stays good until it is revoked there.`);
  },
};

const asked = (io: Io, server: string): Promise<string> => io.secret(`API key for ${server}:`);

function file(io: Io, path: string): string {
  try {
    return readFileSync(absolute(io, path), 'utf8');
  } catch (error) {
    throw new LoamError('FileUnreadable', `${path} cannot be read: ${(error as Error).message}`);
  }
}

function readKey(text: string): string {
  const token = text.trim();
  if (/^loam_key_[\x21-\x7e]{8,180}$/.test(token)) return token;
  throw new LoamError(
    'ValidationError',
    token === ''
      ? 'No API key was given. Make one on the server’s page Team, under Keys.'
      : 'This is no API key: they begin with “loam_key_”. Make one on the server’s page Team, under Keys.',
  );
}
