// The guards around a database file that nobody vouches for: SQLite's own switches and limits, set before the first
// byte of it is read (reliability.md §0.9: `trusted_schema` is on by default in this build).
import type { SqlDriver, UntrustedDriver } from '../../engine/ports.ts';
import type { OfficialModule } from './official-module.ts';

/** The open connection with its guards up. */
export function untrusted(official: OfficialModule, db: number, driver: SqlDriver): UntrustedDriver {
  const guarded = Object.assign(driver, {
    defend: (level: 'full' | 'repair') => official.defend(db, level),
  });
  guarded.defend('full');
  driver.exec('PRAGMA trusted_schema=off; PRAGMA cell_size_check=on; PRAGMA foreign_keys=off');
  driver.exec('PRAGMA recursive_triggers=off; PRAGMA temp_store=memory');
  return guarded;
}
