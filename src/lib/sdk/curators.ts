// Datasets that are saved only where a schema allows it, as LaminDB's curators do: `validate` throws a ValidationError that says
// what is wrong, `saveArtifact` saves what is valid. What a dataset is, is found by its content.
import type { ValidationResult } from '../workers/wire.ts';
import { newArtifact } from './artifact.ts';
import { datasetOf, refuseInvalid, schemaUid, type DatasetKind } from './dataset.ts';
import type { LnPort } from './port.ts';
import type { RegistryCore } from './registry.ts';

/** `new ln.curators.DataFrameCurator(rows, schema)`; `new` may be left out. */
export function createCurators(core: RegistryCore, port: LnPort): Record<string, unknown> {
  const curator = (kind: DatasetKind) =>
    function (dataset: unknown, schema: unknown): object {
      let key: string | undefined;
      let last: ValidationResult | null = null;
      const look = async (): Promise<ValidationResult> => {
        const { source, name } = await datasetOf(kind, dataset, key);
        last = await port.curate.validate(source, name, await schemaUid(core.shared, port, schema));
        return last;
      };
      return {
        dataset,
        schema,
        /** What was found last. */
        get result() {
          return last;
        },
        inspect: look,
        validate: async () => refuseInvalid(await look()),
        async saveArtifact(options: Record<string, unknown> = {}) {
          key = typeof options['key'] === 'string' ? options['key'] : key;
          const { source, name } = await datasetOf(kind, dataset, key);
          const artifact = newArtifact(core, source, { ...options, key: key ?? name, schema });
          return (artifact as { save(): Promise<object> }).save();
        },
      };
    };
  return {
    DataFrameCurator: curator('DataFrame'),
    AnnDataCurator: curator('AnnData'),
    MuDataCurator: curator('MuData'),
    SpatialDataCurator: curator('SpatialData'),
  };
}
