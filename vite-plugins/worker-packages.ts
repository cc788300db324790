// Packages that only workers import. Vite finds them late, when a worker first asks, and then reloads the page under
// the worker's feet; named here, they are prepared at start. Used by the dev server and by browser tests.
export const workerPackages = [
  'comlink',
  'h5wasm',
  'geotiff',
  'zarrita',
  '@zarrita/storage/zip',
  'apache-arrow',
  'apache-arrow/ipc/metadata/file',
  'apache-arrow/ipc/metadata/message',
  '@duckdb/duckdb-wasm/blocking',
  'parquet-wasm',
  'hyparquet',
  'hyparquet/src/column.js',
  'hyparquet/src/datapage.js',
  'hyparquet/src/plain.js',
  'hyparquet-compressors',
  'aws4fetch',
  'hash-wasm',
  'fflate',
];
