import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [sveltekit()],
  worker: { format: 'es' },
  optimizeDeps: {
    exclude: ['@sqlite.org/sqlite-wasm', 'wa-sqlite'],
    include: ['comlink', 'kysely', 'zarrita', 'h5wasm', 'hash-wasm', 'fflate'],
  },
});
