// Events of the server's audit log as sentences without their subject: "made an invitation".
import type { AuditEntry } from './team-types.ts';

const EVENTS: Record<string, string> = {
  'account.made': 'made an account',
  'account.closed': 'closed an account',
  'member.added': 'became a member',
  'member.role': 'changed a role',
  'member.removed': 'took a member out',
  'invitation.made': 'made an invitation',
  'invitation.used': 'used an invitation',
  'invitation.revoked': 'took an invitation back',
  'key.made': 'made an API key',
  'key.revoked': 'took an API key back',
  'right.given': 'gave a right to write',
  'right.taken': 'took a right to write back',
  'space.rule': 'changed who may write in a space',
  'branch.rule': 'changed who may write on a branch',
  'session.begun': 'signed in',
  'session.ended': 'signed out',
  'session.replayed': 'an old session was used again and ended',
  'sign-in.refused': 'a sign-in was refused',
  'password.changed': 'changed the password',
  'act.taken': 'wrote',
  'record.refused': 'was refused a write',
  'identity.linked': 'linked a provider to the account',
};

/** Events that can be chosen as a filter: those that are told of a team, not of an account alone. */
export const auditEvents = Object.keys(EVENTS).filter((event) =>
  /^(act|record|member|invitation|key|right|space|branch)\./.test(event),
);

export const eventWords = (event: string): string =>
  EVENTS[event] ?? event.replaceAll('.', ' ').replaceAll('-', ' ');

/** What the details say beyond the event: `role write, hours 168`. `nameOf`: of the place that a right is about. */
export function detailWords(
  { details }: Pick<AuditEntry, 'details'>,
  nameOf: (uid: string) => string | null = () => null,
): string {
  let told: Record<string, unknown>;
  try {
    told = JSON.parse(details) as Record<string, unknown>;
  } catch {
    return details;
  }
  const words = (name: string, value: unknown): string | null => {
    if (value === null || value === false || value === '') return null;
    if (name === 'place')
      return `${String(told['kind'] ?? 'place')} ${nameOf(String(value)) ?? String(value)}`;
    if (name === 'kind' && 'place' in told) return null;
    if (value === true) return name;
    return `${name.replaceAll('_', ' ')} ${Array.isArray(value) ? value.join(', ') : String(value)}`;
  };
  return Object.entries(told)
    .flatMap(([name, value]) => words(name, value) ?? [])
    .join(', ');
}
