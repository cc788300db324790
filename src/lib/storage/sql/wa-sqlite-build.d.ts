// wa-sqlite ships no types for its Emscripten modules; only what wa-module.ts uses is declared.
declare module 'wa-sqlite/dist/wa-sqlite.mjs' {
  type Raw = (...args: number[]) => number;
  type RawName =
    | '_sqlite3_bind_blob'
    | '_sqlite3_bind_double'
    | '_sqlite3_bind_int'
    | '_sqlite3_bind_int64'
    | '_sqlite3_bind_null'
    | '_sqlite3_bind_parameter_count'
    | '_sqlite3_bind_parameter_name'
    | '_sqlite3_bind_text'
    | '_sqlite3_changes'
    | '_sqlite3_close'
    | '_sqlite3_column_blob'
    | '_sqlite3_column_bytes'
    | '_sqlite3_column_count'
    | '_sqlite3_column_double'
    | '_sqlite3_column_int64'
    | '_sqlite3_column_name'
    | '_sqlite3_column_text'
    | '_sqlite3_column_type'
    | '_sqlite3_errmsg'
    | '_sqlite3_exec'
    | '_sqlite3_finalize'
    | '_sqlite3_free'
    | '_sqlite3_get_autocommit'
    | '_sqlite3_limit'
    | '_sqlite3_malloc'
    | '_sqlite3_prepare_v2'
    | '_sqlite3_reset'
    | '_sqlite3_result_blob'
    | '_sqlite3_result_double'
    | '_sqlite3_result_error'
    | '_sqlite3_result_int'
    | '_sqlite3_result_int64'
    | '_sqlite3_result_null'
    | '_sqlite3_result_text'
    | '_sqlite3_step'
    | '_sqlite3_value_blob'
    | '_sqlite3_value_bytes'
    | '_sqlite3_value_double'
    | '_sqlite3_value_int64'
    | '_sqlite3_value_text'
    | '_sqlite3_value_type';
  export interface WaModule extends Record<RawName, Raw> {
    readonly HEAPU8: Uint8Array;
    getTempRet0(): number;
    ccall(name: string, result: string | null, types: string[], args: (number | string)[]): number;
    UTF8ToString(pointer: number): string;
    progressHandler(
      db: number,
      steps: number,
      handler: ((data: unknown) => number) | null,
      data: unknown,
    ): void;
    setAuthorizer(
      db: number,
      allow: (data: unknown, action: number, first: string | null, second: string | null) => number,
      data: unknown,
    ): number;
    createFunction(
      db: number,
      name: string,
      args: number,
      encoding: number,
      data: number,
      fn: (context: number, values: Uint32Array) => void,
    ): number;
    registerVFS(vfs: object, makeDefault: boolean): number;
  }
  export default function load(options?: object): Promise<WaModule>;
}
