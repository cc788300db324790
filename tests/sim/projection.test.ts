// The projection, one rule at a time: what several people did at once, in whatever order it comes, is the same everywhere,
// and nothing of it is lost.
import { describe, expect, it } from 'vitest';
import { runSync } from '../../src/lib/engine/statement.ts';
import { insertOne, remove, update } from '../../src/lib/engine/write/apply.ts';
import type { Peer } from './peer.ts';
import {
  a,
  b,
  backwards,
  c,
  cell,
  conflicts,
  describeIt,
  equal,
  label,
  team,
  threeDevices,
} from './three-devices.ts';

threeDevices();

const keptOut = (peer: Peer) => runSync(peer.driver, peer.projector.keptOut());

describe('[row 63] cells', () => {
  it('the insert is the floor: a later clock of the maker does not win over an update that saw it', () => {
    const uid = label(a, 'ground');
    const made = team.wrote(a);
    b.project(made);
    describeIt(b, uid, 'said by b');
    const said = team.wrote(b);
    // As from a device that breaks the rule of clocks: its insert has a later time than the update that saw it.
    for (const { record } of made) record.at += 3_600_000_000;
    c.project([...said, ...made]);
    expect(cell(c, uid, 'description')).toBe('said by b');
    c.project(said);
    expect(cell(c, uid, 'description')).toBe('said by b');
  });

  it('of two writes that did not see each other the later is shown, both are kept, and a later write settles it', () => {
    const uid = label(a, 'shared');
    team.meet();
    describeIt(a, uid, 'by a');
    describeIt(b, uid, 'by b');
    team.meet(backwards);
    equal();
    expect(cell(a, uid, 'description')).toBe('by b');
    for (const peer of team.peers) {
      const [conflict, ...more] = conflicts(peer);
      expect(more).toEqual([]);
      expect(conflict).toMatchObject({ table: 'lamindb_ulabel', row: uid, column: 'description' });
      expect(conflict?.values.map(({ value, author, shown }) => [value, author, shown])).toEqual([
        ['by b', 'userBBBB', true],
        ['by a', 'userAAAA', false],
      ]);
    }
    describeIt(c, uid, 'agreed');
    // Before anything is sent the one who decided sees none any more.
    expect(conflicts(c)).toEqual([]);
    team.meet();
    equal();
    for (const peer of team.peers) {
      expect(conflicts(peer)).toEqual([]);
      expect(peer.rows('SELECT count(*) FROM loam_conflict')).toEqual([[0]]);
      expect(cell(peer, uid, 'description')).toBe('agreed');
    }
  });

  it('equal words of two are no conflict, and still count against a third', () => {
    const uid = label(a, 'shared');
    team.meet();
    describeIt(a, uid, 'same');
    const byA = team.wrote(a);
    c.project(byA);
    describeIt(c, uid, 'other');
    const byC = team.wrote(c);
    // Later than c's by its clock, and neither saw the other.
    team.ahead[1] = 60_000;
    describeIt(b, uid, 'same');
    const byB = team.wrote(b);
    for (const peer of team.peers) peer.project([...byC, ...byB, ...byA]);
    equal();
    expect(cell(a, uid, 'description')).toBe('same');
    expect(conflicts(a)).toHaveLength(1);
  });

  it('writes nothing where what comes is what is there', () => {
    const uid = label(a, 'shared');
    team.meet();
    describeIt(a, uid, 'same');
    describeIt(b, uid, 'same');
    const [, byB] = [team.wrote(a), team.wrote(b)];
    const done = a.project(byB);
    expect(done.acts.flatMap(({ changes }) => changes)).toEqual([]);
  });

  it('records wait for what their author had seen, and repetitions change nothing', () => {
    const uid = label(a, 'first');
    const one = team.wrote(a);
    b.project(one);
    describeIt(b, uid, 'second');
    const two = team.wrote(b);
    expect(c.project(two)).toMatchObject({ applied: 0, waiting: 1 });
    expect(cell(c, uid, 'name')).toBeUndefined();
    expect(c.project(one)).toMatchObject({ applied: 2, waiting: 0 });
    expect(cell(c, uid, 'description')).toBe('second');
    expect(c.project([...two, ...one, ...two])).toMatchObject({ applied: 0, waiting: 0 });
  });
});

describe('[row 63] rows, links and what they lean on', () => {
  const host = (peer: Peer) => {
    const uid = `${'hostartifact'.padStart(16, '0')}0000`;
    peer.engine.writer.act({ kind: 'drop', title: 'new' }, (tx) =>
      insertOne(tx, 'lamindb_artifact', {
        ...{ uid, key: 'host.csv', suffix: '.csv', storage_id: 1, size: 1, hash: 'h'.repeat(22) },
        ...{ _hash_type: 'md5', _key_is_virtual: 1, _overwrite_versions: 0 },
      }),
    );
    return uid;
  };
  const links = (peer: Peer) => Number(peer.rows('SELECT count(*) FROM lamindb_artifactulabel')[0]?.[0]);

  it('a link that is added while another takes it out stays', () => {
    const uid = host(a);
    a.engine.addLabels([uid], ['red 0']);
    team.meet();
    const red = String(a.rows("SELECT uid FROM lamindb_ulabel WHERE name = 'red 0'")[0]?.[0]);
    a.engine.removeLabel(uid, 'ULabel', red);
    b.engine.removeLabel(uid, 'ULabel', red);
    b.engine.addLabels([uid], ['red 0']);
    team.meet(backwards);
    equal();
    expect(links(c)).toBe(1);
    c.engine.removeLabel(uid, 'ULabel', red);
    team.meet();
    equal();
    expect(links(a)).toBe(0);
  });

  it('what leans on a row that another deletes for good is kept aside, and told', async () => {
    const uid = label(a, 'doomed');
    const target = host(a);
    team.meet();
    await a.engine.purge('ULabel', [{ uid }]);
    b.engine.addLabels([target], ['doomed']);
    team.meet(backwards);
    equal();
    expect(links(b)).toBe(0);
    expect(keptOut(b)).toMatchObject([{ table: 'lamindb_artifactulabel', reason: 'missing', whole: true }]);
    for (const peer of team.peers) expect(peer.rows('PRAGMA foreign_key_check')).toEqual([]);
  });

  it('it comes back with the row that it leans on', async () => {
    const uid = label(a, 'undone');
    const target = host(a);
    a.seal();
    team.meet();
    a.engine.writer.act({ kind: 'delete', title: 'delete' }, (tx) =>
      remove(tx, 'lamindb_ulabel', [
        Number(a.rows('SELECT id FROM lamindb_ulabel WHERE uid = ?', [uid])[0]?.[0]),
      ]),
    );
    b.engine.addLabels([target], ['undone']);
    team.meet(backwards);
    equal();
    expect([links(b), cell(b, uid, 'name')]).toEqual([0, undefined]);
    await a.engine.undo();
    team.meet();
    equal();
    expect([links(c), cell(c, uid, 'name')]).toEqual([1, 'undone']);
    expect(keptOut(b)).toEqual([]);
  });

  it('a reference that may be empty is empty while its row is away', async () => {
    const kind = String(a.engine.create('ULabel', { name: 'kind', is_type: true }).uid);
    const uid = label(a, 'typed');
    team.meet();
    const idOf = (peer: Peer, of: string) =>
      Number(peer.rows('SELECT id FROM lamindb_ulabel WHERE uid = ?', [of])[0]?.[0]);
    a.engine.writer.act({ kind: 'delete', title: 'delete' }, (tx) =>
      remove(tx, 'lamindb_ulabel', [idOf(a, kind)]),
    );
    b.engine.writer.act({ kind: 'update', title: 'type' }, (tx) =>
      update(tx, 'lamindb_ulabel', [idOf(b, uid)], { type_id: idOf(b, kind) }),
    );
    team.meet(backwards);
    equal();
    expect(cell(b, uid, 'type_id')).toBeNull();
    await a.engine.undo();
    team.meet();
    equal();
    expect(cell(c, uid, 'type_id')).toBe(idOf(c, kind));
  });

  it('of two rows with one unique value the first keeps it, and the other gets it when it is free', () => {
    const make = (peer: Peer, uid: string, abbr: string | null) =>
      peer.engine.writer.act({ kind: 'create', title: 'create' }, (tx) =>
        insertOne(tx, 'bionty_celltype', { uid, name: uid, abbr }),
      );
    const abbr = (peer: Peer, uid: string) =>
      peer.rows('SELECT abbr FROM bionty_celltype WHERE uid = ?', [uid])[0]?.[0];
    make(a, 'celltypeAAAAAA', 'CT');
    make(b, 'celltypeBBBBBB', 'CT');
    team.meet(backwards);
    equal();
    expect([abbr(c, 'celltypeAAAAAA'), abbr(c, 'celltypeBBBBBB')]).toEqual(['CT', null]);
    expect(keptOut(c)).toMatchObject([{ column: 'abbr', reason: 'taken', whole: false }]);
    c.engine.writer.act({ kind: 'update', title: 'rename' }, (tx) =>
      update(
        tx,
        'bionty_celltype',
        [Number(c.rows("SELECT id FROM bionty_celltype WHERE uid = 'celltypeAAAAAA'")[0]?.[0])],
        { abbr: 'T' },
      ),
    );
    team.meet();
    equal();
    expect([abbr(a, 'celltypeAAAAAA'), abbr(a, 'celltypeBBBBBB')]).toEqual(['T', 'CT']);
  });
});

describe('[row 63] the same made twice', () => {
  it('labels of one name are one row with the uid of the first; links and later words of both are its', () => {
    const [mine, theirs] = [label(a, 'twin'), label(b, 'twin')];
    const idBefore = b.rows('SELECT id FROM lamindb_ulabel WHERE uid = ?', [theirs])[0]?.[0];
    describeIt(b, theirs, 'said of the second');
    team.meet(backwards);
    equal();
    for (const peer of team.peers) {
      expect(peer.rows("SELECT uid, description FROM lamindb_ulabel WHERE name = 'twin'")).toEqual([
        [mine, 'said of the second'],
      ]);
    }
    expect(b.rows('SELECT id FROM lamindb_ulabel WHERE uid = ?', [mine])[0]?.[0]).toBe(idBefore);
    describeIt(b, mine, 'said of both');
    team.meet();
    equal();
    expect(cell(c, mine, 'description')).toBe('said of both');
  });

  it('who had seen one and makes another wants two', () => {
    label(a, 'pair');
    team.meet();
    const insert = (uid: string) =>
      b.engine.writer.act({ kind: 'create', title: 'create' }, (tx) =>
        insertOne(tx, 'lamindb_ulabel', { uid, name: 'pair' }),
      );
    insert('pairBBBB');
    team.meet(backwards);
    equal();
    expect(c.rows("SELECT count(*) FROM lamindb_ulabel WHERE name = 'pair'")).toEqual([[2]]);
  });

  it('equal values of a feature are one row', () => {
    const uid = label(a, 'x');
    expect(uid).not.toBe('');
    for (const peer of [a, b])
      peer.engine.writer.act({ kind: 'drop', title: 'new' }, (tx) =>
        insertOne(tx, 'lamindb_artifact', {
          ...{
            uid: `${peer.name.replace(' ', '').padStart(16, '0')}0000`,
            key: peer.name,
            suffix: '.csv',
            storage_id: 1,
          },
          ...{
            size: 1,
            hash: peer.name.padStart(22, 'h'),
            _hash_type: 'md5',
            _key_is_virtual: 1,
            _overwrite_versions: 0,
          },
        }),
      );
    for (const peer of [a, b])
      peer.engine.setFeatures(`${peer.name.replace(' ', '').padStart(16, '0')}0000`, { score: 7 });
    team.meet(backwards);
    equal();
    expect(c.rows("SELECT count(*) FROM lamindb_jsonvalue WHERE value = '7'")).toEqual([[1]]);
    expect(c.rows('SELECT count(*) FROM lamindb_artifactjsonvalue')).toEqual([[2]]);
  });
});

describe('[row 63] versions that several made at once', () => {
  const stem = 'familyfamilyfam0';
  const version = (peer: Peer, suffix: string, hash: string) =>
    peer.engine.writer.act({ kind: 'drop', title: 'new' }, (tx) =>
      insertOne(tx, 'lamindb_artifact', {
        ...{ uid: stem + suffix, key: 'data.csv', suffix: '.csv', storage_id: 1, size: 1 },
        ...{ hash: hash.padStart(22, 'h'), _hash_type: 'md5', _key_is_virtual: 1, _overwrite_versions: 0 },
      }),
    );
  const versions = (peer: Peer) =>
    peer
      .rows('SELECT uid, ltrim(hash, ?), is_latest FROM lamindb_artifact ORDER BY uid', ['h'])
      .map((row) => row.join(' '));

  it('the first keeps its uid, later ones have the next; what was said of each stays with it', () => {
    version(a, '0000', 'zero');
    team.meet();
    version(a, '0001', 'by a');
    version(b, '0001', 'by b');
    version(c, '0001', 'by c');
    for (const peer of team.peers)
      peer.engine.writer.act({ kind: 'update', title: 'describe' }, (tx) =>
        update(
          tx,
          'lamindb_artifact',
          [Number(peer.rows('SELECT id FROM lamindb_artifact WHERE uid = ?', [`${stem}0001`])[0]?.[0])],
          { description: `said by ${peer.name}` },
        ),
      );
    for (const peer of team.peers) peer.engine.addLabels([`${stem}0001`], ['red 0']);
    team.meet(backwards);
    equal();
    for (const peer of team.peers) {
      expect(versions(peer)).toEqual([
        `${stem}0000 zero 0`,
        `${stem}0001 by a 0`,
        `${stem}0002 by b 0`,
        `${stem}0003 by c 1`,
      ]);
      expect(
        peer.rows(
          'SELECT a.uid, a.description FROM lamindb_artifactulabel l JOIN lamindb_artifact a ON a.id = l.artifact_id ORDER BY 1',
        ),
      ).toEqual([
        [`${stem}0001`, 'said by peer 0'],
        [`${stem}0002`, 'said by peer 1'],
        [`${stem}0003`, 'said by peer 2'],
      ]);
      expect(conflicts(peer)).toEqual([]);
    }
    // Words of later name the rows as they are called now.
    b.engine.update('Artifact', { uid: `${stem}0003` }, { description: 'of the third' });
    team.meet();
    equal();
    expect(a.rows('SELECT description FROM lamindb_artifact WHERE uid = ?', [`${stem}0003`])).toEqual([
      ['of the third'],
    ]);
  });

  it('the same content under the same uid is one version, and whoever moved is told', () => {
    version(a, '0000', 'zero');
    team.meet();
    version(a, '0001', 'same');
    version(b, '0001', 'same');
    team.meet();
    equal();
    expect(versions(c)).toHaveLength(2);
    version(a, '0002', 'two');
    version(b, '0002', 'other');
    const [mine, theirs] = [team.wrote(a), team.wrote(b)];
    a.project(theirs);
    expect(b.project(mine).moved).toEqual([
      { table: 'lamindb_artifact', from: `${stem}0002`, to: `${stem}0003` },
    ]);
    c.project([...theirs, ...mine]);
    equal();
  });
});
