// A small database with something at the end of every kind of relation: types, parents, versions, branches, trash, links
// with and without a feature, cells, JSON of every shape, texts that look-ups stumble over. It is made by the engine's own
// write path and is the same on every machine, so that LaminDB's answers about it can be committed.
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { createInstance, readAuthor } from '../../src/lib/engine/schema/open.ts';
import { createWriter } from '../../src/lib/engine/write/writer.ts';
import { makeObjects } from './example-objects.ts';
import { makeRegistries } from './example-registries.ts';
import { exampleRows, start } from './example-rows.ts';

const alphabet = (bytes: Uint8Array): Uint8Array => bytes.map((_, i) => (i * 37) % 248);

/** Makes the instance on an empty database and fills it. `root` is the storage root that is written down. */
export function makeExample(driver: SqlDriver, root = '/example/storage'): void {
  let time = start;
  const clock = () => (time += 1000);
  const storage = { uid: 'examplestora', root, instanceUid: 'exampleinsta' };
  createInstance(driver, { model, clock, random: alphabet, name: 'example', storage });
  const writer = createWriter({ driver, model, clock, random: alphabet, author: readAuthor(driver) });
  writer.act({ kind: 'create', title: 'Example', uid: 'exampleexample00' }, function* (tx) {
    const rows = exampleRows(tx);
    yield* makeRegistries(rows);
    yield* makeObjects(rows);
  });
}
