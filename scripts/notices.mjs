/**
 * `npm run notices`: writes THIRD-PARTY-NOTICES.md, the licences of everything that is shipped with the app.
 * `--check` writes nothing and fails when the file is stale or a licence is not on the list below.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const allowed = new Set([
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  '0BSD',
  'MPL-2.0',
  'BlueOak-1.0.0',
  'OFL-1.1',
  'CC0-1.0',
  'Unlicense',
  'Python-2.0',
  'Zlib',
]);

/** Licences that no short name describes, each read and found fit. @type {Record<string, string>} */
const exceptions = {
  // The wrapper is in the public domain by NIST's terms; the wasm holds the HDF5 library under The HDF Group's BSD-style one.
  h5wasm: 'NIST public domain terms, with HDF5 under its BSD-style licence',
};

/** Texts that stand in our own files word for word: of whom, where, and their licences. */
const taken = [
  {
    name: 'lamindb 2.12.1',
    licence: 'Apache-2.0',
    text: 'Functions of its Postgres schema, in `src/lib/engine/schema/lamindb-functions.ts`. From Lamin Labs (https://github.com/laminlabs/lamindb), under the licence in `LICENSE`.',
  },
  {
    name: 'django-pgtrigger 4.17.0',
    licence: 'BSD-3-Clause',
    text: `What it puts around the body of a trigger, in the same file.\n\n\`\`\`\`text\n${readFileSync(new URL('pgtrigger-licence.txt', import.meta.url), 'utf8').trim()}\n\`\`\`\``,
  },
];

function notices() {
  const unknown = [];
  const parts = taken.map(({ name, licence, text }) => `## ${name}\n\nLicence: ${licence}\n\n${text}\n`);
  for (const { path, name, version, optional } of shippedPackages()) {
    const folder = join(root, path);
    if (!existsSync(folder)) {
      // Packages of other platforms are locked, but not here to be read.
      if (!optional) unknown.push(`${name} ${version} (not installed)`);
      continue;
    }
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const licence = exceptions[name] ?? licenceOf(manifest) ?? licenceByTitle(folder);
    if (!(name in exceptions) && !isAllowed(licence)) unknown.push(`${name} ${version}: ${licence}`);
    parts.push(`## ${name} ${version}\n\nLicence: ${licence}\n${licenceTexts(folder)}`);
  }
  const head = '# Third-party notices\n\nMade by `npm run notices` from the lock file: do not edit.\n';
  return { text: [head, ...parts].join('\n'), unknown };
}

/** Development tools by the lock file, yet parts of them run in the page. */
const bundledTools = new Set(['@sveltejs/kit', 'svelte']);

/** Production dependencies by the lock file, sorted by name and version. */
function shippedPackages() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const seen = new Set();
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({
      path,
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: /** @type {string} */ (entry.version),
      optional: Boolean(entry.optional),
      tool: Boolean(entry.dev || entry.devOptional),
    }))
    .filter(({ name, tool }) => !tool || bundledTools.has(name))
    .filter(({ name, version }) => !seen.has(`${name} ${version}`) && seen.add(`${name} ${version}`))
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

/** @param {any} manifest @returns {string | undefined} */
function licenceOf(manifest) {
  const { license, licenses } = manifest;
  if (typeof license === 'string') return license;
  if (license?.type) return license.type;
  return Array.isArray(licenses) ? licenses.map((one) => one.type).join(' OR ') : undefined;
}

/** Some manifests name no licence while the licence file beside them opens with its title. @param {string} folder */
function licenceByTitle(folder) {
  return /^\n````text\n(The )?MIT License\b/.test(licenceTexts(folder)) ? 'MIT' : 'none named';
}

/** Of alternatives one must be allowed, of joined licences all. @param {string} licence */
function isAllowed(licence) {
  return licence
    .replace(/[()]/g, '')
    .split(/ OR /)
    .some((choice) => choice.split(/ AND /).every((one) => allowed.has(one.trim())));
}

/** @param {string} folder */
function licenceTexts(folder) {
  return readdirSync(folder)
    .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name) && !/\.(js|ts|json)$/i.test(name))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8')
        .replace(/\r/g, '')
        .replace(/[ \t]+$/gm, '')
        .trim();
      return `\n\`\`\`\`text\n${text}\n\`\`\`\`\n`;
    })
    .join('');
}

const { text, unknown } = notices();
const file = join(root, 'THIRD-PARTY-NOTICES.md');
for (const line of unknown) console.error(`Licence not on the list: ${line}`);
if (process.argv.includes('--check')) {
  const stale = !existsSync(file) || readFileSync(file, 'utf8') !== text;
  if (stale) console.error('THIRD-PARTY-NOTICES.md is stale: run npm run notices');
  process.exitCode = stale || unknown.length > 0 ? 1 : 0;
} else {
  writeFileSync(file, text);
  process.exitCode = unknown.length > 0 ? 1 : 0;
}
