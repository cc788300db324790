// Files of source code: which registry a path goes to, and what a transform takes from its file (lamin-cli 1.21).
import { extname } from 'node:path';

const code = new Set(['.py', '.ipynb', '.R', '.qmd', '.Rmd', '.sh']);

/** The word of the registry that `save`, `load` and `annotate` mean by a path. */
export const registryOfPath = (path: string): 'transform' | 'artifact' =>
  code.has(extname(path)) ? 'transform' : 'artifact';

export const kindOfSource = (path: string): 'script' | 'notebook' =>
  ['.R', '.py', '.sh'].includes(extname(path)) ? 'script' : 'notebook';

/** The uid (16) or its stem (12 characters) that `ln.track("…")` in the code names. */
export function trackedUid(source: string): string | null {
  const match = /\btrack\(\s*(?:transform\s*=\s*)?(["'])([a-zA-Z0-9]{12}(?:[a-zA-Z0-9]{4})?)\1/.exec(source);
  return match?.[2] ?? null;
}

/** The title in the header of an R or Quarto notebook. */
export function notebookTitle(source: string): string | null {
  const header = /^---\r?\n([\s\S]*?)\r?\n---/.exec(source)?.[1] ?? '';
  return /^title:\s*"([^"]*)"/m.exec(header)?.[1] ?? null;
}
