// `npm run bench -- --only files/previews`: how long the first look into a file of about 1 GB takes, for each format that can be
// made here: the reader's worker starts anew for each, so loading its parts counts. h5ad needs a Python with anndata.
import { DuckDBInstance } from '@duckdb/node-api';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./bench-report.mjs').Measures} Measures */

const bytes = Number(process.env['LOAM_BENCH_PREVIEW_GB'] ?? 1) * 1e9;
const venv = fileURLToPath(new URL('../tests/.cache/venv/bin/python', import.meta.url));

/** A row is about so many bytes in each. */
const tables = {
  parquet: { size: 24, options: 'FORMAT parquet, COMPRESSION snappy' },
  csv: { size: 62, options: 'FORMAT csv, HEADER true' },
  jsonl: { size: 118, options: 'FORMAT json' },
};
const rowSql =
  "SELECT i::INTEGER AS id, 'cell ' || (i * 7919 % 1000003) AS name, (hash(i) % 100000) / 8.0 AS score, " +
  '(hash(i + 1) % 5000)::INTEGER AS depth, hash(i * 3)::UBIGINT AS reads FROM range(N) t(i)';

/** @param {string} path @param {(write: (piece: Buffer | string) => void, left: () => number) => void} fill */
function written(path, fill) {
  const file = openSync(path, 'w');
  let done = 0;
  try {
    fill(
      (piece) => void (done += typeof piece === 'string' ? writeSync(file, piece) : writeSync(file, piece)),
      () => bytes - done,
    );
  } finally {
    closeSync(file);
  }
}

/** @param {string} path */
function fastq(path) {
  const records = Array.from(
    { length: 5000 },
    (_, i) => `@read${i}\n${'ACGTTGCA'.repeat(18)}\n+\n${'FFFF:FF,'.repeat(18)}\n`,
  ).join('');
  written(path, (write, left) => {
    while (left() > 0) write(records);
  });
}

/** @param {string} path */
function npy(path) {
  const columns = 1000;
  const count = Math.floor(bytes / 4 / columns);
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${count}, ${columns}), }`;
  const text = head.padEnd(117) + '\n';
  const start = Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([118, 0]),
    Buffer.from(text),
  ]);
  const piece = Buffer.alloc(4 * columns * 1000, 1);
  written(path, (write) => {
    write(start);
    for (let row = 0; row < count; row += 1000)
      write(piece.subarray(0, 4 * columns * Math.min(1000, count - row)));
  });
}

const h5ad = `import sys, anndata as ad, numpy as np, pandas as pd
n, m = int(sys.argv[2]), 2000
x = np.random.default_rng(1).random((n, m), dtype=np.float32)
obs = pd.DataFrame({'cell_type': pd.Categorical.from_codes(np.arange(n) % 5, list('abcde')), 'depth': np.arange(n)}, index=[f'c{i}' for i in range(n)])
ad.AnnData(x, obs=obs, var=pd.DataFrame(index=[f'g{i}' for i in range(m)]), obsm={'X_umap': x[:, :2]}).write_h5ad(sys.argv[1])
`;

/**
 * @param {(paths: string[]) => Promise<Measures>} look milliseconds by name of file
 * @param {string} folder
 * @returns {Promise<Measures>}
 */
export async function previewMeasures(look, folder) {
  const instance = await DuckDBInstance.create(':memory:');
  const native = await instance.connect();
  /** @type {Measures} */
  const out = {};
  /** @param {string} name @param {() => unknown} make */
  const measured = async (name, make) => {
    const path = join(folder, `preview.${name}`);
    await make();
    try {
      const [ms = NaN] = Object.values(await look([path]));
      console.error('preview of', name, Math.round(statSync(path).size / 1e6), 'MB:', Math.round(ms), 'ms');
      out[`preview-${name}`] = ms;
    } finally {
      rmSync(path, { force: true });
    }
  };
  try {
    for (const [name, { size, options }] of Object.entries(tables))
      await measured(name, () =>
        native.run(
          `COPY (${rowSql.replace('range(N)', `range(${Math.round(bytes / size)})`)}) TO '${join(folder, `preview.${name}`)}' (${options})`,
        ),
      );
    await measured('fastq', () => fastq(join(folder, 'preview.fastq')));
    await measured('npy', () => npy(join(folder, 'preview.npy')));
    const python = process.env['LOAM_PYTHON'] ?? venv;
    if (existsSync(python))
      await measured('h5ad', () =>
        execFileSync(python, ['-c', h5ad, join(folder, 'preview.h5ad'), String(Math.round(bytes / 8000))]),
      );
    else console.error('No Python with anndata: no preview of h5ad.');
  } finally {
    native.closeSync();
  }
  return out;
}
