// Terms of ontologies (bionty 2.5.2): uids follow from the term, so that two offline peers agree on them; genes, proteins
// and cell markers need an organism; of the versions of a source one is in use.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import { ontologyUid } from '../uid.ts';
import { update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Behaviour, Change, CreatePlan, Draft, UpdatePlan } from './behaviour.ts';
import { labelOf, nameOf } from './tables.ts';

/** The column that identifies a term outside (bionty's `_ontology_id_field`), then its second best. */
const identifiers = ['ontology_id', 'ensembl_gene_id', 'stable_id', 'uniprotkb_id'];
const uidFrom: Record<string, string[]> = {
  Gene: ['ensembl_gene_id', 'stable_id'],
  Protein: ['uniprotkb_id'],
};

export const term: Behaviour = {
  *create(_tx: Transaction, draft: Draft): Steps<CreatePlan> {
    const { table, given } = draft;
    if (table.column.has('organism_id') && (given['organism'] ?? given['organism_id'] ?? null) === null) {
      throw new LoamError(
        'OrganismNotSet',
        `\`organism\` is required to create new ${labelOf(table)} records! Pass the organism, e.g. "human".`,
        { registry: labelOf(table), field: 'organism' },
      );
    }
    return {
      accepts: (id) => sameTerm(draft, id),
      *complete() {
        draft.values['uid'] = yield* uidOf(draft);
      },
    };
  },
};

/** LaminDB gives back any row of the name and overwrites its identifiers; a row with another identity is not the same term. */
function* sameTerm({ table, values }: Draft, id: number): Steps<boolean> {
  const columns = [...identifiers, 'organism_id'].filter((c) => table.column.has(c));
  const row = yield* one(
    `SELECT ${columns.map((c) => `"${c}"`).join(', ') || '1'} FROM "${table.name}" WHERE id = ?`,
    [id],
  );
  return columns.every((column, i) => {
    const [have, asked] = [row?.[i] ?? null, values[column] ?? null];
    return have === null || asked === null || have === asked;
  });
}

/** base62(md5(text)): the identifier, else name and organism. */
function* uidOf({ table, values }: Draft): Steps<string> {
  const given = values['uid'];
  if (typeof given === 'string') return given;
  for (const column of uidFrom[labelOf(table)] ?? ['ontology_id']) {
    const text = values[column];
    if (typeof text === 'string' && text !== '') return ontologyUid(text, table.uidLength);
  }
  const name = values[nameOf(table)];
  if (typeof name !== 'string' || name === '') {
    const fields = [...(uidFrom[labelOf(table)] ?? ['ontology_id']), nameOf(table)].join(' or ');
    throw new LoamError('FieldValidationError', `A ${labelOf(table)} must have ${fields}.`, {
      registry: labelOf(table),
      field: nameOf(table),
    });
  }
  return ontologyUid(`${name}${yield* organismName(table, values)}`, table.uidLength);
}

function* organismName(table: Table, values: Draft['values']): Steps<string> {
  if (!table.column.has('organism_id')) return '';
  const row = yield* one('SELECT name FROM bionty_organism WHERE id = ?', [values['organism_id'] ?? null]);
  return String(row?.[0] ?? '');
}

export const source: Behaviour = {
  *create(_tx: Transaction, draft: Draft): Steps<CreatePlan> {
    return {
      *complete() {
        const text = ['entity', 'name', 'organism', 'version']
          .map((c) => String(draft.values[c] ?? ''))
          .join('');
        draft.values['uid'] ??= ontologyUid(text, draft.table.uidLength);
      },
    };
  },
  *update(tx: Transaction, change: Change): Steps<UpdatePlan> {
    return {
      *after() {
        // Of the versions of one source, the one last put into use is the one in use.
        if (change.values['currently_used'] !== 1) return;
        const { entity = null, organism = null, name = null } = { ...change.row, ...change.values };
        const others = yield* all(
          'SELECT id FROM bionty_source WHERE entity = ? AND organism = ? AND name = ? AND id <> ? AND currently_used = 1',
          [entity, organism, name, change.id],
        );
        yield* update(
          tx,
          'bionty_source',
          others.map((r) => Number(r[0])),
          { currently_used: 0 },
        );
      },
    };
  },
};
