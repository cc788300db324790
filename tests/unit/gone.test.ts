// History after the end: what was deleted for good can still be asked by its uid, with who made, changed and deleted it.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/lib/engine/index.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let made: MemoryEngine;
let engine: Engine;

beforeEach(async () => {
  made = await memoryEngine();
  ({ engine } = made);
});

const kinds = (entries: { kind: string; table: string }[] | undefined) =>
  (entries ?? []).map(({ kind, table }) => `${kind} ${table.replace('lamindb_', '')}`);

describe('an artifact deleted for good', () => {
  it('is known by its uid: its name, the act that ended it, and its whole history with what hung on it', async () => {
    const [uid = '', other = ''] = made.artifacts('a.csv', 'b.csv');
    expect(engine.gone('Artifact', uid)).toBeNull();
    engine.addLabels([uid, other], ['one', 'two', 'three', 'four']);
    engine.updateArtifact(uid, { description: 'first' });
    engine.updateArtifact(uid, { description: 'second' });
    await engine.trashArtifacts([uid]);
    expect(engine.gone('Artifact', uid)).toBeNull();
    await engine.purgeArtifacts([uid]);
    await refusal(() => engine.history(uid));

    const gone = engine.gone('Artifact', uid);
    expect(gone).toMatchObject({
      registry: 'Artifact',
      uid,
      name: 'a.csv',
      act: { kind: 'purge', title: expect.stringMatching(/^Delete for good: .*a\.csv/), by: 'anonymous' },
    });
    const own = gone?.history.filter(({ table }) => table === 'lamindb_artifact');
    expect(kinds(own)).toEqual([
      'delete artifact',
      'update artifact',
      'update artifact',
      'update artifact',
      'create artifact',
    ]);
    expect(own?.[2]?.changes).toEqual([
      { field: 'description', part: 'field description', old: 'first', new: 'second' },
    ]);
    expect(kinds(gone?.history).filter((kind) => kind === 'link artifactulabel').length).toBe(4);
    expect(kinds(gone?.history).filter((kind) => kind === 'unlink artifactulabel').length).toBe(4);

    // By its stem too; nothing is said of an uid that never was, nor of one that is here.
    expect(engine.gone('Artifact', uid.slice(0, 16))?.uid).toBe(uid);
    expect(engine.gone('Artifact', 'x'.repeat(20))).toBeNull();
    expect(engine.gone('Artifact', other)).toBeNull();
    expect(engine.goneIn(gone?.act.uid ?? '')).toEqual([{ registry: 'Artifact', uid, name: 'a.csv' }]);
    expect(engine.goneIn('nothing')).toEqual([]);
  });

  it('with others names each of them, and keeps what it can tell after many more changes', async () => {
    const uids = made.artifacts(...Array.from({ length: 30 }, (_, i) => `set/${i}.csv`));
    engine.addLabels(uids, ['kept']);
    await engine.trashArtifacts(uids.slice(0, 20));
    await engine.purgeArtifacts(uids.slice(0, 20));
    for (let i = 0; i < 20; i++) engine.updateArtifact(uids[25] ?? '', { description: `d ${i}` });
    const [act] = engine.acts(100).filter(({ kind }) => kind === 'purge');
    expect(engine.goneIn(act?.uid ?? '').map(({ name }) => name)).toEqual(
      uids.slice(0, 20).map((_, i) => `set/${i}.csv`),
    );
    for (const uid of uids.slice(0, 20)) {
      const history = kinds(engine.gone('Artifact', uid)?.history);
      expect(history).toContain('create artifact');
      expect(history).toContain('link artifactulabel');
    }
    for (const uid of uids.slice(20)) expect(engine.gone('Artifact', uid)).toBeNull();
  });
});

describe('rows that come back', () => {
  it('are not gone: an undone delete takes its trace with it', async () => {
    const { uid } = engine.create('Space', { name: 'lab' });
    await engine.purge('Space', [uid]);
    expect(engine.gone('Space', uid)).toMatchObject({ name: 'lab', act: { kind: 'delete' } });
    await engine.undo();
    expect(engine.gone('Space', uid)).toBeNull();
    await engine.redo();
    expect(engine.gone('Space', uid)).toMatchObject({ name: 'lab', act: { kind: 'redo' } });
  });

  it('nor is what an undone insert took back: redo is its way', async () => {
    const { uid } = engine.createULabel('passing');
    await engine.undo();
    expect(engine.gone('ULabel', uid)).toBeNull();
    await engine.redo();
    expect(engine.ulabels('', 5).map(({ name }) => name)).toEqual(['passing']);
  });
});
