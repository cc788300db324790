// The registries of a copy of the database as parquet files, one each.
import { asLamindb } from '../engine/branch/at-rest.ts';
import { bytesMember, type ExportMember } from '../engine/interop/python-export.ts';
import { portableTables, readTable, tableParts } from '../engine/interop/registry-tables.ts';
import type { Model } from '../engine/model/types.ts';
import type { SqlDriver } from '../engine/ports.ts';
import { createParquetTable } from '../formats/parquet-table.ts';

/** Rows held at once while a table is written. */
const chunkRows = 50_000;

export function* parquetFiles(driver: SqlDriver, model: Model): Generator<ExportMember> {
  asLamindb(driver, model);
  const modules = model.modules.map((module) => module.name);
  for (const table of portableTables(model, modules)) {
    const file = createParquetTable(readTable(driver, table, null, 0));
    for (const part of tableParts(driver, table, chunkRows)) file.write(part);
    yield bytesMember(`${table.name}.parquet`, file.finish());
  }
}
