// What people of the simulation do: few rows, few names, few values, so that they often meet.
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { insertOne, update } from '../../src/lib/engine/write/apply.ts';
import { nextVersionUid } from '../../src/lib/engine/uid.ts';
import { PowerCut, type Peer } from './peer.ts';

type Chance = () => number;

export interface Habits {
  branches: boolean;
  /** Branches are merged and brought up to date, and merges are taken back, while others edit the same. */
  merges: boolean;
  /** Devices mint the same uids for different versions. */
  clashes: boolean;
}

/** A version that no other device mints. */
const ownVersion = (peer: Peer, stem: string, n: number): string =>
  `${stem}${String(n % 100).padStart(2, '0')}${(peer.client % 1296).toString(36).padStart(2, '0')}`;

/** One act of a person at this device; what the engine refuses is passed over. Gives what was done. */
export async function anyAct(
  peer: Peer,
  chance: Chance,
  { branches, merges, clashes }: Habits,
): Promise<string> {
  const { engine } = peer;
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(chance() * list.length)];
  const uids = (table: string, where = '1'): string[] =>
    peer
      .rows(
        `SELECT uid FROM lamindb_${table} WHERE branch_id IN (${engine.writer.author.visible.join()}) AND ${where} ORDER BY uid`,
      )
      .map(([uid]) => String(uid));
  const artifact = pick(uids('artifact'));
  const label = pick(uids('ulabel'));
  const record = pick(uids('record', 'is_type = 0'));
  const word = `${pick(['red', 'blue', 'green'])} ${Math.floor(chance() * 4)}`;
  const acts: [string, () => unknown][] = [
    ['label', () => engine.createULabel(word)],
    ['label', () => engine.createULabel(word)],
    ['rename', () => label && engine.update('ULabel', { uid: label }, { name: word })],
    ['describe', () => label && engine.update('ULabel', { uid: label }, { description: word })],
    ['describe', () => artifact && engine.update('Artifact', { uid: artifact }, { description: word })],
    ['describe', () => artifact && engine.update('Artifact', { uid: artifact }, { description: word })],
    [
      'parent',
      () =>
        label &&
        engine.relate('ULabel', { uid: label }, 'parents', { add: [{ uid: pick(uids('ulabel')) ?? label }] }),
    ],
    ['annotate', () => artifact && engine.addLabels([artifact], [word])],
    ['annotate', () => artifact && engine.addLabels([artifact], [word])],
    [
      'unlabel',
      () => {
        const link = pick(
          peer.rows(
            'SELECT a.uid, u.uid FROM lamindb_artifactulabel l JOIN lamindb_artifact a ON a.id = l.artifact_id JOIN lamindb_ulabel u ON u.id = l.ulabel_id WHERE l.feature_id IS NULL ORDER BY a.uid, u.uid',
          ),
        );
        if (link) engine.removeLabel(String(link[0]), 'ULabel', String(link[1]));
      },
    ],
    [
      'values',
      () => artifact && engine.setFeatures(artifact, { score: Math.floor(chance() * 4), site: word }),
    ],
    ['values', () => artifact && engine.setFeatures(artifact, { score: Math.floor(chance() * 4) })],
    ['note', () => artifact && (clashes || onMain(peer)) && engine.saveNote(artifact, `# ${word}`)],
    ['trash', () => artifact && engine.trash('Artifact', [{ uid: artifact }])],
    ['trash label', () => label && chance() < 0.5 && engine.trash('ULabel', [{ uid: label }])],
    [
      'restore',
      () => {
        const uid = pick(peer.rows('SELECT uid FROM lamindb_artifact WHERE branch_id = -1 ORDER BY uid'));
        return uid && engine.restore('Artifact', [{ uid: String(uid[0]) }]);
      },
    ],
    [
      'restore label',
      () => {
        const uid = pick(peer.rows('SELECT uid FROM lamindb_ulabel WHERE branch_id = -1 ORDER BY uid'));
        return uid && engine.restore('ULabel', [{ uid: String(uid[0]) }]);
      },
    ],
    ['record', () => engine.create('Record', { name: word })],
    ['describe record', () => record && engine.update('Record', { uid: record }, { description: word })],
    ['project', () => engine.create('Project', { name: word })],
    // Unique values are settled on main; across branches a switch decides.
    ['abbr', () => onMain(peer) && abbreviate(peer, chance)],
    ['version', () => artifact && newVersion(peer, artifact, chance, clashes)],
    ['artifact', () => newArtifact(peer, word, chance)],
    [
      'purge',
      () => {
        if (chance() < 0.5) return;
        const [registry, table] = chance() < 0.5 ? ['ULabel', 'ulabel'] : ['Artifact', 'artifact'];
        const uid = pick(
          peer.rows(
            `SELECT uid FROM lamindb_${table} WHERE branch_id = -1 OR substr(uid, 1, 1) < 'D' ORDER BY uid`,
          ),
        );
        return uid && engine.purge(registry, [{ uid: String(uid[0]) }]);
      },
    ],
    ['undo', () => (/ranch/.test(engine.status().canUndo?.title ?? '') ? null : engine.undo())],
    ['undo', () => (/ranch/.test(engine.status().canUndo?.title ?? '') ? null : engine.undo())],
    ['redo', () => engine.redo()],
  ];
  if (branches || merges)
    acts.push(
      ['branch', () => chance() < 0.3 && engine.createBranch(`try ${Math.floor(chance() * 3)}`)],
      [
        'switch',
        () => {
          const to = pick(
            peer.rows('SELECT name FROM lamindb_branch WHERE id >= 1 AND _status_code >= 0 ORDER BY name'),
          );
          return to && engine.switchBranch(String(to[0]));
        },
      ],
    );
  if (merges) acts.push(...mergeActs(peer, chance));
  const [name, act] = pick(acts) as (typeof acts)[number];
  try {
    await act();
    return name;
  } catch (error) {
    if (error instanceof PowerCut || !isLoamError(error)) throw error;
    return `${name}: ${error.message}`;
  }
}

/** What is done with whole branches. What both sides changed is decided by chance, conflict by conflict. */
function mergeActs(peer: Peer, chance: Chance): [string, () => unknown][] {
  const { engine } = peer;
  const branchOf = (status: string): string | null => {
    const rows = peer.rows(`SELECT uid FROM lamindb_branch WHERE id > 1 AND ${status} ORDER BY uid`);
    return rows.length === 0 ? null : String(rows[Math.floor(chance() * rows.length)]?.[0]);
  };
  const decide = (branch: string): void => {
    for (const { name } of engine.branchConflicts(branch))
      engine.chooseForBranch(branch, [name], { side: chance() < 0.5 ? 'branch' : 'parent' });
  };
  const onOpen = (act: (branch: string) => unknown) => (): unknown => {
    const branch = branchOf('_status_code >= 0');
    if (branch === null) return null;
    decide(branch);
    return act(branch);
  };
  return [
    ['branch', () => engine.createBranch(`try ${Math.floor(chance() * 9)}`)],
    ['merge', onOpen((branch) => engine.mergeBranch(branch))],
    ['merge', onOpen((branch) => engine.mergeBranch(branch))],
    ['update branch', onOpen((branch) => engine.updateBranch(branch))],
    [
      'revert',
      () => {
        const branch = branchOf('_status_code = -1');
        return branch !== null && engine.revertBranch(branch);
      },
    ],
  ];
}

const onMain = (peer: Peer): boolean => peer.engine.writer.author.branchId === 1;

/** A unique value that may be empty, which two devices may give to two rows. */
function abbreviate(peer: Peer, chance: Chance): void {
  const rows = peer.rows('SELECT id FROM bionty_celltype WHERE branch_id = 1 ORDER BY uid');
  const abbr = `C${Math.floor(chance() * 3)}`;
  peer.engine.writer.act({ kind: 'update', title: 'abbreviate' }, function* (tx) {
    const id = rows[Math.floor(chance() * (rows.length + 1))]?.[0];
    if (id !== undefined) yield* update(tx, 'bionty_celltype', [Number(id)], { abbr });
    else {
      const uid = Array.from({ length: 14 }, () => 'abcdefghijklmnop'[Math.floor(chance() * 16)]).join('');
      yield* insertOne(tx, 'bionty_celltype', { uid, name: `cell ${uid}`, abbr });
    }
  });
}

const contentOf = (chance: Chance): string => `content${Math.floor(chance() * 12)}`.padStart(22, 'h');

function newArtifact(peer: Peer, key: string, chance: Chance): void {
  const uid = Array.from({ length: 16 }, () => 'abcdefghijklmnop'[Math.floor(chance() * 16)]).join('');
  peer.engine.writer.act({ kind: 'drop', title: 'new artifact' }, (tx) =>
    insertOne(tx, 'lamindb_artifact', { ...facts, uid: `${uid}0000`, key, hash: contentOf(chance) }),
  );
}

const facts = {
  suffix: '.csv',
  storage_id: 1,
  size: 1,
  _hash_type: 'md5',
  _key_is_virtual: 1,
  _overwrite_versions: 0,
};

/** The next version of a family, as a drop of other content under its key would make it. */
function newVersion(peer: Peer, uid: string, chance: Chance, clashes: boolean): void {
  const stem = uid.slice(0, -4);
  const rows = peer.rows(
    'SELECT uid, key FROM lamindb_artifact WHERE uid >= ? AND uid < ? ORDER BY uid DESC',
    [`${stem}0000`, `${stem}zzzz~`],
  );
  peer.engine.writer.act({ kind: 'drop', title: 'new version' }, (tx) =>
    insertOne(tx, 'lamindb_artifact', {
      ...facts,
      uid: clashes
        ? nextVersionUid(rows.map(([known]) => String(known)))
        : ownVersion(peer, stem, rows.length),
      key: rows[0]?.[1] ?? null,
      hash: `${stem}${Math.floor(chance() * 1e6)}`.slice(-22).padStart(22, 'v'),
    }),
  );
}
