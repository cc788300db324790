// LaminDB was there first: its database on PostgreSQL, made by `lamin init` and written by Python, is what a team starts from.
// Epoch 0 is a copy, and no log is made up for what was there before (decision 0040).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNot as noServer } from '../server/cluster.ts';
import { whyNot as noPython } from './python.ts';
import { printed, startTeam, type Team } from './team.ts';
import type { Asked } from './team-questions.ts';

const before = `
import json, bionty as bt, lamindb as ln
kind = ln.ULabel(name="a kind", is_type=True).save()
label = ln.ULabel(name="label of one", type=kind).save()
ln.ULabel(name="child").save().parents.add(label)
score = ln.Feature(name="score", dtype=int).save()
site = ln.Feature(name="site", dtype=ln.ULabel).save()
for name in ["left", "right"]:
    ln.ULabel(name=name).save()
cell = bt.CellType(name="a cell of ours").save()
open("p.csv", "w").write("p\\n1\\n")
first = ln.Artifact("p.csv", key="from/python.csv").save()
first.ulabels.add(label)
first.cell_types.add(cell)
first.features.add_values({"score": 4, "site": "left"})
open("p.csv", "w").write("p\\n2\\n")
second = ln.Artifact("p.csv", key="from/python.csv", revises=first).save()
schema = ln.Schema(name="sheet", features=[score, site]).save()
sheet = ln.Record(name="Samples", is_type=True, schema=schema).save()
record = ln.Record(name="sample 1").save()
record.features.set_values({"score": 9, "site": "right"})
ln.ULabel(name="to the trash").save().delete()
branch = ln.Branch(name="try it").save()
print(json.dumps({"first": first.uid, "second": second.uid, "record": record.uid, "label": label.uid, "child": ln.ULabel.get(name="child").uid}))
`;

const after = `
import lamindb as ln
first = ln.Artifact.get(key="from/python.csv", is_latest=False)
first.features.remove_values("score", value=4)
first.features.add_values({"score": 6})
first.ulabels.add(ln.ULabel.get(name="made by a peer"))
ln.ULabel.get(name="child").delete(permanent=True)
`;

const why = noPython || noServer;
describe.skipIf(why !== '')(`a team on a database that lamindb has made${why}`, () => {
  let team: Team;
  let made: Record<string, unknown>;
  const known: Asked = {
    ...{ artifacts: [], records: [], branches: ['try it'] },
    predicates: [
      ['score', '>', 3],
      ['site', '==', 'left'],
    ],
  };
  beforeAll(async () => {
    team = await startTeam((there) => {
      made = printed(there.run(before));
    });
    known.artifacts.push(String(made['first']), String(made['second']));
    known.records.push(String(made['record']));
  });
  afterAll(() => team?.stop());

  it('[row 69] what was there is with both peers as lamindb reads it, and is in no log', async () => {
    await team.sameAnswers(known);
    for (const { driver } of [team.one, team.two])
      expect(driver.all("SELECT count(*) FROM loam_birth WHERE name LIKE '%a kind%'")).toEqual([[0]]);
  });

  it('[row 69] peers edit what was there, and lamindb reads the edits', async () => {
    const { one, two } = team;
    const first = String(made['first']);
    one.engine.create('ULabel', { name: 'made by a peer' });
    one.engine.update('ULabel', { uid: String(made['label']) }, { description: 'described by a peer' });
    two.engine.update('Artifact', { uid: first }, { description: 'seen by a peer' });
    two.engine.updateFeatures(first, { site: 'right' });
    two.engine.update('Record', { uid: String(made['record']) }, { description: 'seen as well' });
    await team.sameAnswers(known);
    expect(
      printed(
        team.there.run(`
import json, lamindb as ln
first = ln.Artifact.get("${first}")
print(json.dumps({"description": first.description, "values": first.features.get_values(),
  "label": ln.ULabel.get(name="label of one").description}))`),
      ),
    ).toEqual({
      description: 'seen by a peer',
      values: { score: 4, site: 'right' },
      label: 'described by a peer',
    });
  });

  it('[row 69] lamindb goes on with it, and both peers have that', async () => {
    team.there.run(after);
    await team.sameAnswers(known);
    for (const { engine, driver } of [team.one, team.two]) {
      const detail = engine.artifact(String(made['first']));
      expect(detail.labels.filter(({ feature }) => feature === null).map(({ name }) => name)).toEqual(
        expect.arrayContaining(['label of one', 'made by a peer']),
      );
      expect(driver.all('SELECT 1 FROM lamindb_ulabel WHERE uid = ?', [String(made['child'])])).toEqual([]);
    }
    expect(await team.ask('SELECT count(*) FROM loam.log_item WHERE content IS NULL')).toEqual([[0]]);
  });
});
