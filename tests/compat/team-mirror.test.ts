// A whole team: a server on PostgreSQL, two peers over web sockets, and real lamindb on the same database. What peers make is
// read by Python as the engine reads it; what Python does comes to both peers, and can be changed by them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertOne } from '../../src/lib/engine/write/apply.ts';
import { whyNot as noServer } from '../server/cluster.ts';
import type { LiveDevice } from '../server/running-server.ts';
import { whyNot as noPython } from './python.ts';
import { printed, startTeam, type Team } from './team.ts';
import type { Asked } from './team-questions.ts';

const writes = `
import json, bionty as bt, lamindb as ln
label = ln.ULabel(name="from Python").save()
depth = ln.Feature(name="depth", dtype=float).save()
batch = ln.Feature(name="batch", dtype=ln.ULabel).save()
cell = bt.CellType(name="a cell of ours").save()
open("p.csv", "w").write("p\\n1\\n")
first = ln.Artifact("p.csv", key="from/python.csv", description="first").save()
first.ulabels.add(label)
first.ulabels.add(ln.ULabel.get(name="label of one"))
first.cell_types.add(cell)
first.features.add_values({"depth": 21.5, "batch": "from Python", "site": "left"})
open("p.csv", "w").write("p\\n2\\n")
second = ln.Artifact("p.csv", key="from/python.csv", revises=first).save()
record = ln.Record(name="a record of Python").save()
record.features.set_values({"depth": 3.5, "batch": "from Python"})
trashed = ln.ULabel(name="to the trash").save()
trashed.delete()
gone = ln.ULabel(name="gone for good").save()
unwanted = ln.ULabel.get(name="to be deleted by Python")
unwanted.delete(permanent=True)
thrown = ln.Artifact.get(key="of/two.csv")
thrown.delete(storage=False)
print(json.dumps({"first": first.uid, "second": second.uid, "record": record.uid, "label": label.uid,
  "trashed": trashed.uid, "gone": gone.uid, "depth": depth.uid, "thrown": thrown.uid}))
`;

const edits = `
import lamindb as ln
ln.ULabel.get(name="gone for good").delete(permanent=True)
label = ln.ULabel.get(name="label of two")
label.description = "described by Python"
label.save()
depth = ln.Feature.get(name="depth")
depth.name = "read depth"
depth.save()
first = ln.Artifact.get(key="from/python.csv", is_latest=False)
first.features.remove_values("site", value=ln.ULabel.get(name="left"))
first.features.add_values({"site": "right"})
first.ulabels.remove(ln.ULabel.get(name="label of one"))
ln.Artifact.filter(key="of/two.csv", branch_id=-1).one().restore()
`;

const why = noPython || noServer;
describe.skipIf(why !== '')(`a team, and real lamindb on its database${why}`, () => {
  let team: Team;
  let made: Record<string, unknown>;
  const known: Asked = {
    ...{ artifacts: [], records: [], branches: ['try it'] },
    predicates: [
      ['score', '>', 3],
      ['site', '==', 'left'],
      ['score', 'isnull', true],
    ],
  };
  const both = () => [team.one, team.two];
  function artifact(of: LiveDevice, uid: string, key: string): void {
    of.engine.writer.act({ kind: 'drop', title: 'New artifact' }, (tx) =>
      insertOne(tx, 'lamindb_artifact', {
        ...{
          uid,
          key,
          hash: uid.padStart(22, 'h'),
          suffix: '.csv',
          storage_id: 1,
          size: 7,
          _hash_type: 'md5',
        },
        ...{ _key_is_virtual: 1, _overwrite_versions: 0 },
      }),
    );
    known.artifacts.push(uid);
  }

  beforeAll(async () => {
    team = await startTeam(null);
  });
  afterAll(() => team?.stop());

  it('[row 69] what peers make is read by lamindb as the engine reads it', async () => {
    const { one, two } = team;
    one.engine.create('ULabel', { name: 'label of one' });
    two.engine.create('ULabel', { name: 'label of two' });
    one.engine.create('ULabel', { name: 'to be deleted by Python' });
    const kind = one.engine.create('ULabel', { name: 'a kind', is_type: true });
    one.engine.create('ULabel', { name: 'of the kind', type: { uid: kind.uid } });
    for (const [name, dtype] of [
      ['score', 'int'],
      ['site', 'cat[ULabel]'],
      ['seen', 'bool'],
      ['day', 'date'],
    ])
      one.engine.create('Feature', { name, dtype });
    one.engine.create('Project', { name: 'a project' });
    for (const name of ['left', 'right']) one.engine.create('ULabel', { name });
    await team.quiet();
    artifact(one, 'artifactofone0000000', 'of/one.csv');
    artifact(two, 'artifactoftwo0000000', 'of/two.csv');
    one.engine.setFeatures('artifactofone0000000', { score: 4, site: 'left', seen: true, day: '2026-11-28' });
    two.engine.setFeatures('artifactoftwo0000000', { score: 2 });
    one.engine.addLabels(['artifactofone0000000'], ['label of one', 'label of two']);
    const schema = two.engine.create('Schema', {
      name: 'sheet',
      features: ['score', { feature: 'site', optional: true }],
    });
    const sheet = two.engine.create('Record', { name: 'Samples', schema: { uid: schema.uid } });
    for (const [name, score] of [
      ['sample 1', 1],
      ['sample 2', 9],
    ] as const)
      known.records.push(
        two.engine.create('Record', {
          ...{ name, type: { uid: sheet.uid } },
          features: { score, site: name === 'sample 1' ? 'left' : 'right' },
        }).uid,
      );
    const trashed = two.engine.create('ULabel', { name: 'put into the trash' });
    await two.engine.trash('ULabel', [{ uid: trashed.uid }]);
    await team.quiet();
    one.engine.createBranch('try it', { switch: true });
    one.engine.create('ULabel', { name: 'made on the branch' });
    artifact(one, 'artifactofbranch0000', 'of/branch.csv');
    one.engine.update('ULabel', { uid: kind.uid }, { description: 'changed on the branch alone' });
    one.engine.switchBranch('main');
    known.artifacts.pop();
    await team.sameAnswers(known);
    expect(await team.ask(`SELECT description FROM lamindb_ulabel WHERE uid = '${kind.uid}'`)).toEqual([
      [null],
    ]);
  });

  it('[row 69] what lamindb writes, trashes and deletes is with both peers', async () => {
    made = printed(team.there.run(writes));
    known.artifacts.push(String(made['first']), String(made['second']));
    known.records.push(String(made['record']));
    await team.sameAnswers(known);
    for (const { engine, driver } of both()) {
      const detail = engine.artifact(String(made['first']));
      expect(detail).toMatchObject({ key: 'from/python.csv', description: 'first' });
      expect(
        detail.labels
          .filter(({ feature }) => feature === null)
          .map(({ name }) => name)
          .sort(),
      ).toEqual(['a cell of ours', 'from Python', 'label of one']);
      const branchOf = (table: string, uid: string) =>
        driver.all(`SELECT branch_id FROM lamindb_${table} WHERE uid = ?`, [uid]);
      expect(branchOf('ulabel', String(made['trashed']))).toEqual([[-1]]);
      expect(branchOf('artifact', String(made['thrown']))).toEqual([[-1]]);
      expect(driver.all("SELECT 1 FROM lamindb_ulabel WHERE name = 'to be deleted by Python'")).toEqual([]);
    }
  });

  it('[row 69] what lamindb edits, renames, restores and deletes is with both peers', async () => {
    team.there.run(edits);
    await team.sameAnswers(known);
    for (const { driver } of both()) {
      const ofName = (table: string, column: string, name: string) =>
        driver.all(`SELECT ${column} FROM lamindb_${table} WHERE name = ?`, [name]);
      expect(ofName('ulabel', 'description', 'label of two')).toEqual([['described by Python']]);
      expect(ofName('feature', 'synonyms', 'read depth')).toEqual([['depth']]);
      expect(ofName('ulabel', 'uid', 'gone for good')).toEqual([]);
      expect(driver.all("SELECT branch_id FROM lamindb_artifact WHERE key = 'of/two.csv'")).toEqual([[1]]);
    }
  });

  it('[row 69] a peer edits what Python made, and lamindb reads the edit', async () => {
    const { one, two } = team;
    const first = String(made['first']);
    two.engine.update('Artifact', { uid: first }, { description: 'described by a peer' });
    two.engine.updateFeatures(first, { 'read depth': 7.25 });
    two.engine.addFeatures([first], { score: 5 });
    two.engine.addLabels([first], ['label of two']);
    one.engine.update('ULabel', { uid: String(made['label']) }, { name: 'renamed by a peer' });
    one.engine.update('Record', { uid: String(made['record']) }, { description: 'seen' });
    await one.engine.trash('Artifact', [{ uid: String(made['second']) }]);
    known.artifacts = known.artifacts.filter((uid) => uid !== made['second']);
    await team.sameAnswers(known);
    const read = team.there.run(`
import json, lamindb as ln
first = ln.Artifact.get("${first}")
print(json.dumps({"description": first.description, "values": first.features.get_values(),
  "labels": sorted(set(first.ulabels.values_list("name", flat=True)))}, default=str))`);
    expect(printed(read)).toEqual({
      description: 'described by a peer',
      values: { 'read depth': 7.25, batch: 'renamed by a peer', site: 'right', score: 5 },
      labels: ['label of two', 'renamed by a peer', 'right'],
    });
    expect(await team.ask('SELECT count(*) FROM loam.log_item WHERE content IS NULL')).toEqual([[0]]);
  });
});
