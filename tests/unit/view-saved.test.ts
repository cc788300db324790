// Saved views: kept per registry under names of their own, changed and deleted, with one default; and nothing hostile in.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/lib/engine/index.ts';
import { emptyView, type View } from '../../src/lib/engine/view/view.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let lab: MemoryEngine;
let engine: Engine;
beforeEach(async () => {
  lab = await memoryEngine();
  ({ engine } = lab);
});

const view = (change: Partial<View> = {}): View => ({ ...emptyView('ULabel'), ...change });
const names = (registry = 'ULabel') => engine.savedViews(registry).map(({ name }) => name);

describe('saved views', () => {
  it('[row 10] keep columns, order, filter and density per registry, in the order in which they were made', () => {
    const shown = view({
      columns: ['name', 'artifacts'],
      order: { by: 'name', descending: true },
      filter: { kind: 'all', items: [{ kind: 'test', field: 'name', op: 'icontains', value: 'batch' }] },
    });
    const uid = engine.saveView({ registry: 'ULabel', name: ' Batches ', view: shown, density: 'compact' });
    engine.saveView({ registry: 'ULabel', name: 'All of them', view: view() });
    engine.saveView({ registry: 'bionty.CellType', name: 'Batches', view: emptyView('bionty.CellType') });
    expect(names()).toEqual(['Batches', 'All of them']);
    expect(engine.savedViews('ULabel')[0]).toEqual({
      uid,
      registry: 'ULabel',
      name: 'Batches',
      view: shown,
      density: 'compact',
      isDefault: false,
    });
    expect(names('bionty.CellType')).toEqual(['Batches']);
  });

  it('are renamed, changed, made the default and deleted; a deleted one stays as a mark for other devices', () => {
    const [a, b] = ['A', 'B'].map((name) =>
      engine.saveView({ registry: 'ULabel', name, view: view(), isDefault: true }),
    );
    expect(engine.savedViews('ULabel').map(({ isDefault }) => isDefault)).toEqual([false, true]);
    engine.saveView({
      uid: a!,
      registry: 'ULabel',
      name: 'A2',
      view: view({ search: 'x' }),
      isDefault: true,
    });
    expect(
      engine.savedViews('ULabel').map(({ name, view: { search }, isDefault }) => [name, search, isDefault]),
    ).toEqual([
      ['A2', 'x', true],
      ['B', '', false],
    ]);
    engine.removeView(b!);
    expect(names()).toEqual(['A2']);
    expect(lab.rows('SELECT gone, body FROM loam_view WHERE uid = ?', [b!])).toEqual([[1, '{}']]);
    // Its name is free again, and it cannot be changed any more.
    engine.saveView({ registry: 'ULabel', name: 'b', view: view() });
    expect(() => engine.saveView({ uid: b!, registry: 'ULabel', name: 'C', view: view() })).toThrow(
      /deleted meanwhile/,
    );
  });

  it('a request sent twice saves one view', () => {
    for (let i = 0; i < 2; i++) {
      engine.withOperation('operation0000001');
      engine.saveView({ registry: 'ULabel', name: 'Once', view: view() });
    }
    expect(names()).toEqual(['Once']);
  });

  it.each([
    [
      'a name that is taken, whatever its case',
      { registry: 'ULabel', name: 'taken', view: view() },
      'ValidationError',
    ],
    ['no name', { registry: 'ULabel', name: '  ', view: view() }, 'ValidationError'],
    ['a long name', { registry: 'ULabel', name: 'x'.repeat(81), view: view() }, 'ValidationError'],
    [
      'another registry’s view',
      { registry: 'ULabel', name: 'x', view: emptyView('User') },
      'InvalidArgument',
    ],
    ['no registry', { registry: 'Nope', name: 'x', view: view() }, 'InvalidArgument'],
    [
      'a link between rows',
      { registry: 'ArtifactULabel', name: 'x', view: emptyView('ArtifactULabel') },
      'InvalidArgument',
    ],
    ['no view', { registry: 'ULabel', name: 'x', view: null as unknown as View }, 'InvalidArgument'],
  ])('%s is refused and leaves nothing', async (_, input, code) => {
    engine.saveView({ registry: 'ULabel', name: 'Taken', view: view() });
    expect((await refusal(() => engine.saveView(input))).code).toBe(code);
    expect(names()).toEqual(['Taken']);
    expect(lab.driver.inTransaction).toBe(false);
  });

  it('one that cannot be read, from a newer or damaged file, is left out', () => {
    engine.saveView({ registry: 'ULabel', name: 'Good', view: view() });
    const bad = ['{', '[]', '{"view": {"registry": "ULabel"}}'];
    for (const [i, body] of bad.entries())
      lab.driver.run(
        'INSERT INTO loam_view(uid, registry, name, body, position, is_default, user_id, at, gone) VALUES (?, ?, ?, ?, 0, 0, 1, 0, 0)',
        [`bad${i}`, 'ULabel', `Bad ${i}`, body],
      );
    expect(names()).toEqual(['Good']);
  });
});
