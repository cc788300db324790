// Timelines by page, restore of parts and of states with what is in the way, the audit log, trash and archive: what the engine says.
import { beforeEach, describe, expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { lineDiff } from '../../src/lib/client/line-diff.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
let e: MemoryEngine['engine'];
let uid: string;

beforeEach(async () => {
  m = await memoryEngine(model);
  e = m.engine;
  [uid = ''] = m.artifacts('set/a.csv', 'set/b.csv');
  e.createFeature('weight', 'float');
  e.createFeature('tissue', 'cat[ULabel]');
});

const told = (page: ReturnType<typeof e.timeline>) =>
  page.entries.flatMap(({ kind, changes }) =>
    changes.map(({ field, old, new: now }) => [kind, field, old, now]),
  );

describe('a timeline', () => {
  it('[row 56] tells links and feature values by name, also those that are gone, newest first', async () => {
    e.addLabels([uid], ['lung']);
    e.setFeatures(uid, { weight: '1.5', tissue: 'liver' });
    const [label] = e.artifact(uid).labels.filter(({ name }) => name === 'lung');
    e.removeLabel(uid, 'ULabel', label?.uid ?? '');
    e.setFeatures(uid, { weight: '2.5' });
    e.saveNote(uid, 'one\ntwo');
    e.saveNote(uid, 'one\n2');
    const all = told(e.timeline('Artifact', { uid }, { limit: 500 }));
    for (const change of [
      ['link', 'note', 'one\ntwo', 'one\n2'],
      ['link', 'note', null, 'one\ntwo'],
      ['link', 'weight', null, '2.5'],
      ['unlink', 'weight', '1.5', null],
      ['unlink', 'tissue', 'liver', null],
      ['unlink', 'ulabel', 'lung', null],
      ['link', 'weight', null, '1.5'],
      ['link', 'tissue', null, 'liver'],
      ['link', 'ulabel', null, 'lung'],
    ])
      expect(all).toContainEqual(change);
    expect(all.findIndex(([, , , now]) => now === '2.5')).toBeLessThan(
      all.findIndex(([, , old]) => old === 'lung'),
    );
    // A label that is gone is still called by its name.
    await e.purge('ULabel', [{ id: Number(m.value("SELECT id FROM lamindb_ulabel WHERE name = 'lung'")) }]);
    expect(told(e.timeline('Artifact', { uid }))).toContainEqual(['link', 'ulabel', null, 'lung']);
  });

  it('comes by pages that leave out and repeat nothing, and by field', () => {
    for (let i = 0; i < 30; i++) {
      e.updateArtifact(uid, { description: `words ${i}` });
      if (i % 5 === 0) e.addLabels([uid], [`label ${i}`]);
    }
    const whole = e.timeline('Artifact', { uid }, { limit: 500 });
    expect(whole.before).toBeNull();
    const paged: unknown[] = [];
    let before: number | null = null;
    let read = 0;
    do {
      const page: ReturnType<typeof e.timeline> = e.timeline('Artifact', { uid }, { limit: 7, before });
      paged.push(...page.entries);
      before = page.before;
      expect(++read).toBeLessThan(20);
    } while (before !== null);
    expect(paged).toEqual(whole.entries);
    const words = e.timeline('Artifact', { uid }, { limit: 10, field: 'description' });
    expect(words.entries.map(({ changes }) => changes[0]?.new)).toEqual(
      Array.from({ length: 10 }, (_, i) => `words ${29 - i}`),
    );
    expect(words.before).not.toBeNull();
  });

  it('finds deleted links of a log that is older than its index of them', () => {
    e.addLabels([uid], ['lung']);
    e.removeLabel(uid, 'ULabel', e.artifact(uid).labels[0]?.uid ?? '');
    const before = e.timeline('Artifact', { uid });
    while (e.writer.pack({ size: 3, keep: 1, bytes: 9999 }) > 0);
    m.driver.exec('DELETE FROM loam_cut');
    expect(e.timeline('Artifact', { uid }).entries.length).toBe(before.entries.length - 2);
    while (e.writer.feed() > 0);
    expect(e.timeline('Artifact', { uid })).toEqual(before);
    expect(e.writer.feed()).toBe(0);
  });
});

describe('putting back', () => {
  it('shows what would change, and does it as one act that undo takes back', async () => {
    e.updateArtifact(uid, { description: 'first' });
    e.addLabels([uid], ['lung']);
    e.setFeatures(uid, { weight: '1.5' });
    e.saveNote(uid, 'note one');
    const [then] = e.timeline('Artifact', { uid }).entries;
    const state = () => [
      e.artifact(uid).description,
      e
        .artifact(uid)
        .labels.map(({ name }) => name)
        .sort(),
      e.artifact(uid).features.map(({ feature, values }) => [feature.name, values]),
      e.row('Artifact', uid).note?.content,
    ];
    const was = state();
    e.updateArtifact(uid, { description: 'second' });
    e.removeLabel(uid, 'ULabel', e.artifact(uid).labels[0]?.uid ?? '');
    e.addLabels([uid], ['liver']);
    e.setFeatures(uid, { weight: '9.5' });
    e.saveNote(uid, 'note two');
    const now = state();
    const record = then?.ref.record ?? 0;
    const plan = e.restorePlan('Artifact', { uid }, record);
    expect(plan.every(({ problem }) => problem === null)).toBe(true);
    const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    expect(plan.map((line) => [line.field, line.now, line.then]).sort(byText)).toEqual(
      [
        ['description', 'second', 'first'],
        ['note', 'note two', 'note one'],
        ['ulabel', 'liver', null],
        ['ulabel', null, 'lung'],
        ['weight', '9.5', null],
        ['weight', null, '1.5'],
      ].sort(byText),
    );
    // One part alone.
    expect(e.restoreState('Artifact', { uid }, record, ['field description'])).toEqual({ done: 1, left: [] });
    expect(e.artifact(uid).description).toBe('first');
    await e.undo();
    expect(e.restoreState('Artifact', { uid }, record)).toEqual({ done: 6, left: [] });
    expect(state()).toEqual(was);
    await e.undo();
    expect(state()).toEqual(now);
    expect(e.restorePlan('Artifact', { uid }, Number(m.value('SELECT max(id) FROM loam_record')))).toEqual(
      [],
    );
  });

  it('tells in words what is in the way, and leaves that as it is', async () => {
    const a = e.create('Branch', { name: 'one' });
    const [made] = e.timeline('Branch', { uid: a.uid }).entries;
    e.update('Branch', { uid: a.uid }, { name: 'two', description: 'words' });
    // Names of branches are the same whatever their capitals.
    e.create('Branch', { name: 'ONE' });
    const record = made?.ref.record ?? 0;
    const plan = e.restorePlan('Branch', { uid: a.uid }, record);
    expect(plan.find(({ field }) => field === 'name')?.problem).toBe('another Branch has this value now');
    const { done, left } = e.restoreState('Branch', { uid: a.uid }, record);
    expect([done, left.map(({ field }) => field)]).toEqual([1, ['name']]);
    expect(m.rows('SELECT name, description FROM lamindb_branch WHERE uid = ?', [a.uid])).toEqual([
      ['two', null],
    ]);
    // A link to a row that is gone for good.
    e.addLabels([uid], ['lung']);
    const [linked] = e.timeline('Artifact', { uid }).entries;
    e.removeLabel(uid, 'ULabel', e.artifact(uid).labels[0]?.uid ?? '');
    await e.purge('ULabel', [{ id: Number(m.value("SELECT id FROM lamindb_ulabel WHERE name = 'lung'")) }]);
    const gone = e.restorePlan('Artifact', { uid }, linked?.ref.record ?? 0);
    expect(gone).toMatchObject([
      { field: 'ulabel', then: 'lung', problem: 'what it leads to was deleted for good' },
    ]);
    expect(e.restoreState('Artifact', { uid }, linked?.ref.record ?? 0)).toMatchObject({
      done: 0,
      left: gone,
    });
  });
});

describe('on a branch', () => {
  it('a timeline tells what is seen from there, and a state goes back there alone', () => {
    e.updateArtifact(uid, { description: 'one' });
    const [one] = e.timeline('Artifact', { uid }).entries;
    e.createBranch('exp', { switch: true });
    e.updateArtifact(uid, { description: 'mine' });
    const [mine] = e.timeline('Artifact', { uid }).entries;
    expect([mine?.branch, mine?.changes[0]?.new]).toEqual(['exp', 'mine']);
    e.switchBranch('main');
    e.updateArtifact(uid, { description: 'two', key: 'moved.csv' });
    expect(told(e.timeline('Artifact', { uid })).some(([, , , now]) => now === 'mine')).toBe(false);
    // What the branch did does not stand in the way back of main.
    expect(
      e.restorePlan('Artifact', { uid }, one?.ref.record ?? 0).map((l) => [l.field, l.now, l.then]),
    ).toEqual([
      ['key', 'moved.csv', 'set/a.csv'],
      ['description', 'two', 'one'],
    ]);
    e.switchBranch('exp');
    // On the branch the description is its own; the key follows main.
    expect([e.artifact(uid).description, e.artifact(uid).key]).toEqual(['mine', 'moved.csv']);
    expect(
      e.restorePlan('Artifact', { uid }, mine?.ref.record ?? 0).map((l) => [l.field, l.now, l.then]),
    ).toEqual([['key', 'moved.csv', 'set/a.csv']]);
    expect(
      e
        .restorePlan('Artifact', { uid }, (mine?.ref.record ?? 0) - 1, ['field description'])
        .map((l) => [l.now, l.then]),
    ).toEqual([['mine', 'one']]);
    e.restoreState('Artifact', { uid }, mine?.ref.record ?? 0);
    expect(e.artifact(uid).key).toBe('set/a.csv');
    e.switchBranch('main');
    expect(e.artifact(uid).key).toBe('moved.csv');
  });
});

describe('the audit log', () => {
  it('lists acts with undos among them, filters, pages, and opens each to its rows', async () => {
    e.addLabels([uid], ['lung']);
    e.createProject('atlas');
    await e.undo();
    const log = e.auditLog();
    expect(
      log.acts
        .slice(0, 3)
        .map(({ kind, title, undone, canUndo, of, synced }) => [
          kind,
          title,
          undone,
          canUndo,
          of?.title,
          synced,
        ]),
    ).toEqual([
      ['undo', 'Undo: New Project atlas', false, false, 'New Project atlas', false],
      ['create', 'New Project atlas', true, false, undefined, false],
      ['annotate', 'Label set/a.csv', false, true, undefined, false],
    ]);
    const titles = (ask: Parameters<typeof e.auditLog>[0]) => e.auditLog(ask).acts.map(({ title }) => title);
    expect(titles({ kind: 'annotate' })).toEqual(['Label set/a.csv']);
    expect(titles({ registry: 'Project' })).toEqual(['Undo: New Project atlas', 'New Project atlas']);
    // What hangs on artifacts concerns them.
    expect(titles({ registry: 'Artifact' })).toEqual(['Label set/a.csv', 'seed']);
    expect(titles({ person: 'nobody' })).toEqual([]);
    expect(titles({ branch: 'none' })).toEqual([]);
    expect(titles({ branch: '*', to: '1999-01-01T00:00:00Z' })).toEqual([]);
    expect(titles({ from: '1999-01-01T00:00:00Z', kind: 'seed' })).toEqual(['seed']);
    for (const registry of [null, 'Artifact']) {
      const paged: string[] = [];
      let before: number | null = null;
      do {
        const page: ReturnType<typeof e.auditLog> = e.auditLog({ limit: 1, before, registry });
        paged.push(...page.acts.map((act) => act.uid));
        before = page.before;
      } while (before !== null);
      expect(paged).toEqual(e.auditLog({ registry }).acts.map((act) => act.uid));
    }
    const [, , labelled, , , seed] = log.acts;
    const { rows, more } = e.auditRows(labelled?.uid ?? '');
    expect(more).toBe(false);
    expect(rows.map(({ kind, registry, name }) => [kind, registry, name])).toEqual([
      ['create', 'ULabel', 'lung'],
      ['link', 'Artifact', 'set/a.csv'],
    ]);
    expect(rows[1]?.changes).toMatchObject([{ field: 'ulabel', old: null, new: 'lung' }]);
    expect(e.auditRows(seed?.uid ?? '', 1, 1)).toMatchObject({
      rows: [{ name: 'set/b.csv' }],
      offset: 1,
      more: false,
    });
    expect((await refusal(() => e.auditRows('none'))).code).toBe('DoesNotExist');
    expect((await refusal(() => e.auditLog({ from: 'soon' }))).message).toMatch(/is no time/);
    expect(e.auditChoices()).toMatchObject({ people: [{ handle: 'anonymous' }], branches: ['main'] });
  });
});

describe('trash and archive', () => {
  it('[row 58] list rows of all registries with who put them there, by pages, and count them', async () => {
    const labels = ['a', 'b', 'c'].map((name) => e.createULabel(name).uid);
    const project = e.createProject('p');
    await e.trash(
      'ULabel',
      labels.slice(0, 2).map((one) => ({ uid: one })),
    );
    await e.trash('Project', [{ uid: project.uid }]);
    await e.archive('ULabel', [{ uid: labels[2] ?? '' }]);
    expect(e.binCounts('trash')).toEqual({ Project: 1, ULabel: 2 });
    expect(e.binCounts('archive')).toEqual({ ULabel: 1 });
    const all = e.bin({ where: 'trash' });
    expect(all.rows.map(({ registry, name, by }) => [registry, name, by])).toEqual([
      ['Project', 'p', 'anonymous'],
      ['ULabel', 'b', 'anonymous'],
      ['ULabel', 'a', 'anonymous'],
    ]);
    const paged: unknown[] = [];
    let before: string | null = null;
    do {
      const page: ReturnType<typeof e.bin> = e.bin({ where: 'trash', limit: 1, before });
      paged.push(...page.rows);
      before = page.before;
    } while (before !== null);
    expect(paged).toEqual(all.rows);
    expect(e.bin({ where: 'trash', registry: 'Project' }).rows.length).toBe(1);
    expect(e.bin({ where: 'trash', person: 'nobody' }).rows).toEqual([]);
    expect(e.bin({ where: 'trash', to: '1999-01-01T00:00:00Z' }).rows).toEqual([]);
    expect(e.bin({ where: 'archive' }).rows.map(({ name }) => name)).toEqual(['c']);
    expect((await refusal(() => e.bin({ where: 'trash', before: 'x' }))).message).toMatch(/no place/);
    await e.restore('ULabel', [{ uid: labels[2] ?? '' }]);
    expect(e.binCounts('archive')).toEqual({});
  });

  it('[row 58] the trash is emptied after its numbers are told; what is still used stays, with the reason', async () => {
    e.addLabels([uid], ['used', 'free']);
    const [other = ''] = m.artifacts('set/c.csv');
    const label = (name: string) => ({
      uid: String(m.value('SELECT uid FROM lamindb_ulabel WHERE name = ?', [name])),
    });
    e.removeLabel(uid, 'ULabel', label('free').uid);
    e.trashArtifacts([other]);
    await e.trash('ULabel', [label('used'), label('free')]);
    const plan = await e.emptyPlan();
    expect(plan).toMatchObject({ rows: 3, along: 0, files: 0, bytes: 0 });
    expect(plan.registries).toEqual([
      { registry: 'ULabel', count: 2 },
      { registry: 'Artifact', count: 1 },
    ]);
    expect(plan.refused).toEqual([{ registry: 'ULabel', usedBy: 'lamindb_artifactulabel', count: 1 }]);
    const done = await e.emptyTrash();
    expect(done.left).toMatchObject([{ registry: 'ULabel', count: 1 }]);
    expect(done.left[0]?.why).toMatch(/still referred to by/);
    expect(e.bin({ where: 'trash' }).rows.map(({ name }) => name)).toEqual(['used']);
  });
});

describe('lines of two texts', () => {
  it('[row 54] tell what went and came, with what is around', () => {
    expect(lineDiff('a\nb\nc', 'a\nB\nc')).toEqual([
      { sign: ' ', text: 'a' },
      { sign: '-', text: 'b' },
      { sign: '+', text: 'B' },
      { sign: ' ', text: 'c' },
    ]);
    expect(lineDiff('x', 'x')).toEqual([{ same: 1 }]);
    expect(lineDiff('', 'x')).toEqual([{ sign: '+', text: 'x' }]);
    const long = Array.from({ length: 30 }, (_, i) => `line ${i}`);
    const changed = [...long.slice(0, 10), 'new', ...long.slice(10, 20), ...long.slice(21)];
    const lines = lineDiff(long.join('\n'), changed.join('\n'));
    expect(lines.filter((line) => 'sign' in line && line.sign !== ' ')).toEqual([
      { sign: '+', text: 'new' },
      { sign: '-', text: 'line 20' },
    ]);
    // Nothing is lost: what is told and what is left out make up the newer text.
    const kept = lines.reduce((n, line) => n + ('same' in line ? line.same : line.sign === '-' ? 0 : 1), 0);
    expect(kept).toBe(changed.length);
    const huge = Array.from({ length: 3000 }, (_, i) => `a ${i}`).join('\n');
    expect(lineDiff(huge, huge.replaceAll('a', 'b')).length).toBe(6000);
  });
});
