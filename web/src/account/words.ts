/** What a person reads of the browsers and keys of an account. */

/** On this machine nobody but a person opens a link; elsewhere a mail scanner may open it before its reader does. */
export function opensByItself(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** What a key may do, in the order of the form. Those of operators come last. */
export const SCOPES: { scope: string; words: string; operators?: true }[] = [
  { scope: 'uploads:write', words: 'Send files' },
  { scope: 'jobs:read', words: 'Look at jobs' },
  { scope: 'jobs:write', words: 'Order, cancel and delete jobs' },
  { scope: 'artifacts:read', words: 'Download what was made' },
  { scope: 'billing:read', words: 'Look at credits and orders' },
  { scope: 'billing:write', words: 'Buy credits' },
  { scope: 'account:read', words: 'Look at the account' },
  { scope: 'account:write', words: 'Change the account and its keys' },
  { scope: 'ops:read', words: 'Look at the queue', operators: true },
  { scope: 'ops:write', words: 'Steer the queue', operators: true },
];

/** What most programs need. */
export const USUAL_SCOPES = ['uploads:write', 'jobs:read', 'jobs:write', 'artifacts:read'];
