// Synonyms of a row (lamindb 2.12.1 `add_synonym`, `remove_synonym`): texts between bars, none of which is the name or a synonym
// of another row unless that is wanted.
import { LoamError } from '../engine/errors.ts';
import type { RegistryCore } from './registry.ts';
import { stateOf } from './state.ts';

interface Named {
  synonyms: string | null;
  [field: string]: unknown;
}

const listOf = (given: string | readonly string[]): string[] =>
  (typeof given === 'string' ? [given] : [...given]).map((one) => one.trim()).filter((one) => one !== '');
const partsOf = (synonyms: string | null): string[] =>
  (synonyms ?? '').split('|').filter((one) => one !== '');

export function synonymMethods(core: RegistryCore) {
  const field = core.info.nameField;
  const named = (row: object): Named => {
    if (stateOf(row)?.id == null)
      throw new LoamError('ValueError', `Save the ${core.name} first.`, { registry: core.name });
    return row as Named;
  };
  const keep = async (row: Named, synonyms: string[]): Promise<void> => {
    row.synonyms = synonyms.length === 0 ? null : synonyms.join('|');
    await core.save(row);
  };

  return {
    async addSynonym(
      row: object,
      given: string | readonly string[],
      { force = false }: { force?: boolean } = {},
    ): Promise<void> {
      const own = named(row);
      const wanted = listOf(given).filter((one) => one !== own[field]);
      const bar = wanted.find((one) => one.includes('|'));
      if (bar !== undefined)
        throw new LoamError(
          'ValueError',
          `A synonym cannot contain "|", which stands between synonyms: "${bar}".`,
          {
            field: 'synonyms',
          },
        );
      if (!force) await refuseTaken(own, wanted);
      await keep(own, [...new Set([...partsOf(own.synonyms), ...wanted])]);
    },
    async removeSynonym(row: object, given: string | readonly string[]): Promise<void> {
      const own = named(row);
      const gone = new Set(listOf(given));
      await keep(
        own,
        partsOf(own.synonyms).filter((one) => !gone.has(one)),
      );
    },
  };

  async function refuseTaken(row: Named, wanted: readonly string[]): Promise<void> {
    const known = await core.engine.standardizeValues(core.name, [...wanted], { returnMapper: true });
    const exact = await core.engine.validateValues(core.name, [...wanted]);
    for (const [at, one] of wanted.entries()) {
      const mapped = Array.isArray(known) ? undefined : known[one];
      const other = exact[at] ? one : typeof mapped === 'string' ? mapped : null;
      if (other === null || other === row[field]) continue;
      throw new LoamError(
        'ValidationError',
        `"${one}" is ${other === one ? 'the name' : 'a synonym'} of another ${core.name}, ${other}. Pass { force: true } to give it to both.`,
        { registry: core.name, field: 'synonyms' },
      );
    }
  }
}
