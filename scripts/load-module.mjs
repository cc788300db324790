/** Runs one of the project's own TypeScript modules for a script that derives files from it. */
/** The project's folder, with a slash at the end. */
export const root = new URL('..', import.meta.url).pathname;

/** @param {string} path below the project @returns {Promise<any>} what the module exports */
export async function loadModule(path) {
  const { runnerImport } = await import('vite');
  /** @type {import('vite').InlineConfig} */
  const options = {
    root,
    configFile: false,
    logLevel: 'error',
    oxc: /** @type {object} */ ({ tsconfig: false }),
  };
  return (await runnerImport(root + path, options)).module;
}
