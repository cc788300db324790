import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';
import { precacheList } from './vite-plugins/precache-list.ts';

export default defineConfig({
  plugins: [sveltekit(), precacheList()],
  worker: { format: 'es' },
  optimizeDeps: {
    exclude: ['@sqlite.org/sqlite-wasm', 'wa-sqlite'],
    include: ['comlink', 'kysely', 'zarrita', 'h5wasm', 'hash-wasm', 'fflate'],
  },
});
