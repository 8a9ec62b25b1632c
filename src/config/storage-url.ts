/** What is wrong with the URL of a PostgreSQL database, without quoting it, as it may hold a password; undefined: nothing. */
export function storageUrlProblem(text: string): string | undefined {
  const expected = 'must be the URL of a PostgreSQL database, such as postgres://headrace@127.0.0.1:5432/headrace';
  if (!URL.canParse(text)) return expected;
  const { protocol, hostname, pathname, searchParams } = new URL(text);
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') return expected;
  if (hostname === '' && !searchParams.has('host')) return `${expected}: the host is missing`;
  return /^\/[^/]+$/.test(pathname) ? undefined : `${expected}: the name of the database is missing`;
}

/** For people: user, host, port and database, and neither the password nor parameters, which may hold one too. */
export function shownStorageUrl(text: string): string {
  if (!URL.canParse(text)) return 'postgres://...';
  const { username, hostname, port, pathname } = new URL(text);
  return `postgres://${username === '' ? '' : `${username}@`}${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
}
