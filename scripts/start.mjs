/** `npm start`: from a fresh clone to the running app. Installs, builds and serves, each only when needed. */
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';
import { portFrom, serve } from './serve.mjs';

const port = portFrom(process.argv.slice(2), 4173);
prepare();
const { url } = await serve({ dir: join(root, 'build'), port });
console.log(`\nLoam is at ${url}\nIt keeps working offline after the first visit. Stop it with Ctrl+C.`);
