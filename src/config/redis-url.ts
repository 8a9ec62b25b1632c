/** What is wrong with the URL of a Redis, without quoting it, as it may hold a password; undefined: nothing. */
export function redisUrlProblem(text: string): string | undefined {
  const expected = 'must be the URL of a Redis or Valkey, such as redis://127.0.0.1:6379';
  if (!URL.canParse(text)) return expected;
  const { protocol, hostname, pathname } = new URL(text);
  if (protocol !== 'redis:' && protocol !== 'rediss:') return expected;
  if (hostname === '') return `${expected}: the host is missing`;
  return /^\/?\d{0,5}$/.test(pathname) ? undefined : `${expected}: what follows the host must be a number, such as /0`;
}
