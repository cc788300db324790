// What is written down about artifacts and records of the example database: people, branches, labels, projects, biology,
// transforms with their runs, features with their schemas.
import type { Steps } from '../../src/lib/engine/statement.ts';
import { stamp, uid, type Cells, type Rows } from './example-rows.ts';

export function* makeRegistries({ add, id, pair }: Rows): Steps<void> {
  yield* add('lamindb_user', 'ada', {
    uid: 'ada00000',
    handle: 'ada',
    name: 'Ada Lovelace',
    created_at: stamp(0),
  });
  yield* add('lamindb_branch', 'work', {
    uid: uid('br', 1, 12),
    name: 'work',
    description: 'A branch',
    created_by_id: id('ada'),
  });
  yield* add('lamindb_branch', 'review', { uid: uid('br', 2, 12), name: 'review', _status_code: 2 });
  yield* add('lamindb_space', 'lab', { uid: uid('sp', 1, 12), name: 'Lab', created_by_id: 1 });
  yield* add('lamindb_storage', 'cloud', {
    uid: uid('st', 1, 12),
    root: 's3://bucket/data',
    type: 's3',
    region: 'eu-central-1',
  });

  /* ---------- labels ---------- */
  const labels: [string, Cells][] = [
    ['Batch', { is_type: 1, description: 'Kinds of batches' }],
    ['batch 1', { type: 'Batch', description: 'First batch' }],
    ['batch 2', { type: 'Batch', reference: 'B-2', reference_type: 'lims' }],
    ['Batch 10', { type: 'Batch' }],
    ['50% done_\\ok', { description: 'signs: % _ \\' }],
    ['Ärger', { description: 'Umlaut ä' }],
    ['ärger', {}],
    ['control', { description: null, space_id: id('lab'), is_locked: 1 }],
    ['treated', { description: 'a|b|control|c', created_by_id: id('ada') }],
    ['on work', { branch_id: id('work'), created_on_id: id('work') }],
    ['on review', { branch_id: id('review') }],
    ['trashed', { branch_id: -1 }],
    ['archived', { branch_id: 0 }],
  ];
  for (const [i, [name, { type, ...cells }]] of labels.entries()) {
    const typed: Cells = typeof type === 'string' ? { type_id: id(`label ${type}`) } : {};
    yield* add('lamindb_ulabel', `label ${name}`, { uid: uid('ul', i, 8), name, ...typed, ...cells });
  }
  yield* pair(
    'lamindb_ulabel_parents',
    ['from_ulabel_id', 'label batch 1'],
    ['to_ulabel_id', 'label control'],
  );
  yield* pair(
    'lamindb_ulabel_parents',
    ['from_ulabel_id', 'label batch 2'],
    ['to_ulabel_id', 'label control'],
  );
  yield* pair(
    'lamindb_ulabel_parents',
    ['from_ulabel_id', 'label batch 2'],
    ['to_ulabel_id', 'label treated'],
  );
  yield* pair(
    'lamindb_ulabel_parents',
    ['from_ulabel_id', 'label Batch 10'],
    ['to_ulabel_id', 'label batch 2'],
  );

  /* ---------- projects, references ---------- */
  const projects: [string, Cells][] = [
    [
      'Atlas',
      {
        abbr: 'AT',
        url: 'https://atlas.example',
        start_date: '2025-02-28',
        end_date: '2026-03-01',
        _status_code: -1,
      },
    ],
    ['Pilot', { start_date: '2024-12-30', description: 'first try' }],
    ['Follow up', { start_date: '2026-01-01', _status_code: 4 }],
  ];
  for (const [i, [name, cells]] of projects.entries())
    yield* add('lamindb_project', `project ${name}`, { uid: uid('pr', i, 12), name, ...cells });
  yield* pair(
    'lamindb_project_parents',
    ['from_project_id', 'project Pilot'],
    ['to_project_id', 'project Atlas'],
  );
  yield* pair(
    'lamindb_project_predecessors',
    ['from_project_id', 'project Follow up'],
    ['to_project_id', 'project Pilot'],
  );
  yield* add('lamindb_reference', 'paper', {
    uid: uid('rf', 0, 12),
    name: 'A paper',
    doi: '10.1/abc',
    pubmed_id: 123456789012,
    date: '2026-05-17',
    text: 'Abstract\nline two',
  });
  yield* add('lamindb_reference', 'book', {
    uid: uid('rf', 1, 12),
    name: 'A book',
    url: 'https://book.example/x?y=1',
  });
  yield* pair('lamindb_project_references', ['project_id', 'project Atlas'], ['reference_id', 'paper']);
  yield* pair('lamindb_projectuser', ['project_id', 'project Atlas'], ['user_id', 'ada'], { role: 'lead' });
  yield* pair('lamindb_branchuser', ['branch_id', 'review'], ['user_id', 'ada'], { role: 'reviewer' });
  yield* pair('lamindb_branchulabel', ['branch_id', 'work'], ['ulabel_id', 'label control']);
  yield* pair('lamindb_ulabelproject', ['ulabel_id', 'label treated'], ['project_id', 'project Atlas']);

  /* ---------- bionty ---------- */
  yield* add('bionty_organism', 'human', {
    uid: uid('og', 0, 14),
    name: 'human',
    ontology_id: 'NCBITaxon:9606',
    scientific_name: 'homo_sapiens',
  });
  yield* add('bionty_organism', 'mouse', {
    uid: uid('og', 1, 14),
    name: 'mouse',
    ontology_id: 'NCBITaxon:10090',
    scientific_name: 'mus_musculus',
  });
  const types: [string, string, string | null][] = [
    ['cell', 'CL:0000000', null],
    ['lymphocyte', 'CL:0000542', null],
    ['T cell', 'CL:0000084', 'T-cell|T lymphocyte|T-lymphocyte'],
    ['B cell', 'CL:0000236', 'B-cell|B lymphocyte'],
    ['natural killer cell', 'CL:0000623', 'NK cell|NK-cell|large granular T cell'],
    ['activated CD8-positive T cell', 'CL:0000906', null],
  ];
  for (const [i, [name, ontology_id, synonyms]] of types.entries())
    yield* add('bionty_celltype', `type ${name}`, {
      uid: uid('ct', i, 14),
      name,
      ontology_id,
      synonyms,
      description: i === 2 ? 'A type of lymphocyte, a T cell.' : null,
      source_id: i < 4 ? 13 : null,
    });
  for (const [child, parent] of [
    ['lymphocyte', 'cell'],
    ['T cell', 'lymphocyte'],
    ['B cell', 'lymphocyte'],
    ['natural killer cell', 'lymphocyte'],
    ['activated CD8-positive T cell', 'T cell'],
  ])
    yield* pair(
      'bionty_celltype_parents',
      ['from_celltype_id', `type ${child}`],
      ['to_celltype_id', `type ${parent}`],
    );
  for (const [i, [symbol, organism, synonyms]] of (
    [
      ['CD8A', 'human', 'CD8|p32'],
      ['CD4', 'human', null],
      ['Cd4', 'mouse', 'L3T4|Ly-4'],
      [null, 'human', null],
    ] as const
  ).entries())
    yield* add('bionty_gene', `gene ${i}`, {
      uid: uid('gn', i, 14),
      symbol,
      organism_id: id(organism),
      synonyms,
      ensembl_gene_id: i === 3 ? null : `ENSG0000000000${i}`,
      stable_id: i === 3 ? 'odd-1' : null,
      biotype: 'protein_coding',
    });

  /* ---------- transforms, runs ---------- */
  const transforms: [string, Cells][] = [
    [
      'load.py',
      {
        uid: `${uid('tf', 0, 12)}0000`,
        kind: 'script',
        hash: 'hashloadpy0000000000a1',
        source_code: 'print(1)\n',
      },
    ],
    [
      'load.py',
      {
        uid: `${uid('tf', 0, 12)}0001`,
        kind: 'script',
        hash: 'hashloadpy0000000000a2',
        version_tag: '1.1',
      },
    ],
    [
      'train.ipynb',
      {
        uid: `${uid('tf', 1, 12)}0000`,
        kind: 'notebook',
        description: 'Trains a model',
        reference: 'https://x.example',
        reference_type: 'url',
      },
    ],
  ];
  for (const [i, [key, cells]] of transforms.entries())
    yield* add('lamindb_transform', `transform ${i}`, { key, ...cells });
  yield* pair(
    'lamindb_transformtransform',
    ['successor_id', 'transform 2'],
    ['predecessor_id', 'transform 1'],
    { config: '{"depth": 2}' },
  );
  const runs: [number, Cells][] = [
    [
      0,
      {
        _status_code: 0,
        started_at: stamp(2, '08:00:00.000001'),
        finished_at: stamp(2, '09:30:00'),
        params:
          '{"lr": 0.1, "steps": 10, "name": "first", "tags": ["a", "b"], "deep": {"on": true, "none": null}}',
      },
    ],
    [
      1,
      {
        _status_code: 1,
        started_at: stamp(3, '23:59:59.999999'),
        finished_at: null,
        params: '{"lr": 0.01, "steps": 9, "name": "second", "tags": [], "deep": {"on": false}}',
      },
    ],
    [
      2,
      {
        _status_code: -1,
        started_at: stamp(62, '12:00:00'),
        finished_at: null,
        params: null,
        entrypoint: 'main',
        cli_args: '--x 1',
      },
    ],
    [
      2,
      {
        _status_code: 0,
        started_at: stamp(400, '00:00:00'),
        finished_at: stamp(400, '00:00:01'),
        params: '{"lr": 1, "steps": "10"}',
        name: 'named run',
      },
    ],
  ];
  for (const [i, [transform, cells]] of runs.entries())
    yield* add('lamindb_run', `run ${i}`, {
      uid: uid('rn', i, 16),
      transform_id: id(`transform ${transform}`),
      created_by_id: i === 1 ? id('ada') : 1,
      ...cells,
      ...(i === 3 ? { initiated_by_run_id: id('run 2') } : {}),
    });

  /* ---------- features, schemas ---------- */
  const features: [string, string, Cells?][] = [
    ['temperature', 'float', { unit: '°C' }],
    ['count', 'int'],
    ['score', 'num'],
    ['note', 'str', { description: 'A free note', synonyms: 'remark|comment' }],
    ['passed', 'bool', { coerce: 1, nullable: 0 }],
    ['day', 'date'],
    ['moment', 'datetime'],
    ['settings', 'dict'],
    ['numbers', 'list[int]'],
    ['words', 'list[str]'],
    ['batch', 'cat[ULabel]'],
    ['batches', 'list[cat[ULabel]]'],
    ['cell_type', 'cat[bionty.CellType]'],
    ['cell_type_id', 'cat[bionty.CellType.ontology_id]'],
    ['sample', 'cat[Record]'],
    ['operator', 'cat[User]'],
    ['source_file', 'cat[Artifact]'],
    ['study', 'cat[Project]'],
    ['link', 'url'],
    ['unused', 'str'],
    ['size', 'int', { description: 'named like a field' }],
  ];
  for (const [i, [name, dtype, cells = {}]] of features.entries())
    yield* add('lamindb_feature', `feature ${name}`, {
      uid: uid('ft', i, 12),
      name,
      _dtype_str: dtype,
      nullable: 1,
      ...cells,
    });
  yield* add('lamindb_feature', 'feature gone', {
    uid: uid('ft', 90, 12),
    name: 'gone',
    _dtype_str: 'str',
    branch_id: -1,
  });
  for (const n of [1, 2])
    yield* add('lamindb_feature', `feature twin ${n}`, {
      uid: uid('ft', 90 + n, 12),
      name: 'twin',
      _dtype_str: 'str',
    });
  yield* add('lamindb_schema', 'sheet schema', {
    uid: uid('sc', 0, 16),
    name: 'sheet',
    itype: 'Feature',
    n_members: 2,
    hash: 'hashsheet0000000000001',
    minimal_set: 1,
    ordered_set: 0,
    maximal_set: 0,
  });
  for (const name of ['temperature', 'batch'])
    yield* pair('lamindb_schemafeature', ['schema_id', 'sheet schema'], ['feature_id', `feature ${name}`]);
  yield* add('lamindb_schema', 'obs schema', {
    uid: uid('sc', 1, 16),
    name: null,
    itype: 'Feature',
    n_members: 1,
    hash: 'hashobs000000000000001',
    coerce: 1,
    otype: 'DataFrame',
  });
  yield* pair('lamindb_schemafeature', ['schema_id', 'obs schema'], ['feature_id', 'feature cell_type']);
  yield* add('lamindb_schema', 'var schema', {
    uid: uid('sc', 2, 16),
    name: null,
    itype: 'bionty.Gene.ensembl_gene_id',
    n_members: 2,
    hash: 'hashvar000000000000001',
    _dtype_str: 'num',
  });
  for (const n of [0, 1])
    yield* pair('bionty_schemagene', ['schema_id', 'var schema'], ['gene_id', `gene ${n}`]);
  yield* add('lamindb_schema', 'composite', {
    uid: uid('sc', 3, 16),
    name: 'anndata',
    otype: 'AnnData',
    hash: 'hashcomposite000000001',
    flexible: 1,
  });
  yield* pair('lamindb_schemacomponent', ['composite_id', 'composite'], ['component_id', 'obs schema'], {
    slot: 'obs',
  });
}
