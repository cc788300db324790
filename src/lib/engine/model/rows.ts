// Row types by table name, for code that reads and writes rows. The columns come from rows.generated.ts, which is
// derived from the declarations; only the ways of looking at them are here.

import type { Insertable, Selectable, Updateable } from 'kysely';
import type { Database } from './rows.generated.ts';

export type { Database } from './rows.generated.ts';

export type TableName = keyof Database;
/** A row as it is read. */
export type Row<T extends TableName> = Selectable<Database[T]>;
/** A row as it is inserted: what has a DDL default or may be null can be left out. */
export type NewRow<T extends TableName> = Insertable<Database[T]>;
/** A partial row as it is updated. */
export type RowChange<T extends TableName> = Updateable<Database[T]>;
