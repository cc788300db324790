/**
 * `npm run ontologies -- WHAT…`: packs of public terms for the app to serve, in static/ontologies. WHAT is a file (OBO, OBO
 * graphs, OWL as JSON, parquet), a folder of such files, an address, or a folder of packs with its packs.json, which is
 * copied. `--registry`, `--source`, `--version` and `--organism` say what a file does not; `--accept` leaves out what is
 * wrong with one. Needs nothing but Node and this project's packages.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { loadModule, root } from './load-module.mjs';

/** @typedef {{ pack: string, rows: number, bytes: number, columns: string[], entity: string | null, source: string, version: string, organism: string, licence: string | null, note: string }} Entry */

const option = /** @type {const} */ ({ type: 'string' });
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    registry: option,
    source: option,
    version: option,
    organism: option,
    licence: option,
    output: option,
    accept: { type: 'boolean' },
  },
});
const usage =
  'Usage: npm run ontologies -- FILE|FOLDER|URL … [--registry CellType] [--source NAME] [--version V] [--organism O] [--licence L] [--accept] [--output FOLDER]';
const folder = values.output ?? join(root, 'static', 'ontologies');
const index = join(folder, 'packs.json');

/** @returns {Entry[]} */
const listed = () => (existsSync(index) ? JSON.parse(readFileSync(index, 'utf8')).packs : []);

/** @param {Entry} entry */
function enter(entry) {
  const packs = [...listed().filter(({ pack }) => pack !== entry.pack), entry];
  packs.sort((a, b) => (a.pack < b.pack ? -1 : 1));
  writeFileSync(index, `${JSON.stringify({ packs }, null, 1)}\n`);
  console.log(`${entry.pack}: ${entry.rows.toLocaleString('en')} terms of ${entry.source} ${entry.version}`);
}

/** Packs as they are. @param {string} from */
function copyPacks(from) {
  const { packs } = JSON.parse(readFileSync(join(from, 'packs.json'), 'utf8'));
  for (const entry of packs) {
    const file = `${entry.pack}.parquet`;
    if (basename(file) !== file || !existsSync(join(from, file))) continue;
    copyFileSync(join(from, file), join(folder, file));
    enter(entry);
  }
}

/** @param {Uint8Array} bytes @param {string} name @returns {Promise<boolean>} whether it was written */
async function build(bytes, name) {
  const { readTerms } = await loadModule('src/lib/formats/ontology/read.ts');
  const { writePack, packName } = await loadModule('src/lib/formats/ontology/write-pack.ts');
  const { findingWords } = await loadModule('src/lib/formats/ontology/findings.ts');
  const { registry, source, version, organism, licence } = values;
  const entity = registry === undefined || registry.includes('.') ? registry : `bionty.${registry}`;
  const given = Object.entries({ entity, source, version, organism, licence }).filter(
    ([, v]) => v !== undefined,
  );
  const opened = {
    size: bytes.length,
    /** @param {number} start @param {number} end */
    read: async (start, end) => bytes.slice(start, end),
  };
  let table;
  try {
    table = await readTerms(opened, name, { facts: Object.fromEntries(given) });
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    return false;
  }
  const { findings, facts } = table;
  for (const { place, message } of findings.list.slice(0, 20)) console.error(`${name}, ${place}: ${message}`);
  if (findings.total > 0 && !values.accept) {
    console.error(`${name} was not taken: ${findingWords(findings)}. With --accept it is, without these.`);
    return false;
  }
  facts.organism ??= 'all';
  for (const [fact, flag] of /** @type {const} */ ([
    ['entity', 'registry'],
    ['source', 'source'],
    ['version', 'version'],
  ]))
    if (facts[fact] === null) {
      console.error(`${name} does not say its ${flag}. Give it with --${flag}.`);
      return false;
    }
  // Several versions of one source stand beside each other.
  const plain = packName(table);
  const other = listed().some((entry) => entry.pack === plain && entry.version !== facts.version);
  const pack = other ? `${plain}_${String(facts.version).replace(/[^\w.-]+/g, '-')}` : plain;
  const packed = writePack(table, {
    codec: 'GZIP',
    pack: (/** @type {Uint8Array} */ part) => new Uint8Array(gzipSync(part, { level: 9 })),
  });
  writeFileSync(join(folder, `${pack}.parquet`), packed);
  const rows = table.count - table.repeated.length;
  enter({ pack, rows, bytes: packed.length, columns: [...table.columns.keys()], note: '', ...facts });
  return true;
}

if (positionals.length === 0) {
  console.error(usage);
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
let failed = 0;
for (const what of positionals) {
  if (/^https?:\/\//.test(what)) {
    try {
      const response = await fetch(what);
      if (!response.ok) throw new Error(`the server answers ${response.status}`);
      const name = new URL(what).pathname;
      if (!(await build(new Uint8Array(await response.arrayBuffer()), name))) failed += 1;
    } catch (error) {
      console.error(`${what} cannot be fetched: ${/** @type {Error} */ (error).message}`);
      failed += 1;
    }
  } else if (!existsSync(what)) {
    console.error(`There is no file or folder ${what}.`);
    failed += 1;
  } else if (statSync(what).isDirectory() && existsSync(join(what, 'packs.json'))) copyPacks(what);
  else {
    const files = statSync(what).isDirectory()
      ? readdirSync(what)
          .filter((name) => /\.(obo|json|parquet)(\.gz)?$/.test(name))
          .map((name) => join(what, name))
      : [what];
    for (const file of files) if (!(await build(new Uint8Array(readFileSync(file)), file))) failed += 1;
  }
}
process.exit(failed > 0 ? 1 : 0);
