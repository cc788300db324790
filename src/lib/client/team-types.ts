// What the server's routes about people answer (server/http): plain data.
export type Role = 'read' | 'write' | 'admin';
export type PlaceKind = 'space' | 'branch';

export interface Account {
  uid: string;
  kind: 'person' | 'bot';
  handle: string;
  name: string;
}
export interface Provider {
  name: string;
  title: string;
}
export interface ServerInfo {
  instance: { uid: string; name: string } | null;
  signedIn: boolean;
  providers: Provider[];
}
export interface Me {
  account: Account & { email: string | null };
  memberships: { instance: string; role: Role }[];
  csrf: string | null;
}
export interface Offer {
  instance: string;
  role: Role;
  /** Handle of whoever gave it. */
  by: string | null;
  expiresAt: string;
  /** It is for one e-mail address alone. */
  bound: boolean;
}
export interface Member {
  account: Account;
  role: Role;
  since: string;
}
export interface Invitation {
  uid: string;
  role: Role;
  email: string | null;
  note: string;
  by: string | null;
  madeAt: string;
  expiresAt: string;
  usedAt: string | null;
  revokedAt: string | null;
}
export interface ApiKey {
  prefix: string;
  name: string;
  account: Account;
  role: Role;
  spaces: string[] | null;
  branches: string[] | null;
  madeAt: string;
  expiresAt: string;
  usedAt: string | null;
  revokedAt: string | null;
}
export interface PlaceRule {
  kind: PlaceKind;
  place: string;
  writers: 'members' | 'granted';
  protected: boolean;
}
export interface Rights {
  rules: PlaceRule[];
  rights: { account: string; kind: PlaceKind; place: string }[];
}
export interface AuditEntry {
  seq: number;
  at: string;
  actor: string | null;
  event: string;
  subject: string | null;
  branch: string | null;
  tab: string | null;
  device: string | null;
  writtenAt: string | null;
  details: string;
}
export interface AuditVerdict {
  entries: number;
  head: { seq: number; hash: string };
  faults: { seq: number; what: string }[];
}
