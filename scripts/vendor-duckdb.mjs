/**
 * `node scripts/vendor-duckdb.mjs [--from FOLDER]`: fetches the modern query engine with its signed extensions into
 * vendor/duckdb, where the next build finds it and uses it in place of the built-in one (docs/decisions/0020). Needs a
 * network once, on the machine that builds; the app itself asks nobody. Every file is checked against a hash written
 * here, and nothing is kept unless all of them fit. `--from` takes files that were brought in another way: the package's
 * archive and the two extensions under the names below. `--remove` goes back to the built-in engine.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './prepare.mjs';

const package_ = { name: '@duckdb/duckdb-wasm', version: '1.32.0', archive: 'duckdb-duckdb-wasm-1.32.0.tgz' };
/** The engine inside that package; extensions are signed for exactly one. */
const engine = 'v1.4.3';
const repository = `https://extensions.duckdb.org/${engine}/wasm_eh`;

/** SHA-256 by file. Those of the extensions were read in several public repositories, not measured by us. */
const hashes = {
  'duckdb-browser-blocking.mjs': 'ad9fce671ad42dce96a9b2410efc44d6d8fc54f34f44450fe4ffbd9094759bbb',
  'duckdb-eh.wasm': '4c221bfa59c11f24dbd750e70c90b9252eca6eec5633936e6a2ec766e55fd879',
  'parquet.duckdb_extension.wasm': '22765c8f7dc741cda2b571a66ac7bb355295d7d69a6c37e5315b265672984f55',
  'json.duckdb_extension.wasm': 'b997276c8e15cc3ebdeda340d73d15dc1c4f4755ad281280451cb0a2f79302e9',
};

const target = join(root, 'vendor', 'duckdb');

/** @param {string} file @param {Uint8Array} bytes */
function checked(file, bytes) {
  const found = createHash('sha256').update(bytes).digest('hex');
  const wanted = hashes[/** @type {keyof typeof hashes} */ (file)];
  if (found !== wanted)
    throw new Error(
      `${file} is not the file that was expected: sha256 ${found} instead of ${wanted}. Nothing was changed.`,
    );
  return bytes;
}

/** @param {string} folder @param {string | null} from */
function unpackPackage(folder, from) {
  if (from) copyFileSync(join(from, package_.archive), join(folder, package_.archive));
  else
    execFileSync('npm', ['pack', `${package_.name}@${package_.version}`, '--silent'], {
      cwd: folder,
      stdio: 'pipe',
    });
  execFileSync('tar', ['xzf', package_.archive], { cwd: folder });
  return join(folder, 'package', 'dist');
}

/** @param {string} file @param {string | null} from */
async function extension(file, from) {
  if (from) return readFileSync(join(from, file));
  const response = await fetch(`${repository}/${file}`).catch((error) => {
    throw new Error(
      `${repository}/${file} cannot be reached (${error.cause?.code ?? error.message}). Fetch it on another machine and use --from.`,
    );
  });
  if (!response.ok) throw new Error(`${repository}/${file} answered ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}

async function vendor(/** @type {string | null} */ from) {
  const work = mkdtempSync(join(tmpdir(), 'loam-duckdb-'));
  const made = join(work, 'made');
  try {
    const dist = unpackPackage(work, from);
    /** @param {string} path @param {Uint8Array} bytes */
    const put = (path, bytes) => {
      mkdirSync(dirname(join(made, path)), { recursive: true });
      writeFileSync(join(made, path), bytes);
    };
    for (const file of ['duckdb-browser-blocking.mjs', 'duckdb-eh.wasm'])
      put(file, checked(file, readFileSync(join(dist, file))));
    for (const file of ['parquet.duckdb_extension.wasm', 'json.duckdb_extension.wasm'])
      put(join('extensions', engine, 'wasm_eh', file), checked(file, await extension(file, from)));
    rmSync(target, { recursive: true, force: true });
    mkdirSync(dirname(target), { recursive: true });
    try {
      renameSync(made, target);
    } catch {
      // Another file system.
      execFileSync('cp', ['-R', made, target]);
    }
    console.log(
      `DuckDB ${engine} is in vendor/duckdb. Build again, then run: npx vitest run --project browser tests/browser/duckdb.browser.test.ts`,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const [option, folder] = process.argv.slice(2);
try {
  if (option === '--remove') rmSync(target, { recursive: true, force: true });
  else if (option === '--from' && folder) await vendor(folder);
  else if (option === undefined) await vendor(null);
  else throw new Error(`${option} is not known. Use no option, --from FOLDER or --remove.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
