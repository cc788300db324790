// The server as a program: what its environment says, and its parts put together. The listener is scripts/start.mjs, which
// serves the app as well.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { timingSafeEqual } from 'node:crypto';
import { logsAll, metricsToken, readConfig, type Environment } from './config.ts';
import { startCore, type Core, type Log } from './core.ts';
import { copyIntoReplica } from './mirror/copy.ts';
import { takeEdits } from './mirror/edits.ts';
import { createMirror } from './mirror/mirror.ts';
import { model } from '../src/lib/engine/model/model.ts';
import { placesIn } from './rooms/rights.ts';
import { createRooms } from './rooms/rooms.ts';

export interface StartOptions {
  /** Where the pages are served. */
  port: number;
  /** Version of the app. */
  app: string;
}

/** Starts the server that the environment describes, and says in words how its first administrator comes in. */
export async function start(env: Environment, { port, app }: StartOptions): Promise<Core> {
  const config = readConfig(env, port);
  const log = logOf(env);
  const core = await startCore(
    config,
    {
      ...{ createMirror, takeEdits },
      copyTables: (session, driver) => copyIntoReplica(session, driver, model),
      rooms: ({ instance }, ground) =>
        createRooms({
          ...{ postgres: ground.postgres, instance, placeOf: placesIn(ground.postgres, model) },
          ...{ now: () => ground.now(), warn: (message) => log({ event: 'fault', message }) },
        }),
    },
    app,
    log,
  );
  if (core.invitation !== null)
    console.log(
      `\nThis server has no administrator yet. Open this link within a day to become it; it works once:\n\n  ${core.invitation}\n`,
    );
  return core;
}

/** One JSON object a line. On a desk, where nobody collects them, only what went wrong. */
function logOf(env: Environment): Log {
  const all = logsAll(env);
  return (entry) => {
    const line = JSON.stringify({ at: new Date().toISOString(), ...entry });
    if (entry.event === 'fault') console.error(line);
    else if (all) console.log(line);
  };
}

/** Numbers for this machine, or for whoever shows LOAM_METRICS_TOKEN. */
export function answerMetrics(
  env: Environment,
  request: IncomingMessage,
  response: ServerResponse,
  core: Core | null,
): void {
  const here = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(request.socket.remoteAddress ?? '');
  const forwarded = request.headers['x-forwarded-for'] !== undefined;
  const token = metricsToken(env);
  const shown = request.headers.authorization ?? '';
  if (token !== null ? !same(shown, `Bearer ${token}`) : !here || forwarded) {
    response.writeHead(403, { 'Content-Type': 'text/plain' }).end('Not for you.\n');
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4', 'Cache-Control': 'no-store' });
  response.end(core ? core.metrics() : '# The sync server is asleep.\n');
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
