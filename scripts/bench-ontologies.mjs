// `npm run bench -- --only ontologies`: the built app over packs of public terms, beside 100,000 artifacts: how long imports
// take, what another tab waits for while 1.26 million taxa come, what a cancel leaves, how soon the picker answers over all
// packs together. The packs are those of LOAM_FIXTURES (the sibling folder `../shared`); where there are none, ones of the
// same sizes are made.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { listed, openBrowser, percentile, ready, seeded } from './bench-app.mjs';
import { loadModule, root } from './load-module.mjs';
import { serve } from './serve.mjs';

/** @typedef {import('playwright-core').Page} Page */

const [genes, terms, taxa] = ['gene_human_ensembl', 'pathway_go', 'organism_ncbitaxon'];
/** How long the other tab asks before the import is cancelled. */
const watchedMs = Number(process.env['LOAM_BENCH_WATCH_MS'] ?? 40_000);

const searched = [
  ...[
    'T cell',
    'cell',
    't',
    'ce',
    'lung',
    'regulation of',
    'CL:0000084',
    'go:00081',
    'ENSG00000139',
    'TCF7',
    'TCF-1',
  ],
  ...[
    'uncultured',
    'memory b cell',
    'acid',
    '9606',
    'homo sapiens',
    'breast cancer',
    'insulin receptor',
    'a',
    '1',
  ],
];

/** @param {string} folder @returns {Promise<boolean>} whether they are the real ones */
async function packs(folder) {
  const real = join(process.env['LOAM_FIXTURES'] ?? join(root, '..', 'shared'), 'ontologies');
  if (existsSync(join(real, 'packs.json'))) {
    cpSync(real, folder, { recursive: true });
    return true;
  }
  mkdirSync(folder, { recursive: true });
  const { tableBuilder, termColumns } = await loadModule('src/lib/formats/ontology/term-table.ts');
  const { writePack } = await loadModule('src/lib/formats/ontology/write-pack.ts');
  const entries = [];
  for (const [pack, entity, count] of /** @type {const} */ ([
    [genes, 'bionty.Gene', 78_894],
    [terms, 'bionty.Pathway', 47_028],
    [taxa, 'bionty.Organism', 1_261_575],
  ])) {
    const gene = entity === 'bionty.Gene';
    const builder = tableBuilder({
      columns: gene
        ? ['ensembl_gene_id', 'symbol', 'ncbi_gene_ids', 'biotype', 'synonyms', 'description']
        : termColumns,
      key: gene ? 'ensembl_gene_id' : 'ontology_id',
      name: gene ? 'symbol' : 'name',
      places: (/** @type {number} */ place) => `row ${place}`,
      expected: count,
    });
    const id = (/** @type {number} */ i) =>
      gene ? `ENSG${String(i).padStart(11, '0')}` : `X:${String(i).padStart(7, '0')}`;
    for (let i = 0; i < count; i++) {
      const values = /** @type {Record<string, string>} */ (
        gene
          ? {
              ensembl_gene_id: id(i),
              symbol: `G${i}`,
              ncbi_gene_ids: String(i),
              biotype: 'protein_coding',
              synonyms: `S${i}|T${i}`,
              description: `gene number ${i} of the made ones`,
            }
          : {
              ontology_id: id(i),
              name: `term ${i} of ${i % 977}`,
              ...(entity === 'bionty.Pathway'
                ? { synonyms: `kind ${i}`, description: `what is said of the term ${i}, in some words` }
                : {}),
            }
      );
      for (const [column, texts] of builder.texts) texts.push(values[column] ?? null);
      builder.rest(gene || i === 0 ? [] : [id(Math.floor(i / 4))], false, i);
    }
    const facts = { entity, source: 'made', version: '1', organism: gene ? 'human' : 'all', licence: null };
    const bytes = writePack(builder.finish(facts), null);
    writeFileSync(join(folder, `${pack}.parquet`), bytes);
    entries.push({ ...facts, pack, rows: count, bytes: bytes.length, note: '' });
  }
  writeFileSync(join(folder, 'packs.json'), JSON.stringify({ packs: entries }));
  return false;
}

/** Asks the engine as a page does. @param {Page} page @param {string} method @param {unknown[]} args @returns {Promise<any>} */
const ask = (page, method, args) =>
  page.evaluate(
    ([name, given]) => /** @type {any} */ (window).bench.ask(name, given),
    /** @type {[string, unknown[]]} */ ([method, args]),
  );

/** @param {Page} page @param {string} pack */
async function importTime(page, pack) {
  const from = Date.now();
  const answer = await ask(page, 'importOntology', [
    { pack },
    { act: `bench${pack}`.slice(0, 16), accept: true },
  ]);
  if (!answer.ok) throw new Error(`${pack}: ${answer.error.message}`);
  return { ms: Date.now() - from, added: answer.value.added };
}

/**
 * @param {{ build: string, page: string }} from folders of the built app and of the benchmark's own page
 * @returns {Promise<Record<string, number>>}
 */
export async function ontologyMeasures({ build, page: benchPage }) {
  const folder = mkdtempSync(join(tmpdir(), 'loam-bench-ontologies-'));
  const site = join(folder, 'site');
  cpSync(build, site, { recursive: true });
  cpSync(benchPage, join(site, 'bench'), { recursive: true });
  const real = await packs(join(site, 'ontologies'));
  try {
    const { profile, port } = await seeded(site, folder);
    const server = await serve({ dir: site, port, strict: true });
    const context = await openBrowser(profile, { listening: true });
    try {
      const page = context.pages()[0] ?? (await context.newPage());
      await page.goto(`${server.url}/artifacts`);
      await ready(page);
      await listed(page);
      await pause(5000);
      /** @type {Record<string, number>} */
      const out = { realPacks: Number(real) };
      for (const [name, pack] of /** @type {const} */ ([
        ['genes', genes],
        ['terms', terms],
      ])) {
        const { ms, added } = await importTime(page, pack);
        Object.assign(out, { [`${name}Import`]: ms, [`${name}Rows`]: added });
        console.error(`ontologies, ${pack}`, ms, added);
        await pause(5000);
      }
      Object.assign(out, await besideTaxa(context, page, server.url));
      Object.assign(out, await pickerTimes(page));
      return out;
    } finally {
      await context.close();
      await server.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** A list and an edit of one row from another tab while taxa come; then a cancel. @param {import('./bench-app.mjs').Context} context @param {Page} page @param {string} url */
async function besideTaxa(context, page, url) {
  const other = await context.newPage();
  await other.goto(`${url}/artifacts`);
  await listed(other);
  await other.waitForFunction(() => /** @type {any} */ (window).bench.listArgs !== null);
  const label = await ask(other, 'createULabel', ['beside an import']);
  const before = await ask(other, 'queryCount', [{ registry: 'bionty.Organism' }]);
  const importing = ask(page, 'importOntology', [{ pack: taxa }, { act: 'benchtaxa', accept: true }]);
  importing.catch(() => {});
  // Reading the pack comes first; what is measured is while rows are written.
  for (;;) {
    const jobs = await ask(other, 'jobs', []);
    if (jobs.value.some((/** @type {any} */ job) => job.act === 'benchtaxa' && job.done > 0 && job.total > 1))
      break;
    await pause(100);
  }
  const times = await other.evaluate(async ([ms, uid]) => {
    const { bench } = /** @type {any} */ (window);
    const [view, page] = bench.listArgs;
    const lists = [];
    const edits = [];
    const end = performance.now() + ms;
    for (let i = 0; performance.now() < end; i++) {
      const from = performance.now();
      const list = await bench.ask('listRows', [view, page]);
      if (!list.ok) throw new Error(list.error.message);
      lists.push(performance.now() - from);
      if (i % 4 === 0) {
        const begun = performance.now();
        const edit = await bench.ask('update', ['ULabel', { uid }, { description: `edit ${i}` }]);
        if (!edit.ok) throw new Error(edit.error.message);
        edits.push(performance.now() - begun);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const job = (await bench.ask('jobs', [])).value.find((/** @type {any} */ one) => one.act === 'benchtaxa');
    return { lists, edits, done: job?.done ?? 0, total: job?.total ?? 0 };
  }, /** @type {[number, string]} */ ([watchedMs, label.value.uid]));
  const from = Date.now();
  await ask(other, 'cancelJob', ['benchtaxa']);
  const answer = await importing;
  const cancelMs = Date.now() - from;
  const after = await ask(other, 'queryCount', [{ registry: 'bionty.Organism' }]);
  await other.close();
  const measures = {
    listP95: percentile(times.lists, 0.95),
    listMost: Math.max(...times.lists),
    editP95: percentile(times.edits, 0.95),
    editMost: Math.max(...times.edits),
    lists: times.lists.length,
    edits: times.edits.length,
    stepsBeside: times.done,
    stepsTotal: times.total,
    cancelMs,
    cancelled: Number(answer.ok === false && answer.error.code === 'Cancelled'),
    rowsLeft: after.value - before.value,
  };
  console.error('ontologies, beside taxa', JSON.stringify(measures));
  return measures;
}

/** @param {Page} page */
async function pickerTimes(page) {
  const times = await page.evaluate(async (texts) => {
    const { bench } = /** @type {any} */ (window);
    const warm = await bench.ask('findTerms', ['cell', { most: 20, wait: true }]);
    if (!warm.ok) throw new Error(warm.error.message);
    /** @type {[string, number][]} */
    const out = [];
    for (const text of texts) {
      const each = [];
      for (let i = 0; i < 5; i++) {
        const from = performance.now();
        const answer = await bench.ask('findTerms', [text, { most: 20 }]);
        if (!answer.ok || answer.value.loading.length > 0) throw new Error(`${text} is not answered`);
        each.push(performance.now() - from);
      }
      out.push([text, each.sort((a, b) => a - b)[2] ?? NaN]);
    }
    return out;
  }, searched);
  console.error('ontologies, picker', times.map(([text, ms]) => `${text} ${ms.toFixed(1)}`).join(', '));
  const all = times.map(([, ms]) => ms);
  return { pickerMedian: percentile(all, 0.5), pickerMost: Math.max(...all) };
}
