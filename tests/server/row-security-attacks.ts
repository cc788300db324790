// Attacks by SQL, under the role and the settings of an account: what Postgres alone is to refuse. The scene has a row `open`,
// and rows in a closed space, on a closed branch and on a protected one, each with a link.
import type { WriteTerms } from '../../server/people/rights.ts';

export const places = {
  space: 'closedspace1',
  branch: 'closedbranch',
  guarded: 'guardbranch1',
} as const;

/** A copy of a row with other values, as a row of its own. */
export const copyOf = (table: string, where: string, changes: Record<string, string>): string =>
  `INSERT INTO public.lamindb_${table} SELECT (jsonb_populate_record(x, jsonb_build_object(${Object.entries(
    changes,
  )
    .map(([column, value]) => `'${column}', ${value}`)
    .join(', ')}))).* FROM public.lamindb_${table} x WHERE ${where}`;

/** Uids of labels by where they stand. */
export const labels = {
  open: 'openopen',
  space: 'inspace1',
  branch: 'onbranch',
  guarded: 'onguard1',
  loose: 'linkfree',
} as const;

/** Made by the owner of the database, whom nothing limits. */
export const sceneSql = [
  copyOf('space', 'id = 1', { id: '50', uid: `'${places.space}'`, name: "'closed'" }),
  copyOf('branch', 'id = 1', { id: '50', uid: `'${places.branch}'`, name: "'closed'" }),
  copyOf('branch', 'id = 1', { id: '51', uid: `'${places.guarded}'`, name: "'guarded'" }),
  `INSERT INTO public.lamindb_ulabel (id, uid, name, is_type, is_locked, created_at, updated_at, branch_id, created_on_id, space_id, created_by_id)
   SELECT v.id, v.uid, v.uid, false, false, now(), now(), v.branch, v.branch, v.space, 1 FROM (VALUES
     (50, '${labels.open}', 1, 1), (51, '${labels.space}', 1, 50), (52, '${labels.branch}', 50, 1), (53, '${labels.guarded}', 51, 1),
     (54, '${labels.loose}', 1, 1)) v(id, uid, branch, space)`,
  `INSERT INTO public.lamindb_project (id, uid, name, is_type, is_locked, created_at, updated_at, branch_id, created_on_id, space_id, created_by_id, abbr, url)
   VALUES (50, 'theproject01', 'p', false, false, now(), now(), 1, 1, 1, 1, NULL, NULL)`,
  ...[50, 51, 52, 53].map(
    (id) =>
      `INSERT INTO public.lamindb_ulabelproject (id, ulabel_id, project_id, created_at, created_by_id) VALUES (${id}, ${id}, 50, now(), 1)`,
  ),
].join(';\n');

/** Whose attack it is. */
export type Attacker = 'writer' | 'reader' | 'stranger' | 'boss';
export interface SqlAttack {
  title: string;
  by: Attacker;
  sql: string;
  terms?: Partial<WriteTerms>;
}

const label = (uid: string, set: string) => `UPDATE public.lamindb_ulabel SET ${set} WHERE uid = '${uid}'`;
const fresh = (changes: Record<string, string>) =>
  copyOf('ulabel', `uid = '${labels.open}'`, { id: '900', uid: "'freshone'", name: "'fresh'", ...changes });
const drop = (table: string, where: string) => `DELETE FROM public.lamindb_${table} WHERE ${where}`;
const attack = (
  title: string,
  sql: string,
  by: Attacker = 'writer',
  terms?: Partial<WriteTerms>,
): SqlAttack => ({ title, by, sql, ...(terms ? { terms } : {}) });

export const sqlAttacks: readonly SqlAttack[] = [
  attack('edits a row in a closed space', label(labels.space, "description = 'mine'")),
  attack('takes a row out of a closed space', label(labels.space, 'space_id = 1')),
  attack('puts a row into a closed space', label(labels.open, 'space_id = 50')),
  attack('makes a row in a closed space', fresh({ space_id: '50' })),
  attack('deletes a row in a closed space', drop('ulabel', "uid = 'inspace1'")),
  attack('moves a row of a closed space to the trash', label(labels.space, 'branch_id = -1')),
  attack('edits a row on a closed branch', label(labels.branch, "description = 'mine'")),
  attack('takes a row from a closed branch', label(labels.branch, 'branch_id = 1')),
  attack('puts a row onto a closed branch', label(labels.open, 'branch_id = 50')),
  attack('makes a row on a closed branch', fresh({ branch_id: '50' })),
  attack('deletes a row on a closed branch', drop('ulabel', "uid = 'onbranch'")),
  attack('edits a row on a protected branch', label(labels.guarded, "description = 'mine'")),
  attack('moves a row onto a protected branch', label(labels.open, 'branch_id = 51')),
  attack('makes a row on a protected branch', fresh({ branch_id: '51' })),
  attack('trashes a row of a protected branch', label(labels.guarded, 'branch_id = -1')),
  attack('edits a protected branch as administrator', label(labels.guarded, "description = 'x'"), 'boss'),
  attack('makes a row on a protected branch as administrator', fresh({ branch_id: '51' }), 'boss'),
  attack('a merge into a closed space', label(labels.space, "description = 'x'"), 'writer', { merge: true }),
  attack('a merge onto a closed branch', label(labels.open, 'branch_id = 50'), 'writer', { merge: true }),
  attack(
    'edits all rows at once, of which one is closed',
    "UPDATE public.lamindb_ulabel SET description = 'all' WHERE uid = 'inspace1' OR uid = 'onguard1'",
  ),
  attack('links a row of a closed space', copyOf('ulabelproject', 'id = 51', { id: '900' })),
  attack('unlinks a row of a closed space', drop('ulabelproject', 'id = 51')),
  attack(
    'hangs a link on a row of a closed space',
    'UPDATE public.lamindb_ulabelproject SET ulabel_id = 51 WHERE id = 50',
  ),
  attack('unlinks a row of a protected branch', drop('ulabelproject', 'id = 53')),
  attack(
    'moves the link of a closed branch',
    'UPDATE public.lamindb_ulabelproject SET ulabel_id = 54 WHERE id = 52',
  ),
  attack('makes a space', copyOf('space', 'id = 1', { id: '900', uid: "'newspace0001'", name: "'n'" })),
  attack('renames a space', "UPDATE public.lamindb_space SET name = 'mine' WHERE id = 50"),
  attack('deletes a space', drop('space', 'id = 50')),
  attack('renames another user', "UPDATE public.lamindb_user SET name = 'mine'"),
  attack('makes a user', copyOf('user', 'id = 1', { id: '900', uid: "'newuser1'", handle: "'n'" })),
  attack('moves the storage', "UPDATE public.lamindb_storage SET root = 's3://elsewhere'"),
  attack('deletes the storage', drop('storage', 'true')),
  attack('a reader makes a row', fresh({}), 'reader'),
  attack('a reader edits a row', label(labels.open, "description = 'x'"), 'reader'),
  attack('a reader deletes a row', drop('ulabel', "uid = 'openopen'"), 'reader'),
  attack('a reader unlinks', drop('ulabelproject', 'id = 50'), 'reader'),
  attack('somebody of another instance makes a row', fresh({}), 'stranger'),
  attack('somebody of another instance edits a row', label(labels.open, "description = 'x'"), 'stranger'),
  attack('a key that reads', label(labels.open, "description = 'x'"), 'boss', { role: 'read' }),
  attack(
    'a key of an administrator that writes makes a space',
    copyOf('space', 'id = 1', { id: '901', uid: "'newspace0002'", name: "'m'" }),
    'boss',
    { role: 'write' },
  ),
  attack('a key for another space', label(labels.open, "description = 'x'"), 'boss', {
    spaces: [places.space],
  }),
  attack('a key for no space', label(labels.open, "description = 'x'"), 'writer', { spaces: [] }),
  attack('a key for another branch', label(labels.open, "description = 'x'"), 'boss', {
    branches: [places.branch],
  }),
  // The roles of people, by the same role of Postgres.
  attack('makes himself administrator', "UPDATE loam.member SET role = 'admin'"),
  attack('demotes the administrator', "UPDATE loam.member SET role = 'read'"),
  attack('throws everybody out', 'DELETE FROM loam.member'),
  attack('reads who is a member', 'SELECT * FROM loam.member'),
  attack(
    'gives himself a right',
    `INSERT INTO loam.write_right SELECT instance, account, 'space', '${places.space}', now() FROM loam.member`,
  ),
  attack('opens a protected branch', 'UPDATE loam.place_rule SET protected = false'),
  attack('takes the rules away', 'DELETE FROM loam.place_rule'),
  attack('makes a key', "INSERT INTO loam.api_key (prefix) VALUES ('aaaaaaaaaaaa')"),
  attack('reads passwords', 'SELECT password FROM loam.account'),
  attack('reads sessions', 'SELECT hash FROM loam.session'),
  attack('invites himself', "INSERT INTO loam.invitation (role) VALUES ('admin')"),
  attack('reads what was invited', 'SELECT hash FROM loam.invitation'),
  attack('changes the audit log', "UPDATE loam.audit SET event = 'nothing'"),
  attack('empties the log', 'DELETE FROM loam.log_item'),
  attack('takes a policy away', 'DROP POLICY loam_update ON public.lamindb_ulabel'),
  attack('switches row-level security off', 'ALTER TABLE public.lamindb_ulabel DISABLE ROW LEVEL SECURITY'),
  attack('empties a table', 'TRUNCATE public.lamindb_ulabel CASCADE'),
  attack('switches triggers off', 'ALTER TABLE public.lamindb_ulabel DISABLE TRIGGER ALL'),
  attack(
    'changes a function of the rules',
    "CREATE OR REPLACE FUNCTION loam.writer_role() RETURNS text LANGUAGE sql AS $$ SELECT 'admin' $$",
  ),
  attack('adds a policy', 'CREATE POLICY mine ON public.lamindb_ulabel USING (true)'),
];

/** What the same people may do. */
export const ordinary: readonly SqlAttack[] = [
  attack('a writer makes a row', fresh({})),
  attack('a writer edits a row', label(labels.open, "description = 'x'")),
  attack('a writer trashes a row', label(labels.open, 'branch_id = -1')),
  attack('a writer links', copyOf('ulabelproject', 'id = 50', { id: '900', ulabel_id: '54' })),
  attack('a writer unlinks', drop('ulabelproject', 'id = 50')),
  attack('a writer deletes a row', `${drop('ulabelproject', 'id = 50')}; ${drop('ulabel', 'id = 50')}`),
  attack(
    'a writer adds a storage',
    copyOf('storage', 'id = 1', { id: '900', uid: "'storage00001'", root: "'/elsewhere'" }),
  ),
  attack(
    'a writer makes a branch',
    copyOf('branch', 'id = 1', { id: '900', uid: "'newbranch001'", name: "'new'" }),
  ),
  attack('a proven merge onto a protected branch', label(labels.open, 'branch_id = 51'), 'writer', {
    merge: true,
  }),
  attack('an administrator edits in a closed space', label(labels.space, "description = 'x'"), 'boss'),
  attack('an administrator edits on a closed branch', label(labels.branch, "description = 'x'"), 'boss'),
  attack(
    'an administrator makes a space',
    copyOf('space', 'id = 1', { id: '900', uid: "'newspace0003'", name: "'o'" }),
    'boss',
  ),
  attack('a key for that space', label(labels.space, "description = 'x'"), 'boss', {
    spaces: [places.space],
  }),
];
