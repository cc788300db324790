// The tables of people and access (docs/decisions/0039): what they hold is told there. Secrets are never in them, only
// their hashes.
import type { SchemaStep } from '../loam-schema.ts';

const accounts = `
CREATE TABLE loam.account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid text NOT NULL UNIQUE CHECK (uid ~ '^[0-9A-Za-z]{8}$'),
  kind text NOT NULL CHECK (kind IN ('person', 'bot')),
  handle text NOT NULL UNIQUE CHECK (handle ~ '^[a-z0-9][a-z0-9_-]{1,29}$'),
  name text NOT NULL CHECK (length(name) <= 150),
  -- Only one that somebody vouches for: an administrator's invitation, or an OIDC provider.
  email text UNIQUE CHECK (email = lower(email) AND length(email) <= 254),
  password text,
  made_by bigint REFERENCES loam.account,
  made_at timestamptz NOT NULL,
  closed_at timestamptz,
  CHECK (kind = 'person' OR (password IS NULL AND email IS NULL AND made_by IS NOT NULL))
);
CREATE TABLE loam.identity (
  issuer text NOT NULL,
  subject text NOT NULL,
  account bigint NOT NULL REFERENCES loam.account ON DELETE CASCADE,
  linked_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX ON loam.identity (account);
CREATE TABLE loam.session (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account bigint NOT NULL REFERENCES loam.account ON DELETE CASCADE,
  hash bytea NOT NULL UNIQUE,
  -- The token before the last rotation: for a moment still good, after that the sign of a theft.
  before bytea UNIQUE,
  -- The token of the last rotation has been used, so it arrived.
  arrived boolean NOT NULL DEFAULT true,
  -- Sent beside the cookie by pages of ours; of no use without it.
  csrf text NOT NULL,
  made_at timestamptz NOT NULL,
  rotated_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  agent text NOT NULL CHECK (length(agent) <= 200)
);
CREATE INDEX ON loam.session (account);
CREATE TABLE loam.sign_in (
  hash bytea PRIMARY KEY,
  provider text NOT NULL,
  -- 'away': the person is at the provider. 'asked': the provider has answered, and the account's owner is to say yes.
  stage text NOT NULL CHECK (stage IN ('away', 'asked')),
  kept text NOT NULL,
  account bigint REFERENCES loam.account ON DELETE CASCADE,
  invitation bytea,
  return_to text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE TABLE loam.rate (
  key bytea PRIMARY KEY,
  tokens double precision NOT NULL,
  at timestamptz NOT NULL
);
`;

const access = `
CREATE TABLE loam.member (
  instance text NOT NULL,
  account bigint NOT NULL REFERENCES loam.account ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('read', 'write', 'admin')),
  since timestamptz NOT NULL,
  PRIMARY KEY (instance, account)
);
CREATE TABLE loam.place_rule (
  instance text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('space', 'branch')),
  place text NOT NULL CHECK (place ~ '^[0-9A-Za-z]{1,24}$'),
  -- Who may write there: every member with the role write, or those with a right of their own.
  writers text NOT NULL CHECK (writers IN ('members', 'granted')),
  -- Takes merges alone. Of branches.
  protected boolean NOT NULL CHECK (NOT protected OR kind = 'branch'),
  PRIMARY KEY (instance, kind, place)
);
CREATE TABLE loam.write_right (
  instance text NOT NULL,
  account bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('space', 'branch')),
  place text NOT NULL CHECK (place ~ '^[0-9A-Za-z]{1,24}$'),
  since timestamptz NOT NULL,
  PRIMARY KEY (instance, account, kind, place),
  -- Who is no member any more has no rights left.
  FOREIGN KEY (instance, account) REFERENCES loam.member ON DELETE CASCADE
);
CREATE TABLE loam.api_key (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  prefix text NOT NULL UNIQUE CHECK (prefix ~ '^[0-9A-Za-z]{12}$'),
  hash bytea NOT NULL,
  instance text NOT NULL,
  account bigint NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  role text NOT NULL CHECK (role IN ('read', 'write', 'admin')),
  -- Null: every place that the account may write. Else uids.
  spaces text[],
  branches text[],
  made_by bigint NOT NULL REFERENCES loam.account,
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  revoked_at timestamptz,
  FOREIGN KEY (instance, account) REFERENCES loam.member ON DELETE CASCADE
);
CREATE INDEX ON loam.api_key (instance, account);
CREATE TABLE loam.invitation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid text NOT NULL UNIQUE,
  hash bytea NOT NULL UNIQUE,
  instance text NOT NULL,
  role text NOT NULL CHECK (role IN ('read', 'write', 'admin')),
  email text CHECK (email = lower(email)),
  note text NOT NULL CHECK (length(note) <= 200),
  -- Null: the server itself, for the first administrator.
  made_by bigint REFERENCES loam.account,
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  used_by bigint REFERENCES loam.account,
  revoked_at timestamptz
);
CREATE INDEX ON loam.invitation (instance);
`;

/** Columns of one entry are what its hash covers; \`details\` is text, since jsonb would order and round it anew. */
const audit = `
CREATE TABLE loam.audit (
  seq bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  instance text,
  actor text,
  event text NOT NULL,
  subject text,
  branch text,
  tab text,
  device text,
  written_at timestamptz,
  details text NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE INDEX ON loam.audit (instance, seq);
CREATE INDEX ON loam.audit (actor, seq);
CREATE INDEX ON loam.audit (event, seq);
CREATE TABLE loam.audit_head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  seq bigint NOT NULL,
  hash bytea NOT NULL
);
INSERT INTO loam.audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));
CREATE FUNCTION loam.audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Entries of the audit log are neither changed nor deleted';
END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON loam.audit
  FOR EACH ROW EXECUTE FUNCTION loam.audit_stays();
CREATE TRIGGER audit_stays_whole BEFORE TRUNCATE ON loam.audit
  FOR EACH STATEMENT EXECUTE FUNCTION loam.audit_stays();
`;

/** In the order in which they are done. */
export const peopleSteps: readonly SchemaStep[] = [
  { name: 'people: accounts', sql: accounts },
  { name: 'people: access', sql: access },
  { name: 'people: audit', sql: audit },
];
