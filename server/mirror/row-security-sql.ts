// Row-level security in SQL: the rule of `mayWrite` (engine/sync/access.ts) once more, as Postgres can know it. What a statement
// needs of people and places is asked for once, not for each row: a subquery that depends on no row is an init plan.
import { adminChanges, everybodys } from '../../src/lib/engine/sync/access.ts';
import type { Model, Table } from '../../src/lib/engine/model/types.ts';
import { seedIds } from '../../src/lib/engine/schema/seed.ts';
import { mirroredTables } from './changed.ts';
import { describesBranch, ownerOf } from '../sync/standing.ts';

/** The role under which rows of accounts are written. Of the whole cluster, since roles are. */
export const writerRole = 'loam_writer';

/** The settings that say whose rights count; of a transaction. */
export const settings = {
  instance: 'loam.instance',
  account: 'loam.account',
  role: 'loam.key_role',
  spaces: 'loam.key_spaces',
  branches: 'loam.key_branches',
  merge: 'loam.proven_merge',
} as const;

const said = (name: keyof typeof settings): string =>
  `coalesce(current_setting('${settings[name]}', true), '')`;
const quoted = (values: Iterable<string>): string => [...values].map((value) => `'${value}'`).join(', ');

/** The account's member row, as far as it may write at all. */
const writer = `loam.member m JOIN loam.account a ON a.id = m.account AND a.closed_at IS NULL
    WHERE a.uid = ${said('account')} AND m.instance = ${said('instance')} AND m.role <> 'read' AND ${said('role')} IN ('write', 'admin')`;
const isAdmin = `(m.role = 'admin' AND ${said('role')} = 'admin')`;
const hasRight = (kind: string, place: string): string =>
  `EXISTS (SELECT FROM loam.write_right w WHERE w.instance = m.instance AND w.account = m.account AND w.kind = '${kind}' AND w.place = ${place})`;
const inKey = (name: 'spaces' | 'branches', place: string): string =>
  `(${said(name)} = '*' OR ${place} = ANY (string_to_array(${said(name)}, ',')))`;

const functionOf = (name: string, returns: string, body: string): string => `
CREATE OR REPLACE FUNCTION loam.${name}() RETURNS ${returns} LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $loam$ ${body} $loam$;
REVOKE ALL ON FUNCTION loam.${name}() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION loam.${name}() TO ${writerRole};`;

/** Owned by the server's role, so that the limited one reads nothing of people. */
export const functionsSql = `
GRANT USAGE ON SCHEMA public, loam TO ${writerRole};
${functionOf('writer_role', 'text', `SELECT CASE WHEN ${isAdmin} THEN 'admin' ELSE 'write' END FROM ${writer}`)}
${functionOf(
  'writer_spaces',
  'bigint[]',
  `SELECT coalesce(array_agg(s.id), '{}')::bigint[] FROM public.lamindb_space s WHERE EXISTS (SELECT FROM ${writer}
    AND ${inKey('spaces', 's.uid')} AND (${isAdmin} OR ${hasRight('space', 's.uid')}
      OR coalesce((SELECT r.writers = 'members' FROM loam.place_rule r WHERE r.instance = m.instance AND r.kind = 'space' AND r.place = s.uid),
        s.uid = '${seedIds.space.uid}')))`,
)}
${functionOf(
  'closed_branches',
  'bigint[]',
  `SELECT coalesce(array_agg(b.id), '{}')::bigint[] FROM public.lamindb_branch b
    WHERE b.uid NOT IN (${quoted(everybodys)}) AND NOT EXISTS (SELECT FROM ${writer} AND ${inKey('branches', 'b.uid')} AND NOT EXISTS (
      SELECT FROM loam.place_rule r WHERE r.instance = m.instance AND r.kind = 'branch' AND r.place = b.uid
        AND ((r.protected AND ${said('merge')} <> 'on') OR (r.writers = 'granted' AND NOT ${isAdmin} AND NOT ${hasRight('branch', 'b.uid')}))))`,
)}`;

/** Where a row stands may be written; of a link, where the row stands that it hangs on. */
function mayStand(model: Model, table: Table, row: string, askBranch = true, name = 'o'): string[] {
  const out: string[] = [];
  const column = (called: string) => `${row}."${called}"`;
  const hasSpace = table.column.has('space_id');
  const hasBranch = table.column.has('branch_id') && !describesBranch(table);
  if (hasSpace)
    out.push(
      `(${column('space_id')} IS NULL OR ${column('space_id')} = ANY ((SELECT loam.writer_spaces())::bigint[]))`,
    );
  if (hasBranch && askBranch)
    out.push(
      `(${column('branch_id')} IS NULL OR ${column('branch_id')} <> ALL ((SELECT loam.closed_branches())::bigint[]))`,
    );
  const owner = hasSpace ? null : ownerOf(table);
  const target =
    owner === null ? undefined : model.tables.get(table.column.get(owner)?.references?.table ?? '');
  if (owner === null || !target) return out;
  const above = mayStand(model, target, name, askBranch && !hasBranch, `${name}o`);
  // One that is gone: it went before its links in the same flush, or the reference is refused at the end.
  if (above.length > 0)
    out.push(
      `coalesce((SELECT ${above.join(' AND ')} FROM public."${target.name}" ${name} WHERE ${name}.id = ${column(owner)}), true)`,
    );
  return out;
}

/** Policies by table. The first lets everybody do what their grants say; the others limit the one role. */
function policiesOf(model: Model, table: Table): string {
  const on = `ON public."${table.name}"`;
  const role = (change: 'i' | 'u' | 'd') =>
    adminChanges[table.name]?.includes(change)
      ? "(SELECT loam.writer_role()) = 'admin'"
      : '(SELECT loam.writer_role()) IS NOT NULL';
  const rule = (change: 'i' | 'u' | 'd') =>
    [role(change), ...mayStand(model, table, `"${table.name}"`)].join(' AND ');
  const limit = (name: string, words: string, tests: string) =>
    `CREATE POLICY loam_${name} ${on} AS RESTRICTIVE FOR ${words} TO ${writerRole} ${tests}`;
  return [
    `CREATE POLICY loam_everybody ${on} AS PERMISSIVE FOR ALL TO PUBLIC USING (true) WITH CHECK (true)`,
    limit('insert', 'INSERT', `WITH CHECK (${rule('i')})`),
    limit('update', 'UPDATE', `USING (${rule('u')}) WITH CHECK (${rule('u')})`),
    limit('delete', 'DELETE', `USING (${rule('d')})`),
    `ALTER TABLE public."${table.name}" ENABLE ROW LEVEL SECURITY`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ${on} TO ${writerRole}`,
  ].join(';\n');
}

/** Names of the policies of a table. */
export const policyNames = ['loam_everybody', 'loam_insert', 'loam_update', 'loam_delete'] as const;

export const policiesSql = (model: Model): string =>
  mirroredTables(model)
    .map((table) => policiesOf(model, table))
    .join(';\n');

/** Takes our policies away; what others made stays. */
export const withoutPoliciesSql = (model: Model): string =>
  mirroredTables(model)
    .flatMap(({ name }) => policyNames.map((policy) => `DROP POLICY IF EXISTS ${policy} ON public."${name}"`))
    .join(';\n');
