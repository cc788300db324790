/**
 * A small static server for build/: right types, one page for all routes, long caching for hashed files, strict headers.
 * It binds the loopback address only. Sends no COOP/COEP, since nothing in Loam needs a cross-origin isolated page.
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const host = '127.0.0.1';

/** @type {Record<string, string>} */
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
};

/** @type {Record<string, string>} */
const headersOfAll = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy':
    'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), browsing-topics=()',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

// The page carries its own policy with the hash of its start-up script; a header may only add what a meta tag cannot say.
const policyOfPages = "frame-ancestors 'none'";
// Workers do not inherit the page's policy, they obey the one their script came with.
/** @param {string} connect */
const policyOfFiles = (connect = "'self'") =>
  `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src ${connect}; worker-src 'self'; ` +
  "style-src 'unsafe-inline'; frame-ancestors 'none'";
// The three workers that may ask other sites: they fetch databases and ontologies by their address, and bytes of artifacts
// where these lie.
// The page, the engine, the query engine and the readers of files may not.
const policyOfFetching = policyOfFiles("'self' https: http://127.0.0.1:* http://localhost:*");
const fetchingWorker = /^\/_app\/immutable\/workers\/(?:interop|remote|ontology)\.worker-/;

/** @param {string} type @param {string} path */
function policyOf(type, path) {
  if (type.startsWith('text/html')) return policyOfPages;
  return fetchingWorker.test(path) ? policyOfFetching : policyOfFiles();
}

/**
 * Starts the server; port 0 takes any free one, a taken one moves on to the next free one unless `strict`.
 * @param {{ dir: string, port?: number, strict?: boolean }} options
 */
export async function serve({ dir, port = 0, strict = false }) {
  const server = createServer(await createStatic(dir));
  const taken = await listen(server, port, strict ? 0 : 50);
  return {
    port: taken,
    url: `http://${host}:${taken}`,
    /** Stops at once, open connections included. */
    close: () =>
      new Promise((done) => {
        server.close(() => done(undefined));
        server.closeAllConnections();
      }),
  };
}

/**
 * What answers for the files of a folder, to be given to a listener.
 * @param {string} dir @returns {Promise<(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void>}
 */
export async function createStatic(dir) {
  const base = await realpath(dir);
  return (request, response) => {
    answer(base, request, response).catch((error) => {
      console.error(error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500);
    });
  };
}

/**
 * Listens on this port or, where it is taken, on one of the next. Gives the port.
 * @param {import('node:http').Server} server @param {number} port @param {number} tries @param {string} [address]
 * @returns {Promise<number>}
 */
export function listen(server, port, tries, address = host) {
  return new Promise((resolve, reject) => {
    const failed = (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'EADDRINUSE' && tries > 0) resolve(listen(server, port + 1, tries - 1, address));
      else reject(error);
    };
    server.once('error', failed);
    server.listen(port, address, () => {
      server.off('error', failed);
      const at = server.address();
      resolve(typeof at === 'object' && at ? at.port : port);
    });
  });
}

/** @param {string} base @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
async function answer(base, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405);
  }
  const path = readPath(request.url ?? '/');
  if (path === null) return refuse(response, 400);

  const found = (await findFile(base, path)) ?? (isRoute(path) ? await findFile(base, '/index.html') : null);
  if (!found) return refuse(response, 404);

  const type = types[extname(found.file).toLowerCase()] ?? 'application/octet-stream';
  // Names under immutable/ change with their content, so size and time identify every other file well enough.
  const etag = `W/"${found.size.toString(36)}-${Math.round(found.mtimeMs).toString(36)}"`;
  const headers = {
    ...headersOfAll,
    'Content-Type': type,
    'Content-Security-Policy': policyOf(type, path),
    'Cache-Control': path.startsWith('/_app/immutable/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: etag,
    'Accept-Ranges': 'bytes',
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const range = readRange(request.headers.range, found.size);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'Content-Range': `bytes */${found.size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: found.size - 1 };
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'Content-Length': end - start + 1,
    ...(range ? { 'Content-Range': `bytes ${start}-${end}/${found.size}` } : {}),
  });
  if (request.method === 'HEAD' || found.size === 0) response.end();
  else
    createReadStream(found.file, { start, end })
      .on('error', () => response.destroy())
      .pipe(response);
}

/** The decoded path, or null where it is malformed or tries to leave the folder. @param {string} url */
function readPath(url) {
  try {
    const path = decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '/');
    // Dot files are refused along with `..`: none is ever part of a build.
    if (!path.startsWith('/') || /[\0\\]|(^|\/)\./.test(path)) return null;
    return path;
  } catch {
    return null;
  }
}

/** Routes have no extension in their last part; a missing script must stay a 404, not become a page. @param {string} path */
function isRoute(path) {
  return !path.startsWith('/_app/') && !/\.[a-z0-9]{1,12}$/i.test(path);
}

/** @param {string} base @param {string} path */
async function findFile(base, path) {
  try {
    const file = await realpath(join(base, path.endsWith('/') ? `${path}index.html` : path));
    // A symbolic link inside the folder must not open a door out of it either.
    if (!file.startsWith(base + sep)) return null;
    const info = await stat(file);
    return info.isFile() ? { file, size: info.size, mtimeMs: info.mtimeMs } : null;
  } catch {
    return null;
  }
}

/** One byte range; several at once are answered with the whole file, as the standard allows. @param {string | undefined} header @param {number} size */
function readRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}

/** @param {import('node:http').ServerResponse} response @param {number} status */
function refuse(response, status) {
  response.writeHead(status, {
    ...headersOfAll,
    'Content-Security-Policy': policyOfFiles(),
    'Content-Type': types['.txt'],
    'Cache-Control': 'no-store',
  });
  response.end(`${status}\n`);
}

/** The port asked for by `--port N`, `--port=N` or PORT. @param {string[]} args @param {number} otherwise */
export function portFrom(args, otherwise) {
  const index = args.findIndex((arg) => arg === '--port' || arg.startsWith('--port='));
  const text = index < 0 ? process.env.PORT : (args[index]?.split('=')[1] ?? args[index + 1]);
  if (text === undefined || text === '') return otherwise;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65536) return port;
  console.error(`Not a port: ${text}`);
  process.exit(1);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === (await realpath(process.argv[1]).catch(() => ''))) {
  const dir = fileURLToPath(new URL('../build', import.meta.url));
  const { url } = await serve({ dir, port: portFrom(process.argv.slice(2), 4173) });
  console.log(`Loam is at ${url}`);
}
