// Runs of scripts: `ln.track()` begins a run of the script's transform, `ln.finish()` ends it. Between them every row that is
// made belongs to the run, and files that are read are its inputs.
import { LoamError } from '../engine/errors.ts';
import { plainValues } from './features.ts';
import type { LnPort } from './port.ts';
import { refOf, stateOf } from './state.ts';
import type { Shared } from './registry.ts';

export interface Tracked {
  transform: object;
  run: object;
}

export function createTracker(shared: Shared, port: LnPort) {
  let tracked: Tracked | null = null;

  async function transformOf(options: Record<string, unknown>): Promise<object> {
    const transforms = shared.core('Transform');
    const given = options['transform'];
    if (given !== undefined) return stateOf(given) ? (given as object) : transforms.get(String(refOf(given)));
    const script = await port.script();
    const source = options['source'] ?? (options['key'] === undefined ? script.source : null);
    const made = await shared.engine.create('Transform', {
      key: options['key'] ?? script.key,
      kind: 'script',
      ...(source === null ? {} : { source_code: source }),
    });
    if (made.message !== null && made.created === false && source === null) return transforms.get(made.id);
    if (made.message !== null) shared.tell(made.message);
    return transforms.get(made.id);
  }

  return {
    get tracked() {
      return tracked;
    },
    async track(given: Record<string, unknown> | string = {}): Promise<object> {
      if (tracked) {
        shared.tell('A run is tracked already; it goes on.');
        return tracked.run;
      }
      // LaminDB's `ln.track("uid")` names the transform.
      const options = typeof given === 'string' ? { transform: given } : given;
      const transform = await transformOf(options);
      const features = options['features'] as Record<string, unknown> | undefined;
      const made = await shared.engine.create(
        'Run',
        {
          transform: refOf(transform),
          status: 'started',
          ...(options['name'] === undefined ? {} : { name: options['name'] }),
          ...(options['params'] === undefined ? {} : { params: options['params'] }),
        },
        features ? { features: plainValues(features) } : {},
      );
      tracked = { transform, run: await shared.core('Run').get(made.id) };
      return tracked.run;
    },
    async finish(status: 'completed' | 'errored' | 'aborted' = 'completed'): Promise<object> {
      if (!tracked) throw new LoamError('InvalidArgument', 'No run is tracked. Begin one with ln.track().');
      const { run } = tracked;
      await shared.engine.update('Run', { id: stateOf(run)?.id ?? -1 }, { status });
      tracked = null;
      await shared.core('Run').reload(run);
      return run;
    },
  };
}
