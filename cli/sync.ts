// `loam sync`: sends what was written here to the server that the database belongs to, and takes what others wrote; until both have
// the same, or with `--watch` until it is ended. A peer like any other.
import { appVersion } from '../src/lib/engine/app-version.ts';
import { LoamError, fromWire } from '../src/lib/engine/errors.ts';
import type { SyncFacts } from '../src/lib/engine/sync/part.ts';
import { openInstance } from './instance.ts';
import { nodeSockets } from './node-socket.ts';
import { signedAt } from './servers.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

/** How long a server that cannot be reached is tried for. */
const usualSeconds = 60;

export const sync: Verb = {
  summary: 'Exchange changes with the server that this database belongs to.',
  usage: 'sync [--watch] [--status] [--timeout SECONDS]',
  async run(args, io) {
    const { values, positionals } = flags(args, {
      watch: { type: 'boolean' },
      status: { type: 'boolean' },
      timeout: { type: 'string' },
    });
    if (positionals.length > 0) throw new Usage(`"${positionals[0]}" is not expected here.`);
    const seconds = values.timeout === undefined ? usualSeconds : Number(values.timeout);
    if (!(seconds > 0)) throw new Usage('--timeout takes a number of seconds.');
    const { instance, close } = await openInstance(io);
    try {
      const { engine } = instance;
      const facts = engine.syncStatus();
      const { server } = facts;
      if (server === null) throw notConnected();
      const tell = (newest: SyncFacts): void => {
        const entries = engine.attention();
        report(io, { ...newest, attention: entries.length });
        for (const entry of entries)
          if (entry.kind === 'rejected') io.err(`The server refused “${entry.title}”: ${entry.reason}`);
      };
      if (values.status) {
        tell(facts);
        return;
      }
      const { token } = signedAt(io.env, server);
      const host = {
        ...{ app: appVersion, later, token: () => token },
        open: (at: string) => nodeSockets(at),
      };
      if (values.watch)
        await watch(io, (onStatus) => engine.startSync({ ...host, onStatus }), engine.syncNow);
      else
        tell(await once(io, (onStatus) => engine.startSync({ ...host, onStatus }), engine.syncNow, seconds));
    } finally {
      instance.engine.endSync();
      close();
    }
  },
};

type Start = (onStatus: (facts: SyncFacts) => void) => void;

const later = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** Nothing is left to send, and nothing to take. */
const same = ({ state, pending }: SyncFacts): boolean => state === 'live' && pending === 0;

async function once(io: Io, start: Start, now: () => void, seconds: number): Promise<SyncFacts> {
  let newest: SyncFacts | null = null;
  return await new Promise<SyncFacts>((resolve, reject) => {
    const giveUp = setTimeout(
      () => reject(newest?.error ? fromWire(newest.error) : tooLong(newest, seconds)),
      seconds * 1000,
    );
    const end = (how: LoamError | SyncFacts): void => {
      clearTimeout(giveUp);
      if (how instanceof LoamError) reject(how);
      else resolve(how);
    };
    io.interrupted(() => end(new LoamError('Cancelled', 'Sync was ended. What was not sent is kept here.')));
    start((facts) => {
      newest = facts;
      if (same(facts)) end(facts);
      // What the server cannot take will not be taken by waiting.
      else if ((facts.state === 'stopped' || facts.state === 'live') && facts.error)
        end(fromWire(facts.error));
    });
    // Also where somebody has paused it.
    now();
  });
}

async function watch(io: Io, start: Start, now: () => void): Promise<void> {
  let told = '';
  await new Promise<void>((resolve, reject) => {
    io.interrupted(resolve);
    start((facts) => {
      const line = lineOf(facts);
      if (line !== told) io.out(line);
      told = line;
      if (facts.state === 'stopped' && facts.error) reject(fromWire(facts.error));
    });
    now();
  });
}

function report(io: Io, facts: SyncFacts): void {
  const { server, instance, account, role, pending, waiting, attention, lastSync } = facts;
  const lines: [string, string | null][] = [
    ['server', server],
    ['instance', instance && `${instance.name} (${instance.uid})`],
    ['account', account && `${account.handle}${role === null ? '' : ` (${role})`}`],
    ['to send', String(pending)],
    ['waiting', waiting > 0 ? String(waiting) : null],
    ['attention', attention > 0 ? String(attention) : null],
    ['last sync', lastSync === null ? 'never yet' : new Date(lastSync).toISOString()],
  ];
  for (const [label, value] of lines) if (value !== null) io.out(`${label.padEnd(10)} ${value}`);
}

function lineOf({ state, pending, error, attention }: SyncFacts): string {
  const parts = [same({ state, pending } as SyncFacts) ? 'synced' : state];
  if (pending > 0) parts.push(`${pending} to send`);
  if (attention > 0) parts.push(`${attention} need attention`);
  if (error) parts.push(error.message);
  return parts.join(', ');
}

const tooLong = (facts: SyncFacts | null, seconds: number): LoamError =>
  new LoamError(
    'ConnectionLost',
    `Sync took more than ${seconds} s and was ended${facts ? ` while it was ${facts.state}` : ''}. What is missing is exchanged the next time; --timeout gives it longer.`,
  );

const notConnected = () =>
  new LoamError(
    'InvalidArgument',
    'This database is on this computer alone. "loam connect URL" makes one that belongs to a server.',
  );
