// A schema as LaminDB describes it: what it asks for, its members with dtype and rules, and the schemas in its slots.
import { one, all, type Steps } from '../statement.ts';
import { nameField } from '../model/name-field.ts';
import { shownDtype } from './describe-features.ts';
import { factsOf, handleOf, nameOf, timeOf, twoColumns, uidAndRun, type RowFacts } from './describe-facts.ts';
import type { QueryScope } from './prepare.ts';
import { parsePython, str } from './python-values.ts';
import { schemaMembers, type SchemaMembers } from './schema-members.ts';
import { branch, type Branch } from './text-layout.ts';

export function* describeSchema(scope: QueryScope, row: RowFacts): Steps<Branch> {
  const tree = yield* schemaTree(scope, row, 'Schema:');
  const slots = yield* all(
    'SELECT slot, component_id FROM lamindb_schemacomponent WHERE composite_id = ? ORDER BY id',
    [row['id'] ?? null],
  );
  const table = scope.model.registry.get('Schema');
  for (const [slot, component] of slots) {
    if (!table) break;
    tree.children.push(
      yield* schemaTree(scope, yield* factsOf(table, Number(component)), `${String(slot)}:`),
    );
  }
  return tree;
}

/** What differs from the default is told. */
const defaults: [string, number][] = [
  ['ordered_set', 0],
  ['maximal_set', 0],
  ['minimal_set', 1],
];

function* schemaTree(scope: QueryScope, row: RowFacts, title: string): Steps<Branch> {
  const type = row['type_id'] === null ? ' ' : ` ${yield* nameOf('lamindb_schema', row['type_id'])} · `;
  const described = row['description'] ? `\n|   description: ${String(row['description'])}` : '';
  const items = yield* uidAndRun(row);
  if (row['itype'] !== null && row['itype'] !== 'Feature') items.push(`itype: ${String(row['itype'])}`);
  for (const name of ['otype', 'suffix']) if (row[name] !== null) items.push(`${name}: ${String(row[name])}`);
  for (const [name, usual] of defaults)
    if (row[name] !== usual) items.push(`${name}: ${row[name] === 1 ? 'True' : 'False'}`);
  const branchName = yield* nameOf('lamindb_branch', row['branch_id']);
  const space = yield* nameOf('lamindb_space', row['space_id']);
  if (branchName !== 'main') items.push(`branch: ${branchName}`);
  if (space !== 'all') items.push(`space: ${space}`);
  items.push(`created_at: ${timeOf(row['created_at'])}`, `created_by: ${yield* handleOf(row)}`);
  const tree = branch(`${title}${type}${String(row['name'] || 'unnamed')}${described}`, twoColumns(items));
  const members = yield* membersTree(scope, row);
  if (members) tree.children.push(members);
  return tree;
}

function* membersTree(scope: QueryScope, row: RowFacts): Steps<Branch | null> {
  const members = yield* schemaMembers(scope.model, Number(row['id']));
  const count = row['n_members'];
  if (!count && !(row['_dtype_str'] && row['itype'] !== null)) return null;
  const plain = row['itype'] === null || row['itype'] === '' || row['itype'] === 'Feature';
  const rows = count ? yield* memberRows(scope, row, members, plain) : [];
  const shown = rows.filter((member) => !member.hidden);
  const hidden = rows.length - shown.length;
  const index = shown.find((member) => member.uid === members.index);
  const told = hidden > 0 ? `, ${hidden} hidden` : '';
  const words =
    shown.length > 0
      ? ` (${shown.length}${index ? ` including index: ${index.name}` : ''}${told})`
      : hidden > 0
        ? ` (${hidden} hidden)`
        : '';
  const title = `${plain ? 'Features' : String(row['itype'])}${words}`;
  if (count === null) {
    return branch(title, ...(row['_dtype_str'] ? [branch(`dtype: ${String(row['_dtype_str'])}`)] : []));
  }
  const headers = ['name', 'dtype', 'optional', 'nullable', 'coerce', 'default_value'];
  const columns = headers.map((header) => ({ header, width: null }));
  return branch(title, branch({ columns, rows: shown.map((member) => member.cells), showHeader: true }));
}

interface Member {
  uid: string;
  name: string;
  hidden: boolean;
  cells: string[];
}

function* memberRows(
  scope: QueryScope,
  row: RowFacts,
  members: SchemaMembers,
  plain: boolean,
): Steps<Member[]> {
  const list: Member[] = [];
  const feature = members.table.registry === 'Feature';
  const field = nameField(members.table) ?? 'uid';
  const mark = (yes: boolean) => (yes ? '✓' : '✗');
  for (const id of members.ids) {
    const own = feature ? ', _dtype_str, nullable, coerce, default_value' : '';
    const found = yield* one(`SELECT uid, "${field}"${own} FROM "${members.table.name}" WHERE id = ?`, [id]);
    const [uid, name, dtype, nullable, coerce, standard] = found ?? [];
    const value = typeof standard === 'string' ? parsePython(standard) : null;
    const absent = value === null || value === false || value === 0 || value === '';
    list.push({
      uid: String(uid),
      name: String(name ?? ''),
      hidden: plain && members.hidden.includes(String(uid)) && uid !== members.index,
      cells: [
        String(name ?? ''),
        feature
          ? yield* shownDtype(scope, (dtype as string | null) ?? null)
          : String(row['_dtype_str'] ?? ''),
        mark(members.optional.includes(String(uid))),
        mark(nullable === 1),
        mark(row['coerce'] === 1 || coerce === 1),
        absent ? 'unset' : str(value),
      ],
    });
  }
  // The index stands first, unless an order is written down.
  if (!members.ordered)
    list.sort((a, b) => Number(b.uid === members.index) - Number(a.uid === members.index));
  return list;
}
