/**
 * The order of test files: the longest first, so that at the end no worker waits long for the other. A fresh clone has no
 * record of earlier runs, by which vitest would sort, so the long files are told here.
 */
import { basename } from 'node:path';
import { BaseSequencer } from 'vitest/node';

/** Seconds in CI, of files over 20: only their order matters. @type {Record<string, number>} */
const seconds = {
  'connection-faults.test.ts': 60,
  'simulation.test.ts': 60,
  'kills.e2e.test.ts': 150,
  'tabs-app.e2e.test.ts': 100,
  'registries.e2e.test.ts': 89,
  'fallback.e2e.test.ts': 88,
  'tabs.e2e.test.ts': 80,
  'faults.e2e.test.ts': 75,
  'screens.e2e.test.ts': 71,
  'hostile-files.test.ts': 70,
  'hostile-files-more.test.ts': 60,
  'facet-counters.test.ts': 22,
  'packs.test.ts': 22,
  'zip-write.test.ts': 15,
  'registry-undo.test.ts': 15,
};

export class LongestFirst extends BaseSequencer {
  /**
   * Files that are not told of keep vitest's order: the larger or, in a later run, the slower first.
   * @override @param {import('vitest/node').TestSpecification[]} files
   */
  async sort(files) {
    const sorted = await super.sort(files);
    // Projects stay as they follow each other.
    const projects = [...new Set(sorted.map(({ project }) => project))];
    const rank = (/** @type {import('vitest/node').TestSpecification} */ { project, moduleId }) =>
      projects.indexOf(project) * 1e6 - (seconds[basename(moduleId)] ?? 0);
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}
