// An OIDC provider behind a small interface: where to send somebody, and who came back. Code flow with PKCE, state and
// nonce; the ID token's signature is checked although it comes straight from the provider.
import * as oidc from 'openid-client';
import { LoamError } from '../../src/lib/engine/errors.ts';

/** What is kept while somebody is at the provider; never sent to a browser. */
export interface Kept {
  state: string;
  nonce: string;
  verifier: string;
}

export interface Identity {
  issuer: string;
  subject: string;
  /** Only where the provider says that it is verified. */
  email: string | null;
  name: string | null;
}

export interface SignInProvider {
  /** Part of addresses: letters, digits and `-`. */
  readonly name: string;
  /** For people; the name where there is none. */
  readonly title?: string;
  begin(): Promise<{ location: string; kept: Kept }>;
  /** `current` is the address that the person came back to, with its query. */
  finish(current: URL, kept: Kept): Promise<Identity>;
}

export interface OidcOptions {
  name: string;
  title?: string;
  issuer: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
}

/** Answers of a provider are small; a longer one is not read. */
const mostBytes = 256 * 1024;
const seconds = 10;

/** Plain http is for a provider on this machine alone. The provider is asked for its addresses at the first use. */
export function oidcProvider(options: OidcOptions): SignInProvider {
  const issuer = new URL(options.issuer);
  const isLocal =
    issuer.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(issuer.hostname);
  if (!/^[a-z0-9-]{1,40}$/.test(options.name))
    throw new LoamError(
      'InvalidArgument',
      `“${options.name}” cannot name an OIDC provider: a to z, digits and -.`,
    );
  if (issuer.protocol !== 'https:' && !isLocal)
    throw new LoamError('InvalidArgument', `The OIDC issuer ${options.issuer} is not https.`);
  let found: Promise<oidc.Configuration> | null = null;
  const configuration = () => {
    found ??= oidc
      .discovery(issuer, options.clientId, undefined, oidc.ClientSecretBasic(options.clientSecret), {
        execute: isLocal
          ? [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks]
          : [oidc.enableNonRepudiationChecks],
        timeout: seconds,
        [oidc.customFetch]: (url, init) => carefulFetch(url, init as RequestInit, isLocal),
      })
      .catch((error: unknown) => {
        found = null;
        throw notTrusted(options.name, error);
      });
    return found;
  };
  return {
    name: options.name,
    title: options.title ?? options.name,
    async begin() {
      const config = await configuration();
      const kept = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
      };
      const location = oidc.buildAuthorizationUrl(config, {
        ...{ redirect_uri: options.redirectUri, scope: 'openid email profile', response_type: 'code' },
        ...{ state: kept.state, nonce: kept.nonce, code_challenge_method: 'S256' },
        code_challenge: await oidc.calculatePKCECodeChallenge(kept.verifier),
      });
      return { location: location.href, kept };
    },
    async finish(current, kept) {
      const config = await configuration();
      // Only the query is the person's: the address is ours whatever the request says.
      const back = new URL(options.redirectUri);
      back.search = current.search;
      try {
        const answer = await oidc.authorizationCodeGrant(config, back, {
          ...{ pkceCodeVerifier: kept.verifier, expectedState: kept.state, expectedNonce: kept.nonce },
          idTokenExpected: true,
        });
        const claims = answer.claims();
        if (!claims) throw new Error('no claims');
        const { email, email_verified: verified, name } = claims;
        const isMail = typeof email === 'string' && email.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(email);
        return {
          ...{ issuer: claims.iss, subject: claims.sub },
          // Some providers say "true" as text, and some of them for what anybody typed.
          email: verified === true && isMail ? email.normalize('NFKC').toLowerCase() : null,
          name:
            typeof name === 'string' ? name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').slice(0, 150) : null,
        };
      } catch (error) {
        throw notTrusted(options.name, error);
      }
    },
  };
}

const notTrusted = (name: string, error: unknown): LoamError =>
  new LoamError('SignInNeeded', `The answer of ${name} was not accepted. Begin the sign-in again.`, {
    outcome: 'refused',
    reason: error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 200) : 'unknown',
  });

/** No redirects, no plain http, no endless answers. */
async function carefulFetch(url: string, init: RequestInit, isLocal: boolean): Promise<Response> {
  if (!isLocal && !url.startsWith('https:')) throw new Error('an address of the provider is not https');
  const response = await fetch(url, { ...init, redirect: 'error' });
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > mostBytes) throw new Error('the answer of the provider is too long');
    parts.push(part);
  }
  return new Response(parts.length > 0 ? Buffer.concat(parts) : null, {
    status: response.status,
    headers: response.headers,
  });
}
