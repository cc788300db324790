// Who an identity of a provider lets in, over both kinds of Postgres. The provider's answers are given here; how they are
// judged is tested in oidc.test.ts.
import { beforeEach, expect, test } from 'vitest';
import { invite } from '../../server/people/invitations.ts';
import { beginOidc, consentOidc, finishOidc } from '../../server/people/oidc-sign-in.ts';
import type { Identity, SignInProvider } from '../../server/people/oidc.ts';
import { seeSession } from '../../server/people/sessions.ts';
import { signUp, type Entered } from '../../server/people/sign-in.ts';
import { onBoth } from './both.ts';
import { goodPassword, refusal, visitor, world, type World } from './people-world.ts';

onBoth('[row 110] Sign-in by a provider', (at) => {
  let here: World;
  let identity: Identity;
  const current = new URL('http://127.0.0.1/callback?code=c');
  const provider: SignInProvider = {
    name: 'test',
    begin: () =>
      Promise.resolve({
        location: 'https://id.example/auth',
        kept: { state: 's', nonce: 'n', verifier: 'v' },
      }),
    finish: () => Promise.resolve(identity),
  };
  beforeEach(async () => {
    here = await world(at().postgres);
    identity = { issuer: 'https://id.example', subject: 'sub', email: 'maria@example.org', name: 'Maria' };
  });
  const offer = (email: string | null) =>
    invite(here.ground, { instance: here.instance, by: here.admin, role: 'write', hours: 1, email });
  const come = async (invitation: string | null = null) => {
    const { flow } = await beginOidc(here.ground, provider, { invitation });
    return await finishOidc(here.ground, provider, { flow, current }, visitor);
  };
  const maria = async (): Promise<Entered> =>
    await signUp(
      here.ground,
      {
        invitation: (await offer('maria@example.org')).token,
        handle: 'maria',
        name: 'M',
        password: goodPassword,
      },
      visitor,
    );

  test('by invitation an account is made; next time the identity is enough', async () => {
    const first = await come((await offer(null)).token);
    expect(first).toMatchObject({
      kind: 'in',
      entered: { account: { handle: 'maria', email: 'maria@example.org' } },
    });
    identity = { ...identity, email: null };
    const second = await come();
    if (second.kind !== 'in' || first.kind !== 'in') throw new Error('not in');
    expect(second.entered.account.uid).toBe(first.entered.account.uid);
    expect((await seeSession(here.ground, second.entered.token))?.session.account.handle).toBe('maria');
  });

  test('an account with the address is linked by its owner’s consent alone', async () => {
    const owner = await maria();
    const other = await here.person('other');
    const asked = async () => {
      const answer = await come();
      if (answer.kind !== 'ask') throw new Error('came in without being asked');
      return answer.flow;
    };
    const stolen = await asked();
    await refusal(consentOidc(here.ground, 'test', { flow: stolen, session: other.session }), 'NoAccess');
    const late = await asked();
    here.pass(11 * 60_000);
    await refusal(consentOidc(here.ground, 'test', { flow: late, session: owner.session }), 'SignInNeeded');
    const flow = await asked();
    await refusal(consentOidc(here.ground, 'another', { flow, session: owner.session }), 'SignInNeeded');
    await consentOidc(here.ground, 'test', { flow, session: owner.session });
    await refusal(consentOidc(here.ground, 'test', { flow, session: owner.session }), 'SignInNeeded');
    expect(await come()).toMatchObject({ kind: 'in', entered: { account: { uid: owner.account.uid } } });
  });

  test('refused: no verified address, no invitation, one for another address, a flow used twice or made up', async () => {
    await refusal(come(), 'NoAccess');
    await refusal(come((await offer('somebody@example.org')).token), 'NoAccess');
    await refusal(come('loam_invite_x'), 'NoAccess');
    identity = { ...identity, email: null };
    await refusal(come((await offer(null)).token), 'NoAccess');
    const { flow } = await beginOidc(here.ground, provider);
    await refusal(finishOidc(here.ground, provider, { flow, current }, visitor), 'NoAccess');
    await refusal(finishOidc(here.ground, provider, { flow, current }, visitor), 'SignInNeeded');
    await refusal(
      finishOidc(here.ground, provider, { flow: `loam_flow_${'A'.repeat(43)}`, current }, visitor),
      'SignInNeeded',
    );
    const owner = await maria();
    const away = await beginOidc(here.ground, provider);
    await refusal(
      consentOidc(here.ground, 'test', { flow: away.flow, session: owner.session }),
      'SignInNeeded',
    );
  });
});
