// The types of `ln`: that they are those of the model, and what they allow and refuse. The lines marked `@ts-expect-error`
// are checked by `npm run check`; here their file only has to be current.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, expectTypeOf, it } from 'vitest';
import { sdkTypes } from '../../scripts/sdk-types.mjs';
import { model } from '../../src/lib/engine/model/model.ts';
import { registryName } from '../../src/lib/engine/model/name-field.ts';
import { fieldsOf } from '../../src/lib/engine/model/relations.ts';
import { behaviourOf } from '../../src/lib/engine/registry/behaviours.ts';
import { columnOf, fieldOf } from '../../src/lib/engine/registry/fields.ts';
import type { Ln, LnObject, Lookups } from '../../src/lib/sdk/types.ts';

it('are generated from the model and current', () => {
  const file = fileURLToPath(new URL('../../src/lib/sdk/registries.generated.ts', import.meta.url));
  const tools = { registryName, fieldsOf, fieldOf, columnOf, behaviourOf };
  expect(readFileSync(file, 'utf8') === sdkTypes(model, tools), 'run: node scripts/sdk-types.mjs').toBe(true);
});

it('know fields, look-ups, relations and what rows are made of', () => {
  const uses = async (ln: Ln) => {
    const artifact = await ln.Artifact.get('x');
    expectTypeOf(artifact.size).toEqualTypeOf<number | null>();
    expectTypeOf(artifact.is_latest).toEqualTypeOf<boolean>();
    expectTypeOf(artifact.run).resolves.toEqualTypeOf<LnObject<'Run'> | null>();
    expectTypeOf(await artifact.ulabels.first()).toEqualTypeOf<LnObject<'ULabel'> | null>();
    expectTypeOf(await artifact.cell_types.first()).toEqualTypeOf<LnObject<'bionty.CellType'> | null>();
    expectTypeOf(await ln.Artifact.filter({ key: 'a' }).toList('size')).toEqualTypeOf<(number | null)[]>();
    artifact.run = 'uid';
    // @ts-expect-error -- the size is a number
    artifact.size = '5';
    // @ts-expect-error -- an id is for life
    artifact.id = 5;
    // @ts-expect-error -- no such field
    void artifact.nothing;
    // @ts-expect-error -- labels carry no features
    void (await ln.ULabel.get('x')).features;
    // @ts-expect-error -- a name is needed
    ln.ULabel({ description: 'x' });
    // @ts-expect-error -- no such field
    ln.ULabel({ name: 'x', nothing: 1 });
    ln.Feature({ name: 'x', dtype: ln.bionty.CellType });
    // @ts-expect-error -- a size is no text
    void ln.Artifact.filter({ size__gt: 'much' });
    // @ts-expect-error -- true or false
    void ln.Artifact.filter({ description__isnull: 'yes' });
    void ln.Artifact.filter({
      size__in: [1, 2],
      created_at__gt: new Date(),
      ulabels__name: 'x',
      any__chain__of: 'these',
    });
  };
  expect(uses).toBeTypeOf('function');
  expectTypeOf<Lookups<'bionty.CellType'>['ontology_id__startswith']>().not.toBeAny();
});
