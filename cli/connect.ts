// `loam connect`: a database of this directory that belongs to a server. It begins with the server's newest snapshot, which is
// downloaded, compared with its checksum, and made this computer's; what is newer comes with `loam sync`.
import { createHash, getRandomValues } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { modelFingerprint } from '../src/lib/engine/branch/fingerprint.ts';
import { LoamError } from '../src/lib/engine/errors.ts';
import { model } from '../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../src/lib/engine/ports.ts';
import { hasInstance } from '../src/lib/engine/schema/open.ts';
import { attachRemote, originOf } from '../src/lib/engine/sync/remote.ts';
import { readSnapshotManifest, type SnapshotManifest } from '../src/lib/engine/sync/snapshot.ts';
import { openNode } from '../src/lib/storage/sql/node.ts';
import { askServer, jsonOf } from './ask-server.ts';
import { fileNonce } from './file-nonce.ts';
import { absolute, openInstance } from './instance.ts';
import { signedAt, signedIn, type Signed } from './servers.ts';
import { databaseOf, findSettings, writeSettings } from './settings.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

/** How long the making of a first snapshot is waited for. */
const makingMs = 120_000;
const askAgainMs = 1000;

export const connect: Verb = {
  summary: 'Make a database here that belongs to a server.',
  usage: 'connect [URL] [--storage FOLDER]',
  async run(args, io) {
    const { values, positionals } = flags(args, { storage: { type: 'string' } });
    if (positionals.length > 1) throw new Usage('Name the address of one server.');
    const server = serverOf(io, positionals[0]);
    const signed = signedAt(io.env, server);
    if (findSettings(io)?.folder === resolve(io.cwd)) return already(io, server);
    const storage = absolute(io, values.storage ?? './storage');
    const database = databaseOf(storage);
    if (existsSync(database))
      throw new LoamError(
        'StorageAlreadyManaged',
        `${storage} is the storage of a database already. Choose another folder with --storage.`,
      );
    const manifest = await newest(io, server, signed);
    if (manifest.schema !== modelFingerprint(model))
      throw new LoamError(
        'NotSupportedError',
        `${server} has other tables than this Loam (${manifest.app}). Update Loam here, or ask whoever runs the server.`,
      );
    mkdirSync(`${storage}/.lamindb`, { recursive: true });
    const part = `${database}.part`;
    try {
      await download(io, server, signed, manifest, part);
      await attach(io, server, signed, manifest, part, database);
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
    writeSettings(io.cwd, { storage });
    io.out(`Connected to ${manifest.instance.name} at ${server} as ${signed.account.handle}.`);
    io.out('Run "loam sync" to exchange what is new.');
  },
};

function serverOf(io: Io, address: string | undefined): string {
  if (address !== undefined) return originOf(address);
  const known = signedIn(io.env);
  const [only] = known;
  if (only === undefined)
    throw new LoamError('SignInNeeded', 'You are not signed in anywhere. Run "loam login URL" first.');
  if (known.length > 1)
    throw new Usage(`You are signed in at several servers: ${known.join(', ')}. Name one.`);
  return only;
}

/** This directory has a database: it may be the server's already. */
async function already(io: Io, server: string): Promise<void> {
  const { instance, close } = await openInstance(io);
  try {
    const facts = instance.engine.syncStatus();
    if (facts.server === server) {
      io.out(`This database belongs to ${server} already. Run "loam sync".`);
      return;
    }
    throw new LoamError(
      'InvalidArgument',
      facts.server === null
        ? `This directory has a database of its own: ${instance.storage}. Connect in another directory, and bring over what you need with "loam branch export" and "loam branch import".`
        : `This directory has a database that belongs to ${facts.server}. Connect in another directory.`,
    );
  } finally {
    close();
  }
}

/** Waits for one where the server is making its first. */
async function newest(io: Io, server: string, { token, instance }: Signed): Promise<SnapshotManifest> {
  const end = Date.now() + makingMs;
  for (let told = false; ; told = true) {
    const answer = await askServer(server, `/api/instances/${encodeURIComponent(instance)}/snapshot`, token);
    const value = await jsonOf<unknown>(server, answer);
    if (answer.status !== 202) {
      const manifest = readSnapshotManifest(value);
      if (manifest.instance.uid === instance) return manifest;
      throw new LoamError(
        'NoAccess',
        `${server} answered for another instance than your key is for (${instance}).`,
      );
    }
    if (Date.now() > end)
      throw new LoamError(
        'OperationalError',
        `${server} is still making its first snapshot. Try again in a while.`,
      );
    if (!told) io.err('The server is making a snapshot …');
    await new Promise((done) => setTimeout(done, askAgainMs));
  }
}

async function download(
  io: Io,
  server: string,
  { token, instance }: Signed,
  { file, database }: SnapshotManifest,
  part: string,
): Promise<void> {
  io.err(`Downloading ${megabytes(file.bytes)} …`);
  const path = `/api/instances/${encodeURIComponent(instance)}/snapshot/${encodeURIComponent(file.name)}`;
  const { body } = await askServer(server, path, token);
  if (!body) throw new LoamError('ConnectionLost', `${server} sent no file.`);
  const [packed, whole] = [createHash('sha256'), createHash('sha256')];
  let told = 0;
  const tell = (done: number): void => {
    const tenth = Math.floor((10 * done) / file.bytes);
    if (tenth > told && tenth < 10) io.err(`${tenth}0 %`);
    told = Math.max(told, tenth);
  };
  try {
    await pipeline(
      Readable.fromWeb(body as ReadableStream<Uint8Array>),
      counted(packed, file.bytes, tell),
      createGunzip(),
      counted(whole, database.bytes),
      createWriteStream(part, { flags: 'w', mode: 0o600 }),
    );
  } catch (error) {
    if (error instanceof LoamError) throw error;
    throw new LoamError(
      'ConnectionLost',
      `The download from ${server} broke off (${(error as Error).message}). Nothing was kept; try again.`,
    );
  }
  if (packed.digest('hex') !== file.sha256 || whole.digest('hex') !== database.sha256)
    throw new LoamError(
      'FileUnreadable',
      `What came from ${server} is not what it announced (its checksum differs). Nothing was kept; try again.`,
    );
}

/** Bytes through a hash; more than were announced end it, however well they are packed. */
function counted(
  hash: ReturnType<typeof createHash>,
  most: number,
  tell?: (bytes: number) => void,
): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      if (bytes > most) return done(new LoamError('FileUnreadable', 'More came than the server announced.'));
      hash.update(chunk);
      tell?.(bytes);
      done(null, chunk);
    },
  });
}

/** Under its name once it is whole and this computer's. */
async function attach(
  io: Io,
  server: string,
  { account }: Signed,
  { instance }: SnapshotManifest,
  part: string,
  database: string,
): Promise<void> {
  const driver = openNode(part);
  let file: string | null = null;
  try {
    refuseCode(driver);
    if (!hasInstance(driver)) throw new LoamError('DatabaseDamaged', 'The snapshot holds no LaminDB tables.');
    await attachRemote(driver, {
      ...{ server, instance, account, clock: () => Date.now() },
      random: (bytes) => getRandomValues(bytes as Uint8Array<ArrayBuffer>),
      nonce: { read: () => Promise.resolve(null), write: (nonce) => Promise.resolve(void (file = nonce)) },
    });
  } finally {
    driver.close();
  }
  renameSync(part, database);
  if (file !== null) await fileNonce(database, io.env).write(file);
}

/** A file of somebody's: nothing in it may run, whoever sent it. */
function refuseCode(driver: SqlDriver): void {
  driver.exec('PRAGMA trusted_schema=off');
  const [found] = driver.all(
    "SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'view') LIMIT 1",
  );
  if (found)
    throw new LoamError(
      'DatabaseDamaged',
      `The snapshot has a ${String(found[0])} (${String(found[1]).slice(0, 60)}), which no snapshot of Loam has. Nothing was kept.`,
    );
  const [checked] = driver.all('PRAGMA quick_check(1)');
  if (checked?.[0] !== 'ok')
    throw new LoamError(
      'DatabaseDamaged',
      `The snapshot is damaged: ${String(checked?.[0])}. Nothing was kept.`,
    );
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
