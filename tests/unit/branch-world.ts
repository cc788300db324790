// Two people's worth of edits for tests of branches: an engine whose uids and times are the same at each run, random acts on it,
// and a digest of what is seen on the checked-out branch.
import { createHash } from 'node:crypto';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { reachOf } from '../../src/lib/engine/write/reach.ts';
import { numbers } from '../fixtures/numbers.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

export { numbers };

export async function worldEngine(seed: number): Promise<MemoryEngine> {
  const next = numbers(seed);
  let now = Date.UTC(2026, 0, 1);
  return memoryEngine(model, {
    clock: () => (now += 1000),
    random: (bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(next() * 256);
      return bytes;
    },
  });
}

/**
 * Everything that is seen on the checked-out branch, one text per row. `merged` tells branch ids of seen rows as main's, as
 * they would be after a merge; `stamps` leaves `updated_at` in.
 */
export function seen(world: MemoryEngine, options: { merged?: boolean; stamps?: boolean } = {}): string[] {
  const { visible } = world.engine.writer.author;
  const shown = [...visible, 0, -1];
  const out: string[] = [];
  for (const table of model.tables.values()) {
    if (table.family === 'django' || table.name.startsWith('lamindb_branch')) continue;
    // Values are shared by all branches, and stay.
    if (table.registry === 'JsonValue') continue;
    const placed = reachOf(table) === 'placed';
    const columns = table.columns.flatMap(({ name }) => {
      if (name === 'created_on_id' || (name === 'updated_at' && options.stamps !== true)) return [];
      if (name === 'created_at' && options.merged === true) return [];
      if (name === 'branch_id' && placed && options.merged === true)
        return [`CASE WHEN branch_id IN (${visible.join()}) THEN 1 ELSE branch_id END`];
      return [`"${name}"`];
    });
    const where = placed ? `WHERE branch_id IN (${shown.join()})` : '';
    for (const row of world.rows(`SELECT ${columns.join()} FROM "${table.name}" ${where} ORDER BY id`))
      out.push(`${table.name} ${JSON.stringify(row)}`);
  }
  return out;
}

export const digest = (lines: readonly string[]): string =>
  createHash('sha256').update(lines.join('\n')).digest('hex');

/** One random act; what the engine refuses is passed over, as a person would. Gives what was done, for a failing seed. */
export async function anyAct(world: MemoryEngine, random: () => number): Promise<string> {
  const { engine } = world;
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const uids = (table: string, where = '1'): string[] =>
    world
      .rows(
        `SELECT uid FROM ${table} WHERE branch_id IN (${engine.writer.author.visible.join()}) AND ${where} ORDER BY id`,
      )
      .map(([uid]) => String(uid));
  const artifact = pick(uids('lamindb_artifact'));
  const label = pick(uids('lamindb_ulabel'));
  const record = pick(uids('lamindb_record', 'is_type = 0'));
  const word = `${pick(['red', 'blue', 'green', 'grey'])} ${Math.floor(random() * 30)}`;
  const acts: [string, () => unknown][] = [
    ['new label', () => engine.createULabel(word)],
    ['rename label', () => label && engine.update('ULabel', { uid: label }, { name: `${word}!` })],
    ['describe label', () => label && engine.update('ULabel', { uid: label }, { description: word })],
    [
      'parent',
      () =>
        label &&
        engine.relate('ULabel', { uid: label }, 'parents', {
          add: [{ uid: pick(uids('lamindb_ulabel')) ?? label }],
        }),
    ],
    [
      'describe artifact',
      () => artifact && engine.update('Artifact', { uid: artifact }, { description: word }),
    ],
    ['label artifact', () => artifact && engine.addLabels([artifact], [word])],
    [
      'unlabel artifact',
      () => {
        const link = pick(
          world.rows(
            'SELECT a.uid, u.uid FROM lamindb_artifactulabel l JOIN lamindb_artifact a ON a.id = l.artifact_id JOIN lamindb_ulabel u ON u.id = l.ulabel_id WHERE l.feature_id IS NULL ORDER BY l.id',
          ),
        );
        if (link) engine.removeLabel(String(link[0]), 'ULabel', String(link[1]));
      },
    ],
    [
      'set features',
      () => artifact && engine.setFeatures(artifact, { score: Math.floor(random() * 5), site: word }),
    ],
    ['note', () => artifact && engine.saveNote(artifact, `# ${word}`)],
    [
      'note on label',
      () => label && engine.saveBlock('ULabel', { uid: label }, { kind: 'readme', content: word }),
    ],
    ['trash artifact', () => artifact && engine.trash('Artifact', [{ uid: artifact }])],
    ['trash label', () => label && random() < 0.3 && engine.trash('ULabel', [{ uid: label }])],
    [
      'restore',
      () => {
        const uid = pick(world.rows('SELECT uid FROM lamindb_artifact WHERE branch_id = -1 ORDER BY id'));
        return uid && engine.restore('Artifact', [{ uid: String(uid[0]) }]);
      },
    ],
    ['new record', () => engine.create('Record', { name: word })],
    ['describe record', () => record && engine.update('Record', { uid: record }, { description: word })],
    ['new version', () => artifact && newVersion(world, artifact)],
    // (To undo that a branch was made would end the history.)
    ['undo', () => (/^New branch/.test(engine.status().canUndo?.title ?? '') ? null : engine.undo())],
    ['redo', () => engine.redo()],
  ];
  const [name, act] = pick(acts) as (typeof acts)[number];
  try {
    const answer = await act();
    return (name === 'undo' || name === 'redo') && answer === null ? 'nothing' : name;
  } catch (error) {
    if (!isLoamError(error)) throw error;
    return `${name}: ${error.message}`;
  }
}

/** A next version of an artifact's family, as a drop of other content under its key would make it. */
function newVersion(world: MemoryEngine, uid: string): void {
  const stem = uid.slice(0, -4);
  const known = Number(
    world.value('SELECT count(*) FROM lamindb_artifact WHERE uid >= ? AND uid < ?', [
      `${stem}0000`,
      `${stem}zzzz~`,
    ]),
  );
  const row = world.rows('SELECT key, suffix FROM lamindb_artifact WHERE uid = ?', [uid])[0] ?? [];
  world.engine.writer.act({ kind: 'drop', title: 'new version' }, (tx) =>
    world.insertOne(tx, 'lamindb_artifact', {
      uid: `${stem}${String(known).padStart(4, '0')}`,
      key: row[0] ?? null,
      suffix: row[1] ?? '',
      storage_id: 1,
      size: 1,
      hash: `${stem}v${known}`.padStart(22, 'h'),
      _hash_type: 'md5',
      _key_is_virtual: 1,
      _overwrite_versions: 0,
    }),
  );
}

/** Artifacts, labels and features that every branch begins with. */
export function seedWorld(world: MemoryEngine): void {
  const { engine } = world;
  engine.createFeature('score', 'int');
  engine.createFeature('site', 'str');
  const uids = world.artifacts('a.csv', 'b.csv', 'c.csv', 'd.csv');
  for (const name of ['red 1', 'blue 1', 'green 1']) engine.createULabel(name);
  engine.addLabels(uids.slice(0, 2), ['red 1']);
  engine.setFeatures(uids[0] ?? '', { score: 1, site: 'left' });
  engine.saveNote(uids[0] ?? '', '# first');
  engine.create('Record', { name: 'sample 1' });
}

/** A world that has begun, with the uid of its first artifact. */
export async function labWorld(seed: number) {
  const made = await worldEngine(seed);
  seedWorld(made);
  const { engine } = made;
  const uidOf = (table: string, where: string) =>
    String(made.value(`SELECT uid FROM lamindb_${table} WHERE ${where}`));
  return { world: made, engine, uidOf, uid: uidOf('artifact', "key = 'a.csv'") };
}
