// The whole app runs on the device: nothing is rendered on a server, every route falls back to one page.
export const ssr = false;
export const prerender = false;
