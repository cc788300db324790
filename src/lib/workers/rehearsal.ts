// What a waiting tab does ahead of time: opens an empty database in memory and asks what a first screen asks. The browser
// compiles code, SQLite's too, when it first runs; a tab that takes over would spend half of its time on that.
import { createEngine } from '../engine/index.ts';
import { fileModel } from '../engine/schema/file-model.ts';
import { model } from '../engine/model/model.ts';
import type { Random } from '../engine/ports.ts';
import { createInstance, emptyInstance, hasInstance, isUnseeded } from '../engine/schema/open.ts';
import { planUpgrade } from '../engine/schema/upgrade.ts';
import { emptyView } from '../engine/view/view.ts';
import { createMemoryBlobs } from '../storage/blob/memory.ts';
import { openMemory } from '../storage/sql/memory.ts';
import { nextTask } from './serve.ts';

const clock = () => Date.now();
const never = () => Promise.reject(new Error('A rehearsal reads no files.'));

/**
 * Nothing of it is kept. Takes 100 ms of processor time and more on a busy machine, in pieces: it ends as soon as `over`
 * says that the tab has something better to do.
 */
export async function rehearse(random: Random, over: () => boolean = () => false): Promise<void> {
  const driver = await openMemory({ bytes: emptyInstance(model) });
  try {
    if (isUnseeded(driver)) createInstance(driver, { model, clock, random, name: 'rehearsal' });
    if (!hasInstance(driver) || planUpgrade(driver, model)) return;
    const engine = await createEngine({
      driver,
      model: fileModel(driver, model),
      blobs: createMemoryBlobs(),
      inspector: { hash: never, inspect: never, readSmall: never, checksum: never },
      clock,
      random,
      onFeed: () => {},
      onDrop: () => {},
      breathe: nextTask,
    });
    engine.status();
    engine.onlyHere();
    engine.acts(8);
    engine.registries();
    engine.createULabel('rehearsal');
    for (const name of ['Artifact', 'ULabel']) {
      await nextTask();
      if (over()) return;
      const view = emptyView(name);
      engine.listRows(view, { after: null, limit: 100 });
      engine.countList(view);
      engine.savedViews(name);
      for (const spec of engine.facetSpecs(view)) if (!over()) await engine.listFacet(view, spec);
    }
  } finally {
    driver.close();
  }
}
