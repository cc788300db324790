import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [sveltekit()],
  worker: { format: 'es' },
  // Small fonts would become data: addresses, which our CSP refuses.
  build: { assetsInlineLimit: 0 },
  optimizeDeps: {
    exclude: ['@sqlite.org/sqlite-wasm', 'wa-sqlite'],
    include: ['comlink', 'kysely', 'zarrita', 'h5wasm', 'hash-wasm', 'fflate'],
  },
});
