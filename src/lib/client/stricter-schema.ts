// A schema like another one that refuses what that one lets pass: strange columns of a table, names that no registry has.
import { LoamError } from '../engine/errors.ts';
import type { CurationSlot } from '../workers/curation-wire.ts';
import type { BuiltSchema, MemberDraft, PartDraft, SchemaContent } from '../workers/schemas-wire.ts';
import { ofFeatures, usualRules } from './schema-rows.ts';
import { session } from './session.svelte.ts';

interface Asked {
  uid: string;
  name: string | null;
}

/**
 * `stricter`: the slots that take nothing but what they name from now on (LaminDB's `maximal_set`). Columns that a flexible
 * schema found to be features are named, though not needed. A schema that asks the same already is that one.
 */
export async function stricterSchema(
  { uid, name }: Asked,
  slots: readonly CurationSlot[],
  stricter: ReadonlySet<string>,
): Promise<BuiltSchema> {
  const [contents, [row]] = await Promise.all([
    session.engine.schemaContents(uid),
    session.engine.queryRows({ registry: 'Schema', filters: [{ uid }] }, [
      'otype',
      'description',
      'suffix',
      'type__uid',
    ]),
  ]);
  const kinds = new Map(
    (
      await session.engine.queryRows(
        { registry: 'Schema', filters: [{ uid__in: contents.map(({ schema }) => schema.key) }] },
        ['uid', 'itype', '_dtype_str', 'n_members'],
      )
    ).map(([key, itype, dtype, size]) => [
      String(key),
      { itype: text(itype) ?? 'Feature', dtype: text(dtype), size: typeof size === 'number' ? size : null },
    ]),
  );
  const partOf = (content: SchemaContent): PartDraft => {
    const slot = content.slot ?? 'columns';
    const found = slots.find((one) => one.slot === slot);
    const kind = kinds.get(content.schema.key) ?? { itype: 'Feature', dtype: null, size: null };
    return part(content, kind, found, stricter.has(slot));
  };
  const own = contents.find(({ slot }) => slot === null);
  const draft = {
    ...(own ? partOf(own) : nothing),
    otype: text(row?.[0]),
    description: text(row?.[1]),
    suffix: text(row?.[2]),
    type: text(row?.[3]),
    slots: contents.flatMap((content) =>
      content.slot === null ? [] : [{ slot: content.slot, schema: partOf(content) }],
    ),
    sheet: null,
  };
  for (let tried = 1; ; tried++) {
    const named = { ...draft, name: `${name ?? 'schema'} (strict${tried > 1 ? ` ${tried}` : ''})` };
    const { problems } = await session.engine.lookAtSchema(named);
    const [first] = problems;
    if (first && !(first.field === 'name' && tried < 50))
      throw new LoamError('InvalidArgument', first.message);
    if (!first) return session.engine.buildSchema(named);
  }
}

/** A composite of slots alone asks nothing of its own. */
const nothing: PartDraft = {
  name: null,
  itype: 'Feature',
  dtype: null,
  size: null,
  members: [],
  index: null,
  ...usualRules,
};

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function part(
  { members, total, rules, schema }: SchemaContent,
  { itype, dtype, size }: Pick<PartDraft, 'itype' | 'dtype' | 'size'>,
  found: CurationSlot | undefined,
  strict: boolean,
): PartDraft {
  if (total > members.length)
    throw new LoamError(
      'InvalidArgument',
      `${schema.name} names ${total.toLocaleString('en')} members, too many to copy here. Change its rules on its own page.`,
    );
  const features = ofFeatures({ itype });
  const named: MemberDraft[] = members.map(({ key, name, dtype, optional }) => ({
    uid: key,
    name,
    dtype: dtype ?? '',
    optional,
  }));
  const known = new Set(named.map(({ uid }) => uid));
  const more = strict && features && rules.flexible ? (found?.members ?? []) : [];
  for (const { uid, name, dtype } of more)
    if (!known.has(uid)) named.push({ uid, name, dtype, optional: true });
  const index = members.findIndex((member) => member.index);
  const { minimal, ordered, maximal, flexible, coerce } = rules;
  return {
    name: null,
    itype,
    dtype,
    size,
    members: named,
    index: index < 0 ? null : index,
    ...{ minimal, ordered, coerce },
    maximal: maximal || strict,
    flexible: strict && features ? false : flexible,
  };
}
