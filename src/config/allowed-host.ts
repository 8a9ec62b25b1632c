const hostWithPort = /^(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\\[\]*]+)(?::(\d{1,5}))?$/;

/** What is wrong with a host that may be fetched; undefined: it is good. */
export function allowedHostProblem(text: string): string | undefined {
  const form = 'must be a host or host:port such as wiki.internal:8080, without scheme and path';
  if (text.includes('*')) return `${form}; there are no patterns, so write each host by itself`;
  const [, host, port] = hostWithPort.exec(text) ?? [];
  if (host === undefined || !URL.canParse(`http://${host}/`)) {
    return /^[0-9A-Fa-f]*:[0-9A-Fa-f:.]+$/.test(text) ? `${form}; an IPv6 address stands in brackets` : form;
  }
  const isPort = port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
  return isPort ? undefined : 'has a port that is none; write one from 1 to 65535';
}
