// The editor's help with a statement: which one is meant, which tables it reads under which names, and what is offered
// where.
import { describe, expect, it } from 'vitest';
import { completionsAt } from '../../src/lib/client/sql-completion.ts';
import { suggestionFor } from '../../src/lib/client/sql-suggestion.ts';
import { filesIn, statementAt, statementsOf, tablesIn } from '../../src/lib/client/sql-statements.ts';
import type { SqlTable } from '../../src/lib/workers/wire.ts';

const column = (name: string, references: string | null = null) => ({
  name,
  type: 'integer',
  notNull: true,
  primary: name === 'id',
  references: references ? { table: references, column: 'id' } : null,
});
const tables: SqlTable[] = [
  {
    name: 'lamindb_artifact',
    kind: 'registry',
    registry: 'Artifact',
    columns: [column('id'), column('key'), column('created_by_id', 'lamindb_user')],
  },
  { name: 'lamindb_user', kind: 'registry', registry: 'User', columns: [column('id'), column('handle')] },
  { name: 'odd name', kind: 'other', registry: null, columns: [column('a b')] },
];

const datasets = {
  tables: [
    {
      name: "artifact('lab/cells.csv')",
      label: 'lab/cells.csv',
      key: 'lab/cells.csv',
      kind: 'file' as const,
      registry: null,
      columns: [],
    },
    {
      name: "artifact('lab/it''s.csv')",
      label: "lab/it's.csv",
      key: "lab/it's.csv",
      kind: 'file' as const,
      registry: null,
      columns: [],
    },
    ...(['obs', 'var'] as const).map((of) => ({
      name: `${of}('a.h5mu')`,
      label: `a.h5mu ${of}`,
      key: 'a.h5mu',
      kind: 'file' as const,
      registry: null,
      columns: [],
    })),
  ],
  columnsOf: (call: string) =>
    call === "artifact('lab/cells.csv')"
      ? [column('cell_type'), column('id')]
      : call === "obs('a.h5mu', modality = 'rna')"
        ? [column('obs_names'), column('leiden')]
        : null,
};

/** `|` marks the cursor. */
function offered(marked: string): string[] {
  const pos = marked.indexOf('|');
  const found = completionsAt(marked.replace('|', ''), pos, { tables, datasets });
  const typed = marked.slice(found?.from ?? pos, pos).toLowerCase();
  return (found?.options ?? [])
    .map(({ label }) => label)
    .filter((label) => label.toLowerCase().startsWith(typed));
}

describe('files', () => {
  it('are named with their aliases', () => {
    expect(
      filesIn(
        `select * from artifact('a.csv') t join Artifact (['it''s.csv', 'c.csv'], header = false) as u on true, artifact('d.csv') where x = 'artifact'`,
      ),
    ).toEqual([
      { key: 'a.csv', of: 'artifact', part: null, as: 't', list: false },
      { key: "it's.csv", of: 'artifact', part: null, as: 'u', list: true },
      { key: 'd.csv', of: 'artifact', part: null, as: 'artifact', list: false },
    ]);
  });

  it('are offered by key behind FROM and within the quotes, and their columns where columns stand', () => {
    expect(offered('select * from |')).toContain('lab/cells.csv');
    expect(offered("select * from artifact('lab/c|")).toEqual(['lab/cells.csv']);
    expect(offered("select * from artifact(['a.csv', 'lab/i|")).toEqual(["lab/it''s.csv"]);
    expect(offered("select cell|  from artifact('lab/cells.csv')")).toEqual(['cell_type']);
    expect(offered("select t.|  from artifact('lab/cells.csv') t")).toEqual(['cell_type', 'id']);
    expect(offered("select artifact_l|  from artifact(['lab/cells.csv'])")).toEqual(['artifact_labels']);
    expect(offered("select * from artifact('lab/cells.csv') t join lamindb_user u on t.|")).toContain(
      'cell_type',
    );
    expect(offered("select * from obs(['|")).toEqual(['a.h5mu']);
    expect(offered("select lei|  from obs('a.h5mu', modality = 'rna')")).toEqual(['leiden']);
    expect(offered("select o.|  from obs('a.h5mu', modality = 'rna') o")).toEqual(['obs_names', 'leiden']);
    expect(offered('select * from a.h5|')).toEqual([]);
    expect(filesIn(`from var('a.h5mu', modality = 'rna') v`)).toEqual([
      { key: 'a.h5mu', of: 'var', part: 'rna', as: 'v', list: false },
    ]);
    expect(offered("select 'cel|' from artifact('lab/cells.csv')")).toEqual([]);
  });
});

describe('statements', () => {
  it('are cut at semicolons outside quotes and comments; empty ones do not count', () => {
    const text = 'select \';\' as "a;b"; -- c; d\n;; /* ; */ select 2\n;';
    expect(statementsOf(text).map(({ sql }) => sql)).toEqual(['select \';\' as "a;b"', 'select 2']);
    expect(statementsOf('-- only words\n')).toEqual([]);
  });

  it('are chosen by the selection, else by the cursor', () => {
    const text = 'select 1; select 2';
    expect(statementAt(text, { from: 0, to: 0 })?.sql).toBe('select 1');
    expect(statementAt(text, { from: 9, to: 9 })?.sql).toBe('select 1');
    expect(statementAt(text, { from: 12, to: 12 })).toEqual({ from: 10, to: 18, sql: 'select 2' });
    expect(statementAt(text, { from: 7, to: 8 })?.sql).toBe('1');
    expect(statementAt('  ;', { from: 0, to: 0 })).toBeNull();
  });

  it('name their tables with aliases', () => {
    const sql = `select 'from x' from lamindb_artifact as a, "odd name" o left join lamindb_user on a.id = 1 where exists (select 1 from t u)`;
    expect(tablesIn(sql)).toEqual([
      { table: 'lamindb_artifact', as: 'a' },
      { table: 'odd name', as: 'o' },
      { table: 'lamindb_user', as: 'lamindb_user' },
      { table: 't', as: 'u' },
    ]);
  });
});

describe('completion', () => {
  it('offers tables after FROM, JOIN and a comma', () => {
    expect(offered('select * from lam|')).toEqual(['lamindb_artifact', 'lamindb_user']);
    expect(offered('select * from lamindb_user u, |')).toContain('lamindb_artifact');
    expect(offered('select * from |')).toContain('"odd name"');
  });

  it('offers columns of the tables read, also where FROM comes later, and by alias', () => {
    expect(offered('select han| from lamindb_user')).toEqual(['handle']);
    expect(offered('select a.| from lamindb_artifact a')).toEqual(['id', 'key', 'created_by_id']);
    expect(offered('select a.cr| from lamindb_artifact a')).toEqual(['created_by_id']);
    expect(offered('select lamindb_user.h| from lamindb_user')).toEqual(['handle']);
    expect(offered('select nobody.| from lamindb_user')).toEqual([]);
  });

  it('says whose a column is where two tables have it', () => {
    const sql = 'select | from lamindb_artifact a join lamindb_user u on a.created_by_id = u.id';
    expect(offered(sql)).toEqual(expect.arrayContaining(['a.id', 'u.id', 'key', 'handle']));
    expect(offered(sql)).not.toContain('id');
  });

  it('offers the foreign key after ON', () => {
    expect(offered('select * from lamindb_artifact a join lamindb_user u on |')[0]).toBe(
      'a.created_by_id = u.id',
    );
  });

  it('is quiet in strings and comments, and speaks again behind them', () => {
    expect(offered("select 'lam|")).toEqual([]);
    expect(offered('select 1 -- lam|')).toEqual([]);
    expect(offered('select 1 /* lam|')).toEqual([]);
    expect(offered("-- it's\nselect han| from lamindb_user")).toEqual(['handle']);
    expect(offered("select 'it''s', han| from lamindb_user")).toEqual(['handle']);
  });

  it('looks only at the statement it is in', () => {
    expect(offered('select 1 from lamindb_user; select ha|')).toEqual(['having']);
  });
});

it('a name that does not exist is answered with the nearest one that does', () => {
  const meant = (message: string, sql: string) => suggestionFor(message, sql, tables);
  expect(meant('no such table: artifact', '')).toBe('lamindb_artifact');
  expect(meant('no such table: lamindb_artfiact', '')).toBe('lamindb_artifact');
  expect(meant('no such column: handel', 'select handel from lamindb_user')).toBe('handle');
  expect(meant('no such column: u.handel', 'select u.handel from lamindb_user u')).toBe('u.handle');
  expect(meant('no such column: a.handel', 'select a.handel from lamindb_artifact a')).toBeNull();
  expect(meant('no such table: zebra', '')).toBeNull();
  expect(meant('near "x": syntax error', '')).toBeNull();
});
