// Development only: the screens on an in-memory engine, to look at them without a worker or a database.
import { sveltekit } from '@sveltejs/kit/vite';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const preview = fileURLToPath(new URL('./engine.ts', import.meta.url));

export default defineConfig({
  server: { port: 4390, strictPort: true },
  preview: { port: 4390, strictPort: true },
  build: { assetsInlineLimit: 0 },
  plugins: [
    {
      name: 'loam-ui-preview',
      enforce: 'pre',
      resolveId(source, importer) {
        return source === './engine.ts' && importer?.includes('/src/lib/client/') ? preview : undefined;
      },
    },
    sveltekit(),
  ],
});
