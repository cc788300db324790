// The records, artifacts and collections of the example database, their annotations and notes.
import type { Steps } from '../../src/lib/engine/statement.ts';
import { stamp, uid, type Cells, type Rows } from './example-rows.ts';

export function* makeObjects({ add, id, pair }: Rows): Steps<void> {
  /* ---------- records ---------- */
  const records: [string | null, Cells][] = [
    ['Sample', { is_type: 1, schema: 'sheet schema' }],
    [
      'S1',
      {
        type: 'Sample',
        description: 'first sample',
        extra_data: '{"plate": {"row": 1, "well": "A1"}, "ok": true}',
      },
    ],
    ['S2', { type: 'Sample', extra_data: '{"plate": {"row": 12, "well": "B2"}, "ok": false, "n": null}' }],
    ['S3', { type: 'Sample', extra_data: '[1, {"x": 5}]' }],
    [null, { reference: 'R-1', reference_type: 'lims' }],
    ['Notes', { is_type: 1 }],
    ['topic', { is_type: 1, type: 'Notes' }],
    ['on work', { branch_id: id('work') }],
    ['gone', { branch_id: -1, type: 'Sample' }],
  ];
  for (const [i, [name, { type, schema, ...cells }]] of records.entries()) {
    const refs: Cells = {
      ...(typeof type === 'string' ? { type_id: id(`record ${type}`) } : {}),
      ...(typeof schema === 'string' ? { schema_id: id(schema) } : {}),
    };
    yield* add('lamindb_record', `record ${name ?? 'none'}`, {
      uid: uid('rc', i, 16),
      name,
      ...refs,
      ...cells,
    });
  }
  yield* pair('lamindb_record_parents', ['from_record_id', 'record S2'], ['to_record_id', 'record S1']);
  yield* pair('lamindb_record_parents', ['from_record_id', 'record S3'], ['to_record_id', 'record S1']);
  const cell = (table: string, record: string, feature: string, value: string) =>
    pair(table, ['record_id', `record ${record}`], ['feature_id', `feature ${feature}`], {
      value_id: id(value),
    });
  const jsonCell = (record: string, feature: string, value: string) =>
    pair('lamindb_recordjson', ['record_id', `record ${record}`], ['feature_id', `feature ${feature}`], {
      value,
    });
  yield* jsonCell('S1', 'temperature', '20.5');
  yield* jsonCell('S2', 'temperature', '9');
  yield* jsonCell('S3', 'temperature', '100.0');
  yield* jsonCell('S1', 'count', '3');
  yield* jsonCell('S2', 'count', '10');
  yield* jsonCell('S1', 'note', '"Good one"');
  yield* jsonCell('none', 'note', '"bad_one%"');
  yield* jsonCell('S1', 'passed', 'true');
  yield* jsonCell('S2', 'passed', 'false');
  yield* jsonCell('S1', 'day', '"2026-10-24"');
  yield* jsonCell('S3', 'numbers', '[3, 1, 2]');
  yield* jsonCell('S3', 'settings', '{"a": {"b": 1}, "c": "x"}');
  yield* cell('lamindb_recordulabel', 'S1', 'batch', 'label batch 1');
  yield* cell('lamindb_recordulabel', 'S2', 'batch', 'label batch 2');
  yield* cell('lamindb_recordulabel', 'S2', 'batches', 'label batch 2');
  yield* cell('lamindb_recordulabel', 'S2', 'batches', 'label batch 1');
  yield* cell('lamindb_recordrecord', 'S2', 'sample', 'record S1');
  yield* cell('lamindb_recorduser', 'S1', 'operator', 'ada');
  yield* cell('lamindb_recordproject', 'S3', 'study', 'project Pilot');
  yield* pair('bionty_recordcelltype', ['record_id', 'record S1'], ['value_id', 'type T cell'], {
    feature_id: id('feature cell_type'),
  });
  yield* pair('bionty_recordcelltype', ['record_id', 'record S2'], ['value_id', 'type B cell'], {
    feature_id: id('feature cell_type'),
  });

  /* ---------- artifacts ---------- */
  const artifacts: [string | null, Cells][] = [
    [
      'raw/a.csv',
      {
        uid: `${uid('ar', 0, 16)}0000`,
        suffix: '.csv',
        kind: 'dataset',
        otype: 'DataFrame',
        size: 100,
        hash: 'hash0000000000000000a0',
        n_observations: 10,
        run: 'run 0',
        description: 'Raw table of batch 1',
      },
    ],
    [
      'raw/a.csv',
      {
        uid: `${uid('ar', 0, 16)}0001`,
        suffix: '.csv',
        kind: 'dataset',
        otype: 'DataFrame',
        size: 150,
        hash: 'hash0000000000000000a1',
        n_observations: 15,
        run: 'run 1',
        version_tag: '2',
        created_by_id: id('ada'),
      },
    ],
    [
      'Raw/B.csv',
      {
        uid: `${uid('ar', 1, 16)}0000`,
        suffix: '.csv',
        size: 0,
        hash: '1B2M2Y8AsgTpgAmY7PhCfg',
        description: 'Empty',
      },
    ],
    [
      'raw_x.parquet',
      {
        uid: `${uid('ar', 2, 16)}0000`,
        suffix: '.parquet',
        kind: 'dataset',
        otype: 'DataFrame',
        size: 4096,
        hash: 'hash0000000000000000b0',
        schema: 'sheet schema',
        run: 'run 0',
        extra_data: '{"checked": true, "level": 3, "by": {"name": "Ada"}}',
      },
    ],
    [
      'sc/pbmc.h5ad',
      {
        uid: `${uid('ar', 3, 16)}0000`,
        suffix: '.h5ad',
        kind: 'dataset',
        otype: 'AnnData',
        size: 9_007_199_254_740_991,
        hash: 'hash0000000000000000c0',
        schema: 'composite',
        n_observations: 700,
        run: 'run 2',
        _key_is_virtual: 0,
      },
    ],
    [
      'model.pt',
      {
        uid: `${uid('ar', 4, 16)}0000`,
        suffix: '.pt',
        kind: 'model',
        size: 5000,
        hash: 'hash0000000000000000d0',
        run: 'run 3',
        extra_data: '{"level": "3"}',
      },
    ],
    [
      null,
      {
        uid: `${uid('ar', 5, 16)}0000`,
        suffix: '.txt',
        kind: '__lamindb_run__',
        size: 12,
        hash: 'hash0000000000000000e0',
        description: 'requirements.txt',
      },
    ],
    [
      'folder',
      {
        uid: `${uid('ar', 6, 16)}0000`,
        suffix: '',
        size: 30,
        n_files: 3,
        hash: 'hash0000000000000000f0',
        _overwrite_versions: 1,
      },
    ],
    [
      'cloud/x.csv',
      {
        uid: `${uid('ar', 7, 16)}0000`,
        suffix: '.csv',
        size: 77,
        hash: 'hash0000000000000000g0',
        storage_id: id('cloud'),
        _key_is_virtual: 0,
        _real_key: 'real/x.csv',
      },
    ],
    [
      'work.csv',
      {
        uid: `${uid('ar', 8, 16)}0000`,
        suffix: '.csv',
        size: 8,
        hash: 'hash0000000000000000h0',
        branch_id: id('work'),
        created_on_id: id('work'),
      },
    ],
    [
      'raw/a.csv',
      {
        uid: `${uid('ar', 0, 16)}0002`,
        suffix: '.csv',
        size: 160,
        hash: 'hash0000000000000000a2',
        branch_id: id('work'),
        created_on_id: id('work'),
        kind: 'dataset',
      },
    ],
    [
      'old.csv',
      {
        uid: `${uid('ar', 9, 16)}0000`,
        suffix: '.csv',
        size: 9,
        hash: 'hash0000000000000000i0',
        branch_id: -1,
      },
    ],
    [
      'names/αβγ 100%_\\.txt',
      {
        uid: `${uid('ar', 10, 16)}0000`,
        suffix: '.txt',
        size: 10,
        hash: 'hash0000000000000000j0',
        description: 'T cell|B cell. Über-Text (x), T cells; a\nb',
      },
    ],
    [
      'plan.md',
      {
        uid: `${uid('ar', 11, 16)}0000`,
        suffix: '.md',
        kind: 'plan',
        size: 11,
        hash: 'hash0000000000000000k0',
        is_locked: 1,
        space_id: id('lab'),
      },
    ],
  ];
  for (const [i, [key, { run, schema, ...cells }]] of artifacts.entries()) {
    const refs: Cells = {
      ...(typeof run === 'string' ? { run_id: id(run) } : {}),
      ...(typeof schema === 'string' ? { schema_id: id(schema) } : {}),
    };
    yield* add('lamindb_artifact', `artifact ${i}`, {
      storage_id: 1,
      key,
      _hash_type: 'md5',
      created_at: stamp(i, '10:00:00.500000'),
      ...refs,
      ...cells,
    });
  }
  const label = (artifact: number, name: string, feature?: string) =>
    pair('lamindb_artifactulabel', ['artifact_id', `artifact ${artifact}`], ['ulabel_id', `label ${name}`], {
      feature_id: feature === undefined ? null : id(`feature ${feature}`),
    });
  yield* label(0, 'batch 1');
  yield* label(0, 'batch 1', 'batch');
  yield* label(0, 'control');
  yield* label(1, 'batch 2', 'batch');
  yield* label(3, 'batch 1', 'batches');
  yield* label(3, 'batch 2', 'batches');
  yield* label(3, 'Batch 10', 'batch');
  yield* label(4, 'treated');
  yield* label(5, 'trashed', 'batch');
  yield* label(9, 'on work');
  yield* label(12, 'ärger');
  const typed = (artifact: number, name: string, feature: string | null) =>
    pair(
      'bionty_artifactcelltype',
      ['artifact_id', `artifact ${artifact}`],
      ['celltype_id', `type ${name}`],
      { feature_id: feature === null ? null : id(`feature ${feature}`) },
    );
  yield* typed(4, 'T cell', 'cell_type');
  yield* typed(4, 'B cell', 'cell_type');
  yield* typed(4, 'natural killer cell', null);
  yield* typed(3, 'T cell', 'cell_type_id');
  yield* typed(1, 'lymphocyte', 'cell_type');
  for (const [artifact, project] of [
    [0, 'Atlas'],
    [3, 'Atlas'],
    [3, 'Pilot'],
    [4, 'Follow up'],
  ] as const)
    yield* pair(
      'lamindb_artifactproject',
      ['artifact_id', `artifact ${artifact}`],
      ['project_id', `project ${project}`],
      { feature_id: null },
    );
  yield* pair('lamindb_artifactproject', ['artifact_id', 'artifact 5'], ['project_id', 'project Pilot'], {
    feature_id: id('feature study'),
  });
  yield* pair('lamindb_artifactreference', ['artifact_id', 'artifact 3'], ['reference_id', 'paper'], {
    feature_id: null,
  });
  yield* pair('lamindb_artifactrecord', ['artifact_id', 'artifact 3'], ['record_id', 'record S1'], {
    feature_id: id('feature sample'),
  });
  yield* pair('lamindb_artifactrecord', ['artifact_id', 'artifact 0'], ['record_id', 'record S2'], {
    feature_id: null,
  });
  yield* pair('lamindb_artifactuser', ['artifact_id', 'artifact 3'], ['user_id', 'ada'], {
    feature_id: id('feature operator'),
  });
  yield* pair('lamindb_artifactartifact', ['artifact_id', 'artifact 5'], ['value_id', 'artifact 3'], {
    feature_id: id('feature source_file'),
  });
  yield* pair('lamindb_artifactrun', ['artifact_id', 'artifact 4'], ['run_id', 'run 0'], {
    feature_id: null,
  });
  yield* pair('lamindb_artifactschema', ['artifact_id', 'artifact 4'], ['schema_id', 'obs schema'], {
    slot: 'obs',
  });
  yield* pair('lamindb_artifactschema', ['artifact_id', 'artifact 4'], ['schema_id', 'var schema'], {
    slot: 'var.T',
  });
  yield* pair('lamindb_artifact_input_of_runs', ['artifact_id', 'artifact 0'], ['run_id', 'run 1']);
  yield* pair('lamindb_artifact_input_of_runs', ['artifact_id', 'artifact 3'], ['run_id', 'run 2']);
  yield* pair('lamindb_artifact_input_of_runs', ['artifact_id', 'artifact 4'], ['run_id', 'run 3']);
  yield* pair('lamindb_artifact_recreating_runs', ['artifact_id', 'artifact 3'], ['run_id', 'run 1']);
  yield* pair('lamindb_recordartifact', ['record_id', 'record S3'], ['feature_id', 'feature source_file'], {
    value_id: id('artifact 3'),
  });

  /* ---------- values of artifacts and runs ---------- */
  const values: [string, string, number[]][] = [
    ['temperature', '21.5', [0, 1]],
    ['temperature', '9.0', [3]],
    ['temperature', '100.0', [3, 4]],
    ['count', '7', [0]],
    ['count', '10', [3]],
    ['score', '1', [4]],
    ['score', '2.5', [5]],
    ['note', '"Looks great"', [0]],
    ['note', '"looks 100% bad_"', [1]],
    ['note', '"T cell"', [4]],
    ['passed', 'true', [0, 3]],
    ['passed', 'false', [4]],
    ['day', '"2026-10-24"', [0]],
    ['day', '"2025-01-02"', [3]],
    ['moment', '"2026-10-24T10:11:12"', [0]],
    ['moment', '"2026-10-24T10:11:12.500000"', [3]],
    ['settings', '{"a": {"b": 1}, "c": "x"}', [0]],
    ['settings', '{"a": {"b": 2}, "d": [1, 2]}', [3]],
    ['numbers', '[3, 1, 2]', [0]],
    ['words', '["b", "a"]', [0]],
    ['link', '"https://example.org/x"', [0]],
    ['size', '5', [0]],
    ['note', 'null', [12]],
  ];
  for (const [i, [feature, value, artifactsWith]] of values.entries()) {
    yield* add('lamindb_jsonvalue', `value ${i}`, {
      feature_id: id(`feature ${feature}`),
      value,
      hash: uid('hv', i, 22),
    });
    for (const artifact of artifactsWith)
      yield* pair(
        'lamindb_artifactjsonvalue',
        ['artifact_id', `artifact ${artifact}`],
        ['jsonvalue_id', `value ${i}`],
      );
  }
  yield* pair('lamindb_runjsonvalue', ['run_id', 'run 0'], ['jsonvalue_id', 'value 0']);
  yield* pair('lamindb_runjsonvalue', ['run_id', 'run 1'], ['jsonvalue_id', 'value 1']);
  yield* pair('lamindb_runulabel', ['run_id', 'run 0'], ['ulabel_id', 'label control']);
  yield* pair('lamindb_runproject', ['run_id', 'run 0'], ['project_id', 'project Atlas']);
  yield* pair('lamindb_runrecord', ['run_id', 'run 1'], ['record_id', 'record S1'], {
    feature_id: id('feature sample'),
  });
  yield* pair('lamindb_runartifact', ['run_id', 'run 1'], ['artifact_id', 'artifact 3'], {
    feature_id: id('feature source_file'),
  });

  /* ---------- collections, notes ---------- */
  const members: [string, Cells, number[]][] = [
    ['sets/all', { uid: `${uid('co', 0, 16)}0000`, hash: 'hashcollection00000001' }, [3, 0]],
    [
      'sets/all',
      { uid: `${uid('co', 0, 16)}0001`, hash: 'hashcollection00000002', description: 'two more' },
      [3, 0, 4],
    ],
  ];
  for (const [i, [key, cells, list]] of members.entries()) {
    const meta: Cells = i === 1 ? { meta_artifact_id: id('artifact 2'), run_id: id('run 3') } : {};
    yield* add('lamindb_collection', `collection ${i}`, { key, ...cells, ...meta });
    for (const artifact of list)
      yield* pair(
        'lamindb_collectionartifact',
        ['collection_id', `collection ${i}`],
        ['artifact_id', `artifact ${artifact}`],
      );
  }
  yield* pair('lamindb_collectionulabel', ['collection_id', 'collection 1'], ['ulabel_id', 'label control']);
  yield* pair('lamindb_collection_input_of_runs', ['collection_id', 'collection 0'], ['run_id', 'run 3']);
  yield* add('lamindb_artifactblock', 'note 0', {
    uid: `${uid('bl', 0, 16)}0000`,
    artifact_id: id('artifact 3'),
    content: '# Title\n\nA note of the artifact',
    hash: 'hashnote00000000000001',
    kind: 'readme',
  });
  yield* add('lamindb_artifactblock', 'comment', {
    uid: `${uid('bl', 1, 16)}0000`,
    artifact_id: id('artifact 3'),
    content: 'Nice',
    kind: 'comment',
    created_by_id: id('ada'),
  });
  yield* add('lamindb_recordblock', 'note 1', {
    uid: `${uid('bl', 2, 16)}0000`,
    record_id: id('record topic'),
    content: 'Topic text',
    kind: 'readme',
  });
  yield* add('lamindb_block', 'page', {
    uid: `${uid('bl', 3, 16)}0000`,
    key: 'README.md',
    content: 'Hello',
    kind: 'readme',
  });
  yield* add('lamindb_block', 'below', {
    uid: `${uid('bl', 4, 16)}0000`,
    key: 'more.md',
    content: 'Below',
    kind: 'readme',
    anchor_id: id('page'),
  });
}
