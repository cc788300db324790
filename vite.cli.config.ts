// The command line as one Node program in build-cli/, the thread in which it looks at files, and `ln` for scripts; npm packages stay outside and are found in node_modules.
import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    ssr: true,
    outDir: 'build-cli',
    target: 'node20',
    minify: false,
    rollupOptions: {
      input: { loam: 'cli/main.ts', 'inspect-thread': 'cli/inspect-thread.ts', ln: 'cli/ln.ts' },
      output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' },
    },
  },
});
