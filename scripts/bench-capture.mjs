// `node scripts/bench-capture.mjs`: what capturing edits in Postgres costs (docs/decisions/0038). Needs LOAM_POSTGRES.
import { loadModule } from './load-module.mjs';

await (await loadModule('tests/bench/capture.ts')).run();
