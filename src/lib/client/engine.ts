// The page's only door to the engine. Placeholder until the worker connection lands: it reports that nothing is there.
import type { WireError } from '../engine/errors.ts';
import type { EngineApi, EngineEvent } from '../workers/wire.ts';

export type EngineState = 'opening' | 'ready' | 'moving' | 'failed';

export interface EngineClient {
  engine: EngineApi;
  onEvent(fn: (event: EngineEvent) => void): () => void;
  readonly state: EngineState;
  onState(fn: () => void): () => void;
  error: WireError | null;
}

export function connectEngine(): EngineClient {
  const error: WireError = {
    code: 'StorageUnavailable',
    message: 'The engine worker is not part of this build.',
    details: {},
  };
  return {
    engine: new Proxy({} as EngineApi, { get: () => () => Promise.reject(error) }),
    onEvent: () => () => {},
    state: 'failed',
    onState: () => () => {},
    error,
  };
}
