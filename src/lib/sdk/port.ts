// What `ln` needs of where it runs: the engine's API as it crosses the worker border, and a way to the bytes of files. The page
// gives its worker's API and OPFS files, Node an engine of its own and a folder.
import type { OntologiesApi } from '../workers/ontology-wire.ts';
import type { DropOptions, EngineApi, EngineStatus, ValidationResult } from '../workers/wire.ts';

type Used =
  | 'registries'
  | 'queryRows'
  | 'queryIds'
  | 'queryCount'
  | 'queryFacet'
  | 'getRow'
  | 'searchRows'
  | 'lookupKeys'
  | 'dataFrame'
  | 'describeRow'
  | 'describeRegistry'
  | 'featureValues'
  | 'validateValues'
  | 'inspectValues'
  | 'standardizeValues'
  | 'lineageEdges'
  | 'create'
  | 'update'
  | 'relate'
  | 'writeFeatures'
  | 'trash'
  | 'restore'
  | 'purge'
  | 'appendToCollection'
  | 'drops'
  | 'branches'
  | 'createBranch'
  | 'switchBranch'
  | 'branchDiff'
  | 'checkBranch'
  | 'branchConflicts'
  | 'chooseForBranch'
  | 'mergeBranch'
  | 'revertBranch'
  | 'updateBranch'
  | 'waitingOfBranch'
  | 'takeHeld'
  | 'closeBranch'
  | 'reopenBranch';

export interface LnEngine extends Pick<EngineApi, Used> {
  status(): Promise<Pick<EngineStatus, 'instance' | 'user' | 'branch'>>;
}

/** Bytes, the files of a folder, or in Node a path. */
export type DatasetSource = Blob | string | readonly { path: string; file: Blob }[];

/** One file or folder on its way into the storage. */
export interface FileToSave {
  key: string;
  source: DatasetSource;
}

export interface LnPort {
  engine: LnEngine;
  files: {
    /** Starts saving; how far it is the engine's `drops` tell. */
    drop(item: FileToSave, options: DropOptions): Promise<{ drop: string }>;
    open(uid: string, path?: string): Promise<Blob>;
    list(uid: string): Promise<{ path: string; size: number }[]>;
    /** What `cache` answers: a path where there are paths. */
    cache(uid: string): Promise<string | Blob>;
  };
  /** Public ontologies, where packs of them are within reach. */
  ontologies?: OntologiesApi;
  curate: {
    /** A dataset against a schema; nothing is written. Text tables are read by the ending of the name. */
    validate(source: DatasetSource, name: string, schema: string): Promise<ValidationResult>;
    /** Notes the schema on an artifact that is valid for it, with what was found in it; nothing is written where it is not. */
    saveValidated(uid: string, schema: string): Promise<{ result: ValidationResult; saved: boolean }>;
    /** A built-in schema of LaminDB's by its name. */
    builtin(name: string): Promise<{ uid: string }>;
  };
  /** One statement that reads: its rows as Arrow IPC, page by page, and the uids of the artifacts it names. */
  statement(
    sql: string,
    choices: { mixed?: boolean },
  ): Promise<{ sources: readonly string[]; pages: AsyncIterable<Uint8Array> }>;
  /** Key and code of the script that runs, where that is known. */
  script(): Promise<{ key: string; source: string | null }>;
  /** What a person should know beside the answer. */
  tell(text: string): void;
}

type Answers<F> = F extends (...args: infer A) => Promise<infer T> ? (...args: A) => T | Promise<T> : never;

/** The engine itself, whose methods mostly answer at once. */
export type DirectEngine = { [M in keyof LnEngine]: Answers<LnEngine[M]> };

/** An engine of the same thread as the API that a worker would offer. */
export function directEngine(engine: DirectEngine): LnEngine {
  const methods = engine as unknown as Record<string, (...args: unknown[]) => unknown>;
  return new Proxy({} as LnEngine, {
    get: (_target, name) => {
      // `then` would make it look like a promise.
      if (typeof name !== 'string' || name === 'then') return undefined;
      return async (...args: unknown[]) => methods[name]?.(...args);
    },
  });
}
