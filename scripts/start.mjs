/**
 * `npm start`: from a fresh clone to the running app. Installs, builds and serves, each only when needed. The sync server is
 * started in the same process when the first request for it comes, at once where DATABASE_URL names its database.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, prepareServer, root, serverProgram } from './prepare.mjs';
import { createStatic, listen, portFrom } from './serve.mjs';

/**
 * What server/core.ts gives.
 * @typedef {{ handle(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse): void,
 *   upgrade(request: import('node:http').IncomingMessage, socket: import('node:stream').Duplex, head: Buffer): void,
 *   healthy(): Promise<boolean>, stop(): Promise<void> }} Core
 */

const wanted = portFrom(process.argv.slice(2), Number(process.env.LOAM_PORT || 4173));
prepare();
prepareServer();
const program = await import(pathToFileURL(serverProgram).href);
const app = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
const files = await createStatic(join(root, 'build'));

/** @type {Promise<Core> | null} */
let core = null;
/** @type {Core | null} */
let running = null;
let port = 0;

/** The sync server; one that failed to start is tried again by a later request, not at once. */
function sync() {
  core ??= program
    .start(process.env, { port, app })
    .then((/** @type {Core} */ started) => (running = started))
    .catch((/** @type {Error & { code?: string }} */ error) => {
      console.error(`The sync server did not start. ${error.message}`);
      setTimeout(() => (core = null), 5000).unref();
      throw error;
    });
  return /** @type {Promise<Core>} */ (core);
}

const server = createServer(
  { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 120_000, insecureHTTPParser: false },
  (request, response) => {
    const path = (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/';
    if (path === '/healthz' || path === '/health') return void health(response);
    if (path === '/metrics') return program.answerMetrics(process.env, request, response, running);
    if (path !== '/api' && !path.startsWith('/api/')) return files(request, response);
    sync().then(
      (started) => started.handle(request, response),
      () => refuse(response, 503, 'The sync server did not start; its log says why.'),
    );
  },
);

server.on('upgrade', (request, socket, head) => {
  socket.on('error', () => socket.destroy());
  if ((request.url ?? '').split(/[?#]/, 1)[0] !== '/sync')
    return socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  sync().then(
    (started) => started.upgrade(request, socket, head),
    () => socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n'),
  );
});

/** @param {import('node:http').ServerResponse} response */
async function health(response) {
  const well = running ? await running.healthy() : true;
  response.writeHead(well ? 200 : 503, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(
    `${JSON.stringify({ status: well ? 'ok' : 'no database', sync: running ? 'running' : 'asleep' })}\n`,
  );
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {string} message */
function refuse(response, status, message) {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'Retry-After': '5',
  });
  response.end(JSON.stringify({ error: { code: 'ConnectionLost', message } }));
}

let stopping = false;
/** Ends in order: no new requests, the turn that runs is committed, files are closed. Asked twice, at once. */
async function stop() {
  if (stopping) process.exit(1);
  stopping = true;
  setTimeout(() => process.exit(1), 15_000).unref();
  server.close();
  await core?.then((started) => started.stop()).catch(() => undefined);
  server.closeAllConnections();
  process.exit(0);
}
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());

const host = process.env.LOAM_HOST || '127.0.0.1';
// Whoever names an address for people wants this port and no other.
port = await listen(server, wanted, process.env.LOAM_ORIGIN ? 0 : 50, host);
console.log(
  `\nLoam is at http://${host}:${port}\nIt keeps working offline after the first visit. Stop it with Ctrl+C.`,
);
if (process.env.DATABASE_URL) await sync().catch(() => process.exit(1));
