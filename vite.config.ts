import { sveltekit } from '@sveltejs/kit/vite';
import { workerPackages } from './vite-plugins/worker-packages.ts';
import { defineConfig } from 'vite';
import { precacheList } from './vite-plugins/precache-list.ts';

export default defineConfig({
  plugins: [sveltekit(), precacheList()],
  worker: { format: 'es' },
  // Fonts stay files: the CSP allows no data: fonts.
  build: { assetsInlineLimit: (file) => (/\.woff2?$/.test(file) ? false : undefined) },
  optimizeDeps: {
    exclude: ['@sqlite.org/sqlite-wasm', 'wa-sqlite'],
    include: workerPackages,
  },
});
