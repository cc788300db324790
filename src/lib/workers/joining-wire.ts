// What crosses the worker border about joining a team: plain data.

/** Whom this device joins as; what the server said of it. */
export interface Joining {
  instance: { uid: string; name: string };
  account: { uid: string; handle: string; name: string };
}

/** What the database that was worked in before is to become. */
export interface LocalRest {
  /** The database of this device, and what it is called. */
  from: string;
  title: string;
  /** The branch that it becomes here; null before that was begun. */
  branch: string | null;
}

export interface MovedLocal {
  branch: string;
  rows: number;
}

export interface JoiningApi {
  /**
   * Fetches the team's database and works in it from then on; the present one stays on this device as it is. Progress is told
   * as of other databases (`database`), and `cancelDatabase(token)` ends it; what was fetched is used again the next time.
   * Answers the id of the database.
   */
  joinTeam(token: string, joining: Joining): Promise<string>;
  /** Null where nothing is left to be moved. */
  localRest(): Promise<LocalRest | null>;
  /** Makes what the earlier database has a branch of this one; goes on where it was left. Progress and its end as above. */
  moveLocal(token: string): Promise<MovedLocal>;
  /** It stays in its own database and is asked about no more. */
  leaveLocal(): Promise<void>;
}
