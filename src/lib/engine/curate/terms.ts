// Terms for values that no registry has: names that are like them, and rows made of them, where the values were looked for.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { parseDtype } from '../features/dtype.ts';
import { typeOf } from '../features/dtype-rows.ts';
import { create } from '../registry/create.ts';
import type { Fields } from '../registry/registry-types.ts';
import { registryOf } from '../registry/tables.ts';
import { all, one, type Steps } from '../statement.ts';
import type { FindingTerms } from './finding.ts';
import { categoryLookUp, namesIn, type LookUp } from './look-up.ts';
import { createSimilar, type Suggestion } from './similar.ts';

export function termsPart(context: EngineContext, breathe: () => Promise<void>) {
  const { model, read, readInTurn, writer, act } = context;
  const author = writer.author;
  /** Names of registries made ready for suggestions, until something is written. */
  const similar = new Map<string, ReturnType<typeof createSimilar>>();
  let similarAt = -1;

  const written = (): number => Number(read(one('SELECT total_changes()'))?.[0] ?? 0);

  /** Names that are like values that no row has, best first; three each unless said otherwise. */
  async function suggestTerms(
    terms: FindingTerms,
    texts: readonly string[],
    most = 3,
  ): Promise<Record<string, Suggestion[]>> {
    const now = written();
    if (now !== similarAt) similar.clear();
    similarAt = now;
    const key = JSON.stringify(terms);
    let names = similar.get(key);
    if (names === undefined) {
      const asks = read(asksOf(terms));
      const found = [];
      for (const ask of asks) {
        const organism =
          terms.organism === null ? null : { id: read(organismId(terms.organism)), name: terms.organism };
        found.push(
          ...(await readInTurn(namesIn(ask, ask.table.column.has('organism_id') ? organism : null))),
        );
      }
      similar.set(key, (names = createSimilar(found)));
    }
    const told: Record<string, Suggestion[]> = {};
    for (const text of texts.slice(0, mostSuggested)) {
      told[text] = names.find(text, most);
      // Thousands of names against hundreds of values: others get their turn.
      await breathe();
    }
    return told;
  }

  /** Where the values of a finding were looked for: a feature's categories with their filters, else the registry itself. */
  function* asksOf(terms: FindingTerms): Steps<LookUp[]> {
    const scope = { model, author };
    if (terms.featureUid === null) {
      const table = registryOf(model, terms.registry);
      const type = terms.typeUid === null ? null : yield* typeOf(table, terms.typeUid);
      return [
        {
          ...scope,
          table,
          field: checkedField(terms.field, table.column),
          where: [],
          typeId: type?.id ?? null,
        },
      ];
    }
    const row = yield* one('SELECT _dtype_str FROM lamindb_feature WHERE uid = ?', [terms.featureUid]);
    const asks: LookUp[] = [];
    for (const category of parseDtype(String(row?.[0] ?? '')).categories) {
      asks.push(yield* categoryLookUp(scope, category));
    }
    return asks;
  }

  /** Rows of these names where the values of a finding were looked for, below its type: one act, one undo. */
  function createTerms(terms: FindingTerms, names: readonly string[]): number {
    const table = registryOf(model, terms.registry);
    const field = checkedField(terms.field, table.column);
    const wanted = [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))];
    if (wanted.length === 0) return 0;
    if (wanted.length > mostCreated)
      throw new LoamError(
        'InvalidArgument',
        `At most ${mostCreated.toLocaleString('en')} terms are created at once; these are ${wanted.length.toLocaleString('en')}.`,
      );
    const title =
      wanted.length === 1
        ? `New ${terms.registry} ${wanted[0] ?? ''}`
        : `New ${terms.registry} for ${wanted.length} values`;
    const made = act('create', title, function* (tx) {
      let created = 0;
      for (const name of wanted) {
        const fields: Fields = { [field]: name };
        if (terms.typeUid !== null) fields['type'] = { uid: terms.typeUid };
        if (terms.organism !== null && table.column.has('organism_id')) fields['organism'] = terms.organism;
        // The value is wanted exactly as it is; a look at similar names was had on the screen.
        if ((yield* create(tx, terms.registry, fields, { searchNames: false })).created) created++;
      }
      return created;
    });
    return made ?? wanted.length;
  }

  return { suggestTerms, createTerms };
}

/** Rows made in one transaction. */
const mostCreated = 2000;

/** Values that suggestions are looked for at once. */
const mostSuggested = 500;

function checkedField(field: string, columns: ReadonlyMap<string, unknown>): string {
  if (columns.has(field)) return field;
  throw new LoamError('FieldError', `The registry has no field "${field.slice(0, 60)}".`, { field });
}

function* organismId(name: string): Steps<number | null> {
  const rows = yield* all('SELECT id FROM bionty_organism WHERE name = ? ORDER BY id LIMIT 1', [name]);
  return rows[0] === undefined ? null : Number(rows[0][0]);
}
