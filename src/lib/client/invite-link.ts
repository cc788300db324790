// Invitation links: the token stands behind the `#`, which browsers send to nobody.

/** The token in what somebody pasted: a whole link, or the token alone. Null where there is none. */
export const tokenIn = (text: string): string | null =>
  /(?:^|#)(loam_invite_[A-Za-z0-9_-]{43})$/.exec(text.trim())?.[1] ?? null;

/** A part of the app, with the token where no server sees it. */
export const inviteHref = (token: string): string => `/team/invite#${token}`;
