// Packages that only workers import. Vite finds them late, when a worker first asks, and then reloads the page under
// the worker's feet; named here, they are prepared at start. Used by the dev server and by browser tests.
export const workerPackages = [
  'comlink',
  'h5wasm',
  'geotiff',
  'zarrita',
  '@zarrita/storage/zip',
  'apache-arrow',
  '@duckdb/duckdb-wasm/blocking',
  'parquet-wasm',
  'hyparquet',
  'hyparquet-compressors',
  'aws4fetch',
  'hash-wasm',
  'fflate',
];
